"""An attacker who answers for a name in DNS can answer with any address: none that is not public is connected to.

The guard is asked; nothing is ever connected to.
"""

import ipaddress
import socket

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jackfield.providers._egress import AddressRefused, Egress

#: every block that IANA's registries do not call globally reachable, and what is not unicast
SPECIAL = (
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"),
    *("192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
    *("224.0.0.0/4", "240.0.0.0/4", "255.255.255.255/32", "168.63.129.16/32"),
    *("::/128", "::1/128", "::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64"),
    *("2001::/32", "2001:2::/48", "2001:10::/28", "2001:20::/28", "2001:30::/28", "2001:db8::/32", "2002::/16"),
    *("3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"),
    # given out to nobody
    *("200::/7", "400::/6", "800::/5", "1000::/4", "4000::/3", "6000::/3", "8000::/3", "a000::/3", "c000::/3"),
    *("e000::/4", "f000::/5", "f800::/6", "fe00::/9"),
)
METADATA = (
    *("169.254.169.254", "169.254.170.2", "169.254.170.23", "168.63.129.16", "100.100.100.200", "192.0.0.192"),
    *("fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:c1::a9fe:a9fe", "169.254.42.42", "fd00:42::42"),
    *("169.254.0.23", "fe80::a9fe:a9fe", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "::ffff:168.63.129.16"),
)
PUBLIC = (
    *("1.1.1.1", "8.8.8.8", "140.82.112.3", "168.63.129.15", "168.63.129.17", "192.0.1.0", "191.255.255.255"),
    *("100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0", "198.17.255.255", "198.20.0.0"),
    *("223.255.255.255", "11.0.0.0", "9.255.255.255", "128.0.0.0", "126.255.255.255", "169.253.255.255"),
    *("2606:4700::6810:84e5", "2001:200::1", "2001:4860:4860::8888", "2001:db7::1", "2001:db9::1", "2003::1"),
    *("2a00:1450::1", "3ffe::1", "2600::", "2620:4f:8000::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"),
)


def of(network: str) -> st.SearchStrategy[str]:
    return st.ip_addresses(network=network).map(str)


@pytest.mark.parametrize("network", SPECIAL)
def test_the_first_and_the_last_address_of_no_special_block_are_called(network: str) -> None:
    block = ipaddress.ip_network(network)
    assert not Egress().permits(str(block[0]))
    assert not Egress().permits(str(block[-1]))


@given(st.sampled_from(SPECIAL).flatmap(of))
def test_no_address_of_a_special_block_is_called(address: str) -> None:
    assert not Egress().permits(address)


@pytest.mark.parametrize("address", METADATA)
def test_no_metadata_service_of_a_cloud_is_called(address: str) -> None:
    assert not Egress().permits(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_next_to_them_is_called(address: str) -> None:
    assert Egress().permits(address)


@given(st.ip_addresses(v=6))
@example(ipaddress.IPv6Address("4000::1"))
@example(ipaddress.IPv6Address("1fff:ffff::"))
def test_of_ipv6_only_what_is_given_out_is_called(address: ipaddress.IPv6Address) -> None:
    carries = address in ipaddress.ip_network("::ffff:0:0/96") or address in ipaddress.ip_network("64:ff9b::/96")
    assert not Egress().permits(str(address)) or carries or address in ipaddress.ip_network("2000::/3")


@given(st.ip_addresses(v=4))
@example(ipaddress.IPv4Address("192.0.0.192"))
@example(ipaddress.IPv4Address("127.0.0.1"))
def test_wrapping_an_address_does_not_change_the_answer(inner: ipaddress.IPv4Address) -> None:
    number = int(inner)
    plain = Egress().permits(str(inner))
    for prefix in ("::ffff:0:0", "64:ff9b::"):
        assert Egress().permits(str(ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) | number))) == plain


@given(st.ip_addresses(v=4), st.integers(0, 2**80 - 1), st.ip_addresses(v=4))
def test_no_tunnel_is_taken(inner: ipaddress.IPv4Address, rest: int, server: ipaddress.IPv4Address) -> None:
    """It would lead to whatever the network at its end has at that address."""
    six_to_four = ipaddress.IPv6Address(0x2002 << 112 | int(inner) << 80 | rest)
    teredo = ipaddress.IPv6Address(0x20010000 << 96 | int(server) << 64 | rest >> 48 << 32 | int(inner) ^ 0xFFFFFFFF)
    own_nat64 = ipaddress.IPv6Address(0x0064FF9B0001 << 80 | rest)
    translated = ipaddress.IPv6Address(0xFFFF << 48 | int(inner))
    compatible = ipaddress.IPv6Address(int(inner))
    for address in (six_to_four, teredo, own_nat64, translated, compatible):
        assert not Egress().permits(str(address))


@given(st.sampled_from(SPECIAL).flatmap(of), st.sampled_from(SPECIAL))
def test_an_allowed_network_opens_nothing_outside_it(address: str, allowed: str) -> None:
    network = ipaddress.ip_network(allowed)
    if ipaddress.ip_address(address) not in network:
        assert not Egress([network]).permits(address)


@pytest.mark.parametrize("address", METADATA)
def test_a_wide_allowance_does_not_open_a_metadata_service(address: str) -> None:
    wide = [ipaddress.ip_network(one) for one in ("0.0.0.0/0", "::/0", "169.254.0.0/16", "fd00::/8")]
    assert not Egress(wide).permits(address)


@pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254", "168.63.129.16"])
def test_the_operator_can_allow_one_by_its_own_address(address: str) -> None:
    assert Egress([ipaddress.ip_network(address)]).permits(address)


def test_an_allowance_of_all_ipv6_opens_no_ipv4() -> None:
    assert not Egress([ipaddress.ip_network("::/0")]).permits("::ffff:10.0.0.1")


@given(st.text(max_size=50))
@example("127.1")
@example("0x7f000001")
@example("2130706433")
@example("0177.0.0.1")
@example("١٢٧.٠.٠.١")  # noqa: RUF001
@example("8.8.8.8\n")
def test_what_is_no_numeric_address_is_not_called(text: str) -> None:
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        assert not Egress().permits(text)


@pytest.mark.parametrize("address", ["192.0.0.192", "fec0::1", "::1", "10.0.0.1"])
def test_no_socket_is_made_for_them(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with pytest.raises(AddressRefused):
        Egress().open_socket((family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, 443)))
