"""What has to be done from time to time, whoever does it first: old proofs asked again, old rows taken away."""

from collections.abc import Sequence
from typing import Final, Protocol

from jackfield.domain.ports import Database, Rests
from jackfield.services.answered_calls import AnsweredCalls
from jackfield.services.connecting import Connecting
from jackfield.services.running import Runner

#: how long deleted integrations and finished jobs can still be seen
_KEPT_DAYS: Final = 30
_QUEUE_LOG_DAYS: Final = 1
_BATCH: Final = 500


class AsksForDue(Protocol):
    async def ask_for_due(self, most: int) -> int:
        """Queues what is due, up to so many jobs; returns how many."""
        ...


class Upkeep:
    """`due` are asked in their order."""

    def __init__(
        self,
        database: Database,
        due: Sequence[AsksForDue],
        runner: Runner,
        rests: Rests,
        answered_calls: AnsweredCalls,
        connecting: Connecting,
    ) -> None:
        self._rests = rests
        self._database = database
        self._due = due
        self._runner = runner
        self._answered_calls = answered_calls
        self._connecting = connecting

    async def tend(self) -> None:
        """Every minute: ends jobs that nobody finished in time, asks again about integrations, sends what is due,
        refreshes tokens that are about to expire, and ends those that nobody chose a site for."""
        await self._runner.expire(_BATCH)
        for one in self._due:
            await one.ask_for_due(_BATCH)
        await self._connecting.end_unchosen(_BATCH)

    async def purge(self) -> None:
        """Every hour: deletes what nobody can want to see any more, a batch at a time."""
        while await self._purge_some():
            pass
        await self._rests.purge()
        async with self._database.transaction() as work:
            await work.jobs.purge_queue(_QUEUE_LOG_DAYS)

    async def _purge_some(self) -> bool:
        async with self._database.transaction() as work:
            integrations = await work.integrations.purge(_KEPT_DAYS, _BATCH)
            jobs = await work.jobs.purge(_KEPT_DAYS, _BATCH)
            deliveries = await work.deliveries.purge(_KEPT_DAYS, _BATCH)
            items = await work.items.purge(_KEPT_DAYS, _BATCH)
            grants = await work.grants.purge(_KEPT_DAYS, _BATCH)
            sessions = await work.sessions.purge(_KEPT_DAYS, _BATCH)
            connecting = await work.connect_sessions.purge(_KEPT_DAYS, _BATCH)
            attempts = await work.sign_in_attempts.purge(_BATCH)
        answers = await self._answered_calls.purge(_BATCH)
        return _BATCH in {integrations, jobs, deliveries, items, grants, sessions, connecting, attempts, answers}
