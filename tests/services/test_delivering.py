"""Items on their way to a vendor: each change arrives, in order, once; and what happens when it cannot."""

import asyncio
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jackfield.domain import ids
from jackfield.domain.delivery import DeliveryState, Outgoing
from jackfield.domain.integration import Change, Detail, Status, Wanted
from jackfield.domain.item import ItemNotFound, ItemStatus, ItemType, NewItem
from jackfield.domain.job import Running
from jackfield.domain.provider import Delivery
from jackfield.storage.deliveries import CLAIM, HotDeliveries
from jackfield.storage.jobs import HotJobs
from support.delivering import Deliverer, runner_of
from support.operator import ORIGIN, Operator
from support.repository import Asked, Repository, Said
from support.vendor_server import VendorServer, resets, taken
from support.workbench import LEASES_END, Workbench


@pytest.fixture
def repository(vendors: VendorServer) -> Repository:
    return vendors.repository()


def github(bench: Workbench, repository: Repository, **columns: Any) -> int:
    """An integration that work items trigger."""
    return bench.integration(
        "github", "token", {"repository": repository.name}, **{"item_type": "work_item", "state": "live", **columns}
    )


def states(bench: Workbench, integration: int) -> list[DeliveryState]:
    return [one.state for one in bench.deliveries(integration)]


def test_an_item_becomes_an_issue_and_its_changes_change_it(bench: Workbench, repository: Repository) -> None:
    integration = github(bench, repository)
    bench.put(title="Leaking valve", body="It *drips*.", labels=("plant",))
    job = bench.deliver(integration)
    assert json.loads(job["output"]) == {"delivered": "1", "failed": "0"}
    issue = repository.one()
    assert issue["title"] == "Leaking valve"
    assert "It *drips*." in issue["body"]
    assert issue["labels"] == [{"name": "plant"}]
    bench.put(title="Leaking valve", body="It drips no more.", status=ItemStatus.CLOSED)
    bench.deliver(integration)
    issue = repository.one()
    assert "It drips no more." in issue["body"]
    assert issue["state"] == "closed"
    [link] = bench.item().links
    assert (link.vendor_id, link.vendor_url) == ("1", issue["html_url"])
    assert (link.delivered_version, link.status) == (2, ItemStatus.CLOSED)
    assert states(bench, integration) == [DeliveryState.DELIVERED, DeliveryState.DELIVERED]


@pytest.mark.parametrize("state", ["live", "new"])
def test_what_the_vendor_takes_is_proven(bench: Workbench, repository: Repository, state: str) -> None:
    integration = github(bench, repository, state=state, health="unknown", health_reason="The credential was changed.")
    bench.put()
    bench.deliver(integration)
    row = bench.row(integration)
    assert (row["health"], row["health_reason"], row["state"]) == ("active", None, state)


def test_what_the_vendor_refuses_is_not_proven(bench: Workbench, repository: Repository) -> None:
    integration = github(bench, repository, health="unknown")
    repository.fails = lambda _: (503, {})
    bench.put()
    bench.deliver(integration)
    assert bench.row(integration)["health"] == "unknown"


def due_in(bench: Workbench, integration: int) -> list[float]:
    """Seconds until each of the integration's deliveries is tried, the oldest first."""
    seconds = """
    select extract(epoch from due_at - now())::float from delivery
    where organisation_id = $1 and integration_id = $2 order by id
    """
    return [record[0] for record in bench.operator.fetch(seconds, bench.organisation.id, integration)]


def repair(bench: Workbench, integration: int) -> None:
    """What a person does who has mended it, by the service's own way."""
    wanted = Wanted(integration, "the test's")
    asking = bench.house.services.integrations.update(bench.caller, wanted, Change(status=Status.ACTIVE))
    bench.operator.run(asking)


def first(say: Said, times: int = 1) -> Callable[[Asked], Said | None]:
    """What the first writes come to; after them all is well."""
    left = [say] * times
    return lambda asked: left.pop() if left and asked.method in {"POST", "PATCH"} else None


DOWN = (503, {"message": "Unavailable"})


# A burst of changes


def test_a_burst_of_changes_becomes_one_delivery_of_the_latest_state(bench: Workbench, repository: Repository) -> None:
    integration = github(bench, repository)
    for number in range(5):
        bench.put(title=f"Change {number}")
    bench.deliver(integration)
    assert repository.titles() == ["Change 4"]
    assert len(repository.writes) == 1
    assert states(bench, integration) == [DeliveryState.SUPERSEDED] * 4 + [DeliveryState.DELIVERED]
    assert bench.deliveries(integration)[-1].version == 5


def test_a_change_while_the_item_is_on_its_way_goes_afterwards(bench: Workbench, repository: Repository) -> None:
    integration = github(bench, repository)
    told = []

    def tell(asked: Asked) -> None:
        if not told:
            told.append(bench.put(title="Later"))

    repository.after = tell
    bench.put(title="Earlier")
    bench.deliver(integration)
    assert [(one.method, one.body["title"]) for one in repository.writes] == [("POST", "Earlier"), ("PATCH", "Later")]
    assert states(bench, integration) == [DeliveryState.DELIVERED, DeliveryState.DELIVERED]
    assert repository.one()["title"] == "Later"


def test_items_go_side_by_side_and_changes_of_one_item_never(bench: Workbench, repository: Repository) -> None:
    integration = github(bench, repository)
    repository.seconds = 0.02
    for key in range(24):
        bench.put(str(key))
    deliverer = bench.operator.start(bench.run_once(bench.delivery_job(integration)))
    for number in range(6):
        bench.put("0", title=f"Item 0, change {number}")
    while deliverer.result(30) is not None:
        deliverer = bench.operator.start(bench.run_once(bench.delivery_job(integration)))
    assert 2 <= repository.most_at_once <= 8
    assert len(repository.issues) == 24
    assert "Item 0, change 5" in repository.titles()
    assert set(states(bench, integration)) <= {DeliveryState.DELIVERED, DeliveryState.SUPERSEDED}


def test_what_goes_out_for_one_item_is_in_the_order_of_its_changes(bench: Workbench, repository: Repository) -> None:
    integration = github(bench, repository)
    numbers = iter(range(1, 8))

    def tell(asked: Asked) -> None:
        number = next(numbers, None)
        if number is not None:
            bench.put(title=f"{number}")

    repository.after = tell
    bench.put(title="0")
    bench.deliver(integration)
    assert [one.body["title"] for one in repository.writes] == [str(number) for number in range(8)]
    assert repository.most_at_once == 1


# Who hears of it


def test_every_integration_of_the_type_hears_of_it_and_no_other(bench: Workbench, vendors: VendorServer) -> None:
    repositories = [vendors.repository() for _ in range(5)]
    columns: list[dict[str, Any]] = [{}, {}, {"item_type": "document"}, {"enabled": False}, {"status": "inactive"}]
    made = [github(bench, one, **more) for one, more in zip(repositories, columns, strict=True)]
    bench.put()
    for integration in made[:2]:
        bench.deliver(integration)
    assert [len(one.issues) for one in repositories] == [1, 1, 0, 0, 0]
    assert [len(bench.deliveries(one)) for one in made] == [1, 1, 0, 0, 0]
    assert [link.integration_id for link in bench.item().links] == made[:2]


def test_an_integration_that_is_going_hears_nothing(bench: Workbench, repository: Repository) -> None:
    integration = github(bench, repository, state="deleting")
    bench.put()
    assert bench.jobs_of(integration) == []


def test_an_integration_of_another_organisation_hears_nothing(
    bench: Workbench, quiet_operator: Operator, repository: Repository
) -> None:
    stranger = Workbench(quiet_operator)
    integration = github(stranger, repository)
    bench.put()
    assert stranger.jobs_of(integration) == []


def test_what_says_nothing_new_is_not_sent(bench: Workbench, repository: Repository) -> None:
    integration = github(bench, repository)
    bench.put(title="Same", labels=("a",), fields={"a": 1, "b": [None]})
    bench.deliver(integration)
    again = bench.put(title="Same", labels=("a",), fields={"b": [None], "a": 1})
    assert again.version == 1
    assert len(bench.deliveries(integration)) == 1
    assert len(bench.jobs_of(integration)) == 1


# Integrations that are not worked with


@pytest.mark.parametrize("status", ["pending", "error"])
def test_what_waits_for_an_integration_goes_out_once_it_is_proven(
    bench: Workbench, vendors: VendorServer, repository: Repository, status: str
) -> None:
    token = f"token-{uuid.uuid4()}"
    vendors.answer(token, taken)
    integration = github(bench, repository, status=status, sealed_secrets=None, state="new")
    bench.change(integration, sealed_secrets=bench.sealed(integration, {"access_token": token}))
    bench.put()
    bench.deliver(integration)
    assert states(bench, integration) == [DeliveryState.PENDING]
    assert (repository.asked, bench.deliveries(integration)[0].attempts) == ([], 0)
    bench.run_to_its_end(bench.queue(integration))
    bench.deliver(integration)
    assert states(bench, integration) == [DeliveryState.DELIVERED]


def test_what_waited_while_it_was_disabled_goes_out_when_it_is_enabled(
    bench: Workbench, repository: Repository
) -> None:
    integration = github(bench, repository)
    bench.put()
    bench.change(integration, enabled=False)
    bench.deliver(integration)
    assert states(bench, integration) == [DeliveryState.PENDING]
    wanted = Wanted(integration, "the test's")
    bench.operator.run(bench.house.services.integrations.update(bench.caller, wanted, Change(enabled=True)))
    bench.deliver(integration)
    assert states(bench, integration) == [DeliveryState.DELIVERED]


def test_switched_off_in_the_middle_nothing_more_goes_out(bench: Workbench, repository: Repository) -> None:
    integration = github(bench, repository)
    for key in range(30):
        bench.put(str(key))
    switched = []

    def switch(asked: Asked) -> None:
        if not switched:
            switched.append(True)
            bench.change(integration, enabled=False)

    repository.after = switch
    bench.deliver(integration)
    went = states(bench, integration).count(DeliveryState.DELIVERED)
    assert 1 <= went == len(repository.issues) <= 16
    assert states(bench, integration).count(DeliveryState.PENDING) == 30 - went


# The vendor fails


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        ((500, {}), "GitHub answered with an error of its own (500)"),
        ((502, {}), "GitHub answered with an error of its own (502)"),
        (DOWN, "GitHub answered with an error of its own (503)"),
        (resets, "127.0.0.1 broke off the connection"),
    ],
    ids=["500", "502", "503", "reset"],
)
def test_a_vendor_that_fails_is_tried_again_after_growing_waits(
    bench: Workbench, repository: Repository, failure: Said, reason: str
) -> None:
    integration = github(bench, repository)
    repository.fails = lambda _: failure
    bench.put()
    waits = []
    for attempts in (1, 2, 3):
        job = bench.deliver(integration)
        assert (job["state"], json.loads(job["output"])) == ("completed", {"delivered": "0", "failed": "1"})
        [delivery] = bench.deliveries(integration)
        assert (delivery.state, delivery.attempts, delivery.ended_at) == (DeliveryState.PENDING, attempts, None)
        assert delivery.error == reason
        assert delivery.error_at is not None
        waits += due_in(bench, integration)
        bench.make_due(integration)
    assert 20 < waits[0] < 40
    assert 1.2 < waits[1] / waits[0] < 3.2
    assert 1.2 < waits[2] / waits[1] < 3.2
    repository.fails = lambda _: None
    bench.deliver(integration)
    [delivery] = bench.deliveries(integration)
    assert (delivery.state, delivery.attempts, delivery.error) == (DeliveryState.DELIVERED, 4, None)
    assert len(repository.issues) == 1
    # the integration itself was never in question
    assert bench.row(integration)["status"] == "active"


def test_before_its_time_nothing_is_tried_and_a_later_change_does_not_wait(
    bench: Workbench, repository: Repository
) -> None:
    integration = github(bench, repository)
    repository.fails = first(DOWN)
    bench.put(title="Failed")
    bench.deliver(integration)
    bench.operator.run(bench.house.upkeep.tend())
    assert all(job["completed_at"] for job in bench.jobs_of(integration))
    bench.put(title="Changed")
    bench.deliver(integration)
    assert states(bench, integration) == [DeliveryState.SUPERSEDED, DeliveryState.DELIVERED]
    assert repository.titles() == ["Changed"]


def test_after_five_failures_in_a_row_the_account_rests_and_the_others_are_spared(
    bench: Workbench, repository: Repository
) -> None:
    integration = github(bench, repository)
    for key in range(40):
        bench.put(str(key))
    repository.fails = lambda _: DOWN
    seconds = bench.run(bench.delivery_job(integration))
    assert seconds is not None
    assert 20 < seconds < 45
    tried = len(repository.asked)
    assert 5 <= tried <= 12
    attempts = [one.attempts for one in bench.deliveries(integration)]
    assert sorted(attempts) == [0] * (40 - tried) + [1] * tried
    assert set(states(bench, integration)) == {DeliveryState.PENDING}
    # while it rests nobody is asked, and nothing is counted
    assert bench.run(bench.delivery_job(integration)) is not None
    assert len(repository.asked) == tried
    assert sorted(one.attempts for one in bench.deliveries(integration)) == sorted(attempts)


def test_a_success_in_between_is_no_failure_in_a_row(bench: Workbench, repository: Repository) -> None:
    integration = github(bench, repository)
    for key in range(30):
        bench.put(str(key))
    repository.fails = lambda asked: DOWN if asked.body["title"].endswith(("3", "7")) else None
    bench.deliver(integration)
    assert states(bench, integration).count(DeliveryState.DELIVERED) == 24
    assert states(bench, integration).count(DeliveryState.PENDING) == 6


def test_a_vendor_that_wants_to_be_left_alone_is_and_no_try_is_counted(
    bench: Workbench, repository: Repository
) -> None:
    integration = github(bench, repository)
    for key in range(20):
        bench.put(str(key))
    repository.fails = lambda _: (429, {"message": "Slow down"}, {"Retry-After": "77"})
    seconds = bench.run(bench.delivery_job(integration))
    assert seconds is not None
    assert 70 < seconds < 85
    assert len(repository.asked) <= 8
    assert {(one.state, one.attempts) for one in bench.deliveries(integration)} == {(DeliveryState.PENDING, 0)}
    assert bench.job(bench.delivery_job(integration))["failures"] == 0
    repository.fails = lambda _: None
    bench.deliver(integration)
    assert set(states(bench, integration)) == {DeliveryState.DELIVERED}
    assert len(repository.issues) == 20
    # they were refused before anything was done, so nothing has to be looked for
    assert not [one for one in repository.asked if one.method == "GET"]


def test_the_last_try_is_the_last_and_a_person_lets_it_go_on(bench: Workbench, repository: Repository) -> None:
    integration = github(bench, repository)
    for key in ("1", "2", "3"):
        bench.put(key)
    bench.change_deliveries(integration, "attempts = 21")
    repository.fails = lambda _: DOWN
    bench.deliver(integration)
    assert [(one.state, one.attempts) for one in bench.deliveries(integration)] == [(DeliveryState.HELD, 22)] * 3
    assert all(one.ended_at and one.error for one in bench.deliveries(integration))
    bench.make_due(integration)
    assert all(job["completed_at"] for job in bench.jobs_of(integration))

    repository.fails = lambda _: None
    deliveries = bench.house.services.deliveries
    wanted = Wanted(integration, "the test's")
    held = bench.deliveries(integration)[1]
    retried = bench.operator.run(deliveries.retry(bench.caller, wanted, held.id, "it"))
    assert (retried.id, retried.state, retried.attempts) == (held.id, DeliveryState.PENDING, 0)
    bench.deliver(integration)
    assert repository.titles() == ["Item 2"]
    assert bench.operator.run(deliveries.retry_held(bench.caller, wanted)) == 2
    bench.deliver(integration)
    assert repository.titles() == ["Item 1", "Item 2", "Item 3"]
    assert set(states(bench, integration)) == {DeliveryState.DELIVERED}
    assert bench.operator.run(deliveries.retry_held(bench.caller, wanted)) == 0
    audited = "select count(*) from audit_entry where organisation_id = $1 and action = 'deliveries.retried'"
    assert bench.operator.fetch(audited, bench.organisation.id)[0][0] == 2


def test_a_held_one_is_superseded_by_what_is_delivered_after_it(bench: Workbench, repository: Repository) -> None:
    integration = github(bench, repository)
    repository.fails = first((422, {"message": "Validation Failed", "errors": [{"field": "title"}]}))
    bench.put(title="Not taken")
    bench.deliver(integration)
    assert states(bench, integration) == [DeliveryState.HELD]
    bench.put(title="Taken")
    bench.deliver(integration)
    assert states(bench, integration) == [DeliveryState.SUPERSEDED, DeliveryState.DELIVERED]


def test_after_six_hours_without_the_vendor_everything_arrives_once(bench: Workbench, repository: Repository) -> None:
    integration = github(bench, repository)
    repository.fails = lambda _: DOWN
    for key in range(15):
        bench.put(str(key))
    hours = 0.0
    while hours < 6:
        while bench.run(bench.delivery_job(integration)) is not None:
            # what the account rests is over
            bench.operator.fetch("delete from rest where organisation_id = $1", bench.organisation.id)
        # the next one is due
        hours += max(0.0, min(due_in(bench, integration))) / 3600
        bench.make_due(integration)
    assert set(states(bench, integration)) == {DeliveryState.PENDING}
    assert 5 < max(one.attempts for one in bench.deliveries(integration)) < 15
    repository.fails = lambda _: None
    bench.deliver(integration)
    assert set(states(bench, integration)) == {DeliveryState.DELIVERED}
    assert repository.titles() == sorted(f"Item {key}" for key in range(15))


# What has to be mended by a person


def test_a_refused_credential_makes_everything_wait_until_it_is_repaired(
    bench: Workbench, repository: Repository
) -> None:
    integration = github(bench, repository)
    for key in range(12):
        bench.put(str(key))
    repository.refused = True
    job = bench.deliver(integration)
    row = bench.row(integration)
    assert (row["status"], row["state"], row["verified_at"]) == ("error", "new", None)
    assert row["error"] == job["error"] == "GitHub refuses the credential: it is wrong, expired or revoked"
    assert job["state"] == "error"
    assert {(one.state, one.attempts) for one in bench.deliveries(integration)} == {(DeliveryState.PENDING, 0)}
    assert len(repository.asked) <= 8
    # what comes meanwhile waits as well
    bench.put("more")
    bench.deliver(integration)
    bench.make_due(integration)
    assert all(one["completed_at"] for one in bench.jobs_of(integration))
    repository.refused = False
    repair(bench, integration)
    bench.deliver(integration)
    assert set(states(bench, integration)) == {DeliveryState.DELIVERED}
    assert len(repository.issues) == 13


def test_a_setting_that_is_wrong_makes_everything_wait_until_it_is_repaired(
    bench: Workbench, repository: Repository
) -> None:
    integration = github(bench, repository)
    bench.change(integration, configuration=json.dumps({"repository": "acme/nowhere"}))
    for key in range(3):
        bench.put(str(key))
    job = bench.deliver(integration)
    row = bench.row(integration)
    assert (row["status"], job["state"]) == ("error", "error")
    assert "cannot find this repository" in row["error"]
    assert {(one.state, one.attempts) for one in bench.deliveries(integration)} == {(DeliveryState.PENDING, 0)}
    bench.change(integration, configuration=json.dumps({"repository": repository.name}))
    repair(bench, integration)
    bench.deliver(integration)
    assert len(repository.issues) == 3


def test_an_item_that_the_vendor_does_not_take_is_held_and_the_others_go(
    bench: Workbench, repository: Repository
) -> None:
    integration = github(bench, repository)
    for key in range(8):
        bench.put(str(key))
    wrong = (422, {"message": "Validation Failed", "errors": [{"field": "title"}]})
    repository.fails = lambda asked: wrong if asked.body["title"] == "Item 3" else None
    job = bench.deliver(integration)
    assert json.loads(job["output"]) == {"delivered": "7", "failed": "1"}
    [held] = [one for one in bench.deliveries(integration) if one.state is DeliveryState.HELD]
    assert (held.item_key, held.attempts) == ("3", 1)
    assert held.error == "GitHub does not take the issue as it is (title)"
    assert bench.row(integration)["status"] == "active"
    assert len(repository.issues) == 7


def test_a_vendor_to_which_nothing_is_brought_holds_them_and_says_why(bench: Workbench) -> None:
    app = "insert into definition (organisation_id, name, status) values ($1, $2, 'approved') returning id"
    definition = bench.operator.fetch(app, bench.organisation.id, "An app of theirs")[0][0]
    integration = bench.integration(ids.to_hex(definition), item_type="work_item", state="live")
    bench.put()
    bench.deliver(integration)
    [delivery] = bench.deliveries(integration)
    assert delivery.state is DeliveryState.HELD
    assert delivery.error == "Nothing installed here brings items to this vendor"


# The vendor's object


def test_an_issue_that_somebody_deleted_comes_anew_with_the_next_change(
    bench: Workbench, repository: Repository
) -> None:
    integration = github(bench, repository)
    bench.put(title="First")
    bench.deliver(integration)
    repository.issues.clear()
    repository.issues[7] = {"title": "Somebody else's", "body": "", "html_url": "https://github.example/7"}
    bench.put(title="Second")
    bench.deliver(integration)
    assert repository.titles() == ["Second", "Somebody else's"]
    [link] = bench.item().links
    assert (link.vendor_id, link.vanished_at, link.delivered_version) == ("8", None, 2)


@pytest.mark.parametrize("lost", [(500, {}), resets], ids=["500", "reset"])
def test_an_answer_that_was_lost_leaves_no_second_issue(bench: Workbench, repository: Repository, lost: Said) -> None:
    integration = github(bench, repository)
    repository.after = first(lost)
    bench.put(title="Once")
    bench.deliver(integration)
    assert (states(bench, integration), len(repository.issues)) == ([DeliveryState.PENDING], 1)
    bench.make_due(integration)
    bench.deliver(integration)
    assert (states(bench, integration), repository.titles()) == ([DeliveryState.DELIVERED], ["Once"])
    assert [link.vendor_id for link in bench.item().links] == ["1"]


def test_a_lost_answer_is_found_also_when_the_item_has_changed_since(bench: Workbench, repository: Repository) -> None:
    integration = github(bench, repository)
    repository.after = first(resets)
    bench.put(title="Before")
    bench.deliver(integration)
    bench.put(title="Since")
    bench.deliver(integration)
    assert repository.titles() == ["Since"]


def test_a_lost_answer_of_an_item_that_is_deleted_since_is_found_and_closed(
    bench: Workbench, repository: Repository
) -> None:
    integration = github(bench, repository)
    repository.after = first(resets)
    bench.put()
    bench.deliver(integration)
    bench.delete()
    bench.deliver(integration)
    assert repository.one()["state"] == "closed"


@pytest.mark.parametrize("refusal", [(401, {"message": "Bad credentials"}), (422, {})], ids=["refused", "not taken"])
def test_a_refusal_in_between_does_not_end_the_doubt_about_a_lost_answer(
    bench: Workbench, repository: Repository, refusal: Said
) -> None:
    integration = github(bench, repository)
    repository.after = first(resets)
    bench.put(title="Once")
    bench.deliver(integration)
    repository.fails = lambda _: refusal
    bench.make_due(integration)
    bench.deliver(integration)
    repository.fails = lambda _: None
    bench.change(integration, status="active", state="live", error=None)
    wanted = Wanted(integration, "the test's")
    bench.operator.run(bench.house.services.deliveries.retry_held(bench.caller, wanted))
    bench.make_due(integration)
    bench.deliver(integration)
    assert (states(bench, integration), repository.titles()) == ([DeliveryState.DELIVERED], ["Once"])


# Items that are deleted


def test_the_issue_of_a_deleted_item_is_closed_and_opened_when_the_item_returns(
    bench: Workbench, repository: Repository
) -> None:
    integration = github(bench, repository)
    bench.put()
    bench.deliver(integration)
    bench.delete()
    bench.deliver(integration)
    assert repository.one()["state"] == "closed"
    bench.put()
    bench.deliver(integration)
    assert repository.one()["state"] == "open"
    assert bench.item().item.version == 3
    assert states(bench, integration) == [DeliveryState.DELIVERED] * 3


def test_a_deleted_item_that_never_went_out_does_not(bench: Workbench, repository: Repository) -> None:
    integration = github(bench, repository)
    bench.put()
    bench.delete()
    bench.deliver(integration)
    assert states(bench, integration) == [DeliveryState.SUPERSEDED, DeliveryState.CANCELLED]
    assert repository.asked == []


def test_an_item_deleted_during_its_first_delivery_is_closed(bench: Workbench, repository: Repository) -> None:
    integration = github(bench, repository)
    deleted = []

    def delete(asked: Asked) -> None:
        if not deleted:
            deleted.append(bench.delete())

    repository.after = delete
    bench.put()
    bench.deliver(integration)
    assert repository.one()["state"] == "closed"


def test_an_item_that_is_deleted_while_its_first_delivery_is_being_claimed_is_closed(
    bench: Workbench, repository: Repository
) -> None:
    """The deletion does not see the link of a claim that is not committed, but the delivery it will be too late for."""
    integration = github(bench, repository)
    bench.put()
    bench.operator.run(claim_and_delete(bench, bench.delivery_job(integration)))
    assert [one.state for one in bench.deliveries(integration)] == [DeliveryState.SENDING, DeliveryState.PENDING]


async def begun(bench: Workbench, job_id: int) -> tuple[Running, Detail]:
    """The job as a process has it that began it, and its integration."""
    running = await HotJobs(bench.house.database).begin(bench.organisation.id, job_id)
    assert running is not None
    async with bench.house.database.transaction() as work:
        found = await work.integrations.get_detail_for_update(bench.organisation.id, running.integration_id)
    assert found is not None
    return running, found


async def claim(bench: Workbench, job_id: int) -> list[Outgoing]:
    """As a process does that dies before it tells what came of it."""
    running, found = await begun(bench, job_id)
    place = await bench.place(found)
    return await HotDeliveries(bench.house.database).claim(running, found, place, 1)


async def claim_and_delete(bench: Workbench, job_id: int) -> None:
    running, found = await begun(bench, job_id)
    fence = (bench.organisation.id, job_id, running.starts)
    async with bench.house.database.connection() as connection:
        place = await bench.place(found)
        await connection.fetch(CLAIM, *fence, found.id, found.credential_version, 1, found.item_type, place, 21.0)
        await bench.house.services.items.delete(bench.caller, ItemType.WORK_ITEM, "1")


def test_the_issue_of_a_deleted_item_that_is_gone_already_is_no_failure(
    bench: Workbench, repository: Repository
) -> None:
    integration = github(bench, repository)
    bench.put()
    bench.deliver(integration)
    repository.issues.clear()
    repository.issues[9] = {"title": "Somebody else's", "body": "", "html_url": "https://github.example/9"}
    bench.delete()
    bench.deliver(integration)
    assert states(bench, integration) == [DeliveryState.DELIVERED] * 2
    assert list(repository.issues) == [9]


def test_an_integration_that_triggers_on_something_else_now_gets_nothing_of_before(
    bench: Workbench, repository: Repository
) -> None:
    integration = github(bench, repository)
    bench.put()
    bench.change(integration, item_type="document")
    bench.deliver(integration)
    assert states(bench, integration) == [DeliveryState.CANCELLED]
    assert repository.asked == []


def test_what_comes_after_the_type_was_changed_in_the_middle_of_a_run_is_not_cancelled(
    bench: Workbench, repository: Repository
) -> None:
    integration = github(bench, repository)
    changed = []

    def change(asked: Asked) -> None:
        if not changed:
            changed.append(True)
            bench.change(integration, item_type="document")
            bench.put("d", type=ItemType.DOCUMENT)

    repository.after = change
    bench.put()
    bench.deliver(integration)
    assert repository.titles() == ["Item 1", "Item d"]


# What somebody did at the vendor


def test_what_was_read_back_is_not_sent_back(bench: Workbench, repository: Repository) -> None:
    integration = github(bench, repository)
    bench.put()
    bench.deliver(integration)
    repository.one()["state"] = "closed"
    bench.sync(integration)
    assert bench.item().links[0].status is ItemStatus.CLOSED
    bench.put(status=ItemStatus.CLOSED)
    bench.deliver(integration)
    assert [one.method for one in repository.writes] == ["POST"]
    assert states(bench, integration) == [DeliveryState.DELIVERED] * 2
    [link] = bench.item().links
    assert (link.delivered_version, link.vendor_id) == (2, "1")


def test_what_was_closed_at_the_vendor_stays_closed_when_the_product_changes_something_else(
    bench: Workbench, repository: Repository
) -> None:
    integration = github(bench, repository)
    bench.put()
    bench.deliver(integration)
    repository.one()["state"] = "closed"
    bench.sync(integration)
    bench.put(title="Renamed")
    bench.deliver(integration)
    assert (repository.one()["title"], repository.one()["state"]) == ("Renamed", "closed")
    # and the product's own item is as the product says
    assert bench.item().item.status is ItemStatus.OPEN


def test_where_both_changed_the_status_the_product_wins(bench: Workbench, repository: Repository) -> None:
    integration = github(bench, repository)
    bench.put(status=ItemStatus.CLOSED)
    bench.deliver(integration)
    repository.one()["state"] = "open"
    bench.sync(integration)
    bench.put(status=ItemStatus.OPEN)
    bench.deliver(integration)
    assert len(repository.writes) == 2  # the issue, and its closing
    repository.one()["state"] = "closed"
    bench.sync(integration)
    bench.put(status=ItemStatus.IN_PROGRESS)
    bench.deliver(integration)
    assert repository.one()["state"] == "open"


# What goes wrong inside


def breaks(delivery: Delivery) -> None:
    """A bug that one item meets."""
    if delivery.item.key == "2":
        raise RuntimeError("hunter2 does not fit")


def test_an_item_that_breaks_the_provider_keeps_no_other_back(bench: Workbench, repository: Repository) -> None:
    integration = github(bench, repository)
    for key in range(6):
        bench.put(str(key))
    provider = Deliverer(breaks)
    job_id = bench.delivery_job(integration)
    assert bench.run(job_id, runner_of(bench, provider)) is None
    assert sorted(provider.delivered) == ["0", "1", "3", "4", "5"]
    [broken] = [one for one in bench.deliveries(integration) if one.state is not DeliveryState.DELIVERED]
    assert (broken.item_key, broken.state, broken.attempts) == ("2", DeliveryState.HELD, 1)
    # what it said may be anything, so it stands in the log alone
    assert broken.error == "Jackfield made an error with this item; the log has the details under this delivery's ID"


def test_who_was_overtaken_writes_nothing(bench: Workbench, repository: Repository) -> None:
    integration = github(bench, repository)
    bench.put()
    job_id = bench.delivery_job(integration)
    others = HotJobs(bench.house.database)
    taken_over = []

    def take_over(asked: Asked) -> None:
        if not taken_over:
            taken_over.append(bench.operator.run(others.begin(bench.organisation.id, job_id)))

    repository.after = take_over
    bench.run(job_id)
    # what it made is there, and nobody has written so
    assert (len(repository.issues), states(bench, integration)) == (1, [DeliveryState.SENDING])
    assert bench.item().links == ()
    bench.run_to_its_end(job_id)
    assert (repository.titles(), states(bench, integration)) == (["Item 1"], [DeliveryState.DELIVERED])
    assert bench.item().links[0].vendor_id == "1"


def test_what_a_job_that_was_given_up_had_in_hand_goes_out_later(bench: Workbench, repository: Repository) -> None:
    integration = github(bench, repository)
    bench.put()
    job_id = bench.delivery_job(integration)
    bench.operator.run(claim(bench, job_id))
    assert states(bench, integration) == [DeliveryState.SENDING]
    bench.change_job(job_id, expires_at=datetime.now(UTC) - timedelta(hours=2))
    bench.operator.run(bench.house.upkeep.tend())
    # it may still be on its way, so nobody else may have it
    assert bench.job(job_id)["state"] == "scheduled"
    assert states(bench, integration) == [DeliveryState.SENDING]
    bench.operator.fetch(LEASES_END, bench.organisation.id)
    bench.operator.run(bench.house.upkeep.tend())
    assert bench.job(job_id)["state"] == "expired"
    bench.make_due(integration)
    bench.deliver(integration)
    assert states(bench, integration) == [DeliveryState.DELIVERED]


# What the upkeep does


def test_the_upkeep_queues_what_has_become_due_once(bench: Workbench, repository: Repository) -> None:
    integration, idle = github(bench, repository), github(bench, repository, enabled=False)
    repository.fails = first(DOWN)
    bench.put()
    bench.deliver(integration)
    bench.make_due(integration)
    bench.make_due(integration)
    job_id = bench.delivery_job(integration)
    assert (bench.job(job_id)["state"], bench.job(job_id)["creator_user"]) == ("queued", "jackfield")
    assert bench.jobs_of(idle) == []


def test_the_deletion_of_the_organisation_erases_items_links_and_deliveries(
    bench: Workbench, repository: Repository
) -> None:
    integration = github(bench, repository)
    bench.put()
    bench.deliver(integration)
    bench.put(title="On its way")
    bench.operator.run(bench.house.services.organisations.delete(bench.organisation.handle, ORIGIN))
    for table in ("item", "link", "delivery"):
        count = f"select count(*) from {table} where organisation_id = $1"
        assert bench.operator.fetch(count, bench.organisation.id)[0][0] == 0
    bench.deliver(integration)
    assert len(repository.writes) == 1


def counted(bench: Workbench) -> tuple[int, int, int]:
    """How many items, links and deliveries there are."""
    count = """
    select (select count(*) from item where organisation_id = $1), (select count(*) from link
        where organisation_id = $1), (select count(*) from delivery where organisation_id = $1)
    """
    return tuple(bench.operator.fetch(count, bench.organisation.id)[0])  # type: ignore[return-value]


def purge(bench: Workbench) -> None:
    bench.operator.run(bench.house.upkeep.purge())


def age(bench: Workbench, table: str, column: str, days: int) -> None:
    change = f"update {table} set {column} = now() - make_interval(days => $2) where organisation_id = $1"
    bench.operator.fetch(f"{change} and {column} is not null", bench.organisation.id, days)


def test_deliveries_that_ended_a_month_ago_are_taken_away_but_those_that_are_held(
    bench: Workbench, repository: Repository
) -> None:
    integration = github(bench, repository)
    repository.fails = lambda asked: (422, {}) if asked.body["title"] == "Not taken" else None
    bench.put("1")
    bench.put("2", title="Not taken")
    bench.deliver(integration)
    age(bench, "delivery", "ended_at", 29)
    purge(bench)
    assert counted(bench) == (2, 2, 2)
    age(bench, "delivery", "ended_at", 31)
    purge(bench)
    assert states(bench, integration) == [DeliveryState.HELD]


def test_items_that_were_deleted_a_month_ago_are_taken_away_with_what_they_became(
    bench: Workbench, repository: Repository
) -> None:
    integration = github(bench, repository)
    bench.put("kept")
    bench.put("gone")
    bench.deliver(integration)
    bench.delete("gone")
    age(bench, "item", "deleted_at", 29)
    purge(bench)
    assert counted(bench) == (2, 2, 3)
    age(bench, "item", "deleted_at", 31)
    purge(bench)
    # the deletion itself waited still; the delivery before it goes by its age
    assert counted(bench) == (1, 1, 2)
    assert bench.item("kept").links[0].vendor_id is not None


def test_what_waited_for_a_broken_integration_does_not_outlive_its_item(
    bench: Workbench, repository: Repository
) -> None:
    integration = github(bench, repository, status="error")
    for key in range(10):
        bench.put(str(key))
        bench.delete(str(key))
    bench.put("kept")
    age(bench, "item", "deleted_at", 31)
    purge(bench)
    assert counted(bench) == (1, 0, 1)
    repair(bench, integration)
    bench.deliver(integration)
    assert repository.titles() == ["Item kept"]


def test_the_deliveries_of_an_integration_go_with_it(bench: Workbench, repository: Repository) -> None:
    integration = github(bench, repository)
    bench.put()
    bench.deliver(integration)
    bench.change(integration, state="deleted", deleted_at=datetime.now(UTC) - timedelta(days=31), sealed_secrets=None)
    purge(bench)
    assert counted(bench) == (1, 0, 0)


def test_the_deletion_of_an_integration_cancels_what_waits(bench: Workbench, repository: Repository) -> None:
    integration = github(bench, repository)
    bench.put()
    wanted = Wanted(integration, "the test's")
    bench.operator.run(bench.house.services.integrations.delete(bench.caller, wanted))
    bench.deliver(integration)
    assert (repository.asked, states(bench, integration)) == ([], [DeliveryState.CANCELLED])


# Telling of items


def test_what_occurred_earlier_and_comes_later_changes_nothing(bench: Workbench, repository: Repository) -> None:
    integration = github(bench, repository)
    now = datetime.now(UTC)
    bench.put(title="Newer", occurred_at=now)
    put = bench.put(title="Older", occurred_at=now - timedelta(seconds=1))
    assert (put.title, put.version) == ("Newer", 1)
    assert len(bench.deliveries(integration)) == 1
    # of what occurred at the same moment, what comes last stands
    assert bench.put(title="Same moment", occurred_at=now).version == 2


def test_a_change_from_before_the_deletion_does_not_bring_it_back(bench: Workbench, repository: Repository) -> None:
    before = bench.put().occurred_at
    bench.delete()
    put = bench.operator.run(
        bench.house.services.items.put(
            bench.caller, NewItem(type=ItemType.WORK_ITEM, key="1", title="Late", occurred_at=before)
        )
    )
    assert not put.applied
    with pytest.raises(ItemNotFound):
        bench.item()


def test_batches_and_single_changes_of_the_same_new_items_at_once_all_end_well(
    bench: Workbench, repository: Repository
) -> None:
    integration = github(bench, repository)
    items = bench.house.services.items

    def named(number: int, key: int) -> NewItem:
        return NewItem(type=ItemType.WORK_ITEM, key=str(key), title=f"By {number}")

    async def all_at_once(round_: int) -> list[Any]:
        keys = range(round_ * 20, round_ * 20 + 20)
        batches = [
            items.put_all(bench.caller, [named(number, key) for key in (keys if number % 2 else reversed(keys))])
            for number in range(6)
        ]
        singles = [items.put(bench.caller, named(9, key)) for key in keys]
        return await asyncio.gather(*batches, *singles)

    for round_ in range(5):
        *batches, _ = bench.operator.run(all_at_once(round_))
        assert [len(one) for one in batches[:6]] == [20] * 6
    bench.deliver(integration)
    assert len(repository.issues) == 100
