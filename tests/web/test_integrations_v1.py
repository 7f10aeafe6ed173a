"""Version 1: creating an integration, and what an integration looks like."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.checked_tenant import CheckedTenant

FIELDS = [
    "integration_id",
    "name",
    "integration_type",
    "auth_data",
    "scope_data",
    "metadata",
    "unique_identifier",
    "created_by",
    "status",
    "active",
    "created_at",
    "updated_at",
]
AUTH = ["access_token", "refresh_token", "token_type", "expires_at", "scope", "code"]
SCOPE = ["org_slug", "installation_id", "workspace_id", "project_id"]
METADATA = ["instance_name", "created_via", "version", "description", "tags"]


def test_create_answers_in_the_envelope(tenant: CheckedTenant) -> None:
    answer = tenant.create_v1()
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["success", "data", "error"]
    assert body["success"] is True
    assert body["error"] is None


def test_an_integration_has_exactly_the_contracts_fields_in_its_order(tenant: CheckedTenant) -> None:
    data = tenant.created()
    assert list(data) == FIELDS
    assert list(data["auth_data"]) == AUTH
    assert list(data["scope_data"]) == SCOPE
    assert list(data["metadata"]) == METADATA


def test_every_field_that_is_sent_comes_back(tenant: CheckedTenant) -> None:
    sent = {
        "name": "Everything",
        "integration_type": "confluence",
        "auth_data": {
            "access_token": "a",
            "refresh_token": "r",
            "token_type": "Basic",
            "expires_at": "2030-01-02T03:04:05.678901Z",
            "scope": "s",
            "code": "c",
        },
        "scope_data": {"org_slug": "o", "installation_id": "i", "workspace_id": "w", "project_id": "p"},
        "metadata": {
            "instance_name": "Instance",
            "created_via": "oauth_callback",
            "version": "1",
            "description": "text",
            "tags": ["x", "y"],
            "further": {"kept": [1, None]},
        },
        "unique_identifier": "mine",
        "created_by": "somebody",
    }
    data = tenant.created(**sent)
    assert sent.items() <= data.items()
    assert tenant.read(data["integration_id"]) == data


def test_status_and_active_start_as_active(tenant: CheckedTenant) -> None:
    data = tenant.created(status="error", active=False)
    assert (data["status"], data["active"]) == ("active", True)


def test_the_objects_are_complete_where_nothing_was_sent(tenant: CheckedTenant) -> None:
    data = tenant.created(name="Empty", auth_data={}, scope_data={}, metadata={})
    assert data["auth_data"] == {**dict.fromkeys(AUTH), "token_type": "Bearer"}
    assert data["scope_data"] == dict.fromkeys(SCOPE)
    assert data["metadata"] == {
        "instance_name": "Empty",
        "created_via": "manual",
        "version": None,
        "description": None,
        "tags": [],
    }
    assert tenant.read(data["integration_id"]) == data


def test_nulls_are_taken_and_come_back(tenant: CheckedTenant) -> None:
    data = tenant.created(auth_data=dict.fromkeys(AUTH), scope_data=dict.fromkeys(SCOPE))
    assert data["auth_data"] == dict.fromkeys(AUTH)
    assert data["scope_data"] == dict.fromkeys(SCOPE)


def test_empty_strings_stay_empty_strings(tenant: CheckedTenant) -> None:
    auth = {**dict.fromkeys(AUTH, ""), "expires_at": None}
    data = tenant.created(auth_data=auth, scope_data=dict.fromkeys(SCOPE, ""))
    read = tenant.read(data["integration_id"])
    assert read["auth_data"] == auth
    assert read["scope_data"] == dict.fromkeys(SCOPE, "")


def test_an_empty_instance_name_is_the_name(tenant: CheckedTenant) -> None:
    assert tenant.created(metadata={"instance_name": ""})["metadata"]["instance_name"] == "Sentry"


def test_created_by_is_kept_as_it_was_sent(tenant: CheckedTenant) -> None:
    assert tenant.created(created_by="")["created_by"] == ""
    assert tenant.created(created_by="bob")["created_by"] == "bob"


def test_an_empty_unique_identifier_is_made_of_type_and_id(tenant: CheckedTenant) -> None:
    data = tenant.created(integration_type="slack", unique_identifier="")
    assert data["unique_identifier"] == f"slack-{data['integration_id']}"


def test_times_are_iso_8601_with_z(tenant: CheckedTenant) -> None:
    data = tenant.created()
    for name in ("created_at", "updated_at"):
        assert data[name].endswith("Z")
        age = datetime.now(UTC) - datetime.fromisoformat(data[name])
        assert timedelta(seconds=-5) < age < timedelta(seconds=30)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("2030-01-02T03:04:05Z", "2030-01-02T03:04:05Z"),
        ("2030-01-02T03:04:05.5Z", "2030-01-02T03:04:05.500000Z"),
        ("2030-01-02T03:04:05+02:00", "2030-01-02T01:04:05Z"),
        ("2030-01-02T03:04:05-11:30", "2030-01-02T14:34:05Z"),
        ("2030-01-02T03:04:05", "2030-01-02T03:04:05Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_expires_at_is_shown_in_utc(tenant: CheckedTenant, sent: str, shown: str) -> None:
    data = tenant.created(auth_data={"expires_at": sent})
    assert data["auth_data"]["expires_at"] == shown
    assert tenant.read(data["integration_id"])["auth_data"]["expires_at"] == shown


@pytest.mark.parametrize("integration_type", ["sentry", "jira"])
def test_a_second_create_with_the_same_unique_identifier_is_a_conflict(
    tenant: CheckedTenant, integration_type: str
) -> None:
    first = tenant.created(unique_identifier="mine")
    answer = tenant.create_v1(unique_identifier="mine", integration_type=integration_type, name="Second")
    assert answer.status_code == 409
    body = answer.json()
    assert list(body) == ["success", "data", "error"]
    assert (body["success"], body["data"]) == (False, None)
    assert "mine" in body["error"]
    assert tenant.listed() == {first["integration_id"]: first}


def test_of_twenty_creates_at_once_with_one_unique_identifier_one_succeeds(tenant: CheckedTenant) -> None:
    answers = tenant.at_once([lambda one: one.create_v1(unique_identifier="contended")] * 20)
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19
    assert len(tenant.listed()) == 1


def test_twenty_different_creates_at_once_all_succeed(tenant: CheckedTenant) -> None:
    def create(one: CheckedTenant) -> Any:
        return one.create_v1(auth_data={"access_token": one.key})

    answers = tenant.at_once([create] * 20)
    assert {answer.status_code for answer in answers} == {200}
    created = {data["integration_id"]: data for data in (answer.json()["data"] for answer in answers)}
    assert len({data["auth_data"]["access_token"] for data in created.values()}) == 20
    assert tenant.listed() == created


def test_unknown_fields_are_ignored(tenant: CheckedTenant) -> None:
    data = tenant.created(unknown=1, auth_data={"unknown": 1}, scope_data={"unknown": 1}, integration_id="x")
    assert list(data) == FIELDS
    assert list(data["auth_data"]) == AUTH
    assert list(data["scope_data"]) == SCOPE
