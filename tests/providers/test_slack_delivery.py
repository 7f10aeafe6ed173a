"""What Slack is sent for an item, against the limits that it documents.

Of blocks: https://docs.slack.dev/reference/block-kit/blocks . What it answers is in the recorded replies.
"""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings

from jackfield.domain.item import Item, ItemStatus
from jackfield.domain.provider import Delivery
from jackfield.providers.slack import _message
from support.chat import MARKER, item, items


def message(of: Item, in_full: bool = True) -> dict[str, Any]:
    return _message(Delivery(item=of, marker=MARKER), in_full)


def texts(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for block in blocks:
        found += [block["text"]] if "text" in block else []
        found += block.get("fields", []) + block.get("elements", [])
    return found


def check_limits(sent: dict[str, Any]) -> None:
    blocks = sent["blocks"]
    assert 0 < len(sent["text"]) <= 4000
    assert len(blocks) <= 50
    assert len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")).encode()) <= 12_500
    for block in blocks:
        assert block["type"] in {"header", "section", "context"}
        if block["type"] == "header":
            assert block["text"]["type"] == "plain_text"
            assert 0 < len(block["text"]["text"]) <= 150
        if "fields" in block:
            assert 0 < len(block["fields"]) <= 10
            assert all(0 < len(field["text"]) <= 2000 for field in block["fields"])
        if "elements" in block:
            assert 0 < len(block["elements"]) <= 10
    for text in texts(blocks):
        assert 0 < len(text["text"]) <= 3000
        # nothing but links, and no name made one by Slack
        assert not re.search(r"<(?!https?://|mailto:)", text["text"])
        assert text["type"] == "plain_text" or text["verbatim"] is True


@given(items)
@settings(deadline=None, max_examples=60)
def test_any_item_fits(of: Item) -> None:
    check_limits(message(of))
    check_limits(message(of, in_full=False))


@pytest.mark.parametrize("body", ["word " * 40_000, "- line\n" * 5000, "```\n" + "x < y\n" * 9000, "漢字" * 9000])
def test_a_long_body_ends_with_a_link_to_the_rest(body: str) -> None:
    sent = message(item(body=body))
    check_limits(sent)
    assert "<https://product.example.com/work-items/7|Read on>" in sent["blocks"][-2]["text"]["text"]
    assert len(json.dumps(sent["blocks"], ensure_ascii=False)) > 3500


def test_a_long_body_of_an_item_without_an_address_is_cut() -> None:
    sent = message(item(body="word " * 40_000, url=None))
    check_limits(sent)
    assert sent["blocks"][-2]["text"]["text"].endswith("…")


def test_the_message_of_an_item() -> None:
    sent = message(
        item(title="<Brake> & pads", status=ItemStatus.CLOSED, labels=("a_b", "*c*"), fields={"Depot": "*N*"})
    )
    assert sent["text"] == "&lt;Brake&gt; &amp; pads"
    header, fields, context = sent["blocks"]
    assert header["text"] == {"type": "plain_text", "text": "&lt;Brake&gt; &amp; pads", "emoji": False}
    assert [field["text"] for field in fields["fields"]] == ["*Depot*\n*\u200bN*"]
    assert [element["text"] for element in context["elements"]] == [
        "Closed",
        "Labels: a_b, *\u200bc*",
        "<https://product.example.com/work-items/7|WI-7>",
    ]


def test_a_long_title_is_cut_between_entities() -> None:
    title = message(item(title="&" * 500))["blocks"][0]["text"]["text"]
    assert re.fullmatch(r"(&amp;)+…", title)
    assert 130 < len(title) <= 150
