"""What follows from a job's success, failure and death, with handlers of the tests' own on the real database."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from jackfield.domain.errors import Unavailable
from jackfield.domain.integration import Change, Detail
from jackfield.domain.job import JobKind, JobState
from jackfield.domain.ports import UnitOfWork
from jackfield.domain.provider import CredentialRefused, VendorLimited, VendorUnavailable
from jackfield.services.running import Outcome, Retries, Run, Runner, TryAgain
from jackfield.storage.jobs import HotJobs
from support.workbench import Workbench

DOWN = VendorUnavailable("The vendor is down")


class Scripted:
    """Does one thing after the other; the last one for ever."""

    def __init__(self, *deeds: Outcome | Exception, tries: int = 4, effects_of_giving_up: bool = False) -> None:
        self.retries = Retries(tries=tries)
        self.performed = 0
        self._deeds = deeds
        self._effects = _rename if effects_of_giving_up else None

    async def perform(self, run: Run) -> Outcome:
        deed = self._deeds[min(self.performed, len(self._deeds) - 1)]
        self.performed += 1
        await run.step(1)
        if isinstance(deed, Exception):
            raise deed
        return deed

    async def give_up(self, state: JobState, reason: str) -> Outcome:
        return Outcome(state=state, error=reason, effects=self._effects)


class Overtaken(Scripted):
    """In the middle of its work, another process takes the job for abandoned, and begins it."""

    def __init__(self, bench: Workbench, deed: Outcome | Exception) -> None:
        super().__init__(deed, Outcome(output={"by": "the other"}))
        self._others = HotJobs(bench.house.database)

    async def perform(self, run: Run) -> Outcome:
        if self.performed == 0:
            assert await self._others.begin(run.job.organisation_id, run.job.id) is not None
        return await super().perform(run)


async def _rename(work: UnitOfWork, found: Detail | None) -> None:
    assert found is not None
    await work.integrations.update(found, Change(name="By the job"))


async def _rename_and_fail(work: UnitOfWork, found: Detail | None) -> None:
    await _rename(work, found)
    raise RuntimeError("hunter2 does not fit")


def runner_of(bench: Workbench, handler: Scripted) -> Runner:
    database = bench.house.database
    return Runner(HotJobs(database), database, {JobKind.VERIFY: handler})


# Success


def test_a_job_ends_together_with_its_effects(bench: Workbench) -> None:
    job_id = bench.queue(integration := bench.integration())
    handler = Scripted(Outcome(output={"account": "octocat"}, effects=_rename))
    assert bench.run(job_id, runner_of(bench, handler)) is None
    job, row = bench.job(job_id), bench.row(integration)
    assert (job["state"], job["error"], json.loads(job["output"])) == ("completed", None, {"account": "octocat"})
    assert job["queued_at"] <= job["started_at"] <= job["completed_at"]
    assert all(step["started"] and step["completed"] for step in json.loads(job["steps"]))
    assert row["name"] == "By the job"
    # one transaction wrote both
    assert row["written_by"] == job["written_by"]


def test_effects_that_fail_leave_nothing_behind(bench: Workbench) -> None:
    job_id = bench.queue(integration := bench.integration())
    assert bench.run(job_id, runner_of(bench, Scripted(Outcome(effects=_rename_and_fail)))) is not None
    assert bench.row(integration)["name"] == "As it was"
    assert (bench.job(job_id)["state"], bench.job(job_id)["completed_at"]) == ("scheduled", None)


def test_a_finished_job_begun_again_does_nothing(bench: Workbench) -> None:
    job_id = bench.queue(bench.integration())
    handler = Scripted(Outcome())
    runner = runner_of(bench, handler)
    bench.run(job_id, runner)
    before = dict(bench.job(job_id))
    assert bench.run(job_id, runner) is None
    assert handler.performed == 1
    assert dict(bench.job(job_id)) == before


def test_a_job_that_is_not_there_does_nothing(bench: Workbench) -> None:
    assert bench.run(1, runner_of(bench, Scripted(Outcome()))) is None


# Overtaken


@pytest.mark.parametrize(
    "deed",
    [Outcome(effects=_rename), Outcome(output={"by": "the first"}), DOWN, CredentialRefused("No"), RuntimeError("x")],
    ids=["effects", "output", "unavailable", "refused", "unexpected"],
)
def test_what_an_overtaken_process_comes_to_is_thrown_away(bench: Workbench, deed: Outcome | Exception) -> None:
    job_id = bench.queue(integration := bench.integration())
    runner = runner_of(bench, Overtaken(bench, deed))
    bench.run(job_id, runner)
    job = bench.job(job_id)
    assert (job["state"], job["starts"], job["failures"]) == ("running", 2, 0)
    assert (job["error"], job["output"], job["completed_at"]) == (None, None, None)
    # nor are the other's steps touched
    assert not any(step.get("started") for step in json.loads(job["steps"]))
    assert bench.row(integration)["name"] == "As it was"

    assert bench.run(job_id, runner) is None
    assert json.loads(bench.job(job_id)["output"]) == {"by": "the other"}


# Failure


def test_the_wait_doubles_and_is_never_quite_the_same() -> None:
    retries = Retries(first_seconds=1, longest_seconds=100)
    for failures, middle in ((1, 1), (2, 2), (3, 4), (7, 64), (8, 100), (50, 100)):
        waits = {retries.delay(failures) for _ in range(50)}
        assert len(waits) > 1
        assert middle * 0.8 <= min(waits)
        assert max(waits) <= middle * 1.2


def test_a_job_is_tried_again_after_growing_waits_and_given_up_with_the_reason(bench: Workbench) -> None:
    job_id = bench.queue(integration := bench.integration())
    handler = Scripted(DOWN, effects_of_giving_up=True)
    runner = runner_of(bench, handler)
    for failures, middle in ((1, 1.0), (2, 2.0), (3, 4.0)):
        before = datetime.now(UTC)
        wait = bench.run(job_id, runner)
        assert wait is not None
        assert middle * 0.8 <= wait <= middle * 1.2
        job = bench.job(job_id)
        assert (job["state"], job["failures"]) == ("scheduled", failures)
        assert job["error"] == "The vendor is down; trying again"
        assert wait - 1 < (job["scheduled_for"] - before).total_seconds() < wait + 5
    assert bench.row(integration)["name"] == "As it was"

    assert bench.run(job_id, runner) is None
    job = bench.job(job_id)
    assert (job["state"], job["error"], job["scheduled_for"]) == ("error", "The vendor is down", None)
    assert handler.performed == 4
    assert bench.row(integration)["name"] == "By the job"


def test_a_job_that_succeeds_in_the_end_shows_no_error(bench: Workbench) -> None:
    job_id = bench.queue(bench.integration())
    runner = runner_of(bench, Scripted(DOWN, Outcome()))
    assert bench.run(job_id, runner) is not None
    assert bench.run(job_id, runner) is None
    assert (bench.job(job_id)["state"], bench.job(job_id)["error"]) == ("completed", None)


def test_what_the_vendor_asks_to_wait_is_the_least(bench: Workbench) -> None:
    job_id = bench.queue(bench.integration())
    runner = runner_of(bench, Scripted(VendorLimited("Slowly", 30.0), VendorLimited("Slowly", 0.1)))
    assert bench.run(job_id, runner) == 30.0
    wait = bench.run(job_id, runner)
    assert wait is not None
    assert wait >= 1.6


def test_a_wait_beyond_the_expiry_is_not_begun(bench: Workbench) -> None:
    job_id = bench.queue(bench.integration(), seconds=60)
    assert bench.run(job_id, runner_of(bench, Scripted(VendorLimited("Come back tomorrow", 3600.0)))) is None
    assert (bench.job(job_id)["state"], bench.job(job_id)["error"]) == ("error", "Come back tomorrow")


def test_a_refusal_is_not_tried_again(bench: Workbench) -> None:
    job_id = bench.queue(bench.integration())
    assert bench.run(job_id, runner_of(bench, Scripted(CredentialRefused("The vendor says no")))) is None
    assert (bench.job(job_id)["state"], bench.job(job_id)["error"]) == ("error", "The vendor says no")


def test_an_unexpected_exception_is_tried_again_and_its_text_told_to_nobody(bench: Workbench) -> None:
    job_id = bench.queue(bench.integration())
    runner = runner_of(bench, Scripted(RuntimeError("hunter2 is wrong"), tries=2))
    assert bench.run(job_id, runner) is not None
    assert bench.job(job_id)["error"].startswith("Internal error; the log has the details")
    assert bench.run(job_id, runner) is None
    assert bench.job(job_id)["state"] == "error"
    assert "hunter2" not in str(dict(bench.job(job_id)))


def test_a_database_that_is_away_is_no_failure_of_the_job(bench: Workbench) -> None:
    job_id = bench.queue(bench.integration())
    runner = runner_of(bench, Scripted(Unavailable("Database connection failed"), Outcome()))
    assert bench.run(job_id, runner) == 1.0
    assert bench.job(job_id)["failures"] == 0
    assert bench.run(job_id, runner) is None
    assert bench.job(job_id)["state"] == "completed"


# Death, expiry, beginning anew


def test_a_job_that_kills_every_process_ends(bench: Workbench) -> None:
    job_id = bench.queue(integration := bench.integration())
    handler = Scripted(Outcome(), effects_of_giving_up=True)
    # begun so often, and never an end
    bench.change_job(job_id, starts=12, state="running")
    assert bench.run(job_id, runner_of(bench, handler)) is None
    assert handler.performed == 0
    job = bench.job(job_id)
    assert (job["state"], job["error"]) == (
        "error",
        "The job was begun again and again without an end: it may kill the processes that run it",
    )
    assert bench.row(integration)["name"] == "By the job"


def test_a_job_that_expired_before_it_began_is_not_begun(bench: Workbench) -> None:
    job_id = bench.queue(integration := bench.integration())
    handler = Scripted(Outcome(), effects_of_giving_up=True)
    bench.change_job(job_id, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert bench.run(job_id, runner_of(bench, handler)) is None
    assert handler.performed == 0
    job = bench.job(job_id)
    assert (job["state"], job["error"]) == ("expired", "The job was not finished in time")
    assert bench.row(integration)["name"] == "By the job"


async def _changed_meanwhile(work: UnitOfWork, found: Detail | None) -> None:
    await _rename(work, found)
    raise TryAgain


@pytest.mark.parametrize("deed", [Outcome(effects=_changed_meanwhile), TryAgain()], ids=["in its effects", "before"])
def test_beginning_anew_is_no_failure(bench: Workbench, deed: Outcome | Exception) -> None:
    job_id = bench.queue(integration := bench.integration())
    runner = runner_of(bench, Scripted(*[deed] * 6, Outcome(), tries=2))
    for _ in range(6):
        assert bench.run(job_id, runner) == 0
        job = bench.job(job_id)
        assert (job["state"], job["failures"], job["error"]) == ("scheduled", 0, None)
    assert bench.row(integration)["name"] == "As it was"
    assert bench.run(job_id, runner) is None
    assert bench.job(job_id)["state"] == "completed"


# Asking for a job


def test_of_many_who_ask_at_once_one_queues_the_job_and_all_get_it(bench: Workbench) -> None:
    integration = bench.integration()

    async def ask() -> list[tuple[int, bool]]:
        asked = await asyncio.gather(*(bench.add(integration) for _ in range(6)))
        return [(job.id, queued) for job, queued in asked]

    answers = bench.operator.run(ask())
    assert len({job_id for job_id, _ in answers}) == 1
    assert sum(queued for _, queued in answers) == 1
    assert len(bench.jobs_of(integration)) == 1
    waiting = "select count(*) from pgqueuer where convert_from(payload, 'UTF8') = $1"
    assert bench.operator.fetch(waiting, f"{bench.organisation.id}:{answers[0][0]}")[0][0] == 1


def test_jobs_of_another_kind_or_integration_are_others(bench: Workbench) -> None:
    first, second = bench.integration(), bench.integration()
    assert len({bench.queue(first), bench.queue(second), bench.queue(first, JobKind.DELETE)}) == 3


def test_after_its_end_there_can_be_another(bench: Workbench) -> None:
    integration = bench.integration()
    first = bench.queue(integration)
    assert bench.queue(integration) == first
    bench.run(first, runner_of(bench, Scripted(DOWN)))
    # it waits for its next try
    assert bench.queue(integration) == first
    bench.run(first, runner_of(bench, Scripted(Outcome())))
    assert bench.queue(integration) != first
