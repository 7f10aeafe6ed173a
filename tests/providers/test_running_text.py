"""Addresses that somebody just wrote out, and forms that stand close to others: as each vendor is sent them."""

import html
import json
import re
from typing import Any

import pytest
from markdown_it import MarkdownIt

from jackfield.domain.item import Item
from jackfield.providers._chat_text import title_of
from jackfield.providers._markdown import parse
from support.chat import item
from support.rendering import ALL, MARKDOWN, rendered

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
#: what a text says, and where its one address leads
ADDRESSES = [
    ("see https://x.example/Brake_(vehicle) now", "https://x.example/Brake_(vehicle)"),
    ("(see https://x.example/Brake_(vehicle))", "https://x.example/Brake_(vehicle)"),
    ("see https://x.example/a.", "https://x.example/a"),
    ("see https://x.example/a, b", "https://x.example/a"),
    ("*https://x.example/a*", "https://x.example/a"),
    ("**https://x.example/a_b**!", "https://x.example/a_b"),
    ("https://x.example/src/__init__.py", "https://x.example/src/__init__.py"),
    ("https://x.example/*/b/*.js is all", "https://x.example/*/b/*.js"),
    ("https://x.example/~user", "https://x.example/~user"),
    ("https://x.example/?a=1&b=2#c", "https://x.example/?a=1&b=2#c"),
    ("https://x.example/a\\_b", "https://x.example/a_b"),
    ("HTTPS://x.example/A", "HTTPS://x.example/A"),
    ("www.x.example/a_b_c", "http://www.x.example/a_b_c"),
    ("(www.x.example/a)", "http://www.x.example/a"),
    ("- in a list https://x.example/a_b", "https://x.example/a_b"),
    ("> quoted https://x.example/a_b", "https://x.example/a_b"),
    ("\u898b https://x.example/\u8def", "https://x.example/\u8def"),
    ("<https://x.example/a_b>", "https://x.example/a_b"),
    ("[words](https://x.example/a_b)", "https://x.example/a_b"),
    ("[https://x.example/a_b](https://x.example/c)", "https://x.example/c"),
]
#: the vendors with links that are neither Markdown nor plain text; how they write one
LINKS = {
    "slack": lambda sent: re.findall(r"<([^<>|]+)\|", sent["blocks"][1]["text"]["text"]),
    "discord": lambda sent: re.findall(r"<([^<>]+)>", sent["embeds"][0]["description"]),
    "jira": lambda sent: [mark["attrs"]["href"] for mark in _all(sent["content"][:1], "link")],
    "confluence": lambda sent: re.findall(r'href="([^"]+)"', sent["value"]),
    "teams": lambda sent: [
        action["url"] for action in _all(sent["attachments"][0]["content"]["body"], "Action.OpenUrl")
    ],
}


def _all(within: Any, kind: str) -> list[dict[str, Any]]:
    if isinstance(within, dict):
        return [within] if within.get("type") == kind else _all(list(within.values()), kind)
    return [found for one in within for found in _all(one, kind)] if isinstance(within, list) else []


def plain(url: str) -> str:
    """Percent-encoding apart, as some vendors need it where others do not."""
    for sign, code in {"(": "%28", ")": "%29", "\u8def": "%E8%B7%AF"}.items():
        url = url.replace(code, sign)
    return url


@pytest.mark.parametrize("vendor", MARKDOWN)
@pytest.mark.parametrize(("body", "target"), ADDRESSES)
def test_an_address_leads_where_the_text_says_in_markdown(vendor: str, body: str, target: str) -> None:
    tokens = [child for token in READER.parse(rendered(vendor, body)) for child in token.children or ()]
    targets = [str(token.attrs["href"]) for token in tokens if token.type == "link_open"]
    assert plain(targets[0]) == plain(MarkdownIt().normalizeLink(target))


@pytest.mark.parametrize("vendor", LINKS)
@pytest.mark.parametrize(("body", "target"), ADDRESSES)
def test_an_address_is_a_link_elsewhere(vendor: str, body: str, target: str) -> None:
    assert plain(html.unescape(LINKS[vendor](rendered(vendor, body))[0])) == plain(target)


@pytest.mark.parametrize(("body", "target"), [one for one in ADDRESSES if not one[0].startswith("www.")])
def test_mantisbt_reads_the_address_as_it_is(body: str, target: str) -> None:
    assert plain(target).removeprefix("http://www.") in plain(rendered("mantisbt", body))


@pytest.mark.parametrize("vendor", ALL)
@pytest.mark.parametrize(
    "body", ["xhttp://a", "http:// a", "https://", "www.", "awww.x.example", "`https://x.example`"]
)
def test_what_is_no_address_is_no_link(vendor: str, body: str) -> None:
    (paragraph,) = parse(body).children
    assert all(node.type != "link" for node in paragraph.walk())
    assert rendered(vendor, body)


@pytest.mark.parametrize("vendor", MARKDOWN)
@pytest.mark.parametrize(
    "body",
    [
        "- a\n- b\n\n* c\n* d",
        "- a\n\n+ b\n\n- c",
        "1. a\n2. b\n\n1) c",
        "- a\n  - b\n\n  * c",
        "# ends in C#",
        "## a \\##",
        "one  \ntwo\n===",
        "*_x_*",
        "__**x**__",
        "*a*_b_",
        "**a**__b__ c",
        '_a "*b*" c_',
        '"_a_"',
        "***a** b* c",
        "```\ncode  \n\n  more \n```",
        "- ```\n  code  \n\n   more \n  ```\n- b",
        "> ```\n> code  \n>\n> more \n> ```",
        "1. a\n\n   > b\n\n2. c",
    ],
)
def test_forms_mean_the_same_when_they_are_read_again(vendor: str, body: str) -> None:
    written = rendered(vendor, body).rpartition("\n\nFrom ")[0]
    if vendor == "sentry":
        written = written.partition("\n\n")[2]
    assert meaning(written) == meaning(body)


def meaning(text: str) -> str:
    """What a reader makes of it. Emphasis in emphasis, and emphasis beside emphasis, look like one."""
    shown = READER.render(text).replace("\u200b", "")
    for form in ("em", "strong"):
        shown = re.sub(rf"(</?{form}>)\1+", r"\1", shown.replace(f"</{form}><{form}>", ""))
    # a hard break in a heading is a blank
    shown = re.sub(r"(<h\d>.*?)<br />\n", r"\1 ", shown)
    return re.sub(r"<em>a &quot;<em>b</em>&quot; c</em>", "<em>a &quot;b&quot; c</em>", shown)


@pytest.mark.parametrize("vendor", MARKDOWN)
@pytest.mark.parametrize("body", ["- a\n- b", "* a", "1. a\n   - b", "- a\n\n\n+ b", "text", "> - a"])
def test_facts_are_a_list_of_their_own(vendor: str, body: str) -> None:
    of: Item = item(body=body, priority="high", fields={"Depot": "North"})
    blocks = [token for token in READER.parse(MARKDOWN[vendor](of)) if token.level == 0 and token.nesting >= 0]
    lists = [token for token in READER.parse(body) if token.level == 0 and token.type == "bullet_list_open"]
    assert [token.type for token in blocks].count("bullet_list_open") == len(lists) + 1


def test_code_with_a_backslash_before_a_bar_keeps_its_cell() -> None:
    body = "| a | b |\n|---|---|\n| `x\\\\|y` | z |"
    assert [cell.content for cell in _cells(rendered("github", body))][-1] == "z"


def _cells(text: str) -> list[Any]:
    tokens = READER.parse(text)
    return [tokens[place + 1] for place, token in enumerate(tokens) if token.type == "td_open"]


@pytest.mark.parametrize("vendor", ALL)
def test_an_alternative_text_is_shown_without_its_forms(vendor: str) -> None:
    sent = json.dumps(rendered(vendor, "![a **b** `c`](https://x.example/i.png)"))
    assert "a b c" in sent


@pytest.mark.parametrize("title", ["\x01", "\x00\x1f", " \x07 ", "\x7f"])
def test_a_title_of_control_characters_is_the_key(title: str) -> None:
    assert title_of(item(title=title)) == "WI-7"


@pytest.mark.parametrize("body", ["%1", "{+ a +}", "[- a -]", "$12", "^alert#1", "~bug", "&7", "!7", "#7", '%"v 1"'])
def test_gitlab_takes_nothing_for_a_reference(body: str) -> None:
    written = rendered("gitlab", f"see {body}")
    assert not re.search(r"[#!&%$^~](?=[\w\"])|[{\[](?=[+-])", written.partition("\n\n")[0])
