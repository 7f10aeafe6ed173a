"""Texts that others wrote, as Markdown vendors are sent them, by the verdict of a renderer that others wrote.

comrak is the renderer of GitLab, and made after GitHub's. It shows HTML as text here, as it is to us.
"""

import functools
import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from support.rendering import MARKDOWN, rendered
from support.texts import LONGEST, real_texts

JUDGES = Path(__file__).parent.parent / "judges"
#: what is judged of a text in HTML
_LINK = re.compile(r'<a href="((?:https?|ftp|mailto):[^"]*)"', re.IGNORECASE)
_CODE = re.compile(r"<pre><code[^>]*>(.*?)</code>", re.DOTALL)
_SHAPE = re.compile(r"</?(?:ul|ol|li|h[1-6]|table|tr|td|th|blockquote|pre|em|strong|del)\b")
_SAME = re.compile(r"(</(em|strong|del)><\2>)|(?<=<em>)<em>|(?<=<strong>)<strong>")


def judge(*arguments: str, given: str = "") -> list[str]:
    node = shutil.which("node")
    if node is None or not (JUDGES / "node_modules").exists():
        pytest.skip("the packages of tests/judges are not installed (make node)")
    command = [node, JUDGES / "judge.cjs", *arguments]
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)
    return found


@functools.cache
def corpus() -> tuple[str, ...]:
    """The examples of CommonMark without HTML, in which it would be more than text, and real texts that fit."""
    examples = [example for example in judge() if "<" not in example]
    assert len(examples) > 400
    texts = [text.replace("\r\n", "\n") for text in real_texts().values() if len(text) < LONGEST * 3 // 4]
    assert len(texts) > 100
    return *examples, *texts


@functools.cache
def shown(texts: tuple[str, ...]) -> list[str]:
    return judge("render", given=json.dumps(texts))


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


@pytest.mark.parametrize("vendor", MARKDOWN)
def test_links_lead_where_they_led(vendor: str) -> None:
    for text, meant, page in _whole(vendor):
        assert set(_LINK.findall(meant)) <= set(_LINK.findall(page)), text[:300]


@pytest.mark.parametrize("vendor", MARKDOWN)
def test_nothing_is_loaded_run_or_hidden(vendor: str) -> None:
    for text, _, page in _whole(vendor):
        assert "<img" not in page, text[:300]
        assert not re.search(r'href="(?!https?:|ftp:|mailto:)[a-z]+:', page, re.IGNORECASE), text[:300]
        assert "<!-- raw HTML" not in page, text[:300]
