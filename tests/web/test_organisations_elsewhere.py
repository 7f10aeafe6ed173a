"""One integration in the organisations contract and in the others, whoever made it."""

import json
from typing import Any

import pytest

from support.checked_tenant import CheckedTenant
from support.organisations import (
    as_hub_id,
    as_uuid,
    configuration,
    created,
    from_hub_id,
    from_uuid,
    one,
    patched,
    put,
    read,
    refused,
    row,
    text,
)
from support.waiting import until

TOKEN = "ghp_0123456789abcdef"


@pytest.fixture(params=["hubs", "v1", "v2"])
def made_elsewhere(request: pytest.FixtureRequest, tenant: CheckedTenant) -> Any:
    """An integration of another contract, with a token and an organisation's slug, as this one shows it."""
    if request.param == "hubs":
        made = tenant.hub_integration(token=TOKEN, extra={"org_slug": "acme"})["id"]
        return read(tenant, from_hub_id(made))
    fields = {
        "integration_type": "github",
        "auth_data": {"access_token": TOKEN},
        "scope_data": {"org_slug": "acme"},
    }
    made = (tenant.created if request.param == "v1" else tenant.saved)(**fields)["integration_id"]
    return read(tenant, from_uuid(made))


def test_what_another_contract_made_is_seen(tenant: CheckedTenant, made_elsewhere: Any) -> None:
    shown = json.loads(made_elsewhere["configuration"])
    assert (shown["access_token"], shown["org_slug"]) == ("ghp_0...", "acme")
    assert (made_elsewhere["provider"], made_elsewhere["item_type"]) == ("github", "none")
    assert TOKEN not in made_elsewhere["configuration"]


def test_its_configuration_sent_back_changes_nothing(tenant: CheckedTenant, made_elsewhere: Any) -> None:
    before = row(tenant, made_elsewhere)
    assert patched(tenant, made_elsewhere, configuration=made_elsewhere["configuration"]) == made_elsewhere
    assert row(tenant, made_elsewhere) == before
    assert tenant.read(as_uuid(made_elsewhere))["auth_data"]["access_token"] == TOKEN


def test_it_gets_its_item_type_and_configuration_here(tenant: CheckedTenant, made_elsewhere: Any) -> None:
    wanted = {**json.loads(made_elsewhere["configuration"]), "repository": "acme/shop"}
    put(tenant, made_elsewhere, status="active")
    changed = patched(tenant, made_elsewhere, item_type="work_item", configuration=json.dumps(wanted))
    assert changed["item_type"] == "work_item"
    shown = tenant.hub_read(as_hub_id(changed))
    assert (shown["item_type"], shown["extra"]) == ("work_item", {"org_slug": "acme", "repository": "acme/shop"})
    assert tenant.read(as_uuid(changed))["scope_data"]["org_slug"] == "acme"
    assert tenant.call("POST", f"{one(changed)}/sync").status_code == 202


def test_everything_that_version_1_stores_can_be_sent_back(tenant: CheckedTenant) -> None:
    auth = {
        "access_token": "",
        "refresh_token": "refresh-0123456789",
        "token_type": "Bearer",
        "expires_at": "2030-01-01T00:00:00Z",
        "scope": "repo...",
        "code": " with blanks ",
    }
    scope = {"org_slug": "", "installation_id": "no number", "workspace_id": "x" * 20_000, "project_id": None}
    made = tenant.created(integration_type="github", auth_data=auth, scope_data=scope)
    shown = read(tenant, from_uuid(made["integration_id"]))
    before = row(tenant, shown)
    assert patched(tenant, shown, configuration=shown["configuration"]) == shown
    assert row(tenant, shown) == before
    assert tenant.read(made["integration_id"]) == made


def test_what_is_made_here_is_seen_in_every_contract_that_knows_it(tenant: CheckedTenant) -> None:
    made = created(tenant, configuration=text(access_token=TOKEN, org_slug="acme", repository="acme/shop"))
    shown = tenant.listed()[as_uuid(made)]
    assert (shown["name"], shown["integration_type"], shown["status"]) == ("GitHub", "github", "active")
    assert shown["auth_data"] == {
        "access_token": TOKEN,
        "refresh_token": None,
        "token_type": None,
        "expires_at": None,
        "scope": None,
        "code": None,
    }
    assert shown["scope_data"]["org_slug"] == "acme"
    hub = tenant.hub_read(as_hub_id(made))
    assert (hub["vendor"], hub["auth"]["api_key"], hub["state"]["current"]) == ("github", "ghp_0...", "new")
    assert hub["extra"] == {"org_slug": "acme", "repository": "acme/shop"}
    again = tenant.saved(integration_type="github", unique_identifier=shown["unique_identifier"], name="Mine")
    assert (again["integration_id"], again["has_auth_data"]) == (as_uuid(made), True)
    assert read(tenant, made) == made


def test_what_version_1_does_not_know_is_in_hubs_alone(tenant: CheckedTenant) -> None:
    made = created(tenant, provider="gitlab", configuration=text(access_token=TOKEN))
    assert tenant.listed() == {}
    assert tenant.hub_read(as_hub_id(made))["vendor"] == "gitlab"


def test_a_change_elsewhere_is_seen_here(tenant: CheckedTenant) -> None:
    made = created(tenant)
    tenant.v1("PATCH", f"/{as_uuid(made)}/status?active=false")
    assert read(tenant, made)["enabled"] is False
    tenant.hubs("PATCH", f"/{as_hub_id(made)}", json={"auth": {"api_key": TOKEN}, "extra": {"repository": "a/b"}})
    assert configuration(tenant, made) == {"access_token": "ghp_0...", "repository": "a/b"}


def test_a_secrets_name_that_hubs_stored_as_a_setting_stays_one_until_it_changes(tenant: CheckedTenant) -> None:
    made = read(tenant, from_hub_id(tenant.hub_integration(token=TOKEN, extra={"code": "abc"})["id"]))
    assert json.loads(made["configuration"]) == {"access_token": "ghp_0...", "code": "abc"}
    assert patched(tenant, made, configuration=made["configuration"]) == made
    patched(tenant, made, configuration=text(access_token="ghp_0...", code="another-code-123"))
    assert configuration(tenant, made)["code"] == "anoth..."
    assert tenant.hub_read(as_hub_id(made))["extra"] == {}


def test_what_hubs_deletes_is_404_here_and_the_reverse(tenant: CheckedTenant) -> None:
    made = created(tenant)
    assert tenant.hubs("DELETE", f"/{as_hub_id(made)}").status_code == 202
    refused(tenant.call("GET", one(made)), 404)
    other = created(tenant)
    assert tenant.call("DELETE", one(other)).status_code == 204
    assert tenant.v1("GET", f"/{as_uuid(other)}").status_code == 404
    until(lambda: tenant.hub_read(as_hub_id(other))["state"]["current"], lambda state: state == "deleted")


def test_other_spellings_of_the_id_are_404(tenant: CheckedTenant) -> None:
    made = created(tenant)
    for spelling in (as_uuid(made), as_hub_id(made), f"0{made['id']}", f"+{made['id']}", f"{made['id']} "):
        refused(tenant.call("GET", one(spelling)), 404)
