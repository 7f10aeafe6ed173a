"""A browser for the modules that want one, and an organisation in which something of everything is to be seen."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from support.checked_tenant import CheckedTenant
from support.chromium import ARGUMENTS
from support.console_tab import ConsoleTab
from support.operator import Operator
from support.service import Service
from support.showroom import Showroom, furnish
from support.vendor_server import VendorServer


# not of the session: there is one Playwright at a time in a process, and other modules have theirs
@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def room(operator: Operator, service: Service, vendors: VendorServer) -> Showroom:
    """Looked at alone: nothing in it is changed."""
    return furnish(CheckedTenant.create_checked(operator, service), vendors)


@pytest.fixture
def tab(browser: Browser, tenant: CheckedTenant) -> Iterator[ConsoleTab]:
    """Of an administrator of an organisation that is new; no fault was seen in it."""
    tab = ConsoleTab.signed_in(browser, tenant.operator, tenant.service.url, tenant.organisation.handle)
    yield tab
    tab.context.close()
    assert tab.complaints == []
