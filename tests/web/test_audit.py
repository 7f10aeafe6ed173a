"""What the audit keeps of each deed: one entry, with who, what, from where, and which fields."""

from typing import Any

import pytest
import requests

from support.checked_tenant import CheckedTenant, number_of
from support.tenant import V2, v1_body

SECRET = {"access_token": "a", "refresh_token": "r", "code": "c"}


def entries_of(tenant: CheckedTenant, answer: requests.Response) -> list[dict[str, Any]]:
    """The entries that the answered request left, in order."""
    return [entry for entry in tenant.audit() if entry["request_id"] == answer.headers["x-request-id"]]


def deeds(tenant: CheckedTenant, answer: requests.Response) -> list[tuple[str, list[int]]]:
    return [(entry["action"], list(entry["subject_ids"])) for entry in entries_of(tenant, answer)]


@pytest.fixture
def integration_id(tenant: CheckedTenant) -> str:
    return str(tenant.saved(unique_identifier="mine", auth_data=SECRET)["integration_id"])


@pytest.fixture
def number(integration_id: str) -> int:
    return number_of(integration_id)


def test_an_entry_tells_who_what_from_where_and_in_which_request(tenant: CheckedTenant) -> None:
    other = tenant.another_key(user="bob")
    answer = other.v1("POST", "/create", headers={"X-Request-Id": "the-request"}, json=v1_body())
    [entry] = entries_of(tenant, answer)
    [key] = tenant.operator.fetch(
        "select id from api_key where organisation_id = $1 and owner = 'bob'", tenant.organisation.id
    )
    assert entry["request_id"] == "the-request"
    assert entry["actor"] == "bob"
    assert entry["key_id"] == key["id"]
    assert entry["address"] == "127.0.0.1"
    assert entry["action"] == "integration.created"
    assert list(entry["subject_ids"]) == [number_of(answer.json()["data"]["integration_id"])]
    assert abs((entry["at"] - tenant.row(answer.json()["data"]["integration_id"])["created_at"]).total_seconds()) < 1


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_the_address_is_not_what_the_caller_says(tenant: CheckedTenant, header: str) -> None:
    body = {"name": "n", "integration_type": "sentry"}
    answer = tenant.call("POST", f"{V2}/save", headers={header: "203.0.113.9"}, json=body)
    assert entries_of(tenant, answer)[0]["address"] == "127.0.0.1"


def test_a_create_leaves_one_entry(tenant: CheckedTenant) -> None:
    answer = tenant.create_v1()
    number = number_of(answer.json()["data"]["integration_id"])
    assert deeds(tenant, answer) == [("integration.created", [number])]
    assert {"name", "secrets", "configuration", "metadata"} <= set(entries_of(tenant, answer)[0]["fields"])


def test_a_save_that_creates_leaves_one_entry(tenant: CheckedTenant) -> None:
    answer = tenant.save(unique_identifier="new")
    number = number_of(answer.json()["data"]["integration_id"])
    assert deeds(tenant, answer) == [("integration.created", [number])]


def test_a_save_that_replaces_leaves_one_entry(tenant: CheckedTenant, number: int) -> None:
    answer = tenant.save(unique_identifier="mine", name="New")
    assert deeds(tenant, answer) == [("integration.updated", [number])]


def test_a_save_without_credentials_and_scope_does_not_name_them(tenant: CheckedTenant, number: int) -> None:
    [entry] = entries_of(tenant, tenant.save(unique_identifier="mine", name="New"))
    assert "name" in entry["fields"]
    assert {"secrets", "sealed_secrets", "configuration"}.isdisjoint(entry["fields"])


def test_a_save_names_only_the_fields_that_changed(tenant: CheckedTenant, number: int) -> None:
    [entry] = entries_of(tenant, tenant.save(unique_identifier="mine", active=False))
    assert list(entry["fields"]) == ["enabled"]


@pytest.mark.parametrize("auth", [{"access_token": "new"}, None])
def test_changed_credentials_are_called_what_created_and_revealed_ones_are(
    tenant: CheckedTenant, number: int, auth: Any
) -> None:
    [entry] = entries_of(tenant, tenant.save(unique_identifier="mine", auth_data=auth))
    assert "secrets" in entry["fields"]


@pytest.mark.parametrize("path", ["/{}", "/schema/{}"])
def test_a_read_leaves_one_entry_of_revealing(
    tenant: CheckedTenant, integration_id: str, number: int, path: str
) -> None:
    answer = tenant.v1("GET", path.format(integration_id))
    assert deeds(tenant, answer) == [("credential.revealed", [number])]
    assert list(entries_of(tenant, answer)[0]["fields"]) == ["secrets"]


@pytest.mark.parametrize("path", ["/list", "/connected", "/schema/list"])
def test_a_list_leaves_one_entry_of_revealing_for_all(tenant: CheckedTenant, path: str) -> None:
    ids = [number_of(tenant.saved(auth_data=SECRET)["integration_id"]) for _ in range(3)]
    tenant.saved()
    answer = tenant.v1("GET", path)
    [(action, subjects)] = deeds(tenant, answer)
    assert action == "credential.revealed"
    assert sorted(subjects) == ids


def test_a_list_tells_only_what_was_shown(tenant: CheckedTenant) -> None:
    ids = [number_of(tenant.saved(auth_data=SECRET)["integration_id"]) for _ in range(4)]
    answer = tenant.v1("GET", "/list?limit=2&offset=1")
    [(_, subjects)] = deeds(tenant, answer)
    assert sorted(subjects) == ids[1:3]


def test_reading_what_has_no_credentials_leaves_no_entry(tenant: CheckedTenant) -> None:
    integration_id = tenant.saved()["integration_id"]
    for path in (f"/{integration_id}", f"/schema/{integration_id}", "/list", "/connected", "/schema/list"):
        assert deeds(tenant, tenant.v1("GET", path)) == []


def test_view_only_reads_leave_no_entry(tenant: CheckedTenant, integration_id: str) -> None:
    viewer = tenant.view_only()
    for path in (
        f"/{integration_id}",
        f"/schema/{integration_id}",
        "/list",
        "/connected",
        "/schema/list",
        "/sentry/status/alice",
    ):
        assert deeds(tenant, viewer.v1("GET", path)) == []


def test_twenty_reads_at_once_leave_an_entry_each(tenant: CheckedTenant, integration_id: str, number: int) -> None:
    answers = tenant.at_once([lambda one: one.v1("GET", f"/{integration_id}")] * 20)
    assert all(deeds(tenant, answer) == [("credential.revealed", [number])] for answer in answers)
    keys = {entries_of(tenant, answer)[0]["key_id"] for answer in answers}
    assert len(keys) == 20


def test_switching_leaves_one_entry(tenant: CheckedTenant, integration_id: str, number: int) -> None:
    answer = tenant.v1("PATCH", f"/{integration_id}/status?active=false")
    assert deeds(tenant, answer) == [("integration.updated", [number])]
    assert list(entries_of(tenant, answer)[0]["fields"]) == ["enabled"]


def test_renaming_leaves_an_entry_and_one_of_revealing(tenant: CheckedTenant, integration_id: str, number: int) -> None:
    answer = tenant.v1("PUT", f"/schema/{integration_id}", json={"name": "New"})
    assert deeds(tenant, answer) == [("integration.updated", [number]), ("credential.revealed", [number])]
    # the instance_name that was made from the name follows it
    assert list(entries_of(tenant, answer)[0]["fields"]) == ["name", "metadata"]


def test_a_delete_leaves_one_entry(tenant: CheckedTenant, integration_id: str, number: int) -> None:
    answer = tenant.v1("DELETE", f"/{integration_id}")
    assert deeds(tenant, answer) == [("integration.deleted", [number])]


def test_a_delete_that_shows_what_it_deleted_leaves_one_of_revealing_too(
    tenant: CheckedTenant, integration_id: str, number: int
) -> None:
    answer = tenant.v1("DELETE", f"/schema/{integration_id}")
    assert deeds(tenant, answer) == [("integration.deleted", [number]), ("credential.revealed", [number])]


def test_revoke_leaves_one_entry_for_all(tenant: CheckedTenant) -> None:
    ids = [number_of(tenant.saved(auth_data=SECRET)["integration_id"]) for _ in range(3)]
    answer = tenant.v1("DELETE", "/sentry/revoke/alice")
    [(action, subjects)] = deeds(tenant, answer)
    assert action == "integration.updated"
    assert sorted(subjects) == ids


def test_what_is_refused_leaves_no_entry(tenant: CheckedTenant, integration_id: str) -> None:
    viewer, unknown = tenant.view_only(), "06ee6173-d200-8000-a000-000000000000"
    for answer in (
        tenant.create_v1(name=""),
        tenant.create_v1(unique_identifier="mine"),
        tenant.save(unique_identifier="mine", integration_type="jira"),
        tenant.v1("DELETE", f"/{unknown}"),
        tenant.v1("GET", f"/{unknown}"),
        tenant.v1("PUT", f"/schema/{integration_id}", json={"name": ""}),
        tenant.v1("DELETE", "/sentry/revoke/bob"),
        viewer.save(),
        viewer.v1("DELETE", f"/{integration_id}"),
    ):
        assert answer.status_code in (403, 404, 409, 422)
        assert deeds(tenant, answer) == []


def test_entries_stand_with_the_organisation_they_belong_to(tenant: CheckedTenant, stranger: CheckedTenant) -> None:
    answer = tenant.create_v1()
    assert deeds(stranger, answer) == []
    assert deeds(tenant, answer) != []
