"""Wakes the workers when there is work.

A NOTIFY in the transaction that enqueues would make all such transactions wait for one another at their commits. So the
bell rings after the commit, by itself, at most once in a few milliseconds. Should it not ring, workers look by
themselves every second.
"""

import asyncio
from typing import Final

from jackfield.domain.errors import Unavailable
from jackfield.storage.pool import Pool

#: what comes in the meantime rings together
_PAUSE_SECONDS: Final = 0.005

# the event that pgqueuer's own trigger would send
RING: Final = """
select pg_notify('ch_pgqueuer', json_build_object(
    'channel', 'ch_pgqueuer', 'operation', 'insert', 'sent_at', now(), 'table', 'pgqueuer', 'type',
    'table_changed_event'
)::text)
"""


class Bell:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._ringing: asyncio.Task[None] | None = None
        self._rung_again = False

    def ring(self) -> None:
        """To be called after a commit that enqueued something."""
        self._rung_again = True
        if self._ringing is None or self._ringing.done():
            self._ringing = asyncio.get_running_loop().create_task(self._ring())

    def silence(self) -> None:
        if self._ringing is not None:
            self._ringing.cancel()

    async def _ring(self) -> None:
        while self._rung_again:
            self._rung_again = False
            try:
                await self._pool.fetch(RING)
            except Unavailable:
                return
            await asyncio.sleep(_PAUSE_SECONDS)
