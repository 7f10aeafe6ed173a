"""One integration in three contracts: whoever made it, all see it, under one number."""

import uuid
from typing import Any

import pytest

from jackfield.domain import ids
from support.checked_tenant import CheckedTenant, number_of
from support.vendor_server import VendorServer, refused, taken
from support.waiting import until


def hub_number(hub_id: str) -> int:
    """The number behind the hex; worked out here as the contract states it."""
    return int(hub_id[8:], 16)


def only_in_hubs(tenant: CheckedTenant) -> Any:
    [shown] = tenant.hubs("GET", "").json()["data"]
    return shown


def only_in_v1(tenant: CheckedTenant) -> Any:
    [shown] = tenant.listed().values()
    return shown


@pytest.fixture
def from_hubs(tenant: CheckedTenant) -> Any:
    return tenant.hub_integration(token="ghp_0123456789abcdef", name="From hubs", extra={"org_slug": "acme"})


@pytest.mark.parametrize("contract", ["v1", "v2"])
def test_what_another_contract_made_is_in_hubs(tenant: CheckedTenant, contract: str) -> None:
    fields = {"name": "From there", "auth_data": {"access_token": "sntrys_0123456789"}, "scope_data": {"org_slug": "a"}}
    made = tenant.created(**fields) if contract == "v1" else tenant.saved(**fields)
    shown = only_in_hubs(tenant)
    assert hub_number(shown["id"]) == number_of(made["integration_id"])
    assert (shown["name"], shown["vendor"], shown["identifier"]) == ("From there", "sentry", "from-there")
    assert shown["auth"]["api_key"] == "sntry..."
    assert shown["extra"] == {"org_slug": "a"}
    assert shown["state"]["current"] == "new"
    assert tenant.hub_read(shown["id"]) == shown


def test_what_hubs_made_is_in_version_1(tenant: CheckedTenant, from_hubs: Any) -> None:
    shown = only_in_v1(tenant)
    assert number_of(shown["integration_id"]) == hub_number(from_hubs["id"])
    assert shown["unique_identifier"] == f"github-{shown['integration_id']}"
    assert (shown["name"], shown["integration_type"], shown["created_by"]) == ("From hubs", "github", "alice")
    assert shown["auth_data"]["access_token"] == "ghp_0123456789abcdef"
    assert shown["scope_data"]["org_slug"] == "acme"
    assert shown["metadata"] == {
        "instance_name": "From hubs",
        "created_via": "manual",
        "version": None,
        "description": None,
        "tags": [],
    }
    assert tenant.read(shown["integration_id"]) == shown


def test_the_time_in_the_hex_id_is_that_of_the_creation(tenant: CheckedTenant, from_hubs: Any) -> None:
    number = hub_number(from_hubs["id"])
    assert from_hubs["id"] == ids.to_hex(number)
    milliseconds = (number >> 22) + 1_735_689_600_000
    assert int(from_hubs["id"][:8], 16) == milliseconds // 1000


def test_a_version_2_save_replaces_what_hubs_made(tenant: CheckedTenant, from_hubs: Any) -> None:
    identifier = only_in_v1(tenant)["unique_identifier"]
    tenant.saved(integration_type="github", unique_identifier=identifier, name="Replaced", scope_data=None)
    shown = tenant.hub_read(from_hubs["id"])
    assert (shown["id"], shown["name"]) == (from_hubs["id"], "Replaced")
    # omitted, so kept
    assert shown["auth"] == from_hubs["auth"]
    assert shown["extra"] == {}


def test_a_change_in_hubs_is_seen_in_version_1_and_the_reverse(tenant: CheckedTenant, from_hubs: Any) -> None:
    number = only_in_v1(tenant)["integration_id"]
    tenant.hubs("PATCH", f"/{from_hubs['id']}", json={"name": "New", "enabled": False})
    assert (tenant.read(number)["name"], tenant.read(number)["active"]) == ("New", False)
    tenant.v1("PUT", f"/schema/{number}", json={"name": "Newer"})
    tenant.v1("PATCH", f"/{number}/status?active=true")
    shown = tenant.hub_read(from_hubs["id"])
    assert (shown["name"], shown["enabled"]) == ("Newer", True)


def test_what_version_1_deletes_is_hidden_in_hubs_and_shown_as_deleted(tenant: CheckedTenant, from_hubs: Any) -> None:
    number = only_in_v1(tenant)["integration_id"]
    assert tenant.v1("DELETE", f"/{number}").status_code == 200
    assert tenant.hubs("GET", "").json() == {"data": []}
    shown = until(lambda: tenant.hub_read(from_hubs["id"]), lambda one: one["state"]["current"] == "deleted")
    assert shown["auth"]["api_key"] is None
    [job] = tenant.call("GET", "/v1/jobs").json()["data"]
    assert job["queue"] == "delete"


def test_what_hubs_deletes_is_gone_in_version_1_and_its_identifier_free(tenant: CheckedTenant) -> None:
    first = tenant.saved(unique_identifier="mine")["integration_id"]
    assert tenant.hubs("DELETE", f"/{only_in_hubs(tenant)['id']}").status_code == 202
    assert tenant.v1("GET", f"/{first}").status_code == 404
    assert tenant.listed() == {}
    assert tenant.saved(unique_identifier="mine")["integration_id"] != first


def test_the_verdict_of_the_vendor_is_seen_everywhere(tenant: CheckedTenant, vendors: VendorServer) -> None:
    token = f"token-{uuid.uuid4()}"
    vendors.answer(token, refused)
    made = tenant.saved(integration_type="github", auth_data={"access_token": token})["integration_id"]
    hub_id = only_in_hubs(tenant)["id"]
    assert tenant.read(made)["status"] == "active"
    assert tenant.verified(hub_id)["state"]["current"] == "new"
    assert tenant.read(made)["status"] == "error"
    vendors.answer(token, taken)
    assert tenant.verified(hub_id)["state"]["current"] == "live"
    assert tenant.read(made)["status"] == "active"


def test_a_credential_that_version_2_changes_has_to_be_verified_again(
    tenant: CheckedTenant, vendors: VendorServer
) -> None:
    token = f"token-{uuid.uuid4()}"
    vendors.answer(token, taken)
    fields = {"integration_type": "github", "unique_identifier": "mine"}
    tenant.saved(**fields, auth_data={"access_token": token})
    hub_id = only_in_hubs(tenant)["id"]
    tenant.verified(hub_id)
    tenant.saved(**fields, auth_data={"access_token": token})
    assert tenant.hub_read(hub_id)["state"]["current"] == "live"
    tenant.saved(**fields, auth_data={"access_token": "another-token"})
    assert tenant.hub_read(hub_id)["state"]["current"] == "new"


def test_a_new_token_from_hubs_drops_what_belonged_to_the_old_one(tenant: CheckedTenant) -> None:
    made = tenant.saved(auth_data={"access_token": "old", "refresh_token": "r", "expires_at": "2030-01-01T00:00:00Z"})
    hub_id = only_in_hubs(tenant)["id"]
    tenant.hubs("PATCH", f"/{hub_id}", json={"auth": {"api_key": "new"}})
    auth = tenant.read(made["integration_id"])["auth_data"]
    assert (auth["access_token"], auth["refresh_token"], auth["expires_at"]) == ("new", None, None)


@pytest.mark.parametrize("vendor", ["gitlab", "discord"])
def test_vendors_that_version_1_does_not_know_are_in_hubs_alone(tenant: CheckedTenant, vendor: str) -> None:
    tenant.saved()
    tenant.become(tenant.saved()["integration_id"], vendor)
    assert [one["integration_type"] for one in tenant.listed().values()] == ["sentry"]
    assert {one["vendor"] for one in tenant.hubs("GET", "").json()["data"]} == {"sentry", vendor}


def test_v1_takes_any_spelling_of_an_id_and_answers_its_own(tenant: CheckedTenant, from_hubs: Any) -> None:
    uuid_of_it = only_in_v1(tenant)["integration_id"]
    decimal = ids.to_decimal(ids.parse_hex(from_hubs["id"]))
    for spelling in (uuid_of_it, uuid_of_it.upper(), from_hubs["id"], from_hubs["id"].upper(), decimal):
        answer = tenant.v1("GET", f"/{spelling}")
        assert answer.json()["integration"]["integration_id"] == uuid_of_it
        assert tenant.v1("GET", f"/schema/{spelling}").json()["data"]["integration_id"] == uuid_of_it
    switched = tenant.v1("PATCH", f"/{decimal}/status", params={"active": "true"}).json()
    assert switched["message"] == f"Integration is now active: {uuid_of_it}"
    deleted = tenant.v1("DELETE", f"/{from_hubs['id'].upper()}").json()
    assert deleted["deleted_integration"]["integration_id"] == uuid_of_it


def test_the_spelling_of_hubs_is_its_own(tenant: CheckedTenant, from_hubs: Any) -> None:
    uuid_of_it = only_in_v1(tenant)["integration_id"]
    assert tenant.hubs("GET", f"/{uuid_of_it}").status_code == 404
