"""What Sentry says in words and codes: why it refuses, that it limits, and what it did not do of an item."""

import asyncio
import dataclasses
from typing import Any

import pytest

from jackfield.domain import provider as domain
from jackfield.domain.item import ItemStatus
from jackfield.domain.provider import Delivered, ProviderError
from support.recorded import MARKER, case, provider_at
from support.vendor import Answer, answers

ISSUE = {"id": "4711", "status": "unresolved", "permalink": "https://acme.sentry.io/issues/4711/"}
OURS = {"id": "900", "data": {"text": f"<!-- jackfield:{MARKER} -->"}}


async def play(name: str, *script: Answer, item: dict[str, Any] | None = None) -> tuple[Any, ProviderError | None]:
    recorded = case("sentry", name)
    recorded = dataclasses.replace(recorded, item={**recorded.item, **(item or {})})
    async with provider_at(recorded, answers(*script)) as (provider, connection, _):
        made: Any = provider
        try:
            return await getattr(made, recorded.call)(connection, *recorded.arguments()), None
        except ProviderError as error:
            return None, error


def refused(name: str, *script: Answer, **more: Any) -> ProviderError:
    _, error = asyncio.run(play(name, *script, **more))
    assert error is not None
    return error


def coded(code: str, status: int) -> Answer:
    return Answer.of({"detail": {"code": code, "message": "Something", "extra": {}}}, status)


@pytest.mark.parametrize("name", ["verified", "deliver_created", "deliver_updated", "read_back_states"])
@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (coded("sso-required", 401), "CredentialRefused", "single sign-on"),
        (coded("sso-required", 403), "CredentialRefused", "single sign-on"),
        (coded("2fa-required", 401), "CredentialRefused", "second factor"),
        (coded("member-disabled-over-limit", 401), "CredentialRefused", "plan"),
        (coded("something-new", 403), "UnknownRefusal", "something-new"),
        (coded("something-new", 401), "CredentialRefused", "wrong, expired or revoked"),
        (Answer.of({"detail": "User inactive or deleted"}, 401), "CredentialRefused", "inactive"),
        (Answer.of({"detail": "The moon is full"}, 403), "UnknownRefusal", "moon"),
        (Answer(403, {"Content-Type": "text/html"}, b"<html>no</html>"), "UnknownRefusal", "HTTP 403"),
        (Answer.of({"detail": "Payment required"}, 402), "UnknownRefusal", "Payment required"),
    ],
    ids=range(10),
)
def test_each_refusal_says_which(name: str, answer: Answer, error: str, words: str) -> None:
    raised = refused(name, answer)
    assert type(raised) is getattr(domain, error)
    assert words in str(raised)
    assert len(str(raised)) < 250


@pytest.mark.parametrize("name", ["verified", "deliver_created", "deliver_updated"])
@pytest.mark.parametrize("status", [400, 403, 429])
def test_a_limit_in_other_clothes_is_a_limit(name: str, status: int) -> None:
    sentence = "You are attempting to use this endpoint too frequently. Limit is 5 requests in 1 seconds"
    raised = refused(name, Answer.of({"detail": sentence}, status, {"Retry-After": "4"}))
    assert type(raised) is domain.VendorLimited
    assert raised.retry_after == 4


def test_a_comment_that_sentry_has_already_is_the_one_that_a_lost_answer_told_of() -> None:
    repeated = Answer.of({"detail": "You have already posted that comment."}, 400)
    result, error = asyncio.run(play("deliver_created", Answer.of(ISSUE), repeated, Answer.of([OURS])))
    assert error is None
    assert result.vendor_id == "4711/900"


def test_one_items_text_holds_it_with_sentrys_reason() -> None:
    answer = Answer.of({"text": ["Ensure this field has no more than 9 characters."]}, 400)
    raised = refused("deliver_created", Answer.of(ISSUE), answer)
    assert type(raised) is domain.ItemRejected
    assert "text Ensure this field" in str(raised)


@pytest.mark.parametrize(
    ("status", "left", "is_closed"),
    [("closed", "unresolved", False), ("closed", "reprocessing", False), ("open", "resolved", True)],
)
def test_a_state_that_sentry_did_not_set_is_told_as_not_set(status: str, left: str, is_closed: bool) -> None:
    comment = Answer.of(OURS, 201)
    script = [Answer.of({**ISSUE, "status": left}), comment]
    result, error = asyncio.run(play("deliver_created", *script, item={"status": status}))
    assert error is None
    assert isinstance(result, Delivered)
    assert result.status is (ItemStatus.CLOSED if is_closed else ItemStatus.OPEN)
    assert left in str(result.not_done)


@pytest.mark.parametrize("megabytes", [3, 20])
def test_an_organisation_with_many_projects_is_asked_for_without_them(megabytes: int) -> None:
    async def large(asked: Any, writer: asyncio.StreamWriter) -> None:
        found: dict[str, Any] = {"id": "1", "name": "Acme", "access": ["org:read", "event:write"]}
        if "detailed=0" not in asked.path:
            found["projects"] = ["x" * 1000] * (megabytes * 1000)
        writer.write(Answer.of(found).to_bytes())
        await writer.drain()

    async def verify() -> Any:
        async with provider_at(case("sentry", "verified"), large) as (provider, connection, _):
            return await provider.verify(connection)

    assert asyncio.run(verify()).account.name == "Acme"
