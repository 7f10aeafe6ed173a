"""What an organisation's administrator sees first, counted from real rows."""

from datetime import UTC, datetime, timedelta

import pytest

from jackfield.domain.count import MOST, Count
from jackfield.domain.errors import CapabilityMissing
from jackfield.domain.health import Health
from jackfield.domain.integration import State
from jackfield.domain.overview import HOURS, MOST_BROKEN, OverviewFacts
from jackfield.domain.principal import Capability
from support.callers import allowed, lacking
from support.workbench import Workbench

NONE = Count(0)
MANY = """
insert into integration (organisation_id, provider, name, identifier, unique_identifier, created_by, creator_user,
    creator_key_id, state, health)
select $1, 'sentry', 'n', 'n', n::text, 'u', 'u', 1, 'live', 'active' from generate_series(1, $2::integer) n
"""
ENDED = """
update delivery set state = $2, ended_at = now() where organisation_id = $1 and item_id = (
    select id from item where organisation_id = $1 and key = $3
)
"""


def overview(bench: Workbench) -> OverviewFacts:
    return bench.operator.run(bench.house.services.overview.get(allowed(bench, Capability.VIEW)))


def test_an_empty_organisation_has_an_overview(bench: Workbench) -> None:
    facts = overview(bench)
    assert set(facts.states) == set(State)
    assert set(facts.healths) == set(Health)
    assert {*facts.states.values(), *facts.healths.values(), facts.waiting, facts.held, facts.alive_jobs} == {NONE}
    assert facts.broken == ()
    for hours in (facts.delivery_hours, facts.job_hours):
        assert len(hours) == HOURS
        assert {(hour.good, hour.bad) for hour in hours} == {(NONE, NONE)}
        assert [hour.at for hour in hours] == sorted(hour.at for hour in hours)
        assert hours[-1].at <= datetime.now(UTC) < hours[-1].at + timedelta(hours=2)


def test_integrations_are_counted_by_state_and_health(bench: Workbench) -> None:
    bench.integration(state="live")
    bench.integration(state="new")
    bench.integration(state="live", health="degraded")
    bench.integration(state="new", health="misconfigured", status="error", health_reason="The repository is gone")
    bench.integration(state="live", status="inactive")
    bench.integration(state="deleted")
    facts = overview(bench)
    assert facts.states[State.LIVE] == Count(3)
    assert facts.states[State.NEW] == Count(2)
    assert facts.states[State.DELETED] == Count(1)
    assert facts.healths == {
        Health.UNKNOWN: Count(1),
        Health.ACTIVE: Count(1),
        Health.DEGRADED: Count(1),
        Health.NEEDS_REAUTHORISATION: NONE,
        Health.MISCONFIGURED: Count(1),
        # without a credential, and inactive: it was ended here
        Health.REVOKED: Count(1),
    }


def test_those_that_need_someone_come_newest_first(bench: Workbench) -> None:
    made = [
        bench.integration(state="new", health="needs_reauthorisation", health_reason=f"Reason {number}")
        for number in range(MOST_BROKEN + 2)
    ]
    reported = bench.integration(state="new", status="error", error="The product says so")
    bench.integration(state="live")
    bench.integration(state="deleted", health="misconfigured")
    facts = overview(bench)
    assert [one.id for one in facts.broken] == [reported, *reversed(made)][:MOST_BROKEN]
    assert [one.reason for one in facts.broken][:2] == ["The product says so", f"Reason {MOST_BROKEN + 1}"]
    assert facts.broken_count == Count(MOST_BROKEN + 3)


def test_what_nothing_is_sent_to_until_somebody_verifies_it_needs_someone(bench: Workbench) -> None:
    waiting = bench.integration(state="new", status="pending", health_reason="The credential was changed.")
    bench.integration(state="verifying", status="pending")
    # another contract's, which is worked with all the same
    bench.integration(state="new", status="active")
    bench.integration(state="deleted", status="pending")
    facts = overview(bench)
    assert [(one.id, one.health, one.reason) for one in facts.broken] == [
        (waiting, Health.UNKNOWN, "The credential was changed.")
    ]
    assert facts.broken_count == Count(1)


def test_more_than_anybody_wants_to_know_is_not_counted(bench: Workbench) -> None:
    bench.operator.fetch(MANY, bench.organisation.id, MOST + 5)
    facts = overview(bench)
    assert facts.states[State.LIVE] == Count(MOST, more=True)
    assert str(facts.healths[Health.ACTIVE]) == "1,000+"


def test_deliveries_are_counted_by_hour_and_outcome(bench: Workbench) -> None:
    bench.integration(token="t", state="live", item_type="work_item", configuration={"repository": "a/b"})
    for key in ("1", "2", "3", "4"):
        bench.put(key)
    bench.operator.fetch(ENDED, bench.organisation.id, "delivered", "1")
    bench.operator.fetch(ENDED, bench.organisation.id, "held", "2")
    facts = overview(bench)
    assert (facts.waiting, facts.held) == (Count(2), Count(1))
    assert [(hour.good, hour.bad) for hour in facts.delivery_hours if hour.good or hour.bad] == [(Count(1), Count(1))]
    assert (facts.delivery_hours[-1].good or facts.delivery_hours[-2].good) == Count(1)


def test_jobs_are_counted_by_hour_and_outcome(bench: Workbench) -> None:
    now = datetime.now(UTC).replace(minute=30, second=0, microsecond=0)
    for back, state in ((1, "completed"), (1, "error"), (5, "expired"), (5, "completed"), (30, "completed")):
        job = bench.queue(bench.integration())
        bench.change_job(job, state=state, state_changed_at=now - timedelta(hours=back))
    bench.queue(bench.integration())
    facts = overview(bench)
    told = {HOURS - 1 - number: hour for number, hour in enumerate(facts.job_hours) if hour.good or hour.bad}
    # a test that begins in one hour and ends in the next sees each an hour later
    late = min(told) - 1
    assert {back - late: (hour.good, hour.bad) for back, hour in told.items()} == {
        1: (Count(1), Count(1)),
        5: (Count(1), Count(1)),
    }
    assert facts.alive_jobs == Count(1)


def test_another_organisation_sees_nothing_of_it(bench: Workbench) -> None:
    bench.queue(bench.integration(state="live", health="misconfigured"))
    facts = overview(Workbench(bench.operator))
    assert {*facts.states.values(), *facts.healths.values(), facts.alive_jobs, facts.broken_count} == {NONE}
    assert facts.broken == ()


def test_only_who_may_look_sees_it(bench: Workbench) -> None:
    with pytest.raises(CapabilityMissing):
        bench.operator.run(bench.house.services.overview.get(lacking(bench, Capability.VIEW)))
