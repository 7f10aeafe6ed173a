"""Signing in by an OpenID provider, at the level of HTTP: the button, the way there and back, what people are told."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from playwright.sync_api import expect, sync_playwright

from jackfield.domain import ids
from jackfield.domain.organisation import Organisation
from jackfield.domain.principal import Caller
from jackfield.services.failure_limit import FAILURES
from support.checked_tenant import CheckedTenant
from support.chromium import ARGUMENTS, Tab
from support.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIdServer, Person
from support.operator import ORIGIN, Operator
from support.service import Service, free_port, start_service
from support.vendor_server import broken, web_page
from support.visitor import FORM_TOKEN, SESSION, Page, Visitor

SIGN_IN = "/console/sign-in"
START = f"{SIGN_IN}/oidc"
CALLBACK = f"{START}/callback"
ROLES = {"viewers": ["hubs-integrations-view"], "admins": ["hubs-integrations-manage", "MANAGE_ORGANISATION"]}


def settings(provider: OpenIdServer, **more: str) -> dict[str, str]:
    given = {
        "ISSUER": provider.issuer,
        "CLIENT_ID": CLIENT_ID,
        "CLIENT_SECRET": CLIENT_SECRET,
        "ROLES": json.dumps(ROLES),
        "ROLES_CLAIM": "realm_access.roles",
        "LABEL": "Stand-in & Sons",
        **more,
    }
    return {f"JACKFIELD_OIDC__{name}": value for name, value in given.items()}


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdServer]:
    with OpenIdServer.start() as provider:
        yield provider


@pytest.fixture(scope="module")
def signing_in(
    operator: Operator, environment: dict[str, str], provider: OpenIdServer, shared_directory: Path, worker_id: str
) -> Iterator[Service]:
    """A service whose people are in organisations that a claim names."""
    configured = {**environment, **settings(provider, ORGANISATION_CLAIM="org"), "JACKFIELD_SERVE_JOBS": "false"}
    with start_service(configured, shared_directory / f"oidc-{worker_id}.log", free_port()) as service:
        yield service


@pytest.fixture
def organisation(operator: Operator) -> Organisation:
    return operator.create_organisation()


@pytest.fixture
def visitor(signing_in: Service) -> Visitor:
    return Visitor(signing_in)


def member(organisation: Organisation, **claims: Any) -> Person:
    usual = {"org": organisation.handle, "email": "carol@example.com", "realm_access": {"roles": ["viewers"]}}
    return Person({**usual, **claims})


def leave(visitor: Visitor, next_page: str = "") -> str:
    """Presses the button; the address at the provider."""
    page = visitor.get(SIGN_IN, params={"next": next_page} if next_page else None)
    return visitor.send(page, START).location


def sign_in(visitor: Visitor, provider: OpenIdServer, person: Person, next_page: str = "") -> Page:
    return visitor.get(CALLBACK, params=provider.sign_in(leave(visitor, next_page), person))


def sessions_of(operator: Operator, organisation: Organisation) -> list[Any]:
    return operator.fetch("select * from session where organisation_id = $1 order by id", organisation.id)


def test_there_and_back(
    visitor: Visitor, provider: OpenIdServer, organisation: Organisation, operator: Operator
) -> None:
    done = sign_in(visitor, provider, member(organisation))
    assert done.location == "/console"
    assert done.answer.headers["cache-control"] == "no-store"
    [row] = sessions_of(operator, organisation)
    assert (row["owner"], row["opened_by"], row["key_id"]) == ("carol@example.com", "oidc", None)
    assert row["capabilities"] == ["hubs-integrations-view"]
    # who is signed in has nothing to do here
    assert visitor.get(SIGN_IN).location == "/console"
    assert visitor.get(SIGN_IN, params={"next": "/console/keys"}).location == "/console/keys"
    cookie = visitor.cookie(SESSION)
    assert operator.run(operator.house.services.sessions.authenticate(cookie)).user == "carol@example.com"


@pytest.mark.parametrize(
    "wanted",
    ["/console/integrations?state=live&vendor=github&name=a%20b+c", "/platform/integrations/x?state=live"],
    ids=["console", "platform"],
)
def test_the_page_that_was_wanted_comes_back(
    visitor: Visitor, provider: OpenIdServer, organisation: Organisation, wanted: str
) -> None:
    assert sign_in(visitor, provider, member(organisation), wanted).location == wanted


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example.com/",
        "//evil.example.com",
        "/console/../docs",
        "/console?x=\r\nSet-Cookie: a=b",
        "/console?x=<script>",
        "/console#x",
        "/consoles",
        "/console/\\evil.example.com",
        "/healthz",
        "/platform/integrations/../../docs",
    ],
    ids=range(10),
)
def test_no_other_page_does(visitor: Visitor, provider: OpenIdServer, organisation: Organisation, address: str) -> None:
    assert sign_in(visitor, provider, member(organisation), address).location == "/console"


def test_the_button_is_there_and_may_lead_away(visitor: Visitor, service: Service, provider: OpenIdServer) -> None:
    page = visitor.get(SIGN_IN)
    assert "Sign in with Stand-in & Sons" in page.text
    assert "form-action 'self' http:;" in page.answer.headers["content-security-policy"]
    refused = visitor.send(page, SIGN_IN, {"key": "nonsense"})
    assert (refused.status, len(refused.forms)) == (403, 2)
    assert "form-action 'self' http:;" in refused.answer.headers["content-security-policy"]
    address = urlsplit(leave(visitor))
    asked = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{provider.url}/authorize"
    assert asked["realm"] == "test"
    assert asked["scope"] == "openid profile email"
    assert asked["redirect_uri"] == visitor.service.url + CALLBACK
    assert CLIENT_SECRET not in address.query


def test_without_a_provider_there_is_no_button_and_no_page(service: Service) -> None:
    visitor = Visitor(service)
    page = visitor.get(SIGN_IN)
    assert [form.action for form in page.forms] == [SIGN_IN]
    assert "form-action 'self';" in page.answer.headers["content-security-policy"]
    assert visitor.get(CALLBACK, params={"state": "x" * 43, "code": "x"}).status == 404
    token = dict(page.form(SIGN_IN).fields)[FORM_TOKEN]
    assert visitor.call("POST", START, data={FORM_TOKEN: token}).status == 404


def test_the_form_has_to_be_of_this_browser_and_this_site(visitor: Visitor) -> None:
    page = visitor.get(SIGN_IN)
    foreign = Visitor(visitor.service).get(SIGN_IN).form(START).fields
    assert visitor.call("POST", START, data=foreign).status == 403
    assert visitor.call("POST", START).status == 403
    for headers in ({"origin": "https://evil.example.com"}, {"sec-fetch-site": "cross-site"}):
        assert visitor.send(page, START, headers=headers).status == 403
    assert visitor.get(START).status == 404


def test_it_is_good_in_this_browser_alone_and_once(
    visitor: Visitor, provider: OpenIdServer, organisation: Organisation, operator: Operator
) -> None:
    query = provider.sign_in(leave(visitor), member(organisation))
    other = Visitor(visitor.service)
    other.get(SIGN_IN)
    for stranger in (other, Visitor(visitor.service)):
        page = stranger.get(CALLBACK, params=query)
        assert page.status == 403
        assert "began in another browser" in page.text
        assert not stranger.cookie(SESSION)
    assert visitor.get(CALLBACK, params=query).location == "/console"
    again = visitor.get(CALLBACK, params=query)
    assert again.status == 403
    assert len(sessions_of(operator, organisation)) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"code": "", "error": "access_denied"}, "You were not signed in there"),
        ({"error": "<script>alert(1)</script>"}, "You were not signed in there"),
        ({"state": "nonsense"}, "began in another browser"),
        ({"state": "\0"}, "began in another browser"),
        ({"code": "nonsense"}, "does not prove who you are"),
        ({"code": "\0" * 50}, "does not prove who you are"),
        ({"iss": "https://evil.example.com"}, "does not prove who you are"),
    ],
    ids=range(7),
)
def test_what_comes_back_wrong_is_told_calmly(
    visitor: Visitor, provider: OpenIdServer, organisation: Organisation, changes: dict[str, str], words: str
) -> None:
    query = provider.sign_in(leave(visitor), member(organisation))
    page = visitor.get(CALLBACK, params={**query, **changes})
    assert page.status == 403
    assert words in page.text
    assert "<script>alert" not in page.answer.text
    assert [one["href"] for one in page.all("a", href=SIGN_IN)]
    assert not visitor.cookie(SESSION)


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"realm_access": {"roles": ["strangers"]}}, "none of your roles may come in"),
        ({"realm_access": None, "roles": ["admins"]}, "none of your roles may come in"),
        ({"org": "nobody-at-all"}, "your organisation is not here"),
        ({"org": None}, "not as a member of one organisation"),
        ({"org": "\0"}, "not as a member of one organisation"),
    ],
    ids=range(5),
)
def test_who_is_known_and_may_not_come_in_is_told_so(
    visitor: Visitor, provider: OpenIdServer, organisation: Organisation, claims: dict[str, Any], words: str
) -> None:
    page = sign_in(visitor, provider, member(organisation, **claims))
    assert page.status == 403
    assert words in page.text
    assert not visitor.cookie(SESSION)


@pytest.mark.parametrize("behaviour", [broken, web_page], ids=["500", "page"])
def test_a_provider_that_does_not_work_is_told_calmly(
    visitor: Visitor, provider: OpenIdServer, organisation: Organisation, behaviour: Any
) -> None:
    person = member(organisation)
    person.instead = behaviour
    page = sign_in(visitor, provider, person)
    assert page.status == 503
    assert "gives no usable answer at the moment" in page.text


def test_a_forged_token_opens_nothing_and_the_log_says_why(
    visitor: Visitor, provider: OpenIdServer, organisation: Organisation, operator: Operator
) -> None:
    person = member(organisation)
    person.sign = provider.unsigned
    query = provider.sign_in(leave(visitor), person)
    page = visitor.get(CALLBACK, params=query)
    assert page.status == 403
    assert sessions_of(operator, organisation) == []
    log = visitor.service.read_log()
    [line] = [
        one for one in map(json.loads, log.splitlines()) if one.get("reason", "").startswith("the id_token is not")
    ]
    assert line["way"] == "oidc"
    assert line["request_id"] == page.answer.headers["x-request-id"]
    for secret in (query["state"], query["code"], CLIENT_SECRET, "carol@example.com"):
        assert secret not in log


def test_who_fails_too_often_waits(visitor: Visitor, provider: OpenIdServer, organisation: Organisation) -> None:
    query = provider.sign_in(leave(visitor), member(organisation))
    for _ in range(FAILURES):
        unproven = provider.sign_in(leave(visitor), member(organisation))
        assert visitor.get(CALLBACK, params={**unproven, "iss": "https://evil.example.com"}).status == 403
    waiting = visitor.get(CALLBACK, params=query)
    assert waiting.status == 429
    assert waiting.answer.headers["retry-after"]
    page = visitor.get(SIGN_IN)
    assert visitor.send(page, START).status == 429


def test_signing_in_again_ends_the_session_before(
    signing_in: Service, provider: OpenIdServer, organisation: Organisation, operator: Operator, tenant: CheckedTenant
) -> None:
    visitor = Visitor(signing_in)
    address = leave(visitor)
    visitor.signed_in(tenant.key)
    before = visitor.cookie(SESSION)
    # signed in meanwhile: what began before does not count any more
    assert visitor.get(CALLBACK, params=provider.sign_in(address, member(organisation))).status == 403
    assert visitor.cookie(SESSION) == before


def test_a_session_is_over_everywhere_as_soon_as_it_is_revoked(
    visitor: Visitor, provider: OpenIdServer, organisation: Organisation, operator: Operator
) -> None:
    sign_in(visitor, provider, member(organisation))
    [row] = sessions_of(operator, organisation)
    sessions = operator.house.services.sessions
    session = operator.run(sessions.authenticate(visitor.cookie(SESSION)))
    operator.run(sessions.revoke(Caller(session.principal, ORIGIN), row["id"]))
    # another process than the one that revoked it
    assert visitor.get(SIGN_IN).status == 200


def test_behind_https_cookies_are_of_this_host_and_the_address_is_the_public_one(
    environment: dict[str, str], operator: Operator, provider: OpenIdServer, organisation: Organisation, tmp_path: Path
) -> None:
    public = {"JACKFIELD_PUBLIC_URL": "https://jackfield.example.com", "JACKFIELD_SERVE_JOBS": "false"}
    one = settings(provider, ORGANISATION=ids.to_decimal(organisation.id))
    with start_service({**environment, **public, **one}, tmp_path / "log", free_port()) as service:
        page = requests.get(service.url + SIGN_IN, timeout=30)
        cookie = page.headers["set-cookie"].partition(";")[0]
        assert cookie.startswith("__Host-jackfield-visitor=")
        headers = {"cookie": cookie, "origin": "https://jackfield.example.com"}
        fields = Page(page).form(START).fields
        away = requests.post(service.url + START, data=fields, headers=headers, timeout=30, allow_redirects=False)
        address = Page(away).location
        assert parse_qs(urlsplit(address).query)["redirect_uri"] == ["https://jackfield.example.com" + CALLBACK]
        query = provider.sign_in(address, member(organisation, org=None))
        # as a browser that kept a cookie of the same name from plain http, or from another host
        plain = {"cookie": cookie.removeprefix("__Host-")}
        refused = requests.get(service.url + CALLBACK, params=query, headers=plain, timeout=30, allow_redirects=False)
        assert refused.status_code == 403
        back = requests.get(
            service.url + CALLBACK, params=query, headers={"cookie": cookie}, timeout=30, allow_redirects=False
        )
        assert Page(back).location == "/console"
        kept = back.headers["set-cookie"]
        assert kept.startswith(f"__Host-{SESSION}=")
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= {one.strip().lower() for one in kept.split(";")}
    [row] = sessions_of(operator, organisation)
    assert row["owner"] == "carol@example.com"


# In a real browser


@pytest.mark.browser
def test_a_person_signs_in_by_keyboard_and_is_told_when_they_may_not(
    signing_in: Service, provider: OpenIdServer, organisation: Organisation, chromium: str, tmp_path: Path
) -> None:
    """Whether the pages look right, a person has to say: the pictures are in the test's directory."""
    provider.person = member(organisation, realm_access={"roles": []})
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        tab = Tab(browser)
        tab.page.goto(f"{signing_in.url}{SIGN_IN}")
        for name in ("sign-in", "refused"):
            for scheme in ("light", "dark"):
                for width in (1280, 360):
                    tab.look(scheme, width, tmp_path / f"{name}-{scheme}-{width}.png")
            assert tab.flaws() == []
            if name == "sign-in":
                tab.page.get_by_role("button", name="Sign in with Stand-in & Sons").press("Enter")
                expect(tab.page.get_by_role("heading", name="You may not come in")).to_be_visible()
        provider.person = member(organisation)
        tab.page.get_by_role("link", name="Sign in again").click()
        tab.page.get_by_role("button", name="Sign in with Stand-in & Sons").click()
        tab.page.wait_for_url("**/console")
        expect(tab.page.get_by_text("carol@example.com").first).to_be_visible()
        assert [one for one in tab.complaints if "403" not in one] == []
        browser.close()
