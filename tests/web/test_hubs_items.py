"""Hubs: the product tells of its items, reads them again and lists them."""

import json
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
import requests

from jackfield.domain.item import ItemType
from support.checked_tenant import CheckedTenant
from support.operator import Operator
from support.raw_http import request, send
from support.service import Service

ITEMS = "/v1/hubs/current/items"
NO_TIME = "0001-01-01T00:00:00Z"


def put(tenant: CheckedTenant, key: str = "1", item_type: str = "work_item", **content: Any) -> requests.Response:
    """With a title, unless one is given; None: without."""
    body = {name: value for name, value in {"title": f"Item {key}", **content}.items() if (name, value) != NO_TITLE}
    return tenant.call("PUT", f"{ITEMS}/{item_type}/{quote(key, safe='')}", json=body)


NO_TITLE = ("title", None)


def was_put(tenant: CheckedTenant, key: str = "1", item_type: str = "work_item", **content: Any) -> Any:
    answer = put(tenant, key, item_type, **content)
    assert answer.status_code == 200, answer.text
    assert answer.json()["applied"] is True
    return answer.json()["data"]


def get(tenant: CheckedTenant, key: str = "1", item_type: str = "work_item") -> Any:
    answer = tenant.call("GET", f"{ITEMS}/{item_type}/{quote(key, safe='')}")
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def batch(tenant: CheckedTenant, items: list[Any]) -> requests.Response:
    return tenant.call("POST", f"{ITEMS}/batch", json={"items": items})


def keys(tenant: CheckedTenant, query: str = "") -> list[str]:
    answer = tenant.call("GET", f"{ITEMS}?{query}")
    assert answer.status_code == 200, answer.text
    return [one["key"] for one in answer.json()["data"]]


def refused(answer: requests.Response, code: str, source: str | None = None) -> Any:
    assert answer.status_code == int(code[:3]), answer.text
    error = answer.json()["error"]
    assert (error["code"], error.get("source")) == (code, source)
    return error


def moment(seconds: float = 0.0) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


# One item


def test_what_is_told_of_an_item_is_what_is_read_of_it(tenant: CheckedTenant) -> None:
    content = {
        "title": "Leaking valve",
        "body": "It *drips*.\n\n- here\n- there",
        "url": "https://product.example/work/17?tab=1#top",
        "status": "in_progress",
        "priority": "high",
        "labels": ["plant", "water"],
        "assignee": "alice",
        "occurred_at": "2026-01-31T10:00:00Z",
        "fields": {"a": 1, "b": [True, None, 1.5, "x"], "c": {"d": {}}, "": ""},
    }
    made = was_put(tenant, **content)
    assert {name: made[name] for name in content} == content
    assert (made["type"], made["key"], made["version"]) == ("work_item", "1", 1)
    assert made["events"]["created"] == made["events"]["updated"] > NO_TIME
    assert made["events"]["deleted"] == NO_TIME
    assert "links" not in made
    assert get(tenant) == {**made, "links": []}


def test_what_is_not_said_is_none(tenant: CheckedTenant) -> None:
    made = was_put(tenant)
    assert (made["body"], made["status"], made["labels"], made["fields"]) == ("", "open", [], {})
    assert [made[name] for name in ("url", "priority", "assignee")] == [None] * 3
    assert abs(datetime.fromisoformat(made["occurred_at"]) - datetime.now(UTC)) < timedelta(minutes=1)
    # the whole item is told each time
    was_put(tenant, body="Text", priority="high", labels=["a"])
    again = was_put(tenant)
    assert (again["body"], again["priority"], again["labels"], again["version"]) == ("", None, [], 3)


@pytest.mark.parametrize(
    "member", ["body", "url", "status", "priority", "labels", "assignee", "occurred_at", "fields", None]
)
def test_null_is_the_same_as_not_said(tenant: CheckedTenant, member: str | None) -> None:
    optional = ["body", "url", "status", "priority", "labels", "assignee", "occurred_at", "fields"]
    nulls = dict.fromkeys(optional if member is None else [member])
    first, second = was_put(tenant), was_put(tenant, **nulls)
    assert second["version"] == first["version"]
    [batched] = tenant.call(
        "POST", f"{ITEMS}/batch", json={"items": [{"type": "work_item", "key": "1", "title": first["title"], **nulls}]}
    ).json()["data"]
    assert batched["data"]["version"] == first["version"]


def test_telling_the_same_again_changes_nothing(tenant: CheckedTenant) -> None:
    first = was_put(tenant, labels=["b", "a", "b"], fields={"x": [1, 2], "y": "z"})
    assert first["labels"] == ["b", "a"]
    again = was_put(tenant, labels=["b", "a"], fields={"y": "z", "x": [1, 2]})
    assert (again["id"], again["version"], again["events"]) == (first["id"], 1, first["events"])
    assert was_put(tenant, labels=["a", "b"], fields={"x": [1, 2], "y": "z"})["version"] == 2


def test_what_occurred_earlier_does_not_replace_what_occurred_later(tenant: CheckedTenant) -> None:
    was_put(tenant, title="Newer", occurred_at="2026-01-31T10:00:00Z")
    answer = put(tenant, title="Older", occurred_at="2026-01-31T09:59:59Z")
    assert (answer.status_code, answer.json()["applied"]) == (200, False)
    assert (answer.json()["data"]["title"], answer.json()["data"]["version"]) == ("Newer", 1)
    assert get(tenant)["title"] == "Newer"
    # the same moment in another zone, and what comes last stands
    assert was_put(tenant, title="Same", occurred_at="2026-01-31T11:00:00+01:00")["version"] == 2
    # later, and the same otherwise: that it was so then is news
    later = was_put(tenant, title="Same", occurred_at="2026-01-31T12:00:00Z")
    assert (later["version"], later["occurred_at"]) == (2, "2026-01-31T12:00:00Z")
    assert put(tenant, title="Between", occurred_at="2026-01-31T11:00:00Z").json()["applied"] is False


def test_two_clocks_may_differ_by_minutes(tenant: CheckedTenant) -> None:
    was_put(tenant, occurred_at=moment(240))
    refused(put(tenant, occurred_at=moment(360)), "422.invalid-argument", "/occurred_at")


def test_a_deleted_item_is_not_there_any_more_and_can_be_made_again(tenant: CheckedTenant) -> None:
    made = was_put(tenant)
    answer = tenant.call("DELETE", f"{ITEMS}/work_item/1")
    assert answer.status_code == 200
    deleted = answer.json()["data"]
    assert (deleted["id"], deleted["version"], deleted["title"]) == (made["id"], 2, "Item 1")
    assert deleted["events"]["deleted"] > NO_TIME
    for method in ("GET", "DELETE"):
        refused(tenant.call(method, f"{ITEMS}/work_item/1"), "404.hub.item")
    assert keys(tenant) == []
    # what it was before comes too late
    late = put(tenant, title="Late", occurred_at=made["occurred_at"])
    assert late.json()["applied"] is False
    again = was_put(tenant)
    assert (again["id"], again["version"], again["events"]["deleted"]) == (made["id"], 3, NO_TIME)


def test_one_key_is_another_item_in_each_type_and_each_hub(tenant: CheckedTenant, stranger: CheckedTenant) -> None:
    made = [was_put(tenant), was_put(tenant, item_type="document"), was_put(stranger)]
    assert len({one["id"] for one in made}) == 3
    was_put(tenant, title="Changed")
    assert get(stranger)["title"] == "Item 1"
    assert get(tenant, item_type="document")["title"] == "Item 1"


def test_an_item_of_another_hub_is_not_there(tenant: CheckedTenant, stranger: CheckedTenant) -> None:
    was_put(stranger, "theirs")
    for method in ("GET", "DELETE"):
        refused(tenant.call(method, f"{ITEMS}/work_item/theirs"), "404.hub.item")
    assert keys(tenant) == []
    assert keys(stranger) == ["theirs"]


@pytest.mark.parametrize("item_type", [one for one in ItemType if one is not ItemType.NONE])
def test_every_type_of_the_organisations_contract_can_be_told_of(tenant: CheckedTenant, item_type: str) -> None:
    assert was_put(tenant, item_type=item_type)["type"] == item_type


def test_fifty_at_once_make_one_item(tenant: CheckedTenant) -> None:
    def change(number: int) -> Callable[[CheckedTenant], requests.Response]:
        return lambda one: put(one, title=f"Change {number}")

    answers = tenant.at_once([change(number) for number in range(50)])
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["data"]["id"] for answer in answers}) == 1
    applied = [answer.json()["data"] for answer in answers if answer.json()["applied"]]
    assert applied
    # each that was applied is a version of its own
    assert sorted(one["version"] for one in applied) == list(range(1, len(applied) + 1))
    last = max(applied, key=lambda one: one["version"])
    assert (get(tenant)["title"], get(tenant)["version"]) == (last["title"], last["version"])


# What an item may be called, and what it may hold


@pytest.mark.parametrize(
    "key",
    [
        "a",
        "x" * 255,
        "😀" * 255,
        "with space",
        "a.b-c_d~e",
        "%2F",
        "%",
        "ключ",
        "مفتاح",
        "e\u0301",
        "\ue000",
        "a?b#c",
        "batch",
        "\\",
        '"',
    ],
    ids=ascii,
)
def test_keys_of_every_kind_name_an_item(tenant: CheckedTenant, key: str) -> None:
    assert was_put(tenant, key)["key"] == key
    assert get(tenant, key)["key"] == key
    assert keys(tenant) == [key]


@pytest.mark.parametrize("key", ["x" * 256, "a\tb", "a\nb", "\x00", "\x7f", "\x1f"], ids=ascii)
def test_keys_that_name_nothing_are_refused(tenant: CheckedTenant, key: str) -> None:
    refused(put(tenant, key, title="Item"), "422.invalid-argument", "key")
    for method in ("GET", "DELETE"):
        refused(tenant.call(method, f"{ITEMS}/work_item/{quote(key, safe='')}"), "404.hub.item")


@pytest.mark.parametrize("item_type", ["none", "nonsense", "Work_Item", "%00", "x" * 300], ids=ascii)
def test_unknown_types_are_refused(tenant: CheckedTenant, item_type: str) -> None:
    refused(put(tenant, item_type=item_type), "422.invalid-argument", "itemType")
    for method in ("GET", "DELETE"):
        refused(tenant.call(method, f"{ITEMS}/{item_type}/1"), "404.hub.item")


@pytest.mark.parametrize(
    ("content", "code", "source"),
    [
        ({"title": None}, "422.missing-argument", "/title"),
        ({"title": ""}, "422.invalid-argument", "/title"),
        ({"title": " \t\u3000"}, "422.invalid-argument", "/title"),
        ({"title": "x" * 1001}, "422.max-exceeded", "/title"),
        ({"title": 7}, "422.invalid-argument", "/title"),
        ({"body": "x" * 65_537}, "422.max-exceeded", "/body"),
        ({"url": ""}, "422.invalid-argument", "/url"),
        ({"url": "x"}, "422.invalid-argument", "/url"),
        ({"url": "javascript:alert(1)"}, "422.invalid-argument", "/url"),
        ({"url": " javascript:alert(1)"}, "422.invalid-argument", "/url"),
        ({"url": "data:text/html,x"}, "422.invalid-argument", "/url"),
        ({"url": "https://"}, "422.invalid-argument", "/url"),
        ({"url": "https://[::1"}, "422.invalid-argument", "/url"),
        ({"url": "https://product.example/a b"}, "422.invalid-argument", "/url"),
        ({"url": "https://product.example/\n"}, "422.invalid-argument", "/url"),
        ({"url": "https://product.example/" + "x" * 2048}, "422.max-exceeded", "/url"),
        ({"status": "done"}, "422.invalid-argument", "/status"),
        ({"priority": ""}, "422.invalid-argument", "/priority"),
        ({"priority": "x" * 256}, "422.max-exceeded", "/priority"),
        ({"assignee": "x" * 256}, "422.max-exceeded", "/assignee"),
        ({"assignee": 7}, "422.invalid-argument", "/assignee"),
        ({"labels": "a,b"}, "422.invalid-argument", "/labels"),
        ({"labels": ["a", ""]}, "422.invalid-argument", "/labels/1"),
        ({"labels": ["x" * 256]}, "422.max-exceeded", "/labels/0"),
        ({"labels": [None]}, "422.invalid-argument", "/labels/0"),
        ({"labels": [str(number) for number in range(101)]}, "422.max-exceeded", "/labels"),
        ({"fields": []}, "422.invalid-argument", "/fields"),
        ({"fields": "x"}, "422.invalid-argument", "/fields"),
        ({"fields": {"x": "y" * 65_536}}, "422.invalid-argument", "/fields"),
        ({"occurred_at": "yesterday"}, "422.invalid-argument", "/occurred_at"),
        ({"occurred_at": 1_700_000_000}, "422.invalid-argument", "/occurred_at"),
        ({"occurred_at": "9999-12-31T23:59:59-01:00"}, "422.invalid-argument", "/occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "422.invalid-argument", "/occurred_at"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_what_is_wrong_with_an_item_is_named(
    tenant: CheckedTenant, content: dict[str, Any], code: str, source: str
) -> None:
    refused(put(tenant, **content), code, source)
    assert keys(tenant) == []


def test_the_largest_of_everything_is_taken(tenant: CheckedTenant) -> None:
    content = {
        "title": "😀" * 1000,
        "body": "ü" * 65_536,
        "url": "https://product.example/".ljust(2048, "x"),
        "priority": "x" * 255,
        "assignee": "x" * 255,
        "labels": [f"{number}".ljust(255, "x") for number in range(100)],
        "fields": {"x": "y" * (65_536 - 8)},
    }
    made = was_put(tenant, **content)
    assert {name: made[name] for name in content} == content


TEXTS = {
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈",
    "right to left": "مرحبا \u202eשלום\u202c",  # noqa: RUF001
    "combining": "Z̷a̸l̵g̶o̴ e\u0301 " + "a" + "\u0301" * 50,
    "private use": "\ue000\uf8ff\U000f0000",
    "astral": "𝕁𝕒𝕔𝕜𝕗𝕚𝕖𝕝𝕕 𠜎",  # noqa: RUF001
    "noncharacters": "\uffff\ufdd0\U0001ffff",
    "invisible": "\u200b\ufeff\u2060x",
    "line separators": "a\u2028b\u2029c\x85d\r\ne",
    "controls": "\x01\x1b[31m\x7f",
    "markup": "<script>alert('@everyone')</script> <!channel> ![x](http://x/y.png)",
    "escapes": "\\u0000 \\ %00 ${jndi} {{7*7}} '; drop table item; --",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("escaped", [True, False], ids=["escaped", "plain"])
def test_unicode_of_every_kind_comes_back_as_it_was(tenant: CheckedTenant, text: str, escaped: bool) -> None:
    content = {
        "title": text,
        "body": text,
        "priority": text,
        "assignee": text,
        "labels": [text],
        "fields": {text: {text: [text]}},
    }
    answer = tenant.call(
        "PUT",
        f"{ITEMS}/work_item/1",
        data=json.dumps(content, ensure_ascii=escaped).encode(),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 200, answer.text
    shown = get(tenant)
    assert {name: shown[name] for name in content} == content
    # and it is not made another by the form it is in
    assert shown["title"] == text or unicodedata.normalize("NFC", shown["title"]) != text


@pytest.mark.parametrize(
    "value",
    [0, -1, 2**63 - 1, -(2**63), 2**64 - 1, 1.5, -0.0, 1e308, 5e-324, 1e22, 0.1, [], {}, [[[]]], "", None, False],
    ids=str,
)
def test_values_of_every_kind_come_back_as_they_were(tenant: CheckedTenant, value: Any) -> None:
    was_put(tenant, fields={"x": value})
    shown = get(tenant)["fields"]["x"]
    # a number is a number, however many digits it is written with
    assert (float(shown) if isinstance(value, float) else shown) == value


@pytest.mark.parametrize("place", ["title", "body", "priority", "assignee", "labels", "fields", "name of a field"])
@pytest.mark.parametrize("wrong", ["\x00", "\ud800", "\udc00x"], ids=ascii)
def test_what_is_no_text_is_refused(tenant: CheckedTenant, place: str, wrong: str) -> None:
    text = f"a{wrong}b"
    content: dict[str, Any] = {
        "labels": {"labels": [text]},
        "fields": {"fields": {"x": [text]}},
        "name of a field": {"fields": {text: 1}},
    }.get(place, {place: text})
    answer = put(tenant, **content)
    assert answer.status_code in {400, 422}, answer.text
    assert keys(tenant) == []


def test_fields_may_be_deep_and_not_bottomless(tenant: CheckedTenant) -> None:
    deep: Any = 1
    for _ in range(40):
        deep = [deep]
    was_put(tenant, fields={"x": deep})
    assert get(tenant)["fields"] == {"x": deep}
    bottomless = "[" * 30_000 + "]" * 30_000
    answer = tenant.call(
        "PUT",
        f"{ITEMS}/work_item/1",
        data=f'{{"title": "x", "fields": {{"x": {bottomless}}}}}',
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code in {400, 422}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"{} {}"], ids=ascii)
def test_what_is_no_item_is_refused(tenant: CheckedTenant, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    for method, path in (("PUT", f"{ITEMS}/work_item/1"), ("POST", f"{ITEMS}/batch")):
        answer = tenant.call(method, path, data=body, headers=headers)
        assert answer.status_code in {400, 422}, answer.text


def test_a_body_of_more_than_a_mebibyte_is_refused(tenant: CheckedTenant, service: Service) -> None:
    for method, path in (("PUT", f"{ITEMS}/work_item/1"), ("POST", f"{ITEMS}/batch")):
        body = b'{"title": "x"}'.ljust(1024 * 1024 + 1)
        headers = {"Authorization": f"Bearer {tenant.key}", "Content-Type": "application/json", "Connection": "close"}
        answer = send(service, request(method, path, headers, body))
        assert (answer.status, answer.json()["error"]["code"]) == (413, "422.max-exceeded")
    # as much as that is taken
    answer = tenant.call(
        "PUT",
        f"{ITEMS}/work_item/1",
        data=b'{"title": "x"}'.ljust(1024 * 1024),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 200


# Many at once


def named(key: str, **content: Any) -> dict[str, Any]:
    return {"type": "work_item", "key": key, "title": f"Item {key}", **content}


def test_many_items_are_written_in_one_call_in_its_order(tenant: CheckedTenant) -> None:
    was_put(tenant, "b", title="Older", occurred_at="2026-01-31T10:00:00Z")
    items = [
        named("z"),
        named("a", type="document"),
        named("b", title="Too late", occurred_at="2026-01-30T10:00:00Z"),
        named("a", labels=["x", "x"], fields={"y": 1}),
    ]
    answer = batch(tenant, items)
    assert answer.status_code == 200, answer.text
    puts = answer.json()["data"]
    assert [(one["data"]["type"], one["data"]["key"]) for one in puts] == [
        ("work_item", "z"),
        ("document", "a"),
        ("work_item", "b"),
        ("work_item", "a"),
    ]
    assert [one["applied"] for one in puts] == [True, True, False, True]
    assert puts[2]["data"]["title"] == "Older"
    assert get(tenant, "a")["labels"] == ["x"]


def test_a_thousand_items_are_taken_and_one_more_is_not(tenant: CheckedTenant) -> None:
    answer = batch(tenant, [named(str(number)) for number in range(1000)])
    assert (answer.status_code, len(answer.json()["data"])) == (200, 1000)
    refused(batch(tenant, [named(str(number)) for number in range(1001)]), "422.max-exceeded", "/items")
    refused(batch(tenant, []), "422.invalid-argument", "/items")


def test_of_a_batch_with_bad_items_nothing_is_written_and_each_is_named(tenant: CheckedTenant) -> None:
    items = [
        named("good"),
        named("blank", title="  "),
        named("a/b"),
        named("nothing", type="none"),
        named("good"),
        named("script", url="javascript:alert(1)"),
        named("later", occurred_at=moment(3600)),
        named("large", fields={"x": "y" * 65_536}),
    ]
    error = refused(batch(tenant, items), "422.invalid-argument", "/items/1/title")
    assert sorted(error["extra"]) == [
        "/items/1/title",
        "/items/2/key",
        "/items/3/type",
        "/items/4/key",
        "/items/5/url",
        "/items/6/occurred_at",
        "/items/7/fields",
    ]
    assert error["extra"]["/items/4/key"] == "The item is named already, by /items/0"
    assert keys(tenant) == []


def test_what_is_wrong_with_the_form_of_several_items_is_named_for_each(tenant: CheckedTenant) -> None:
    items = [named("good"), {"type": "work_item", "key": "x"}, named("y", status="done"), named("z", type="nonsense")]
    error = refused(batch(tenant, items), "422.missing-argument", "/items/1/title")
    assert sorted(error["extra"]) == ["/items/1/title", "/items/2/status", "/items/3/type"]
    assert keys(tenant) == []


def test_one_bad_item_is_enough(tenant: CheckedTenant) -> None:
    items = [named(str(number)) for number in range(999)] + [named("bad", url="x")]
    error = refused(batch(tenant, items), "422.invalid-argument", "/items/999/url")
    assert list(error["extra"]) == ["/items/999/url"]
    assert keys(tenant) == []


def test_batches_of_the_same_new_items_at_once_all_succeed(tenant: CheckedTenant) -> None:
    items = [named(str(number)) for number in range(50)]
    answers = tenant.at_once([lambda one: batch(one, items)] * 5 + [lambda one: batch(one, items[::-1])] * 5)
    assert {answer.status_code for answer in answers} == {200}
    assert len(keys(tenant, "page[size]=100")) == 50


# Lists


@pytest.fixture(scope="module")
def several(operator: Operator, service: Service) -> CheckedTenant:
    """Five items that nobody changes, one of them deleted."""
    tenant = CheckedTenant.create_checked(operator, service)
    was_put(tenant, "b", labels=["x", "y"], priority="high", occurred_at="2026-01-03T00:00:00Z")
    was_put(tenant, "a", labels=["x"], status="closed", assignee="alice", occurred_at="2026-01-01T00:00:00Z")
    was_put(tenant, "d", item_type="document", labels=["y"], occurred_at="2026-01-02T00:00:00Z")
    was_put(tenant, "c", status="in_progress", assignee="alice", occurred_at="2026-01-04T00:00:00Z")
    was_put(tenant, "gone")
    tenant.call("DELETE", f"{ITEMS}/work_item/gone")
    return tenant


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "cdab"),
        ("sort=id", "badc"),
        ("sort=key", "abcd"),
        ("sort=-key", "dcba"),
        ("sort=occurred", "adbc"),
        ("sort=-occurred", "cbda"),
        ("sort=updated", "badc"),
        ("sort=-updated", "cdab"),
        ("filter[type]=document", "d"),
        ("filter[type]=asset", ""),
        ("filter[status]=open", "db"),
        ("filter[status]=open,closed", "dab"),
        ("filter[status]=in_progress&filter[status]=closed", "ca"),
        ("filter[label]=x", "ab"),
        ("filter[label]=x,y", "b"),
        ("filter[label]=X", ""),
        ("filter[assignee]=alice", "ca"),
        ("filter[priority]=high", "b"),
        ("filter[assignee]=alice&filter[status]=closed", "a"),
        ("filter[updated-from]=2020-01-01T00:00:00Z", "cdab"),
        ("filter[updated-from]=2999-01-01T00:00:00Z", ""),
        ("page[size]=3", "cda"),
        ("page[size]=3&page[number]=2", "b"),
        ("page[size]=3&page[number]=3", ""),
    ],
)
def test_items_are_listed_as_asked_for(several: CheckedTenant, query: str, expected: str) -> None:
    assert keys(several, query) == list(expected)


@pytest.mark.parametrize(
    ("query", "source"),
    [
        ("page[number]=0", "page[number]"),
        ("page[size]=101", "page[size]"),
        ("filter[type]=nonsense", "filter[type]"),
        ("filter[types]=asset", "filter[types]"),
        ("filter[key]=a", "filter[key]"),
        ("filter[status][]=open", "filter[status][]"),
        ("filter[status]=done", "filter[status]"),
        ("filter[assignee]=", "filter[assignee]"),
        ("filter[label]=%00", "filter[label]"),
        ("filter[assignee]=%00", "filter[assignee]"),
        ("filter[updated-from]=yesterday", "filter[updated-from]"),
        ("filter[updated-from]=0001-01-01T00:00:00%2B14:00", "filter[updated-from]"),
        ("sort=title", "sort"),
        ("sort=id,key", "sort"),
    ],
)
def test_what_cannot_be_asked_for_is_named(several: CheckedTenant, query: str, source: str) -> None:
    refused(several.call("GET", f"{ITEMS}?{query}"), "422.invalid-argument", source)


# Who may, and how


def test_who_may_only_look_may_look(tenant: CheckedTenant) -> None:
    was_put(tenant)
    looks = tenant.view_only()
    assert get(looks) == get(tenant)
    assert keys(looks) == ["1"]
    for answer in (put(looks), batch(looks, [named("2")]), looks.call("DELETE", f"{ITEMS}/work_item/1")):
        error = refused(answer, "403.permissions")
        assert error["extra"] == {"capability": "hubs-integrations-manage"}
    assert keys(tenant) == ["1"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", ITEMS, {"GET", "HEAD"}),
        ("PUT", ITEMS, {"GET", "HEAD"}),
        ("DELETE", ITEMS, {"GET", "HEAD"}),
        ("GET", f"{ITEMS}/batch", {"POST"}),
        ("PUT", f"{ITEMS}/batch", {"POST"}),
        ("POST", f"{ITEMS}/work_item/1", {"GET", "HEAD", "PUT", "DELETE"}),
        ("PATCH", f"{ITEMS}/work_item/1", {"GET", "HEAD", "PUT", "DELETE"}),
    ],
)
def test_other_methods_are_told_which_there_are(
    tenant: CheckedTenant, method: str, path: str, allowed: set[str]
) -> None:
    answer = tenant.call(method, path, json={})
    refused(answer, "405.method")
    assert {one.strip() for one in answer.headers["allow"].split(",")} - {"OPTIONS"} == allowed


@pytest.mark.parametrize("path", [f"{ITEMS}/work_item", f"{ITEMS}/work_item/1/2", f"{ITEMS}/work_item/", f"{ITEMS}/"])
def test_other_paths_are_none(tenant: CheckedTenant, path: str) -> None:
    refused(tenant.call("GET", path), "404.uri")


def test_head_answers_as_get_does_without_the_body(tenant: CheckedTenant) -> None:
    was_put(tenant)
    for path in (ITEMS, f"{ITEMS}/work_item/1", f"{ITEMS}/work_item/2", f"{ITEMS}?page[size]=0"):
        got, head = tenant.call("GET", path), tenant.call("HEAD", path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert [head.headers[name] for name in ("content-length", "content-type")] == [
            *(str(len(got.content)), "application/json")
        ]


def test_head_is_no_method_of_what_is_not_read(tenant: CheckedTenant) -> None:
    answer = tenant.call("HEAD", f"{ITEMS}/batch")
    assert (answer.status_code, answer.content, answer.headers["allow"]) == (405, b"", "POST")
