"""The pages of the platform contract and of signing in, at the level of HTTP: who gets in, and what a form lets in."""

import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests

from jackfield.domain import ids
from jackfield.domain.principal import Capability
from support.checked_tenant import CheckedTenant
from support.operator import ORIGIN, Operator
from support.partner import Partner
from support.service import Service, free_port, start_service
from support.visitor import FORM_TOKEN, SESSION, Page, Visitor, make_link
from support.waiting import until

SIGN_IN = "/console/sign-in"
CONSOLE = "/console"
PASSWORD = "hunter2 in clear"


@pytest.fixture
def visitor(service: Service) -> Visitor:
    return Visitor(service)


@pytest.fixture
def admin(tenant: CheckedTenant) -> Visitor:
    """The tenant's administrator, signed in."""
    return Visitor(tenant.service).signed_in(tenant.key)


def page_of(partner: Partner) -> str:
    return f"/platform/integrations/{partner.id}"


def install(admin: Visitor, partner: Partner, **values: str | Sequence[str] | None) -> Page:
    """Opens the page, fills the form in and sends it."""
    page = admin.get(page_of(partner))
    assert page.status == 200, page.text
    return admin.send(page, page_of(partner), {f"/{name}": value for name, value in values.items()})


def integrations_of(tenant: CheckedTenant, partner: Partner) -> list[Any]:
    found = tenant.hubs("GET", "", params={"filter[vendor]": partner.id})
    assert found.status_code == 200, found.text
    listed: list[Any] = found.json()["data"]
    return listed


# Signing in


def test_a_key_signs_in_and_the_page_comes_back(
    visitor: Visitor, tenant: CheckedTenant, stranger: CheckedTenant
) -> None:
    partner = Partner.register(stranger)
    asked = visitor.get(page_of(partner))
    assert asked.location == f"{SIGN_IN}?next={page_of(partner)}"
    page = visitor.get(asked.location)
    done = visitor.send(page, SIGN_IN, {"key": f" {tenant.key}\n"})
    assert done.location == page_of(partner)
    assert visitor.get(done.location).status == 200
    assert tenant.user in visitor.get(done.location).text
    # nothing of the key is on any page
    assert tenant.key not in visitor.get(done.location).answer.text
    assert visitor.get(asked.location).location == page_of(partner)


@pytest.mark.parametrize(
    "key", ["", "jf_" + "x" * 43, "nonsense", "jf_\0", "\u2603" * 100, "x" * 100_000], ids=range(6)
)
def test_what_is_no_key_opens_nothing(visitor: Visitor, key: str) -> None:
    page = visitor.sign_in_with_key(key)
    assert page.status == 403
    assert "not valid" in page.text
    assert not visitor.cookie(SESSION)
    assert key not in page.answer.text or not key


def test_the_cookie_is_for_the_browser_alone(visitor: Visitor, tenant: CheckedTenant) -> None:
    answer = visitor.sign_in_with_key(tenant.key).answer
    [cookie] = [one for one in answer.headers["set-cookie"].split(", jackfield") if SESSION in f"jackfield{one}"]
    parts = {part.strip().lower() for part in cookie.split(";")}
    assert {"httponly", "samesite=lax", "path=/", "max-age=43200"} <= parts
    assert "secure" not in parts  # this service is not reached by https
    assert tenant.key not in cookie


def test_behind_https_the_cookie_is_secure_and_of_this_host_alone(
    environment: dict[str, str], tenant: CheckedTenant, tmp_path: Any
) -> None:
    public = {"JACKFIELD_PUBLIC_URL": "https://jackfield.example.com", "JACKFIELD_SERVE_JOBS": "false"}
    with start_service({**environment, **public}, tmp_path / "log", free_port()) as service:
        page = requests.get(service.url + SIGN_IN, timeout=30)
        visitor_cookie = page.headers["set-cookie"]
        assert visitor_cookie.startswith("__Host-jackfield-visitor=")
        token = Page(page).form(SIGN_IN).filled({"key": tenant.key})
        headers = {"cookie": visitor_cookie.partition(";")[0], "origin": "https://jackfield.example.com"}
        answer = requests.post(service.url + SIGN_IN, data=token, headers=headers, timeout=30, allow_redirects=False)
        assert answer.status_code == 303
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith(f"__Host-{SESSION}=")
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= {one.strip().lower() for one in cookie.split(";")}
        assert "domain=" not in cookie.lower()
        signed_in = {**headers, "cookie": cookie.partition(";")[0]}
        console = Page(requests.get(f"{service.url}/console", headers=signed_in, timeout=30))
        leaving = console.form("/console/sign-out").filled({})
        left = requests.post(
            f"{service.url}/console/sign-out", data=leaving, headers=signed_in, timeout=30, allow_redirects=False
        )
        assert left.headers["clear-site-data"] == '"cache", "storage"'


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example.com/",
        "//evil.example.com/platform/",
        "/\\evil.example.com",
        "/platform/../../x",
        "/platform/\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "/docs/",
        "/platform/integrations/x?y=<script>",
    ],
    ids=range(8),
)
def test_signing_in_leads_back_to_our_own_pages_alone(visitor: Visitor, tenant: CheckedTenant, address: str) -> None:
    assert visitor.sign_in_with_key(tenant.key, address).location == CONSOLE


def test_a_link_opens_one_session(visitor: Visitor, tenant: CheckedTenant, operator: Operator) -> None:
    link = make_link(operator, tenant.organisation.handle, "carol", Capability.MANAGE)
    # whoever only looks does not use it
    for _ in range(3):
        assert Visitor(tenant.service).get(link).status == 200
    done = visitor.sign_in_with_link(link)
    assert done.location == CONSOLE
    assert operator.run(operator.house.services.sessions.authenticate(visitor.cookie(SESSION))).user == "carol"
    again = Visitor(tenant.service)
    assert again.sign_in_with_link(link).status == 403
    assert not again.cookie(SESSION)


def test_what_is_no_link_opens_nothing(visitor: Visitor) -> None:
    for token in ("jfl_" + "x" * 43, "nonsense", "%00", quote("\u2603<script>")):
        page = visitor.sign_in_with_link(f"/console/link/{token}")
        assert page.status == 403
        assert "used already or has expired" in page.text


def test_signing_out_ends_the_session_everywhere(admin: Visitor, tenant: CheckedTenant) -> None:
    elsewhere = Visitor(tenant.service)
    elsewhere.session.cookies.update(admin.session.cookies.get_dict())
    page = admin.get(CONSOLE)
    assert tenant.user in page.text
    left = admin.send(page, "/console/sign-out")
    assert left.location == SIGN_IN
    # browsers heed it over https alone
    assert "clear-site-data" not in left.answer.headers
    assert not admin.cookie(SESSION)
    assert elsewhere.get(SIGN_IN).forms[0].action == SIGN_IN


def test_a_session_dies_with_its_key(tenant: CheckedTenant, operator: Operator, stranger: CheckedTenant) -> None:
    partner = Partner.register(stranger)
    other = tenant.another_key()
    admin = Visitor(tenant.service).signed_in(other.key)
    assert admin.get(page_of(partner)).status == 200
    principal = operator.run(operator.house.services.access.authenticate(other.key))
    operator.run(operator.house.services.organisations.revoke_key(principal.key_id, ORIGIN))
    assert admin.get(page_of(partner)).location.startswith(SIGN_IN)


@pytest.mark.parametrize(
    "end",
    [
        "update session set expires_at = now() where organisation_id = $1",
        "update session set revoked_at = now() where organisation_id = $1",
        "update api_key set expires_at = now() where organisation_id = $1",
        "update organisation set deleted_at = now() where id = $1",
    ],
    ids=["expired", "revoked", "key expired", "organisation deleted"],
)
def test_a_session_that_is_over_is_none(
    admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant, end: str
) -> None:
    partner = Partner.register(stranger)
    page = admin.get(page_of(partner))
    tenant.operator.fetch(end, tenant.organisation.id)
    assert admin.get(page_of(partner)).location.startswith(SIGN_IN)
    sent = admin.send(page, page_of(partner), {"/account_name": "Acme"})
    assert sent.location.startswith(SIGN_IN)


def test_who_fails_too_often_has_to_wait(visitor: Visitor, tenant: CheckedTenant) -> None:
    for _ in range(10):
        assert visitor.sign_in_with_key("jf_" + "x" * 43).status == 403
    page = visitor.sign_in_with_key(tenant.key)
    assert page.status == 429
    assert 1 <= int(page.answer.headers["retry-after"]) <= 60
    assert visitor.sign_in_with_link("/console/link/nonsense").status == 429
    # nobody else has to
    Visitor(tenant.service).signed_in(tenant.key)


# Forms that are not ours


@pytest.mark.parametrize(
    "values",
    [{FORM_TOKEN: None}, {FORM_TOKEN: ""}, {FORM_TOKEN: "0" * 64}, {FORM_TOKEN: "\u2603"}, {"installation": None}],
    ids=["missing", "empty", "wrong", "no hex", "no id"],
)
def test_a_form_without_our_token_does_nothing(
    admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant, values: dict[str, Any]
) -> None:
    partner = Partner.register(stranger)
    page = admin.get(page_of(partner))
    assert admin.send(page, page_of(partner), {"/account_name": "Acme", **values}).status == 403
    assert integrations_of(tenant, partner) == []


def test_a_form_of_another_session_app_or_id_does_nothing(
    admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant
) -> None:
    partner, another = Partner.register(stranger), Partner.register(stranger)
    path = page_of(partner)
    foreign = Visitor(tenant.service).signed_in(stranger.key).get(path).form(path)
    mine = admin.get(path)
    of_other_app = admin.get(page_of(another)).form(page_of(another))
    for token in (dict(foreign.fields)[FORM_TOKEN], dict(of_other_app.fields)[FORM_TOKEN]):
        assert admin.send(mine, path, {FORM_TOKEN: token, "/account_name": "Acme"}).status == 403
    other_id = dict(foreign.fields)["installation"]
    assert admin.send(mine, path, {"installation": other_id, "/account_name": "Acme"}).status == 403
    assert integrations_of(tenant, partner) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "https://evil.example.com"},
        {"origin": "null"},
    ],
    ids=lambda one: "-".join(one.values()),
)
def test_a_form_from_another_site_does_nothing(
    admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant, headers: dict[str, str]
) -> None:
    partner = Partner.register(stranger)
    page = admin.get(page_of(partner))
    assert admin.send(page, page_of(partner), {"/account_name": "Acme"}, headers=headers).status == 403
    assert integrations_of(tenant, partner) == []


def test_a_form_from_our_own_site_is_taken(admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant) -> None:
    partner = Partner.register(stranger)
    page = admin.get(page_of(partner))
    headers = {"sec-fetch-site": "same-origin", "origin": tenant.service.url}
    assert admin.send(page, page_of(partner), {"/account_name": "Acme"}, headers=headers).status == 303


@pytest.mark.parametrize("path", [SIGN_IN, "/console/link/jfl_x", "/console/sign-out"])
def test_a_visitors_form_needs_the_visitors_own_token(visitor: Visitor, tenant: CheckedTenant, path: str) -> None:
    visitor.get(SIGN_IN)
    foreign = Visitor(tenant.service).get(SIGN_IN).form(SIGN_IN)
    for token in ("", dict(foreign.fields)[FORM_TOKEN]):
        page = visitor.call("POST", path, data={"key": tenant.key, FORM_TOKEN: token})
        assert page.status == 403
    assert not visitor.cookie(SESSION)


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"{}", 400),
        ("multipart/form-data; boundary=x", b"--x--", 400),
        ("application/x-www-form-urlencoded", b"\xff\xfe", 400),
        ("application/x-www-form-urlencoded", b"a=%ff", 400),
        ("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(6000)), 400),
        ("application/x-www-form-urlencoded", b"a=" + b"x" * 1024 * 1024, 413),
    ],
    ids=range(6),
)
def test_a_body_that_is_no_form_is_refused(
    admin: Visitor, stranger: CheckedTenant, content_type: str, body: bytes, status: int
) -> None:
    partner = Partner.register(stranger)
    for path in (page_of(partner), SIGN_IN):
        page = admin.call("POST", path, data=body, headers={"content-type": content_type})
        assert page.status == status, page.text


# Installing


def test_the_form_installs_the_app(admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant) -> None:
    partner = Partner.register(stranger)
    done = install(admin, partner, account_name="Acme", api_key=PASSWORD, limit="3")
    parts = urlsplit(done.location)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://partner.example.com/callback"
    query = parse_qs(parts.query)
    assert query["from"] == ["jackfield"]
    assert done.answer.headers["referrer-policy"] == "strict-origin-when-cross-origin"
    tokens = partner.exchange(query["code"][0])
    assert tokens.status_code == 200, tokens.text
    read = partner.call(
        "GET", f"/api/v2/platform-integrations/{partner.id}/installations/self", tokens.json()["access_token"]
    ).json()
    assert read["configuration"] == {"account_name": "Acme", "api_key": PASSWORD, "limit": 3}
    assert read["status"] == "incomplete"
    [integration] = integrations_of(tenant, partner)
    assert (integration["id"], integration["name"]) == (read["id"], "Acme")


def test_an_app_without_a_callback_ends_on_our_own_page(admin: Visitor, stranger: CheckedTenant) -> None:
    partner = Partner.register(stranger, oauth_callback_url=None)
    done = install(admin, partner, account_name="Acme")
    assert done.location == f"{page_of(partner)}/connections/success"
    assert "is connected" in admin.get(done.location).text


def test_an_app_without_a_callback_is_complete_after_the_form(
    admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant
) -> None:
    partner = Partner.register(stranger, oauth_callback_url=None)
    assert install(admin, partner, account_name="Acme").status == 303
    [integration] = integrations_of(tenant, partner)
    assert integration["state"]["current"] == "live"
    [row] = tenant.operator.fetch(
        "select n.status, n.completed_at is not null as was_complete, i.status as outside from installation n "
        "join integration i on i.id = n.integration_id and i.organisation_id = n.organisation_id "
        "where n.organisation_id = $1",
        tenant.organisation.id,
    )
    assert tuple(row) == ("complete", True, "active")
    # and the next one is another, not a retry of it
    assert install(admin, partner, account_name="Acme 2").status == 303
    assert len(integrations_of(tenant, partner)) == 2


def test_who_installs_in_a_browser_is_its_creator(
    admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant
) -> None:
    partner = Partner.register(stranger)
    install(admin, partner, account_name="Acme")
    [integration] = integrations_of(tenant, partner)
    assert integration["creator"]["type"] == "account"


def test_an_app_that_asks_for_nothing_has_a_button_alone(
    admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant
) -> None:
    partner = Partner.register(stranger, configuration_fields=None, call_to_action="Go on & connect")
    page = admin.get(page_of(partner))
    assert "Go on & connect" in page.text
    assert admin.send(page, page_of(partner)).status == 303
    [integration] = integrations_of(tenant, partner)
    assert integration["name"] == partner.app["name"]


def test_a_form_sent_twice_makes_one_installation(
    admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant
) -> None:
    partner = Partner.register(stranger)
    path = page_of(partner)
    page = admin.get(path)
    cookies = admin.session.cookies.get_dict()

    def send(_: int) -> Page:
        again = Visitor(tenant.service)
        again.session.cookies.update(cookies)
        return again.send(page, path, {"/account_name": "Acme"})

    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(send, range(6)))
    assert {one.status for one in done} == {303}
    codes = {parse_qs(urlsplit(one.location).query)["code"][0] for one in done}
    assert len(codes) == 6
    [once] = integrations_of(tenant, partner)
    # and another form makes another, in place of the one that was not finished
    assert install(admin, partner, account_name="Acme").status == 303
    [again] = integrations_of(tenant, partner)
    assert once["id"] != again["id"]


def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(
    admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant
) -> None:
    partner = Partner.register(stranger)
    page = install(admin, partner, account_name="  ", api_key=PASSWORD, limit="eleven <b>")
    assert page.status == 422
    name, limit = page.control("/account_name"), page.control("/limit")
    assert name["aria-invalid"] == limit["aria-invalid"] == "true"
    assert limit["value"] == "eleven <b>"
    [flaw] = page.all("p", id=f"{limit['id']}-flaw")
    assert flaw["id"] in limit["aria-describedby"].split()
    assert "whole number" in page.text
    assert "<b>" not in page.answer.text
    # the secret was good, and is not shown all the same
    assert page.control("/api_key")["value"] == ""
    assert PASSWORD not in page.answer.text
    [summary] = page.all("div", role="alert")
    assert summary["id"] == "summary"
    assert {given["href"] for given in page.all("a")} >= {f"#{name['id']}", f"#{limit['id']}"}
    assert integrations_of(tenant, partner) == []
    # the same form, mended
    done = admin.send(page, page_of(partner), {"/account_name": "Acme", "/limit": "10"})
    assert done.status == 303
    [_] = integrations_of(tenant, partner)


@pytest.mark.parametrize(
    "values",
    [
        {"account_name": "\0"},
        {"account_name": "x", "limit": "9" * 5000},
        {"account_name": "x", "limit": "1e999"},
        {"account_name": "x", "limit": "11"},
        {"account_name": "x" * 70_000},
        {"account_name": ["x", "y"], "limit": ["1", "x"]},
        {"unknown": "x"},
    ],
    ids=range(7),
)
def test_whatever_is_filled_in_is_taken_or_told(
    admin: Visitor, stranger: CheckedTenant, values: dict[str, Any]
) -> None:
    partner = Partner.register(stranger)
    assert install(admin, partner, **values).status in {303, 422}


HTML = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{191*191}}"


def test_html_of_a_developer_is_text_on_every_page(admin: Visitor, stranger: CheckedTenant) -> None:
    fields = {
        "type": "object",
        "title": HTML,
        "properties": {
            "account_name": {"type": "string", "title": HTML, "description": HTML, "default": HTML},
            HTML: {"enum": [HTML]},
            "json": {"type": "array", "default": [HTML, "</textarea>"]},
            "many": {"type": "array", "items": {"enum": [HTML]}, "title": HTML},
            "group": {"type": "object", "title": HTML, "properties": {HTML: {"type": "boolean", "title": HTML}}},
        },
    }
    name = HTML[:100]
    partner = Partner.register(
        stranger,
        name=name,
        author=HTML,
        description=HTML,
        call_to_action=HTML,
        configuration_fields=fields,
        error_codes={"bad": HTML, HTML: HTML},
    )
    path = page_of(partner)
    pages = [
        admin.get(path),
        install(admin, partner, account_name="x" * 70_000),
        admin.get(f"{path}/connections/success"),
        admin.get(f"{path}/connections/error", params={"error_code": "bad"}),
        admin.get(f"{path}/connections/error", params={"error_code": HTML}),
    ]
    for page in pages:
        assert name in page.text or page.status == 422
        assert not any(tag in {"script", "img"} for tag, _ in page.tags)
        assert not any(attribute.startswith("on") for _, given in page.tags for attribute in given)
        assert "36481" not in page.text


@pytest.mark.parametrize("suffix", ["", "/connections/success", "/connections/error"])
def test_pages_let_nothing_in_and_are_not_kept(admin: Visitor, stranger: CheckedTenant, suffix: str) -> None:
    partner = Partner.register(stranger)
    headers = admin.get(page_of(partner) + suffix).answer.headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == ("'self'" if suffix else "'self' https:")
    assert "script-src" not in policy
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "strict-origin-when-cross-origin"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("url", "source"),
    [("http://127.0.0.1:8000/x", "http:"), ("HTTPS://partner.example.com", "https:"), ("http://[::1]:8000/x", "http:")],
)
def test_the_form_may_lead_where_the_app_wants(admin: Visitor, stranger: CheckedTenant, url: str, source: str) -> None:
    partner = Partner.register(stranger, oauth_callback_url=url)
    policy = admin.get(page_of(partner)).answer.headers["content-security-policy"]
    assert f"form-action 'self' {source};" in policy


# Who may install what, and from where


def test_who_may_not_manage_is_told_so(tenant: CheckedTenant, stranger: CheckedTenant) -> None:
    partner = Partner.register(stranger)
    viewer = Visitor(tenant.service).signed_in(tenant.view_only().key)
    page = viewer.get(page_of(partner))
    assert page.status == 403
    assert Capability.MANAGE in page.text
    assert viewer.call("POST", page_of(partner)).status == 403


def test_an_app_in_development_is_for_its_own_organisation(
    admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant, visitor: Visitor
) -> None:
    foreign = Partner.register(stranger, approved=False, error_codes={"x": "Their words"})
    own = Partner.register(tenant, approved=False, error_codes={"x": "Our words"})
    assert admin.get(page_of(foreign)).status == 404
    assert admin.get(f"{page_of(foreign)}/connections/success").status == 404
    assert admin.get(f"{page_of(foreign)}/connections/error?error_code=x").status == 404
    assert "In development" in admin.get(page_of(own)).text
    assert "Our words" in admin.get(f"{page_of(own)}/connections/error?error_code=x").text
    assert install(admin, own, account_name="Acme").status == 303
    # nobody learns of it who is not signed in
    here = f"{page_of(own)}/connections/error?error_code=x"
    asked = visitor.get(here)
    assert asked.location == f"{SIGN_IN}?next={quote(here, safe='/')}"
    assert visitor.send(visitor.get(asked.location), SIGN_IN, {"key": tenant.key}).location == here


def test_an_archived_app_takes_no_new_installations(
    admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant
) -> None:
    partner = Partner.register(stranger)
    page = admin.get(page_of(partner))
    partner.decide("archive")
    assert admin.get(page_of(partner)).status == 403
    sent = admin.send(page, page_of(partner), {"/account_name": "Acme"})
    assert sent.status == 403
    assert "archived" in sent.text
    assert integrations_of(tenant, partner) == []


@pytest.mark.parametrize("reference", ["0" * 24, "nonsense", "1", "%00", quote("<script>"), "ffffffff7fffffffffffffff"])
@pytest.mark.parametrize("suffix", ["", "/connections/success", "/connections/error"])
def test_what_is_no_app_is_not_found(admin: Visitor, reference: str, suffix: str) -> None:
    page = admin.get(f"/platform/integrations/{reference}{suffix}")
    assert page.status == 404
    assert page.answer.headers["content-type"].startswith("text/html")
    assert "<script" not in page.answer.text


def test_the_page_has_all_the_addresses_of_the_contract(
    admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant
) -> None:
    partner = Partner.register(stranger)
    path, own = page_of(partner), f"/tenants/{tenant.organisation.handle}"
    for prefix in ("", "/", own, f"/{own}"):
        for slash in ("", "/"):
            assert admin.get(f"{prefix}{path}{slash}").status == 200
            assert admin.get(f"{prefix}{path}/connections/success{slash}").status == 200
    behind = admin.get(own + path)
    assert behind.forms[-1].action == own + path
    assert admin.send(behind, own + path, {"/account_name": "Acme"}).status == 303
    assert admin.get(f"/tenants/{stranger.organisation.handle}{path}").status == 403
    assert Visitor(tenant.service).get(own + path).location == f"{SIGN_IN}?next={own}{path}"


def test_the_page_is_at_the_organisations_host(
    environment: dict[str, str], tenant: CheckedTenant, stranger: CheckedTenant, tmp_path: Any
) -> None:
    partner = Partner.register(stranger)
    named = {"JACKFIELD_PLATFORM_DOMAIN": "apps.example.com", "JACKFIELD_SERVE_JOBS": "false"}
    with start_service({**environment, **named}, tmp_path / "log", free_port()) as service:
        admin = Visitor(service)
        host = f"{tenant.organisation.handle}.apps.example.com"
        signing_in = admin.get(SIGN_IN, headers={"host": host})
        admin.send(signing_in, SIGN_IN, {"key": tenant.key}, headers={"host": host})
        page = admin.get(page_of(partner), headers={"host": host})
        assert page.status == 200
        headers = {"host": host, "origin": f"https://{host}"}
        assert admin.send(page, page_of(partner), {"/account_name": "Acme"}, headers=headers).status == 303
        # a session is of one host
        other = f"{stranger.organisation.handle}.apps.example.com"
        assert admin.get(page_of(partner), headers={"host": other}).location.startswith(SIGN_IN)
        signing_in = admin.get(SIGN_IN, headers={"host": other})
        admin.send(signing_in, SIGN_IN, {"key": tenant.key}, headers={"host": other})
        assert admin.get(page_of(partner), headers={"host": other}).status == 403


@pytest.mark.parametrize("path", [SIGN_IN, "/platform/integrations/x", "/console/sign-out", "/console/link/x"])
def test_other_methods_are_refused(visitor: Visitor, path: str) -> None:
    for method in ("PUT", "DELETE", "PATCH"):
        assert visitor.call(method, path).status == 405


# How it went


def code_of(done: Page) -> str:
    return parse_qs(urlsplit(done.location).query)["code"][0]


def completed(partner: Partner, done: Page) -> Any:
    """What the app's server does with the code of a form that was sent; returns its tokens."""
    tokens = partner.exchange(code_of(done)).json()
    token = tokens["access_token"]
    own = partner.call("GET", f"/api/v2/platform-integrations/{partner.id}/installations/self", token).json()
    path = f"/api/v2/platform-integrations/{partner.id}/installations/{own['id']}"
    assert partner.call("PATCH", path, token, json={"status": "complete"}).status_code == 200
    return tokens


def test_the_success_page_tells_what_this_browsers_session_did(
    admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant, visitor: Visitor
) -> None:
    partner = Partner.register(stranger)
    path = f"{page_of(partner)}/connections/success"
    connected = f"{partner.app['name']} is connected"
    assert "Nothing was connected" in admin.get(path).text
    done = install(admin, partner, account_name="Acme")
    unfinished = admin.get(path)
    assert "isn't connected yet" in unfinished.text
    completed(partner, done)
    [integration] = integrations_of(tenant, partner)
    finished = admin.get(path)
    assert connected in finished.text
    assert {f"/console/integrations/{integration['id']}", "/console/integrations"} <= {
        one["href"] for one in finished.all("a")
    }
    # to others it says nothing of the kind
    colleague = Visitor(tenant.service).signed_in(tenant.another_key().key)
    elsewhere = Visitor(tenant.service).signed_in(stranger.key)
    for other in (colleague, elsewhere, visitor):
        assert connected not in other.get(path).text
    assert visitor.get(path).status == 200
    # and when it is gone again
    tenant.finished(tenant.hubs("DELETE", f"/{integration['id']}").json()["data"]["job"]["id"])
    assert connected not in admin.get(path).text


def test_the_error_page_does_not_say_that_what_is_connected_is_not(
    admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant
) -> None:
    partner = Partner.register(stranger, error_codes={"late": "The first orders come tomorrow."})
    completed(partner, install(admin, partner, account_name="Acme"))
    page = admin.get(f"{page_of(partner)}/connections/error?error_code=late")
    assert "The first orders come tomorrow." in page.text
    assert "is not connected" not in page.text
    assert not [form for form in page.forms if form.action.endswith("/remove")]


# What was begun and not finished


def test_what_the_app_could_not_connect_is_removed_from_the_error_page(
    admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant
) -> None:
    partner = Partner.register(stranger, uninstallation_url=None)
    tokens = partner.exchange(code_of(install(admin, partner, account_name="Acme", api_key=PASSWORD))).json()
    page = admin.get(f"{page_of(partner)}/connections/error")
    assert "is not connected" in page.text
    [integration] = integrations_of(tenant, partner)
    done = admin.send(page, f"{page_of(partner)}/connections/remove")
    assert done.location == f"{page_of(partner)}/connections/removed"
    assert "was removed" in admin.get(done.location).text
    assert not partner.opens(tokens["access_token"])
    assert integrations_of(tenant, partner) == []
    gone = until(lambda: tenant.hub_read(integration["id"]), lambda one: one["state"]["current"] == "deleted", 30.0)
    assert gone["extra"] == {}
    [row] = tenant.operator.fetch(
        "select (select count(*) from oauth_grant g where g.organisation_id = i.organisation_id), sealed_secrets "
        "from integration i where i.organisation_id = $1",
        tenant.organisation.id,
    )
    assert tuple(row) == (0, None)
    # what is gone can be removed once more
    assert admin.send(page, f"{page_of(partner)}/connections/remove").status == 303


def test_what_is_complete_is_not_removed_by_an_old_error_page(
    admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant
) -> None:
    partner = Partner.register(stranger)
    done = install(admin, partner, account_name="Acme")
    page = admin.get(f"{page_of(partner)}/connections/error")
    tokens = completed(partner, done)
    assert admin.send(page, f"{page_of(partner)}/connections/remove").status == 403
    assert partner.opens(tokens["access_token"])
    # also when the app asks for something more, later
    [one] = integrations_of(tenant, partner)
    path = f"/api/v2/platform-integrations/{partner.id}/installations/{one['id']}"
    assert partner.call("PATCH", path, tokens["access_token"], json={"status": "incomplete"}).status_code == 200
    assert admin.send(page, f"{page_of(partner)}/connections/remove").status == 403


def test_nobody_elses_form_removes_what_was_begun(
    admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant
) -> None:
    partner = Partner.register(stranger)
    path = f"{page_of(partner)}/connections/remove"
    install(admin, partner, account_name="Acme")
    page = admin.get(f"{page_of(partner)}/connections/error")
    fields = dict(page.form(path).fields)
    other = Visitor(tenant.service).signed_in(stranger.key)
    for who, values in (
        (other, fields),
        (admin, {**fields, FORM_TOKEN: "0" * 64}),
        (admin, {**fields, "installation": "0" * 24}),
        (admin, {**fields, "installation": "x"}),
        (admin, {}),
    ):
        assert who.call("POST", path, data=values).status == 403
    assert len(integrations_of(tenant, partner)) == 1
    # it is not offered to who did not begin it
    colleague = Visitor(tenant.service).signed_in(tenant.another_key().key)
    assert not colleague.get(f"{page_of(partner)}/connections/error").forms[1:]


def test_beginning_again_replaces_what_the_same_person_did_not_finish(
    admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant, operator: Operator
) -> None:
    partner = Partner.register(stranger)
    first = partner.exchange(code_of(install(admin, partner, account_name="Acme"))).json()
    codes = [code_of(install(admin, partner, account_name=f"Acme {n}")) for n in range(3)]
    assert not partner.opens(first["access_token"])
    assert [partner.exchange(code).status_code for code in codes] == [400, 400, 200]
    assert [one["name"] for one in integrations_of(tenant, partner)] == ["Acme 2"]
    # another person's, and another app's, stay
    carol = Visitor(tenant.service)
    carol.sign_in_with_link(make_link(operator, tenant.organisation.handle, "carol"))
    another = Partner.register(stranger)
    assert install(carol, partner, account_name="Carol").status == 303
    assert install(admin, another, account_name="Another").status == 303
    assert {one["name"] for one in integrations_of(tenant, partner)} == {"Acme 2", "Carol"}


def test_of_forms_that_one_person_sends_at_once_one_installation_is_left(
    admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant
) -> None:
    partner = Partner.register(stranger)
    path = page_of(partner)
    pages = [admin.get(path) for _ in range(5)]
    cookies = admin.session.cookies.get_dict()

    def send(page: Page) -> Page:
        again = Visitor(tenant.service)
        again.session.cookies.update(cookies)
        return again.send(page, path, {"/account_name": "Acme"})

    with ThreadPoolExecutor(5) as pool:
        assert {one.status for one in pool.map(send, pages)} == {303}
    assert len(integrations_of(tenant, partner)) == 1


def test_what_is_never_finished_ends_after_a_day(
    admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant, operator: Operator
) -> None:
    left, done, kept = (Partner.register(stranger) for _ in range(3))
    tokens = left.exchange(code_of(install(admin, left, account_name="Left", api_key=PASSWORD))).json()
    path = f"/api/v2/platform-integrations/{done.id}/installations/"
    done_tokens = completed(done, install(admin, done, account_name="Done"))
    [complete] = integrations_of(tenant, done)
    # it was complete once, and wants something more
    done.call("PATCH", path + complete["id"], done_tokens["access_token"], json={"status": "incomplete"})
    install(admin, kept, account_name="Kept")
    age = "update installation set created_at = created_at - $2::interval where organisation_id = $1"
    operator.fetch(age, tenant.organisation.id, timedelta(hours=23, minutes=59))
    operator.run(operator.house.upkeep.tend())
    assert left.opens(tokens["access_token"])
    [pending] = integrations_of(tenant, left)
    [young] = integrations_of(tenant, kept)
    operator.fetch(
        f"{age} and integration_id <> $3", tenant.organisation.id, timedelta(minutes=1), ids.parse_hex(young["id"])
    )
    operator.run(operator.house.upkeep.tend())
    assert not left.opens(tokens["access_token"])
    assert done.opens(done_tokens["access_token"])
    assert [len(integrations_of(tenant, one)) for one in (left, done, kept)] == [0, 1, 1]
    until(lambda: tenant.hub_read(pending["id"]), lambda one: one["state"]["current"] == "deleted", 30.0)
    [row] = operator.fetch(
        "select i.sealed_secrets, (select count(*) from oauth_grant g where g.integration_id = i.id) as grants "
        "from integration i where i.organisation_id = $1 and i.id = $2",
        tenant.organisation.id,
        ids.parse_hex(pending["id"]),
    )
    assert tuple(row) == (None, 0)
    entries = operator.fetch(
        "select actor from audit_entry where organisation_id = $1 and action = 'integration.deleted'",
        tenant.organisation.id,
    )
    assert [one["actor"] for one in entries] == ["service"]


# The icon of an app


def test_an_icon_is_shown_and_its_host_alone_is_let_in(
    admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant
) -> None:
    icon = "https://cdn.partner.example.com:8443/icon.png?size=64"
    partner = Partner.register(stranger, icon_url=icon)
    plain = Partner.register(stranger)
    for path in (page_of(partner), f"/console/catalogue/{partner.id}", f"/console/catalogue?q={partner.app['name']}"):
        page = admin.get(path)
        [image] = page.all("img", src=icon)
        assert (image["alt"], image["referrerpolicy"]) == ("", "no-referrer")
        assert "img-src 'self' https://cdn.partner.example.com:8443;" in page.answer.headers["content-security-policy"]
    page = admin.get(page_of(plain))
    assert not list(page.all("img"))
    assert "img-src 'self';" in page.answer.headers["content-security-policy"]


def test_icons_of_many_hosts_make_no_endless_header(admin: Visitor, tenant: CheckedTenant) -> None:
    word = f"many{uuid.uuid4().hex[:8]}"
    for number in range(25):
        Partner.register(
            tenant, name=f"{word} {number}", icon_url=f"https://cdn{number}.{'a' * 50}.example.com/icon.png"
        )
    page = admin.get("/console/catalogue", params={"q": word})
    assert len(list(page.all("img"))) == 25
    assert "img-src 'self' https:;" in page.answer.headers["content-security-policy"]


# Where somebody wanted to go


def test_a_link_leads_to_the_page_that_asked_to_sign_in(
    visitor: Visitor, tenant: CheckedTenant, operator: Operator, stranger: CheckedTenant
) -> None:
    partner = Partner.register(stranger)
    wanted = f"{page_of(partner)}?state=a%2Fb%20c"
    visitor.get(visitor.get(wanted).location)
    link = make_link(operator, tenant.organisation.handle)
    assert visitor.sign_in_with_link(link).location == wanted
    # once
    assert visitor.sign_in_with_link(make_link(operator, tenant.organisation.handle)).location == CONSOLE


def test_who_came_to_sign_in_alone_goes_to_the_console(
    visitor: Visitor, tenant: CheckedTenant, operator: Operator, stranger: CheckedTenant
) -> None:
    partner = Partner.register(stranger)
    visitor.get(visitor.get(page_of(partner)).location)
    visitor.get(SIGN_IN)
    assert visitor.sign_in_with_link(make_link(operator, tenant.organisation.handle)).location == CONSOLE


@pytest.mark.parametrize(
    "address", ["https://evil.example.com/", "//evil.example.com", "/platform/../x", "%2F%2Fevil.example.com", "\u2603"]
)
def test_what_a_browser_claims_to_have_wanted_is_one_of_our_pages_or_nothing(
    visitor: Visitor, tenant: CheckedTenant, operator: Operator, address: str
) -> None:
    visitor.session.cookies.set("jackfield-wanted", quote(address, safe="/%"))
    assert visitor.sign_in_with_link(make_link(operator, tenant.organisation.handle)).location == CONSOLE


# Rows of a list


LISTS = {
    "type": "object",
    "title": "Orders",
    "description": "Which orders it may see.",
    "properties": {
        "account_name": {"type": "string"},
        "shops": {
            "type": "array",
            "title": "Shop",
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "title": "Shop name", "maxLength": 10},
                    "key": {"type": "string", "format": "password", "title": "Shop key"},
                    "since": {"type": "string", "format": "date", "title": "Since"},
                },
            },
        },
    },
}


def test_rows_are_filled_in_added_and_removed_without_scripts(
    admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant
) -> None:
    partner = Partner.register(stranger, configuration_fields=LISTS, scopes=["orders:read"])
    path = page_of(partner)
    page = admin.get(path)
    for words in ("Orders", "Which orders it may see.", "Read what you fill in here", "orders:read"):
        assert words in page.text
    assert page.control("/shops/0/since")["type"] == "date"
    first = {"/account_name": "Acme", "/shops/0/name": "North", "/shops/0/key": PASSWORD}
    page = admin.send(page, path, {**first, "add_row": "/shops"})
    assert page.status == 200
    assert page.control("/shops/0/name")["value"] == "North"
    # a secret is on no page, and that is told
    assert page.control("/shops/0/key")["value"] == ""
    assert PASSWORD not in page.answer.text
    assert page.control("/shops/1/key")["type"] == "password"
    page = admin.send(page, path, {"/shops/1/name": "South", "add_row": "/shops"})
    page = admin.send(page, path, {"/shops/2/name": "much too long", "remove_row": "/shops/0"})
    assert page.status == 200
    assert not [given for _, given in page.tags if given.get("name", "").startswith("/shops/0/")]
    wrong = admin.send(page, path)
    assert wrong.status == 422
    assert wrong.control("/shops/2/name")["aria-invalid"] == "true"
    assert "aria-invalid" not in wrong.control("/shops/1/name")
    assert integrations_of(tenant, partner) == []
    done = admin.send(wrong, path, {"/shops/1/key": PASSWORD, "/shops/2/name": "West", "/shops/2/since": "2026-12-31"})
    token = partner.exchange(code_of(done)).json()["access_token"]
    read = partner.call("GET", f"/api/v2/platform-integrations/{partner.id}/installations/self", token).json()
    assert read["configuration"] == {
        "account_name": "Acme",
        "shops": [{"name": "South", "key": PASSWORD}, {"name": "West", "since": "2026-12-31"}],
    }
    # and nobody else sees the secret
    [shown] = integrations_of(tenant, partner)
    assert PASSWORD not in str(shown)


def test_a_form_with_rows_lets_our_own_script_in_and_no_other_form_does(
    admin: Visitor, stranger: CheckedTenant
) -> None:
    partner = Partner.register(stranger, configuration_fields=LISTS)
    page = admin.get(page_of(partner))
    [script] = page.all("script")
    policy = page.answer.headers["content-security-policy"]
    assert "script-src 'self'; connect-src 'self';" in policy
    assert "unsafe" not in policy
    source = admin.get(script["src"]).answer
    assert source.headers["content-type"].startswith("text/javascript")
    plain = admin.get(page_of(Partner.register(stranger))).answer.headers["content-security-policy"]
    assert "script-src" not in plain


def test_the_error_page_has_the_apps_own_words(visitor: Visitor, stranger: CheckedTenant) -> None:
    partner = Partner.register(stranger, error_codes={"no-seat": "Buy a seat first.\nThen try again."})
    path = f"{page_of(partner)}/connections/error"
    assert "Buy a seat first. Then try again." in visitor.get(path, params={"error_code": "no-seat"}).text
    for query in ({"error_code": "reflect-me"}, {"error": "reflect-me"}, {}):
        page = visitor.get(path, params=query)
        assert page.status == 200
        assert "did not say why" in page.text
        assert "reflect-me" not in page.answer.text


def test_what_signing_in_and_out_leaves_in_the_audit(tenant: CheckedTenant, operator: Operator) -> None:
    admin = Visitor(tenant.service).signed_in(tenant.key)
    admin.send(admin.get(CONSOLE), "/console/sign-out")
    Visitor(tenant.service).sign_in_with_link(make_link(operator, tenant.organisation.handle, "carol"))
    entries = operator.fetch(
        "select action, actor, fields, address from audit_entry where organisation_id = $1 order by id",
        tenant.organisation.id,
    )
    found = [(one["action"], one["actor"], list(one["fields"])) for one in entries]
    assert found[-4:] == [
        ("session.opened", "alice", ["key"]),
        ("session.ended", "alice", []),
        ("console-link.created", "operator", ["user", "capabilities"]),
        ("session.opened", "carol", ["link"]),
    ]
    assert entries[-1]["address"].startswith("127.")


def test_secrets_of_pages_are_in_no_log(tenant: CheckedTenant, operator: Operator, stranger: CheckedTenant) -> None:
    partner = Partner.register(stranger)
    link = make_link(operator, tenant.organisation.handle)
    admin = Visitor(tenant.service)
    admin.sign_in_with_link(link)
    password = f"password-{uuid.uuid4()}"
    done = install(admin, partner, account_name="Acme", api_key=password)
    code = parse_qs(urlsplit(done.location).query)["code"][0]
    log = tenant.service.read_log()
    for secret in (link.rpartition("/")[2], admin.cookie(SESSION), password, code):
        assert secret
        assert secret not in log


def test_an_uninstallation_address_that_leads_inside_is_not_called(tenant: CheckedTenant) -> None:
    """Tokens are dead at once all the same, the job tells, the audit too, and the installation goes."""
    partner = Partner.register(tenant, uninstallation_url="http://127.0.0.1:9/gone")
    installed = partner.installed_by(tenant)
    tokens = installed.tokens()
    deletion = tenant.hubs("DELETE", f"/{installed.id}")
    assert deletion.status_code == 202, deletion.text
    assert not partner.opens(tokens["access_token"])
    assert partner.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    job = tenant.finished(deletion.json()["data"]["job"]["id"])
    assert job["state"]["current"] == "error"
    assert "private or reserved network" in job["tasks"][0]["output"]["revocation"]
    assert tenant.hub_read(installed.id)["state"]["current"] == "deleted"
    [entry] = tenant.operator.fetch(
        "select actor, subject_ids from audit_entry where organisation_id = $1 and action = $2",
        tenant.organisation.id,
        "installation.uninstallation-failed",
    )
    assert (entry["actor"], ids.to_hex(entry["subject_ids"][0])) == ("service", installed.id)


def test_two_installations_alike_are_each_uninstalled(tenant: CheckedTenant) -> None:
    """What was filled in is no credential that two would share."""
    partner = Partner.register(tenant, uninstallation_url=None)
    first = partner.installed_by(tenant)
    first.complete()
    second = partner.installed_by(tenant)
    second_tokens = second.tokens()
    job = tenant.finished(tenant.hubs("DELETE", f"/{first.id}").json()["data"]["job"]["id"])
    assert job["tasks"][0]["output"]["revocation"] == "not wanted by the app"
    assert partner.opens(second_tokens["access_token"])
