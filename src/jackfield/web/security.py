"""Header → Principal. Where a contract looks for its key is the contract's; what a key means is decided once."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request

from jackfield.domain import ids
from jackfield.domain.errors import Forbidden, KeyMissing
from jackfield.domain.principal import Principal
from jackfield.services.access import Access
from jackfield.web.headers import header

Authenticator = Callable[[Request, Access], Awaitable[Principal]]


def bearer_key(request: Request) -> str:
    """The key of `Authorization: Bearer <key>` (RFC 6750), whatever it opens. Raises KeyMissing."""
    scheme, _, key = (header(request.scope, b"authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise KeyMissing
    return key.strip()


async def by_bearer(request: Request, access: Access) -> Principal:
    """`Authorization: Bearer <key>`. Raises KeyMissing, KeyInvalid or Unavailable."""
    return await access.authenticate(bearer_key(request))


class HubMismatch(Forbidden):
    """The key belongs to another hub than the one that the call speaks of."""

    code = "hub-mismatch"

    def __init__(self) -> None:
        super().__init__("The key belongs to another hub than the one that X-Hub-Id names")


async def by_bearer_in_hub(request: Request, access: Access) -> Principal:
    """As `by_bearer`; where `X-Hub-Id` is sent, it has to be the key's own hub, else HubMismatch."""
    principal = await by_bearer(request, access)
    hub = header(request.scope, b"x-hub-id")
    if hub is not None and hub.strip() != ids.to_hex(principal.organisation_id):
        raise HubMismatch
    return principal


async def by_api_key_header(request: Request, access: Access) -> Principal:
    """`x-api-key: <key>`. Raises KeyMissing, KeyInvalid or Unavailable."""
    key = (header(request.scope, b"x-api-key") or "").strip()
    if not key:
        raise KeyMissing
    return await access.authenticate(key)
