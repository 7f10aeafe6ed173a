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

import asyncpg
import structlog
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.errors import RetryRequested
from pgqueuer.models import Job as QueuedJob
from pgqueuer.models import Schedule
from pgqueuer.qm import QueueManager
from pgqueuer.queries import Queries
from pgqueuer.sm import SchedulerManager
from prometheus_client import Counter, Histogram

from jackfield.domain.job import JobKind
from jackfield.services.running import Overtaken, Runner
from jackfield.services.upkeep import Upkeep

#: an UPDATE in the queue wakes nobody, so retries and takeovers wait for the next look
_LOOK_SECONDS: Final = 1.0
#: a job whose process was not heard of for so long is given to another
_HEARTBEAT_SECONDS: Final = 6.0
_BATCH: Final = 25
#: jobs under way in one process
_CONCURRENT: Final = 100
_CONNECT_SECONDS: Final = 5.0
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

_log = structlog.get_logger(__name__)


class Engine:
    """The jobs of one process. `lost` is told when the database went away, to whomever."""

    def __init__(self, dsn: str, runner: Runner, upkeep: Upkeep, lost: Callable[[], None]) -> None:
        self._dsn = dsn
        self._runner = runner
        self._upkeep = upkeep
        self._lost = lost
        self._stopping = asyncio.Event()
        self._drained = asyncio.Event()

    async def run(self) -> None:
        """Runs jobs until `stop`; connects again whenever the connection is lost."""
        while not self._stopping.is_set():
            try:
                await self._run_on_one_connection()
            except Exception as error:  # noqa: BLE001  whatever it was, jobs have to go on
                _log.warning("not running jobs for a moment", reason=type(error).__name__)
                self._lost()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), _RESTART_SECONDS)

    def stop(self) -> None:
        """Begins nothing more; jobs under way may end within the drain time, the others are given back."""
        self._stopping.set()
        self._runner.stop()
        asyncio.get_running_loop().call_later(DRAIN_SECONDS, self._drained.set)

    async def _run_on_one_connection(self) -> None:
        # a connection of its own: among a pool's, losing only the one that listens would leave us deaf
        connection = await asyncpg.connect(
            self._dsn, timeout=_CONNECT_SECONDS, server_settings={"application_name": "jackfield jobs", "jit": "off"}
        )
        try:
            queries = _OwnQueries(AsyncpgDriver(connection))
            manager, scheduler = QueueManager(queries), SchedulerManager(queries)
            self._register(manager, scheduler, queries)
            stopper = asyncio.get_running_loop().create_task(self._stop_both(manager, scheduler))
            try:
                # never cancelled: the queue takes a second cancel for the end of the jobs under way
                ends = await asyncio.gather(
                    _and_then_stop(self._run_manager(manager), manager, scheduler),
                    _and_then_stop(scheduler.run(), manager, scheduler),
                    return_exceptions=True,
                )
            finally:
                stopper.cancel()
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

    async def _stop_both(self, manager: QueueManager, scheduler: SchedulerManager) -> None:
        await self._stopping.wait()
        manager.shutdown.set()
        scheduler.shutdown.set()

    def _register(self, manager: QueueManager, scheduler: SchedulerManager, queries: "_OwnQueries") -> None:
        for kind in JobKind:
            manager.entrypoint(kind.value)(partial(self._run_job, queries))
        scheduler.schedule("tend", "* * * * *")(self._tend)
        scheduler.schedule("purge", "17 * * * *")(self._purge)

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
        await self._upkeep.tend()

    async def _purge(self, _: Schedule) -> None:
        await self._upkeep.purge()


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
