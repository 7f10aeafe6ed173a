"""What happens elsewhere is seen on pages that are open, without a reload, and without taking anybody's focus away."""

from typing import Final

import pytest
from playwright.sync_api import expect

from support.checked_tenant import CheckedTenant
from support.console_tab import ConsoleTab
from support.vendor_server import Gate, VendorServer, refused, taken

pytestmark = pytest.mark.browser

#: a look a second at what has happened, and a second until a page asks again; on a machine that has other things to do
PATIENCE: Final = 20_000


def stay(tab: ConsoleTab) -> None:
    """Marks the document, so that a reload would be seen."""
    tab.page.evaluate("document.body.dataset.stayed = 'yes'")


def stayed(tab: ConsoleTab) -> bool:
    return bool(tab.page.evaluate("document.body.dataset.stayed === 'yes'"))


def test_a_verification_asked_for_elsewhere_runs_and_ends_on_the_jobs_page(
    tab: ConsoleTab, tenant: CheckedTenant, vendors: VendorServer
) -> None:
    token = f"live-{tenant.organisation.id}"
    gate = Gate(taken)
    vendors.answer(token, gate)
    integration = tenant.hub_integration("github", token, name="Workshop")["id"]
    tab.go("/console/jobs")
    expect(tab.page.get_by_role("heading", name="No jobs yet")).to_be_visible()
    expect(tab.page.locator(".live-mark")).to_have_text("Updates by itself")
    stay(tab)
    job = tenant.verification(integration)
    gate.wait()
    row = tab.page.locator(f"#job-{job}")
    expect(row.locator(".badge")).to_have_text("Running", timeout=PATIENCE)
    expect(row.locator(".steps .now")).to_have_text("Ask GitHub whether it takes the credential")
    row.get_by_role("link").focus()
    gate.open()
    expect(row.locator(".badge")).to_have_text("Done", timeout=PATIENCE)
    expect(row.get_by_role("link")).to_be_focused()
    expect(tab.page.get_by_role("heading", name="No jobs yet")).to_have_count(0)
    assert stayed(tab)


def test_the_page_of_an_integration_changes_its_badge_and_keeps_the_focus(
    tab: ConsoleTab, tenant: CheckedTenant, vendors: VendorServer
) -> None:
    token = f"badge-{tenant.organisation.id}"
    vendors.answer(token, taken)
    integration = tenant.hub_integration("github", token, name="Workshop")["id"]
    tenant.verified(integration)
    tab.go(f"/console/integrations/{integration}")
    badge = tab.page.locator(".diagnosis .badge")
    expect(badge).to_have_text("Live")
    expect(tab.page.locator(".live-mark")).to_have_text("Updates by itself")
    stay(tab)
    tab.page.get_by_role("link", name="Delete").focus()
    vendors.answer(token, refused)
    tenant.verified(integration)
    expect(badge).to_have_text("Needs reconnecting", timeout=PATIENCE)
    expect(tab.page.get_by_role("heading", name="GitHub does not accept its credential")).to_be_visible()
    expect(tab.page.get_by_role("link", name="Delete")).to_be_focused()
    vendors.answer(token, taken)
    tenant.verified(integration)
    expect(badge).to_have_text("Live", timeout=PATIENCE)
    expect(tab.page.get_by_role("link", name="Delete")).to_be_focused()
    assert stayed(tab)


def test_what_is_being_filled_in_is_left_alone(tab: ConsoleTab, tenant: CheckedTenant, vendors: VendorServer) -> None:
    token = f"search-{tenant.organisation.id}"
    vendors.answer(token, refused)
    integration = tenant.hub_integration("github", token, name="Workshop")["id"]
    tab.go("/console/integrations")
    expect(tab.page.locator(".live-mark")).to_have_text("Updates by itself")
    stay(tab)
    # the search has a key of its own
    tab.page.keyboard.press("/")
    search = tab.page.get_by_label("Search")
    expect(search).to_be_focused()
    search.press_sequentially("work")
    tenant.verified(integration)
    expect(tab.page.locator(".rows .badge")).to_have_text("Needs reconnecting", timeout=PATIENCE)
    expect(search).to_be_focused()
    expect(search).to_have_value("work")
    assert stayed(tab)


def test_the_overview_counts_on(tab: ConsoleTab, tenant: CheckedTenant, vendors: VendorServer) -> None:
    token = f"count-{tenant.organisation.id}"
    vendors.answer(token, taken)
    integration = tenant.hub_integration("github", token, name="Workshop")["id"]
    tab.go("/console")
    live = tab.page.get_by_role("listitem").filter(has=tab.page.get_by_role("link", name="live", exact=True))
    expect(live.locator("strong")).to_have_text("0")
    stay(tab)
    tenant.verified(integration)
    expect(live.locator("strong")).to_have_text("1", timeout=PATIENCE)
    assert stayed(tab)
