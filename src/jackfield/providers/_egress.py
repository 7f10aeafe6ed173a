"""Which addresses may be called. What decides is the address that a name resolved to, at the moment of connecting."""

import ipaddress
import socket
from collections.abc import Sequence
from typing import Any, Final

import aiohttp

from jackfield.domain.provider import ConfigurationRejected

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: addresses of these networks carry an IPv4 address, which is the one that is reached: RFC 6052 §2.1, RFC 8215
_NAT64: Final = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
#: RFC 4291 §2.5.5.1, deprecated, and still routed by some stacks
_IPV4_COMPATIBLE: Final = ipaddress.IPv6Network("::/96")


class AddressRefused(ConfigurationRejected, OSError):
    """The name leads into a network that the service must not call.

    An OSError as well: what opens connections takes those alone for the failure of one address among several.
    """

    code = "address-refused"

    def __init__(self) -> None:
        super().__init__(
            "The address leads into a private or reserved network, which this service does not call. "
            "The operator can allow it with JACKFIELD_EGRESS_ALLOW."
        )


class Egress:
    """Decides by the resolved address: public ones may be called, and those that the operator allows."""

    def __init__(self, allowed: Sequence[Network] = ()) -> None:
        self._allowed = tuple(allowed)

    def permits(self, address: str) -> bool:
        """Whether a connection to this numeric address may be opened."""
        try:
            parsed = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        candidates = [parsed, *_embedded(parsed)]
        if any(candidate in network for candidate in candidates for network in self._allowed):
            return True
        return all(_is_public(candidate) for candidate in candidates)

    def open_socket(self, address: aiohttp.AddrInfoType) -> socket.socket:
        """aiohttp's socket factory: asked with every address it is about to connect to. Raises AddressRefused."""
        family, kind, protocol, _, target = address
        host: Any = target[0]
        if not self.permits(str(host)):
            raise AddressRefused
        return socket.socket(family, kind, protocol)


def _is_public(address: Address) -> bool:
    return address.is_global and not address.is_multicast


def _embedded(address: Address) -> list[ipaddress.IPv4Address]:
    """The IPv4 addresses inside an IPv6 one: mapped, compatible, 6to4, Teredo, NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    low = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if any(address in network for network in _NAT64) or (address in _IPV4_COMPATIBLE and int(address) > 1):
        found.append(low)
    return [one for one in found if one is not None]
