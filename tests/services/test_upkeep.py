"""What the service does by itself: asks again about old proofs, ends overdue jobs, takes old rows away."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jackfield.domain.job import JobKind
from support.workbench import Workbench

NOBODY = "Nobody ran the job in time; is a worker running?"


def ago(**time: float) -> datetime:
    return datetime.now(UTC) - timedelta(**time)


def tend(bench: Workbench) -> None:
    bench.operator.run(bench.house.upkeep.tend())


def purge(bench: Workbench) -> None:
    bench.operator.run(bench.house.upkeep.purge())


def live(bench: Workbench, provider: str = "github", **columns: Any) -> int:
    proven = {"state": "live", "verified_at": ago(days=2), "verification_due_at": ago(minutes=1), **columns}
    return bench.integration(provider, "token", **proven)


# Proofs that have aged


def test_a_live_integration_that_is_due_is_verified_by_the_service_itself(bench: Workbench) -> None:
    integration = live(bench)
    tend(bench)
    [job] = bench.jobs_of(integration)
    assert (job["kind"], job["state"], job["header"]) == ("verify", "queued", "Verify GitHub")
    assert (job["creator_user"], job["creator_key_id"]) == ("jackfield", None)
    assert bench.row(integration)["state"] == "verifying"
    # it goes behind what a person waits for
    priorities = "select priority from pgqueuer where convert_from(payload, 'UTF8') = $1"
    assert bench.operator.fetch(priorities, f"{bench.organisation.id}:{job['id']}")[0][0] == 0

    tend(bench)
    assert len(bench.jobs_of(integration)) == 1


@pytest.mark.parametrize("state", ["new", "verifying", "deleting", "deleted"])
def test_in_other_states_nothing_is_asked(bench: Workbench, state: str) -> None:
    integration = bench.integration("github", state=state, verification_due_at=ago(minutes=1))
    tend(bench)
    assert bench.jobs_of(integration) == []
    assert bench.row(integration)["state"] == state


def test_before_its_time_nothing_is_asked(bench: Workbench) -> None:
    soon, never = live(bench, verification_due_at=ago(minutes=-5)), live(bench, verification_due_at=None)
    tend(bench)
    assert (bench.jobs_of(soon), bench.jobs_of(never)) == ([], [])


@pytest.mark.parametrize("provider", ["teams", "a-package-that-is-gone"])
def test_where_nothing_can_be_verified_it_is_not_due_any_more(bench: Workbench, provider: str) -> None:
    integration = live(bench, provider)
    before = bench.row(integration)
    tend(bench)
    assert bench.jobs_of(integration) == []
    row = bench.row(integration)
    assert (row["state"], row["verification_due_at"]) == ("live", None)
    # nobody changed it
    assert row["updated_at"] == before["updated_at"]


# Jobs that nobody finished


def overdue(bench: Workbench, integration: int, kind: JobKind = JobKind.VERIFY, **columns: object) -> int:
    job_id = bench.queue(integration, kind)
    bench.change_job(job_id, **{"expires_at": ago(seconds=1), **columns})
    return job_id


@pytest.mark.parametrize("state", ["queued", "scheduled"])
def test_a_job_that_nobody_ran_expires_and_its_integration_is_new_again(bench: Workbench, state: str) -> None:
    job_id = overdue(bench, integration := bench.integration(state="verifying"), state=state)
    tend(bench)
    job, row = bench.job(job_id), bench.row(integration)
    assert (job["state"], job["error"]) == ("expired", NOBODY)
    assert job["completed_at"] is not None
    assert (row["state"], row["error"], row["verification_due_at"]) == ("new", NOBODY, None)
    assert row["error_at"] is not None
    # whoever still has it in the queue begins nothing
    assert bench.run(job_id) is None
    assert bench.job(job_id)["state"] == "expired"


def test_what_was_proven_before_is_live_again_and_asked_again_soon(bench: Workbench) -> None:
    integration = bench.integration(state="verifying", verified_at=ago(days=2))
    job_id = overdue(bench, integration)
    tend(bench)
    row = bench.row(integration)
    assert bench.job(job_id)["state"] == "expired"
    assert (row["state"], row["error"]) == ("live", NOBODY)
    assert ago(minutes=-50) < row["verification_due_at"] < ago(minutes=-70)


def test_a_job_in_time_is_left_alone(bench: Workbench) -> None:
    job_id = bench.queue(integration := bench.integration(state="verifying"))
    tend(bench)
    assert bench.job(job_id)["state"] == "queued"
    assert bench.row(integration)["state"] == "verifying"


def test_a_running_job_may_take_an_hour_more(bench: Workbench) -> None:
    slow, stuck = bench.integration(state="verifying"), bench.integration(state="verifying")
    slow_job = overdue(bench, slow, state="running", expires_at=ago(minutes=59))
    stuck_job = overdue(bench, stuck, state="running", expires_at=ago(minutes=61))
    tend(bench)
    assert (bench.job(slow_job)["state"], bench.row(slow)["state"]) == ("running", "verifying")
    assert (bench.job(stuck_job)["state"], bench.row(stuck)["state"]) == ("expired", "new")


def test_an_overdue_deletion_is_carried_out_all_the_same(bench: Workbench) -> None:
    integration = bench.integration("github", "token", state="deleting")
    job_id = overdue(bench, integration, JobKind.DELETE)
    tend(bench)
    row = bench.row(integration)
    assert (row["state"], row["sealed_secrets"]) == ("deleted", None)
    assert NOBODY in bench.job(job_id)["output"]


# Old rows


def test_what_has_been_over_for_a_month_is_taken_away_and_nothing_younger(bench: Workbench) -> None:
    gone = bench.integration(state="deleted", deleted_at=ago(days=31))
    kept = [bench.integration(state="deleted", deleted_at=ago(days=29)), bench.integration(created_at=ago(days=99))]
    jobs = [bench.queue(bench.integration()) for _ in range(4)]
    for job_id, age in zip(jobs, (31, 29), strict=False):
        bench.change_job(job_id, state="completed", completed_at=ago(days=age))
    bench.change_job(jobs[2], queued_at=ago(days=99))
    purge(bench)
    left = "select id from integration where organisation_id = $1 and id = any($2)"
    found = {record[0] for record in bench.operator.fetch(left, bench.organisation.id, [gone, *kept])}
    assert found == set(kept)
    left = "select id from job where organisation_id = $1"
    assert {record[0] for record in bench.operator.fetch(left, bench.organisation.id)} == set(jobs[1:])


def test_more_than_one_batch_is_taken_away_at_once(bench: Workbench) -> None:
    fill = """
    insert into integration (organisation_id, provider, name, identifier, unique_identifier, created_by, creator_user,
        creator_key_id, state, deleted_at)
    select $1, 'github', 'n', 'n', n::text, 'u', 'u', 1, 'deleted', now() - interval '40 days'
    from generate_series(1, 1100) n
    """
    bench.operator.fetch(fill, bench.organisation.id)
    purge(bench)
    count = "select count(*) from integration where organisation_id = $1"
    assert bench.operator.fetch(count, bench.organisation.id)[0][0] == 0


def test_what_the_queue_remembers_is_forgotten_after_a_day(bench: Workbench) -> None:
    fill = """
    insert into pgqueuer_log (job_id, status, priority, entrypoint, created)
    select n, 'successful', 0, 'of this test', now() - n * interval '13 hours' from generate_series(1, 3) n
    """
    bench.operator.fetch(fill)
    fill = """
    insert into pgqueuer_statistics (count, priority, status, entrypoint, created)
    select n, 0, 'successful', 'of this test', now() - n * interval '13 hours' from generate_series(1, 3) n
    """
    bench.operator.fetch(fill)
    purge(bench)
    left = "select job_id from pgqueuer_log where entrypoint = 'of this test'"
    assert [record[0] for record in bench.operator.fetch(left)] == [1]
    left = "select count from pgqueuer_statistics where entrypoint = 'of this test'"
    assert [record[0] for record in bench.operator.fetch(left)] == [1]
