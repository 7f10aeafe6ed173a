"""What GitLab says in words: why it refuses, that it limits, and what it did not do of an item."""

import asyncio
import dataclasses
from typing import Any

import pytest

from jackfield.domain import provider as domain
from jackfield.domain.item import ItemStatus
from jackfield.domain.provider import Delivered, ProviderError
from support.recorded import case, provider_at
from support.vendor import Answer, answers

ISSUE = {"iid": 7, "state": "opened", "web_url": "https://gitlab.com/acme/rail/depot/-/issues/7"}
PROJECT = {"id": 42, "archived": False, "issues_enabled": True}


async def play(name: str, *script: Answer, item: dict[str, Any] | None = None) -> tuple[Any, ProviderError | None]:
    recorded = case("gitlab", name)
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


def told(message: Any, status: int = 403, **headers: str) -> Answer:
    return Answer.of({"message": message}, status, headers)


ACCOUNTS = {
    "You (@dev) must accept the Terms of Service in order to perform this action. To accept these terms, please access "
    "GitLab from a web browser at https://gitlab.example.com.": "terms",
    "Your account is pending approval from your administrator and hence blocked.": "approve",
    "Your account has been deactivated by your administrator. Please log back in from a web browser.": "activate",
    "Your primary email address is not confirmed. Please check your inbox.": "e-mail",
    "Your account has been blocked.": "blocked",
    "Your password expired. Please access GitLab from a web browser to update your password.": "password",
    "This action cannot be performed by internal users": "internal",
    "You must set up two-factor authentication": "second factor",
}


@pytest.mark.parametrize("name", ["verified", "deliver_created", "deliver_updated", "read_back_states"])
@pytest.mark.parametrize("sentence", ACCOUNTS)
@pytest.mark.parametrize("form", ["{}", "403 Forbidden - {}", "403 Forbidden  - {}"])
def test_a_refusal_of_the_account_says_which(name: str, sentence: str, form: str) -> None:
    raised = refused(name, told(form.format(sentence)))
    assert type(raised) is domain.CredentialRefused
    assert ACCOUNTS[sentence] in str(raised)
    assert "lacks the right" not in str(raised)
    assert len(str(raised)) < 250


@pytest.mark.parametrize(
    ("description", "words"),
    [
        ("Token is expired. You can either do re-authorization or token refresh.", "expired"),
        ("Token was revoked. You have to re-authorize from the user.", "revoked"),
        ("Token is an impersonation token but impersonation was disabled.", "impersonation"),
        ("Something new", "wrong, expired or revoked"),
    ],
)
def test_a_refused_token_says_why(description: str, words: str) -> None:
    raised = refused("verified", Answer.of({"error": "invalid_token", "error_description": description}, 401))
    assert type(raised) is domain.CredentialRefused
    assert words in str(raised)


@pytest.mark.parametrize("name", ["deliver_created", "deliver_updated"])
@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (told("You cannot perform write operations on a read-only instance"), "VendorUnavailable", "maintenance"),
        (told("403 Forbidden - Your top-level group is in a read-only state."), "ConfigurationRejected", "plan"),
        (told("403 Forbidden - The moon is full"), "UnknownRefusal", "moon"),
        (Answer(403, {"Content-Type": "text/html"}, b"<html>Checking your browser</html>"), "UnknownRefusal", "403"),
        (
            told({"error": "Your issue has been recognized as spam and has been discarded."}, 400),
            "ItemRejected",
            "spam",
        ),
        (told({"title": ["is too long (maximum is 255 characters)"]}, 400), "ItemRejected", "title is too long"),
        (told({"labels": {"title": ["is invalid"]}}, 422), "ItemRejected", "labels title is invalid"),
        (told({"description": ["is too long (1.2 MB)"]}, 422), "ItemRejected", "description is too long"),
        (told('400 (Bad request) "title" not given', 400), "ItemRejected", "title"),
        (told("Request Entity Too Large", 413), "ItemRejected", "too large"),
        (told("Payment Required", 402), "UnknownRefusal", "Payment Required"),
    ],
    ids=range(11),
)
def test_each_refusal_says_which(name: str, answer: Answer, error: str, words: str) -> None:
    raised = refused(name, answer)
    assert type(raised) is getattr(domain, error)
    assert words in str(raised)


@pytest.mark.parametrize("name", ["verified", "deliver_created", "deliver_updated"])
@pytest.mark.parametrize("status", [400, 403, 422, 429])
def test_a_limit_in_other_clothes_is_a_limit(name: str, status: int) -> None:
    sentence = "This endpoint has been requested too many times. Try again later."
    raised = refused(name, told({"error": sentence}, status, **{"Retry-After": "9"}))
    assert type(raised) is domain.VendorLimited
    assert raised.retry_after == 9


@pytest.mark.parametrize(
    ("found", "error"),
    [
        ({"archived": True}, "ConfigurationRejected"),
        ({"issues_access_level": "disabled"}, "ConfigurationRejected"),
        ({}, "RightMissing"),
    ],
)
def test_a_403_to_a_new_issue_is_about_the_project_or_a_right(found: dict[str, Any], error: str) -> None:
    raised = refused("deliver_created", told("403 Forbidden"), Answer.of({**PROJECT, **found}))
    assert type(raised) is getattr(domain, error)


def test_one_issue_that_the_account_may_not_change_holds_it_alone() -> None:
    raised = refused("deliver_updated", told("403 Forbidden"), Answer.of(PROJECT))
    assert type(raised) is domain.ObjectRightMissing


@pytest.mark.parametrize(
    "script",
    [
        [Answer.of(ISSUE)],
        [told("403 Forbidden"), Answer.of(PROJECT)],
        [told({"state": ["cannot transition"]}, 422)],
        [told("403 Forbidden - Something new")],
    ],
    ids=range(4),
)
def test_an_issue_that_is_not_closed_is_told_as_not_closed_and_not_made_again(script: list[Answer]) -> None:
    result, error = asyncio.run(play("deliver_created", Answer.of(ISSUE, 201), *script, item={"status": "closed"}))
    assert error is None
    assert isinstance(result, Delivered)
    assert (result.vendor_id, result.status) == ("7", ItemStatus.OPEN)
    assert str(result.not_done).startswith("GitLab")
