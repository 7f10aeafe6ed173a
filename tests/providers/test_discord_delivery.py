"""What Discord is sent for an item, against the limits that it documents.

Of embeds: https://docs.discord.com/developers/resources/message#embed-object-embed-limits . What it answers is in the
recorded replies.
"""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jackfield.domain.item import Item
from jackfield.domain.provider import Budget
from jackfield.providers._discord_markdown import escape, link, markdown_of
from jackfield.providers._markdown import parse
from jackfield.providers.discord import _message
from support.chat import item, items
from support.recorded import case, provider_at
from support.vendor import Answer, answers

GAP = "\u200b"


def check_limits(sent: dict[str, Any]) -> None:
    assert sent["allowed_mentions"] == {"parse": []}
    (embed,) = sent["embeds"]
    assert set(embed) <= {"title", "url", "description", "fields"}
    assert 0 < len(embed["title"]) <= 256
    assert 0 < len(embed.get("description", "x")) <= 4096
    assert len(embed["fields"]) <= 25
    for field in embed["fields"]:
        assert 0 < len(field["name"]) <= 256
        assert 0 < len(field["value"]) <= 1024
    written = [embed["title"], embed.get("description", "")]
    written += [text for field in embed["fields"] for text in (field["name"], field["value"])]
    assert sum(map(len, written)) <= 6000


@given(items)
@settings(deadline=None, max_examples=60)
def test_any_item_fits(of: Item) -> None:
    check_limits(_message(of))


@pytest.mark.parametrize("body", ["word " * 40_000, "- line\n" * 5000, "```\n" + "x < y\n" * 9000, "a" + "*" * 9000])
def test_a_long_body_ends_with_a_link_to_the_rest(body: str) -> None:
    sent = _message(item(body=body, fields={f"{number}" * 50: "*" * 300 for number in range(9)}))
    check_limits(sent)
    description = sent["embeds"][0]["description"]
    assert description.endswith("\n\n[Read on](<https://product.example.com/work-items/7>)")
    assert len(description) > 2500


def test_an_item_without_a_body_has_no_description() -> None:
    assert "description" not in _message(item())["embeds"][0]
    assert "url" not in _message(item(url=None))["embeds"][0]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("**bold** *italic* ~~gone~~ `code`", "**bold** *italic* ~~gone~~ `code`"),
        ("**a**_b_", f"**a**{GAP}*b*"),
        ("# Title", "**Title**"),
        ("# With **bold**", "With **bold**"),
        ("[label](https://example.com/a_b)", "[label](<https://example.com/a_b>)"),
        ("[a] [b*](https://example.com)", "\\[a\\] [b\\*](<https://example.com>)"),
        ("[https://good.example.com](https://example.com)", "https://good.example.com (<https://example.com>)"),
        ("<https://example.com/x>", "<https://example.com/x>"),
        ("<ada@example.com>", "<mailto:ada@example.com>"),
        ("[Ada](mailto:ada@example.com)", "Ada (<mailto:ada@example.com>)"),
        ("[label](/relative)", "label"),
        ("![photo](https://example.com/a.png)", "[photo](<https://example.com/a.png>)"),
        ("- a\n  - b\n    1. c\n- d", "• a\n    • b\n        1. c\n• d"),
        ("> a\n> b", "> a\n> b"),
        ("```py\na < b\n```", "```\na < b\n```"),
        ("~~~\na ``` b\n~~~", f"```\na ``{GAP}` b\n```"),
        ("`` a`b ``", "`` a`b ``"),
        ("| a | b |\n|---|---|\n| 1 | *2* |", "**a | b**\n1 | *2*"),
        ("<b>bold</b>", "\\<b\\>bold\\</b\\>"),
        ("\\*a\\* \\# ||secret||", "\\*a\\* \\# \\|\\|secret\\|\\|"),
        ("1986\\. A year", "1986\\. A year"),
        ("\\- no list", "\\- no list"),
        ("see https://example.com/a_b_c now", "see <https://example.com/a_b_c> now"),
        ("(see https://example.com/a_(b)).", "\\(see <https://example.com/a_(b)>\\)."),
        ("", ""),
    ],
)
def test_forms(body: str, expected: str) -> None:
    assert markdown_of(parse(body)) == expected


@pytest.mark.parametrize(
    "text", ["<@1234567>", "<@!1234567>", "<@&1234567>", "<#1234567>", "<:a:1>", "<t:1>", "</a:1>"]
)
def test_mentions_are_text(text: str) -> None:
    assert escape(text).startswith("\\<")


@pytest.mark.parametrize("text", ["@everyone", "@here", "@Everyone"])
def test_nobody_is_called(text: str) -> None:
    for written in (text, f"**{text}**", f"[{text}](https://example.com)", f"- {text}", f"https://a.b/{text}"):
        assert text not in markdown_of(parse(written))
    assert text not in link(text, "https://example.com")


@given(st.text(st.sampled_from(list("ab \n*_~`<>&|[]()!#-1.>\\:/@")) | st.characters(codec="utf-8"), max_size=300))
def test_any_text_is_rendered(body: str) -> None:
    written = markdown_of(parse(f"{body}@everyone"))
    # code is shown letter by letter, and calls nobody; nor does anything in an embed, or with our allowed_mentions
    assert "`" in written or "@everyone" not in written


def test_what_is_left_of_the_budget_is_noted() -> None:
    async def run() -> Budget:
        one = case("discord", "deliver_created")
        async with provider_at(one, answers(*one.answers())) as (provider, connection, _):
            await provider.deliver(connection, *one.arguments())
            budget: Budget = connection.budget
            return budget

    budget = asyncio.run(run())
    assert (budget.remaining, budget.seconds) == (4, 2.0)


@pytest.mark.parametrize(
    "url",
    [
        "http://product:8080/items/7",
        "https://localhost/items/7",
        "http://intranet/",
        "http://PRODUCT/items/7",
        "https://product./items/7",
    ],
)
def test_an_address_without_a_dot_in_its_host_is_text(url: str) -> None:
    sent = _message(item(url=url))
    check_limits(sent)
    (embed,) = sent["embeds"]
    assert "url" not in embed
    assert embed["fields"][-1] == {"name": "Address", "value": escape(url), "inline": True}


@pytest.mark.parametrize(
    "url", ["https://a.example/7", "http://10.0.0.1:8080/7", "https://[::1]:8443/7", "https://bücher.example/7"]
)
def test_other_addresses_are_links(url: str) -> None:
    assert _message(item(url=url))["embeds"][0]["url"] == url


def test_many_fields_leave_room_for_an_address_that_is_text() -> None:
    sent = _message(item(url="http://product/7", fields={f"Field {number}": "x" for number in range(40)}))
    check_limits(sent)
    assert sent["embeds"][0]["fields"][-1]["value"] == "http://product/7"


@pytest.mark.parametrize("body", [{"embeds": ["0"]}, {"message": "Invalid Form Body", "code": 50035}])
def test_a_message_that_is_refused_for_its_link_goes_without_it(body: dict[str, Any]) -> None:
    recorded = case("discord", "deliver_created")
    home, made = recorded.answers()

    async def deliver() -> list[Any]:
        script = answers(home, Answer.of(body, 400), made)
        async with provider_at(recorded, script) as (provider, connection, at):
            await provider.deliver(connection, *recorded.arguments())
            return at.seen

    _, refused, taken = asyncio.run(deliver())
    [first], [second] = (json.loads(asked.body)["embeds"] for asked in (refused, taken))
    assert first["url"] == "https://product.example.com/work-items/7"
    assert "url" not in second
    assert second["fields"][-1]["name"] == "Address"
