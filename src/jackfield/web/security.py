"""Header → Principal. Where a contract looks for its key is the contract's; what a key means is decided once."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request

from jackfield.domain.errors import KeyMissing
from jackfield.domain.principal import Principal
from jackfield.services.access import Access

Authenticator = Callable[[Request, Access], Awaitable[Principal]]


async def by_bearer(request: Request, access: Access) -> Principal:
    """`Authorization: Bearer <key>` (RFC 6750). Raises KeyMissing, KeyInvalid or Unavailable."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise KeyMissing
    return await access.authenticate(key.strip())


async def by_api_key_header(request: Request, access: Access) -> Principal:
    """`x-api-key: <key>`. Raises KeyMissing, KeyInvalid or Unavailable."""
    key = request.headers.get("x-api-key", "").strip()
    if not key:
        raise KeyMissing
    return await access.authenticate(key)
