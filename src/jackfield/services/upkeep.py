"""What has to be done from time to time, whoever does it first: old proofs asked again, old rows taken away."""

from typing import Final

from jackfield.domain.ports import Database, Rests
from jackfield.services.answered_calls import AnsweredCalls
from jackfield.services.delivering import Delivering
from jackfield.services.refreshing import Refreshing
from jackfield.services.running import Runner
from jackfield.services.verification import Verification

#: how long deleted integrations and finished jobs can still be seen
_KEPT_DAYS: Final = 30
_QUEUE_LOG_DAYS: Final = 1
_BATCH: Final = 500


class Upkeep:
    def __init__(
        self,
        database: Database,
        verification: Verification,
        delivering: Delivering,
        refreshing: Refreshing,
        runner: Runner,
        rests: Rests,
        answered_calls: AnsweredCalls,
    ) -> None:
        self._rests = rests
        self._database = database
        self._verification = verification
        self._delivering = delivering
        self._refreshing = refreshing
        self._runner = runner
        self._answered_calls = answered_calls

    async def tend(self) -> None:
        """Every minute: ends jobs that nobody finished in time, asks again about integrations, sends what is due and
        refreshes tokens that are about to expire."""
        await self._runner.expire(_BATCH)
        await self._verification.ask_for_due(_BATCH)
        await self._delivering.ask_for_due(_BATCH)
        await self._refreshing.ask_for_due(_BATCH)

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
        answers = await self._answered_calls.purge(_BATCH)
        return _BATCH in {integrations, jobs, deliveries, items, grants, sessions, answers}
