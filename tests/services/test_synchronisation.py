"""Synchronisation: what the vendor lacks is brought, what somebody changed there is read, and nothing is said twice."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jackfield.domain.delivery import DeliveryState
from jackfield.domain.errors import CapabilityMissing
from jackfield.domain.integration import Change, IntegrationNotFound, InvalidState, JsonObject, Wanted
from jackfield.domain.item import ItemStatus, ItemType, Link, NewItem
from jackfield.domain.job import Job
from jackfield.domain.principal import Caller, Capability, Principal
from jackfield.storage.hot_integrations import HotIntegrations
from jackfield.storage.jobs import HotJobs
from support.operator import ORIGIN, Operator
from support.repository import Asked, Repository
from support.vendor_server import VendorServer
from support.waiting import until
from support.workbench import KEY_ID, Workbench

NOTHING = dict.fromkeys(
    (*("unchanged", "missing", "stale", "waiting", "vanished", "changed"), *("under_way", "failing", "held")), "0"
)
#: how somebody at the vendor is known there
OCTOCAT = {"login": "octocat"}


@pytest.fixture
def repository(vendors: VendorServer) -> Repository:
    return vendors.repository()


def github(bench: Workbench, repository: Repository, **columns: Any) -> int:
    """An integration that work items trigger."""
    columns = {"item_type": "work_item", "state": "live", **columns}
    return bench.integration("github", "token", {"repository": repository.name}, **columns)


def put_many(bench: Workbench, count: int) -> None:
    items = [NewItem(type=ItemType.WORK_ITEM, key=f"{key}", title=f"Item {key}") for key in range(count)]
    bench.operator.run(bench.house.services.items.put_all(bench.caller, items))


def delivered(bench: Workbench, repository: Repository, count: int = 1, **columns: Any) -> int:
    """An integration to whose vendor so many items were brought; what the vendor was asked for that is forgotten."""
    integration = github(bench, repository, **columns)
    put_many(bench, count)
    bench.deliver(integration)
    repository.asked.clear()
    return integration


def counts(job: Any, **differing: int) -> None:
    """The job has ended well, having counted these, and of all else none."""
    assert (job["state"], job["error"]) == ("completed", None)
    told = json.loads(job["output"])
    expected = {**NOTHING, **{name: str(count) for name, count in differing.items()}}
    assert {name: count for name, count in told.items() if name not in {"total", "done"}} == expected
    assert told["total"] == told["done"]


def asked(bench: Workbench, integration: int, *, dry_run: bool = False) -> Job:
    wanted = Wanted(integration, "the test's")
    return bench.operator.run(bench.house.services.synchronisation.ask(bench.caller, wanted, dry_run=dry_run))


def link(bench: Workbench, key: str = "0") -> Link:
    [one] = bench.item(key).links
    return one


def forget_deliveries(bench: Workbench) -> None:
    """As when what was told while nobody looked was missed."""
    bench.operator.fetch("delete from delivery where organisation_id = $1", bench.organisation.id)


# What the vendor lacks


def test_what_is_missing_is_created_and_what_is_stale_updated(bench: Workbench, repository: Repository) -> None:
    integration = delivered(bench, repository, 2)
    bench.put("1", title="Renamed")
    bench.put("2", title="New")
    bench.put("3", type=ItemType.DOCUMENT, title="Of another type")
    forget_deliveries(bench)
    job = bench.sync(integration)
    counts(job, unchanged=1, stale=1, missing=1)
    assert json.loads(job["output"])["total"] == "3"
    assert repository.titles() == ["Item 0", "New", "Renamed"]
    assert {one.job_id for one in bench.deliveries(integration)} == {job["id"]}
    assert all(step["completed"] for step in json.loads(job["steps"]))
    assert (job["header"], job["kind"], job["creator_user"]) == ("Synchronise GitHub", "sync", "alice")
    counts(bench.sync(integration), unchanged=3)


def test_items_from_before_the_integration_was_made_are_brought(bench: Workbench, repository: Repository) -> None:
    put_many(bench, 130)
    integration = github(bench, repository)
    counts(bench.sync(integration), missing=130)
    assert len(repository.issues) == 130
    # nothing was there to be read
    assert all(one.method == "POST" for one in repository.asked)


def test_what_is_on_its_way_already_is_waited_for_by_nobody_and_not_sent_twice(
    bench: Workbench, repository: Repository
) -> None:
    integration = github(bench, repository)
    put_many(bench, 3)
    counts(bench.run_to_its_end(asked(bench, integration).id), waiting=3)
    bench.deliver(integration)
    assert len(repository.writes) == len(bench.deliveries(integration)) == 3


def test_deleted_items_are_not_brought(bench: Workbench, repository: Repository) -> None:
    put_many(bench, 2)
    bench.delete("0")
    integration = github(bench, repository)
    counts(bench.sync(integration), missing=1)
    assert repository.titles() == ["Item 1"]


def test_what_the_vendor_does_not_take_is_told(bench: Workbench, repository: Repository) -> None:
    integration = github(bench, repository)
    put_many(bench, 3)
    forget_deliveries(bench)
    wrong = (422, {"message": "Validation Failed", "errors": [{"field": "title"}]})
    repository.fails = lambda one: wrong if one.body["title"] == "Item 1" else None
    counts(bench.sync(integration), missing=3, held=1)


def test_without_items_there_is_nothing_to_do(bench: Workbench, repository: Repository) -> None:
    counts(bench.sync(github(bench, repository)))
    assert repository.asked == []


# What somebody did at the vendor


def test_what_changed_at_the_vendor_is_read(bench: Workbench, repository: Repository) -> None:
    integration = delivered(bench, repository)
    before = link(bench)
    assert (before.status, before.assignee, before.read_at) == (ItemStatus.OPEN, None, None)
    repository.one().update(state="closed", assignee=OCTOCAT, html_url="https://github.example/moved/1")
    counts(bench.sync(integration), changed=1)
    read = link(bench)
    assert (read.status, read.assignee, read.vendor_url) == (
        ItemStatus.CLOSED,
        "octocat",
        "https://github.example/moved/1",
    )
    assert read.read_at is not None
    assert read.read_at > datetime.now(UTC) - timedelta(minutes=1)
    assert (repository.writes, len(bench.deliveries(integration))) == ([], 1)
    # the product's own item is as the product says
    assert (bench.item("0").item.status, bench.item("0").item.version) == (ItemStatus.OPEN, 1)
    counts(bench.sync(integration), unchanged=1)


def test_the_change_of_both_sides_is_read_first_and_then_merged(bench: Workbench, repository: Repository) -> None:
    integration = delivered(bench, repository)
    repository.one()["state"] = "closed"
    bench.put("0", title="Renamed")
    forget_deliveries(bench)
    counts(bench.sync(integration), stale=1)
    assert (repository.one()["title"], repository.one()["state"]) == ("Renamed", "closed")


def test_what_vanished_is_told_and_not_made_again(bench: Workbench, repository: Repository) -> None:
    integration = delivered(bench, repository, 6)
    number = int(link(bench, "2").vendor_id or "")
    taken_away = repository.issues.pop(number)
    for _ in range(2):
        counts(bench.sync(integration), vanished=1, unchanged=5)
        vanished = link(bench, "2")
        assert vanished.vanished_at is not None
        assert vanished.vendor_id == str(number)
    assert repository.writes == []
    assert link(bench, "1").vanished_at is None
    # and when it is there again, it is
    repository.issues[number] = taken_away
    bench.sync(integration)
    assert link(bench, "2").vanished_at is None


def test_nothing_changed_is_one_read_of_each_hundred_and_no_write(bench: Workbench, repository: Repository) -> None:
    integration = delivered(bench, repository, 210)
    counts(bench.sync(integration), unchanged=210)
    assert repository.writes == []
    assert [one.path for one in repository.asked] == ["/graphql"] * 3
    assert len(bench.deliveries(integration)) == 210


def test_what_was_delivered_during_the_read_is_newer_than_what_was_read(
    bench: Workbench, repository: Repository
) -> None:
    integration = delivered(bench, repository)

    def deliver_meanwhile(one: Asked) -> None:
        if one.method == "GET":
            bench.put("0", status=ItemStatus.CLOSED)
            bench.deliver(integration)

    repository.after = deliver_meanwhile
    bench.run_to_its_end(asked(bench, integration).id)
    assert (link(bench).status, link(bench).delivered_version) == (ItemStatus.CLOSED, 2)
    assert repository.one()["state"] == "closed"


# A dry run


def test_a_dry_run_only_tells(bench: Workbench, repository: Repository) -> None:
    integration = delivered(bench, repository, 5)
    bench.put("1", title="Renamed")
    bench.put("new")
    forget_deliveries(bench)
    repository.issues[int(link(bench, "2").vendor_id or "")]["state"] = "closed"
    del repository.issues[int(link(bench, "3").vendor_id or "")]
    everything = "select * from link where organisation_id = $1 order by item_id"
    before = bench.operator.fetch(everything, bench.organisation.id)
    job = bench.sync(integration, dry_run=True)
    counts(job, unchanged=2, stale=1, missing=1, changed=1, vanished=1)
    assert json.loads(job["input"]) == {"dry_run": "true"}
    assert (repository.writes, bench.deliveries(integration)) == ([], [])
    assert bench.operator.fetch(everything, bench.organisation.id) == before


# Its course


def test_there_is_one_at_a_time_for_an_integration(bench: Workbench, repository: Repository) -> None:
    integration, other = github(bench, repository), github(bench, repository)
    job = asked(bench, integration)
    assert asked(bench, integration).id == job.id
    assert asked(bench, other).id != job.id
    bench.run_to_its_end(job.id)
    assert asked(bench, integration).id != job.id
    audited = (
        "select count(*) from audit_entry where organisation_id = $1 and action = 'integration.synchronisation-asked'"
    )
    assert bench.operator.fetch(audited, bench.organisation.id)[0][0] == 3


def test_how_far_it_came_is_told_page_by_page(bench: Workbench, repository: Repository) -> None:
    integration = delivered(bench, repository, 210)
    job_id = asked(bench, integration).id
    seen = []

    def look(_: Asked) -> None:
        progress = json.loads(bench.job(job_id)["progress"] or "{}")
        seen.append((progress.get("done"), progress.get("total")))

    repository.after = look
    bench.run_to_its_end(job_id)
    assert seen == [(None, None), (100, 210), (200, 210)]
    progress = json.loads(bench.job(job_id)["progress"])
    assert (progress["done"], progress["total"], progress["unchanged"]) == (210, 210, 210)


def test_after_a_failure_it_goes_on_where_it_was(bench: Workbench, repository: Repository) -> None:
    integration = delivered(bench, repository, 210)
    job_id = asked(bench, integration).id
    repository.fails = lambda _: (502, {}) if len(repository.asked) == 2 else None
    seconds = bench.run(job_id)
    assert seconds is not None
    assert 3 < seconds < 7
    job = bench.job(job_id)
    assert (job["state"], job["failures"]) == ("scheduled", 1)
    counts(bench.run_to_its_end(job_id), unchanged=210)
    # the first page was read once
    assert len(repository.asked) == 4


def test_who_takes_over_a_killed_one_goes_on_where_it_was(bench: Workbench, repository: Repository) -> None:
    integration = delivered(bench, repository, 3)
    for issue in repository.issues.values():
        issue["state"] = "closed"
    job_id = asked(bench, integration).id
    # the first run came past the second item, and no further
    cursor = bench.item("1").item.id
    progress = {"total": 3, "done": 2, "changed": 2, "cursor": cursor}
    bench.operator.run(HotJobs(bench.house.database).begin(bench.organisation.id, job_id))
    bench.change_job(job_id, progress=json.dumps(progress))
    counts(bench.run_to_its_end(job_id), changed=3)
    assert [one.path.rpartition("/")[2] for one in repository.asked] == [link(bench, "2").vendor_id]
    assert [link(bench, key).status for key in "012"] == [ItemStatus.OPEN, ItemStatus.OPEN, ItemStatus.CLOSED]


def test_who_was_overtaken_writes_nothing(bench: Workbench, repository: Repository) -> None:
    integration = delivered(bench, repository)
    bench.put("new")
    forget_deliveries(bench)
    repository.one()["state"] = "closed"
    job_id = asked(bench, integration).id
    others = HotJobs(bench.house.database)

    def take_over(one: Asked) -> None:
        if one.method == "GET" and bench.job(job_id)["starts"] == 1:
            bench.operator.run(others.begin(bench.organisation.id, job_id))

    repository.after = take_over
    assert bench.run(job_id) is None
    job = bench.job(job_id)
    assert (job["state"], job["progress"], bench.deliveries(integration)) == ("running", None, [])
    assert link(bench).read_at is None


def test_it_ends_once_everything_has_gone_out(bench: Workbench, repository: Repository) -> None:
    integration = github(bench, repository)
    put_many(bench, 1)
    forget_deliveries(bench)
    bench.operator.fetch("delete from job where organisation_id = $1", bench.organisation.id)
    job_id = asked(bench, integration).id
    running = bench.operator.start(bench.run_once(job_id))
    until(lambda: len(bench.deliveries(integration)), lambda count: count == 1)
    assert not running.done()
    assert bench.job(job_id)["state"] == "running"
    bench.deliver(integration)
    assert running.result(15) is None
    counts(bench.job(job_id), missing=1)


def test_it_tells_of_what_fails_and_does_not_wait_for_days(bench: Workbench, repository: Repository) -> None:
    integration = github(bench, repository)
    put_many(bench, 1)
    forget_deliveries(bench)
    bench.operator.fetch("delete from job where organisation_id = $1", bench.organisation.id)
    repository.fails = lambda _: (503, {})
    counts(bench.sync(integration), missing=1, failing=1)


# The vendor fails


def test_a_credential_refused_during_the_read_is_told_by_the_integration(
    bench: Workbench, repository: Repository
) -> None:
    integration = delivered(bench, repository)
    repository.refused = True
    job = bench.run_to_its_end(asked(bench, integration).id)
    row = bench.row(integration)
    assert (job["state"], row["status"], row["state"]) == ("error", "error", "new")
    assert job["error"] == row["error"]
    assert row["error"].startswith("GitHub refuses the credential")


def test_a_setting_that_is_wrong_is_told_by_the_integration(bench: Workbench, repository: Repository) -> None:
    integration = delivered(bench, repository)
    bench.change(integration, configuration=json.dumps({"repository": "acme/nowhere"}))
    job = bench.sync(integration)
    assert (job["state"], bench.row(integration)["status"]) == ("error", "error")
    assert "cannot find this repository" in job["error"]
    # that is no reason to believe that all issues are gone, nor to forget them
    assert link(bench).vanished_at is None
    repository.asked.clear()
    bench.change(integration, configuration=json.dumps({"repository": repository.name}), status="active", error=None)
    counts(bench.sync(integration), unchanged=1)
    assert repository.writes == []


def test_a_vendor_that_wants_to_be_left_alone_is(bench: Workbench, repository: Repository) -> None:
    integration = delivered(bench, repository, 5)
    repository.fails = lambda _: (429, {"message": "Slow down"}, {"Retry-After": "90"})
    job_id = asked(bench, integration).id
    seconds = bench.run(job_id)
    assert seconds is not None
    assert 85 < seconds < 100
    assert len(repository.asked) == 1
    # others of the integration keep to it as well
    assert bench.run(job_id) is not None
    assert len(repository.asked) == 1
    repository.fails = lambda _: None
    bench.operator.fetch("delete from rest where organisation_id = $1", bench.organisation.id)
    counts(bench.run_to_its_end(job_id), unchanged=5)


def test_a_vendor_that_tells_nothing_is_not_asked(bench: Workbench) -> None:
    integration = bench.integration("teams", item_type="work_item", state="live")
    bench.put("0")
    has_it = """
    with gone as (update delivery set state = 'delivered', ended_at = now() where organisation_id = $1 returning *)
    insert into link (organisation_id, integration_id, item_id, place, vendor_id, delivered_version, delivered_status,
        vendor_status)
    select organisation_id, integration_id, item_id, $2, 'sent', 1, 'open', 'open' from gone
    """
    found = bench.operator.run(HotIntegrations(bench.house.database).get_detail(bench.organisation.id, integration))
    assert found is not None
    bench.operator.fetch(has_it, bench.organisation.id, bench.operator.run(bench.place(found)))
    counts(bench.sync(integration), unchanged=1)
    assert link(bench).read_at is None


# Who may, and when


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"enabled": False}, "The integration is not enabled: enable it first"),
        ({"status": "pending"}, "The integration is pending, not active"),
        ({"status": "error", "error": "No such thing"}, "The integration is error, not active: No such thing"),
        ({"state": "deleting"}, "The integration is being deleted, or is"),
    ],
    ids=["disabled", "pending", "error", "deleting"],
)
def test_what_is_not_worked_with_is_not_synchronised(
    bench: Workbench, repository: Repository, columns: dict[str, Any], reason: str
) -> None:
    integration = github(bench, repository, **columns)
    with pytest.raises(InvalidState) as refusal:
        asked(bench, integration)
    assert str(refusal.value) == reason
    assert bench.jobs_of(integration) == []


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"enabled": False}, "The integration is not enabled and active any more: there is nothing to synchronise"),
        ({"state": "deleting"}, "The integration was deleted before it could be synchronised"),
        ({"status": "error", "error": "No such thing"}, "No such thing"),
    ],
    ids=["disabled", "deleting", "error"],
)
def test_what_is_not_worked_with_any_more_is_not_synchronised(
    bench: Workbench, repository: Repository, columns: dict[str, Any], reason: str
) -> None:
    integration = delivered(bench, repository)
    job_id = asked(bench, integration).id
    bench.change(integration, **columns)
    job = bench.run_to_its_end(job_id)
    assert (job["state"], job["error"], repository.asked) == ("error", reason, [])


def test_another_organisations_integration_is_not_there(
    bench: Workbench, quiet_operator: Operator, repository: Repository
) -> None:
    integration = github(Workbench(quiet_operator), repository)
    with pytest.raises(IntegrationNotFound):
        asked(bench, integration)


def test_who_may_only_look_may_not_synchronise(bench: Workbench, repository: Repository) -> None:
    integration = github(bench, repository)
    looks = Principal(KEY_ID, bench.organisation.id, "bob", frozenset({Capability.VIEW}))
    asking = bench.house.services.synchronisation.ask(Caller(looks, ORIGIN), Wanted(integration, "the test's"))
    with pytest.raises(CapabilityMissing):
        bench.operator.run(asking)
    assert [one.state for one in bench.deliveries(integration) if one.state is not DeliveryState.PENDING] == []


# Not so yet


def test_what_is_in_progress_is_not_set_back_by_a_vendor_that_knows_no_such_state(
    bench: Workbench, repository: Repository
) -> None:
    integration = github(bench, repository)
    bench.put("0", status=ItemStatus.IN_PROGRESS)
    bench.deliver(integration)
    assert "in progress" in repository.one()["body"]
    counts(bench.sync(integration), unchanged=1)
    bench.put("0", title="Renamed", status=ItemStatus.IN_PROGRESS)
    bench.deliver(integration)
    assert "in progress" in repository.one()["body"]


def test_what_was_deleted_while_nobody_looked_is_closed(bench: Workbench, repository: Repository) -> None:
    integration = delivered(bench, repository)
    bench.change(integration, enabled=False)
    bench.delete("0")
    bench.change(integration, enabled=True)
    bench.sync(integration)
    assert repository.one()["state"] == "closed"


def test_after_the_setting_names_another_repository_nothing_of_others_is_overwritten(
    bench: Workbench, repository: Repository, vendors: VendorServer
) -> None:
    integration = delivered(bench, repository)
    other = vendors.repository()
    other.answer("POST", f"/repos/{other.name}/issues", {"title": "Somebody else's", "body": ""})
    elsewhere = JsonObject(json.dumps({"repository": other.name}))
    wanted = Wanted(integration, "the test's")
    updating = bench.house.services.integrations.update(bench.caller, wanted, Change(configuration=elsewhere))
    bench.operator.run(updating)
    bench.put("0", title="Changed")
    bench.deliver(integration)
    assert other.titles() == ["Changed", "Somebody else's"]
