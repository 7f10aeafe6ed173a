"""Connect sessions over HTTP: what can be asked for, what is told of them, and what is not."""

from typing import Any

import pytest
import requests

from jackfield.domain import ids
from jackfield.domain.principal import Capability
from support.checked_tenant import CheckedTenant
from support.operator import ORIGIN, Operator

SESSIONS = "/v1/hubs/current/connect-sessions"


def create(tenant: CheckedTenant, headers: dict[str, str] | None = None, **wish: Any) -> requests.Response:
    return tenant.call("POST", SESSIONS, json=wish, headers=headers or {})


def made(tenant: CheckedTenant, **wish: Any) -> Any:
    answer = create(tenant, **wish)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


def source(answer: requests.Response) -> tuple[str, str]:
    error = answer.json()["error"]
    return error["code"], error.get("source", "")


def test_a_link_is_shown_once(tenant: CheckedTenant) -> None:
    answer = create(tenant, vendor="github", locale="fr", name="Code")
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    session = answer.json()["data"]
    assert list(session) == ["id", "vendor", "integration_id", "state", "error", "expires_at", "url"]
    assert "/connect/jfc_" in session["url"]
    token = session.pop("url").rpartition("/")[2]
    assert (session["vendor"], session["integration_id"], session["state"], session["error"]) == (
        *("github", None),
        *("open", None),
    )
    found = tenant.call("GET", f"{SESSIONS}/{session['id']}")
    assert found.json() == {"data": session}
    stored = tenant.operator.fetch("select * from connect_session where organisation_id = $1", tenant.organisation.id)
    assert [ids.to_hex(row["id"]) for row in stored] == [session["id"]]
    assert token not in repr([dict(row) for row in stored])
    entry = tenant.audit()[-1]
    assert (entry["action"], entry["subject_ids"]) == ("connect-session.created", [ids.parse_hex(session["id"])])


def test_null_is_the_same_as_not_asked_for(tenant: CheckedTenant) -> None:
    optional = ["integration_id", "scopes", "return_url", "locale", "name"]
    assert create(tenant, vendor="github", **dict.fromkeys(optional)).status_code == 201


def test_an_answer_with_a_link_is_not_kept(tenant: CheckedTenant) -> None:
    headers = {"Idempotency-Key": "the same"}
    first, second = (create(tenant, headers, vendor="github").json()["data"] for _ in range(2))
    assert first["id"] != second["id"]
    kept = "select count(*) from idempotency_key where organisation_id = $1"
    assert tenant.operator.fetch(kept, tenant.organisation.id)[0][0] == 0


def test_an_integration_is_connected_again_by_its_id_alone(tenant: CheckedTenant) -> None:
    integration = tenant.hub_integration("github", auth={"api_key": "ghp_0123456789abcdef0123"})["id"]
    for wish in ({}, {"vendor": "github"}):
        session = made(tenant, integration_id=integration, **wish)
        assert (session["vendor"], session["integration_id"]) == ("github", integration)
    assert source(create(tenant, integration_id=integration, vendor="slack")) == ("422.invalid-argument", "/vendor")
    assert source(create(tenant, integration_id=integration, name="X")) == ("422.invalid-argument", "/name")
    assert tenant.hubs("DELETE", f"/{integration}").status_code == 202
    gone = create(tenant, integration_id=integration)
    assert (gone.status_code, source(gone)[0]) == (403, "403.invalid-state")


def test_another_hubs_integration_is_none(tenant: CheckedTenant, stranger: CheckedTenant) -> None:
    theirs = stranger.hub_integration("github", auth={"api_key": "ghp_0123456789abcdef0123"})["id"]
    session = made(stranger, integration_id=theirs)
    for unknown in (theirs, "0" * 24):
        refused = ("422.invalid-argument", "/integration_id")
        assert source(create(tenant, integration_id=unknown)) == refused
    for reference in (session["id"], "0" * 24, "x", "6930d8f0000033c4a1b2c3d4"):
        answer = tenant.call("GET", f"{SESSIONS}/{reference}")
        assert (answer.status_code, source(answer)[0]) == (404, "404.hub.connect-session")


@pytest.mark.parametrize(
    ("wish", "code", "where"),
    [
        ({}, "422.missing-argument", "/vendor"),
        ({"vendor": "nobody"}, "422.invalid-argument", "/vendor"),
        ({"vendor": "github", "locale": "it"}, "422.invalid-argument", "/locale"),
        ({"vendor": "github", "name": "  "}, "422.invalid-argument", "/name"),
        ({"vendor": "github", "integration_id": "1"}, "422.invalid-argument", "/integration_id"),
        ({"vendor": "github", "return_url": "https://app.example.com"}, "422.invalid-argument", "/return_url"),
        ({"vendor": "github", "return_url": "javascript:alert(1)"}, "422.invalid-argument", "/return_url"),
        # no application is registered here, so there are no scopes
        ({"vendor": "github", "scopes": ["repo"]}, "422.invalid-argument", "/scopes"),
        ({"vendor": "github", "scopes": ["a b"]}, "422.invalid-argument", "/scopes/0"),
        ({"vendor": "github", "scopes": ["a"] * 51}, "422.max-exceeded", "/scopes"),
    ],
    ids=lambda one: None if isinstance(one, str) else "-".join(one) or "nothing",
)
def test_what_cannot_be_asked_for_is_said_where(
    tenant: CheckedTenant, wish: dict[str, Any], code: str, where: str
) -> None:
    answer = create(tenant, **wish)
    assert (answer.status_code, source(answer)) == (422, (code, where))


def test_a_customer_is_sent_back_where_the_organisation_says(tenant: CheckedTenant, operator: Operator) -> None:
    organisations, handle = operator.house.services.organisations, tenant.organisation.handle
    operator.run(organisations.set_return_urls(handle, ["https://app.example.com/settings"], ORIGIN))
    assert made(tenant, vendor="github", return_url="https://app.example.com/settings/x?y=1")["state"] == "open"
    for elsewhere in ("https://app.example.com/settings-old", "https://app.example.com/settings/../x"):
        refused = create(tenant, vendor="github", return_url=elsewhere)
        assert source(refused) == ("422.invalid-argument", "/return_url")


def test_it_takes_the_capability_to_manage(tenant: CheckedTenant) -> None:
    looking = tenant.another_key(Capability.VIEW)
    assert create(looking, vendor="github").status_code == 403
    session = made(tenant, vendor="github")
    assert looking.call("GET", f"{SESSIONS}/{session['id']}").status_code == 200
    blind = tenant.another_key(Capability.MANAGE)
    assert blind.call("GET", f"{SESSIONS}/{session['id']}").status_code == 403


def test_a_session_that_is_over_says_so(tenant: CheckedTenant) -> None:
    session = made(tenant, vendor="github")
    ended = "update connect_session set expires_at = now() where organisation_id = $1"
    tenant.operator.fetch(ended, tenant.organisation.id)
    assert tenant.call("GET", f"{SESSIONS}/{session['id']}").json()["data"]["state"] == "expired"
