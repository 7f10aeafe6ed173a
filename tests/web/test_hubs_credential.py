"""A credential fetched over HTTP: what it shows, to whom, and what was noticed of its integration."""

import time
from typing import Any

import pytest
import requests

from jackfield.domain.principal import GRANTABLE, Capability
from support.checked_tenant import CheckedTenant
from support.operator import Operator
from support.service import Service
from support.vendor_server import VendorServer, refused, taken

TOKEN = "ghp_0123456789abcdef0123"


@pytest.fixture
def tenant(operator: Operator, service: Service) -> CheckedTenant:
    return CheckedTenant.create_checked(operator, service)


def made(tenant: CheckedTenant, **fields: Any) -> str:
    """The hubs id of an integration with GitHub that has a credential."""
    found: str = tenant.hub_integration("github", auth={"api_key": TOKEN}, **fields)["id"]
    return found


def get(tenant: CheckedTenant, integration: str, **params: Any) -> requests.Response:
    return tenant.hubs("GET", f"/{integration}/credential", params=params)


def code(answer: requests.Response) -> str:
    told: str = answer.json()["error"]["code"]
    return told


def test_it_is_shown_in_clear_to_be_kept_by_nobody_and_audited(tenant: CheckedTenant) -> None:
    integration = made(tenant)
    answer = get(tenant, integration)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.json() == {
        "data": {"access_token": TOKEN, "token_type": "Bearer", "expires_at": None, "scopes": None}
    }
    entry = tenant.audit()[-1]
    assert (entry["action"], entry["fields"]) == ("credential.fetched", ["access_token"])
    assert entry["subject_ids"] == [int(integration[8:], 16)]


def test_what_is_known_of_a_token_is_told(tenant: CheckedTenant) -> None:
    ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    secrets = {"access_token": TOKEN, "token_type": "token", "expires_at": ends, "scope": "repo, user"}
    saved = tenant.saved(integration_type="github", auth_data=secrets)["integration_id"]
    [found] = [one for one in tenant.hubs("GET", "").json()["data"] if one["vendor"] == "github"]
    assert saved
    assert get(tenant, found["id"]).json()["data"] == {
        "access_token": TOKEN,
        "token_type": "token",
        "expires_at": ends,
        "scopes": ["repo", "user"],
    }


def test_all_other_capabilities_are_not_enough(tenant: CheckedTenant) -> None:
    integration = made(tenant)
    others = [one for one in GRANTABLE if one is not Capability.REVEAL_CREDENTIALS]
    answer = get(tenant.another_key(*others), integration)
    assert (answer.status_code, code(answer)) == (403, "403.permissions")
    assert answer.json()["error"]["extra"] == {"capability": "credentials-reveal"}
    assert TOKEN not in answer.text
    assert get(tenant.another_key(Capability.REVEAL_CREDENTIALS), integration).status_code == 200


@pytest.mark.parametrize("name", ["user", "Not a name", ""])
def test_a_token_that_the_vendor_does_not_grant_is_none(tenant: CheckedTenant, name: str) -> None:
    answer = get(tenant, made(tenant), token_set=name)
    assert (answer.status_code, code(answer)) == (403, "403.invalid-state")
    assert repr(name) in answer.json()["error"]["detail"]


def test_a_name_that_is_too_long_is_none(tenant: CheckedTenant) -> None:
    answer = get(tenant, made(tenant), token_set="x" * 33)
    assert (answer.status_code, answer.json()["error"]["source"]) == (422, "token_set")


def test_another_hubs_and_unknown_and_deleted_ones_are_not_found(tenant: CheckedTenant, operator: Operator) -> None:
    integration = made(tenant)
    foreign = CheckedTenant.create_checked(operator, tenant.service)
    assert code(get(foreign, integration)) == "404.hub.integration"
    assert code(get(tenant, "0" * 24)) == "404.hub.integration"
    tenant.hubs("DELETE", f"/{integration}")
    assert code(get(tenant, integration)) == "404.hub.integration"


def test_without_a_token_there_is_nothing_to_fetch(tenant: CheckedTenant) -> None:
    url = "https://discord.com/api/webhooks/123456789012345678/abcdef"
    webhook = tenant.hub_integration("discord", auth={"secret": url})["id"]
    answer = get(tenant, webhook)
    assert (answer.status_code, code(answer)) == (403, "403.invalid-state")
    assert "access_token" in answer.json()["error"]["detail"]
    disabled = made(tenant, enabled=False)
    assert code(get(tenant, disabled)) == "403.invalid-state"


def test_a_break_and_a_recovery_are_told_once_each(tenant: CheckedTenant, vendors: VendorServer) -> None:
    token = f"ghp_broken_{time.time_ns()}"
    vendors.answer(token, taken, refused, refused, taken)
    integration = tenant.hub_integration("github", auth={"api_key": token})["id"]
    seen = []
    for _ in range(4):
        tenant.finished(tenant.verification(integration))
        health = tenant.hub_read(integration)["health"]
        seen.append(health["status"])
        assert (health["reason"] is None) == (health["status"] == "active")
    assert seen == ["active", "needs_reauthorisation", "needs_reauthorisation", "active"]
    assert tenant.hub_read(integration)["health"]["next_check"] is not None
    events = tenant.hubs("GET", f"/{integration}/events").json()["data"]
    assert [(one["kind"], one["health"]) for one in events] == [
        ("recovered", "active"),
        ("broken", "needs_reauthorisation"),
    ]
    assert "refuses the credential" in events[1]["detail"]
    first = tenant.hubs("GET", f"/{integration}/events", params={"page[size]": 1, "page[number]": 2}).json()["data"]
    assert first == events[1:]


def test_of_a_broken_one_no_token_is_handed_out_and_the_reason_is_told(
    tenant: CheckedTenant, vendors: VendorServer
) -> None:
    token = f"ghp_gone_{time.time_ns()}"
    vendors.answer(token, refused)
    integration = tenant.hub_integration("github", auth={"api_key": token})["id"]
    tenant.finished(tenant.verification(integration))
    answer = get(tenant, integration)
    assert (answer.status_code, code(answer)) == (403, "403.invalid-state")
    assert "refuses the credential" in answer.json()["error"]["detail"]


def test_a_deleted_one_was_revoked(tenant: CheckedTenant) -> None:
    integration = made(tenant)
    tenant.hubs("DELETE", f"/{integration}")
    assert tenant.hub_read(integration)["health"]["status"] == "revoked"
