"""Version 2: a save with a unique_identifier that is there already replaces the integration."""

from typing import Any

import pytest
import requests

from support.checked_tenant import CheckedTenant

EVERYTHING: dict[str, Any] = {
    "name": "First",
    "status": "error",
    "active": False,
    "unique_identifier": "mine",
    "auth_data": {"access_token": "token", "refresh_token": "refresh", "scope": "read"},
    "scope_data": {"org_slug": "my-company", "project_id": "p"},
    "metadata": {"instance_name": "Instance", "created_via": "api", "tags": ["a"], "further": 1},
}


def test_replacing_keeps_id_and_time_of_creation(tenant: CheckedTenant) -> None:
    first = tenant.saved(**EVERYTHING)
    again = tenant.saved(name="Second", unique_identifier="mine")
    assert again["integration_id"] == first["integration_id"]
    assert again["created_at"] == first["created_at"]
    assert again["name"] == "Second"
    assert len(tenant.listed()) == 1


def test_replacing_moves_the_time_of_the_last_change(tenant: CheckedTenant) -> None:
    integration_id = tenant.saved(**EVERYTHING)["integration_id"]
    before = tenant.read(integration_id)["updated_at"]
    tenant.saved(**EVERYTHING)
    assert tenant.read(integration_id)["updated_at"] > before


def test_replacing_gives_omitted_fields_their_defaults(tenant: CheckedTenant) -> None:
    tenant.saved(**EVERYTHING)
    again = tenant.saved(name="Second", unique_identifier="mine")
    assert (again["status"], again["active"]) == ("active", True)
    assert again["metadata"] == {
        "instance_name": "Second",
        "created_via": "manual",
        "version": None,
        "description": None,
        "tags": [],
    }


def test_replacing_keeps_omitted_credentials_and_scope(tenant: CheckedTenant) -> None:
    first = tenant.saved(**EVERYTHING)
    before = tenant.read(first["integration_id"])
    again = tenant.saved(unique_identifier="mine")
    assert (again["has_auth_data"], again["has_scope_data"]) == (True, True)
    after = tenant.read(first["integration_id"])
    assert (after["auth_data"], after["scope_data"]) == (before["auth_data"], before["scope_data"])
    assert after["auth_data"]["refresh_token"] == "refresh"


def test_replacing_with_null_clears_the_credentials_alone(tenant: CheckedTenant) -> None:
    integration_id = tenant.saved(**EVERYTHING)["integration_id"]
    again = tenant.saved(unique_identifier="mine", auth_data=None)
    assert (again["has_auth_data"], again["has_scope_data"]) == (False, True)
    read = tenant.read(integration_id)
    assert set(read["auth_data"].values()) == {None}
    assert read["scope_data"]["org_slug"] == "my-company"
    assert tenant.row(integration_id)["sealed_secrets"] is None


def test_replacing_with_null_clears_the_scope_alone(tenant: CheckedTenant) -> None:
    integration_id = tenant.saved(**EVERYTHING)["integration_id"]
    again = tenant.saved(unique_identifier="mine", scope_data=None)
    assert (again["has_auth_data"], again["has_scope_data"]) == (True, False)
    read = tenant.read(integration_id)
    assert set(read["scope_data"].values()) == {None}
    assert read["auth_data"]["access_token"] == "token"


def test_new_credentials_replace_the_stored_ones_as_a_whole(tenant: CheckedTenant) -> None:
    integration_id = tenant.saved(**EVERYTHING)["integration_id"]
    tenant.saved(unique_identifier="mine", auth_data={"access_token": "new"})
    assert tenant.read(integration_id)["auth_data"] == {
        "access_token": "new",
        "refresh_token": None,
        "token_type": "Bearer",
        "expires_at": None,
        "scope": None,
        "code": None,
    }


def test_a_new_scope_replaces_the_stored_one_as_a_whole(tenant: CheckedTenant) -> None:
    integration_id = tenant.saved(**EVERYTHING)["integration_id"]
    tenant.saved(unique_identifier="mine", scope_data={"workspace_id": "w"})
    assert tenant.read(integration_id)["scope_data"] == {
        "org_slug": None,
        "installation_id": None,
        "workspace_id": "w",
        "project_id": None,
    }


def test_the_same_save_twice_changes_nothing(tenant: CheckedTenant) -> None:
    assert tenant.saved(**EVERYTHING) == tenant.saved(**EVERYTHING)


def test_another_type_is_a_conflict_and_changes_nothing(tenant: CheckedTenant) -> None:
    first = tenant.saved(**EVERYTHING)
    before = tenant.read(first["integration_id"])
    answer = tenant.save(integration_type="jira", unique_identifier="mine")
    assert answer.status_code == 409
    body = answer.json()
    assert list(body) == ["success", "data", "error"]
    assert (body["success"], body["data"]) == (False, None)
    assert "mine" in body["error"]
    assert tenant.read(first["integration_id"]) == before


def test_unique_identifiers_of_other_organisations_do_not_count(tenant: CheckedTenant, stranger: CheckedTenant) -> None:
    theirs = stranger.saved(unique_identifier="mine", name="Theirs")
    ours = tenant.saved(unique_identifier="mine", name="Ours")
    assert ours["integration_id"] != theirs["integration_id"]
    assert stranger.read(theirs["integration_id"])["name"] == "Theirs"


@pytest.mark.parametrize("other", ["Mine", "mine ", "mi\u0301ne", "mine\n"])
def test_a_unique_identifier_is_compared_letter_by_letter(tenant: CheckedTenant, other: str) -> None:
    assert tenant.saved(unique_identifier="mine") != tenant.saved(unique_identifier=other)
    assert len(tenant.listed()) == 2


def test_a_very_long_unique_identifier_works_as_any_other(tenant: CheckedTenant) -> None:
    long = "ß" * 100_000
    first = tenant.saved(unique_identifier=long)
    assert tenant.saved(unique_identifier=long)["integration_id"] == first["integration_id"]
    assert first["unique_identifier"] == long


def test_twenty_saves_at_once_make_one_integration(tenant: CheckedTenant) -> None:
    def save(one: CheckedTenant) -> requests.Response:
        return one.save(name=one.key, unique_identifier="contended", auth_data={"access_token": one.key})

    answers = tenant.at_once([save] * 20)
    assert {answer.status_code for answer in answers} == {200}
    saved = [answer.json()["data"] for answer in answers]
    assert len({data["integration_id"] for data in saved}) == 1
    assert len({data["created_at"] for data in saved}) == 1
    assert len({data["name"] for data in saved}) == 20
    [left] = tenant.listed().values()
    assert left["name"] == left["auth_data"]["access_token"]
