"""Which addresses are public, from IANA's registries, so that the answer does not change with Python's patch level.

Taken from the special-purpose registries as of 2025-10-09:
https://www.iana.org/assignments/iana-ipv4-special-registry and
https://www.iana.org/assignments/iana-ipv6-special-registry. Python's `is_global` is a copy of them, too, but an older
one in every older release. To bring this list up to date, compare it with both pages and change the date.
"""

import ipaddress
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: not globally reachable, deprecated, or multicast. The anycast addresses inside 192.0.0.0/24 serve no vendor's API,
#: so that block is refused whole
_SPECIAL_IPV4: Final = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private use
            "100.64.0.0/10",  # shared address space of carriers
            "127.0.0.0/8",  # loopback
            "169.254.0.0/16",  # link-local
            "172.16.0.0/12",  # private use
            "192.0.0.0/24",  # IETF protocol assignments
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # 6to4 relay anycast, deprecated
            "192.168.0.0/16",  # private use
            "198.18.0.0/15",  # benchmarking
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast: RFC 5771
            "240.0.0.0/4",  # reserved, and limited broadcast
        ),
    )
)
#: the only block from which unicast addresses are given out: RFC 4291 §2.4, and IANA's list of the address space
_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
#: of that block, what is no ordinary public address. Everything inside 2001::/23 and 2002::/16 is for protocols and
#: tunnels, and serves no vendor's API
_SPECIAL_IPV6: Final = tuple(
    map(
        ipaddress.IPv6Network,
        (
            "2001::/23",  # IETF protocol assignments: Teredo, benchmarking, AMT, ORCHID
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4
            "3fff::/20",  # documentation
        ),
    )
)
#: where clouds answer their own machines with credentials and settings, and no public address serves anything else
METADATA: Final = frozenset(
    map(
        ipaddress.ip_address,
        (
            "169.254.169.254",  # most clouds
            "169.254.170.2",  # AWS, containers
            "169.254.170.23",  # AWS, pods
            "fd00:ec2::254",  # AWS
            "fd00:ec2::23",  # AWS, pods
            "168.63.129.16",  # Azure: public by its number, and answered by the host of each machine
            "fd20:ce::254",  # Google Cloud
            "100.100.100.200",  # Alibaba Cloud
            "192.0.0.192",  # Oracle Cloud
            "fd00:c1::a9fe:a9fe",  # Oracle Cloud
            "169.254.42.42",  # Scaleway
            "fd00:42::42",  # Scaleway
            "169.254.0.23",  # Tencent Cloud
            "fe80::a9fe:a9fe",  # OpenStack
        ),
    )
)
#: addresses whose last 32 bits are the IPv4 address that is reached: mapped (RFC 4291 §2.5.5.2), and the well-known
#: prefix of NAT64 (RFC 6052 §2.1), by which networks without IPv4 reach the rest
_IPV4_AT_THE_END: Final = (ipaddress.IPv6Network("::ffff:0:0/96"), ipaddress.IPv6Network("64:ff9b::/96"))


def unwrapped(address: Address) -> Address:
    """Return the address that is reached: the IPv4 one inside a mapped or NAT64 address, else the address itself."""
    if isinstance(address, ipaddress.IPv6Address) and any(address in network for network in _IPV4_AT_THE_END):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def is_public(address: Address) -> bool:
    """Whether an unwrapped address is an ordinary one of the public internet.

    The other forms of IPv6 that carry an IPv4 address (6to4, Teredo, compatible, translated, NAT64 with a prefix of the
    network's own) are not: it depends on the network where they lead.
    """
    if address in METADATA:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _SPECIAL_IPV4)
    return address in _GLOBAL_UNICAST and not any(address in network for network in _SPECIAL_IPV6)
