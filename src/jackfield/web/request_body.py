"""Reading what a stranger sends: bounded in size, in time, and in what all of them hold together.

Whoever announces a body and does not send it would otherwise hold memory and a connection for as long as they like.
"""

import asyncio
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.types import Scope

from jackfield.domain.errors import Invalid, Unavailable
from jackfield.web.headers import header
from jackfield.web.json_body import MalformedJson

#: the most bytes of bodies that have begun and not ended, in one process
UNFINISHED_BYTES: Final = 64 * 1024 * 1024

#: key of the ASGI scope: what is left of the body is not read, so the connection cannot be used again
_CUT_OFF: Final = "jackfield.body_cut_off"


class BodyTooLarge(Invalid):
    code = "body-too-large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The request body is larger than {limit} bytes")


class BodyIncomplete(MalformedJson):
    """The body did not come, or not whole. In each contract's words it is a body that cannot be read."""

    code = "body-incomplete"


class BodyLimits(msgspec.Struct, frozen=True):
    """How large one body may be, in bytes, and how long it may take to come, in seconds."""

    bytes: int
    seconds: float


class _Unfinished:
    """What bodies hold that have not ended, in bytes."""

    held = 0


async def read_body(request: Request) -> bytes:
    """Return the whole body.

    Raises BodyTooLarge as soon as more bytes than allowed are announced or have come, BodyIncomplete when it ends early
    or takes too long, and Unavailable while bodies that have begun and not ended fill UNFINISHED_BYTES.
    """
    limits: BodyLimits = request.scope["state"]["body_limits"]
    announced = header(request.scope, b"content-length") or "0"
    # until it has come whole
    request.scope[_CUT_OFF] = True
    if announced.isdigit() and int(announced) > limits.bytes:
        raise BodyTooLarge(limits.bytes)
    try:
        async with asyncio.timeout(limits.seconds):
            body = await _read(request, limits.bytes)
    except TimeoutError:
        raise BodyIncomplete(f"the body did not come within {limits.seconds:.0f} seconds") from None
    del request.scope[_CUT_OFF]
    return body


def is_cut_off(scope: Scope) -> bool:
    """Whether the connection cannot be used again, since the body was not read to its end."""
    return _CUT_OFF in scope


async def _read(request: Request, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        while True:
            message = await request.receive()
            if message["type"] == "http.disconnect":
                # who is gone reads no answer; who sent a malformed chunk is told what was wrong
                raise BodyIncomplete("the body ended before its end, or is not well-formed")
            part: bytes = message.get("body", b"")
            if not message.get("more_body"):
                _check_size(size + len(part), limit)
                return b"".join([*parts, part]) if parts else part
            size += len(part)
            _Unfinished.held += len(part)
            parts.append(part)
            _check_size(size, limit)
            if _Unfinished.held > UNFINISHED_BYTES:
                raise Unavailable("Too many requests have begun and not ended")
    finally:
        _Unfinished.held -= size


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise BodyTooLarge(limit)
