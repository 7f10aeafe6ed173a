"""A tab with the console open: what it asked for, what it complained of, and where its focus is."""

from typing import Any, Final, Literal

import pytest
from playwright.sync_api import Browser, CDPSession, Page, Request, Response, expect

from support.chromium import AXE, RULES, Tab
from support.operator import Operator
from support.visitor import make_link

#: what may differ between light and dark, and between widths; all else is the same page
LOOKS: Final = ["color-contrast", "target-size", "link-in-text-block", "scrollable-region-focusable"]
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
WIDTHS: Final = (1280, 390, 320)
_AGAIN: Final = 60
_FOCUSED: Final = """() => {
  const one = document.activeElement;
  const style = getComputedStyle(one);
  return {
    name: one.getAttribute("aria-label") || one.labels?.[0]?.innerText || one.innerText || one.tagName,
    is_visible: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0,
  };
}"""


class ConsoleTab(Tab):
    """`requests` are the addresses that were asked for since `go`, `sizes` the bytes that came, as they came."""

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
        self._wire.on("Network.loadingFinished", lambda told: self.sizes.append(int(told["encodedDataLength"])))

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

    def find(self, rules: list[str] | None = None) -> list[str]:
        """What axe finds as the page is now. Skips the test where axe is not installed."""
        if not AXE.exists():
            pytest.skip("axe-core is not installed (make node)")
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
        only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": RULES}
        seen = self.page.evaluate("only => axe.run(document, {runOnly: only, resultTypes: ['violations']})", only)
        return [f"{one['id']}: {one['help']}: {node['html']}" for one in seen["violations"] for node in one["nodes"]]

    def check_looks(self) -> None:
        """Axe finds nothing wrong with the page, light and dark and at any width, and nothing of it sticks out."""
        for scheme in SCHEMES:
            self.page.emulate_media(color_scheme=scheme)
            for width in WIDTHS:
                self.page.set_viewport_size({"width": width, "height": 900})
                is_first = (scheme, width) == (SCHEMES[0], WIDTHS[0])
                assert self.find(None if is_first else LOOKS) == [], f"{scheme}, {width} px"
                assert self.page.evaluate("document.documentElement.scrollWidth") <= width, f"{width} px"
        levels = self.page.eval_on_selector_all("h1, h2, h3", "all => all.map(one => Number(one.tagName[1]))")
        assert levels.count(1) == 1
        self.page.set_viewport_size({"width": WIDTHS[0], "height": 900})

    def tab_to(self, name: str) -> None:
        """Goes on with the Tab key until what has that name has the focus, which has to be seen all the way."""
        for _ in range(_AGAIN):
            self.page.keyboard.press("Tab")
            focused = self.focus()
            if focused["name"].strip().splitlines()[0] == name:
                return
        raise AssertionError(f"{name!r} is not reached with the Tab key")

    def focus(self) -> dict[str, Any]:
        """What has the focus: its `name`, and whether it is seen to have it."""
        focused: dict[str, Any] = self.page.evaluate(_FOCUSED)
        if focused["name"] != "BODY":
            assert focused["is_visible"], f"the focus is not seen: {focused['name']}"
        return focused

    def _asked(self, request: Request) -> None:
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
