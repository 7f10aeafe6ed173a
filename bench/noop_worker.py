"""A worker whose jobs do nothing: what remains is what every job costs. Run as `python -m bench.noop_worker`."""

import asyncio
import signal
from collections.abc import Mapping
from typing import Final

from jackfield import logs
from jackfield.bootstrap import open_house
from jackfield.domain.job import JobKind, JobState
from jackfield.services.running import Handler, Outcome, Retries, Run, Runner
from jackfield.settings import read_settings
from jackfield.storage.jobs import HotJobs
from jackfield.worker.engine import Engine


class Noop:
    retries = Retries()

    async def perform(self, _: Run) -> Outcome:
        return Outcome()

    async def give_up(self, state: JobState, reason: str) -> Outcome:
        return Outcome(state=state, error=reason)


HANDLERS: Final[Mapping[JobKind, Handler]] = {kind: Noop() for kind in JobKind}


async def work() -> None:
    async with open_house(read_settings()) as house:
        runner = Runner(HotJobs(house.database), house.database, HANDLERS)
        engine = Engine(house.database.dsn, runner, house.upkeep, house.database.notice_loss)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, engine.stop)
        await engine.run()


if __name__ == "__main__":
    logs.configure("warning")
    asyncio.run(work())
