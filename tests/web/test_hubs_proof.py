"""Hubs: what is proven of an integration, what takes it back, and how that is told."""

import uuid
from typing import Any

import pytest

from jackfield.domain.integration import Status
from support import vendor_server as vendor
from support.checked_tenant import CheckedTenant
from support.repository import Repository
from support.vendor_server import VendorServer
from support.waiting import until

ITEMS = "/v1/hubs/current/items"
#: settings and credentials of vendors, as they are stored of one that was proven
STORED: dict[str, dict[str, str]] = {
    "gitlab": {"project": "acme/app", "org_slug": "acme"},
    "slack": {"channel": "C0123456789", "workspace_id": "T1"},
    "linear": {"team_id": "ENG", "project_id": "9cfb482a-81e3-4154-b5b9-2c805e70a02d"},
    "jira": {"project_key": "OPS", "issue_type": "Task", "base_url": "https://acme.atlassian.net"},
    "sentry": {"org_slug": "acme", "project_slug": "web", "project_id": "1"},
    "confluence": {"space_id": "65011", "parent_id": "65012", "base_url": "https://acme.atlassian.net"},
}


class Proven:
    """A live integration that work items trigger."""

    def __init__(self, tenant: CheckedTenant, vendors: VendorServer) -> None:
        self.tenant = tenant
        self.vendors = vendors
        self.repository = vendors.repository()
        self.id = self.made(self.repository)
        assert tenant.verified(self.id)["state"]["current"] == "live"

    def made(self, repository: Repository) -> str:
        extra = {"repository": repository.name, "labels": "from-us"}
        made: str = self.tenant.hub_integration(token=self.token(), extra=extra, item_type="work_item")["id"]
        return made

    def token(self, *answers: vendor.Behaviour) -> str:
        token = f"token-{uuid.uuid4()}"
        self.vendors.answer(token, *(answers or (vendor.taken,)))
        return token

    def read(self) -> Any:
        return self.tenant.hub_read(self.id)

    def patched(self, **body: Any) -> Any:
        answer = self.tenant.hubs("PATCH", f"/{self.id}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def put(self, key: str) -> None:
        assert self.tenant.call("PUT", f"{ITEMS}/work_item/{key}", json={"title": f"Item {key}"}).status_code == 200

    def deliveries(self) -> list[str]:
        return [one["state"] for one in self.tenant.hubs("GET", f"/{self.id}/deliveries").json()["data"]]

    def events(self) -> list[tuple[str, str]]:
        """Kind and health of each, the oldest first."""
        found = self.tenant.hubs("GET", f"/{self.id}/events").json()["data"]
        return [(one["kind"], one["health"]) for one in reversed(found)]


@pytest.fixture
def proven(tenant: CheckedTenant, vendors: VendorServer) -> Proven:
    return Proven(tenant, vendors)


# --- until the first proof ---


def test_nothing_is_known_of_what_was_never_verified(tenant: CheckedTenant, vendors: VendorServer) -> None:
    token = f"token-{uuid.uuid4()}"
    vendors.answer(token, vendor.taken)
    made = tenant.hub_integration(token=token)
    assert (made["health"]["status"], made["health"]["reason"]) == ("unknown", None)
    assert tenant.verified(made["id"])["health"]["status"] == "active"
    assert tenant.hubs("GET", f"/{made['id']}/events").json()["data"] == []


@pytest.mark.parametrize("elsewhere", ["v1", "v2", "organisations"])
def test_nothing_is_known_of_what_another_contract_made(tenant: CheckedTenant, elsewhere: str) -> None:
    match elsewhere:
        case "v1":
            tenant.created()
        case "v2":
            tenant.saved()
        case _:
            body = {"provider": "github", "item_type": "none", "configuration": '{"access_token":"t"}'}
            assert tenant.call("POST", f"/organisations/{tenant.organisation.id}/integrations", json=body).ok
    [shown] = tenant.hubs("GET", "").json()["data"]
    assert shown["health"]["status"] == "unknown"


def test_nothing_is_known_of_what_cannot_be_verified(tenant: CheckedTenant) -> None:
    url = "https://prod-01.westeurope.logic.azure.com:443/workflows/abc/triggers"
    made = tenant.hub_integration("teams", auth={"secret": url})
    assert (made["state"]["current"], made["health"]["status"]) == ("live", "unknown")


def test_a_vendor_that_cannot_be_asked_proves_nothing(tenant: CheckedTenant, vendors: VendorServer) -> None:
    token = f"token-{uuid.uuid4()}"
    vendors.answer(token, vendor.broken)
    made = tenant.hub_integration(token=token)["id"]
    job = tenant.verification(made)
    tenant.operator.fetch(
        "update job set failures = 3, expires_at = now() + interval '1 hour' where organisation_id = $1",
        tenant.organisation.id,
    )
    tenant.finished(job)
    shown = tenant.hub_read(made)
    assert (shown["state"]["current"], shown["health"]["status"]) == ("new", "unknown")
    assert shown["health"]["reason"] == shown["state"]["error"]["message"]


# --- what takes a proof back ---


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"extra": {"repository": "acme/elsewhere"}}, "Repository was changed."),
        ({"extra": {"repository": "acme/elsewhere", "own": "1"}}, "Repository was changed."),
        ({"extra": {"installation_id": "7"}}, "Installation ID was changed."),
        ({"auth": {"api_key": "another-token-of-mine"}}, "The credential was changed."),
        ({"auth": {"client_id": "12345"}}, "The credential was changed."),
        (
            {"auth": {"api_key": "another-token-of-mine"}, "extra": {"repository": "acme/x", "installation_id": "7"}},
            "The credential, Repository and Installation ID were changed.",
        ),
    ],
    ids=str,
)
def test_what_verification_reads_is_to_be_verified_once_it_changes(
    proven: Proven, change: dict[str, Any], said: str
) -> None:
    assert (proven.read()["state"]["current"], proven.read()["health"]["status"]) == ("live", "active")
    for shown in (proven.patched(**change), proven.read()):
        assert shown["state"]["current"] == "new"
        assert shown["state"]["error"]["message"] == f"{said} Verify the integration again."
        assert (shown["health"]["status"], shown["health"]["reason"]) == ("unknown", shown["state"]["error"]["message"])
        assert shown["health"]["next_check"] is None
    assert proven.events() == [("unproven", "unknown")]
    [listed] = proven.tenant.listed().values()
    assert listed["status"] == Status.PENDING


def test_a_setting_that_is_taken_away_is_changed(proven: Proven) -> None:
    proven.patched(item_type="none")
    shown = proven.patched(extra={"repository": None})
    assert (shown["state"]["current"], shown["health"]["status"]) == ("new", "unknown")


@pytest.mark.parametrize(
    "change",
    [
        {"name": "New"},
        {"identifier": "new"},
        {"item_type": "document"},
        {"enabled": False},
        {"extra": {"labels": "other"}},
        {"extra": {"org_slug": "acme"}},
        {"extra": {"own": "1"}},
        {"extra": {}},
        {"extra": None, "auth": None},
    ],
    ids=str,
)
def test_what_verification_does_not_read_leaves_the_proof(proven: Proven, change: dict[str, Any]) -> None:
    shown = proven.patched(**change)
    assert (shown["state"]["current"], shown["health"]["status"]) == ("live", "active")
    assert "error" not in shown["state"]
    assert proven.events() == []


def test_what_is_sent_as_it_is_leaves_the_proof(proven: Proven) -> None:
    shown = proven.patched(extra={"repository": proven.repository.name}, auth={"api_key": "token..."})
    assert shown["state"]["current"] == "live"


@pytest.mark.parametrize(
    ("provider", "name", "value", "state"),
    [
        ("gitlab", "project", "acme/other", "new"),
        ("gitlab", "org_slug", "other", "live"),
        ("slack", "channel", "C9876543210", "new"),
        ("slack", "workspace_id", "T2", "live"),
        ("linear", "team_id", "OPS", "new"),
        ("linear", "project_id", None, "new"),
        ("jira", "project_key", "WEB", "new"),
        ("jira", "issue_type", "Bug", "live"),
        ("sentry", "project_slug", "api", "new"),
        ("sentry", "org_slug", "other", "new"),
        ("sentry", "project_id", "2", "live"),
        ("confluence", "space_id", "65013", "new"),
        ("confluence", "parent_id", "65014", "live"),
    ],
)
def test_every_vendor_says_what_its_verification_reads(
    tenant: CheckedTenant, provider: str, name: str, value: str | None, state: str
) -> None:
    auth = {"api_key": "a-token-of-this-test"}
    if provider in {"jira", "confluence"}:
        auth["client_id"] = "a@b.example"
    made = tenant.hub_integration(provider, auth=auth, extra=STORED[provider])["id"]
    live = "update integration set state = 'live', status = 'active', health = 'active', verified_at = now()"
    tenant.operator.fetch(f"{live} where organisation_id = $1", tenant.organisation.id)
    answer = tenant.hubs("PATCH", f"/{made}", json={"extra": {name: value}})
    assert answer.status_code == 200, answer.text
    shown = answer.json()["data"]
    assert shown["state"]["current"] == state
    assert shown["health"]["status"] == ("active" if state == "live" else "unknown")


def test_a_change_before_the_first_proof_takes_nothing_back(tenant: CheckedTenant) -> None:
    made = tenant.hub_integration(extra={"repository": "acme/app"})["id"]
    shown = tenant.hubs("PATCH", f"/{made}", json={"extra": {"repository": "acme/other"}}).json()["data"]
    assert (shown["state"]["current"], shown["health"]["status"], shown["health"]["reason"]) == ("new", "unknown", None)
    assert "error" not in shown["state"]


@pytest.mark.parametrize("status", ["inactive"])
def test_a_clients_inactive_stands(proven: Proven, status: str) -> None:
    change = "update integration set status = $2 where organisation_id = $1"
    proven.tenant.operator.fetch(change, proven.tenant.organisation.id, status)
    proven.patched(extra={"repository": "acme/elsewhere"})
    [listed] = proven.tenant.listed().values()
    assert listed["status"] == status


# --- what waits meanwhile ---


def test_nothing_goes_to_a_place_that_is_not_proven_and_nothing_is_lost(proven: Proven) -> None:
    proven.put("1")
    until(proven.deliveries, lambda states: states == ["delivered"])
    there = proven.vendors.repository()
    proven.patched(extra={"repository": there.name})
    proven.put("2")
    assert proven.deliveries()[0] == "pending"
    assert (proven.repository.titles(), there.titles()) == (["Item 1"], [])
    assert proven.tenant.verified(proven.id)["state"]["current"] == "live"
    until(proven.deliveries, lambda states: states == ["delivered", "delivered"])
    assert (proven.repository.titles(), there.titles()) == (["Item 1"], ["Item 2"])
    assert proven.events() == [("unproven", "unknown")]


def test_of_a_place_that_is_not_there_verification_says_so(proven: Proven) -> None:
    proven.patched(extra={"repository": "acme/nowhere"})
    proven.put("1")
    shown = proven.tenant.verified(proven.id)
    assert (shown["state"]["current"], shown["health"]["status"]) == ("new", "misconfigured")
    assert proven.deliveries() == ["pending"]
    shown = proven.patched(extra={"repository": proven.repository.name})
    assert (shown["state"]["current"], shown["health"]["status"]) == ("new", "unknown")
    assert proven.tenant.verified(proven.id)["state"]["current"] == "live"
    until(proven.deliveries, lambda states: states == ["delivered"])
    assert [kind for kind, _ in proven.events()] == ["unproven", "broken", "unproven", "recovered"]


# --- what is told of it ---


def test_a_new_token_has_not_recovered_anything(proven: Proven) -> None:
    proven.patched(auth={"api_key": proven.token(vendor.refused)})
    assert proven.tenant.verified(proven.id)["health"]["status"] == "needs_reauthorisation"
    proven.patched(auth={"api_key": proven.token(vendor.refused)})
    assert proven.read()["health"]["status"] == "unknown"
    assert [kind for kind, _ in proven.events()] == ["unproven", "broken", "unproven"]
    # it is still the same break
    assert proven.tenant.verified(proven.id)["health"]["status"] == "needs_reauthorisation"
    assert [kind for kind, _ in proven.events()] == ["unproven", "broken", "unproven"]
    proven.patched(auth={"api_key": proven.token()})
    assert [kind for kind, _ in proven.events()] == ["unproven", "broken", "unproven", "unproven"]
    assert proven.tenant.verified(proven.id)["health"]["status"] == "active"
    assert proven.events()[-1] == ("recovered", "active")


def test_the_same_credential_saved_again_proves_and_takes_back_nothing(proven: Proven) -> None:
    """Version 2 saves whole integrations again and again."""
    made = proven.tenant.saved(unique_identifier="mine", auth_data={"access_token": "t"}, scope_data={"org_slug": "a"})
    live = "update integration set state = 'live', health = $2, verified_at = now() where unique_identifier = 'mine'"
    for health in ("active", "needs_reauthorisation"):
        proven.tenant.operator.fetch(f"{live} and organisation_id = $1", proven.tenant.organisation.id, health)
        for scope in ({"org_slug": "a"}, {"org_slug": "a", "workspace_id": "w"}):
            proven.tenant.save(unique_identifier="mine", auth_data={"access_token": "t"}, scope_data=scope)
            row = proven.tenant.row(made["integration_id"])
            assert (row["state"], row["health"]) == ("live", health)
    proven.tenant.save(unique_identifier="mine", auth_data={"access_token": "t"}, scope_data={"org_slug": "b"})
    row = proven.tenant.row(made["integration_id"])
    assert (row["state"], row["health"], row["status"]) == ("new", "unknown", "active")
