"""Deliveries, jobs and items as pages show them: of the whole organisation, by what is asked for."""

from typing import Any

import pytest

from jackfield.domain.delivery import DeliverySearch, DeliveryState, NamedDelivery
from jackfield.domain.errors import CapabilityMissing
from jackfield.domain.item import ItemFilter, ItemType
from jackfield.domain.job import JobFilter, JobKind, JobState
from jackfield.domain.principal import Capability
from support.callers import allowed, lacking
from support.workbench import Workbench

HOLD = (
    "update delivery set state = 'held', error = 'refused', ended_at = now(), attempts = 3 where organisation_id = $1"
)


def found(bench: Workbench, **wanted: Any) -> list[NamedDelivery]:
    caller = allowed(bench, Capability.VIEW)
    return list(bench.operator.run(bench.house.services.deliveries.list_all(caller, DeliverySearch(**wanted))))


def keys(bench: Workbench, **wanted: Any) -> list[str]:
    return [one.delivery.item_key for one in found(bench, **wanted)]


@pytest.fixture
def two(bench: Workbench) -> tuple[int, int]:
    """Two integrations, to each of which three items are on their way."""
    made = (
        bench.integration("github", token="t", state="live", item_type="work_item", name="Code"),
        bench.integration("slack", token="t", state="live", item_type="document", name="Chat"),
    )
    for number in (1, 2, 3):
        bench.put(f"W{number}")
        bench.put(f"D{number}", type=ItemType.DOCUMENT)
    return made


def test_all_integrations_deliveries_are_listed_newest_first(bench: Workbench, two: tuple[int, int]) -> None:
    assert keys(bench) == ["D3", "W3", "D2", "W2", "D1", "W1"]
    newest = found(bench)[0]
    assert (newest.integration_name, newest.provider, newest.delivery.integration_id) == ("Chat", "slack", two[1])


def test_page_by_page_they_are_the_same(bench: Workbench, two: tuple[int, int]) -> None:
    first = found(bench, limit=4)
    assert [*first, *found(bench, limit=4, before=first[-1].delivery.id)] == found(bench)


def test_they_are_found_by_integration_state_and_key(bench: Workbench, two: tuple[int, int]) -> None:
    assert keys(bench, integration_id=two[0]) == ["W3", "W2", "W1"]
    assert keys(bench, item_key="D2") == ["D2"]
    assert keys(bench, item_key="D") == []
    bench.operator.fetch(f"{HOLD} and integration_id = $2", bench.organisation.id, two[1])
    assert keys(bench, states=(DeliveryState.HELD,)) == ["D3", "D2", "D1"]
    assert keys(bench, states=(DeliveryState.HELD,), integration_id=two[0]) == []
    assert keys(bench, states=(DeliveryState.HELD, DeliveryState.PENDING), item_key="W1") == ["W1"]


def test_all_that_is_held_goes_on(bench: Workbench, two: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    # more than one transaction's worth
    monkeypatch.setattr("jackfield.services.deliveries._BATCH", 2)
    bench.operator.fetch(HOLD, bench.organisation.id)
    bench.operator.fetch("update job set state = 'completed' where organisation_id = $1", bench.organisation.id)
    bench.operator.fetch("update delivery set state = 'delivered' where id = $1", found(bench)[0].delivery.id)
    caller = allowed(bench, Capability.MANAGE)
    assert bench.operator.run(bench.house.services.deliveries.retry_all_held(caller)) == 5
    waiting = [one.delivery for one in found(bench, states=(DeliveryState.PENDING,))]
    assert [(one.attempts, one.ended_at) for one in waiting] == [(0, None)] * 5
    alive = "select integration_id from job where organisation_id = $1 and kind = 'deliver' and state = 'queued'"
    assert {record[0] for record in bench.operator.fetch(alive, bench.organisation.id)} == set(two)
    audit = "select subject_ids[1] from audit_entry where organisation_id = $1 and action = 'deliveries.retried'"
    assert {record[0] for record in bench.operator.fetch(audit, bench.organisation.id)} == set(two)
    assert bench.operator.run(bench.house.services.deliveries.retry_all_held(caller)) == 0


def test_another_organisation_sees_nothing_and_lets_nothing_go(bench: Workbench, two: tuple[int, int]) -> None:
    bench.operator.fetch(HOLD, bench.organisation.id)
    other = Workbench(bench.operator)
    assert found(other) == []
    assert found(other, integration_id=two[0]) == []
    assert found(other, item_key="W1") == []
    assert bench.operator.run(bench.house.services.deliveries.retry_all_held(other.caller)) == 0
    assert len(found(bench, states=(DeliveryState.HELD,))) == 6


def test_only_who_may_does(bench: Workbench) -> None:
    deliveries = bench.house.services.deliveries
    with pytest.raises(CapabilityMissing):
        bench.operator.run(deliveries.list_all(lacking(bench, Capability.VIEW), DeliverySearch()))
    with pytest.raises(CapabilityMissing):
        bench.operator.run(deliveries.retry_all_held(lacking(bench, Capability.MANAGE)))


# Jobs and items


def test_jobs_are_found_by_kind_integration_and_place(bench: Workbench) -> None:
    one, other = bench.integration(), bench.integration()
    verify, sync, elsewhere = bench.queue(one), bench.queue(one, JobKind.SYNC), bench.queue(other)

    def jobs(**wanted: Any) -> list[int]:
        listing = bench.house.services.jobs.list(bench.caller, JobFilter(**wanted))
        return [job.id for job in bench.operator.run(listing)]

    assert jobs() == [elsewhere, sync, verify]
    assert jobs(kinds=(JobKind.SYNC,)) == [sync]
    assert jobs(kinds=(JobKind.SYNC, JobKind.VERIFY)) == [elsewhere, sync, verify]
    assert jobs(integration_id=one) == [sync, verify]
    assert jobs(before=elsewhere, limit=1) == [sync]
    assert jobs(before=sync, kinds=(JobKind.VERIFY,), integration_id=one) == [verify]
    assert jobs(integration_id=one, states=(JobState.COMPLETED,)) == []
    assert jobs(states=(JobState.QUEUED,), kinds=(JobKind.SYNC,)) == [sync]
    assert jobs(states=(JobState.QUEUED, JobState.COMPLETED), kinds=(JobKind.SYNC,)) == [sync]
    # and in any other order, or with a search
    assert jobs(order=(("queue", False),), integration_id=one, before=elsewhere) == [sync, verify]
    assert jobs(search="header", kinds=(JobKind.VERIFY,)) == [elsewhere, verify]


def test_items_are_found_by_key(bench: Workbench) -> None:
    for item_type in (ItemType.WORK_ITEM, ItemType.DOCUMENT):
        bench.put("same", type=item_type)
    bench.put("other")

    def items(**wanted: Any) -> list[tuple[str, str]]:
        listing = bench.house.services.items.list(bench.caller, ItemFilter(**wanted))
        return [(one.item.type, one.item.key) for one in bench.operator.run(listing)]

    assert items(key="same") == [("document", "same"), ("work_item", "same")]
    assert items(key="same", type=ItemType.DOCUMENT) == [("document", "same")]
    assert items(key="none") == []
    assert items() == [("work_item", "other"), ("document", "same"), ("work_item", "same")]
