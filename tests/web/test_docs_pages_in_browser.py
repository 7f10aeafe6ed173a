"""The reference pages in a real browser: light and dark, wide and narrow, by keyboard, and on their own."""

from collections.abc import Iterator
from html import unescape
from itertools import pairwise
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
import requests
from playwright.sync_api import Browser, Page, sync_playwright

from jackfield.web.app import DIALECTS
from support.service import Service

pytestmark = pytest.mark.browser

PAGES = ["/docs/", *(f"/docs/{dialect.name}" for dialect in DIALECTS)]
#: without these, the browser calls home
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = {"desktop": 1280, "phone": 375}


class Opened:
    """A page of ours in the browser, and what it has said and asked for since."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.url = url
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page = browser.new_context().new_page()
        self.page.on("console", lambda message: self._complain(message.text, str(message.location)))
        self.page.on("pageerror", lambda error: self._complain(str(error), url))
        self.page.on("request", lambda request: self.requests.append(request.url))
        answer = self.page.goto(url)
        assert answer is not None
        assert answer.status == 200

    def _complain(self, text: str, place: str) -> None:
        # the browser asks for the icon once for all pages; it has a test of its own
        if "favicon" not in place:
            self.complaints.append(f"{text} ({place})")

    def look(self, scheme: str, width: int) -> Page:
        self.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        self.page.set_viewport_size({"width": width, "height": 900})
        return self.page

    def style(self, selector: str, name: str) -> str:
        return str(self.page.eval_on_selector(selector, f"element => getComputedStyle(element)['{name}']"))


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module", params=PAGES)
def opened(service: Service, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Opened]:
    opened = Opened(browser, service.url + request.param)
    yield opened
    opened.page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", list(WIDTHS))
def test_a_page_fits_its_window(opened: Opened, tmp_path: Path, scheme: str, size: str) -> None:
    page = opened.look(scheme, WIDTHS[size])
    page.screenshot(path=tmp_path / f"{scheme}-{size}.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[size]


def test_a_page_complains_of_nothing(opened: Opened) -> None:
    assert opened.complaints == []


def test_a_page_asks_nobody_else(opened: Opened) -> None:
    assert opened.requests
    assert {urlsplit(url).netloc for url in opened.requests} == {urlsplit(opened.url).netloc}


def test_a_page_names_an_icon_that_exists(opened: Opened) -> None:
    """Without one, the browser asks for /favicon.ico and complains."""
    icons = opened.page.eval_on_selector_all("link[rel~=icon]", "all => all.map(one => one.href)")
    assert icons or requests.get(urljoin(opened.url, "/favicon.ico"), timeout=30).ok


def test_light_and_dark_differ_and_both_can_be_read(opened: Opened) -> None:
    grounds = set()
    for scheme in ("light", "dark"):
        opened.look(scheme, WIDTHS["desktop"])
        ground = opened.style("body", "backgroundColor")
        grounds.add(ground)
        for selector in ("body", "main a", "header span"):
            assert contrast(opened.style(selector, "color"), ground) >= 4.5, (scheme, selector)
    assert len(grounds) == 2


def contrast(one: str, other: str) -> float:
    """How far two colours are apart, by WCAG 2."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_whoever_presses_tab_sees_where_they_are(opened: Opened) -> None:
    page = opened.look("light", WIDTHS["desktop"])
    page.evaluate("document.activeElement.blur(); window.getSelection().removeAllRanges()")
    reached = []
    for _ in range(10):
        page.keyboard.press("Tab")
        tag, text, outline, left = page.evaluate(
            "(e => [e.tagName, e.innerText, getComputedStyle(e).outlineStyle, e.getBoundingClientRect().left])"
            "(document.activeElement)"
        )
        if tag == "BODY":
            break
        reached.append(text)
        assert outline != "none", text
        assert left >= 0, text
    assert len(reached) >= 4


def test_the_first_tab_skips_to_the_content(service: Service, browser: Browser) -> None:
    opened = Opened(browser, f"{service.url}/docs/{DIALECTS[0].name}")
    opened.page.keyboard.press("Tab")
    opened.page.keyboard.press("Enter")
    assert urlsplit(opened.page.url).fragment == "main"
    opened.page.context.close()


def test_the_headings_form_an_outline(opened: Opened) -> None:
    levels = opened.page.eval_on_selector_all("h1, h2, h3, h4, h5, h6", "all => all.map(one => Number(one.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_link_leads_somewhere(opened: Opened) -> None:
    anchors = opened.page.eval_on_selector_all("[id]", "all => all.map(one => one.id)")
    assert len(anchors) == len(set(anchors))
    links = opened.page.eval_on_selector_all("a[href]", "all => all.map(one => one.getAttribute('href'))")
    assert links
    assert {link for link in links if link.startswith("#")} <= {f"#{anchor}" for anchor in anchors}
    for link in {link for link in links if not link.startswith("#")}:
        assert requests.get(urljoin(opened.url, link), timeout=30).status_code == 200, link


def test_a_page_has_a_title_and_a_language_and_landmarks(opened: Opened) -> None:
    assert opened.page.title().endswith("Jackfield")
    assert opened.page.get_attribute("html", "lang") == "en"
    assert opened.page.locator("header").count() == opened.page.locator("main").count() == 1


def test_a_page_is_readable_without_scripts_and_lets_nothing_in(service: Service, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    for path in PAGES:
        answer = page.goto(service.url + path)
        assert answer is not None
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert page.locator("main h1").is_visible()
    context.close()


@pytest.mark.parametrize("name", [dialect.name for dialect in DIALECTS])
def test_a_page_tells_every_call_and_every_value_that_a_field_can_have(service: Service, name: str) -> None:
    page = requests.get(f"{service.url}/docs/{name}", timeout=30).text
    text = unescape(page.replace("<wbr>", ""))
    document = requests.get(f"{service.url}/docs/{name}/openapi.json", timeout=30).json()
    for path, methods in document["paths"].items():
        assert path in text
        assert [one["summary"] for one in methods.values() if one["summary"] not in text] == []
    values = {value for schema in document["components"]["schemas"].values() for value in schema.get("enum", ())}
    assert {value for value in values if value not in text} == set()
