"""Bodies that were made to exhaust whoever reads them, and line ends of other systems: as all vendors are sent them."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jackfield.providers._markdown import MOST_DEPTH, parse
from support.rendering import ALL, rendered
from support.texts import real_texts

#: deep enough for any stack; longer ones only take longer
MOST_CHARACTERS = 6000
#: texts of forms within forms, blocks within blocks and brackets within brackets, each far deeper than anybody means
DEEP = {
    "emphasis that opens 244 times": "*a **a " * 122 + "b" + "a** a*" * 122,
    "a form in a form, thousands of times": "*a **a " * 5000 + "deep" + " a** a*" * 5000,
    "three forms by turns": "*a __a ~~a " * 300 + "deep" + " a~~ a__ a*" * 300,
    "a line of asterisks around a word": "*" * 32_000 + "deep" + "*" * 32_000,
    "lines of underscores and tildes around a word": "_" * 999 + "~" * 999 + "deep" + "~" * 999 + "_" * 999,
    "quotations in quotations": ">" * 30_000 + "deep",
    "many deep quotations": (">" * 300 + "deep\n") * 200,
    "lists in lists in one line": "- " * 20_000 + "deep",
    "lists in lists, a line each": "".join("  " * depth + "- deep\n" for depth in range(250)),
    "numbered lists in lists": "1. " * 10_000 + "deep",
    "lists in quotations in lists": ("> - " * 40 + "deep\n") * 300,
    "a quotation that goes on without its signs": "> - " * 20 + "deep\n" + "b\n" * 20_000,
    "images in images": "![" * 9000 + "deep" + "](b)" * 9000,
    "images in links in images": "![[" * 6000 + "deep" + "](b)](b)" * 6000,
    "brackets that open": "[" * 60_000 + "deep",
    "brackets that open and close": "[" * 30_000 + "deep" + "]" * 30_000,
    "links in links": "[" * 10_000 + "deep" + "](b)" * 10_000,
    "backticks in ever longer rows": "deep " + " ".join("`" * length for length in range(350)),
    "signs of emphasis in ever longer rows": "deep " + " a ".join("*" * length for length in range(340)),
    "brackets of elements": "deep " + "<a " * 20_000,
    "colons": "deep" + ": <" * 20_000,
    "schemes without an address": "deep" + " http:// x://a" * 5000,
    "parentheses": "[deep](" + "(" * 30_000 + ")" * 30_000,
    "entities that are none": "deep" + "&a" * 30_000,
    "a table without cells": "deep|b\n-|-\n" + "|\n" * 1000,
}


@pytest.mark.parametrize("vendor", ALL)
@pytest.mark.parametrize("case", DEEP)
def test_whatever_is_nested_is_written_and_keeps_its_words(vendor: str, case: str) -> None:
    body = DEEP[case][:MOST_CHARACTERS]
    written = json.dumps(rendered(vendor, body), ensure_ascii=False)
    # a text that is cut at a vendor's limit may have its word behind it
    if len(body) < 3500:
        assert "deep" in written or "b" in written


@pytest.mark.parametrize("body", [text[:MOST_CHARACTERS] for text in DEEP.values()])
def test_a_tree_is_no_deeper_than_anybody_means(body: str) -> None:
    nodes = [(node, 0) for node in parse(body).children]
    deepest = 0
    while nodes:
        node, depth = nodes.pop()
        deepest = max(deepest, depth)
        nodes += [(child, depth + 1) for child in node.children]
    # blocks, then the forms in them
    assert deepest <= 2 * MOST_DEPTH + 4


@pytest.mark.parametrize("marks", [">", "- ", "> - ", "1. ", "* > "])
def test_words_beyond_the_depth_are_kept(marks: str) -> None:
    (deepest,) = [node for node in parse(marks * 100 + "deep").walk() if node.type == "text"]
    assert deepest.content.endswith("deep")


@pytest.mark.parametrize("vendor", ALL)
@settings(max_examples=8, deadline=None)
@given(
    st.lists(st.sampled_from(["*", "**", "_", "~~", "a", " ", "[", "](b)", "![", "`", "> ", "- ", "\n"]), max_size=40)
)
def test_any_mixture_a_thousand_times_is_written(vendor: str, pieces: list[str]) -> None:
    assert rendered(vendor, ("".join(pieces) * 1000)[:2000]) is not None


@pytest.mark.parametrize("vendor", ALL)
def test_a_text_is_the_same_whatever_its_lines_end_with(vendor: str) -> None:
    """Line feeds, those with a carriage return, and carriage returns alone."""
    for name, text in list(real_texts().items())[::8]:
        lines = text.replace("\r\n", "\n").replace("\r", "\n")[:4000]
        written = rendered(vendor, lines)
        for ending in ("\r\n", "\r"):
            assert rendered(vendor, lines.replace("\n", ending)) == written, (name, ending)


@pytest.mark.parametrize("vendor", ALL)
@pytest.mark.parametrize("ending", ["\r\n", "\r"])
@pytest.mark.parametrize(
    "body",
    [
        "```sh\ncd /srv && \\\n  make\n\nmake install\n```",
        "one  \ntwo\\\nthree\nfour",
        "- a\n  - b\n\n  c\n- d",
        "    indented\n\n    code",
        "Title\n=====\n\n| a | b |\n|---|---|\n| 1 | 2 |",
        "[a]: https://x.example\n\n> [a]\n> b",
    ],
)
def test_each_kind_of_block_is_the_same_whatever_its_lines_end_with(vendor: str, ending: str, body: str) -> None:
    assert rendered(vendor, body.replace("\n", ending)) == rendered(vendor, body)
