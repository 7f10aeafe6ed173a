"""Runs jobs from the queue: woken by the bell, kept alive by heartbeats, started again when the database was away.

pgqueuer decides which process runs a job; what a job does and what follows from it is in the services. A job's end is
written before the queue hears of it, so a job may be begun twice, and never ends twice.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any, Final

import structlog
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.errors import RetryRequested
from pgqueuer.models import Job as QueuedJob
from pgqueuer.models import Schedule
from pgqueuer.qm import QueueManager
from pgqueuer.queries import Queries
from pgqueuer.sm import SchedulerManager
from prometheus_client import Counter, Gauge, Histogram

from jackfield.domain.errors import Unavailable
from jackfield.domain.job import JobKind
from jackfield.services.running import Overtaken, Runner
from jackfield.services.upkeep import Upkeep
from jackfield.worker.queue_clock import PULL_QUEUE_BACK, PULL_SCHEDULES_BACK
from jackfield.worker.quieter import quieten

#: an UPDATE in the queue wakes nobody, so retries and takeovers wait for the next look
_LOOK_SECONDS: Final = 1.0
#: a job whose process was not heard of for so long is given to another
_HEARTBEAT_SECONDS: Final = 6.0
_BATCH: Final = 25
#: what is done by the clock: when, and at most so many seconds apart
_SCHEDULES: Final = {"tend": ("* * * * *", 60.0), "purge": ("17 * * * *", 3600.0)}
#: jobs under way in one process
_CONCURRENT: Final = 100
#: the queue's connection is asked this often, and has so long to answer
_ASK_SECONDS: Final = 2.0
_ANSWER_SECONDS: Final = 5.0
#: no answer for so long: jobs are not run here, although they should be
_NOT_WORKING_SECONDS: Final = 20.0
_TELL_SECONDS: Final = 60.0
#: how often the queue's times are compared with the database's clock
_CLOCK_SECONDS: Final = 60.0
_RESTART_SECONDS: Final = 0.5
#: how long a stopping process waits for its jobs; what is not done by then is done by another
DRAIN_SECONDS: Final = 20.0

RUNS: Final = Counter(
    "jackfield_job_runs_total", "Runs of jobs: ended, put off, given back, or overtaken.", ["kind", "outcome"]
)
SECONDS: Final = Histogram(
    "jackfield_job_run_seconds",
    "One run of a job, with the calls that it makes.",
    ["kind"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
ENGINES: Final = Gauge(
    "jackfield_job_engines",
    "Processes that run jobs, and those that should and do not.",
    ["state"],
    multiprocess_mode="livesum",
)

_log = structlog.get_logger(__name__)


class Engine:
    """The jobs of one process. `connect` opens a connection outside the pool; `lost` is told when one was lost."""

    def __init__(
        self, connect: Callable[[], Awaitable[Any]], runner: Runner, upkeep: Upkeep, lost: Callable[[], None]
    ) -> None:
        self._connect = connect
        self._runner = runner
        self._upkeep = upkeep
        self._lost = lost
        self._stopping = asyncio.Event()
        self._drained = asyncio.Event()
        #: when it was last known that jobs are run here
        self._proved_at = time.monotonic()
        #: when it was told that they are not
        self._told_at: float | None = None

    async def run(self) -> None:
        """Runs jobs until `stop`; connects again whenever the connection is lost."""
        quieten()
        self._proved_at = time.monotonic()
        counting = asyncio.get_running_loop().create_task(self._count())
        try:
            while not self._stopping.is_set():
                await self._run_until_lost()
        finally:
            counting.cancel()
            _set_engines(working=0, idle=0)

    @property
    def is_working(self) -> bool:
        """Whether jobs are run here, as far as was known within the last seconds."""
        return time.monotonic() - self._proved_at < _NOT_WORKING_SECONDS

    def check(self) -> None:
        """Raises Unavailable when nobody runs jobs in this process, although somebody should."""
        if not self.is_working and not self._stopping.is_set():
            raise Unavailable("This process does not run jobs: it has no working connection to the queue")

    async def _run_until_lost(self) -> None:
        try:
            await self._run_on_one_connection()
        except Exception as error:  # noqa: BLE001  whatever it was, jobs have to go on
            self._tell(error)
            self._lost()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _RESTART_SECONDS)

    def _tell(self, error: Exception) -> None:
        """Once, and then once a minute until jobs are run again."""
        now = time.monotonic()
        if self._told_at is None or now - self._told_at >= _TELL_SECONDS:
            self._told_at = now
            _log.warning("not running jobs for a moment", reason=type(error).__name__)

    def _prove(self) -> None:
        self._proved_at = time.monotonic()
        if self._told_at is not None:
            _log.info("running jobs again")
            self._told_at = None

    async def _count(self) -> None:
        while True:
            _set_engines(working=int(self.is_working), idle=int(not self.is_working))
            await asyncio.sleep(_ASK_SECONDS)

    def stop(self) -> None:
        """Begins nothing more; jobs under way may end within the drain time, the others are given back."""
        self._stopping.set()
        self._runner.stop()
        asyncio.get_running_loop().call_later(DRAIN_SECONDS, self._drained.set)

    async def _run_on_one_connection(self) -> None:
        # a connection of its own: among a pool's, losing only the one that listens would leave us deaf
        connection = await self._connect()
        try:
            driver = AsyncpgDriver(connection)
            queries = _OwnQueries(driver)
            manager, scheduler = QueueManager(queries), SchedulerManager(queries)
            self._register(manager, scheduler, queries)
            beside = [
                asyncio.get_running_loop().create_task(self._stop_both(manager, scheduler)),
                asyncio.get_running_loop().create_task(self._ask(driver, manager, connection.terminate)),
            ]
            try:
                # never cancelled: the queue takes a second cancel for the end of the jobs under way
                ends = await asyncio.gather(
                    _and_then_stop(self._run_manager(manager), manager, scheduler),
                    _and_then_stop(scheduler.run(), manager, scheduler),
                    return_exceptions=True,
                )
            finally:
                for task in beside:
                    task.cancel()
            for end in ends:
                if isinstance(end, BaseException):
                    raise end
        finally:
            connection.terminate()

    async def _run_manager(self, manager: QueueManager) -> None:
        await manager.run(
            dequeue_timeout=timedelta(seconds=_LOOK_SECONDS),
            batch_size=_BATCH,
            max_concurrent_tasks=_CONCURRENT,
            heartbeat_timeout=timedelta(seconds=_HEARTBEAT_SECONDS),
            shutdown_on_listener_failure=True,
        )

    async def _ask(self, driver: AsyncpgDriver, manager: QueueManager, end: Callable[[], None]) -> None:
        """Asks again and again, the way the queue does; without an answer, it `end`s the connection for all.

        The network may have swallowed it, and then nobody would ever hear of that.
        """
        clock_at = 0.0
        while True:
            try:
                async with asyncio.timeout(_ANSWER_SECONDS):
                    if time.monotonic() >= clock_at:
                        await _follow_clock(driver)
                        clock_at = time.monotonic() + _CLOCK_SECONDS
                    await driver.fetch("select 1")
            except Exception as error:  # noqa: BLE001  whatever it was, another connection is needed
                self._tell(error)
                end()
                return
            await asyncio.sleep(_ASK_SECONDS)
            # what can only be read from fails with the first job, and so before this
            if not manager.shutdown.is_set():
                self._prove()

    async def _stop_both(self, manager: QueueManager, scheduler: SchedulerManager) -> None:
        await self._stopping.wait()
        manager.shutdown.set()
        scheduler.shutdown.set()

    def _register(self, manager: QueueManager, scheduler: SchedulerManager, queries: "_OwnQueries") -> None:
        for kind in JobKind:
            manager.entrypoint(kind.value)(partial(self._run_job, queries))
        for name, deed in {"tend": self._tend, "purge": self._purge}.items():
            scheduler.schedule(name, _SCHEDULES[name][0])(deed)

    async def _run_job(self, queries: "_OwnQueries", queued: QueuedJob) -> None:
        started = time.perf_counter()
        outcome = "given back"
        try:
            delay = await self._run(queued)
            outcome = "ended" if delay is None else "put off"
        except Overtaken:
            outcome, delay = "overtaken", None
            queries.leave(queued)
        finally:
            RUNS.labels(queued.entrypoint, outcome).inc()
            SECONDS.labels(queued.entrypoint).observe(time.perf_counter() - started)
        if delay is not None:
            raise RetryRequested(delay=timedelta(seconds=delay), reason="see the job's own record")

    async def _run(self, queued: QueuedJob) -> float | None:
        """The seconds after which to run it again, None when it has ended. Raises RetryRequested to give it back."""
        organisation_id, job_id = map(int, (queued.payload or b"").decode().split(":"))
        inner = asyncio.get_running_loop().create_task(self._runner.run(organisation_id, job_id))
        drained = asyncio.get_running_loop().create_task(self._drained.wait())
        try:
            await asyncio.wait({inner, drained}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            drained.cancel()
        if not inner.done():
            inner.cancel()
            await asyncio.wait({inner})
            raise RetryRequested(delay=timedelta(0), reason="the process stops")
        return inner.result()

    async def _tend(self, _: Schedule) -> None:
        # a database that is away is told by whoever has to do with it
        with contextlib.suppress(Unavailable):
            await self._upkeep.tend()

    async def _purge(self, _: Schedule) -> None:
        with contextlib.suppress(Unavailable):
            await self._upkeep.purge()


async def _follow_clock(driver: AsyncpgDriver) -> None:
    """Brings back what waits for a time that the database's clock went back from."""
    periods = [seconds for _, seconds in _SCHEDULES.values()]
    schedules = await driver.fetch(PULL_SCHEDULES_BACK, list(_SCHEDULES), periods)
    jobs = await driver.fetch(PULL_QUEUE_BACK)
    if schedules or jobs:
        _log.warning(
            "the database's clock went back: what waited for a time far ahead is brought back",
            schedules=[row["entrypoint"] for row in schedules],
            jobs=len(jobs),
        )


def _set_engines(*, working: int, idle: int) -> None:
    ENGINES.labels("working").set(working)
    ENGINES.labels("not working").set(idle)


class _OwnQueries(Queries):
    """The queue's statements, which leave alone what another process has taken over: its place there is that one's."""

    def __init__(self, driver: AsyncpgDriver) -> None:
        super().__init__(driver)
        self._left: set[int] = set()

    def leave(self, queued: QueuedJob) -> None:
        """Whatever comes of the job, this process does not take it out of the queue."""
        self._left.add(queued.id)

    async def log_jobs(self, job_status: list[Any]) -> None:
        """Takes ended jobs out of the queue."""
        own = [one for one in job_status if one[0].id not in self._left]
        self._left.difference_update(one[0].id for one in job_status)
        if own:
            await super().log_jobs(own)


async def _and_then_stop(one: Awaitable[None], manager: QueueManager, scheduler: SchedulerManager) -> None:
    """When one of the two ends, so does the other, after what it has under way."""
    try:
        await one
    finally:
        manager.shutdown.set()
        scheduler.shutdown.set()
