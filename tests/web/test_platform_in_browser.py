"""The install page and its neighbours in a real browser: by keyboard, without scripts, light and dark."""

import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from support.checked_tenant import CheckedTenant
from support.chromium import ARGUMENTS, Tab
from support.operator import Operator
from support.partner import Partner
from support.service import Service
from support.visitor import make_link

pytestmark = pytest.mark.browser

WIDTHS = {"desktop": 1280, "phone": 360, "smallest": 320}
FORM = {
    "type": "object",
    "required": ["account", "api_key", "plan", "limits"],
    "properties": {
        "account": {
            "type": "string",
            "title": "Account name",
            "description": "As your customers see it.",
            "minLength": 2,
        },
        "api_key": {"type": "string", "format": "password", "title": "API key", "minLength": 6},
        "plan": {"enum": ["free", "team", "enterprise"], "title": "Plan"},
        "home": {"type": "string", "format": "uri", "title": "Home page"},
        "mail": {"type": "string", "format": "email", "title": "Who gets reports"},
        "limits": {
            "type": "object",
            "title": "Limits",
            "description": "What the app may use of your account.",
            "required": ["calls"],
            "properties": {
                "calls": {"type": "integer", "title": "Calls a minute", "minimum": 1, "maximum": 600, "default": 60},
                "share": {"type": "number", "title": "Share of the quota", "minimum": 0, "maximum": 1},
            },
        },
        "events": {"type": "array", "title": "Events", "items": {"enum": ["created", "updated", "deleted"]}},
        "archive": {"type": "boolean", "title": "Archive what is closed", "description": "It can be undone."},
        "note": {"type": "string", "title": "Note", "maxLength": 500},
        "rules": {"type": "array", "title": "Rules", "description": "Each with a field and a value."},
    },
}
APP = {
    "name": "Parts Finder",
    "author": "Partner Ltd",
    "description": "Finds the parts that your workshop needs.\nIt looks at your orders every night.",
    "contact": "help@partner.example.com",
    "call_to_action": "Connect your workshop",
    "scopes": ["orders:read"],
    "identifier_field_path": "account",
    "configuration_fields": FORM,
    "error_codes": {"no-parts": "Your parts shop does not know this workshop.\nAsk it for an account first."},
}


ICON = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8" fill="teal"/></svg>'


class Callback(BaseHTTPRequestHandler):
    """The partner's own page, to which the browser is sent; on another origin than ours."""

    seen: list[dict[str, Any]]

    def do_GET(self) -> None:
        if self.path.startswith("/onward"):
            # to another host of the partner's
            self.send_response(303)
            port = self.server.server_address[1]
            self.send_header("Location", f"http://localhost:{port}{self.path.replace('/onward', '/callback')}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if self.path.startswith("/icon"):
            self.send_response(200)
            self.send_header("Content-Type", "image/svg+xml")
            self.send_header("Content-Length", str(len(ICON)))
            self.end_headers()
            self.wfile.write(ICON)
            return
        if self.path.startswith("/callback"):
            self.seen.append({"path": self.path, "referer": self.headers.get("referer")})
        content = b"<!doctype html><html lang=en><title>Partner</title><link rel=icon href=data:,><h1>Welcome back</h1>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def callback() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    handler = type("Handler", (Callback,), {"seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/callback", handler.seen  # type: ignore[attr-defined]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def developer(operator: Operator, service: Service) -> CheckedTenant:
    return CheckedTenant.create_checked(operator, service)


@pytest.fixture(scope="module")
def partner(developer: CheckedTenant, callback: tuple[str, list[dict[str, Any]]]) -> Partner:
    return Partner.register(developer, **APP, oauth_callback_url=callback[0])


@pytest.fixture
def installer(operator: Operator, service: Service) -> CheckedTenant:
    organisation = operator.create_organisation(f"Acme Motors {uuid.uuid4().hex[:6]}")
    return CheckedTenant(operator, service, organisation, "alice", operator.create_key(organisation))


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    tab = Tab(browser)
    yield tab
    tab.context.close()


def sign_in(tab: Tab, tenant: CheckedTenant) -> None:
    tab.page.goto(tenant.service.url + make_link(tenant.operator, tenant.organisation.handle))
    tab.page.get_by_role("button", name="Sign in").click()
    tab.page.wait_for_url("**/console")


def page_of(partner: Partner) -> str:
    return f"{partner.developer.service.url}/platform/integrations/{partner.id}"


def fill_in(tab: Tab) -> None:
    page = tab.page
    page.get_by_label("Account name").fill("Acme")
    page.get_by_label("API key").fill("hunter2 in clear")
    page.get_by_label("Plan").select_option("team")


def configuration_of(partner: Partner, seen: dict[str, Any]) -> Any:
    """What the partner reads with the code that the browser brought."""
    code = parse_qs(urlsplit(seen["path"]).query)["code"][0]
    token = partner.exchange(code).json()["access_token"]
    path = f"/api/v2/platform-integrations/{partner.id}/installations/self"
    return partner.call("GET", path, token).json()["configuration"]


def test_every_kind_of_field_by_keyboard_alone(
    tab: Tab, partner: Partner, installer: CheckedTenant, callback: tuple[str, list[dict[str, Any]]]
) -> None:
    sign_in(tab, installer)
    tab.page.goto(page_of(partner))
    keyboard = tab.page.keyboard
    keyboard.press("Tab")
    assert tab.focused() == "Skip to content"
    keyboard.press("Enter")

    def reach(name: str) -> None:
        keyboard.press("Tab")
        assert tab.focused() == name
        outline = tab.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", name

    typed = {
        "/account": "Acme",
        "/api_key": "hunter2 in clear",
        "/plan": "tea",
        "/home": "https://acme.example.com",
        "/mail": "reports@acme.example.com",
        "/limits/calls": "90",
        "/limits/share": "0.5",
        "/events": " ",
    }
    for name, keys in typed.items():
        reach(name)
        if name == "/limits/calls":
            keyboard.press("Control+A")
        keyboard.type(keys)
    reach("/events")
    reach("/events")
    keyboard.press("Space")
    reach("/archive")
    keyboard.press("Space")
    reach("/note")
    keyboard.type("Two\nlines")
    reach("/rules")
    keyboard.type('[{"field": "status"}]')
    reach("Connect your workshop")
    before = len(callback[1])
    keyboard.press("Enter")
    expect(tab.page.get_by_role("heading", name="Welcome back")).to_be_visible()
    [seen] = callback[1][before:]
    # the origin and no more
    assert seen["referer"] == f"{installer.service.url}/"
    assert configuration_of(partner, seen) == {
        "account": "Acme",
        "api_key": "hunter2 in clear",
        "plan": "team",
        "home": "https://acme.example.com",
        "mail": "reports@acme.example.com",
        "limits": {"calls": 90, "share": 0.5},
        "events": ["created", "deleted"],
        "archive": True,
        "note": "Two\nlines",
        "rules": [{"field": "status"}],
    }
    assert tab.complaints == []


def test_errors_are_told_where_they_are_and_typed_values_stay(
    tab: Tab, partner: Partner, installer: CheckedTenant, callback: tuple[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    sign_in(tab, installer)
    page = tab.page
    page.goto(page_of(partner))
    page.get_by_label("Account name").fill("A")
    page.get_by_label("API key").fill("hunter2 in clear")
    page.get_by_label("Home page").fill("acme")
    page.get_by_label("Who gets reports").fill("nobody")
    page.get_by_label("Calls a minute").fill("many")
    page.get_by_label("Share of the quota").fill("1.5")
    page.get_by_label("updated").check()
    page.get_by_label("Rules").fill("[1")
    page.get_by_role("button", name="Connect your workshop").click()

    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Please check what you filled in")
    assert page.title().startswith("Please check")
    expect(page.get_by_label("Account name")).to_have_value("A")
    expect(page.get_by_label("API key")).to_have_value("")
    expect(page.get_by_label("Calls a minute")).to_have_value("many")
    expect(page.get_by_label("Home page")).to_have_value("acme")
    expect(page.get_by_label("updated")).to_be_checked()
    expect(page.get_by_label("created")).not_to_be_checked()
    for label in (
        "Account name",
        "Plan",
        "Home page",
        "Who gets reports",
        "Calls a minute",
        "Share of the quota",
        "Rules",
    ):
        field = page.get_by_label(label)
        expect(field).to_have_attribute("aria-invalid", "true")
        described = (field.get_attribute("aria-describedby") or "").split()
        flaw = next(one for one in described if one.endswith("-flaw"))
        expect(page.locator(f"#{flaw}")).not_to_be_empty()
    # from the summary to the field, by keyboard
    alert.get_by_role("link", name="Calls a minute").focus()
    page.keyboard.press("Enter")
    assert tab.focused() == "/limits/calls"
    for scheme in ("light", "dark"):
        for size, width in WIDTHS.items():
            tab.look(scheme, width, tmp_path / f"flaws-{scheme}-{size}.png")
    assert tab.flaws() == []

    fill_in(tab)
    for label, value in (("Calls a minute", "5"), ("Share of the quota", "1"), ("Rules", "")):
        page.get_by_label(label).fill(value)
    page.get_by_label("Home page").fill("https://acme.example.com")
    page.get_by_label("Who gets reports").fill("a@example.com")
    page.get_by_role("button", name="Connect your workshop").click()
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    # the browser itself tells of the 422, and of nothing else
    assert [one for one in tab.complaints if "422" not in one] == []


def test_it_works_without_scripts(
    browser: Browser, partner: Partner, installer: CheckedTenant, callback: tuple[str, list[dict[str, Any]]]
) -> None:
    tab = Tab(browser, java_script_enabled=False)
    tab.page.goto(page_of(partner))
    # not signed in: there, and back
    tab.page.get_by_label("API key").fill(installer.key)
    tab.page.get_by_role("button", name="Sign in").click()
    expect(tab.page.get_by_role("heading", name="Install Parts Finder")).to_be_visible()
    fill_in(tab)
    before = len(callback[1])
    tab.page.get_by_role("button", name="Connect your workshop").click()
    expect(tab.page.get_by_role("heading", name="Welcome back")).to_be_visible()
    [seen] = callback[1][before:]
    assert configuration_of(partner, seen)["limits"] == {"calls": 60}
    tab.context.close()


def test_the_partner_may_send_the_browser_on_to_another_host(
    tab: Tab, developer: CheckedTenant, installer: CheckedTenant, callback: tuple[str, list[dict[str, Any]]]
) -> None:
    onward = callback[0].replace("/callback", "/onward")
    partner = Partner.register(developer, **{**APP, "configuration_fields": None}, oauth_callback_url=onward)
    sign_in(tab, installer)
    tab.page.goto(page_of(partner))
    tab.page.get_by_role("button", name="Connect your workshop").click()
    expect(tab.page.get_by_role("heading", name="Welcome back")).to_be_visible()
    assert urlsplit(tab.page.url).hostname == "localhost"
    assert tab.complaints == []


def test_two_clicks_make_one_installation(tab: Tab, partner: Partner, installer: CheckedTenant) -> None:
    sign_in(tab, installer)
    tab.page.goto(page_of(partner))
    fill_in(tab)
    tab.page.get_by_role("button", name="Connect your workshop").dblclick()
    expect(tab.page.get_by_role("heading", name="Welcome back")).to_be_visible()
    found = installer.hubs("GET", "", params={"filter[vendor]": partner.id}).json()["data"]
    assert len(found) == 1


def test_a_signed_in_person_can_sign_out(tab: Tab, partner: Partner, installer: CheckedTenant) -> None:
    sign_in(tab, installer)
    tab.page.goto(page_of(partner))
    tab.page.get_by_role("button", name="Sign out").click()
    expect(tab.page.get_by_role("heading", name="Sign in")).to_be_visible()
    tab.page.goto(page_of(partner))
    expect(tab.page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert tab.complaints == []


LISTS = {
    "type": "object",
    "title": "Your workshop",
    "description": "What the app needs to find parts for you.",
    "required": ["account", "terms"],
    "properties": {
        "account": {"type": "string", "title": "Account name"},
        "tags": {"type": "array", "title": "Tag", "items": {"type": "string", "maxLength": 8}},
        "shops": {
            "type": "array",
            "title": "Shop",
            "description": "Each shop that you buy from.",
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "title": "Shop name"},
                    "key": {"type": "string", "format": "password", "title": "Shop key"},
                    "since": {"type": "string", "format": "date", "title": "Customer since"},
                },
            },
        },
        "terms": {"const": True, "title": "I agree to the terms"},
        "extra": {"anyOf": [{"type": "string", "format": "password"}, {"type": "integer"}], "title": "Anything else"},
    },
}


@pytest.fixture(scope="module")
def list_partner(developer: CheckedTenant, callback: tuple[str, list[dict[str, Any]]]) -> Partner:
    icon = callback[0].replace("/callback", "/icon")
    return Partner.register(
        developer, **{**APP, "configuration_fields": LISTS}, oauth_callback_url=callback[0], icon_url=icon
    )


def test_rows_are_added_and_removed_in_place_and_typed_secrets_stay(
    tab: Tab, list_partner: Partner, installer: CheckedTenant, callback: tuple[str, list[dict[str, Any]]]
) -> None:
    sign_in(tab, installer)
    page = tab.page
    page.goto(page_of(list_partner))
    page.get_by_label("Account name").fill("Acme")
    page.get_by_label("Shop name").fill("North")
    page.get_by_label("Shop key").fill("hunter2 in clear")
    add = page.get_by_role("button", name="Add a row to Shop")
    add.click()
    expect(page.get_by_label("Shop name")).to_have_count(2)
    # the first control of the new row is where one goes on typing
    assert tab.focused() == "/shops/1/name"
    page.keyboard.type("South")
    add.click()
    expect(page.get_by_label("Shop name")).to_have_count(3)
    page.get_by_label("Shop name").nth(2).fill("West")
    page.get_by_label("Customer since").nth(2).fill("2026-12-31")
    page.get_by_role("button", name="Remove Shop 2").click()
    expect(page.get_by_label("Shop name")).to_have_count(2)
    expect(page.get_by_role("button", name="Remove Shop 2")).to_have_count(1)
    expect(page.get_by_label("Shop key").first).to_have_value("hunter2 in clear")
    page.get_by_role("button", name="Remove Tag 1").click()
    assert tab.focused() == "add_row"
    page.get_by_label("I agree to the terms").check()
    before = len(callback[1])
    # Enter sends the form, and adds no row
    page.get_by_label("Account name").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    [seen] = callback[1][before:]
    assert configuration_of(list_partner, seen) == {
        "account": "Acme",
        "shops": [{"name": "North", "key": "hunter2 in clear"}, {"name": "West", "since": "2026-12-31"}],
        "terms": True,
    }
    assert tab.complaints == []


def test_rows_are_added_and_removed_where_scripts_are_off(
    browser: Browser, list_partner: Partner, installer: CheckedTenant, callback: tuple[str, list[dict[str, Any]]]
) -> None:
    tab = Tab(browser, java_script_enabled=False)
    page = tab.page
    page.goto(installer.service.url + make_link(installer.operator, installer.organisation.handle))
    page.get_by_role("button", name="Sign in").click()
    page.goto(page_of(list_partner))
    page.get_by_label("Account name").fill("Acme")
    page.get_by_role("textbox", name="Tag 1").fill("a")
    page.get_by_role("button", name="Add a row to Tag").click()
    expect(page.get_by_role("textbox", name="Tag 1")).to_have_value("a")
    page.get_by_role("textbox", name="Tag 2").fill("b")
    page.get_by_role("button", name="Remove Tag 1").click()
    expect(page.get_by_role("textbox", name="Tag 1")).to_have_value("b")
    page.get_by_label("I agree to the terms").check()
    before = len(callback[1])
    page.get_by_role("button", name="Connect your workshop").click()
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    [seen] = callback[1][before:]
    assert configuration_of(list_partner, seen) == {"account": "Acme", "tags": ["b"], "terms": True}
    tab.context.close()


def test_a_form_with_rows_looks_right_and_axe_finds_nothing(
    tab: Tab, list_partner: Partner, installer: CheckedTenant, tmp_path: Path
) -> None:
    sign_in(tab, installer)
    page = tab.page
    page.goto(page_of(list_partner))
    page.get_by_role("button", name="Add a row to Shop").click()
    expect(page.get_by_label("Shop name")).to_have_count(2)
    look_at(tab, tmp_path, "rows")
    # what can hold a secret and is written as JSON is not in the open
    veil = page.get_by_label("Anything else").evaluate("one => getComputedStyle(one).webkitTextSecurity")
    assert veil == "disc"
    page.get_by_role("textbox", name="Tag 1").fill("much too long")
    page.get_by_role("button", name="Connect your workshop").click()
    expect(page.get_by_role("alert")).to_contain_text("Tag")
    look_at(tab, tmp_path, "rows-with-flaws")
    page.goto(page_of(list_partner) + "/connections/error?error_code=no-parts")
    look_at(tab, tmp_path, "nothing-begun")


def test_what_was_begun_is_removed_by_a_button(
    tab: Tab, partner: Partner, installer: CheckedTenant, tmp_path: Path
) -> None:
    sign_in(tab, installer)
    tab.page.goto(page_of(partner))
    fill_in(tab)
    tab.page.get_by_role("button", name="Connect your workshop").click()
    expect(tab.page.get_by_role("heading", name="Welcome back")).to_be_visible()
    tab.page.goto(page_of(partner) + "/connections/success")
    expect(tab.page.get_by_role("heading", name="isn't connected yet")).to_be_visible()
    look_at(tab, tmp_path, "pending")
    tab.page.goto(page_of(partner) + "/connections/error?error_code=no-parts")
    look_at(tab, tmp_path, "failed")
    tab.page.get_by_role("button", name="Remove this installation").click()
    expect(tab.page.get_by_role("heading", name="The installation was removed")).to_be_visible()
    look_at(tab, tmp_path, "removed")
    assert tab.complaints == []


def test_replacing_a_client_secret_looks_right(tab: Tab, partner: Partner, tmp_path: Path) -> None:
    sign_in(tab, partner.developer)
    tab.page.goto(f"{partner.developer.service.url}/console/catalogue/{partner.id}")
    tab.page.get_by_role("link", name="Replace client secret").click()
    look_at(tab, tmp_path, "client-secret")
    tab.page.get_by_label("Keep working for 7 days").check()
    tab.page.get_by_role("button", name="Replace client secret").click()
    expect(tab.page.get_by_text("Copy it now")).to_be_visible()
    look_at(tab, tmp_path, "client-secret-made")


PAGES = {
    "form": "",
    "success": "/connections/success",
    "error": "/connections/error?error_code=no-parts",
    "unknown-error": "/connections/error?error_code=x",
    "not-found": "x",
}


@pytest.mark.parametrize("name", PAGES)
def test_pages_look_right_and_axe_finds_nothing(
    tab: Tab, partner: Partner, installer: CheckedTenant, tmp_path: Path, name: str
) -> None:
    """Whether they look right, a person has to say: the pictures are in the test's directory."""
    sign_in(tab, installer)
    tab.page.goto(page_of(partner) + PAGES[name])
    look_at(tab, tmp_path, name)
    assert [one for one in tab.complaints if "404" not in one] == []


@pytest.mark.parametrize("name", ["sign-in", "refused", "link"])
def test_pages_of_visitors_look_right_and_axe_finds_nothing(
    tab: Tab, installer: CheckedTenant, tmp_path: Path, name: str
) -> None:
    link = make_link(installer.operator, installer.organisation.handle)
    tab.page.goto(installer.service.url + (link if name == "link" else "/console/sign-in"))
    if name == "refused":
        tab.page.get_by_label("API key").fill("jf_nonsense")
        tab.page.get_by_role("button", name="Sign in").click()
        expect(tab.page.get_by_role("alert")).to_be_visible()
    look_at(tab, tmp_path, name)
    assert [one for one in tab.complaints if "403" not in one] == []


def look_at(tab: Tab, directory: Path, name: str) -> None:
    for scheme in ("light", "dark"):
        for size, width in WIDTHS.items():
            tab.look(scheme, width, directory / f"{name}-{scheme}-{size}.png")
    tab.page.set_viewport_size({"width": WIDTHS["desktop"], "height": 900})
    levels = tab.page.eval_on_selector_all("h1, h2, h3", "all => all.map(one => Number(one.tagName[1]))")
    assert levels.count(1) == 1
    assert tab.page.get_attribute("html", "lang") == "en"
    assert tab.page.title().endswith("Jackfield")
    assert tab.flaws() == []
