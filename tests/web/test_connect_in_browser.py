"""Customers connect, reconnect and repair GitHub, Slack and Linear in a real browser, at somebody else's emulator.

With and without scripts, by keyboard alone, in a window of its own, light and dark.
"""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from joserfc.jwk import RSAKey
from playwright.sync_api import Browser, Page, expect, sync_playwright

from support.checked_tenant import CheckedTenant
from support.chromium import ARGUMENTS, Tab
from support.connecting import CALLBACK, Link, allow_return_urls, make_link, status_of
from support.emulator import CLIENT_ID, CLIENT_SECRET, TOKEN_OF_NOBODY, Emulator, start_emulator
from support.operator import Operator
from support.service import Service, free_port, start_service

pytestmark = pytest.mark.browser

WIDTHS: Final = {"desktop": 1280, "phone": 360}
NAMES: Final = {"github": "GitHub", "slack": "Slack", "linear": "Linear"}
#: whose button is pressed at each vendor
WHO: Final = {"github": "octocat", "slack": "admin", "linear": "Jackfield"}
every_vendor = pytest.mark.parametrize("vendor", list(WHO))
#: of an app's own, which no user has
BROKEN_TOKEN: Final = "eyJhbGciOiJub25lIn0.e30.broken"


@dataclass
class Place:
    """The emulator, and a service that has its vendors there."""

    emulator: Emulator
    service: Service


@pytest.fixture(scope="module")
def own_environment(environment: dict[str, str], server_url: str) -> Iterator[dict[str, str]]:
    """With a database of its own, since other services of this worker would run its jobs, and know other vendors."""
    with Operator.database(server_url, f"jackfield_test_connect_{uuid.uuid4().hex}") as dsn:
        yield {**environment, "JACKFIELD_DATABASE_URL": dsn}


@pytest.fixture(scope="module")
def operator(own_environment: dict[str, str]) -> Iterator[Operator]:
    with Operator.open(own_environment) as operator:
        yield operator


@pytest.fixture(scope="module")
def place(own_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    private_key = RSAKey.generate_key(2048).as_pem(private=True).decode()
    directory = tmp_path_factory.mktemp("emulator")
    with start_emulator(directory, private_key, [url + CALLBACK]) as emulator:
        more = {**settings_of(emulator), "JACKFIELD_PUBLIC_URL": url}
        with start_service({**own_environment, **more}, directory / "service.log", port) as service:
            yield Place(emulator, service)


def settings_of(emulator: Emulator) -> dict[str, str]:
    settings = {}
    for slug in WHO:
        url = getattr(emulator, slug)
        values = {
            "BASE_URL": url,
            "API_URL": f"{url}/api" if slug == "slack" else url,
            "CLIENT_ID": CLIENT_ID,
            "CLIENT_SECRET": CLIENT_SECRET,
        }
        settings |= {f"JACKFIELD_PROVIDERS__{slug.upper()}__{name}": value for name, value in values.items()}
    return settings


class ProductPage(BaseHTTPRequestHandler):
    """A product on another origin: opens what its address has as `url`, and tells in its title what came of it."""

    script: str

    def do_GET(self) -> None:
        content = f"""<!doctype html><html lang=en><meta charset=utf-8><title>Product</title><link rel=icon href=data:,>
<script src="{self.script}"></script><main><h1>Integrations</h1><button id=connect>Connect</button></main>
<script>document.getElementById("connect").onclick = () => {{
  const url = new URLSearchParams(location.search).get("url");
  Jackfield.connect(url, {{popup: true, patience: 2}}).then(
    (made) => document.title = made.state + " " + made.integration_id,
    (error) => document.title = error.code + ": " + error.message);
}};</script>""".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def product(place: Place) -> Iterator[str]:
    handler = type("Handler", (ProductPage,), {"script": f"{place.service.url}/connect.js"})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    # another site than the service's, not only another port
    yield f"http://localhost:{server.server_address[1]}/settings"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    tab = Tab(browser)
    yield tab
    tab.context.close()


@pytest.fixture
def tenant(operator: Operator, place: Place, product: str) -> CheckedTenant:
    organisation = operator.create_organisation(f"Acme Motors {uuid.uuid4().hex[:6]}")
    made = CheckedTenant(operator, place.service, organisation, "alice", operator.create_key(organisation))
    allow_return_urls(made, product)
    return made


def open_link(tab: Tab, tenant: CheckedTenant, link: Link) -> None:
    tab.page.goto(tenant.service.url + link.path)


def approve(page: Page, who: str) -> None:
    """At the vendor, as a person does."""
    page.locator("form", has_text=who).locator("button").click()


def connect(tab: Tab, tenant: CheckedTenant, link: Link, vendor: str, who: str = "") -> None:
    open_link(tab, tenant, link)
    tab.page.get_by_role("button", name=re.compile("^(Continue to|Try again)")).click()
    approve(tab.page, who or WHO[vendor])


def connected(tab: Tab, tenant: CheckedTenant, link: Link, vendor: str, who: str = "") -> str:
    """The id of the integration, which is connected now and works."""
    connect(tab, tenant, link, vendor, who)
    expect(tab.page.get_by_role("heading", name=f"{NAMES[vendor]} is connected")).to_be_visible()
    integration_id = str(status_of(tenant, link)["integration_id"])
    assert tenant.hub_read(integration_id)["health"]["status"] == "active"
    return integration_id


def break_it(tenant: CheckedTenant, emulator: Emulator, vendor: str, integration_id: str) -> None:
    """The vendor does not take the credential any more, which a verification finds out."""
    if vendor == "linear":
        [found] = tenant.listed(integration_type="linear").values()
        for name in ("refresh_token", "access_token"):
            ended = {"token": found["auth_data"][name], "token_type_hint": name}
            assert requests.post(f"{emulator.linear}/oauth/revoke", data=ended, timeout=30).status_code == 200
    else:
        token = TOKEN_OF_NOBODY if vendor == "slack" else BROKEN_TOKEN
        assert tenant.hubs("PATCH", f"/{integration_id}", json={"auth": {"api_key": token}}).status_code == 200
    health = tenant.verified(integration_id)["health"]
    assert health["status"] == "needs_reauthorisation", health


# The three vendors


@every_vendor
def test_connected_reconnected_broken_and_repaired(
    tab: Tab, browser: Browser, place: Place, tenant: CheckedTenant, vendor: str
) -> None:
    integration_id = connected(tab, tenant, make_link(tenant, vendor=vendor), vendor)
    expect(tab.page.get_by_role("status")).to_contain_text(re.compile(r"^As \S"))

    again = make_link(tenant, integration_id=integration_id)
    assert connected(tab, tenant, again, vendor) == integration_id

    break_it(tenant, place.emulator, vendor, integration_id)
    # whoever repairs it need not be who connected it, and sits at another browser
    other = Tab(browser)
    repair = make_link(tenant, integration_id=integration_id)
    open_link(other, tenant, repair)
    expect(other.page.get_by_role("heading", name=f"Reconnect {NAMES[vendor]}")).to_be_visible()
    assert connected(other, tenant, repair, vendor) == integration_id
    assert tenant.verified(integration_id)["health"]["status"] == "active"
    other.context.close()
    assert tab.complaints == []


def test_another_account_is_refused_and_both_are_named(tab: Tab, tenant: CheckedTenant) -> None:
    integration_id = connected(tab, tenant, make_link(tenant, vendor="github"), "github", "octocat")
    link = make_link(tenant, integration_id=integration_id)
    connect(tab, tenant, link, "github", "admin")
    alert = tab.page.get_by_role("alert")
    expect(alert).to_contain_text("octocat")
    expect(alert).to_contain_text("admin")
    assert tenant.hub_read(integration_id)["account"]["name"] == "octocat"
    # the right one, from the same page
    tab.page.get_by_role("button", name="Try again").click()
    approve(tab.page, "octocat")
    expect(tab.page.get_by_role("heading", name="GitHub is connected")).to_be_visible()
    assert status_of(tenant, link)["integration_id"] == integration_id


# The product's side


def open_product(tab: Tab, product: str, tenant: CheckedTenant, link: Link) -> None:
    tab.page.goto(f"{product}?url={tenant.service.url}{link.path}")


def test_a_window_of_its_own_resolves_the_products_promise(tab: Tab, tenant: CheckedTenant, product: str) -> None:
    link = make_link(tenant, vendor="github", return_url=product)
    open_product(tab, product, tenant, link)
    with tab.page.expect_popup() as opened:
        tab.page.get_by_role("button", name="Connect").click()
    popup = opened.value
    popup.get_by_role("button", name="Continue to GitHub").click()
    with popup.expect_event("close"):
        approve(popup, "octocat")
    expect(tab.page).to_have_title(f"connected {status_of(tenant, link)['integration_id']}")
    assert tab.complaints == []


def test_a_window_that_is_closed_rejects_it(tab: Tab, tenant: CheckedTenant, product: str) -> None:
    link = make_link(tenant, vendor="github", return_url=product)
    open_product(tab, product, tenant, link)
    with tab.page.expect_popup() as opened:
        tab.page.get_by_role("button", name="Connect").click()
    # pressed a moment later, since the window is gone with it, and with the window the answer to a click
    cancel = opened.value.get_by_role("link", name="Cancel")
    cancel.evaluate("link => { setTimeout(() => link.click(), 0); }")
    expect(tab.page).to_have_title("closed: The window was closed")


def test_a_failure_is_told_when_the_window_is_closed(tab: Tab, tenant: CheckedTenant, product: str) -> None:
    integration_id = connected(tab, tenant, make_link(tenant, vendor="github"), "github", "octocat")
    link = make_link(tenant, integration_id=integration_id)
    open_product(tab, product, tenant, link)
    with tab.page.expect_popup() as opened:
        tab.page.get_by_role("button", name="Connect").click()
    popup = opened.value
    popup.get_by_role("button", name="Continue to GitHub").click()
    approve(popup, "admin")
    expect(popup.get_by_role("alert")).to_be_visible()
    popup.close()
    expect(tab.page).to_have_title(f"failed: {status_of(tenant, link)['error']}")


def test_a_link_that_is_no_good_rejects_it(tab: Tab, tenant: CheckedTenant, product: str) -> None:
    open_product(tab, product, tenant, Link("", "/connect/nothing"))
    with tab.page.expect_popup():
        tab.page.get_by_role("button", name="Connect").click()
    expect(tab.page).to_have_title("expired: The link has expired")


def test_on_a_narrow_screen_the_page_itself_goes_there_and_comes_back(
    browser: Browser, tenant: CheckedTenant, product: str
) -> None:
    tab = Tab(browser, viewport={"width": 390, "height": 844})
    link = make_link(tenant, vendor="github", return_url=product)
    open_product(tab, product, tenant, link)
    tab.page.get_by_role("button", name="Connect").click()
    tab.page.get_by_role("button", name="Continue to GitHub").click()
    approve(tab.page, "octocat")
    tab.page.wait_for_url(f"{product}**")
    told = {name: one for name, [one] in parse_qs(urlsplit(tab.page.url).query).items()}
    assert told == {"connect_status": "connected", "integration_id": status_of(tenant, link)["integration_id"]}
    assert len(tab.context.pages) == 1
    tab.context.close()


# Everybody


def test_it_works_without_scripts(browser: Browser, tenant: CheckedTenant, product: str) -> None:
    tab = Tab(browser, java_script_enabled=False)
    link = make_link(tenant, vendor="github", return_url=product)
    integration_id = connected(tab, tenant, link, "github")
    expect(tab.page.get_by_role("button")).to_have_count(0)
    tab.page.get_by_role("link", name="Back to localhost").click()
    assert f"integration_id={integration_id}" in tab.page.url
    tab.context.close()


def test_by_keyboard_alone(tab: Tab, tenant: CheckedTenant) -> None:
    link = make_link(tenant, vendor="github")
    open_link(tab, tenant, link)
    keyboard = tab.page.keyboard
    keyboard.press("Tab")
    assert tab.focused() == "Skip to content"
    keyboard.press("Enter")
    keyboard.press("Tab")
    assert tab.focused() == "Continue to GitHub"
    outline = tab.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    # past it to the form, where one way of two is asked for
    keyboard.press("Tab")
    assert tab.focused() == "Use a token instead"
    keyboard.press("Enter")
    keyboard.press("Tab")
    assert tab.focused() == "way"
    keyboard.press("Tab")
    assert tab.focused() == "token/auth/api_key"
    keyboard.press("Shift+Tab")
    keyboard.press("ArrowDown")
    keyboard.press("Tab")
    assert tab.focused() == "app/extra/installation_id"
    expect(tab.page.get_by_label("Personal access token").last).to_be_hidden()
    for _ in range(3):
        keyboard.press("Shift+Tab")
    assert tab.focused() == "Continue to GitHub"
    keyboard.press("Enter")
    expect(tab.page.locator("form", has_text="octocat")).to_be_visible()


# How it looks


def look_at(tab: Tab, directory: Path, name: str, language: str = "en") -> None:
    """Whether it looks right, a person has to say: the pictures are in the test's directory."""
    for scheme in ("light", "dark"):
        for size, width in WIDTHS.items():
            tab.look(scheme, width, directory / f"{name}-{scheme}-{size}.png")
    tab.page.set_viewport_size({"width": WIDTHS["desktop"], "height": 900})
    levels = tab.page.eval_on_selector_all("h1, h2, h3", "all => all.map(one => Number(one.tagName[1]))")
    assert levels.count(1) == 1
    assert tab.page.get_attribute("html", "lang") == language
    assert tab.flaws() == []


@every_vendor
def test_the_way_of_each_vendor_looks_right_and_axe_finds_nothing(
    tab: Tab, tenant: CheckedTenant, tmp_path: Path, vendor: str
) -> None:
    link = make_link(tenant, vendor=vendor)
    open_link(tab, tenant, link)
    look_at(tab, tmp_path, f"{vendor}-begin")
    connected(tab, tenant, link, vendor)
    look_at(tab, tmp_path, f"{vendor}-done")


@pytest.mark.parametrize("locale", ["de", "fr", "es"])
def test_flaws_look_right_in_each_language(tab: Tab, tenant: CheckedTenant, tmp_path: Path, locale: str) -> None:
    open_link(tab, tenant, make_link(tenant, vendor="github", locale=locale))
    tab.page.locator("details.instead > summary").click()
    tab.page.locator("details.instead button").click()
    expect(tab.page.get_by_role("alert")).to_be_visible()
    look_at(tab, tmp_path, f"flaws-{locale}", locale)
    assert [one for one in tab.complaints if "422" not in one] == []


def test_forms_and_faults_look_right(tab: Tab, tenant: CheckedTenant, tmp_path: Path) -> None:
    page = tab.page
    open_link(tab, tenant, make_link(tenant, vendor="github"))
    page.get_by_text("Use a token instead").click()
    page.get_by_role("radio", name="GitHub App").check()
    page.get_by_text("More settings").click()
    look_at(tab, tmp_path, "form")
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_role("alert").get_by_role("link")).to_have_text(
        ["Installation ID", "App ID", "Private key of the app"]
    )
    # from the summary to the field
    page.get_by_role("link", name="App ID").click()
    assert tab.focused() == "app/auth/client_id"
    look_at(tab, tmp_path, "flaws")
    integration_id = connected(tab, tenant, make_link(tenant, vendor="github"), "github", "octocat")
    connect(tab, tenant, make_link(tenant, integration_id=integration_id), "github", "admin")
    expect(page.get_by_role("alert")).to_be_visible()
    look_at(tab, tmp_path, "refused")
    assert [one for one in tab.complaints if "422" not in one] == []


def test_what_is_no_link_looks_right(tab: Tab, tenant: CheckedTenant, tmp_path: Path) -> None:
    open_link(tab, tenant, Link("", "/connect/nothing"))
    look_at(tab, tmp_path, "over")
    tab.page.goto(f"{tenant.service.url}{CALLBACK}?state=x")
    look_at(tab, tmp_path, "late")
