"""What GitHub says in words: why it refuses, that it limits, and what it did not do of an item."""

import asyncio
import dataclasses
from typing import Any

import pytest

from jackfield.domain import provider as domain
from jackfield.domain.item import ItemStatus
from jackfield.domain.provider import Delivered, ProviderError
from support.recorded import case, provider_at
from support.vendor import Answer, answers

ISSUE = {"number": 42, "state": "open", "html_url": "https://github.com/octocat/depot/issues/42"}
#: as a proxy between GitHub and us writes it
HTML = b"<html><body>403 Forbidden</body></html>"


async def play(
    name: str, *script: Answer, item: dict[str, Any] | None = None, settings: dict[str, str] | None = None
) -> tuple[Any, ProviderError | None]:
    recorded = case("github", name)
    recorded = dataclasses.replace(
        recorded,
        item={**recorded.item, **(item or {})},
        configuration={**recorded.configuration, **(settings or {})},
    )
    async with provider_at(recorded, answers(*script)) as (provider, connection, _):
        made: Any = provider
        try:
            return await getattr(made, recorded.call)(connection, *recorded.arguments()), None
        except ProviderError as error:
            return None, error


def delivered(name: str, *script: Answer, **more: Any) -> Delivered:
    result, error = asyncio.run(play(name, *script, **more))
    assert error is None
    assert isinstance(result, Delivered)
    return result


def refused(name: str, *script: Answer, **more: Any) -> ProviderError:
    _, error = asyncio.run(play(name, *script, **more))
    assert error is not None
    return error


def told(message: str, status: int = 403, **headers: str) -> Answer:
    return Answer.of({"message": message}, status, headers)


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (told("no", **{"X-GitHub-SSO": "required; url=https://github.com/orgs/a/sso"}), "CredentialRefused", "SSO"),
        (
            told(
                "Although you appear to have the correct authorization credentials, the `acme` organization has an IP "
                "allow list enabled, and your IP address is not permitted to access this resource."
            ),
            "ConfigurationRejected",
            "IP allow list",
        ),
        (
            told(
                "Although you appear to have the correct authorization credentials, the `acme` organization has "
                "enabled OAuth App access restrictions, meaning that data access to third-parties is limited."
            ),
            "ConfigurationRejected",
            "approve",
        ),
        (
            told("`acme` forbids access via a personal access token (classic). Please use a GitHub App."),
            "CredentialRefused",
            "fine-grained",
        ),
        (
            told(
                "The 'acme' organization forbids access via a fine-grained personal access tokens if the token's "
                "lifetime is greater than 90 days. Please adjust your token's lifetime."
            ),
            "CredentialRefused",
            "longer than",
        ),
        (
            told(
                "The 'Acme' enterprise forbids access via a fine-grained personal access tokens if the token's "
                "lifetime is greater than 366 days."
            ),
            "CredentialRefused",
            "longer than",
        ),
        (
            told("`acme` forbids access via a personal access token with fine-grained permissions."),
            "CredentialRefused",
            "OAuth",
        ),
        (told("Sorry. Your account was suspended."), "CredentialRefused", "suspended"),
        (told("This installation has been suspended"), "CredentialRefused", "unsuspend"),
        (told("Repository was archived so is read-only."), "ConfigurationRejected", "archived"),
        (told("Repository access blocked", 451), "ConfigurationRejected", "blocked"),
        (told("", 451), "ConfigurationRejected", "legal"),
        (told("Resource not accessible by integration"), "RightMissing", "owner"),
        (told("Forbidden"), "RightMissing", "Issues: read and write"),
        (told("Interactions on this repository are limited to collaborators"), "UnknownRefusal", "Interactions on"),
        (told("I'm a teapot", 418), "UnknownRefusal", "teapot"),
    ],
    ids=range(16),
)
@pytest.mark.parametrize("name", ["deliver_created", "deliver_updated", "read_back_few"])
def test_each_refusal_says_which(name: str, answer: Answer, error: str, words: str) -> None:
    raised = refused(name, answer)
    assert type(raised) is getattr(domain, error)
    assert words.lower() in str(raised).lower()
    assert len(str(raised)) < 250


@pytest.mark.parametrize("name", ["deliver_created", "deliver_updated", "verified"])
@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (Answer.of({"message": "Validation Failed", "errors": [{"message": "was submitted too quickly"}]}, 422), 60),
        (Answer.of({"message": "Validation Failed", "errors": ["was submitted too quickly"]}, 422), 60),
        (Answer.of({"message": "Validation Failed", "errors": "body was submitted too quickly"}, 422), 60),
        (told("was submitted too quickly", 422, **{"Retry-After": "7"}), 7),
        (told("You have triggered an abuse detection mechanism. Please wait a few minutes"), 60),
        (told("You have exceeded a secondary rate limit and have been temporarily blocked from content creation."), 60),
        (told("Maximum number of login attempts exceeded. Please try again later."), 60),
        (told("Whatever", 403, **{"Retry-After": "30"}), 30),
        (told("", 429), 60),
    ],
)
def test_a_limit_in_other_clothes_is_a_limit(name: str, answer: Answer, seconds: float) -> None:
    raised = refused(name, answer)
    assert type(raised) is domain.VendorLimited
    assert raised.retry_after == seconds
    assert "limit" in str(raised)


def not_taken(value: str | None) -> Answer:
    wrong = {"resource": "Label", "field": "name", "code": "invalid", **({} if value is None else {"value": value})}
    return Answer.of({"message": "Validation Failed", "errors": [wrong]}, 422)


@pytest.mark.parametrize(
    ("labels", "setting", "value", "error"),
    [
        (["wheels"], "", None, "ItemRejected"),
        ([], "fleet", None, "ConfigurationRejected"),
        (["wheels"], "fleet", "Fleet", "ConfigurationRejected"),
        (["wheels"], "fleet", "wheels", "ItemRejected"),
        (["wheels"], "fleet", None, "ItemRejected"),
        (["fleet"], "fleet", None, "ItemRejected"),
    ],
)
def test_one_items_label_holds_it_and_a_label_of_the_setting_is_a_setting(
    labels: list[str], setting: str, value: str | None, error: str
) -> None:
    raised = refused("deliver_created", not_taken(value), item={"labels": labels}, settings={"labels": setting})
    assert type(raised) is getattr(domain, error)


@pytest.mark.parametrize("field", ["title", "body", "assignees", "milestone", "type", "something_new"])
def test_one_items_text_holds_it_with_githubs_reason(field: str) -> None:
    wrong = {"resource": "Issue", "field": field, "code": "custom", "message": "is too long (maximum is 9 characters)"}
    raised = refused("deliver_created", Answer.of({"message": "Validation Failed", "errors": [wrong]}, 422))
    assert type(raised) is domain.ItemRejected
    assert f"{field} is too long" in str(raised)


@pytest.mark.parametrize(
    "answer",
    [
        told("Must have admin rights to Repository."),
        told("Resource not accessible by personal access token"),
        told("Something that nobody knows"),
        Answer.of({"message": "Validation Failed"}, 422),
    ],
)
def test_a_new_issue_that_is_not_closed_is_told_as_not_closed_and_not_made_again(answer: Answer) -> None:
    result = delivered("deliver_created", Answer.of(ISSUE, 201), answer, item={"status": "closed"})
    assert (result.vendor_id, result.status) == ("42", ItemStatus.OPEN)
    assert result.not_done is not None
    assert result.not_done.startswith("GitHub")


@pytest.mark.parametrize(("status", "state"), [("closed", "open"), ("open", "closed"), ("in_progress", "closed")])
def test_a_state_that_github_did_not_set_is_told_as_not_set(status: str, state: str) -> None:
    answer = Answer.of({**ISSUE, "state": state})
    result = delivered("deliver_updated", answer, item={"status": status, "labels": []}, settings={"labels": ""})
    assert result.status == ItemStatus(state)
    assert f"left the issue {state}" in str(result.not_done)


def test_labels_that_the_account_may_not_set_are_told_as_not_set() -> None:
    answer = told("Must have admin rights to Repository.")
    result = delivered("deliver_updated", Answer.of(ISSUE), answer, item={"labels": ["new"], "status": "open"})
    assert result.status is None
    assert "Triage" in str(result.not_done)


def test_one_issue_that_the_account_may_not_change_holds_it_alone() -> None:
    raised = refused("deliver_updated", told("Must have admin rights to Repository."))
    assert type(raised) is domain.ObjectRightMissing


def test_the_page_of_a_firewall_is_no_missing_right() -> None:
    raised = refused("deliver_created", Answer(403, {"Content-Type": "text/html"}, HTML))
    assert type(raised) is domain.UnknownRefusal
    assert raised.name == "HTTP 403"
