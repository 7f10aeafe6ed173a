"""Texts that others wrote, as Markdown vendors are sent them, by the verdict of a renderer that others wrote.

comrak is the renderer of GitLab, and made after GitHub's. It shows HTML as text here, as it is to us.
"""

import functools
import html
import re

import pytest

from support.judges import plain_corpus as corpus
from support.judges import shown
from support.rendering import MARKDOWN, rendered

#: what is judged of a text in HTML
_LINK = re.compile(r'<a href="((?:https?|ftp|mailto):[^"]*)"', re.IGNORECASE)
_CODE = re.compile(r"<pre><code[^>]*>(.*?)</code>", re.DOTALL)
_SHAPE = re.compile(r"</?(?:ul|ol|li|h[1-6]|table|tr|td|th|blockquote|pre|em|strong|del)\b")
_SAME = re.compile(r"(</(em|strong|del)><\2>)|(?<=<em>)<em>|(?<=<strong>)<strong>")


@functools.cache
def sent(vendor: str) -> list[str]:
    """What the vendor shows of the bodies alone."""
    return shown(tuple(_body(vendor, rendered(vendor, text)) for text in corpus()))


def _body(vendor: str, text: str) -> str:
    body = text.rpartition("\n\nFrom ")[0]
    return body.partition("\n\n")[2] if vendor == "sentry" else body


def _whole(vendor: str) -> list[tuple[str, str, str]]:
    """Text, what it looks like, and what the vendor shows; those that had to be cut are judged elsewhere."""
    every = zip(corpus(), shown(corpus()), sent(vendor), strict=True)
    return [one for one in every if vendor != "sentry" or len(one[0]) < 6000]


def words(page: str) -> str:
    """What one reads. Alternative texts are words at the vendor, and an image without one is called so."""
    page = re.sub(r'<img[^>]*?alt="([^"]*)"[^>]*>', lambda found: found[1] or "image", page)
    page = re.sub(r"<img[^>]*>", "image", page)
    return re.sub(r"[\s\u200b]+", "", html.unescape(re.sub(r"<[^>]+>", "", page)))


def shape(page: str) -> list[str]:
    """The elements. Emphasis in emphasis, or beside it, looks like one, and so do its two kinds in each other."""
    page = re.sub(r"<strong><em>(.*?)</em></strong>", r"<em><strong>\1</strong></em>", page)
    nested: dict[str, int] = {}
    found: list[str] = []
    for element in _SHAPE.findall(_SAME.sub("", page.replace("\u200b", ""))):
        name = element.strip("</")
        if name not in {"em", "strong", "del"}:
            found.append(element)
            continue
        depth = nested.get(name, 0) + (-1 if element.startswith("</") else 1)
        if max(depth, nested.get(name, 0)) == 1:
            found.append(element)
        nested[name] = depth
    return found


@pytest.mark.parametrize("vendor", MARKDOWN)
def test_code_is_kept_byte_for_byte(vendor: str) -> None:
    for text, meant, page in _whole(vendor):
        found = [code.replace("\u200b", "").strip("\n") for code in _CODE.findall(page)]
        assert found == [code.strip("\n") for code in _CODE.findall(meant)], text[:300]


@pytest.mark.parametrize("vendor", MARKDOWN)
def test_lists_headings_tables_and_emphasis_are_kept(vendor: str) -> None:
    wrong = [text[:300] for text, meant, page in _whole(vendor) if shape(meant) != shape(page)]
    assert wrong == []


@pytest.mark.parametrize("vendor", MARKDOWN)
def test_words_are_kept(vendor: str) -> None:
    # HTML in real texts has entities in its attributes, which are words to one and not to the other
    wrong = [text[:300] for text, meant, page in _whole(vendor) if "<" not in text and words(meant) != words(page)]
    assert wrong == []


def targets(page: str) -> set[str]:
    """Where links lead; round brackets are encoded where a link's own would end there, and mean the same."""
    return {url.replace("%28", "(").replace("%29", ")") for url in _LINK.findall(page)}


@pytest.mark.parametrize("vendor", MARKDOWN)
def test_links_lead_where_they_led(vendor: str) -> None:
    for text, meant, page in _whole(vendor):
        assert targets(meant) <= targets(page), text[:300]


@pytest.mark.parametrize("vendor", MARKDOWN)
def test_nothing_is_loaded_run_or_hidden(vendor: str) -> None:
    for text, _, page in _whole(vendor):
        assert "<img" not in page, text[:300]
        assert not re.search(r'href="(?!https?:|ftp:|mailto:)[a-z]+:', page, re.IGNORECASE), text[:300]
        assert "<!-- raw HTML" not in page, text[:300]
