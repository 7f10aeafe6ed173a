"""One story of an integration, from four tables."""

from typing import Any

import pytest

from jackfield.domain.errors import CapabilityMissing
from jackfield.domain.integration import IntegrationNotFound, Wanted
from jackfield.domain.job import JobKind
from jackfield.domain.principal import Capability
from jackfield.domain.timeline import EntryKind, Outcome, TimelineEntry
from support.callers import allowed, lacking
from support.workbench import Workbench


def wanted(integration_id: int) -> Wanted:
    return Wanted(integration_id, "the test's")


def timeline(bench: Workbench, integration_id: int, **more: Any) -> list[TimelineEntry]:
    caller = allowed(bench, Capability.VIEW)
    return list(bench.operator.run(bench.house.services.timeline.list(caller, wanted(integration_id), **more)))


@pytest.fixture
def told(bench: Workbench) -> int:
    """An integration to which something of every kind has happened, in this order."""
    found = bench.integration(token="t", state="live", item_type="work_item", configuration={"repository": "a/b"})
    bench.operator.run(bench.house.services.verification.ask(bench.caller, wanted(found)))
    bench.change_job(bench.jobs_of(found)[0]["id"], state="error", error="The token is wrong")
    bench.put("WI-7")
    bench.change(found, health="needs_reauthorisation", health_reason="The token is wrong")
    bench.change(found, health="active", health_reason=None)
    return found


def test_all_that_happened_is_told_newest_first(bench: Workbench, told: int) -> None:
    story = timeline(bench, told)
    assert [entry.id for entry in story] == sorted((entry.id for entry in story), reverse=True)
    [verification] = [entry for entry in story if entry.title == "Verification failed"]
    assert verification.kind is EntryKind.JOB
    assert (verification.outcome, verification.detail) == (Outcome.BAD, "The token is wrong")
    assert (verification.actor, verification.job_id) == ("alice", verification.id)
    [asked] = [entry for entry in story if entry.kind is EntryKind.DEED]
    assert (asked.title, asked.actor, asked.outcome) == ("Verification asked for", "alice", Outcome.NEUTRAL)
    [delivery] = [entry for entry in story if entry.kind is EntryKind.DELIVERY]
    assert (delivery.title, delivery.outcome) == ("Work item WI-7 waits", Outcome.RUNNING)
    assert delivery.delivery_id == bench.deliveries(told)[0].id
    assert [(entry.title, entry.outcome) for entry in story if entry.kind is EntryKind.EVENT] == [
        ("It works again", Outcome.GOOD),
        ("It broke", Outcome.BAD),
    ]
    [delivering] = [entry for entry in story if entry.title == "Delivery of what waits waits"]
    # nobody asked for it
    assert (delivering.actor, delivering.outcome) == (None, Outcome.RUNNING)


def test_page_by_page_it_is_the_same_story(bench: Workbench, told: int) -> None:
    whole = timeline(bench, told)
    pages: list[TimelineEntry] = []
    while page := timeline(bench, told, before=pages[-1].id if pages else None, limit=2):
        assert len(page) <= 2
        pages += page
    assert pages == whole
    assert len(whole) == 6


@pytest.mark.parametrize("kind", JobKind)
def test_every_kind_of_job_has_words(bench: Workbench, kind: JobKind) -> None:
    found = bench.integration()
    job = bench.queue(found, kind)
    for state, word in (("queued", "waits"), ("completed", "succeeded"), ("expired", "was not done in time")):
        bench.change_job(job, state=state)
        [entry] = timeline(bench, found)
        assert entry.title.endswith(word)


@pytest.mark.parametrize("state", ["pending", "sending", "delivered", "superseded", "cancelled", "held"])
def test_every_state_of_a_delivery_has_words(bench: Workbench, state: str) -> None:
    found = bench.integration(token="t", state="live", item_type="work_item")
    bench.put("WI-7")
    change = "update delivery set state = $2 where organisation_id = $1"
    bench.operator.fetch(change, bench.organisation.id, state)
    [entry] = [entry for entry in timeline(bench, found) if entry.kind is EntryKind.DELIVERY]
    assert entry.title.startswith("Work item WI-7 ")


def test_other_integrations_are_another_story(bench: Workbench, told: int) -> None:
    assert timeline(bench, bench.integration()) == []


def test_another_organisation_has_no_such_integration(bench: Workbench, told: int) -> None:
    with pytest.raises(IntegrationNotFound):
        timeline(Workbench(bench.operator), told)


def test_only_who_may_look_sees_it(bench: Workbench, told: int) -> None:
    caller = lacking(bench, Capability.VIEW)
    with pytest.raises(CapabilityMissing):
        bench.operator.run(bench.house.services.timeline.list(caller, wanted(told)))
