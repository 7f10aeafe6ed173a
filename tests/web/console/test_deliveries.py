"""Deliveries in the console: held ones first, what the others wait for, and letting them go on."""

import uuid
from typing import Any

import pytest

from support.checked_tenant import CheckedTenant
from support.repository import Repository
from support.vendor_server import VendorServer, taken
from support.visitor import Page, Visitor
from support.waiting import until

PATH = "/console/deliveries"
RETRY = f"{PATH}/retry"
WRONG = (422, {"message": "Validation Failed", "errors": [{"field": "title"}]})
REASON = "GitHub does not take the issue as it is (title)"


@pytest.fixture
def admin(tenant: CheckedTenant) -> Visitor:
    return Visitor(tenant.service).signed_in(tenant.key)


def connect(tenant: CheckedTenant, vendors: VendorServer, name: str = "Pumps") -> tuple[str, Repository]:
    """A live integration that work items trigger."""
    token, repository = f"token-{uuid.uuid4()}", vendors.repository()
    vendors.answer(token, taken)
    made: str = tenant.hub_integration(
        name=name, token=token, extra={"repository": repository.name}, item_type="work_item"
    )["id"]
    assert tenant.verified(made)["state"]["current"] == "live"
    return made, repository


def tell(tenant: CheckedTenant, *keys: str) -> None:
    for key in keys:
        answer = tenant.call("PUT", f"/v1/hubs/current/items/work_item/{key}", json={"title": f"Item {key}"})
        assert answer.status_code == 200, answer.text


def settled(tenant: CheckedTenant, integration: str, *states: str) -> list[Any]:
    """The integration's deliveries, newest first, once they have these states."""

    def listed() -> list[Any]:
        found: list[Any] = tenant.hubs("GET", f"/{integration}/deliveries").json()["data"]
        return found

    return until(listed, lambda seen: sorted(one["state"] for one in seen) == sorted(states))


def held_by(tenant: CheckedTenant, vendors: VendorServer, *keys: str) -> tuple[str, Repository, list[Any]]:
    """An integration for which these items are held, its repository, which takes them now, and the deliveries."""
    made, repository = connect(tenant, vendors)
    repository.fails = lambda _: WRONG
    tell(tenant, *keys)
    deliveries = settled(tenant, made, *("held" for _ in keys))
    repository.fails = lambda _: None
    return made, repository, deliveries


def item_keys(page: Page) -> list[str]:
    """Of the deliveries that are shown, in their order."""
    return [one["href"].rpartition("/")[2] for one in page.all("a", **{"class": "name"})]


def form_token(page: Page) -> dict[str, str]:
    """What every form of the page carries, as a form of its own."""
    return dict(page.form("/console/sign-out").fields)


def actions(page: Page) -> list[str]:
    return [form.action for form in page.forms if form.action.startswith(f"{PATH}/")]


def test_no_deliveries_yet(admin: Visitor) -> None:
    page = admin.get(PATH)
    assert "No deliveries yet" in page.text
    assert list(page.all("a", href="/console/items/new"))
    assert actions(page) == []


def test_what_is_held_comes_first_with_its_reason(admin: Visitor, tenant: CheckedTenant, vendors: VendorServer) -> None:
    made, _, [held] = held_by(tenant, vendors, "stuck")
    tell(tenant, "fine")
    settled(tenant, made, "held", "delivered")
    page = admin.get(PATH)
    assert item_keys(page) == ["stuck", "fine"]
    for text in (REASON, "Held: they wait for you", "The others", "Pumps", "(GitHub)", "1 attempt", "Delivered"):
        assert text in page.text
    assert list(page.all("a", href="/console/items/work_item/stuck"))
    assert list(page.all("a", href=f"/console/integrations/{made}"))
    assert actions(page) == [RETRY, f"{PATH}/{made}/{held['id']}/retry"]
    [live] = [given for _, given in page.tags if "data-live" in given]
    assert live["id"] == "deliveries"


def test_deliveries_are_filtered(admin: Visitor, tenant: CheckedTenant, vendors: VendorServer) -> None:
    made, _, _ = held_by(tenant, vendors, "stuck")
    other, _ = connect(tenant, vendors, "Others")
    tell(tenant, "fine")
    settled(tenant, made, "held", "delivered")
    # what somebody told of before the other integration was there does not go to it
    settled(tenant, other, "delivered")
    assert item_keys(admin.get(f"{PATH}?state=held")) == ["stuck"]
    assert item_keys(admin.get(f"{PATH}?state=delivered")) == ["fine", "fine"]
    assert item_keys(admin.get(f"{PATH}?key=stuck")) == ["stuck"]
    page = admin.get(f"{PATH}?integration={other}")
    assert item_keys(page) == ["fine"]
    assert "Others" in page.text
    assert list(page.all("input", type="hidden", name="integration", value=other))
    [live] = [given for _, given in page.tags if "data-live" in given]
    assert live["data-live-integration"] == other
    assert "No such deliveries" in admin.get(f"{PATH}?state=cancelled").text
    for query in ("state=nope", "integration=x", "before=zz", "key=%00", "key=%FF"):
        assert admin.get(f"{PATH}?{query}").status == 200


@pytest.mark.parametrize(
    ("state", "meaning"),
    [("superseded", "A later change of the same item went instead."), ("cancelled", "not triggered by such items")],
    ids=["superseded", "cancelled"],
)
def test_what_a_state_means_is_told(
    admin: Visitor, tenant: CheckedTenant, vendors: VendorServer, state: str, meaning: str
) -> None:
    made, _ = connect(tenant, vendors)
    tell(tenant, "1")
    settled(tenant, made, "delivered")
    tenant.operator.fetch("update delivery set state = $2 where organisation_id = $1", tenant.organisation.id, state)
    page = admin.get(PATH)
    assert meaning in page.text
    assert actions(page) == []


def test_one_is_let_go(admin: Visitor, tenant: CheckedTenant, vendors: VendorServer) -> None:
    made, repository, deliveries = held_by(tenant, vendors, "a", "b")
    page = admin.get(f"{PATH}?state=held")
    one = f"{PATH}/{made}/{deliveries[0]['id']}/retry"
    done = admin.send(page, one)
    assert done.location == f"{PATH}?state=held&done=retried&count=1"
    assert "Let go: 1." in admin.get(done.location).text
    settled(tenant, made, "held", "delivered")
    assert repository.titles() == ["Item b"]
    # and what went meanwhile is no error
    again = admin.send(page, one)
    assert "Nothing was held" in admin.get(again.location).text


def test_all_of_them_are_let_go(admin: Visitor, tenant: CheckedTenant, vendors: VendorServer) -> None:
    first, repository, _ = held_by(tenant, vendors, "a", "b", "c")
    second, _, _ = held_by(tenant, vendors, "d")
    settled(tenant, first, "held", "held", "held", "delivered")
    page = admin.get(f"{PATH}?integration={second}")
    done = admin.send(page, RETRY)
    assert done.location == f"{PATH}?integration={second}&done=retried&count=1"
    settled(tenant, second, "delivered")
    settled(tenant, first, "held", "held", "held", "delivered")
    page = admin.get(PATH)
    done = admin.send(page, RETRY)
    assert done.location == f"{PATH}?done=retried&count=3"
    assert "Let go: 3." in admin.get(done.location).text
    settled(tenant, first, *["delivered"] * 4)
    assert repository.titles() == ["Item a", "Item b", "Item c", "Item d"]
    assert admin.send(page, RETRY).location == f"{PATH}?done=nothing-held"


def test_what_waits_for_its_next_try_tells_when_that_is(
    admin: Visitor, tenant: CheckedTenant, vendors: VendorServer
) -> None:
    made, repository = connect(tenant, vendors)
    repository.fails = lambda _: (503, {})
    tell(tenant, "1")
    page = until(lambda: admin.get(PATH), lambda page: "Next try" in page.text)
    [action] = actions(page)
    assert action.startswith(f"{PATH}/{made}/")
    repository.fails = lambda _: None
    assert admin.send(page, action).status == 303
    settled(tenant, made, "delivered")


def test_deliveries_are_paged(admin: Visitor, tenant: CheckedTenant, vendors: VendorServer) -> None:
    connect(tenant, vendors)
    items = [{"type": "work_item", "key": f"k{number}", "title": "Item"} for number in range(53)]
    assert tenant.call("POST", "/v1/hubs/current/items/batch", json={"items": items}).status_code == 200
    first = admin.get(PATH)
    assert len(item_keys(first)) == 50
    assert len(first.answer.content) < 100_000
    [following] = [one["href"] for one in first.all("a", rel="next")]
    second = admin.get(following)
    assert len(item_keys(second)) == 3
    assert len({*item_keys(first), *item_keys(second)}) == 53
    assert list(second.all("a", href=PATH, **{"class": "button plain"}))


def test_the_deliveries_of_others_are_not_there(admin: Visitor, stranger: CheckedTenant, vendors: VendorServer) -> None:
    made, _, [held] = held_by(stranger, vendors, "theirs")
    assert item_keys(admin.get(PATH)) == []
    assert admin.get(f"{PATH}?integration={made}").status == 404
    token = form_token(admin.get(PATH))
    one = f"{PATH}/{made}/{held['id']}/retry"
    assert admin.call("POST", one, data=token).status == 404
    assert admin.call("POST", RETRY, data={**token, "integration": made}).status == 404
    assert admin.call("POST", RETRY, data=token).location == f"{PATH}?done=nothing-held"
    for path in ("x/y/retry", f"{made}/{'0' * 24}/retry", "%00/%00/retry"):
        assert admin.call("POST", f"{PATH}/{path}", data=token).status == 404
    settled(stranger, made, "held")


def test_who_may_only_look_cannot_let_them_go(tenant: CheckedTenant, vendors: VendorServer) -> None:
    made, _, [held] = held_by(tenant, vendors, "stuck")
    viewer = Visitor(tenant.service).signed_in(tenant.view_only().key)
    page = viewer.get(PATH)
    assert REASON in page.text
    assert actions(page) == []
    token = form_token(page)
    for path in (RETRY, f"{PATH}/{made}/{held['id']}/retry"):
        assert viewer.call("POST", path, data=token).status == 403
        assert Visitor(tenant.service).signed_in(tenant.key).call("POST", path, data={}).status == 403
    settled(tenant, made, "held")
