"""A tab with the console open: what it asked for, what it complained of, and where its focus is."""

from collections.abc import Mapping
from typing import Any, Final, Literal

import pytest
from playwright.sync_api import Browser, CDPSession, Page, Request, Response, expect

from support.chromium import AXE, RULES, Tab
from support.operator import Operator
from support.visitor import make_link

SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
WIDTHS: Final = (1280, 390, 320)
#: all that axe knows, once; and of a page that is the same, what light and width can change about it
_RULES: Final[Mapping[tuple[str, int], Mapping[str, Any]]] = {
    ("light", 1280): {"type": "tag", "values": RULES},
    ("dark", 1280): {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
    ("dark", 320): {"type": "rule", "values": ["color-contrast", "target-size", "scrollable-region-focusable"]},
}
_AGAIN: Final = 60
_FOCUSED: Final = """kind => {
  const one = document.activeElement;
  const style = getComputedStyle(one);
  return {
    name: (one.getAttribute("aria-label") || one.labels?.[0]?.innerText || one.innerText || "").trim().split("\\n")[0],
    is_page: one === document.body,
    is_wanted: one.matches(kind),
    is_visible: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0,
  };
}"""


class ConsoleTab(Tab):
    """`requests` are the addresses that the page asked for since `go`, `sizes` the bytes that came, as they came.

    What a page asks for again because something has happened is in neither.
    """

    def __init__(self, browser: Browser, url: str, **context: Any) -> None:
        super().__init__(browser, base_url=url, viewport={"width": 1280, "height": 900}, **context)
        self.url = url
        self.requests: list[str] = []
        self.sizes: list[int] = []
        self.page.on("request", self._asked)
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._answered)
        self._wire: CDPSession = self.context.new_cdp_session(self.page)
        self._wire.send("Network.enable")
        self._again: set[str] = set()
        self._wire.on("Network.requestWillBeSent", self._sent)
        self._wire.on("Network.loadingFinished", self._came)

    @classmethod
    def signed_in(
        cls, browser: Browser, operator: Operator, url: str, handle: str, *, is_operator: bool = False, **context: Any
    ) -> "ConsoleTab":
        """As somebody who came by a link."""
        tab = cls(browser, url, **context)
        tab.page.goto(make_link(operator, handle, is_operator=is_operator))
        tab.page.get_by_role("button", name="Sign in").click()
        expect(tab.page.get_by_role("heading", level=1)).to_have_text("Overview")
        return tab

    def look_anew(self) -> None:
        """Every page from now on is asked for with all that it needs, and has axe in it."""
        self._wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
        if AXE.exists():
            self.context.add_init_script(path=AXE)

    def go(self, path: str) -> Page:
        self.requests.clear()
        self.sizes.clear()
        self.page.goto(path)
        return self.page

    def press(self, name: str) -> None:
        """The button of that name, with the mouse."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        """The link of that name, with the mouse."""
        self.page.get_by_role("link", name=name, exact=True).first.click()

    def told(self, text: str) -> None:
        """The page says that this was done."""
        expect(self.page.get_by_role("status")).to_contain_text(text)

    def find(self, rules: Mapping[str, Any]) -> list[str]:
        """What axe finds as the page is now, by its `runOnly`. Skips the test where axe is not installed."""
        if not AXE.exists():
            pytest.skip("axe-core is not installed (make node)")
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
        seen = self.page.evaluate("only => axe.run(document, {runOnly: only, resultTypes: ['violations']})", rules)
        return [f"{one['id']}: {one['help']}: {node['html']}" for one in seen["violations"] for node in one["nodes"]]

    def check_looks(self) -> None:
        """Axe finds nothing wrong with the page, light and dark and at any width, and nothing of it sticks out."""
        for scheme in SCHEMES:
            self.page.emulate_media(color_scheme=scheme)
            for width in WIDTHS:
                self.page.set_viewport_size({"width": width, "height": 900})
                rules = _RULES.get((scheme, width))
                assert rules is None or self.find(rules) == [], f"{scheme}, {width} px"
                assert self.page.evaluate("document.documentElement.scrollWidth") <= width, f"{width} px"
        levels = self.page.eval_on_selector_all("h1, h2, h3", "all => all.map(one => Number(one.tagName[1]))")
        assert levels.count(1) == 1
        self.page.set_viewport_size({"width": WIDTHS[0], "height": 900})

    def tab_to(self, name: str, kind: str) -> None:
        """Goes on with the Tab key to the next of this name that fits the selector; the focus is seen all the way."""
        for _ in range(_AGAIN):
            self.page.keyboard.press("Tab")
            focused = self.focus(kind)
            if focused["is_wanted"] and focused["name"] == name:
                return
        raise AssertionError(f"{name!r} is not reached with the Tab key")

    def focus(self, kind: str) -> dict[str, Any]:
        """What has the focus: its `name`, and whether it fits the selector. It has to be seen to have it."""
        focused: dict[str, Any] = self.page.evaluate(_FOCUSED, kind)
        if not focused["is_page"]:
            assert focused["is_visible"], f"the focus is not seen: {focused['name']}"
        return focused

    def _sent(self, told: dict[str, Any]) -> None:
        if told["type"] == "Fetch":
            self._again.add(told["requestId"])

    def _came(self, told: dict[str, Any]) -> None:
        if told["requestId"] not in self._again:
            self.sizes.append(int(told["encodedDataLength"]))

    def _asked(self, request: Request) -> None:
        if request.resource_type != "fetch":
            self.requests.append(request.url)
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.complaints.append(f"asked for elsewhere: {request.url}")

    def _failed(self, request: Request) -> None:
        # a page that is left ends what it listens to
        if request.resource_type != "eventsource" and "ERR_ABORTED" not in (request.failure or ""):
            self.complaints.append(f"failed: {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and not response.request.is_navigation_request():
            self.complaints.append(f"{response.status}: {response.url}")
