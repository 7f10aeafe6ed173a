"""How often one address may fail to sign in.

Nobody guesses 32 random bytes, so this keeps noise away, not thieves: it counts in each process by itself, and forgets.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

from jackfield.domain.session import TooManyFailures

FAILURES: Final = 10
SECONDS: Final = 60.0
_MOST_ADDRESSES: Final = 10_000


class FailureLimit:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, address: str) -> None:
        """Raises TooManyFailures, whatever the address has to show this time."""
        failures = self._failures.get(address)
        if failures is None or len(failures) < FAILURES:
            return
        remaining = failures[0] + SECONDS - self._clock()
        if remaining > 0:
            raise TooManyFailures(max(1, round(remaining)))

    def note(self, address: str) -> None:
        """One more failure."""
        self._failures.setdefault(address, deque(maxlen=FAILURES)).append(self._clock())
        self._failures.move_to_end(address)
        if len(self._failures) > _MOST_ADDRESSES:
            self._failures.popitem(last=False)
