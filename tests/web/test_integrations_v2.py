"""Version 2: what a save answers, and what it assumes where nothing was sent."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.checked_tenant import CheckedTenant

FIELDS = [
    "integration_id",
    "name",
    "integration_type",
    "status",
    "active",
    "unique_identifier",
    "created_by",
    "created_at",
    "has_auth_data",
    "has_scope_data",
    "metadata",
]
TYPES = ["sentry", "github", "slack", "jira", "linear", "confluence"]
UUID_VERSION_8 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def test_save_answers_in_the_envelope(tenant: CheckedTenant) -> None:
    answer = tenant.save()
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["success", "data", "error"]
    assert body["success"] is True
    assert body["error"] is None


def test_save_answers_with_exactly_the_contracts_fields_in_its_order(tenant: CheckedTenant) -> None:
    assert list(tenant.saved(auth_data={"access_token": "t"}, scope_data={"org_slug": "my-company"})) == FIELDS


def test_what_is_sent_comes_back(tenant: CheckedTenant) -> None:
    sent = {"name": "Production", "status": "pending", "active": False, "unique_identifier": "mine"}
    assert sent.items() <= tenant.saved(**sent).items()


def test_status_and_active_have_defaults(tenant: CheckedTenant) -> None:
    data = tenant.saved()
    assert (data["status"], data["active"]) == ("active", True)


@pytest.mark.parametrize("integration_type", TYPES)
def test_each_type_is_taken(tenant: CheckedTenant, integration_type: str) -> None:
    assert tenant.saved(integration_type=integration_type)["integration_type"] == integration_type


@pytest.mark.parametrize("status", ["active", "inactive", "pending", "error"])
@pytest.mark.parametrize("active", [True, False])
def test_status_and_active_are_independent(tenant: CheckedTenant, status: str, active: bool) -> None:
    data = tenant.saved(status=status, active=active)
    assert (data["status"], data["active"]) == (status, active)
    read = tenant.read(data["integration_id"])
    assert (read["status"], read["active"]) == (status, active)


def test_the_id_is_a_uuid_of_version_8(tenant: CheckedTenant) -> None:
    assert UUID_VERSION_8.fullmatch(tenant.saved()["integration_id"])


def test_created_by_is_the_keys_user(tenant: CheckedTenant) -> None:
    assert tenant.saved(created_by="somebody else")["created_by"] == "alice"


def test_created_at_is_now_in_utc_with_microseconds_and_without_a_zone(tenant: CheckedTenant) -> None:
    created_at = tenant.saved()["created_at"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", created_at)
    age = datetime.now(UTC) - datetime.fromisoformat(created_at).replace(tzinfo=UTC)
    assert timedelta(seconds=-5) < age < timedelta(seconds=30)


@pytest.mark.parametrize("sent", [{}, {"unique_identifier": None}, {"unique_identifier": ""}])
def test_an_unset_unique_identifier_is_made_of_type_and_id(tenant: CheckedTenant, sent: dict[str, Any]) -> None:
    data = tenant.saved(integration_type="jira", **sent)
    assert data["unique_identifier"] == f"jira-{data['integration_id']}"


def test_saves_without_a_unique_identifier_never_replace_each_other(tenant: CheckedTenant) -> None:
    assert tenant.saved()["integration_id"] != tenant.saved()["integration_id"]
    assert len(tenant.listed()) == 2


def test_the_made_up_unique_identifier_replaces_when_it_is_sent(tenant: CheckedTenant) -> None:
    first = tenant.saved()
    again = tenant.saved(name="Renamed", unique_identifier=first["unique_identifier"])
    assert again["integration_id"] == first["integration_id"]


@pytest.mark.parametrize("sent", [{}, {"metadata": None}, {"metadata": {}}])
def test_unset_metadata_has_defaults(tenant: CheckedTenant, sent: dict[str, Any]) -> None:
    metadata = tenant.saved(name="Production", **sent)["metadata"]
    assert metadata == {
        "instance_name": "Production",
        "created_via": "manual",
        "version": None,
        "description": None,
        "tags": [],
    }
    assert list(metadata) == ["instance_name", "created_via", "version", "description", "tags"]


def test_partial_metadata_is_completed(tenant: CheckedTenant) -> None:
    metadata = tenant.saved(metadata={"created_via": "api", "tags": ["a", "b"]})["metadata"]
    assert metadata == {
        "instance_name": "Sentry",
        "created_via": "api",
        "version": None,
        "description": None,
        "tags": ["a", "b"],
    }


def test_an_empty_instance_name_is_the_name(tenant: CheckedTenant) -> None:
    assert tenant.saved(metadata={"instance_name": ""})["metadata"]["instance_name"] == "Sentry"


def test_further_metadata_is_kept_as_it_was_sent(tenant: CheckedTenant) -> None:
    further = {
        "z": [1, -2.5, {"deep": [None, True, "ü"]}],
        "a": 18446744073709551615,
        "": {},
        "Tags": "not tags",
    }
    data = tenant.saved(metadata={**further, "version": "2"})
    assert further.items() <= data["metadata"].items()
    assert [name for name in data["metadata"] if name in further] == list(further)
    assert tenant.read(data["integration_id"])["metadata"] == data["metadata"]


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        ({"access_token": "t"}, True),
        ({"access_token": ""}, False),
        ({"access_token": None}, False),
        ({}, False),
        (None, False),
        ({"refresh_token": "t", "code": "c", "scope": "s", "expires_at": "2030-01-01T00:00:00Z"}, False),
    ],
)
def test_has_auth_data_means_an_access_token(tenant: CheckedTenant, auth: Any, expected: bool) -> None:
    assert tenant.saved(auth_data=auth)["has_auth_data"] is expected


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ({"org_slug": "o"}, True),
        ({"workspace_id": "w"}, True),
        ({"project_id": "p"}, False),
        ({"installation_id": "i"}, False),
        ({"project_id": "p", "installation_id": "i"}, False),
        ({"org_slug": "", "workspace_id": ""}, False),
        ({"org_slug": "", "workspace_id": "w"}, True),
        ({"org_slug": None}, False),
        ({}, False),
        (None, False),
    ],
)
def test_has_scope_data_means_an_organisation_or_a_workspace(tenant: CheckedTenant, scope: Any, expected: bool) -> None:
    assert tenant.saved(scope_data=scope)["has_scope_data"] is expected


def test_nothing_of_credentials_and_scope_is_shown(tenant: CheckedTenant) -> None:
    answer = tenant.save(
        auth_data={"access_token": "zebra-1", "refresh_token": "zebra-2", "scope": "zebra-3", "code": "zebra-4"},
        scope_data={"org_slug": "zebra-5", "project_id": "zebra-6"},
    )
    assert answer.status_code == 200
    assert "zebra" not in answer.text
    assert {"auth_data", "scope_data"}.isdisjoint(answer.json()["data"])


def test_unknown_fields_are_ignored(tenant: CheckedTenant) -> None:
    assert list(tenant.saved(unknown={"a": 1}, auth_data={"unknown": 1}, scope_data={"unknown": []})) == FIELDS
