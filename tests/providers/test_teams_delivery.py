"""What Microsoft Teams is sent for an item. What its workflows answer is in the recorded replies."""

import asyncio
import dataclasses
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings

from jackfield.domain.credential import Secrets
from jackfield.domain.item import Item
from jackfield.domain.provider import Connection, CredentialRefused
from jackfield.providers._adaptive_card import elements_of
from jackfield.providers._http import Endpoints
from jackfield.providers._markdown import parse
from jackfield.providers.teams import Teams, _message
from support.chat import item, items
from support.recorded import case, provider_at
from support.vendor import answers

BLANK = "\u00a0"


def card(of: Item) -> dict[str, Any]:
    (attachment,) = _message(of)["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    found: dict[str, Any] = attachment["content"]
    return found


def runs(elements: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for element in elements:
        assert element["type"] == "RichTextBlock"
        assert element["inlines"]
        yield from element["inlines"]


def lines(body: str) -> list[str]:
    return ["".join(run["text"] for run in element["inlines"]) for element in elements_of(parse(body))]


@given(items)
@settings(deadline=None, max_examples=60)
def test_any_item_fits(of: Item) -> None:
    # 28 KB are taken, of what Teams makes of it
    assert len(json.dumps(_message(of), ensure_ascii=False, separators=(",", ":")).encode()) <= 20_000
    shown = card(of)
    for run in runs(shown["body"]):
        assert run["type"] == "TextRun"
        assert run["text"]
        assert run.get("selectAction", {"url": "https://"})["url"].startswith(("http://", "https://"))
    assert all(action["url"].startswith("https://") for action in shown.get("actions", []))


@pytest.mark.parametrize("body", ["word " * 40_000, "- line\n" * 5000, "```\n" + "x < y\n" * 9000, "漢字" * 9000])
def test_a_long_body_ends_with_a_link_to_the_rest(body: str) -> None:
    shown = card(item(body=body))
    (rest,) = [run for run in runs(shown["body"]) if run["text"] == "Read on"]
    assert rest["selectAction"] == {"type": "Action.OpenUrl", "url": "https://product.example.com/work-items/7"}
    assert len(json.dumps(shown, ensure_ascii=False).encode()) > 15_000


def test_forms_are_properties() -> None:
    (block,) = elements_of(parse("a **b _c_** ~~d~~ `e*` [f _g_](https://example.com) ![h](https://example.com/i.png)"))
    assert block["inlines"] == [
        {"type": "TextRun", "text": "a "},
        {"type": "TextRun", "text": "b ", "weight": "Bolder"},
        {"type": "TextRun", "text": "c", "weight": "Bolder", "italic": True},
        {"type": "TextRun", "text": " "},
        {"type": "TextRun", "text": "d", "strikethrough": True},
        {"type": "TextRun", "text": " "},
        {"type": "TextRun", "text": "e*", "fontType": "Monospace"},
        {"type": "TextRun", "text": " "},
        {"type": "TextRun", "text": "f g", "selectAction": {"type": "Action.OpenUrl", "url": "https://example.com"}},
        {"type": "TextRun", "text": " "},
        {
            "type": "TextRun",
            "text": "h",
            "selectAction": {"type": "Action.OpenUrl", "url": "https://example.com/i.png"},
        },
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("# Title\n\nText", ["Title", "Text"]),
        ("- a\n  - b\n    1. c\n- d", ["• a", f"{BLANK * 4}• b", f"{BLANK * 8}1. c", "• d"]),
        ("> a\n> b", ["│ a", "│ b"]),
        ("```\nif a:\n    b\n\nc\n```", [f"if{BLANK}a:", f"{BLANK * 4}b", "c"]),
        ("| a | b |\n|---|---|\n| 1 | *2* |", ["a | b", "1 | 2"]),
        ("one\ntwo  \nthree", ["one", "two", "three"]),
        ("---", ["———"]),
        ("<at>Ada</at> {{DATE(2026-11-21T00:00:00Z)}}", ["<at>Ada</at> {{DATE(2026-11-21T00:00:00Z)}}"]),
        ("[label](javascript:alert) [x](/relative)", ["[label](javascript:alert) x"]),
        ("-", ["• "]),
        ("", []),
    ],
)
def test_lines(body: str, expected: list[str]) -> None:
    assert lines(body) == expected


def test_lines_of_one_block_stand_close() -> None:
    first, second, third = elements_of(parse("one\ntwo\n\nthree"))
    assert (first.get("spacing"), second.get("spacing"), third.get("spacing")) == (None, "None", None)


def test_nothing_is_parsed_by_teams() -> None:
    """A TextBlock or a FactSet takes Markdown and functions; a mention needs an entity."""
    shown = card(item(title="**x** <at>Ada</at>", body="# a\n\n- b", fields={"*x*": "{{DATE(x)}}"}))
    assert {element["type"] for element in shown["body"]} == {"RichTextBlock"}
    assert shown["msteams"] == {"width": "Full"}


@pytest.mark.parametrize(
    "url",
    [
        "https://acme.webhook.office.com/webhookb2/x",
        "https://logic.azure.com.example.com/workflows/x",
        "http://prod-12.westeurope.logic.azure.com/workflows/x",
        "https://prod-12.logic.azure.com@example.com/x",
        "https://prod-12.logic.azure.com/x\nHost: y",
        "nowhere",
        "",
    ],
)
def test_no_other_address_is_called(url: str) -> None:
    async def run() -> int:
        one = dataclasses.replace(case("teams", "deliver_created"), secrets={"webhook_url": url})
        async with provider_at(one, answers()) as (provider, connection, vendor):
            with pytest.raises(CredentialRefused):
                await provider.deliver(connection, *one.arguments())
            return len(vendor.seen)

    assert asyncio.run(run()) == 0


def test_a_host_that_the_operator_allows_can_be_entered_and_is_called() -> None:
    provider: Any = Teams(None, Endpoints(base_url="https://Hooks.example.com:443/below"))  # type: ignore[arg-type]
    [secret] = provider.manifest.secrets
    for url, taken in [
        ("https://hooks.example.com/x?sig=y", True),
        ("https://prod-12.westeurope.logic.azure.com/workflows/x", True),
        ("https://hooks.example.com.evil.example/x", False),
        ("http://hooks.example.com/x", False),
        ("https://other.example.com/x", False),
    ]:
        assert (re.search(secret.pattern, url) is not None) is taken, url
    # others' manifest is as it was
    assert "example" not in (Teams.manifest.secrets[0].pattern or "")


def test_the_case_of_a_host_does_not_count() -> None:
    recorded = case("teams", "deliver_created")

    async def run() -> int:
        async with provider_at(recorded, answers(*recorded.answers())) as (provider, connection, vendor):
            url = connection.secrets["webhook_url"].replace("http://", "HTTP://", 1)
            shouted = Connection(Secrets({"webhook_url": url}), connection.configuration)
            await provider.deliver(shouted, *recorded.arguments())
            return len(vendor.seen)

    assert asyncio.run(run()) == 1
