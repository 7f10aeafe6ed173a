"""Which addresses are called, whatever a customer enters: decided by the address that a name leads to."""

import asyncio
import socket
from ipaddress import ip_network
from typing import Any

import pytest

from jackfield.domain.provider import ConfigurationRejected, ProviderError
from jackfield.providers._client import open_client
from jackfield.providers._egress import AddressRefused, Egress
from jackfield.providers._http import Reply
from support.vendor import Answer, Vendor, answers, vendor

REFUSED = {
    "loopback": "127.0.0.1",
    "all of loopback": "127.255.255.254",
    "loopback, IPv6": "::1",
    "private 10": "10.0.0.1",
    "private 172.16": "172.31.255.255",
    "private 192.168": "192.168.1.1",
    "unique local": "fd00::1",
    "link-local": "169.254.1.1",
    "link-local, IPv6": "fe80::1",
    "link-local with its interface": "fe80::1%eth0",
    "metadata": "169.254.169.254",
    "metadata, IPv6": "fd00:ec2::254",
    "carrier's NAT, first": "100.64.0.1",
    "carrier's NAT, last": "100.127.255.254",
    "multicast": "224.0.0.1",
    "multicast of global scope": "239.255.255.250",
    "multicast, IPv6": "ff02::1",
    "multicast of global scope, IPv6": "ff0e::1",
    "broadcast": "255.255.255.255",
    "reserved": "240.0.0.1",
    "nowhere": "0.0.0.0",  # noqa: S104
    "this network": "0.1.2.3",
    "nowhere, IPv6": "::",
    "for documents": "192.0.2.1",
    "for documents, IPv6": "2001:db8::1",
    "for benchmarks": "198.18.0.1",
    "mapped": "::ffff:127.0.0.1",
    "mapped metadata": "::ffff:169.254.169.254",
    "compatible": "::127.0.0.1",
    "NAT64": "64:ff9b::7f00:1",
    "NAT64 of metadata": "64:ff9b::a9fe:a9fe",
    "local NAT64": "64:ff9b:1::a00:1",
    "6to4": "2002:7f00:1::1",
    "6to4 of a private one": "2002:c0a8:101::1",
    "Teredo of loopback": "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "Teredo by way of a private server": "2001:0:a00:1:8000:63bf:3fff:fdd2",
    "no address": "localhost",
    "nothing": "",
}
PERMITTED = ["8.8.8.8", "140.82.112.3", "100.63.255.255", "100.128.0.1", "2606:4700::6810:84e5", "172.32.0.1"]


@pytest.mark.parametrize("address", REFUSED.values(), ids=REFUSED.keys())
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not Egress().permits(address)


@pytest.mark.parametrize("address", PERMITTED)
def test_a_public_address_is_called(address: str) -> None:
    assert Egress().permits(address)


def test_what_the_operator_allows_is_called_and_nothing_beside_it() -> None:
    egress = Egress([ip_network("10.1.0.0/16"), ip_network("fd00:1::/32")])
    assert egress.permits("10.1.2.3")
    assert egress.permits("::ffff:10.1.2.3")
    assert egress.permits("fd00:1::5")
    assert not egress.permits("10.2.0.1")
    assert not egress.permits("fd00:2::5")


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "LOCALHOST", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::ffff:127.0.0.1]"],
)
def test_no_spelling_of_loopback_is_called(host: str) -> None:
    async def run() -> None:
        async with vendor(answers(Answer.of({}))) as inside, open_client([], {}) as http:
            port = inside.url.rpartition(":")[2]
            with pytest.raises(ProviderError):
                await http.request("test", "GET", f"http://{host}:{port}/")
            assert inside.seen == []

    asyncio.run(run())


def test_a_name_that_leads_inside_is_refused_in_words_for_the_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        async with vendor(answers(Answer.of({}))) as inside, open_client([], {}) as http:
            leads_to(monkeypatch, "127.0.0.1")
            port = inside.url.rpartition(":")[2]
            with pytest.raises(AddressRefused, match="JACKFIELD_EGRESS_ALLOW") as raised:
                await http.request("test", "GET", f"http://vendor.example.com:{port}/secret-path")
            assert isinstance(raised.value, ConfigurationRejected)
            assert "secret-path" not in str(raised.value)
            assert inside.seen == []

    asyncio.run(run())


def test_of_several_inner_addresses_none_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Any] = []

    class Watched(socket.socket):
        def connect(self, address: Any) -> None:
            opened.append(address)
            raise OSError("no network in tests")

        def connect_ex(self, address: Any) -> int:
            opened.append(address)
            return 111

    async def run() -> None:
        async with open_client([], {}) as http:
            leads_to(monkeypatch, "10.0.0.1", "169.254.169.254", "192.168.0.1")
            monkeypatch.setattr(socket, "socket", Watched)
            with pytest.raises(AddressRefused):
                await http.request("test", "GET", "http://vendor.example.com/")

    asyncio.run(run())
    assert opened == []


def test_an_allowed_network_is_called() -> None:
    reply, inside = asyncio.run(get(allowed=["127.0.0.0/8"]))
    assert reply.status == 200
    assert len(inside.seen) == 1


def test_an_address_of_the_operators_own_is_called() -> None:
    reply, inside = asyncio.run(get(operators=True))
    assert reply.status == 200
    assert len(inside.seen) == 1


def test_another_port_of_the_operators_host_is_not_called() -> None:
    async def run() -> None:
        async with (
            vendor(answers(Answer.of({}))) as own,
            vendor(answers(Answer.of({}))) as beside,
            open_client([], {"test": [own.url]}) as http,
        ):
            with pytest.raises(AddressRefused):
                await http.request("test", "GET", beside.url, placed=True)
            assert beside.seen == []

    asyncio.run(run())


def test_no_redirect_is_followed() -> None:
    async def run() -> tuple[Reply, Vendor]:
        async with vendor(answers(Answer.of({}))) as other:
            reply, _ = await get(operators=True, answer=Answer(302, {"Location": other.url}))
            return reply, other

    reply, other = asyncio.run(run())
    assert reply.status == 302
    assert other.seen == []


def test_no_cookie_is_kept() -> None:
    async def run() -> Vendor:
        cookie = Answer(200, {"Set-Cookie": "session=1; Path=/"})
        async with vendor(answers(cookie, cookie)) as there, open_client([], {"test": [there.url]}) as http:
            await http.request("test", "GET", there.url, placed=True)
            await http.request("test", "GET", there.url, placed=True)
            return there

    first, second = asyncio.run(run()).seen
    assert "cookie" not in first.headers
    assert "cookie" not in second.headers


def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> tuple[Reply, Vendor, Vendor]:
        async with vendor(answers(Answer.of({}))) as proxy:
            for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
                monkeypatch.setenv(name, proxy.url)
            for name in ("NO_PROXY", "no_proxy"):
                monkeypatch.delenv(name, raising=False)
            reply, there = await get(allowed=["127.0.0.0/8"])
            return reply, there, proxy

    reply, there, proxy = asyncio.run(run())
    assert reply.status == 200
    assert len(there.seen) == 1
    assert proxy.seen == []


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.com/",
        "gopher://127.0.0.1:70/",
        "//example.com/",
        "example.com",
        "http://",
        "http://user@example.com/",
        "http://example.com:99999/",
        "",
    ],
)
def test_what_is_no_web_address_is_refused(url: str) -> None:
    async def run() -> None:
        async with open_client([], {}) as http:
            with pytest.raises(ConfigurationRejected):
                await http.request("test", "GET", url)

    asyncio.run(run())


async def get(
    allowed: list[str] | None = None, operators: bool = False, answer: Answer | None = None
) -> tuple[Reply, Vendor]:
    """One call to a vendor on loopback, and the vendor."""
    networks = [ip_network(network) for network in allowed or []]
    async with (
        vendor(answers(answer or Answer.of({}))) as there,
        open_client(networks, {"test": [there.url]} if operators else {}) as http,
    ):
        return await http.request("test", "GET", there.url, placed=operators), there


def leads_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Every name leads there."""

    def look_up(host: Any, port: Any, *rest: Any, **more: Any) -> list[Any]:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, int(port or 0)))
            for address in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
