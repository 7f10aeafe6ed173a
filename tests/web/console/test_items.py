"""Items in the console: telling of the first one with nothing but forms, seeing where it is, changing it."""

import uuid
from typing import Any
from urllib.parse import quote

import pytest

from jackfield.domain.principal import Capability
from support.checked_tenant import CheckedTenant
from support.vendor_server import VendorServer, taken
from support.visitor import Page, Visitor
from support.waiting import until

PATH = "/console/items"
NEW = f"{PATH}/new"
FILLED_IN = {
    "type": "work_item",
    "key": "WO-1",
    "title": "Leaking valve",
    "body": "  Seen **today**\n\nat the pump",
    "status": "in_progress",
    "priority": "high",
    "labels": "pump\n\nurgent\npump",
    "assignee": "Bob",
    "url": "https://product.example.com/WO-1",
}
SCRIPT = '"><script>alert(1)</script>'


@pytest.fixture
def admin(tenant: CheckedTenant) -> Visitor:
    return Visitor(tenant.service).signed_in(tenant.key)


@pytest.fixture
def viewer(tenant: CheckedTenant) -> Visitor:
    return Visitor(tenant.service).signed_in(tenant.view_only().key)


def add(visitor: Visitor, **values: Any) -> Page:
    return visitor.send(visitor.get(NEW), NEW, {**FILLED_IN, **values})


def put(tenant: CheckedTenant, key: str = "1", item_type: str = "work_item", **content: Any) -> str:
    """The path of the item's page."""
    address = f"/v1/hubs/current/items/{item_type}/{quote(key, safe='')}"
    answer = tenant.call("PUT", address, json={"title": f"Item {key}", **content})
    assert answer.status_code == 200, answer.text
    return f"{PATH}/{item_type}/{quote(key, safe='')}"


def read(tenant: CheckedTenant, key: str) -> Any:
    answer = tenant.call("GET", f"/v1/hubs/current/items/work_item/{key}")
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def form_token(page: Page) -> dict[str, str]:
    """What every form of the page carries, as a form of its own."""
    return dict(page.form("/console/sign-out").fields)


def item_links(page: Page) -> list[str]:
    return [one["href"] for one in page.all("a", **{"class": "name"})]


def test_a_person_brings_a_first_item(admin: Visitor, tenant: CheckedTenant) -> None:
    empty = admin.get(PATH)
    assert "No items yet" in empty.text
    assert list(empty.all("a", href=NEW))
    done = add(admin)
    assert done.location == f"{PATH}/work_item/WO-1?done=item-saved"
    page = admin.get(done.location)
    assert "The item is saved" in page.text
    for text in (
        "Leaking valve",
        "In progress",
        "Work item",
        "WO-1",
        "high",
        "Bob",
        "pump",
        "urgent",
        "No vendor has it",
    ):
        assert text in page.text
    assert list(page.all("a", href="https://product.example.com/WO-1"))
    item = read(tenant, "WO-1")
    told = ("title", "body", "status", "priority", "labels", "assignee", "url")
    assert {name: item[name] for name in told} == {
        **{name: FILLED_IN[name] for name in told},
        "labels": ["pump", "urgent"],
    }
    assert item_links(admin.get(PATH)) == [f"{PATH}/work_item/WO-1"]


def test_where_an_item_is(admin: Visitor, tenant: CheckedTenant, vendors: VendorServer) -> None:
    token, repository = f"token-{uuid.uuid4()}", vendors.repository()
    vendors.answer(token, taken)
    made = tenant.hub_integration(
        name="Pumps", token=token, extra={"repository": repository.name}, item_type="work_item"
    )["id"]
    tenant.verified(made)
    address = admin.get(add(admin).location.partition("?")[0])
    page = until(lambda: admin.get(f"{PATH}/work_item/WO-1"), lambda page: "has the present version" in page.text)
    assert address.status == 200
    url = repository.one()["html_url"]
    assert list(page.all("a", href=url))
    assert list(page.all("a", href=f"/console/integrations/{made}"))
    assert "Delivered" in page.text
    assert "Pumps" in page.text
    row = admin.get(PATH)
    assert "at GitHub" in row.text
    assert list(row.all("a", href=url))


@pytest.mark.parametrize(
    ("name", "value", "flaw"),
    [
        ("type", "none", "none of the choices"),
        ("type", "", "fill this in"),
        ("key", " ", "fill this in"),
        ("key", "a/b", "no slash"),
        ("key", "..", "more than dots"),
        ("key", "a\tb", "no control"),
        ("key", "x" * 256, "too long"),
        ("key", "a\0b", "cannot be stored"),
        ("title", "", "fill this in"),
        ("title", "x" * 1001, "1,000 characters, and has 1,001"),
        ("title", "\0", "cannot be stored"),
        ("body", "x" * 65_537, "too long"),
        ("body", "a\0", "cannot be stored"),
        ("status", "done", "none of the choices"),
        ("priority", "x" * 256, "too long"),
        ("labels", "\n".join(str(one) for one in range(101)), "at most 100"),
        ("labels", "x" * 256, "at most 255"),
        ("assignee", "\0", "cannot be stored"),
        ("url", "javascript:alert(1)", "starts with https://"),
        ("url", "https://[", "starts with https://"),
        ("url", f"https://example.com/{'x' * 2048}", "too long"),
    ],
    ids=range(21),
)
def test_what_cannot_be_is_said_beside_the_field(
    admin: Visitor, tenant: CheckedTenant, name: str, value: str, flaw: str
) -> None:
    page = add(admin, **{name: value})
    assert page.status == 422
    assert flaw in page.text
    assert "Please check what you filled in" in page.text
    assert list(page.all("a", href=f"#field-{name}"))
    control = page.control(name)
    assert (control["id"], control["aria-invalid"]) == (f"field-{name}", "true")
    # what was filled in is still there
    assert page.control("assignee").get("value") == (value if name == "assignee" else "Bob")
    assert tenant.call("GET", "/v1/hubs/current/items").json()["data"] == []


def test_an_item_that_is_there_is_not_overwritten_by_the_form_of_a_new_one(
    admin: Visitor, tenant: CheckedTenant
) -> None:
    put(tenant, "WO-1", title="The product's")
    page = add(admin)
    assert page.status == 422
    assert "There is a work item with this key already" in page.text
    assert read(tenant, "WO-1")["title"] == "The product's"
    assert add(admin, type="document").status == 303


def test_what_a_form_changes_and_what_it_leaves(admin: Visitor, tenant: CheckedTenant) -> None:
    kept: dict[str, Any] = {
        "priority": "low",
        "labels": ["a", "b"],
        "assignee": "Eve",
        "url": "https://example.com",
        "body": "\n x\ny",
    }
    address = put(tenant, "1", fields={"site": "North", "count": 3}, **kept)
    page = admin.get(f"{address}/edit")
    assert "count, site" in page.text
    done = admin.send(page, f"{address}/edit", {"title": "Edited", "status": "closed"})
    assert done.location == f"{address}?done=item-saved"
    item = read(tenant, "1")
    assert {name: item[name] for name in kept} == kept
    assert (item["title"], item["status"], item["fields"]) == ("Edited", "closed", {"site": "North", "count": 3})
    assert "North" in admin.get(address).text
    flawed = admin.send(admin.get(f"{address}/edit"), f"{address}/edit", {"title": ""})
    assert flawed.status == 422
    assert read(tenant, "1")["title"] == "Edited"


def test_a_change_meanwhile_is_not_overwritten_unseen(admin: Visitor, tenant: CheckedTenant) -> None:
    address = put(tenant)
    page = admin.get(f"{address}/edit")
    put(tenant, title="The product's")
    again = admin.send(page, f"{address}/edit", {"title": "Mine"})
    assert again.status == 422
    assert "was changed while you were at it" in again.text
    assert again.control("title")["value"] == "Mine"
    assert read(tenant, "1")["title"] == "The product's"
    assert admin.send(again, f"{address}/edit").status == 303
    assert read(tenant, "1")["title"] == "Mine"


def test_an_item_is_deleted_once_its_key_is_typed(admin: Visitor, tenant: CheckedTenant) -> None:
    address = put(tenant, "WO  7 ")
    page = admin.get(f"{address}/delete")
    assert "WO 7" in page.text
    refused = admin.send(page, f"{address}/delete", {"confirm": "WO"})
    assert refused.status == 422
    assert "nothing was done" in refused.text
    assert admin.get(address).status == 200
    done = admin.send(page, f"{address}/delete", {"confirm": "WO 7"})
    assert done.location == f"{PATH}?done=item-deleted"
    assert "The item is deleted" in admin.get(done.location).text
    assert admin.get(address).status == 404
    assert admin.send(page, f"{address}/delete", {"confirm": "WO 7"}).status == 404


def test_items_are_filtered_and_paged(admin: Visitor, tenant: CheckedTenant) -> None:
    items = [{"type": "work_item", "key": f"k{number}", "title": "Item"} for number in range(51)]
    items.append({"type": "document", "key": "k0", "title": "Item"})
    assert tenant.call("POST", "/v1/hubs/current/items/batch", json={"items": items}).status_code == 200
    first = admin.get(PATH)
    assert len(item_links(first)) == 50
    [following] = [one["href"] for one in first.all("a", rel="next")]
    second = admin.get(following)
    assert len({*item_links(first), *item_links(second)}) == 52
    assert item_links(admin.get(f"{PATH}?type=document")) == [f"{PATH}/document/k0"]
    assert sorted(item_links(admin.get(f"{PATH}?key=k0"))) == [f"{PATH}/document/k0", f"{PATH}/work_item/k0"]
    assert item_links(admin.get(f"{PATH}?type=work_item&key=k0")) == [f"{PATH}/work_item/k0"]
    assert "No such items" in admin.get(f"{PATH}?key=nowhere").text
    for query in ("type=nope", "key=%00", "page=-1", "page=%F0%9F", "page=99999999", "key=" + "x" * 5000):
        assert admin.get(f"{PATH}?{query}").status == 200
    assert len(admin.get(PATH).answer.content) < 100_000


def test_every_key_that_there_can_be_has_a_page(admin: Visitor, tenant: CheckedTenant) -> None:
    for key in ("a?b#c", "100%", "%2F", "äöü \u2603", "<b>", "a;b=c", "new", "\\", "..."):
        address = put(tenant, key)
        page = admin.get(address)
        assert (page.status, f"Item {' '.join(key.split())}" in page.text) == (200, True), key
        assert address in item_links(admin.get(f"{PATH}?key={quote(key, safe='')}"))


def test_what_is_hostile_is_shown_as_it_is(admin: Visitor, tenant: CheckedTenant) -> None:
    address = put(
        tenant,
        SCRIPT.replace("/", ""),
        title=SCRIPT,
        body=SCRIPT,
        labels=[SCRIPT],
        assignee=SCRIPT,
        priority=SCRIPT,
        url="https://example.com/?" + SCRIPT.replace(" ", ""),
        fields={SCRIPT: SCRIPT},
    )
    for path in (PATH, address, f"{address}/edit", f"{address}/delete"):
        page = admin.get(path)
        assert page.status == 200
        assert "<script>alert" not in page.answer.text


@pytest.mark.parametrize(
    "path",
    [
        "work_item/nothing",
        "none/1",
        "nonsense/1",
        "work_item/%00",
        "work_item/" + "x" * 300,
        "work_item/%FF",
        "%FF/%FF",
    ],
    ids=range(7),
)
def test_what_is_not_there_is_not_found(admin: Visitor, path: str) -> None:
    for page in ("", "/edit", "/delete"):
        assert admin.get(f"{PATH}/{path}{page}").status in {400, 404}


def test_the_items_of_others_are_not_there(admin: Visitor, stranger: CheckedTenant, tenant: CheckedTenant) -> None:
    address = put(stranger, "theirs")
    assert item_links(admin.get(PATH)) == []
    form = {**form_token(admin.get(NEW)), "confirm": "theirs", "title": "Mine"}
    for page in ("", "/edit", "/delete"):
        assert admin.get(address + page).status == 404
        if page:
            assert admin.call("POST", address + page, data=form).status == 404
    assert read(stranger, "theirs")["title"] == "Item theirs"


def test_who_may_only_look_is_offered_no_deed_and_refused_it(viewer: Visitor, tenant: CheckedTenant) -> None:
    address = put(tenant)
    seen = [viewer.get(PATH), viewer.get(address)]
    assert [page.status for page in seen] == [200, 200]
    for page in seen:
        assert [form.action for form in page.forms if form.action not in {PATH, "/console/sign-out"}] == []
        assert not [one for one in page.all("a") if one["href"].endswith(("/new", "/edit", "/delete"))]
    form = {**form_token(seen[1]), **FILLED_IN, "version": "1", "confirm": "1"}
    for path in (NEW, f"{address}/edit", f"{address}/delete"):
        assert viewer.get(path).status == 403
        assert viewer.call("POST", path, data=form).status == 403
    assert read(tenant, "1")["title"] == "Item 1"


def test_who_may_not_look_is_refused(tenant: CheckedTenant) -> None:
    other = Visitor(tenant.service).signed_in(tenant.another_key(Capability.MANAGE_ORGANISATION).key)
    address = put(tenant)
    assert [other.get(path).status for path in (PATH, NEW, address)] == [403, 403, 403]


def test_a_form_of_another_site_is_refused(admin: Visitor, tenant: CheckedTenant) -> None:
    address = put(tenant)
    for path in (NEW, f"{address}/edit", f"{address}/delete"):
        assert admin.call("POST", path, data={**FILLED_IN, "confirm": "1"}).status == 403
        page = admin.get(path)
        assert admin.send(page, path, FILLED_IN, headers={"origin": "https://evil.example"}).status == 403
    assert read(tenant, "1")["version"] == 1
    assert admin.get(f"{PATH}/work_item/WO-1").status == 404
