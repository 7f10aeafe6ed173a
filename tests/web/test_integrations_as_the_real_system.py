"""What clients of the real system send to versions 1 and 2, and what they are told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jackfield.domain import ids
from support.checked_tenant import CheckedTenant, number_of
from support.tenant import V1, V2

LATER = (datetime.now(UTC) + timedelta(days=30)).isoformat()
EARLIER = "2020-01-01T00:00:00Z"


def status(tenant: CheckedTenant, provider: str = "sentry") -> Any:
    return tenant.v1("GET", f"/{provider}/status/alice").json()


@pytest.mark.parametrize(
    ("auth_data", "is_connected"),
    [
        ({"access_token": "t"}, True),
        ({"access_token": "t", "expires_at": LATER}, True),
        ({"access_token": "t", "expires_at": EARLIER, "refresh_token": "r"}, True),
        ({"access_token": "t", "expires_at": EARLIER}, False),
        ({"access_token": "t", "expires_at": 1_577_836_800}, False),
        ({"access_token": ""}, False),
        ({"refresh_token": "r"}, False),
        ({"code": "c", "scope": "s"}, False),
        (None, False),
    ],
)
def test_only_a_usable_credential_is_connected(tenant: CheckedTenant, auth_data: Any, is_connected: bool) -> None:
    tenant.saved(auth_data=auth_data)
    assert status(tenant)["is_connected"] is is_connected


@pytest.mark.parametrize("word", ["inactive", "error", "pending"])
def test_what_is_not_active_is_not_connected(tenant: CheckedTenant, word: str) -> None:
    tenant.saved(auth_data={"access_token": "t"}, status=word)
    assert status(tenant)["is_connected"] is False


def test_a_newer_one_that_is_refused_does_not_hide_one_that_works(tenant: CheckedTenant) -> None:
    tenant.saved(auth_data={"access_token": "t", "scope": "works"})
    tenant.saved(auth_data={"access_token": "t"}, status="error")
    assert (status(tenant)["is_connected"], status(tenant)["scope"]) == (True, "works")


def test_an_app_of_github_is_connected_without_a_token(tenant: CheckedTenant) -> None:
    app = {"app_id": "1", "private_key": "a key"}
    tenant.saved(integration_type="github", auth_data=app, scope_data={"installation_id": "7"})
    assert status(tenant, "github")["is_connected"] is True


def test_jira_needs_whose_token_it_is_or_a_grant(tenant: CheckedTenant) -> None:
    tenant.saved(integration_type="jira", auth_data={"username": "a@example.com"})
    assert status(tenant, "jira")["is_connected"] is False


@pytest.mark.parametrize("where", ["auth_data", "scope_data"])
def test_jira_can_work_with_what_version_2_alone_was_told(tenant: CheckedTenant, where: str) -> None:
    sent: dict[str, Any] = {
        "auth_data": {"access_token": "t", "username": "a@example.com"},
        "scope_data": {"project_key": "ENG", "issue_type": "Bug", "workspace_id": "w"},
    }
    sent[where] |= {"base_url": "HTTPS://Example.atlassian.net/", "cloud_id": "11223344-a1b2-3b33-c444-def123456789"}
    saved = tenant.saved(integration_type="jira", **sent)
    hub = next(one for one in tenant.hubs("GET", "").json()["data"] if one["vendor"] == "jira")
    assert hub["auth"]["client_id"] == "a@exa..."
    assert hub["extra"] == {
        "workspace_id": "w",
        # as it is meant
        "base_url": "https://example.atlassian.net",
        "cloud_id": "11223344-a1b2-3b33-c444-def123456789",
        "project_key": "ENG",
        "issue_type": "Bug",
    }
    assert (saved["has_auth_data"], saved["has_scope_data"]) == (True, True)


def test_version_1_keeps_what_a_vendor_needs_and_shows_what_it_always_did(tenant: CheckedTenant) -> None:
    made = tenant.created(integration_type="github", scope_data={"repository": "acme/shop", "org_slug": "acme"})
    assert set(made["scope_data"]) == {"org_slug", "installation_id", "workspace_id", "project_id"}
    [hub] = tenant.hubs("GET", "").json()["data"]
    assert hub["extra"] == {"org_slug": "acme", "repository": "acme/shop"}


def test_a_setting_that_is_not_sent_again_stays(tenant: CheckedTenant) -> None:
    for scope in ({"channel": "C1", "workspace_id": "T1"}, {"org_slug": "o"}, None):
        tenant.saved(integration_type="slack", unique_identifier="mine", scope_data=scope)
    [hub] = tenant.hubs("GET", "").json()["data"]
    assert hub["extra"] == {"channel": "C1"}


def test_a_stored_secret_is_never_sent_to_a_new_address(tenant: CheckedTenant) -> None:
    ours = {"integration_type": "github", "unique_identifier": "mine"}
    tenant.saved(**ours, auth_data={"access_token": "t"}, scope_data={"base_url": "https://a.example.com"})
    refused = tenant.save(**ours, scope_data={"base_url": "https://b.example.com"})
    assert refused.status_code == 422
    [error] = refused.json()["detail"]
    assert error["loc"] == ["body", "auth_data"]
    assert "send auth_data again" in error["msg"]
    [hub] = tenant.hubs("GET", "").json()["data"]
    assert hub["extra"] == {"base_url": "https://a.example.com"}
    # another spelling of the same address is no other address
    assert tenant.save(**ours, scope_data={"base_url": "https://A.example.com/"}).status_code == 200
    new = {"access_token": "t2"}
    assert tenant.save(**ours, auth_data=new, scope_data={"base_url": "https://b.example.com"}).status_code == 200


@pytest.mark.parametrize("name", ["username", "app_id", "private_key", "base_url", "cloud_id"])
def test_what_vendors_need_is_text(tenant: CheckedTenant, name: str) -> None:
    [error] = tenant.save(auth_data={name: 5}).json()["detail"]
    assert (error["loc"], error["msg"]) == (["body", "auth_data", name], "str type expected")


def test_who_made_an_integration_stays_who_made_it(tenant: CheckedTenant) -> None:
    first = tenant.saved(unique_identifier="shared")
    bob = tenant.another_key(user="bob")
    again = bob.saved(unique_identifier="shared", name="Renamed")
    assert (again["integration_id"], again["created_by"], again["name"]) == (
        first["integration_id"],
        "alice",
        "Renamed",
    )
    assert bob.v1("DELETE", "/sentry/revoke/bob").json()["revoked"] == 0
    assert tenant.read(first["integration_id"])["active"] is True


@pytest.mark.parametrize("path", ["v1", "hubs"])
def test_a_derived_instance_name_follows_the_name(tenant: CheckedTenant, path: str) -> None:
    derived = tenant.saved(name="Old")["integration_id"]
    chosen = tenant.saved(name="Old", metadata={"instance_name": "Mine"})["integration_id"]
    for one in (derived, chosen):
        if path == "v1":
            assert tenant.v1("PUT", f"/schema/{one}", json={"name": "New"}).status_code == 200
        else:
            assert tenant.hubs("PATCH", f"/{ids.to_hex(number_of(one))}", json={"name": "New"}).status_code == 200
    assert tenant.read(derived)["metadata"]["instance_name"] == "New"
    assert tenant.read(chosen)["metadata"]["instance_name"] == "Mine"


def test_version_1_saves_by_api_key(tenant: CheckedTenant) -> None:
    body = {"name": "n", "integration_type": "sentry", "unique_identifier": "mine"}
    first = tenant.call("POST", f"{V1}/save", json=body, headers={"x-api-key": tenant.key})
    second = tenant.call("POST", f"{V2}/save", json=body)
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        ({}, "API key is required"),
        ({"x-api-key": "jf_wrong"}, "Invalid API key"),
    ],
)
def test_saving_in_version_1_words_its_refusals_as_version_2(
    tenant: CheckedTenant, headers: dict[str, str], detail: str
) -> None:
    answer = tenant.session.post(
        f"{tenant.service.url}{V1}/save", json={}, headers={"Authorization": "", "x-api-key": "", **headers}
    )
    assert (answer.status_code, answer.json()) == (401, {"detail": detail})
    assert answer.headers["www-authenticate"] == "ApiKey"


@pytest.mark.parametrize(
    ("active", "meant"),
    [
        ("true", True),
        ("True", True),
        (True, True),
        ("false", False),
        ("False", False),
        (False, False),
    ],
)
def test_yes_and_no_may_be_words_or_digits(tenant: CheckedTenant, active: Any, meant: bool) -> None:
    assert tenant.saved(active=active)["active"] is meant


@pytest.mark.parametrize(
    ("expires_at", "meant"),
    [
        (1_700_000_000, "2023-11-14T22:13:20Z"),
        (1_700_000_000.5, "2023-11-14T22:13:20.500000Z"),
        (1_700_000_000_000, "2023-11-14T22:13:20Z"),
        (0, "1970-01-01T00:00:00Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999000Z"),
    ],
)
def test_an_expiry_may_be_a_unix_time(tenant: CheckedTenant, expires_at: float, meant: str) -> None:
    saved = tenant.saved(auth_data={"access_token": "t", "expires_at": expires_at})
    assert tenant.read(saved["integration_id"])["auth_data"]["expires_at"] == meant
    made = tenant.created(auth_data={"access_token": "t", "expires_at": expires_at})
    assert made["auth_data"]["expires_at"] == meant


def test_no_tags_may_be_null(tenant: CheckedTenant) -> None:
    assert tenant.saved(metadata={"tags": None})["metadata"]["tags"] == []
    assert tenant.created(metadata={"tags": None, "more": None})["metadata"]["tags"] == []
