"""What recorded replies do not show of issues at Jira: the budget, the calls for many, the site's address."""

import asyncio
import dataclasses
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jackfield.domain.item import Item, ItemStatus, ItemType
from jackfield.domain.provider import Budget, Delivered
from jackfield.providers.jira import _fields_of, _labels_of
from support.recorded import Case, case, provider_at
from support.vendor import Answer, answers


def item(**members: Any) -> Item:
    return Item(**{"type": ItemType.WORK_ITEM, "key": "WI-7", "title": "Brake pads worn", **members})


async def deliver(one: Case, *script: Answer) -> tuple[Delivered, Budget, list[str]]:
    async with provider_at(one, answers(*script)) as (provider, connection, there):
        delivered = await provider.deliver(connection, *one.arguments())
        return delivered, connection.budget, [asked.path for asked in there.seen]


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("in ten minutes", (500, 600)),
        ("2020-01-01T00:00Z", (0, 0)),
        ("2020-01-01T00:00", (0, 0)),
        ("soon", None),
        (None, None),
    ],
)
def test_what_is_left_is_noted(reset: str | None, seconds: tuple[int, int] | None) -> None:
    one = case("jira", "deliver_created")
    if reset == "in ten minutes":
        reset = (datetime.now(UTC) + timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%MZ")
    headers = {"X-RateLimit-Remaining": "7"} | ({"X-RateLimit-Reset": reset} if reset else {})
    made = Answer.of(one.exchanges[0]["reply"]["json"], 201, headers)
    _, budget, _ = asyncio.run(deliver(one, made))
    assert budget.remaining == 7
    if seconds is None:
        assert budget.seconds is None
    else:
        assert budget.seconds is not None
        assert seconds[0] <= budget.seconds <= seconds[1]


@pytest.mark.parametrize("remaining", ["", "many", "-1", "9" * 30, "²"])
def test_a_number_that_is_none_says_nothing(remaining: str) -> None:
    one = case("jira", "deliver_created")
    made = Answer.of(one.exchanges[0]["reply"]["json"], 201, {"X-RateLimit-Remaining": remaining.replace("²", "x2")})
    _, budget, _ = asyncio.run(deliver(one, made))
    assert budget.remaining is None


def test_the_address_of_a_site_behind_the_gateway_is_asked_for_once() -> None:
    one = case("jira", "deliver_created_by_oauth")

    async def twice() -> tuple[list[Delivered], list[str]]:
        script = one.answers()
        async with provider_at(one, answers(*script, script[0])) as (provider, connection, there):
            made = [await provider.deliver(connection, *one.arguments()) for _ in range(2)]
            return made, [asked.path.rpartition("/")[2] for asked in there.seen]

    made, paths = asyncio.run(twice())
    assert [one.url for one in made] == ["https://example.atlassian.net/browse/ENG-42"] * 2
    assert paths == ["issue", "serverInfo", "issue"]


@pytest.mark.parametrize(
    "info", [Answer(503), Answer(404), Answer.of({"baseUrl": 1}), Answer.of({"baseUrl": "javascript:alert(1)"})]
)
def test_an_issue_is_delivered_though_its_address_is_not_known(info: Answer) -> None:
    one = case("jira", "deliver_created_by_oauth")
    made, _, _ = asyncio.run(deliver(one, one.answers()[0], info))
    assert made == Delivered(vendor_id="10042", url=None)


def test_many_are_read_back_a_hundred_at_a_time() -> None:
    one = dataclasses.replace(case("jira", "read_back_states"), vendor_ids=[str(number) for number in range(150)])

    def issue(number: int) -> dict[str, Any]:
        fields = {"status": {"statusCategory": {"key": "done"}}, "assignee": None}
        return {"id": str(number), "key": f"ENG-{number}", "fields": fields}

    async def read() -> tuple[dict[str, Any], list[int]]:
        script = [Answer.of({"issues": [issue(0), issue(999)]}), Answer.of({"issues": [issue(149)]})]
        async with provider_at(one, answers(*script)) as (provider, connection, there):
            states = await provider.read_back(connection, one.vendor_ids)
            return dict(states), [len(json.loads(asked.body)["issueIdsOrKeys"]) for asked in there.seen]

    states, sizes = asyncio.run(read())
    assert sizes == [100, 50]
    # the issue that nobody asked for is left out
    assert set(states) == {"0", "149"}
    assert {state.status for state in states.values()} == {ItemStatus.CLOSED}


def test_labels_have_no_blanks_and_stand_once() -> None:
    assert _labels_of(item(labels=("a b", "a-b", " c\n", "", "d" * 300))) == ["a-b", "c", "d" * 255]


def test_an_item_of_its_title_alone() -> None:
    assert _fields_of(item(title=" Two\nlines ")) == {
        "summary": "Two lines",
        "description": {"type": "doc", "version": 1, "content": []},
    }
