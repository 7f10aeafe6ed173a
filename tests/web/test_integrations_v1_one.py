"""Version 1: reading, switching, renaming and deleting one integration."""

from typing import Any

import pytest

from support.checked_tenant import CheckedTenant
from support.waiting import until

AUTH = ["access_token", "refresh_token", "token_type", "expires_at", "scope", "code"]
UNKNOWN = "06ee6173-d200-8000-a000-000000000000"


@pytest.fixture
def created(tenant: CheckedTenant) -> Any:
    return tenant.created(
        auth_data={
            "access_token": "a",
            "refresh_token": "r",
            "code": "c",
            "scope": "org:read",
            "expires_at": "2030-01-02T03:04:05Z",
        }
    )


def test_get_shows_the_integration_as_it_was_created(tenant: CheckedTenant, created: Any) -> None:
    answer = tenant.v1("GET", f"/{created['integration_id']}")
    assert answer.status_code == 200
    assert list(answer.json()) == ["status", "integration"]
    assert answer.json() == {"status": "success", "integration": created}


def test_get_schema_shows_the_same_in_the_envelope(tenant: CheckedTenant, created: Any) -> None:
    answer = tenant.v1("GET", f"/schema/{created['integration_id']}")
    assert answer.status_code == 200
    assert list(answer.json()) == ["success", "data", "error"]
    assert answer.json() == {"success": True, "data": created, "error": None}


def test_delete_tells_what_was_deleted(tenant: CheckedTenant, created: Any) -> None:
    integration_id = created["integration_id"]
    answer = tenant.v1("DELETE", f"/{integration_id}")
    assert answer.status_code == 200
    assert list(answer.json()) == ["status", "message", "deleted_integration"]
    assert answer.json() == {
        "status": "success",
        "message": f"Integration deleted: {integration_id}",
        "deleted_integration": {"integration_id": integration_id, "name": "Sentry", "type": "sentry"},
    }


def test_delete_schema_returns_the_whole_integration(tenant: CheckedTenant, created: Any) -> None:
    answer = tenant.v1("DELETE", f"/schema/{created['integration_id']}")
    assert answer.status_code == 200
    assert answer.json() == {"success": True, "data": created, "error": None}


@pytest.mark.parametrize("address", ["/{}", "/schema/{}"])
def test_what_is_deleted_is_gone_everywhere(tenant: CheckedTenant, created: Any, address: str) -> None:
    integration_id = created["integration_id"]
    assert tenant.v1("DELETE", address.format(integration_id)).status_code == 200
    for method, path in [
        ("GET", "/{}"),
        ("DELETE", "/{}"),
        ("PATCH", "/{}/status?active=true"),
        ("GET", "/schema/{}"),
        ("DELETE", "/schema/{}"),
    ]:
        assert tenant.v1(method, path.format(integration_id)).status_code == 404
    assert tenant.v1("PUT", f"/schema/{integration_id}", json={"name": "New"}).status_code == 404
    for path in ("/list", "/connected", "/schema/list"):
        assert tenant.v1("GET", path).json()["count"] == 0
    assert tenant.v1("GET", "/sentry/status/alice").json()["is_connected"] is False


@pytest.mark.parametrize("address", ["/{}", "/schema/{}"])
def test_deleting_erases_the_secrets_for_good(tenant: CheckedTenant, created: Any, address: str) -> None:
    assert tenant.row(created["integration_id"])["sealed_secrets"] is not None
    tenant.v1("DELETE", address.format(created["integration_id"]))
    assert tenant.row(created["integration_id"])["state"] in {"deleting", "deleted"}
    # by a job
    row = until(lambda: tenant.row(created["integration_id"]), lambda row: row["state"] == "deleted")
    assert row["sealed_secrets"] is None
    assert row["deleted_at"] is not None


def test_deleting_frees_the_unique_identifier(tenant: CheckedTenant) -> None:
    first = tenant.created(unique_identifier="mine")
    tenant.v1("DELETE", f"/{first['integration_id']}")
    second = tenant.created(unique_identifier="mine", integration_type="jira")
    assert second["integration_id"] != first["integration_id"]
    tenant.v1("DELETE", f"/{second['integration_id']}")
    assert tenant.saved(unique_identifier="mine")["integration_id"] != second["integration_id"]


def test_of_ten_deletes_at_once_one_succeeds(tenant: CheckedTenant, created: Any) -> None:
    answers = tenant.at_once([lambda one: one.v1("DELETE", f"/{created['integration_id']}")] * 10)
    assert sorted(answer.status_code for answer in answers) == [200] + [404] * 9


@pytest.mark.parametrize("active", [True, False])
@pytest.mark.parametrize("before", [True, False])
def test_switching_sets_active_and_nothing_else(tenant: CheckedTenant, before: bool, active: bool) -> None:
    integration_id = tenant.saved(status="pending", active=before, auth_data={"access_token": "t"})["integration_id"]
    earlier = tenant.read(integration_id)
    answer = tenant.v1("PATCH", f"/{integration_id}/status", params={"active": str(active).lower()})
    assert answer.status_code == 200
    assert list(answer.json()) == ["status", "message"]
    assert answer.json()["status"] == "success"
    later = tenant.read(integration_id)
    assert later["active"] is active
    assert later["updated_at"] > earlier["updated_at"]
    same = {"active": active, "updated_at": later["updated_at"]}
    assert later == {**earlier, **same}


def test_switching_needs_to_be_told_what(tenant: CheckedTenant, created: Any) -> None:
    answer = tenant.v1("PATCH", f"/{created['integration_id']}/status")
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", "active"]
    assert tenant.read(created["integration_id"]) == created


def test_renaming_changes_the_name_and_nothing_else(tenant: CheckedTenant, created: Any) -> None:
    answer = tenant.v1("PUT", f"/schema/{created['integration_id']}", json={"name": "New", "created_by": "x"})
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["success", "data", "error"]
    assert body["data"]["name"] == "New"
    assert body["data"]["updated_at"] > created["updated_at"]
    followed = {**created["metadata"], "instance_name": "New"}
    assert body["data"] == {**created, "name": "New", "metadata": followed, "updated_at": body["data"]["updated_at"]}
    assert tenant.read(created["integration_id"]) == body["data"]


@pytest.mark.parametrize("name", ["", "n" * 256])
def test_a_new_name_has_1_to_255_characters(tenant: CheckedTenant, created: Any, name: str) -> None:
    answer = tenant.v1("PUT", f"/schema/{created['integration_id']}", json={"name": name})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "name"]
    assert tenant.read(created["integration_id"]) == created


@pytest.mark.parametrize(("method", "path"), [("GET", "/{}"), ("DELETE", "/{}"), ("PATCH", "/{}/status?active=false")])
def test_an_unknown_id_is_not_found(tenant: CheckedTenant, method: str, path: str) -> None:
    answer = tenant.v1(method, path.format(UNKNOWN))
    assert answer.status_code == 404
    assert answer.json() == {"detail": f"Integration not found: {UNKNOWN}"}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_unknown_id_under_schema_is_not_found_in_the_envelope(tenant: CheckedTenant, method: str) -> None:
    answer = tenant.v1(method, f"/schema/{UNKNOWN}", json={"name": "New"})
    assert answer.status_code == 404
    body = answer.json()
    assert list(body) == ["success", "data", "error", "detail"]
    assert (body["success"], body["data"]) == (False, None)
    assert body["detail"] == f"Integration not found: {UNKNOWN}"


@pytest.mark.parametrize("path", ["/list", "/connected", "/schema/list"])
def test_literal_paths_win_over_ids(tenant: CheckedTenant, path: str) -> None:
    assert tenant.v1("GET", path).json()["count"] == 0


@pytest.mark.parametrize("word", ["list", "connected", "schema", "create", "status"])
def test_where_a_method_has_no_literal_path_the_word_is_an_unknown_id(tenant: CheckedTenant, word: str) -> None:
    assert tenant.v1("DELETE", f"/{word}").json() == {"detail": f"Integration not found: {word}"}


def test_a_view_only_key_sees_everything_but_what_opens_doors(tenant: CheckedTenant, created: Any) -> None:
    viewer = tenant.view_only()
    hidden = {"access_token": None, "refresh_token": None, "code": None}
    expected = {**created, "auth_data": {**created["auth_data"], **hidden}}
    integration_id = created["integration_id"]
    assert expected["auth_data"]["scope"] == "org:read"
    assert expected["auth_data"]["token_type"] == "Bearer"
    assert expected["auth_data"]["expires_at"] == "2030-01-02T03:04:05Z"
    assert viewer.read(integration_id) == expected
    assert viewer.v1("GET", f"/schema/{integration_id}").json()["data"] == expected
    for path, name in [
        ("/list", "integrations"),
        ("/connected", "connected_integrations"),
        ("/schema/list", "integrations"),
    ]:
        assert viewer.v1("GET", path).json()[name] == {integration_id: expected}
