"""Which addresses may be called. What decides is the address that a name resolved to, at the moment of connecting."""

import ipaddress
import socket
from collections.abc import Sequence
from typing import Any

import aiohttp

from jackfield.domain.provider import ConfigurationRejected
from jackfield.providers._special_addresses import METADATA, is_public, unwrapped

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


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
    """Decides by the resolved address: public ones may be called, and those that the operator allows.

    A network that the operator allows does not open the metadata service of a cloud inside it: that takes the address
    itself, as 169.254.169.254/32.
    """

    def __init__(self, allowed: Sequence[Network] = ()) -> None:
        self._allowed = tuple(allowed)
        self._allowed_alone = {network.network_address for network in allowed if network.num_addresses == 1}

    def permits(self, address: str) -> bool:
        """Whether a connection to this numeric address may be opened."""
        try:
            parsed = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        reached = unwrapped(parsed)
        if reached in METADATA:
            return reached in self._allowed_alone
        return is_public(reached) or any(reached in network for network in self._allowed)

    def open_socket(self, address: aiohttp.AddrInfoType) -> socket.socket:
        """aiohttp's socket factory: asked with every address it is about to connect to. Raises AddressRefused."""
        family, kind, protocol, _, target = address
        host: Any = target[0]
        if not self.permits(str(host)):
            raise AddressRefused
        return socket.socket(family, kind, protocol)
