"""What lies between pages and sessions: who is signed in, what of others can be learnt, what ends with a session."""

import json
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from jackfield.services.failure_limit import FAILURES
from support.checked_tenant import CheckedTenant
from support.data_directory import make_template
from support.oauth_vendor import OAuthVendor
from support.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIdServer
from support.operator import Operator
from support.partner import Partner
from support.service import free_port, start_service
from support.visitor import SESSION, Page, Visitor, make_link

SIGN_IN = "/console/sign-in"
INTEGRATIONS = "/console/integrations"


@pytest.fixture
def admin(tenant: CheckedTenant) -> Visitor:
    return Visitor(tenant.service).signed_in(tenant.key)


def form_token(page: Page) -> dict[str, str]:
    return dict(page.form("/console/sign-out").fields)


def test_who_signs_in_anew_after_a_while_is_signed_in_as_the_new_one(admin: Visitor, tenant: CheckedTenant) -> None:
    """Also when the session before was renewed by the same request: its cookie must not come behind the new one."""
    link = make_link(tenant.operator, tenant.organisation.handle, "bob")
    page = admin.get(link)
    ago = "update session set seen_at = now() - interval '2 minutes' where organisation_id = $1"
    tenant.operator.fetch(ago, tenant.organisation.id)
    answer = admin.send(page, link).answer
    assert [one for one in answer.raw.headers.getlist("set-cookie") if one.startswith(SESSION)][1:] == []
    assert "bob" in admin.get("/console").text


@pytest.mark.parametrize("deed", ["filter", "form", "connect", "hubs"])
def test_what_others_develop_is_not_told_by_its_name(
    admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant, deed: str
) -> None:
    app = Partner.register(stranger, approved=False, name=f"Unreleased {uuid.uuid4()}")
    token = form_token(admin.get("/console"))
    match deed:
        case "filter":
            told = admin.get(f"{INTEGRATIONS}?vendor={app.id}").text
        case "form":
            told = admin.call("POST", f"{INTEGRATIONS}/new/{app.id}", data=token).text
        case "connect":
            told = admin.call("POST", f"{INTEGRATIONS}/new/{app.id}/connect", data=token).text
        case _:
            told = tenant.call("POST", "/v1/hubs/current/connect-sessions", json={"vendor": app.id}).text
    assert "Unreleased" not in told


def test_a_connect_link_dies_with_the_session_that_made_it(tenant: CheckedTenant) -> None:
    """As it does with a key."""
    thief = Visitor(tenant.service)
    thief.sign_in_with_link(make_link(tenant.operator, tenant.organisation.handle, "thief"))
    address = f"{INTEGRATIONS}/{tenant.hub_integration()['id']}"
    made = thief.call("POST", f"{address}/link", data=form_token(thief.get(address)))
    path = next(part for part in made.text.split() if "/connect/jfc_" in part)
    tenant.operator.fetch("update session set revoked_at = now() where organisation_id = $1", tenant.organisation.id)
    assert thief.get(address).status == 303
    assert Visitor(tenant.service).get(urlsplit(path).path).status == 404


def test_connecting_again_may_lead_to_the_public_address(
    operator: Operator, environment: dict[str, str], tmp_path: Path
) -> None:
    """As the page of a new one may: else browsers block the redirect wherever the console is seen by another name."""
    public = {"JACKFIELD_PUBLIC_URL": "http://jackfield.example.com", "JACKFIELD_SERVE_JOBS": "false"}
    with OAuthVendor.start() as vendor:
        settings = {**environment, **vendor.settings(), **public}
        with start_service(settings, tmp_path / "log", free_port()) as service:
            tenant = CheckedTenant.create_checked(operator, service)
            visitor = Visitor(service).signed_in(tenant.key)
            address = f"{INTEGRATIONS}/{tenant.hub_integration()['id']}"
            for path, action in ((f"{INTEGRATIONS}/new/github",) * 2, (address, address)):
                page = visitor.get(path)
                assert page.form(f"{action}/connect")
                assert "form-action 'self' http:;" in page.answer.headers["content-security-policy"], path


def test_what_other_sites_make_a_browser_fetch_locks_nobody_out(
    operator: Operator, environment: dict[str, str], tmp_path: Path
) -> None:
    """Ten images at the address of the way back, on any page of the web, and nobody at this address can sign in."""
    with OpenIdServer.start() as provider:
        given = {
            "ISSUER": provider.issuer,
            "CLIENT_ID": CLIENT_ID,
            "CLIENT_SECRET": CLIENT_SECRET,
            "ROLES": json.dumps({"viewers": ["hubs-integrations-view"]}),
            "ROLES_CLAIM": "roles",
            "ORGANISATION_CLAIM": "org",
        }
        configured = {**environment, **{f"JACKFIELD_OIDC__{name}": value for name, value in given.items()}}
        with start_service(configured, tmp_path / "log", free_port()) as service:
            tenant = CheckedTenant.create_checked(operator, service)
            visitor = Visitor(service)
            for _ in range(FAILURES):
                visitor.session.get(f"{service.url}{SIGN_IN}/oidc/callback?state=x", headers={"cookie": ""}, timeout=30)
            assert visitor.sign_in_with_key(tenant.key).status == 303


def test_an_open_page_tries_again_while_the_database_is_away(tmp_path: Path) -> None:
    """To anything but 200 an EventSource never comes back (HTML, 9.2.3)."""
    directory = make_template(tmp_path / "data")
    with directory.cleaned_up(), start_service(directory.environment, tmp_path / "log", free_port()) as service:
        visitor = Visitor(service).signed_in(directory.key)
        directory.kill_server()
        answer = visitor.session.get(f"{service.url}/console/live", timeout=30, stream=True)
        assert (answer.status_code, answer.headers.get("content-type")) == (200, "text/event-stream; charset=utf-8")
        answer.close()
