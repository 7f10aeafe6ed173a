"""Version 1: what the caller's user is connected to, and breaking that off."""

from urllib.parse import quote

import pytest

from jackfield.domain.principal import Capability
from support.checked_tenant import CheckedTenant

NOT_CONNECTED = {"user_id": "alice", "is_connected": False, "connected_at": None, "scope": None, "expires_at": None}


def test_status_without_any_integration(tenant: CheckedTenant) -> None:
    answer = tenant.v1("GET", "/sentry/status/alice")
    assert answer.status_code == 200
    assert list(answer.json()) == ["user_id", "is_connected", "connected_at", "scope", "expires_at"]
    assert answer.json() == NOT_CONNECTED


def test_status_tells_since_when_and_how(tenant: CheckedTenant) -> None:
    auth = {"access_token": "a", "scope": "org:read", "expires_at": "2030-01-02T03:04:05Z"}
    created = tenant.created(auth_data=auth)
    answer = tenant.v1("GET", "/sentry/status/alice")
    assert answer.json() == {
        "user_id": "alice",
        "is_connected": True,
        "connected_at": created["created_at"],
        "scope": "org:read",
        "expires_at": "2030-01-02T03:04:05Z",
    }


def test_status_of_an_integration_without_credentials(tenant: CheckedTenant) -> None:
    tenant.saved()
    status = tenant.v1("GET", "/sentry/status/alice").json()
    assert (status["is_connected"], status["scope"], status["expires_at"]) == (False, None, None)
    assert status["connected_at"] is not None


def test_status_is_that_of_the_newest_active_one(tenant: CheckedTenant) -> None:
    for scope, active in [("oldest", True), ("newest active", True), ("newest", False)]:
        tenant.saved(auth_data={"scope": scope}, active=active)
    assert tenant.v1("GET", "/sentry/status/alice").json()["scope"] == "newest active"


def test_status_looks_at_one_type_alone(tenant: CheckedTenant) -> None:
    tenant.saved(integration_type="jira")
    assert tenant.v1("GET", "/sentry/status/alice").json() == NOT_CONNECTED


def test_the_caller_is_the_keys_user_and_not_created_by(tenant: CheckedTenant) -> None:
    bob = tenant.another_key(user="bob")
    bob.created(created_by="alice")
    assert tenant.v1("GET", "/sentry/status/alice").json() == NOT_CONNECTED
    assert bob.v1("GET", "/sentry/status/bob").json()["is_connected"] is True


def test_another_key_of_the_same_user_is_the_same_caller(tenant: CheckedTenant) -> None:
    tenant.created()
    assert tenant.view_only().v1("GET", "/sentry/status/alice").json()["is_connected"] is True


def test_a_user_of_the_same_name_elsewhere_is_another_caller(tenant: CheckedTenant, stranger: CheckedTenant) -> None:
    stranger.created()
    assert tenant.v1("GET", "/sentry/status/alice").json() == NOT_CONNECTED


def test_the_status_of_other_users_is_not_told(tenant: CheckedTenant) -> None:
    answer = tenant.v1("GET", "/sentry/status/bob")
    assert answer.status_code == 403
    assert answer.json() == {"detail": "Cannot access other users' integration status"}


def test_integrations_of_other_users_are_not_revoked(tenant: CheckedTenant) -> None:
    answer = tenant.v1("DELETE", "/sentry/revoke/bob")
    assert answer.status_code == 403
    assert answer.json() == {"detail": "Cannot revoke other users' integrations"}


def test_revoke_answers_whose_access_it_was(tenant: CheckedTenant) -> None:
    tenant.created()
    answer = tenant.v1("DELETE", "/sentry/revoke/alice")
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["status", "message", "user_id", "revoked"]
    assert (body["status"], body["user_id"], body["revoked"]) == ("success", "alice", 1)
    assert body["message"] == "Access to sentry is revoked"


def test_revoke_without_any_integration_succeeds(tenant: CheckedTenant) -> None:
    answer = tenant.v1("DELETE", "/sentry/revoke/alice")
    assert answer.status_code == 200
    assert answer.json()["revoked"] == 0
    assert answer.json()["message"] == "There was no access to sentry to revoke"


def test_what_is_revoked_already_is_not_revoked_again(tenant: CheckedTenant) -> None:
    tenant.saved(auth_data={"access_token": "t"})
    tenant.saved(auth_data={"access_token": "t"}, active=False)
    assert [tenant.v1("DELETE", "/sentry/revoke/alice").json()["revoked"] for _ in range(2)] == [2, 0]


def test_revoke_switches_off_and_erases_every_one_of_the_callers(tenant: CheckedTenant) -> None:
    ids = [tenant.created(created_by="x")["integration_id"], tenant.saved(active=False)["integration_id"]]
    assert tenant.v1("DELETE", "/sentry/revoke/alice").status_code == 200
    for integration_id in ids:
        read = tenant.read(integration_id)
        assert (read["active"], read["status"]) == (False, "inactive")
        assert set(read["auth_data"].values()) == {None}
        assert tenant.row(integration_id)["sealed_secrets"] is None
    assert tenant.v1("GET", "/sentry/status/alice").json() == NOT_CONNECTED


def test_revoke_leaves_scope_and_metadata_alone(tenant: CheckedTenant) -> None:
    created = tenant.created()
    tenant.v1("DELETE", "/sentry/revoke/alice")
    read = tenant.read(created["integration_id"])
    for name in ("name", "scope_data", "metadata", "unique_identifier", "created_by", "created_at"):
        assert read[name] == created[name]


def test_revoke_leaves_other_types_and_other_users_alone(tenant: CheckedTenant, stranger: CheckedTenant) -> None:
    others = [
        (tenant, tenant.created(integration_type="jira")),
        (tenant, tenant.another_key(user="bob").created(created_by="alice")),
        (stranger, stranger.created()),
    ]
    tenant.created()
    assert tenant.v1("DELETE", "/sentry/revoke/alice").status_code == 200
    for owner, created in others:
        assert owner.read(created["integration_id"]) == created


def test_a_view_only_key_may_see_the_status_but_not_revoke(tenant: CheckedTenant) -> None:
    viewer = tenant.view_only()
    assert viewer.v1("GET", "/sentry/status/alice").status_code == 200
    answer = viewer.v1("DELETE", "/sentry/revoke/alice")
    assert answer.status_code == 403
    assert Capability.MANAGE in answer.json()["detail"]


@pytest.mark.parametrize("user", ["zoë@example.com", "a b", "50%", "?#&=+", "..;", "用户"])
def test_any_user_name_can_stand_in_the_path(tenant: CheckedTenant, user: str) -> None:
    other = tenant.another_key(user=user)
    other.created()
    status = other.v1("GET", f"/sentry/status/{quote(user, safe='')}").json()
    assert (status["user_id"], status["is_connected"]) == (user, True)


@pytest.mark.parametrize("provider", ["gitlab", "Sentry", "sentry ", "%00", "discord"])
@pytest.mark.parametrize(("method", "verb"), [("GET", "status"), ("DELETE", "revoke")])
def test_a_type_that_the_contract_does_not_know_is_not_found(
    tenant: CheckedTenant, provider: str, method: str, verb: str
) -> None:
    assert tenant.v1(method, f"/{provider}/{verb}/alice").status_code == 404
