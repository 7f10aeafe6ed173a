"""Everything that can be done in the console, done with the mouse in the service as it ships, and seen to be done."""

import csv
import json
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from support.checked_tenant import CheckedTenant
from support.console_tab import ConsoleTab
from support.partner import Partner
from support.repository import Repository
from support.vendor_server import VendorServer, taken
from support.visitor import make_link
from support.waiting import until

pytestmark = pytest.mark.browser

KEY = re.compile(r"^jf_[A-Za-z0-9_-]{43}$")


@pytest.fixture
def operating(browser: Browser, tenant: CheckedTenant) -> Iterator[ConsoleTab]:
    handle = tenant.organisation.handle
    tab = ConsoleTab.signed_in(browser, tenant.operator, tenant.service.url, handle, is_operator=True)
    yield tab
    tab.context.close()
    assert tab.complaints == []


def connected(tenant: CheckedTenant, vendors: VendorServer, name: str = "Workshop") -> tuple[str, Repository]:
    """A GitHub integration that is live: its id, and where its items go."""
    repository = vendors.repository()
    token = f"ghp_{name}_{tenant.organisation.id}"
    vendors.answer(token, taken)
    made = tenant.hub_integration(
        "github", token, name=name, item_type="work_item", extra={"repository": repository.name}
    )
    tenant.verified(made["id"])
    return str(made["id"]), repository


def badge_of(tab: ConsoleTab, text: str) -> None:
    """The integration's page says so of it, by itself."""
    expect(tab.page.locator(".diagnosis .badge")).to_have_text(text, timeout=20_000)


def held(tenant: CheckedTenant, repository: Repository, integration: str, *keys: str) -> None:
    """The vendor took none of these items; from now on it takes them."""
    repository.fails = lambda asked: (422, {"message": "Validation Failed"}) if asked.method == "POST" else None
    for key in keys:
        body = {"title": f"Item {key}"}
        assert tenant.call("PUT", f"/v1/hubs/current/items/work_item/{key}", json=body).status_code in {200, 201}
    until(
        lambda: tenant.hubs("GET", f"/{integration}/deliveries", params={"filter[state]": "held"}).json()["data"],
        lambda found: len(found) == len(keys),
    )
    repository.fails = lambda _: None


def confirm(tab: ConsoleTab, deed: str) -> None:
    """Types what is to be typed, without which the button cannot be pressed."""
    expect(tab.page.get_by_role("button", name=deed)).to_be_disabled()
    name = tab.page.locator("label[for=confirm] strong").inner_text()
    tab.page.get_by_label("To confirm, type").fill(name)
    tab.press(deed)


# Integrations


def test_it_is_verified_paused_and_resumed(tab: ConsoleTab, tenant: CheckedTenant, vendors: VendorServer) -> None:
    integration, _ = connected(tenant, vendors)
    tab.go("/console/integrations")
    tab.follow("Workshop")
    tab.press("Verify now")
    tab.told("The vendor is being asked")
    badge_of(tab, "Live")
    tab.press("Pause")
    tab.told("It is paused")
    badge_of(tab, "Paused")
    tab.press("Undo")
    tab.told("It is at work again")
    badge_of(tab, "Live")
    tab.press("Pause")
    tab.press("Resume it")
    tab.told("It is at work again")
    tab.press("Synchronise")
    tab.told("What is at the vendor is being compared")
    assert tenant.hub_read(integration)["enabled"] is True


def test_it_is_edited_and_what_is_wrong_stands_beside_its_field(
    tab: ConsoleTab, tenant: CheckedTenant, vendors: VendorServer
) -> None:
    integration, repository = connected(tenant, vendors)
    tab.go(f"/console/integrations/{integration}")
    tab.follow("Edit")
    tab.page.get_by_label("Repository").fill("no repository")
    tab.press("Save")
    expect(tab.page.get_by_role("alert")).to_contain_text("Repository")
    tab.page.get_by_role("alert").get_by_role("link", name="Repository").click()
    expect(tab.page.get_by_label("Repository")).to_be_focused()
    expect(tab.page.get_by_label("Repository")).to_have_attribute("aria-invalid", "true")
    tab.check_looks()
    tab.page.get_by_label("Repository").fill(repository.name)
    tab.page.get_by_label(re.compile("^Name")).fill("Paint shop")
    tab.press("Save")
    tab.told("Saved")
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("Paint shop")
    # the browser tells of the form that came back
    tab.complaints = [one for one in tab.complaints if "422" not in one]


def test_somebody_else_connects_it_by_a_link(
    tab: ConsoleTab, browser: Browser, tenant: CheckedTenant, vendors: VendorServer
) -> None:
    integration, _ = connected(tenant, vendors)
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.go(f"/console/integrations/{integration}")
    tab.press("Link for somebody else")
    link = tab.page.locator("#secret").inner_text()
    tab.press("Copy")
    expect(tab.page.get_by_role("button", name="Copied")).to_be_visible()
    assert tab.page.evaluate("navigator.clipboard.readText()") == link
    tab.check_looks()
    other = ConsoleTab(browser, tenant.service.url)
    other.go(link)
    expect(other.page.get_by_role("heading", level=1)).to_contain_text("GitHub")
    other.context.close()


def test_it_is_deleted_once_its_name_is_typed(tab: ConsoleTab, tenant: CheckedTenant, vendors: VendorServer) -> None:
    integration, _ = connected(tenant, vendors)
    tab.go(f"/console/integrations/{integration}")
    tab.follow("Delete")
    button = tab.page.get_by_role("button", name="Delete it")
    expect(button).to_be_disabled()
    tab.page.get_by_label("To confirm, type").press_sequentially("Worksho")
    expect(button).to_be_disabled()
    tab.page.get_by_label("To confirm, type").press_sequentially("p")
    button.click()
    tab.told("It is being deleted")
    tab.go("/console/integrations")
    expect(tab.page.get_by_role("link", name="Workshop")).to_have_count(0)


def test_held_deliveries_are_let_go_one_and_all(tab: ConsoleTab, tenant: CheckedTenant, vendors: VendorServer) -> None:
    integration, repository = connected(tenant, vendors)
    held(tenant, repository, integration, "one", "two", "three")
    tab.go("/console/deliveries")
    row = tab.page.get_by_role("listitem").filter(has_text="Work item one")
    row.get_by_role("button", name="Try again").click()
    tab.told("Let go: 1")
    expect(row.locator(".badge")).to_have_text("Delivered", timeout=20_000)
    tab.press("Try all held ones")
    tab.told("Let go: 2")
    expect(tab.page.locator(".badge", has_text="Delivered")).to_have_count(3, timeout=20_000)
    assert repository.titles() == ["Item one", "Item three", "Item two"]


def test_held_deliveries_of_one_integration_are_let_go_on_its_page(
    tab: ConsoleTab, tenant: CheckedTenant, vendors: VendorServer
) -> None:
    integration, repository = connected(tenant, vendors)
    held(tenant, repository, integration, "one")
    tab.go(f"/console/integrations/{integration}")
    expect(tab.page.get_by_role("heading", name="Held deliveries")).to_be_visible()
    tab.press("Let the held deliveries go")
    tab.told("Let go: 1")
    expect(tab.page.get_by_role("heading", name="It works")).to_be_visible(timeout=20_000)
    expect(tab.page.get_by_role("heading", name="Held deliveries")).to_have_count(0)


# Items


def test_an_item_is_added_edited_and_deleted(tab: ConsoleTab, tenant: CheckedTenant, vendors: VendorServer) -> None:
    _, repository = connected(tenant, vendors)
    tab.go("/console/items")
    tab.follow("Add an item")
    tab.page.get_by_label("Key").fill("WO-1")
    tab.press("Save")
    expect(tab.page.get_by_role("alert").get_by_role("link")).to_have_text(["Title"])
    tab.page.get_by_label("Title").fill("Brakes squeal")
    tab.press("Save")
    tab.told("The item is saved")
    where = tab.page.get_by_role("region", name="Where it is")
    expect(where).to_contain_text("has the present version", timeout=20_000)
    tab.follow("Edit")
    tab.page.get_by_label("Title").fill("Brakes squeal badly")
    tab.page.get_by_label("Status").select_option(label="In progress")
    tab.press("Save")
    until(repository.titles, lambda titles: titles == ["Brakes squeal badly"])
    tab.follow("Delete")
    confirm(tab, "Delete the item")
    tab.told("The item is deleted")
    until(repository.one, lambda issue: issue["state"] == "closed")
    tab.complaints = [one for one in tab.complaints if "422" not in one]


# Keys


def test_a_key_is_shown_once_copied_and_revoked(tab: ConsoleTab, tenant: CheckedTenant) -> None:
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.go("/console/keys")
    tab.follow("New key")
    tab.page.get_by_label("User").fill("nightly")
    tab.page.get_by_role("checkbox", name="See integrations").check()
    tab.press("Make the key")
    secret = tab.page.locator("#secret").inner_text()
    assert KEY.match(secret)
    tab.press("Copy")
    expect(tab.page.get_by_role("button", name="Copied")).to_be_visible()
    assert tab.page.evaluate("navigator.clipboard.readText()") == secret
    tab.check_looks()
    tab.follow("I have kept it")
    assert secret not in tab.page.content()
    row = tab.page.get_by_role("listitem").filter(has_text="nightly")
    expect(row.locator(".badge")).to_have_text("Works")
    row.get_by_role("link").click()
    confirm(tab, "Revoke the key")
    tab.told("The key is revoked")
    expect(row.locator(".badge")).to_have_text("Revoked")
    tenant.key = secret
    assert tenant.hubs("GET", "").status_code == 401


# Audit


def test_the_audit_is_filtered_and_taken_home(
    tab: ConsoleTab, tenant: CheckedTenant, vendors: VendorServer, tmp_path: Path
) -> None:
    connected(tenant, vendors, "First")
    connected(tenant, vendors, "Second")
    tab.go("/console/audit")
    # a choice is asked for at once
    with tab.page.expect_navigation():
        tab.page.get_by_label("What").select_option(label="Created an integration")
    expect(tab.page.locator("tbody tr")).to_have_count(2)
    expect(tab.page.locator("tbody td:nth-child(3)")).to_have_text(["Created an integration"] * 2)
    files = {}
    for name in ("CSV", "JSON Lines"):
        with tab.page.expect_download() as coming:
            tab.press(f"Export as {name}")
        files[name] = tmp_path / coming.value.suggested_filename
        coming.value.save_as(files[name])
    rows = list(csv.DictReader(StringIO(files["CSV"].read_text())))
    lines = [json.loads(line) for line in files["JSON Lines"].read_text().splitlines()]
    assert [row["action"] for row in rows] == ["integration.created"] * 2
    assert [line["id"] for line in lines] == [row["id"] for row in rows]
    assert files["CSV"].suffix == ".csv"
    # the page is still there, and can be used again
    expect(tab.page.get_by_role("button", name="Export as CSV")).to_be_enabled()


# The organisation


def test_return_urls_are_saved_and_taken_back(tab: ConsoleTab) -> None:
    tab.go("/console/settings")
    urls = tab.page.get_by_label("Return URLs of connect links")
    urls.fill("https://app.example.com/settings")
    tab.press("Save")
    tab.told("Saved")
    tab.go("/console/settings")
    expect(urls).to_have_value("https://app.example.com/settings")
    urls.fill("")
    tab.press("Save")
    tab.press("Undo")
    expect(urls).to_have_value("https://app.example.com/settings")


def test_another_session_is_ended(tab: ConsoleTab, browser: Browser, tenant: CheckedTenant) -> None:
    other = ConsoleTab(browser, tenant.service.url)
    other.page.goto(make_link(tenant.operator, tenant.organisation.handle, "bob"))
    other.press("Sign in")
    tab.go("/console/settings")
    tab.press("End the session of bob")
    tab.told("The session is ended")
    expect(tab.page.get_by_text("This is you, here")).to_be_visible()
    other.go("/console/items")
    expect(other.page.get_by_role("heading", level=1)).to_have_text("Sign in")
    other.context.close()


def test_signing_out_ends_it(tab: ConsoleTab) -> None:
    tab.press("Sign out")
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("Sign in")
    tab.go("/console")
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("Sign in")


# The operator


def test_the_operator_approves_and_archives_an_app(operating: ConsoleTab, tenant: CheckedTenant) -> None:
    name = f"Parts Finder {tenant.organisation.id}"
    Partner.register(tenant, approved=False, name=name)
    operating.go("/console/catalogue")
    operating.follow("Apps to approve")
    row = operating.page.get_by_role("listitem").filter(has_text=name)
    row.get_by_role("button", name="Approve").click()
    operating.told("It is approved")
    with operating.page.expect_navigation():
        operating.page.get_by_label("Status").select_option("approved")
    expect(row.locator(".badge")).to_have_text("Approved")
    row.get_by_role("link", name="Archive").click()
    confirm(operating, "Archive the app")
    operating.told("It is archived")
