"""A request's headers by name, made once for all who look at one of them."""

from collections.abc import Mapping
from typing import Final

from starlette.types import Scope

#: key of the ASGI scope
_HEADERS: Final = "jackfield.headers"


def headers_of(scope: Scope) -> Mapping[bytes, bytes]:
    """Return the headers by their names in small letters; of a header that came twice, the last one."""
    found: dict[bytes, bytes] | None = scope.get(_HEADERS)
    if found is None:
        found = scope[_HEADERS] = dict(scope["headers"])
    return found


def header(scope: Scope, name: bytes) -> str | None:
    """Return one header's text, None where it was not sent. A header's bytes are Latin-1 (RFC 9110 §5.5)."""
    value = headers_of(scope).get(name)
    return None if value is None else value.decode("latin-1")
