"""Both versions show the same integrations: made through one, they are read, changed and deleted through the other."""

import requests

from support.checked_tenant import CheckedTenant


def test_what_version_2_saved_is_read_through_version_1(tenant: CheckedTenant) -> None:
    saved = tenant.saved(
        auth_data={"access_token": "t"}, scope_data={"workspace_id": "w"}, metadata={"tags": ["a"], "further": 1}
    )
    read = tenant.read(saved["integration_id"])
    assert read["created_at"] == saved["created_at"] + "Z"
    for name in ("name", "integration_type", "status", "active", "unique_identifier", "created_by", "metadata"):
        assert read[name] == saved[name]
    assert read["auth_data"]["access_token"] == "t"
    assert read["auth_data"]["token_type"] == "Bearer"
    assert read["scope_data"]["workspace_id"] == "w"


def test_saved_without_credentials_every_one_of_them_is_null(tenant: CheckedTenant) -> None:
    read = tenant.read(tenant.saved()["integration_id"])
    assert set(read["auth_data"].values()) == {None}
    assert set(read["scope_data"].values()) == {None}


def test_what_version_1_created_is_replaced_through_version_2(tenant: CheckedTenant) -> None:
    created = tenant.created(unique_identifier="mine", created_by="somebody")
    saved = tenant.saved(unique_identifier="mine", name="Replaced")
    assert saved["integration_id"] == created["integration_id"]
    assert saved["created_at"] + "Z" == created["created_at"]
    read = tenant.read(created["integration_id"])
    assert read["name"] == "Replaced"
    assert read["auth_data"] == created["auth_data"]
    assert read["scope_data"] == created["scope_data"]


def test_what_version_1_made_up_as_unique_identifier_serves_version_2(tenant: CheckedTenant) -> None:
    created = tenant.created(unique_identifier="")
    saved = tenant.saved(unique_identifier=created["unique_identifier"])
    assert saved["integration_id"] == created["integration_id"]


def test_version_1_does_not_create_what_version_2_has_saved(tenant: CheckedTenant) -> None:
    tenant.saved(unique_identifier="mine")
    assert tenant.create_v1(unique_identifier="mine").status_code == 409


def test_version_2_creates_anew_what_version_1_has_deleted(tenant: CheckedTenant) -> None:
    first = tenant.saved(unique_identifier="mine", auth_data={"access_token": "old"})
    tenant.v1("DELETE", f"/{first['integration_id']}")
    second = tenant.saved(unique_identifier="mine")
    assert second["integration_id"] != first["integration_id"]
    assert second["has_auth_data"] is False


def test_version_2_switches_on_what_version_1_has_switched_off(tenant: CheckedTenant) -> None:
    integration_id = tenant.saved(unique_identifier="mine")["integration_id"]
    tenant.v1("PATCH", f"/{integration_id}/status?active=false")
    tenant.saved(unique_identifier="mine")
    assert tenant.read(integration_id)["active"] is True


def test_saves_and_deletes_at_once_leave_one_integration_or_none(tenant: CheckedTenant) -> None:
    integration_id = tenant.saved(unique_identifier="contended")["integration_id"]

    def save(one: CheckedTenant) -> requests.Response:
        return one.save(unique_identifier="contended", auth_data={"access_token": "t"})

    def delete(one: CheckedTenant) -> requests.Response:
        return one.v1("DELETE", f"/{integration_id}")

    answers = tenant.at_once([save, delete] * 8)
    assert {answer.status_code for answer in answers} <= {200, 404}
    assert [answer.status_code for answer in answers[1::2]].count(200) == 1
    assert {answer.status_code for answer in answers[::2]} == {200}
    assert len(tenant.listed()) <= 1
