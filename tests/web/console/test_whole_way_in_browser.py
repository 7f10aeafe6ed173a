"""From nothing to the first delivery, broken at its vendor, and repaired: with a mouse, by keyboard, with no script."""

import re
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from support.checked_tenant import CheckedTenant
from support.console_tab import ConsoleTab
from support.repository import Repository
from support.vendor_server import VendorServer, refused, taken

pytestmark = pytest.mark.browser

PATIENCE: Final = 20_000
BROKEN: Final = "GitHub does not accept its credential"


@dataclass
class Hand:
    """How somebody uses a page."""

    tab: ConsoleTab

    @property
    def page(self) -> Page:
        return self.tab.page

    @abstractmethod
    def follow(self, name: str) -> None: ...

    @abstractmethod
    def press(self, name: str) -> None: ...

    @abstractmethod
    def fill(self, label: str, text: str) -> None: ...

    @abstractmethod
    def choose(self, label: str, option: str) -> None: ...

    def see(self, what: Locator) -> None:
        """Waits until it is there, on a page that keeps itself up to date."""
        expect(what).to_be_visible(timeout=PATIENCE)


class Mouse(Hand):
    def follow(self, name: str) -> None:
        self.tab.follow(name)

    def press(self, name: str) -> None:
        self.tab.press(name)

    def fill(self, label: str, text: str) -> None:
        field = self.page.get_by_role("textbox", name=label, exact=True)
        field.click()
        field.fill(text)

    def choose(self, label: str, option: str) -> None:
        self.page.get_by_label(label).select_option(label=option)


class NoScript(Mouse):
    def see(self, what: Locator) -> None:
        """Asks for the page again and again, as its mark says."""
        for _ in range(PATIENCE // 100):
            if what.is_visible():
                return
            self.page.wait_for_timeout(100)
            # the address that says what was done, and not the form that did it
            self.page.goto(self.page.url)
        expect(what).to_be_visible()


class Keyboard(Hand):
    """Tab, Enter, Space and arrows; wherever it comes by, the focus is seen."""

    def follow(self, name: str) -> None:
        self.tab.tab_to(name, "a")
        self._send("Enter")

    def press(self, name: str) -> None:
        self.tab.tab_to(name, "button")
        self._send("Space")

    def fill(self, label: str, text: str) -> None:
        self.tab.tab_to(label, "input:not([type=radio])")
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.type(text)

    def choose(self, label: str, option: str) -> None:
        self.tab.tab_to(label, "select")
        for _ in range(20):
            chosen = self.page.evaluate("document.activeElement.selectedOptions[0].label")
            if chosen == option:
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"no {option} among the options of {label}")

    def _send(self, key: str) -> None:
        with self.page.expect_navigation():
            self.page.keyboard.press(key)


HANDS: Final[Mapping[str, Callable[[ConsoleTab], Hand]]] = {"mouse": Mouse, "keyboard": Keyboard, "no-script": NoScript}


@pytest.fixture(params=list(HANDS))
def hand(request: pytest.FixtureRequest, browser: Browser, tenant: CheckedTenant) -> Iterator[Hand]:
    tab = ConsoleTab.signed_in(
        browser,
        tenant.operator,
        tenant.service.url,
        tenant.organisation.handle,
        java_script_enabled=request.param != "no-script",
    )
    yield HANDS[request.param](tab)
    tab.context.close()
    assert tab.complaints == []


def test_from_nothing_to_a_delivery_broken_and_repaired(
    hand: Hand, tenant: CheckedTenant, vendors: VendorServer
) -> None:
    repository = vendors.repository()
    token = f"first-{tenant.organisation.id}"
    vendors.answer(token, taken)
    connect(hand, repository, token)
    bring(hand, "WO-1", "Brakes squeal")
    hand.see(hand.page.get_by_text("has the present version"))
    assert repository.one()["title"] == "Brakes squeal"

    vendors.answer(token, refused)
    repository.refused = True
    bring(hand, "WO-2", "Horn is silent")
    hand.follow("Overview")
    hand.see(hand.page.get_by_role("link", name="Workshop"))
    hand.follow("Workshop")
    hand.see(hand.page.get_by_role("heading", name=BROKEN))

    repository.refused = False
    repair(hand, vendors, f"second-{tenant.organisation.id}")
    hand.follow("Items")
    hand.follow("Horn is silent")
    hand.see(hand.page.get_by_text("has the present version"))
    assert repository.titles() == ["Brakes squeal", "Horn is silent"]


def connect(hand: Hand, repository: Repository, token: str) -> None:
    """From the overview of an organisation that has nothing."""
    hand.see(hand.page.get_by_role("heading", name="Nothing is connected yet"))
    hand.follow("Connect something")
    hand.follow("GitHub")
    hand.fill("Name (optional)", "Workshop")
    hand.fill("Personal access token", token)
    hand.fill("Repository (optional)", repository.name)
    hand.choose("What it brings out (optional)", "Work item")
    hand.press("Connect GitHub")
    hand.see(hand.page.locator(".diagnosis .badge", has_text=re.compile("^Live$")))


def bring(hand: Hand, key: str, title: str) -> None:
    hand.follow("Items")
    hand.follow("Add an item")
    hand.fill("Key", key)
    hand.fill("Title", title)
    hand.press("Save")
    hand.see(hand.page.get_by_role("heading", name=title))


def repair(hand: Hand, vendors: VendorServer, token: str) -> None:
    """As the integration's own page says: a new credential, and then what waited."""
    vendors.answer(token, taken)
    hand.follow("Edit it")
    hand.fill("Personal access token (optional)", token)
    hand.press("Save")
    hand.see(hand.page.locator(".diagnosis .badge", has_text=re.compile("^Live$")))
