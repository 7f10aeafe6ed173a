"""Hubs: what becomes of items at the vendors of integrations, and letting on its way what is held."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
import requests

from support import vendor_server as vendor
from support.checked_tenant import CheckedTenant, number_of
from support.repository import Asked, Repository
from support.vendor_server import VendorServer
from support.waiting import until

ITEMS = "/v1/hubs/current/items"
NO_TIME = "0001-01-01T00:00:00Z"
WRONG = (422, {"message": "Validation Failed", "errors": [{"field": "title"}]})

Made = tuple[str, Repository]


@pytest.fixture
def make(tenant: CheckedTenant, vendors: VendorServer) -> Callable[..., Made]:
    """Makes a live integration that work items trigger: its id, and the repository at its vendor."""

    def make(item_type: str = "work_item") -> Made:
        token, repository = f"token-{uuid.uuid4()}", vendors.repository()
        vendors.answer(token, vendor.taken)
        made = tenant.hub_integration(token=token, extra={"repository": repository.name}, item_type=item_type)["id"]
        assert tenant.verified(made)["state"]["current"] == "live"
        return made, repository

    return make


def put(tenant: CheckedTenant, key: str = "1", **content: Any) -> Any:
    answer = tenant.call("PUT", f"{ITEMS}/work_item/{key}", json={"title": f"Item {key}", **content})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def links(tenant: CheckedTenant, key: str = "1") -> list[Any]:
    found: list[Any] = tenant.call("GET", f"{ITEMS}/work_item/{key}").json()["data"]["links"]
    return found


def deliveries(tenant: CheckedTenant, integration: str, query: str = "") -> list[Any]:
    answer = tenant.hubs("GET", f"/{integration}/deliveries?{query}")
    assert answer.status_code == 200, answer.text
    listed: list[Any] = answer.json()["data"]
    return listed


def settled(tenant: CheckedTenant, integration: str, count: int = 1) -> list[Any]:
    """The integration's deliveries, once so many are there and none is under way."""
    return until(
        lambda: deliveries(tenant, integration),
        lambda seen: len(seen) == count and not {one["state"] for one in seen} & {"pending", "sending"},
    )


def retry(tenant: CheckedTenant, integration: str, delivery: str = "") -> requests.Response:
    return tenant.hubs("POST", f"/{integration}/deliveries{delivery and '/' + delivery}/retry")


def refused(answer: requests.Response, code: str, source: str | None = None) -> Any:
    assert answer.status_code == int(code[:3]), answer.text
    error = answer.json()["error"]
    assert (error["code"], error.get("source")) == (code, source)
    return error


def test_what_became_of_an_item_is_told_by_it_and_by_the_integration(
    tenant: CheckedTenant, make: Callable[..., Made]
) -> None:
    made, repository = make()
    put(tenant, title="Leaking valve")
    [delivery] = settled(tenant, made)
    issue = repository.one()
    assert (issue["title"], issue["state"]) == ("Leaking valve", "open")
    assert delivery == {
        "id": delivery["id"],
        "integration_id": made,
        "item": {"type": "work_item", "key": "1", "version": 1},
        "state": "delivered",
        "attempts": 1,
        "vendor_id": "1",
        "url": issue["html_url"],
        "job_id": None,
        "not_done": None,
        "error": None,
        "events": {**delivery["events"], "due": NO_TIME},
    }
    assert NO_TIME < delivery["events"]["created"] <= delivery["events"]["ended"]
    [link] = links(tenant)
    assert link == {
        "integration_id": made,
        "vendor": "github",
        "vendor_id": "1",
        "url": issue["html_url"],
        "status": "open",
        "assignee": None,
        "in_line": True,
        "not_done": None,
        "events": {"read": NO_TIME, "vanished": NO_TIME},
    }
    [listed] = tenant.call("GET", ITEMS).json()["data"]
    assert listed["links"] == [link]


def test_an_edit_and_a_deletion_reach_the_vendor(tenant: CheckedTenant, make: Callable[..., Made]) -> None:
    made, repository = make()
    put(tenant)
    settled(tenant, made)
    put(tenant, title="Edited")
    settled(tenant, made, 2)
    assert repository.one()["title"] == "Edited"
    assert tenant.call("DELETE", f"{ITEMS}/work_item/1").status_code == 200
    settled(tenant, made, 3)
    assert repository.one()["state"] == "closed"
    # nobody has to know the item any more to see what became of it
    assert {one["item"]["key"] for one in deliveries(tenant, made)} == {"1"}


def test_a_batch_becomes_an_issue_for_each_item(tenant: CheckedTenant, make: Callable[..., Made]) -> None:
    made, repository = make()
    items = [{"type": "work_item", "key": str(key), "title": f"Item {key}"} for key in range(60)]
    assert tenant.call("POST", f"{ITEMS}/batch", json={"items": items}).status_code == 200
    until(lambda: deliveries(tenant, made, "filter[state]=delivered&page[size]=100"), lambda seen: len(seen) == 60)
    assert repository.titles() == sorted(f"Item {key}" for key in range(60))


def test_what_somebody_did_at_the_vendor_is_seen_after_a_synchronisation(
    tenant: CheckedTenant, make: Callable[..., Made]
) -> None:
    made, repository = make()
    put(tenant)
    settled(tenant, made)
    repository.one().update(state="closed", assignee={"login": "octocat"})
    writes = len(repository.writes)
    dry = tenant.hubs("POST", f"/{made}/tasks", json={"action": "sync", "dry_run": True})
    assert dry.status_code == 202
    assert tenant.finished(dry.json()["data"]["job"]["id"])["tasks"][0]["output"]["changed"] == "1"
    assert links(tenant)[0]["status"] == "open"
    answer = tenant.hubs("POST", f"/{made}/tasks", json={"action": "sync"})
    assert answer.status_code == 202
    job = tenant.finished(answer.json()["data"]["job"]["id"])
    assert job["state"]["current"] == "completed"
    [link] = links(tenant)
    assert (link["status"], link["assignee"], link["in_line"]) == ("closed", "octocat", True)
    assert link["events"]["read"] > NO_TIME
    assert len(repository.writes) == writes
    # and an issue that is gone is told of
    repository.issues.clear()
    tenant.finished(tenant.hubs("POST", f"/{made}/tasks", json={"action": "sync"}).json()["data"]["job"]["id"])
    [link] = links(tenant)
    assert (link["in_line"], link["events"]["vanished"] > NO_TIME) == (False, True)


def test_deliveries_are_listed_as_asked_for(tenant: CheckedTenant, make: Callable[..., Made]) -> None:
    made, repository = make()
    repository.fails = lambda asked: WRONG if "Item b" in (asked.body or {}).get("title", "") else None
    for key in ("a", "b", "c"):
        put(tenant, key)
    settled(tenant, made, 3)

    def shown(query: str) -> list[str]:
        return [one["item"]["key"] for one in deliveries(tenant, made, query)]

    assert shown("") == ["c", "b", "a"]
    assert shown("filter[state]=held") == ["b"]
    assert shown("filter[state]=held,delivered") == ["c", "b", "a"]
    assert shown("filter[state]=pending&filter[state]=sending") == []
    assert shown("filter[item_key]=a") == ["a"]
    assert shown("filter[item_type]=work_item") == ["c", "b", "a"]
    assert shown("filter[item_type]=document") == []
    assert shown("page[size]=2") == ["c", "b"]
    assert shown("page[size]=2&page[number]=2") == ["a"]
    for query, source in (
        ("filter[state]=done", "filter[state]"),
        ("filter[item_type]=nonsense", "filter[item_type]"),
        ("page[size]=0", "page[size]"),
    ):
        refused(tenant.hubs("GET", f"/{made}/deliveries?{query}"), "422.invalid-argument", source)


def test_what_is_held_goes_when_a_person_says_so(tenant: CheckedTenant, make: Callable[..., Made]) -> None:
    made, repository = make()
    repository.fails = lambda _: WRONG
    for key in ("a", "b", "c"):
        put(tenant, key)
    held = settled(tenant, made, 3)
    assert {one["state"] for one in held} == {"held"}
    assert held[0]["error"]["message"] == "GitHub does not take the issue as it is (title)"
    assert held[0]["error"]["time"] > NO_TIME
    repository.fails = lambda _: None
    answer = retry(tenant, made, held[0]["id"])
    assert answer.status_code == 202
    assert (answer.json()["data"]["id"], answer.json()["data"]["attempts"]) == (held[0]["id"], 0)
    until(repository.titles, lambda titles: titles == ["Item c"])
    answer = retry(tenant, made)
    assert (answer.status_code, answer.json()) == (202, {"data": {"retried": 2}})
    assert {one["state"] for one in settled(tenant, made, 3)} == {"delivered"}
    assert retry(tenant, made).json() == {"data": {"retried": 0}}


def test_what_waits_for_a_credential_goes_out_once_that_is_mended(
    tenant: CheckedTenant, make: Callable[..., Made], vendors: VendorServer
) -> None:
    made, repository = make()
    repository.refused = True
    put(tenant, "1")
    shown = until(lambda: tenant.hub_read(made), lambda one: one["state"]["current"] == "new")
    assert shown["state"]["error"]["message"].startswith("GitHub refuses the credential")
    put(tenant, "2")
    assert {(one["state"], one["attempts"]) for one in deliveries(tenant, made)} == {("pending", 0)}
    refused(tenant.hubs("POST", f"/{made}/tasks", json={"action": "sync"}), "403.invalid-state")
    repository.refused = False
    token = f"token-{uuid.uuid4()}"
    vendors.answer(token, vendor.taken)
    assert tenant.hubs("PATCH", f"/{made}", json={"auth": {"api_key": token}}).status_code == 200
    assert tenant.verified(made)["state"]["current"] == "live"
    assert {one["state"] for one in settled(tenant, made, 2)} == {"delivered"}
    assert repository.titles() == ["Item 1", "Item 2"]


def test_what_waits_for_a_setting_goes_out_once_that_is_mended(
    tenant: CheckedTenant, make: Callable[..., Made], vendors: VendorServer
) -> None:
    made, repository = make()
    assert tenant.hubs("PATCH", f"/{made}", json={"extra": {"repository": "acme/nowhere"}}).status_code == 200
    put(tenant)
    shown = tenant.verified(made)
    assert shown["state"]["current"] == "new"
    assert "repository" in shown["state"]["error"]["message"]
    assert [one["state"] for one in deliveries(tenant, made)] == ["pending"]
    assert tenant.hubs("PATCH", f"/{made}", json={"extra": {"repository": repository.name}}).status_code == 200
    assert tenant.verified(made)["state"]["current"] == "live"
    assert settled(tenant, made)[0]["state"] == "delivered"
    assert repository.titles() == ["Item 1"]


def test_what_has_ended_is_not_tried_again(tenant: CheckedTenant, make: Callable[..., Made]) -> None:
    made, _ = make()
    put(tenant)
    [delivery] = settled(tenant, made)
    refused(retry(tenant, made, delivery["id"]), "403.invalid-state")
    change = "update delivery set state = $2 where organisation_id = $1"
    for state in ("superseded", "cancelled", "sending"):
        tenant.operator.fetch(change, tenant.organisation.id, state)
        refused(retry(tenant, made, delivery["id"]), "403.invalid-state")


def test_what_waits_for_its_next_try_can_be_tried_now(tenant: CheckedTenant, make: Callable[..., Made]) -> None:
    made, repository = make()
    down = [True]

    def fails(_: Asked) -> Any:
        return (503, {}) if down else None

    repository.fails = fails
    put(tenant)
    waiting = until(lambda: deliveries(tenant, made), lambda seen: seen[0]["error"] is not None)[0]
    assert (waiting["state"], waiting["attempts"]) == ("pending", 1)
    assert waiting["events"]["due"] > waiting["error"]["time"]
    assert waiting["events"]["ended"] == NO_TIME
    down.clear()
    assert retry(tenant, made, waiting["id"]).status_code == 202
    assert settled(tenant, made)[0]["state"] == "delivered"


def test_what_is_not_there_is_not_found(
    tenant: CheckedTenant, stranger: CheckedTenant, make: Callable[..., Made]
) -> None:
    made, _ = make()
    put(tenant)
    [delivery] = settled(tenant, made)
    for unknown in ("0123456789abcdef", "nonsense", delivery["id"].upper(), number_of(made)):
        refused(retry(tenant, made, f"{unknown}"), "404.hub.delivery")
    for other in ("0123456789abcdef", "nonsense"):
        refused(tenant.hubs("GET", f"/{other}/deliveries"), "404.hub.integration")
        refused(retry(tenant, other), "404.hub.integration")
        refused(retry(tenant, other, delivery["id"]), "404.hub.integration")
    # of another integration, and of another hub
    another = tenant.hub_integration()["id"]
    refused(retry(tenant, another, delivery["id"]), "404.hub.delivery")
    refused(stranger.hubs("GET", f"/{made}/deliveries"), "404.hub.integration")
    refused(retry(stranger, made), "404.hub.integration")
    refused(retry(stranger, made, delivery["id"]), "404.hub.integration")


def test_who_may_only_look_may_look(tenant: CheckedTenant, make: Callable[..., Made]) -> None:
    made, _ = make()
    put(tenant)
    [delivery] = settled(tenant, made)
    looks = tenant.view_only()
    assert deliveries(looks, made) == [delivery]
    for answer in (retry(looks, made), retry(looks, made, delivery["id"])):
        assert refused(answer, "403.permissions")["extra"] == {"capability": "hubs-integrations-manage"}


def test_a_deleted_integration_sends_nothing_more(tenant: CheckedTenant, make: Callable[..., Made]) -> None:
    made, repository = make()
    repository.fails = lambda _: WRONG
    put(tenant)
    [held] = settled(tenant, made)
    assert tenant.hubs("DELETE", f"/{made}").status_code == 202
    put(tenant, title="After it")
    assert [one["state"] for one in deliveries(tenant, made)] == ["cancelled"]
    refused(retry(tenant, made, held["id"]), "403.invalid-state")
    assert links(tenant) == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_deliveries_are_only_listed(tenant: CheckedTenant, make: Callable[..., Made], method: str) -> None:
    made = tenant.hub_integration()["id"]
    answer = tenant.hubs(method, f"/{made}/deliveries")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert tenant.hubs("GET", f"/{made}/deliveries/retry").status_code == 405
    assert tenant.hubs("GET", f"/{made}/deliveries/0123456789abcdef").status_code == 404
