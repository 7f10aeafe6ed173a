"""Waiting for what another process does, no longer than needed and not for ever."""

import time
from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")


def until(look: Callable[[], Seen], enough: Callable[[Seen], bool], seconds: float = 30.0) -> Seen:
    """Looks again and again until what is seen is enough, and returns it; fails when it never is."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if enough(seen):
            return seen
        assert time.monotonic() < deadline, f"still not as expected after {seconds} s: {seen}"
        time.sleep(0.02)
