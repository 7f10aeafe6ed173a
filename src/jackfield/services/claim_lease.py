"""The lease of one claimed delivery, in the hands of the process that claimed it."""

from collections.abc import Awaitable, Callable

from jackfield.domain.send_lease import LeaseOver, LeaseTimes


class ClaimLease:
    """`began` is when the claim was asked for, before anybody answered: the database counts from a later moment.

    `renew` asks the database for another term, and returns False when the claim is somebody else's by now.
    """

    def __init__(self, times: LeaseTimes, began: float, renew: Callable[[], Awaitable[bool]]) -> None:
        self._times = times
        self._renew = renew
        self._until = began + times.lease_seconds
        #: whether a call may have left
        self.has_sent = False

    async def hold(self) -> None:
        """Renews the lease if there is too little left of it. Raises LeaseOver, or Unavailable."""
        began = self._times.clock()
        if began > self._until - self._times.spare_seconds:
            if not await self._renew():
                raise LeaseOver
            self._until = began + self._times.lease_seconds
        self.check()

    def check(self) -> None:
        """To be called at the last moment, since the process may have stood still after `hold`. Raises LeaseOver."""
        if self._times.clock() >= self._until:
            raise LeaseOver
        self.has_sent = True
