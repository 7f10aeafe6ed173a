"""Every page of the console as it is seen: light and dark, from a desktop down to the narrowest phone."""

from collections.abc import Iterator
from typing import Final, Literal

import pytest
from playwright.sync_api import Browser, StorageState, expect

from support.console_tab import ConsoleTab
from support.operator import Operator
from support.service import Service
from support.showroom import PAGES, Showroom

pytestmark = pytest.mark.browser

#: issue 8, Figures: the page itself, its style, its script, and what it listens to
MOST_REQUESTS: Final = 4
MOST_BYTES: Final = 100_000
#: where no picture is taken
FURTHER: Final = {
    "integration-held": "/console/integrations/{held}",
    "integration-paused": "/console/integrations/{paused}",
    "integrations-none": "/console/integrations?search=nothing-of-that-name",
    "integrations-wanting": "/console/integrations?attention=1",
    "connect-none": "/console/integrations/new?search=nothing-of-that-name",
    "connect-by-webhook": "/console/integrations/new/discord",
    "item-edit": "/console/items/work_item/WI-101/edit",
    "item-delete": "/console/items/work_item/WI-101/delete",
    "items-none": "/console/items?key=nothing",
    "deliveries-held": "/console/deliveries?state=held",
    "deliveries-none": "/console/deliveries?key=nothing",
    "jobs-none": "/console/jobs?kind=sync",
    "key-revoke": "/console/keys/{key}/revoke",
    "app-archive": "/console/catalogue/apps/{app}/archive",
    "audit-none": "/console/audit?user=nobody",
}
ALL: Final = {**PAGES, **FURTHER}
FLAWED: Final = {
    "audit": "/console/audit?since=yesterday",
    "integration": "/console/integrations/000000000000000000000000",
    "job": "/console/jobs/nothing",
    "vendor": "/console/integrations/new/nothing",
    "place": "/console/nothing",
}

STEP_UNDER_WAY: Final = """() => {
  const list = document.querySelector("main").appendChild(document.createElement("ol"));
  list.className = "steps";
  list.innerHTML = "<li class=now>Asking</li>";
}"""


@pytest.fixture(scope="module")
def state(browser: Browser, operator: Operator, service: Service, room: Showroom) -> StorageState:
    """The cookies of an operator in the room."""
    tab = ConsoleTab.signed_in(browser, operator, service.url, room.tenant.organisation.handle, is_operator=True)
    state = tab.context.storage_state()
    tab.context.close()
    return state


@pytest.fixture(scope="module")
def opened(browser: Browser, service: Service, state: StorageState) -> Iterator[ConsoleTab]:
    tab = ConsoleTab(browser, service.url, storage_state=state)
    tab.look_anew()
    yield tab
    tab.context.close()


@pytest.fixture
def looking(opened: ConsoleTab) -> ConsoleTab:
    """A tab that every page is opened in as if it were the first."""
    opened.complaints.clear()
    return opened


def wait_until_live(tab: ConsoleTab) -> None:
    """All that it asks for has been asked for."""
    mark = tab.page.locator(".live-mark")
    if mark.count():
        expect(mark).to_have_text("Updates by itself")


@pytest.mark.parametrize("page", list(ALL))
def test_it_looks_right_everywhere_and_is_small(looking: ConsoleTab, room: Showroom, page: str) -> None:
    looking.go(room.address(ALL[page]))
    wait_until_live(looking)
    # the icon is kept since the sign-in page
    assert len([one for one in looking.requests if not one.endswith("/icon.svg")]) <= MOST_REQUESTS, looking.requests
    assert 0 < sum(looking.sizes) <= MOST_BYTES
    looking.check_looks()
    assert looking.complaints == []


@pytest.mark.parametrize("page", list(FLAWED))
def test_what_is_wrong_looks_right_too(looking: ConsoleTab, page: str) -> None:
    looking.go(FLAWED[page])
    looking.check_looks()
    # the browser itself tells of the page's status
    assert [one for one in looking.complaints if FLAWED[page] not in one] == []


def test_signing_in_looks_right(browser: Browser, service: Service) -> None:
    tab = ConsoleTab(browser, service.url)
    tab.go("/console")
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert len(tab.requests) <= MOST_REQUESTS
    tab.check_looks()
    tab.page.get_by_label("API key").fill("jf_wrong")
    tab.press("Sign in")
    expect(tab.page.get_by_role("alert")).to_be_visible()
    tab.check_looks()
    tab.context.close()


@pytest.mark.parametrize("wish", ["reduce", "no-preference"])
def test_nothing_moves_for_who_wants_no_motion(
    browser: Browser, service: Service, state: StorageState, wish: Literal["reduce", "no-preference"]
) -> None:
    tab = ConsoleTab(browser, service.url, storage_state=state, reduced_motion=wish)
    tab.go("/console/jobs")
    # a step under way, which is all that moves by itself; and what may move when it is pointed at
    tab.page.evaluate(STEP_UNDER_WAY)
    tab.page.get_by_role("button", name="Sign out").hover()
    moving = tab.page.evaluate("document.getAnimations().map(one => one.playState)")
    assert bool(moving) == (wish == "no-preference")
    tab.context.close()
