"""Keeps the queue's own log readable: while its connection is away, it says the same thing ten times a second."""

import logging
import time
from typing import Final

_AGAIN_SECONDS: Final = 60.0


class Quieter(logging.Filter):
    """Lets each message through once a minute, by its words before anything is filled in."""

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is written."""
        if record.levelno < logging.WARNING:
            return True
        now = time.monotonic()
        if now - self._told.get(str(record.msg), float("-inf")) < _AGAIN_SECONDS:
            return False
        self._told[str(record.msg)] = now
        return True


_QUIETER: Final = Quieter()


def quieten() -> None:
    """From now on; it can be called again."""
    logging.getLogger("pgqueuer").addFilter(_QUIETER)
