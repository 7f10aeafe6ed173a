"""What is refused of a request by its head alone, before anything of ours reads it.

What two programs on the way could read in two ways is refused rather than guessed (RFC 9112 §3.2 and §6.1).
"""

from collections.abc import Mapping
from typing import Final

from starlette.responses import Response
from starlette.types import Scope

from jackfield.web.contract import json_response

#: of all headers of a request together
MAX_HEADER_BYTES: Final = 64 * 1024
#: headers of which a second one would make it doubtful whose request it is, or how long
_ONCE: Final = frozenset({b"host", b"authorization", b"x-api-key", b"content-length", b"transfer-encoding"})
_PLAIN: Final = b"identity"


def refusal(scope: Scope, headers: Mapping[bytes, bytes]) -> Response | None:
    """Return the answer to a request that cannot be taken, None to any other. `headers` are the scope's, by name."""
    if len(headers) == len(scope["headers"]):
        size = sum(map(len, headers)) + sum(map(len, headers.values()))
    else:
        size = sum(len(name) + len(value) for name, value in scope["headers"])
        twice = _first_twice(scope)
        if twice is not None:
            return _refused(400, f"The request has more than one {twice} header; send one")
    if size > MAX_HEADER_BYTES:
        return _refused(431, f"The headers are larger than {MAX_HEADER_BYTES // 1024} KiB")
    if not headers.get(b"host") and scope["http_version"] == "1.1":
        return _refused(400, "The request has no Host header")
    if headers.get(b"transfer-encoding", b"chunked").lower() != b"chunked":
        return _refused(400, "The only transfer coding taken is chunked")
    if headers.get(b"content-encoding", _PLAIN).lower() != _PLAIN:
        return _refused(415, "The body has to be sent without Content-Encoding")
    return None


def _first_twice(scope: Scope) -> str | None:
    seen: set[bytes] = set()
    for name, _ in scope["headers"]:
        if name in seen and name in _ONCE:
            return str(name, "latin-1")
        seen.add(name)
    return None


def _refused(status: int, detail: str) -> Response:
    # the body is not read
    return json_response(status, {"detail": detail}, {"connection": "close"})
