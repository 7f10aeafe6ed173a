"""What Linear says by types and codes: why it refuses, that it limits, and what it did not do of an item."""

import asyncio
import copy
import dataclasses
import json
from typing import Any

import pytest

from jackfield.domain import provider as domain
from jackfield.domain.item import ItemStatus
from jackfield.domain.provider import Delivered, ProviderError
from support.recorded import case, provider_at
from support.vendor import Answer, answers


async def play(name: str, script: list[Answer], item: dict[str, Any]) -> tuple[Any, ProviderError | None, Any]:
    recorded = case("linear", name)
    recorded = dataclasses.replace(recorded, item={**recorded.item, **item})
    async with provider_at(recorded, answers(*script)) as (provider, connection, there):
        made: Any = provider
        try:
            return await getattr(made, recorded.call)(connection, *recorded.arguments()), None, there
        except ProviderError as error:
            return None, error, there


def refused(name: str, *last: Answer, **item: Any) -> ProviderError:
    """What is raised when the recorded last exchange is answered otherwise."""
    script = [*case("linear", name).answers()[:-1], *last]
    _, error, _ = asyncio.run(play(name, script, item))
    assert error is not None
    return error


def wrong(type_: str = "", code: str = "", message: str = "no", status: int = 200, **headers: str) -> Answer:
    kind = {"type": type_, "code": code}
    return Answer.of({"errors": [{"message": message, "extensions": kind}], "data": None}, status, headers)


@pytest.mark.parametrize("name", ["verified", "deliver_created", "deliver_updated", "read_back_states"])
@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    ("type_", "code", "error"),
    [
        ("authentication error", "", "CredentialRefused"),
        ("", "AUTHENTICATION_ERROR", "CredentialRefused"),
        ("AuthenticationError", "AUTHENTICATION_ERROR", "CredentialRefused"),
        ("ratelimited", "", "VendorLimited"),
        ("invalid input", "RATELIMITED", "VendorLimited"),
        ("internal error", "INTERNAL_SERVER_ERROR", "VendorUnavailable"),
        ("lock timeout", "", "VendorUnavailable"),
        ("graphql error", "GRAPHQL_VALIDATION_FAILED", "OurFault"),
        ("brand new error", "BRAND_NEW", "UnknownRefusal"),
        ("", "", "UnknownRefusal"),
    ],
)
def test_each_kind_means_the_same_wherever_it_comes(name: str, status: int, type_: str, code: str, error: str) -> None:
    raised = refused(name, wrong(type_, code, status=status))
    assert type(raised) is getattr(domain, error)
    assert str(raised).startswith("Linear")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "12"}, 12),
        ({"X-RateLimit-Requests-Remaining": "0", "X-RateLimit-Requests-Reset": "1000"}, 0),
        ({"X-RateLimit-Complexity-Remaining": "0", "X-RateLimit-Complexity-Reset": "99999999999999"}, 7 * 86_400),
        ({}, None),
    ],
)
def test_a_limit_lasts_until_what_is_spent_is_counted_anew(headers: dict[str, str], seconds: float | None) -> None:
    raised = refused("deliver_created", wrong("ratelimited", status=400, **headers))
    assert isinstance(raised, domain.VendorLimited)
    assert raised.retry_after == seconds


@pytest.mark.parametrize(
    ("message", "error"),
    [("Invalid scope: `write` required", "RightMissing"), ("You may not edit this issue", "ObjectRightMissing")],
)
def test_one_issue_that_the_account_may_not_change_holds_it_alone(message: str, error: str) -> None:
    assert type(refused("deliver_updated", wrong("forbidden", "FORBIDDEN", message, 400))) is getattr(domain, error)


@pytest.mark.parametrize(
    ("type_", "message", "words"),
    [
        ("invalid input", "title must be shorter than or equal to 255 characters", "255 characters"),
        ("user error", "The team wants an estimate", "wants an estimate"),
        ("invalid input", "Label is of another team", "another team"),
        ("usage limit exceeded", "The team has too many issues", "plan"),
        ("feature not accessible", "Not in this project", "plan"),
    ],
)
def test_one_items_text_holds_it_with_linears_reason(type_: str, message: str, words: str) -> None:
    nothing_there = case("linear", "deliver_not_taken").answers()[-1]
    script = [*case("linear", "deliver_not_taken").answers()[:2], wrong(type_, message=message), nothing_there]
    _, error, _ = asyncio.run(play("deliver_not_taken", script, {}))
    assert type(error) is domain.ItemRejected
    assert words in str(error)


def in_state(type_: str, name: str) -> Answer:
    """The last recorded answer, with the issue in another state."""
    told = copy.deepcopy(case("linear", name).exchanges[-1]["reply"]["json"])
    next(iter(told["data"].values()))["issue"]["state"]["type"] = type_
    return Answer.of(told)


@pytest.mark.parametrize(("wanted", "left"), [("closed", "started"), ("open", "completed"), ("in_progress", "backlog")])
def test_a_state_that_linear_did_not_set_is_told_as_not_set(wanted: str, left: str) -> None:
    script = [*case("linear", "deliver_updated").answers()[:-1], in_state(left, "deliver_updated")]
    result, error, _ = asyncio.run(play("deliver_updated", script, {"status": wanted}))
    assert error is None
    assert isinstance(result, Delivered)
    assert left in str(result.not_done)
    assert result.status is not None
    assert result.status is not ItemStatus(wanted)


def test_a_workflow_without_such_a_state_is_named() -> None:
    look = copy.deepcopy(case("linear", "deliver_updated").exchanges[0]["reply"]["json"])
    states = look["data"]["team"]["states"]
    states["nodes"] = [one for one in states["nodes"] if one["type"] != "completed"]
    look["data"]["issues"]["nodes"][0]["state"]["type"] = "unstarted"
    script = [
        Answer.of(look),
        *case("linear", "deliver_updated").answers()[1:-1],
        in_state("unstarted", "deliver_updated"),
    ]
    result, error, _ = asyncio.run(play("deliver_updated", script, {"status": "closed"}))
    assert error is None
    assert "no state of the type completed" in result.not_done


def test_a_new_issue_is_brought_out_of_a_first_state_that_means_something_else() -> None:
    script = [*case("linear", "deliver_created").answers()[:-1], in_state("started", "deliver_created")]
    updated = case("linear", "deliver_updated").exchanges[-1]["reply"]["json"]
    told = copy.deepcopy(updated)
    told["data"]["issueUpdate"]["issue"]["state"]["type"] = "unstarted"
    result, error, there = asyncio.run(play("deliver_created", [*script, Answer.of(told)], {"status": "open"}))
    assert error is None
    assert (result.not_done, result.status) == (None, None)
    assert b"stateId" in there.seen[-1].body


@pytest.mark.parametrize("sign", ["x", "ü", "🛠", "👩‍🔧"])
def test_a_title_is_as_long_as_linear_counts(sign: str) -> None:
    script = case("linear", "deliver_created").answers()
    _, error, there = asyncio.run(play("deliver_created", script, {"title": sign * 300}))
    assert error is None
    title = next(
        part["variables"]["input"]["title"]
        for part in (json.loads(one.body) for one in there.seen)
        if "input" in part.get("variables", {})
    )
    assert 250 <= len(title.encode("utf-16-le")) // 2 <= 255
