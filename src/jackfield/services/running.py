"""Running a job: begin it once, follow its steps, end it together with its effects, or put it off.

What a job does is its handler's; what follows from success, failure and death is decided here, the same for all.
"""

import contextlib
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import msgspec
import structlog

from jackfield.domain.errors import JackfieldError, Unavailable
from jackfield.domain.integration import Detail
from jackfield.domain.job import JobKind, JobState, Running, Step
from jackfield.domain.ports import Database, HotJobs, UnitOfWork
from jackfield.domain.provider import AccountResting, ProviderError, VendorLimited, VendorUnavailable

#: a job that was begun so often without an end kills the process that runs it
_MOST_STARTS: Final = 12
#: the database is away: look again soon
_DATABASE_SECONDS: Final = 1.0
_INTERNAL: Final = "Internal error; the log has the details under this job's id"

_log = structlog.get_logger(__name__)

#: given the job's integration, locked; None when its row is gone
Effects = Callable[[UnitOfWork, Detail | None], Awaitable[None]]


class Retries(msgspec.Struct, frozen=True):
    """How often a job may fail, and the seconds before the second try; each further wait is twice as long."""

    tries: int = 4
    first_seconds: float = 1.0
    longest_seconds: float = 3600.0
    #: a vendor that wants to be left alone for longer is not waited for
    patience_seconds: float = float("inf")

    def delay(self, failures: int) -> float:
        """Before the next try, after so many failures; up to a fifth more or less, so that not all come at once."""
        seconds: float = min(self.first_seconds * 2 ** (failures - 1), self.longest_seconds)
        return seconds * random.uniform(0.8, 1.2)  # noqa: S311  no secret


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a job ended for good. `effects` are written together with that, or not at all."""

    state: JobState = JobState.COMPLETED
    error: str | None = None
    output: dict[str, str] | None = None
    effects: Effects | None = None


class Later(Exception):
    """The handler waits for something else: it goes on after so many seconds, and has not failed."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"in {seconds} s")
        self.seconds = seconds


class TryAgain(Later):
    """What the handler found has changed meanwhile: it has to begin anew, at once."""

    def __init__(self) -> None:
        super().__init__(0.0)


class Overtaken(Exception):
    """Another process has taken the job over: what it came to is that one's to say."""


class Run:
    """A job under way: what it is, and where it stands."""

    def __init__(self, running: Running, jobs: HotJobs, stopping: Callable[[], bool] = lambda: False) -> None:
        self.job = running
        self.steps = list(running.steps)
        self._jobs = jobs
        self._stopping = stopping

    @property
    def is_stopping(self) -> bool:
        """Whether the process is about to stop, so that nothing should be begun that can wait for another."""
        return self._stopping()

    async def note_progress(self, progress: Mapping[str, int]) -> None:
        """Whoever watches sees it, and whoever takes the job over goes on from there."""
        await self._jobs.note_progress(self.job, progress)

    async def step(self, number: int) -> None:
        """All before this step is done, this one begins, and whoever watches sees it."""
        now = datetime.now(UTC)
        self.steps = [
            msgspec.structs.replace(step, started=step.started or now, completed=step.completed or now)
            if index < number
            else msgspec.structs.replace(step, started=now if index == number else None, completed=None)
            for index, step in enumerate(self.steps)
        ]
        await self._jobs.note_steps(self.job, self.steps)

    def all_done(self) -> Sequence[Step]:
        now = datetime.now(UTC)
        return [
            msgspec.structs.replace(step, started=step.started or now, completed=step.completed or now)
            for step in self.steps
        ]


class Handler(Protocol):
    """What one kind of job does."""

    retries: Retries

    async def perform(self, run: Run) -> Outcome:
        """Does it. Raises ProviderError when the vendor fails, TryAgain when it has to begin anew."""
        ...

    async def give_up(self, state: JobState, reason: str) -> Outcome:
        """What it comes to when there are no more tries."""
        ...


class Runner:
    def __init__(self, jobs: HotJobs, database: Database, handlers: Mapping[JobKind, Handler]) -> None:
        self._jobs = jobs
        self._database = database
        self._handlers = handlers
        self._is_stopping = False

    def stop(self) -> None:
        """The process is about to stop: long jobs end as soon as they can, and go on elsewhere."""
        self._is_stopping = True

    async def run(self, organisation_id: int, job_id: int) -> float | None:
        """Runs the job; None when there is nothing more to do, else the seconds after which to run it again.

        Raises Overtaken when another process runs it by now, whose place in the queue is to be left alone. Whatever
        else goes wrong is the job's result, or a reason to run it again.
        """
        try:
            job = await self._jobs.begin(organisation_id, job_id)
            return None if job is None else await self._perform(job)
        except Unavailable:
            return _DATABASE_SECONDS
        except Overtaken:
            raise
        except Exception:  # noqa: BLE001  the queue would take it for an end, and the job would hang for ever
            _log.exception("a job could not be run", job_id=job_id)
            return _DATABASE_SECONDS * 5

    async def expire(self, most: int) -> int:
        """Ends up to `most` jobs that nobody finished in time; returns how many there were."""
        async with self._database.transaction() as work:
            overdue = await work.jobs.expire(most)
        for job in overdue:
            outcome = await self._handlers[job.kind].give_up(
                JobState.EXPIRED, "Nobody ran the job in time; is a worker running?"
            )
            with contextlib.suppress(Overtaken):
                await self._end(job, outcome, job.steps)
        return len(overdue)

    async def _perform(self, job: Running) -> float | None:
        handler = self._handlers[job.kind]
        run = Run(job, self._jobs, lambda: self._is_stopping)
        hopeless = _hopeless(job)
        if hopeless is not None:
            return await self._end(job, await handler.give_up(*hopeless), run.steps)
        try:
            outcome = await handler.perform(run)
            return await self._end(job, outcome, run.all_done() if outcome.error is None else run.steps)
        except Later as later:
            return await self._go_on_later(job, later)
        except (Unavailable, Overtaken):
            raise
        except VendorUnavailable as error:
            return await self._not_answered(job, run, error)
        except ProviderError as error:
            outcome = await handler.give_up(JobState.ERROR, str(error))
            return await self._end(job, outcome, run.steps)
        except Exception as error:  # noqa: BLE001  a job's failure is its result, and it is tried again
            _log.exception("a job failed unexpectedly", job_id=job.id, kind=job.kind.value)
            return await self._failed(job, run, str(error) if isinstance(error, JackfieldError) else _INTERNAL, None)

    async def _not_answered(self, job: Running, run: Run, error: VendorUnavailable) -> float | None:
        if isinstance(error, AccountResting):
            return await self._rest(job, run, error)
        retry_after = error.retry_after if isinstance(error, VendorLimited) else None
        return await self._failed(job, run, str(error), retry_after)

    async def _rest(self, job: Running, run: Run, error: AccountResting) -> float | None:
        """Waits without having failed, unless the job would expire first."""
        # a little later for each, so that not all come at once when the rest is over
        delay = error.seconds + random.uniform(0.0, min(5.0, error.seconds))  # noqa: S311  no secret
        if not self._can_wait(job, delay):
            outcome = await self._handlers[job.kind].give_up(JobState.ERROR, str(error))
            return await self._end(job, outcome, run.steps)
        return await self._put_off(job, delay, str(error))

    def _can_wait(self, job: Running, seconds: float) -> bool:
        in_time = datetime.now(UTC) + timedelta(seconds=seconds) < job.expires_at
        return in_time and seconds <= self._handlers[job.kind].retries.patience_seconds

    async def _failed(self, job: Running, run: Run, reason: str, retry_after: float | None) -> float | None:
        retries = self._handlers[job.kind].retries
        failures = job.failures + 1
        delay = max(retries.delay(failures), retry_after or 0.0)
        if failures >= retries.tries or not self._can_wait(job, delay):
            outcome = await self._handlers[job.kind].give_up(JobState.ERROR, reason)
            return await self._end(job, outcome, run.steps)
        return await self._put_off(job, delay, f"{reason}; trying again", failed=True)

    async def _end(self, job: Running, outcome: Outcome, steps: Sequence[Step]) -> float | None:
        try:
            if outcome.effects is None:
                if not await self._jobs.finish(job, outcome.state, outcome.error, steps, outcome.output):
                    raise Overtaken
                return None
            async with self._database.transaction() as work:
                # the integration before the job, as everyone locks them who asks for a job
                found = await work.integrations.get_detail_for_update(job.organisation_id, job.integration_id)
                # nothing is written by who has been overtaken
                if not await work.jobs.finish(job, outcome.state, outcome.error, steps, outcome.output):
                    raise Overtaken
                await outcome.effects(work, found)
        except Later as later:
            return await self._go_on_later(job, later)
        return None

    async def _go_on_later(self, job: Running, later: Later) -> float:
        return await self._put_off(job, later.seconds, None)

    async def _put_off(self, job: Running, seconds: float, reason: str | None, *, failed: bool = False) -> float:
        if not await self._jobs.put_off(job, seconds, reason, failed=failed):
            raise Overtaken
        return seconds


def _hopeless(job: Running) -> tuple[JobState, str] | None:
    """How and why the job ends without being tried."""
    if job.starts - job.failures - job.returns > _MOST_STARTS:
        return JobState.ERROR, "The job was begun again and again without an end: it may kill the processes that run it"
    if job.expires_at <= datetime.now(UTC):
        return JobState.EXPIRED, "The job was not finished in time"
    return None
