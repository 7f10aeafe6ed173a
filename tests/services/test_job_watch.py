"""Whoever watches hears of every change of the organisation's jobs, and nobody pays for it while nothing happens."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from jackfield.domain.errors import CapabilityMissing
from jackfield.domain.job import Job, JobKind, JobState
from jackfield.domain.principal import Capability
from jackfield.services.job_watch import JobWatch
from jackfield.storage.job_changes import JobChangeTable
from support.callers import allowed, lacking
from support.waiting import until
from support.workbench import Workbench

#: a look that comes sooner than in the service, so that the tests need not wait
SOON = 0.05
MOST_SECONDS = 20.0


class Listener:
    """Goes through the changes, on the operator's loop, and keeps all that it hears."""

    def __init__(self, bench: Workbench, watch: JobWatch) -> None:
        self._bench = bench
        self.heard: list[Job] = []
        self.ended = False
        self._going = bench.operator.start(self._go(watch))

    async def _go(self, watch: JobWatch) -> None:
        changes = watch.changes(allowed(self._bench, Capability.VIEW))
        async with contextlib.aclosing(changes):
            async for jobs in changes:
                self.heard += jobs
        self.ended = True

    def until(self, condition: Callable[[], bool]) -> None:
        until(condition, bool, MOST_SECONDS)

    def hears(self, job_id: int, state: JobState) -> Job:
        """The job in this state, once it is told."""

        def found() -> list[Job]:
            return [job for job in self.heard if job.id == job_id and job.state is state]

        self.until(lambda: bool(found()))
        return found()[-1]

    def stop(self) -> None:
        self._going.cancel()


class Looks(JobChangeTable):
    """Counts how often the database is asked."""

    count = 0

    async def recent(self, *arguments: Any, **named: Any) -> list[Job]:
        self.count += 1
        return await super().recent(*arguments, **named)


@pytest.fixture
def looks(bench: Workbench) -> Looks:
    return Looks(bench.house.database)


@pytest.fixture
def watch(bench: Workbench, looks: Looks) -> Iterator[JobWatch]:
    watch = JobWatch(looks, SOON)
    yield watch

    async def close() -> None:
        watch.close()
        await asyncio.sleep(0)

    bench.operator.run(close())


@pytest.fixture
def listener(bench: Workbench, watch: JobWatch) -> Listener:
    listening = Listener(bench, watch)
    listening.until(lambda: watch.watchers == 1)
    return listening


def test_a_job_is_followed_from_its_beginning_to_its_end(bench: Workbench, listener: Listener) -> None:
    job = bench.queue(bench.integration())
    assert listener.hears(job, JobState.QUEUED).kind is JobKind.VERIFY
    bench.change_job(job, state="running")
    listener.hears(job, JobState.RUNNING)
    # what moves within a state is told as well
    steps = [{"caption": "First", "description": "", "started": "2026-01-01T00:00:00Z"}]
    bench.change_job(job, steps=json.dumps(steps))
    listener.until(lambda: any(one.steps and one.steps[0].started for one in listener.heard))
    bench.change_job(job, progress='{"done": 3}')
    listener.until(lambda: any(one.progress == {"done": 3} for one in listener.heard))
    bench.change_job(job, state="completed")
    listener.hears(job, JobState.COMPLETED)
    told = [(one.state, one.progress, one.steps) for one in listener.heard if one.id == job]
    assert len(told) == 5


def test_what_runs_already_is_told_at_once(bench: Workbench, watch: JobWatch) -> None:
    job = bench.queue(bench.integration())
    bench.operator.fetch(
        "update job set state = 'running', state_changed_at = now() - interval '1 hour' where id = $1", job
    )
    Listener(bench, watch).hears(job, JobState.RUNNING)


def test_whoever_comes_later_begins_with_what_is_known(bench: Workbench, listener: Listener, watch: JobWatch) -> None:
    job = bench.queue(bench.integration())
    listener.hears(job, JobState.QUEUED)
    Listener(bench, watch).hears(job, JobState.QUEUED)


def test_another_organisation_hears_nothing_of_it(bench: Workbench, listener: Listener, watch: JobWatch) -> None:
    other = Workbench(bench.operator)
    elsewhere = Listener(other, watch)
    listener.hears(bench.queue(bench.integration()), JobState.QUEUED)
    theirs = other.queue(other.integration())
    elsewhere.hears(theirs, JobState.QUEUED)
    assert {job.id for job in elsewhere.heard} == {theirs}
    assert theirs not in {job.id for job in listener.heard}


def test_many_who_watch_ask_the_database_once(bench: Workbench, watch: JobWatch, looks: Looks) -> None:
    everybody = [Listener(bench, watch) for _ in range(500)]
    everybody[0].until(lambda: watch.watchers == len(everybody))
    before = looks.count
    bench.operator.run(asyncio.sleep(10 * SOON))
    assert looks.count - before <= 12
    job = bench.queue(bench.integration())
    for one in everybody:
        one.hears(job, JobState.QUEUED)


def test_who_is_gone_is_forgotten_and_nobody_asks_any_more(
    bench: Workbench, listener: Listener, watch: JobWatch, looks: Looks
) -> None:
    listener.stop()
    listener.until(lambda: watch.watchers == 0)
    bench.operator.run(asyncio.sleep(3 * SOON))
    before = looks.count
    bench.operator.run(asyncio.sleep(5 * SOON))
    assert looks.count == before
    # and whoever comes then is told all the same
    job = bench.queue(bench.integration())
    Listener(bench, watch).hears(job, JobState.QUEUED)


def test_who_is_slow_hears_of_the_latest_change_alone(bench: Workbench, watch: JobWatch) -> None:
    async def watch_slowly() -> Sequence[Job]:
        changes = watch.changes(bench.caller)
        first = await bench.add(found)
        await anext(changes)
        for state in ("running", "completed"):
            change = "update job set state = $2, state_changed_at = now() where id = $1"
            await bench.house.database.fetch(change, first[0].id, state)
            await asyncio.sleep(4 * SOON)
        told = await anext(changes)
        await changes.aclose()
        return told

    found = bench.integration()
    assert [job.state for job in bench.operator.run(watch_slowly())] == [JobState.COMPLETED]


def test_a_database_that_comes_back_is_asked_again(bench: Workbench, listener: Listener) -> None:
    kill = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> $1"
    [[pid]] = bench.operator.fetch("select pg_backend_pid()")
    bench.operator.fetch(kill, pid)
    job = bench.queue(bench.integration())
    listener.hears(job, JobState.QUEUED)


def test_it_ends_when_the_process_stops(bench: Workbench, listener: Listener, watch: JobWatch) -> None:
    async def close() -> None:
        watch.close()

    bench.operator.run(close())
    listener.until(lambda: listener.ended)
    assert watch.watchers == 0
    # and whoever comes too late is sent away
    late = Listener(bench, watch)
    late.until(lambda: late.ended)


def test_only_who_may_look_may_watch(bench: Workbench, watch: JobWatch) -> None:
    with pytest.raises(CapabilityMissing):
        watch.changes(lacking(bench, Capability.VIEW))
