"""Bodies that are longer than a vendor takes: cut in the middle of whatever stands there, which stays what it is."""

import functools
import json
from collections.abc import Callable
from typing import Any

import pytest
from markdown_it import MarkdownIt

from jackfield.providers import confluence, discord, github, gitlab, jira, linear, sentry, slack, teams
from jackfield.providers._mantis_text import DESCRIPTION_BYTES
from jackfield.providers._markdown import Document, parse, read
from jackfield.providers._units import utf16_length
from support.rendering import ALL, MARKDOWN, rendered
from support.texts import LONGEST

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
WORDS = "The brake pads of the front axle are worn & need replacing. "
LOG = "".join(f"2026-11-30T12:00:{place % 60:02d} worker[{place}]: code={place * 7}\n" for place in range(2000))
#: one kind of block each, as long as a body can be; name and body
LONG = {
    "fence": f"```sh\n{LOG[: LONGEST - 20]}\n```",
    "indented": "".join(f"    {line}\n" for line in LOG[:60_000].splitlines())[:LONGEST],
    "paragraph": (WORDS * 1500)[:LONGEST],
    "bullet_list": "".join(f"- item {place}: {WORDS}\n" for place in range(900))[:LONGEST],
    "ordered_list": "".join(f"{place}. item {place}: {WORDS}\n" for place in range(1, 900))[:LONGEST],
    "nested lists": "".join(f"- item {place}\n  - {WORDS}\n" for place in range(900))[:LONGEST],
    "table": "| a | b |\n|---|---|\n" + "".join(f"| {place} | {WORDS}|\n" for place in range(900))[:65_000],
    "blockquote": f"> {WORDS}\n" * 1000,
    "strong": f"**{WORDS * 1000}b**",
    "one word": "x" * LONGEST,
    "code": f"`{'x y ' * 16_000}z`",
    "Chinese": "刹车片已磨损需要更换。" * 5400,
    "emoji": "🚲 " * 30_000,
    "rules": "***\n" * 16_000,
    "many kinds": "".join(
        f"## Part {place}\n\n{WORDS}\n\n- a\n- [b](https://x.example/{place})\n\n```\ncode {place}\n```\n\n"
        for place in range(450)
    )[:LONGEST],
}
#: how much each vendor takes, in its own measure
ROOM = {
    "github": github._BODY_CHARACTERS,
    "gitlab": gitlab._DESCRIPTION_CHARACTERS,
    "linear": linear._DESCRIPTION_CHARACTERS,
    "sentry": sentry._COMMENT_CHARACTERS,
    "slack": slack._BLOCKS_SIZE,
    "discord": discord._DESCRIPTION_LENGTH,
    "jira": jira._DESCRIPTION_LENGTH,
    "confluence": confluence._BODY_LENGTH,
    "teams": teams._MESSAGE_SIZE,
    "mantisbt": DESCRIPTION_BYTES,
}


#: the size of what is sent, in the vendor's measure; others count characters
SIZE: dict[str, Callable[[Any], int]] = {
    "slack": lambda sent: slack._size(sent["blocks"]),
    "teams": teams._size,
    "jira": jira._size,
    "mantisbt": lambda sent: len(sent.encode()),
    "discord": lambda sent: len(sent["embeds"][0]["description"]),
    "confluence": lambda sent: utf16_length(sent["value"]),
}


@functools.cache
def document(kind: str) -> Document:
    return read(LONG[kind])


@pytest.mark.parametrize("vendor", ALL)
def test_nearly_all_of_the_room_is_used(vendor: str) -> None:
    for kind, body in LONG.items():
        sent = rendered(vendor, body)
        size = SIZE.get(vendor, len)(sent)
        assert size <= ROOM[vendor], kind
        if "…" in json.dumps(sent, ensure_ascii=False):
            assert size >= 0.9 * ROOM[vendor], kind


@pytest.mark.parametrize("vendor", MARKDOWN)
@pytest.mark.parametrize("kind", ["fence", "bullet_list", "ordered_list", "table", "blockquote"])
def test_what_is_cut_is_closed_and_stays_what_it_is(vendor: str, kind: str) -> None:
    """The block is followed by the way to the rest, which is not in it."""
    blocks = [token for token in READER.parse(rendered(vendor, LONG[kind] * 5)) if token.level == 0]
    names = [token.type.removesuffix("_open") for token in blocks if token.nesting >= 0]
    if vendor == "sentry":
        # the comment begins with the title
        names = names[1:]
    assert names[0] == kind
    assert "paragraph" in names[1:]
    assert "bullet_list" not in names[1:] or kind == "bullet_list"


def test_a_fence_is_cut_between_lines() -> None:
    kept = document("fence").beginning(5000)
    (fence,) = kept.tree.children
    assert not kept.whole
    *lines, last = fence.content.splitlines()
    assert last == "…"
    assert lines == LOG.splitlines()[: len(lines)]
    assert sum(map(len, lines)) > 4500


@pytest.mark.parametrize("kind", LONG)
@pytest.mark.parametrize("length", [0, 1, 2, 7, 100, 3000])
def test_a_beginning_has_at_most_its_length_and_no_empty_blocks(kind: str, length: int) -> None:
    kept = document(kind).beginning(length)
    # the sign that it was cut comes on top
    assert kept.length <= length + 4
    for node in kept.tree.walk():
        if node.type in {"bullet_list", "ordered_list", "blockquote", "table", "tr"}:
            assert node.children


@pytest.mark.parametrize("kind", LONG)
def test_a_beginning_of_all_is_all(kind: str) -> None:
    whole = document(kind)
    assert whole.beginning(whole.length) is whole
    assert whole.whole
    assert not whole.beginning(whole.length - 1).whole


def test_what_a_beginning_says_is_what_the_text_says() -> None:
    body = (
        "# One *two*\n\n- three [four](https://x.example/a)\n  1. `five` six\n\n> seven\n\n| eight |\n|---|\n| nine |\n"
    )
    said = _said(body)
    whole = read(body)
    for length in range(whole.length):
        assert said.startswith(_said_of(whole.beginning(length).tree))


def _said(body: str) -> str:
    return _said_of(parse(body))


def _said_of(tree: Any) -> str:
    words = "".join(node.content for node in tree.walk() if node.type in {"text", "code_inline"})
    return words.replace("…", "").replace(" ", "")
