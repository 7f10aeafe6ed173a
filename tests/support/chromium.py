"""A page in a real browser, and what it complains of."""

from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

#: without these, the browser calls home
ARGUMENTS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE: Final = Path(__file__).parent.parent / "axe" / "node_modules" / "axe-core" / "axe.min.js"
#: the rules of WCAG 2.2, levels A and AA, and what axe itself recommends
RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Tab:
    """One tab of a browser of its own, without anything that was kept before."""

    def __init__(self, browser: Browser, **context: Any) -> None:
        self.context: BrowserContext = browser.new_context(**context)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(f"{message.text} ({message.location})"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def look(self, scheme: str, width: int, path: Path) -> None:
        """Takes a picture of the whole page; nothing of it may stick out."""
        self.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.screenshot(path=path, full_page=True)
        assert self.page.evaluate("document.documentElement.scrollWidth") <= width

    def flaws(self) -> list[str]:
        """What axe finds, light and dark. Skips the test where axe is not installed."""
        if not AXE.exists():
            pytest.skip("axe-core is not installed (make node)")
        found = []
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
            seen = self.page.evaluate("rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES)
            assert seen["passes"]
            found += [
                f"{scheme}: {one['id']}: {one['help']}: {node['html']}"
                for one in seen["violations"]
                for node in one["nodes"]
            ]
        return found

    def focused(self) -> str:
        """The name of the control that has the focus, or the text of what has it."""
        return str(
            self.page.evaluate(
                "document.activeElement.name || document.activeElement.innerText || document.activeElement.tagName"
            )
        )
