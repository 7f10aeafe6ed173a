"""The pages of connect sessions, at the level of HTTP: what they show, to whom, in which language, what they keep."""

import re
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from support.checked_tenant import CheckedTenant
from support.connecting import CALLBACK, Link, allow_return_urls, connect, go_to_vendor, make_link, send, status_of
from support.oauth_vendor import OAuthVendor
from support.operator import Operator
from support.service import Service, free_port, start_service
from support.visitor import FORM_TOKEN, Page, Visitor

RETURN = "https://app.example.com/settings"
VISITOR = "jackfield-visitor"
LANGUAGES = {
    "en": ("Connect GitHub", "Continue to GitHub", "GitHub is connected"),
    "de": ("GitHub verbinden", "Weiter zu GitHub", "GitHub ist verbunden"),
    "fr": ("Connecter GitHub", "Continuer vers GitHub", "GitHub est connecté"),
    "es": ("Conectar GitHub", "Continuar a GitHub", "GitHub está conectado"),
}


@pytest.fixture(scope="module")
def vendor() -> Iterator[OAuthVendor]:
    with OAuthVendor.start() as vendor:
        yield vendor


@pytest.fixture(scope="module")
def connecting_service(
    environment: dict[str, str], vendor: OAuthVendor, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """One that knows its own address, and has registrations at vendors."""
    port = free_port()
    more = {**vendor.settings(), "JACKFIELD_PUBLIC_URL": f"http://127.0.0.1:{port}"}
    log = tmp_path_factory.mktemp("connecting") / "log"
    with start_service({**environment, **more}, log, port) as service:
        yield service


@pytest.fixture
def product(operator: Operator, connecting_service: Service) -> CheckedTenant:
    organisation = operator.create_organisation(f"Acme {uuid.uuid4().hex[:6]}")
    made = CheckedTenant(operator, connecting_service, organisation, "alice", operator.create_key(organisation))
    allow_return_urls(made, RETURN)
    return made


@pytest.fixture
def visitor(connecting_service: Service) -> Visitor:
    return Visitor(connecting_service)


@pytest.fixture
def link(product: CheckedTenant) -> Link:
    return make_link(product, vendor="github", return_url=RETURN)


def integration_of(product: CheckedTenant, link: Link) -> Any:
    answer = product.hubs("GET", f"/{status_of(product, link)['integration_id']}")
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def language(page: Page) -> str:
    [found] = page.all("html")
    return found["lang"]


def links(page: Page) -> list[str]:
    return [one["href"] for one in page.all("a") if not one["href"].startswith("#")]


# What is shown


def test_the_page_says_what_will_be_connected_for_whom_with_which_rights(
    visitor: Visitor, product: CheckedTenant, link: Link
) -> None:
    page = visitor.get(link.path)
    assert page.status == 200
    for words in ("Connect GitHub", f"For {product.organisation.name}", "Continue to GitHub", "Use a token instead"):
        assert words in page.text
    assert "<li>Read and change all in public and private repositories" in page.answer.text
    assert "<small><code>repo</code></small>" in page.answer.text
    # nothing of the house that customers have nothing to do with
    assert "Sign out" not in page.text
    assert "Jackfield" not in page.text
    assert links(page) == [f"{RETURN}?connect_status=cancelled"]


def test_the_rights_are_those_that_are_asked_for(visitor: Visitor, product: CheckedTenant) -> None:
    link = make_link(product, vendor="github", scopes=["read:user", "gist", "new:scope"])
    page = visitor.get(link.path)
    assert "<li>Read the profile <small><code>read:user</code></small></li>" in page.answer.text
    # one that the manifest has no words for
    assert "<li><code>new:scope</code></li>" in page.answer.text
    assert "<code>repo</code>" not in page.answer.text
    assert go_to_vendor(visitor, link)["scope"].split() == ["read:user", "gist", "new:scope"]


@pytest.mark.parametrize("locale", LANGUAGES)
def test_every_page_is_in_the_language_of_the_session(visitor: Visitor, product: CheckedTenant, locale: str) -> None:
    title, button, done = LANGUAGES[locale]
    link = make_link(product, vendor="github", locale=locale)
    page = visitor.get(link.path, headers={"accept-language": "it, en"})
    assert (language(page), title in page.text, button in page.text) == (locale, True, True)
    # what the manifest says stays English, and says so
    assert ('<span lang="en">Personal access token</span>' in page.answer.text) == (locale != "en")
    assert ('<li><span lang="en">Read and change' in page.answer.text) == (locale != "en")
    told = go_to_vendor(visitor, link)
    denied = visitor.get(visitor.get(CALLBACK, params={"state": told["state"], "error": "access_denied"}).location)
    assert language(denied) == locale
    assert any(one["role"] == "status" for one in denied.all("p", role="status"))
    failed = connect(visitor, link, "nobody")
    assert (language(failed), bool(list(failed.all("div", role="alert")))) == (locale, True)
    connected = connect(visitor, link, "octocat")
    assert (language(connected), done in connected.text) == (locale, True)


@pytest.mark.parametrize("accepted", LANGUAGES)
def test_without_one_it_is_the_browsers(visitor: Visitor, link: Link, accepted: str) -> None:
    page = visitor.get(link.path, headers={"accept-language": f"{accepted}-XX, it;q=0.5"})
    assert (language(page), LANGUAGES[accepted][0] in page.text) == (accepted, True)
    unknown = visitor.get("/connect/nothing", headers={"accept-language": accepted})
    assert (unknown.status, language(unknown)) == (404, accepted)


# By OAuth


def test_the_way_to_the_vendor_and_back(visitor: Visitor, product: CheckedTenant, link: Link) -> None:
    told = go_to_vendor(visitor, link)
    assert told["redirect_uri"] == f"{product.service.url}{CALLBACK}"
    assert told["code_challenge_method"] == "S256"
    assert status_of(product, link)["state"] == "authorising"
    assert "You have already gone to GitHub" in visitor.get(link.path).text
    back = visitor.get(CALLBACK, params={"state": told["state"], "code": "octocat"})
    assert back.location == link.path
    page = visitor.get(back.location)
    status = status_of(product, link)
    assert status == {"state": "connected", "integration_id": status["integration_id"], "error": None}
    assert "GitHub is connected" in page.text
    assert "As octocat" in page.text
    assert links(page) == [f"{RETURN}?connect_status=connected&integration_id={status['integration_id']}"]
    assert integration_of(product, link)["state"]["current"] == "live"


def test_a_return_url_keeps_what_it_has(visitor: Visitor, product: CheckedTenant) -> None:
    own = f"{RETURN}?tab=a%26b&connect_status=x&empty="
    link = make_link(product, vendor="github", return_url=own)
    page = connect(visitor, link, "octocat")
    [back] = links(page)
    assert urlsplit(back)._replace(query="").geturl() == RETURN
    told = dict(parse_qsl(urlsplit(back).query, keep_blank_values=True))
    assert told == {
        "tab": "a&b",
        "empty": "",
        "connect_status": "connected",
        "integration_id": status_of(product, link)["integration_id"],
    }


def test_without_a_return_url_the_page_can_be_closed(visitor: Visitor, product: CheckedTenant) -> None:
    page = connect(visitor, make_link(product, vendor="github"), "octocat")
    assert "You can close this page" in page.text
    assert links(page) == []


def test_a_denial_is_no_fault_and_can_be_reconsidered(visitor: Visitor, product: CheckedTenant, link: Link) -> None:
    told = go_to_vendor(visitor, link)
    back = visitor.get(CALLBACK, params={"state": told["state"], "error": "access_denied"})
    page = visitor.get(back.location)
    assert page.status == 200
    assert "Nothing was connected" in page.text
    assert list(page.all("div", role="alert")) == []
    assert status_of(product, link)["state"] == "open"
    assert "GitHub is connected" in connect(visitor, link, "octocat").text


def test_what_went_wrong_is_said_and_can_be_tried_again(visitor: Visitor, product: CheckedTenant, link: Link) -> None:
    page = connect(visitor, link, "nobody")
    assert page.status == 200
    assert "GitHub is not connected yet" in page.text
    assert "Try again" in page.text
    status = status_of(product, link)
    assert (status["state"], bool(status["error"])) == ("failed", True)
    assert status["error"] in page.text
    assert links(page) == [f"{RETURN}?connect_status=failed"]
    assert "GitHub is connected" in connect(visitor, link, "octocat").text


def test_reconnecting_names_the_integration_and_another_account_is_refused(
    visitor: Visitor, product: CheckedTenant, link: Link, connecting_service: Service
) -> None:
    connect(visitor, link, "octocat")
    integration_id = status_of(product, link)["integration_id"]
    product.hubs("PATCH", f"/{integration_id}", json={"name": "Code"})
    repair = make_link(product, integration_id=integration_id)
    other = Visitor(connecting_service)
    page = other.get(repair.path)
    assert "Reconnect GitHub" in page.text
    assert "“Code” is connected again" in page.text
    refused = connect(other, repair, "admin")
    assert "octocat" in refused.text
    assert "admin" in refused.text
    connect(other, repair, "octocat")
    status = status_of(product, repair)
    assert (status["state"], status["integration_id"]) == ("connected", integration_id)


def test_one_of_several_sites_is_chosen(visitor: Visitor, product: CheckedTenant) -> None:
    link = make_link(product, vendor="jira", locale="en")
    page = connect(visitor, link, "octocat@shop,garage")
    assert "Which site shall be connected?" in page.text
    assert [one["value"] for one in page.all("input", type="radio")] == ["0", "1"]
    assert "https://garage.atlassian.net" in page.text
    assert status_of(product, link)["state"] == "choosing"
    action = f"{link.path}/site"
    # a browser that has ticked nothing
    none = visitor.call("POST", action, data=page.form(action).filled({"site": None}))
    assert (none.status, "Please choose a site" in none.text) == (422, True)
    for nonsense in ("x", "²", "-1", "7", "9" * 100):
        answer = visitor.call("POST", action, data=page.form(action).filled({"site": nonsense}))
        assert answer.status in {303, 422}
    done = visitor.call("POST", action, data=page.form(action).filled({"site": "1"}))
    assert "Jira is connected" in visitor.get(done.location).text
    assert integration_of(product, link)["extra"]["base_url"] == "https://garage.atlassian.net"
    again = visitor.call("POST", action, data=page.form(action).filled({"site": "0"}))
    assert again.status == 404


# With a token


def test_a_token_connects_too(visitor: Visitor, product: CheckedTenant, link: Link, vendor: OAuthVendor) -> None:
    token = vendor.give("octocat")
    done = send(visitor, visitor.get(link.path), link, "form", token__auth__api_key=token, extra__labels="a, b")
    page = visitor.get(done.location)
    assert "GitHub is connected" in page.text
    assert token not in page.answer.text
    integration = integration_of(product, link)
    assert integration["extra"]["labels"] == "a, b"
    assert integration["state"]["current"] == "live"


def test_what_is_wrong_with_the_form_is_said_where_it_is(visitor: Visitor, product: CheckedTenant) -> None:
    link = make_link(product, vendor="github", locale="de")
    page = send(
        visitor,
        visitor.get(link.path),
        link,
        "form",
        token__auth__api_key="two words",
        extra__repository="shop",
    )
    assert page.status == 422
    assert "Bitte prüfen Sie Ihre Eingaben" in page.text
    assert page.control("extra/repository")["value"] == "shop"
    assert page.control("extra/repository")["aria-invalid"] == "true"
    assert page.control("token/auth/api_key")["value"] == ""
    assert "two words" not in page.answer.text
    [details] = [one for one in page.all("details") if "instead" in one["class"]]
    assert "open" in details
    assert status_of(product, link)["state"] == "open"


def test_a_token_that_the_vendor_refuses_is_a_problem_of_the_form(
    visitor: Visitor, product: CheckedTenant, link: Link
) -> None:
    secret = f"ghp_{uuid.uuid4().hex}"
    page = send(visitor, visitor.get(link.path), link, "form", token__auth__api_key=secret)
    assert page.status == 422
    assert "GitHub" in page.text
    assert list(page.all("div", role="alert"))
    assert secret not in page.answer.text
    assert secret not in product.service.read_log()
    assert product.hubs("GET", "").json()["data"] == []


def test_a_vendor_without_oauth_has_the_form_alone(visitor: Visitor, product: CheckedTenant) -> None:
    page = visitor.get(make_link(product, vendor="sentry").path)
    assert [dict(form.fields)["by"] for form in page.forms] == ["form"]
    assert "Continue to" not in page.text


def test_a_reconnection_begins_with_what_is_stored_but_for_secrets(
    visitor: Visitor, product: CheckedTenant, vendor: OAuthVendor
) -> None:
    token = vendor.give("octocat")
    made = product.hubs(
        "POST", "", json={"vendor": "github", "auth": {"api_key": token}, "extra": {"repository": "acme/shop"}}
    )
    link = make_link(product, integration_id=made.json()["data"]["id"])
    page = visitor.get(link.path)
    assert page.control("extra/repository")["value"] == "acme/shop"
    assert page.control("token/auth/api_key")["value"] == ""
    assert token[:8] not in page.answer.text
    other = vendor.give("octocat")
    done = send(visitor, page, link, "form", token__auth__api_key=other, extra__repository="")
    assert "GitHub is connected" in visitor.get(done.location).text
    assert "repository" not in integration_of(product, link)["extra"]


# Who may


@pytest.mark.parametrize(
    "token",
    ["nothing", "jfc_" + "x" * 43, "jfc_" + "x" * 10_000, "%00", "%E2%98%83%3Cscript%3E", "callback/x", "..%2f"],
    ids=range(7),
)
def test_what_is_no_link_opens_nothing(visitor: Visitor, token: str) -> None:
    for method, path in (("GET", ""), ("POST", ""), ("POST", "/site"), ("GET", "/status")):
        answer = visitor.call(method, f"/connect/{token}{path}")
        assert answer.status in {403, 404}
        assert "<script>" not in answer.answer.text


def test_a_used_link_is_over_for_everybody_else(visitor: Visitor, link: Link, connecting_service: Service) -> None:
    connect(visitor, link, "octocat")
    page = Visitor(connecting_service).get(link.path)
    assert (page.status, "used already, or its time is over" in page.text) == (404, True)
    # who used it may look, and nothing more
    assert visitor.get(link.path).status == 200


def test_an_expired_link_is_over(visitor: Visitor, product: CheckedTenant, link: Link) -> None:
    page = visitor.get(link.path)
    sql = "update connect_session set expires_at = now() - interval '1 minute' where organisation_id = $1 returning id"
    assert product.operator.fetch(sql, product.organisation.id)
    assert visitor.get(link.path).status == 404
    assert send(visitor, page, link, "oauth").status == 404


def test_a_link_that_somebody_began_with_is_no_good_in_another_browser(
    visitor: Visitor, link: Link, connecting_service: Service
) -> None:
    go_to_vendor(visitor, link)
    page = Visitor(connecting_service).get(link.path)
    assert (page.status, "opened in another browser" in page.text) == (403, True)


def test_an_answer_in_another_browser_connects_nothing(
    visitor: Visitor, product: CheckedTenant, link: Link, connecting_service: Service
) -> None:
    told = go_to_vendor(visitor, link)
    stranger = Visitor(connecting_service)
    stranger.get(link.path)
    page = stranger.get(CALLBACK, params={"state": told["state"], "code": "octocat"})
    assert page.status == 403
    assert status_of(product, link)["integration_id"] is None


@pytest.mark.parametrize("query", ["", "?state=x&code=y", "?state=" + "x" * 43, "?error=access_denied", "?state=%00"])
def test_an_answer_that_nobody_asked_for_is_refused(visitor: Visitor, query: str) -> None:
    page = visitor.get(CALLBACK + query)
    assert page.status == 403
    assert "too late, or twice" in page.text


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"code": ""},
        {"code": "\0\u2603<script>"},
        {"code": "x" * 5_000},
        {"error": "<script>alert(1)</script>", "error_description": "<script>"},
        {"error": "x" * 5_000},
        {"error": "server_error", "code": "octocat"},
    ],
    ids=range(7),
)
def test_whatever_a_vendor_answers_is_a_try_that_failed(
    visitor: Visitor, product: CheckedTenant, link: Link, answer: dict[str, str]
) -> None:
    told = go_to_vendor(visitor, link)
    back = visitor.get(CALLBACK, params={"state": told["state"], **answer})
    page = visitor.get(back.location)
    assert (page.status, "GitHub is not connected yet" in page.text) == (200, True)
    assert "<script>" not in page.answer.text
    assert len(status_of(product, link)["error"]) < 500


def test_an_answer_counts_once(visitor: Visitor, link: Link) -> None:
    told = go_to_vendor(visitor, link)
    parameters = {"state": told["state"], "code": "octocat"}
    assert visitor.get(CALLBACK, params=parameters).status == 303
    assert visitor.get(CALLBACK, params=parameters).status == 403


def test_a_form_that_this_browser_was_not_given_is_refused(
    visitor: Visitor, product: CheckedTenant, link: Link, connecting_service: Service
) -> None:
    page = visitor.get(link.path)
    [form] = [one for one in page.forms if ("by", "oauth") in one.fields]
    other = make_link(product, vendor="github")
    stranger = Visitor(connecting_service)
    stranger.get(link.path)
    # of nobody, of another browser, for another link, from another site, without the cookie
    attempts = [
        visitor.call("POST", link.path, data=form.filled({FORM_TOKEN: "x"})),
        stranger.call("POST", link.path, data=form.filled({})),
        visitor.call("POST", other.path, data=form.filled({})),
        visitor.call("POST", link.path, data=form.filled({}), headers={"origin": "https://evil.example.com"}),
        visitor.call("POST", link.path, data=form.filled({}), headers={"sec-fetch-site": "cross-site"}),
        Visitor(connecting_service).call("POST", link.path, data=form.filled({})),
        visitor.call("POST", link.path, json={"by": "oauth"}),
    ]
    assert [one.status for one in attempts] == [403] * 6 + [400]
    assert "cookie" in attempts[5].text
    assert status_of(product, link)["state"] == "open"


def test_a_signed_in_administrator_can_connect_as_well(product: CheckedTenant, link: Link) -> None:
    admin = Visitor(product.service).signed_in(product.key)
    page = connect(admin, link, "octocat")
    assert "GitHub is connected" in page.text
    assert "Sign out" not in page.text


# What browsers are told


def test_an_administrator_is_led_back_to_the_console(product: CheckedTenant, stranger: CheckedTenant) -> None:
    admin = Visitor(product.service).signed_in(product.key)
    made = make_link(product, vendor="github")
    assert "/console/integrations" in links(admin.get(made.path))
    page = connect(admin, made, "octocat")
    assert f"/console/integrations/{integration_of(product, made)['id']}" in links(page)
    elsewhere = Visitor(product.service).signed_in(stranger.key)
    assert not [
        one for one in links(connect(elsewhere, make_link(product, vendor="github"), "octocat")) if "/console" in one
    ]


def test_the_page_gives_its_browser_a_name_and_keeps_its_address_to_itself(visitor: Visitor, link: Link) -> None:
    page = visitor.get(link.path)
    cookie = page.answer.headers["set-cookie"].lower()
    assert cookie.startswith(VISITOR)
    assert "httponly" in cookie
    headers = page.answer.headers
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    # the scheme lets https through as well (CSP 3, "matches scheme-part")
    assert "form-action 'self' http:" in policy
    assert "'unsafe" not in policy
    gone = send(visitor, page, link, "oauth")
    assert gone.answer.headers["referrer-policy"] == "same-origin"
    assert gone.answer.headers["cache-control"] == "no-store"


def test_the_token_is_in_no_log(visitor: Visitor, product: CheckedTenant, link: Link) -> None:
    connect(visitor, link, "octocat")
    log = product.service.read_log()
    assert link.path.rpartition("/")[2] not in log
    assert "/connect/{token}" in log


@pytest.mark.parametrize("path", ["", "/site", "/status"])
def test_other_methods_are_refused(visitor: Visitor, link: Link, path: str) -> None:
    for method in ("PUT", "DELETE", "PATCH"):
        assert visitor.call(method, link.path + path).status == 405


def test_the_status_is_for_pages_of_any_origin_and_takes_no_cookie(product: CheckedTenant, link: Link) -> None:
    answer = requests.get(
        f"{product.service.url}{link.path}/status", timeout=30, headers={"origin": "https://a.example"}
    )
    assert answer.json() == {"state": "open", "integration_id": None, "error": None}
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    unknown = requests.get(f"{product.service.url}/connect/nothing/status", timeout=30)
    assert (unknown.status_code, unknown.json()["state"]) == (404, "expired")
    assert unknown.headers["access-control-allow-origin"] == "*"


def test_the_script_is_small_and_for_pages_of_any_origin(connecting_service: Service) -> None:
    answer = requests.get(f"{connecting_service.url}/connect.js", timeout=30)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert len(answer.content) < 3 * 1024
    # ES2018 has neither of these
    assert not re.search(r"\?\.|\?\?|\basync\b.*=>|^import ", answer.text, re.MULTILINE)
    # not a link whose token is window.js
    assert requests.get(f"{connecting_service.url}/connect/window.js", timeout=30).status_code == 200
