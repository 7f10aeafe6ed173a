"""What providers have of HTTP: a client that calls, and replies. The client itself is in `_client.py`."""

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec

from jackfield.domain.provider import ConfigurationRejected, VendorUnavailable


class Endpoints(msgspec.Struct, frozen=True):
    """Where a vendor is, when the operator says so; None: where its manifest says.

    `auth_url`: where people log in, when that is not at `base_url`.
    """

    base_url: str | None = None
    api_url: str | None = None
    auth_url: str | None = None


class Reply(msgspec.Struct, frozen=True):
    """A vendor's answer. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"<Reply {self.status}, {len(self.body)} bytes>"


class AnswerTooLong(VendorUnavailable):
    """More came than is read of any answer. Asking for less may help, where the vendor lets one."""

    code = "answer-too-long"


class HttpClient(Protocol):
    async def request(  # noqa: PLR0913  one call has as many parts
        self,
        provider: str,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        placed: bool = False,
    ) -> Reply:
        """One call, without redirects. Any status is a reply.

        `placed`: the address is where the operator placed this provider, and no part of it but the path is a tenant's.
        Only then is it called wherever it leads; every other address is guarded, also when it names the same host.

        Raises ConfigurationRejected for an address that is none, must not be called or is not the server's (TLS says
        so), and VendorUnavailable when no whole answer came in time. Neither says more of the address than its host,
        since a path may be a secret.
        """
        ...


def origin_of(url: str) -> str:
    """Scheme, host and port. Raises ConfigurationRejected for anything but an http(s) address without credentials."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise ConfigurationRejected("The address is malformed") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise ConfigurationRejected("The address has to be an http or https one, without a user in it")
    return f"{parts.scheme}://{parts.hostname.lower()}:{port}"


def host_of(url: str) -> str:
    """The host alone, which is all of an address that may be told."""
    return origin_of(url).partition("://")[2].rpartition(":")[0]
