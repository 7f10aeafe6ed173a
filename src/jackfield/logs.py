"""Structured logs: one JSON object a line on standard error, of our own parts and of the libraries'."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final, TextIO

import msgspec
import structlog

_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_encoder: Final = msgspec.json.Encoder(enc_hook=str)


def configure(level: str, stream: TextIO = sys.stderr) -> None:
    """From now on, what is at least as grave as `level` is written to the stream."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
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


def _render_bytes(_: object, __: str, event: MutableMapping[str, Any]) -> bytes:
    return _encoder.encode(event)


def _render_text(_: object, __: str, event: MutableMapping[str, Any]) -> str:
    return _encoder.encode(event).decode()
