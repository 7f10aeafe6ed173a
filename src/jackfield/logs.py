"""Structured logs: one JSON object a line on standard error, of our own parts and of the libraries'."""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, Final, TextIO

import msgspec
import structlog

_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_encoder: Final = msgspec.json.Encoder(enc_hook=str)


def configure(level: str, stream: TextIO = sys.stderr) -> None:
    """From now on, what is at least as grave as `level` is written to the stream."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _render_exception,
    ]
    structlog.configure(
        processors=[*shared, _render_bytes],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.BytesLoggerFactory(stream.buffer),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _render_text],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(_LEVELS[level], logging.INFO))


def write(lines: bytes) -> None:
    """Writes lines that are JSON already, past the general logger; whole lines, in one go."""
    sys.stderr.buffer.write(lines)
    sys.stderr.buffer.flush()


def _render_exception(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Where an exception came from and of which type it is. Not what it says: that may hold a row or a body."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["exception"] = [line for one in _chain(error) for line in _describe(one)]
    return event


def _chain(error: BaseException) -> list[BaseException]:
    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and cause not in chain:
        chain.append(cause)
    return chain


def _describe(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    sqlstate = getattr(error, "sqlstate", None)
    kind = type(error).__qualname__ + (f" (SQLSTATE {sqlstate})" if sqlstate else "")
    return [kind, *(f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)]


def _render_bytes(_: object, __: str, event: MutableMapping[str, Any]) -> bytes:
    return _encoder.encode(event)


def _render_text(_: object, __: str, event: MutableMapping[str, Any]) -> str:
    return _encoder.encode(event).decode()
