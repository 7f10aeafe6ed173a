"""One line for each answered request, in the form of the other logs, written together a few times a second.

The general logger takes as long for a line as the rest of the service for a small request, most of it in the write.
A process that is killed loses the lines of its last moment; no error is among them, since errors go the other way.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final, Literal

import msgspec

_FLUSH_SECONDS: Final = 0.1
_encoder: Final = msgspec.json.Encoder()


class AccessLine(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a request without reading it: its route, never its path, which may hold anything."""

    request_id: str
    method: str
    route: str
    status: int
    milliseconds: float
    timestamp: datetime
    event: Literal["request"] = "request"
    level: Literal["info"] = "info"


class AccessLog:
    """Hands lines to `write`, several at once; None writes nothing."""

    def __init__(self, write: Callable[[bytes], object] | None) -> None:
        self._write = write
        self._lines: list[bytes] = []

    def write(self, line: AccessLine) -> None:
        if self._write is None:
            return
        if not self._lines:
            asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self.flush)
        self._lines.append(_encoder.encode(line))

    def flush(self) -> None:
        """Writes what has gathered; to be called at the end as well."""
        if self._write is not None and self._lines:
            lines, self._lines = self._lines, []
            self._write(b"\n".join(lines) + b"\n")
