"""The right to send something to a vendor, which ends at a moment that everybody knows.

Whoever claims a delivery may begin calls to the vendor for `lease_seconds`, by its own clock. It may have that time
renewed for as long as it still owns the delivery. Whoever takes over waits until no such call can be under way any
more. See docs/operations.md.

Providers know nothing of it: the one HTTP client asks `hold` before each call and `check` before its first byte.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Final, Protocol

import msgspec

#: seconds for what is on the wire when a call is given up, and for what clocks differ in their rates
_SLACK_SECONDS: Final = 1.0
#: the longest time to connect, of which an open lease has to have so much left
_CONNECT_SECONDS: Final = 5.0
#: no lease lasts for longer, however a process is set: a later end was written before the database's clock went back
LONGEST_SECONDS: Final = 150.0


class LeaseTimes(msgspec.Struct, frozen=True):
    """How long leases are, in seconds, given how long one call to a vendor may take; and by which clock.

    The clock is the process's own and never goes back; of what it says only differences mean something.
    """

    call_seconds: float = 10.0
    clock: Callable[[], float] = time.monotonic

    @property
    def lease_seconds(self) -> float:
        """A call may begin for so long after the claim."""
        return self.call_seconds

    @property
    def spare_seconds(self) -> float:
        """With less than that left, a lease is renewed before a call: it may have to connect first."""
        return self.connect_seconds

    @property
    def connect_seconds(self) -> float:
        """The longest time in which a connection has to be there."""
        return min(_CONNECT_SECONDS, self.call_seconds / 2)

    @property
    def wait_seconds(self) -> float:
        """After the claim, nothing of it can be on its way any more when so much time has gone by."""
        return self.lease_seconds + self.call_seconds + _SLACK_SECONDS


class LeaseOver(Exception):
    """Who wants to call the vendor cannot prove any more that it may: nothing has left."""


class Lease(Protocol):
    async def hold(self) -> None:
        """Makes sure that there is time for a call. Raises LeaseOver, or Unavailable when it cannot be renewed."""
        ...

    def check(self) -> None:
        """Raises LeaseOver unless a call may begin at this moment."""
        ...


_CURRENT: ContextVar[Lease | None] = ContextVar("lease", default=None)


@contextlib.contextmanager
def under(lease: Lease) -> Iterator[None]:
    """Calls to vendors in the block are made by that lease."""
    token = _CURRENT.set(lease)
    try:
        yield
    finally:
        _CURRENT.reset(token)


async def hold() -> None:
    """Before a call: as the current lease's. Nothing, where none is needed."""
    lease = _CURRENT.get()
    if lease is not None:
        await lease.hold()


def check() -> None:
    """Before the first byte of a call: as the current lease's. Nothing, where none is needed."""
    lease = _CURRENT.get()
    if lease is not None:
        lease.check()
