"""Changes of jobs, told to whoever watches: one look a second for all of a process's watchers, none without any.

Nobody tells of a change: a NOTIFY would hold up whoever writes jobs, whether anybody watches or not.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable, Sequence
from typing import Final

import structlog

from jackfield.domain.job import Job, JobState
from jackfield.domain.ports import JobChanges
from jackfield.domain.principal import Caller, Capability

_LOOK_SECONDS: Final = 1.0
#: a change is seen only when its transaction has committed, which may be so long after the time that stands in it
_COMMIT_SECONDS: Final = 5.0
#: of an organisation and a state, what is looked at; and of an organisation, what is remembered and told at a time
_MOST_OF_STATE: Final = 50
_MOST: Final = 200
_ALIVE: Final = frozenset({JobState.QUEUED, JobState.SCHEDULED, JobState.RUNNING})

_log = structlog.get_logger(__name__)


class _Watcher:
    """Whoever goes through changes. What comes while nobody takes it is kept once for each job, and not without end."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._pending: dict[int, Job] = {}
        self._woken = asyncio.Event()
        self.closed = False
        self.tell(jobs)

    def tell(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            self._pending.pop(job.id, None)
            self._pending[job.id] = job
            self._woken.set()
        while len(self._pending) > _MOST:
            del self._pending[next(iter(self._pending))]

    def close(self) -> None:
        self.closed = True
        self._woken.set()

    async def take(self) -> Sequence[Job]:
        """What has come since it was asked last, once there is something; nothing when it was closed."""
        await self._woken.wait()
        self._woken.clear()
        taken, self._pending = list(self._pending.values()), {}
        return [] if self.closed else taken


class _Feed:
    """What is known of one organisation's jobs, and who wants to know."""

    def __init__(self) -> None:
        self.watchers: set[_Watcher] = set()
        #: the last change at the end
        self.known: dict[int, Job] = {}

    def alive(self) -> list[int]:
        """Jobs that will change, and are looked at each time."""
        return [job.id for job in self.known.values() if job.state in _ALIVE]

    def learn(self, jobs: Iterable[Job]) -> None:
        """Tells what is new of them."""
        changed = [job for job in jobs if self.known.get(job.id) != job]
        for job in changed:
            self.known.pop(job.id, None)
            self.known[job.id] = job
        while len(self.known) > _MOST:
            del self.known[next(iter(self.known))]
        if changed:
            for watcher in self.watchers:
                watcher.tell(changed)


class JobWatch:
    def __init__(self, jobs: JobChanges, seconds: float = _LOOK_SECONDS) -> None:
        self._jobs = jobs
        self._seconds = seconds
        self._feeds: dict[int, _Feed] = {}
        self._looking: asyncio.Task[None] | None = None
        self._looked_at: float | None = None
        self._closed = False

    def changes(self, caller: Caller) -> AsyncGenerator[Sequence[Job], None]:
        """What has changed of the organisation's jobs, the newest change of each, as long as it is gone through.

        It begins with what runs and what has just changed. Each job is told at least once after its last change,
        perhaps a second late; who is slow hears of the latest change alone. The iterator ends when the process stops;
        whoever ends before closes it (`contextlib.aclosing`). Raises CapabilityMissing at once.
        """
        caller.require(Capability.VIEW)
        return self._changes(caller.organisation_id)

    def close(self) -> None:
        """Ends all that is watched; nothing can be watched any more."""
        self._closed = True
        if self._looking is not None:
            self._looking.cancel()
        for feed in self._feeds.values():
            for watcher in feed.watchers:
                watcher.close()

    @property
    def watchers(self) -> int:
        """How many watch now."""
        return sum(len(feed.watchers) for feed in self._feeds.values())

    async def _changes(self, organisation_id: int) -> AsyncGenerator[Sequence[Job], None]:
        if self._closed:
            return
        feed = self._feeds.setdefault(organisation_id, _Feed())
        watcher = _Watcher(feed.known.values())
        feed.watchers.add(watcher)
        self._start_looking()
        try:
            while not watcher.closed:
                if jobs := await watcher.take():
                    yield jobs
        finally:
            feed.watchers.discard(watcher)
            if not feed.watchers:
                # what nobody looked at meanwhile would not be known
                self._feeds.pop(organisation_id, None)

    def _start_looking(self) -> None:
        if self._looking is None or self._looking.done():
            self._looked_at = None
            self._looking = asyncio.get_running_loop().create_task(self._look())

    async def _look(self) -> None:
        """As long as anybody watches."""
        while self._feeds:
            try:
                await self._look_once()
            except Exception as error:  # noqa: BLE001  whatever it was, the next look finds what this one missed
                _log.warning("not looking at jobs for a moment", reason=type(error).__name__)
            await asyncio.sleep(self._seconds)

    async def _look_once(self) -> None:
        feeds = dict(self._feeds)
        now = time.monotonic()
        missed = 0.0 if self._looked_at is None else now - self._looked_at
        alive = [(organisation_id, job_id) for organisation_id, feed in feeds.items() for job_id in feed.alive()]
        found = await self._jobs.recent(list(feeds), missed + _COMMIT_SECONDS, _MOST_OF_STATE, alive)
        self._looked_at = now
        by_organisation: defaultdict[int, dict[int, Job]] = defaultdict(dict)
        for job in found:
            by_organisation[job.organisation_id][job.id] = job
        for organisation_id, jobs in by_organisation.items():
            feeds[organisation_id].learn(sorted(jobs.values(), key=lambda job: job.state_changed_at))
