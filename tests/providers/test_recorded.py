"""Every provider against its recorded replies: the success, and each way in which a vendor can refuse."""

import asyncio
import dataclasses
import json
import logging
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest
from joserfc.jwk import RSAKey

from jackfield.domain import provider as domain
from jackfield.domain.item import ItemStatus
from jackfield.domain.provider import (
    Account,
    Delivered,
    Delivers,
    Place,
    ProviderError,
    ReadsBack,
    Revokes,
    VendorState,
    Verified,
    Verifies,
)
from jackfield.providers._http import Endpoints
from support.recorded import CLASSES, Case, case, cases, lies, provider_at
from support.vendor import Answer, answers, path_of

INSTANCES: dict[str, Any] = {slug: made(None, Endpoints()) for slug, made in CLASSES.items()}  # type: ignore[arg-type]
VERIFYING = [slug for slug, one in INSTANCES.items() if isinstance(one, Verifies)]
REVOKING = [slug for slug, one in INSTANCES.items() if isinstance(one, Revokes)]
DELIVERING = [slug for slug, one in INSTANCES.items() if isinstance(one, Delivers)]
READING_BACK = [slug for slug, one in INSTANCES.items() if isinstance(one, ReadsBack)]


def settings_of(slug: str) -> set[str]:
    return {setting.name for setting in CLASSES[slug].manifest.configuration}


#: the failures that each provider shows, by the name of the file
FAILURES = {
    "refused": "CredentialRefused",
    "right_missing": "RightMissing",
    "limited": "VendorLimited",
    "server_error": "VendorUnavailable",
    "html": "VendorUnavailable",
    "wrong_shape": "VendorUnavailable",
}
#: vendors that never say that a right is missing
WITHOUT_RIGHTS = {
    "discord": "a webhook may do all that webhooks can",
    "mantisbt": "answers the same 403 to a token that it does not know",
}
#: what each provider that delivers shows, by the name of the file, and the error that it is
DELIVERIES = {
    "deliver_created": None,
    "deliver_updated": None,
    "deliver_retried_found": None,
    "deliver_vanished": "ObjectVanished",
    "deliver_wrong_setting": "ConfigurationRejected",
    **{f"deliver_{name}": error for name, error in FAILURES.items()},
}
READ_BACKS = {"read_back_states": None, "read_back_vanished": None, "read_back_server_error": "VendorUnavailable"}
#: cases of deliveries that a vendor cannot have
WITHOUT: dict[str, dict[str, str]] = {
    "discord": {
        "deliver_right_missing": WITHOUT_RIGHTS["discord"],
        "deliver_retried_found": "a webhook cannot list its messages",
    },
    "mantisbt": {},
    "teams": {
        "deliver_wrong_setting": "has no settings",
        "deliver_right_missing": "a webhook may do all that webhooks can",
        "deliver_updated": "a webhook says nothing of the message that it made",
        "deliver_retried_found": "a webhook cannot list its messages",
        "deliver_vanished": "a webhook says nothing of the message that it made",
    },
}
CASES = [one for slug in CLASSES for one in cases(slug)]


@pytest.mark.parametrize("slug", VERIFYING)
def test_success_and_every_failure_are_recorded(slug: str) -> None:
    recorded = {one.name: one.expected for one in cases(slug) if one.call == "verify"}
    assert "account" in recorded["verified"]
    for name, error in FAILURES.items():
        if name == "right_missing" and slug in WITHOUT_RIGHTS:
            assert name not in recorded, f"{slug} is said to be without rights: {WITHOUT_RIGHTS[slug]}"
        else:
            assert recorded[name]["error"] == error
    assert recorded["limited"]["retry_after"] > 0


@pytest.mark.parametrize("slug", REVOKING)
def test_revocation_is_recorded(slug: str) -> None:
    recorded = {one.name: one.expected for one in cases(slug) if one.call == "revoke"}
    assert recorded["revoked"] == {"done": True}
    assert recorded["revoked_already"] == {"done": True}
    assert recorded["revoke_server_error"]["error"] == "VendorUnavailable"


@pytest.mark.parametrize(("slug", "name"), [(slug, name) for slug in DELIVERING for name in DELIVERIES])
def test_deliveries_are_recorded(slug: str, name: str) -> None:
    recorded = {one.name: one.expected for one in cases(slug) if one.call == "deliver"}
    if name in WITHOUT.get(slug, {}):
        assert name not in recorded, f"{slug} is said to be without it: {WITHOUT[slug][name]}"
        return
    expected = recorded[name]
    assert expected.get("error") == DELIVERIES[name]
    assert name != "deliver_limited" or expected["retry_after"] > 0
    assert name != "deliver_wrong_setting" or expected["field"] in settings_of(slug)
    assert DELIVERIES[name] is not None or expected["vendor_id"]


@pytest.mark.parametrize("slug", DELIVERING)
def test_what_is_sent_for_an_item_is_recorded_in_full(slug: str) -> None:
    for name in ("deliver_created", "deliver_updated"):
        if name not in WITHOUT.get(slug, {}):
            changing = [one["request"] for one in case(slug, name).exchanges if one["request"]["method"] != "GET"]
            assert changing
            assert all("json" in request for request in changing)


@pytest.mark.parametrize(("slug", "name"), [(slug, name) for slug in READING_BACK for name in READ_BACKS])
def test_reading_back_is_recorded(slug: str, name: str) -> None:
    one = case(slug, name)
    assert one.call == "read_back"
    assert one.expected.get("error") == READ_BACKS[name]
    if name == "read_back_states":
        states = one.expected["states"].values()
        assert {state["status"] for state in states} >= {"open", "closed"}
        assert any(state["assignee"] for state in states)
    if name == "read_back_vanished":
        assert set(one.expected["states"]) < set(one.vendor_ids)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_recorded_reply_means_what_is_expected(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    result, error, vendor = asyncio.run(play(case))

    assert len(vendor.seen) == len(case.exchanges), "it did not call as often as recorded"
    for asked, exchange in zip(vendor.seen, case.exchanges, strict=True):
        request = exchange["request"]
        assert (asked.method, asked.path) == (request["method"], request["path"])
        assert {name: asked.headers.get(name) for name in request["headers"]} == request["headers"]
        assert asked.headers["user-agent"] == "Jackfield"
        if "json" in request:
            assert json.loads(asked.body) == request["json"]
        if "form" in request:
            assert dict(parse_qsl(asked.body.decode(), strict_parsing=True)) == request["form"]

    # addresses of objects begin with the vendor's where it is self-hosted
    expected = json.loads(json.dumps(case.expected).replace("{url}", vendor.url).replace("{host}", vendor.url[7:]))
    assert case.remaining is None or vendor.budget.remaining == case.remaining
    if "error" in expected:
        assert error is not None
        assert type(error) is getattr(domain, expected["error"]), repr(error)
        for name in set(expected) - {"error"}:
            assert getattr(error, name) == expected[name]
        check_sentence(error, case)
    elif "account" in expected:
        ends = expected["expires_at"]
        assert error is None
        assert result == Verified(
            account=Account(**expected["account"]),
            scopes=None if expected["scopes"] is None else tuple(expected["scopes"]),
            expires_at=None if ends is None else datetime.fromisoformat(ends),
            place=msgspec.convert(expected.get("place"), Place | None),
        )
    elif "vendor_id" in expected:
        assert error is None
        assert result == msgspec.convert(expected, Delivered)
    elif "place" in expected:
        assert error is None
        assert result == msgspec.convert(expected["place"], Place | None)
    elif "states" in expected:
        assert error is None
        assert result == {
            vendor_id: VendorState(status=ItemStatus(state["status"]), assignee=state["assignee"], url=state["url"])
            for vendor_id, state in expected["states"].items()
        }
    else:
        assert expected == {"done": True}
        assert (result, error) == (None, None)
    for word in case.secret_words():
        assert word not in caplog.text


@pytest.mark.parametrize(
    ("slug", "name"),
    [
        *((slug, "verified") for slug in VERIFYING),
        *((one.slug, one.name) for one in CASES if one.name.startswith("verified_with_")),
        *((slug, "deliver_created") for slug in DELIVERING),
        *((slug, "read_back_states") for slug in READING_BACK),
    ],
)
def test_a_reply_that_lies_about_its_shape_is_an_error_of_ours_or_none(slug: str, name: str) -> None:
    verified = case(slug, name)
    tried = 0
    for place, exchange in enumerate(verified.exchanges):
        for lie in lies(exchange["reply"].get("json", {})):
            script = verified.answers()
            script[place] = Answer.of(lie, exchange["reply"]["status"])
            _, error, _ = asyncio.run(play(verified, script))
            # no KeyError, no TypeError: whatever else is raised ends this test
            assert error is None or isinstance(error, ProviderError)
            tried += 1
    assert tried > 10


@pytest.mark.parametrize("slug", VERIFYING)
@pytest.mark.parametrize("body", [b"", b"null", b"[" * 100_000, b"\xff\xfe", b'{"id": 1e999}', b'"\\ud800"', b"{"])
def test_a_body_that_is_nothing_known_is_no_usable_answer(slug: str, body: bytes) -> None:
    script = [Answer(200, {"Content-Type": "application/json"}, body)] * 2
    _, error, vendor = asyncio.run(play(case(slug, "verified"), script))
    assert type(error) is domain.VendorUnavailable
    assert len(vendor.seen) == 1


@pytest.mark.parametrize(
    ("slug", "name"),
    [
        *((slug, "deliver_created") for slug in DELIVERING),
        *((slug, "read_back_states") for slug in READING_BACK),
    ],
)
@pytest.mark.parametrize("body", [b"", b"null", b"[" * 100_000, b"\xff\xfe", b'{"id": 1e999}', b'"\\ud800"', b"{"])
def test_a_body_that_is_nothing_known_is_an_error_of_ours_or_none(slug: str, name: str, body: bytes) -> None:
    recorded = case(slug, name)
    for place, answer in enumerate(recorded.answers()):
        script = recorded.answers()
        script[place] = Answer(answer.status, {"Content-Type": "application/json"}, body)
        _, error, _ = asyncio.run(play(recorded, script))
        # no KeyError, no TypeError: whatever else is raised ends this test
        assert error is None or isinstance(error, ProviderError)


@pytest.mark.parametrize(
    ("slug", "name"),
    [
        *((slug, "deliver_created") for slug in DELIVERING),
        *((slug, "read_back_states") for slug in READING_BACK),
    ],
)
@pytest.mark.parametrize("secret", [None, "", "   ", "two\r\nX-Lines: 1", "über"])
def test_nothing_is_sent_for_an_item_with_a_secret_that_cannot_be_sent(
    slug: str, name: str, secret: str | None
) -> None:
    recorded = case(slug, name)
    spoilt: dict[str, Any] = {one: secret for one in recorded.secrets if secret is not None}
    _, error, vendor = asyncio.run(play(dataclasses.replace(recorded, secrets=spoilt)))
    assert isinstance(error, domain.CredentialRefused)
    assert vendor.seen == []
    assert secret is None or not secret.strip() or secret not in str(error)


@pytest.mark.parametrize("slug", [*VERIFYING, *REVOKING])
@pytest.mark.parametrize("secret", [None, "", "   ", "two\r\nX-Lines: 1", "über"])
def test_a_secret_that_cannot_be_sent_is_refused_before_anything_is_sent(slug: str, secret: str | None) -> None:
    verified = case(slug, "verified")
    empty: dict[str, Any] = {name: secret for name in verified.secrets if secret is not None}
    _, error, vendor = asyncio.run(play(dataclasses.replace(verified, secrets=empty)))
    assert isinstance(error, domain.CredentialRefused)
    assert vendor.seen == []
    assert secret is None or not secret.strip() or secret not in str(error)


@pytest.mark.parametrize("slug", [slug for slug in VERIFYING if "base_url" in settings_of(slug)])
@pytest.mark.parametrize(
    "base_url",
    [
        "ftp://vendor.example.com",
        "vendor",
        "https://user:password@vendor.example.com",
        "https://vendor.example.com:99999",
        "https://vendor.example.com/a b?x=1",
        "//vendor.example.com",
        "https://",
        "javascript:alert(1)",
        "https://a b",
    ],
)
def test_a_base_url_that_is_no_address_is_a_wrong_setting(slug: str, base_url: str) -> None:
    verified = dataclasses.replace(case(slug, "verified"), configuration={"base_url": base_url})
    _, error, vendor = asyncio.run(play(verified))
    assert isinstance(error, domain.ConfigurationRejected)
    assert error.field == "base_url"
    assert vendor.seen == []


@pytest.mark.parametrize(
    ("slug", "endpoints", "path"),
    [
        ("sentry", {"base_url": "{url}/"}, "/api/0/organizations/acme/?detailed=0"),
        ("sentry", {"api_url": "{url}/v0/"}, "/v0/organizations/acme/?detailed=0"),
        ("gitlab", {"base_url": "{url}/git"}, "/git/api/v4/user"),
        ("gitlab", {"api_url": "{url}/v4"}, "/v4/user"),
        ("slack", {"base_url": "{url}"}, "/api/auth.test"),
        ("slack", {"api_url": "{url}/slack/api/"}, "/slack/api/auth.test"),
        ("linear", {"base_url": "{url}"}, "/graphql"),
        ("linear", {"base_url": "https://linear.example.com", "api_url": "{url}/x"}, "/x/graphql"),
        ("github", {"base_url": "{url}"}, "/api/v3/user"),
        ("jira", {"base_url": "{url}"}, "/rest/api/3/myself"),
        ("confluence", {"base_url": "{url}"}, "/wiki/rest/api/user/current"),
        ("mantisbt", {"base_url": "{url}/mantis"}, "/mantis/api/rest/users/me"),
        ("mantisbt", {"api_url": "{url}/rest"}, "/rest/users/me"),
        ("discord", {"api_url": "{url}/v10"}, "/v10/webhooks/223704706495545344/recorded-webhook-token_0123456789"),
    ],
)
def test_the_operators_addresses_are_used(slug: str, endpoints: dict[str, str], path: str) -> None:
    verified = case(slug, "verified")
    settings = {name: value for name, value in verified.configuration.items() if name != "base_url"}
    placed = dataclasses.replace(verified, configuration=settings, endpoints=endpoints)
    _, error, vendor = asyncio.run(play(placed))
    assert error is None
    assert vendor.seen[0].path == path


@pytest.mark.parametrize(
    ("permissions", "found", "error"),
    [
        ({"issues": "write", "metadata": "read"}, {"archived": False, "has_issues": True}, None),
        (None, {}, None),
        ({"issues": "read", "metadata": "read"}, {"has_issues": True}, domain.RightMissing),
        ({"metadata": "read"}, {"has_issues": True}, domain.RightMissing),
        ({"issues": "write"}, {"has_issues": False}, domain.ConfigurationRejected),
        ({"issues": "write"}, None, domain.ConfigurationRejected),
    ],
)
def test_github_looks_its_repository_up_as_the_app(
    permissions: dict[str, str] | None, found: dict[str, bool] | None, error: type[ProviderError] | None
) -> None:
    secrets = {"app_id": "12345", "private_key": RSAKey.generate_key(2048).as_pem(private=True).decode()}
    configuration = {"installation_id": "100", "repository": "acme/depot"}
    as_app = dataclasses.replace(case("github", "verified"), secrets=secrets, configuration=configuration)
    script = [
        Answer.of({"id": 100, "account": {"login": "acme", "id": 7}}),
        Answer.of({"token": "installation-token", "permissions": permissions}, 201),
        Answer.of({"message": "Not Found"}, 404) if found is None else Answer.of(found),
    ]
    _, raised, vendor = asyncio.run(play(as_app, script))
    assert type(raised) is (error or type(None))
    assert vendor.seen[-1].path == "/repos/acme/depot"
    assert vendor.seen[-1].headers["authorization"] == "Bearer installation-token"


async def play(case: Case, script: list[Answer] | None = None) -> tuple[Any, ProviderError | None, Any]:
    """Calls the provider; returns its result, what it raised, and the vendor."""
    async with provider_at(case, answers(*(case.answers() if script is None else script))) as (
        provider,
        connection,
        at,
    ):
        # the vendor has said so many calls are left
        at.budget = connection.budget
        try:
            return await getattr(provider, case.call)(connection, *case.arguments()), None, at
        except ProviderError as error:
            return None, error, at


def check_sentence(error: ProviderError, case: Case) -> None:
    """For a person: whose, no secret, no path, nothing that the vendor wrote."""
    sentence = str(error)
    name = CLASSES[case.slug].manifest.name
    assert sentence.startswith(name), sentence
    assert len(sentence) < 250
    told = f"{sentence} {error!r} {error.__cause__!r} {error.__context__ if not error.__suppress_context__ else ''!r}"
    for word in case.secret_words():
        assert word not in told
    for exchange in case.exchanges:
        assert path_of(exchange["request"]["path"]) not in told
        text = exchange["reply"].get("text")
        assert not text or text not in told
