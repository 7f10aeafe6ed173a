"""What a reader finds in a text, whatever it is written in: words, blocks of code, and where links lead."""

import functools
import html.entities
import re
from html.parser import HTMLParser
from typing import Any, Final, NamedTuple
from urllib.parse import unquote
from xml.etree import ElementTree as ET

ZERO_WIDTH_SPACE: Final = "\u200b"
#: a box with a tick, whose letter is of either case
DONE: Final = "[x]"
_AC: Final = "{urn:ac}"
#: addresses that vendors are told to link
_LINKED: Final = re.compile(r"(?:https?://[^\s/?#]|mailto:[^\s@]+@)[^\s<>|\"]*", re.IGNORECASE)
_TOKEN: Final = re.compile(r"\w+|[^\w\s]")


class Seen(NamedTuple):
    words: str
    code: list[str]
    links: set[str]

    def letters(self) -> str:
        """The words without blanks, which are shown as the vendor likes."""
        return re.sub(r"[\s\u200b]+", "", self.words.replace("[X]", DONE))

    def tokens(self) -> list[str]:
        return _TOKEN.findall(self.words.replace(ZERO_WIDTH_SPACE, "").replace("[X]", DONE))

    def code_lines(self) -> list[str]:
        """The lines that are not empty. Tabs are four spaces to parsers of chats."""
        text = "\n".join(self.code).replace(ZERO_WIDTH_SPACE, "").replace("\t", "    ")
        return [line.rstrip() for line in text.split("\n") if line.strip()]


def address(url: str) -> str:
    """An address as it is compared: parts of it may be encoded or not."""
    return unquote(url.replace(ZERO_WIDTH_SPACE, ""))


def is_linked(url: str) -> bool:
    return bool(_LINKED.fullmatch(url))


class _Page(HTMLParser):
    """Reads the HTML of the renderer. Images are their alternative texts, or are called so; boxes are written."""

    def __init__(self) -> None:
        super().__init__()
        self.words = ""
        self.code: list[str] = []
        self.links: set[str] = set()
        self._within: list[str] = []
        self._link = ("", 0)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self._within.append(tag)
        if tag == "pre":
            self.code.append("")
        elif tag == "a":
            self.words += " "
            self._link = (named["href"], len(self.words))
            self.links |= {address(named["href"])} if is_linked(named["href"]) else set()
        elif tag == "img":
            self.words += f" {named.get('alt', '').strip() or 'image'} "
        elif tag == "input":
            self.words += DONE if "checked" in named else "[ ]"
        else:
            self.words += "" if tag in {"code", "em", "strong", "del"} else "\n"

    def handle_endtag(self, tag: str) -> None:
        while self._within and self._within.pop() != tag:
            pass
        url, start = self._link
        if tag == "a" and len(self.words) == start and is_linked(url):
            # what nobody could click shows its address
            self.words += url
        self.words += "\n" if tag in {"a", "p", "li", "td", "th", "pre"} else ""

    def handle_data(self, data: str) -> None:
        self.words += data
        if "pre" in self._within:
            self.code[-1] += data


@functools.cache
def seen_in_html(page: str) -> Seen:
    reader = _Page()
    reader.feed(page)
    reader.close()
    return Seen(reader.words, [code.strip("\n") for code in reader.code], reader.links)


def seen_in_document(node: dict[str, Any]) -> Seen:
    """Of the Atlassian Document Format."""
    if node["type"] == "text":
        marks = [mark for mark in node.get("marks", []) if mark["type"] == "link"]
        return Seen(node["text"], [], {address(mark["attrs"]["href"]) for mark in marks})
    inner = [seen_in_document(child) for child in node.get("content", [])]
    words = "".join(one.words for one in inner) + "\n"
    code = [words.strip("\n")] if node["type"] == "codeBlock" else [code for one in inner for code in one.code]
    return Seen(words, code, {url for one in inner for url in one.links})


def storage_format(storage: str) -> ET.Element:
    """The page as XML. Raises ParseError for what is not well-formed, or has an entity that XHTML does not know."""
    entities = "".join(f'<!ENTITY {name} "&#38;#{code};">' for name, code in html.entities.name2codepoint.items())
    text = f'<!DOCTYPE page [{entities}]><page xmlns:ac="urn:ac" xmlns:ri="urn:ri">{storage}</page>'
    return ET.fromstring(text)  # noqa: S314  our own text


def seen_in_storage_format(page: ET.Element) -> Seen:
    code = [(one.text or "").strip("\n") for one in page.iter(f"{_AC}plain-text-body")]
    return Seen("".join(_words_of(page)), code, {address(one.attrib["href"]) for one in page.iter("a")})


def _words_of(element: ET.Element) -> list[str]:
    """Parameters of macros are not shown."""
    words = [] if element.tag == f"{_AC}parameter" else [element.text or ""]
    for child in element:
        words += [*_words_of(child), child.tail or ""]
    return [*words, "\n"] if element.tag in {"p", "li", "td", "th"} else words


def seen_in_card(card: dict[str, Any]) -> Seen:
    """Of an Adaptive Card, in which code is lines of monospace runs with spaces that do not break."""
    words, code, links = "", [], set()
    for block in card["body"]:
        runs = block["inlines"]
        words += "".join(run["text"] for run in runs) + "\n"
        monospace = "".join(run["text"] for run in runs if run.get("fontType") == "Monospace")
        code.append(monospace.replace("\u00a0", " "))
        links |= {address(run["selectAction"]["url"]) for run in runs if "selectAction" in run}
    return Seen(words, code, links)
