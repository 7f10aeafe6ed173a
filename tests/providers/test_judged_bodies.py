"""Texts that others wrote, as the vendors with forms of their own are sent them, by the verdict of others.

What a text means is what comrak makes of it. What a vendor would show is read by Atlassian's schema of documents,
Microsoft's parser of cards, an XML parser, and parsers of Slack's and Discord's texts that others wrote. MantisBT's
text is plain: its words are looked for, and what MantisBT would make something of.
"""

import functools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from support.judges import examples, judge, plain, shown, whole_corpus
from support.rendering import rendered
from support.seen import (
    ZERO_WIDTH_SPACE,
    Seen,
    address,
    seen_in_card,
    seen_in_document,
    seen_in_html,
    seen_in_storage_format,
    storage_format,
)
from support.vendor_types import check_cards, compile_, faults_of

#: read to the letter: nothing is there but what was written
EXACT: Final = ("jira", "confluence")
#: lists, quotations and tables are signs there
SIGNS: Final = ("teams", "slack", "discord", "mantisbt")
#: of a body that had to be cut, which is judged elsewhere
CUT: Final = "Read on"
#: all that a text may be there, as Slack's and Discord's parsers call it
SLACK_KINDS: Final = {"Root", "Text", "URL", "PreText", "Code", "Italic", "Bold", "Strike", "Quote", "Emoji"}
DISCORD_KINDS: Final = (
    {"text", "br", "newline", "url", "autolink", "link", "codeBlock", "inlineCode", "strong", "em", "strikethrough"}
    | {"blockQuote", "twemoji", "emoticon"}
)  # fmt: skip
BLOCKS: Final = "import('@slack/types').KnownBlock[]"
MESSAGE: Final = "import('discord-api-types/v10').RESTPostAPIWebhookWithTokenJSONBody"
#: what MantisBT makes something of
ACTIVE: Final = re.compile(r"(?<![\w/&?=%])[#~]\d|@[\w.]|<[A-Za-z/!]|!\[")
#: what stands before lines in lists and quotations, which are text
SIGN: Final = re.compile(r"(?:> |│ |• |\d+\. |    )*")
#: vendors without links to mail, whose addresses are words there
WEB_ALONE: Final = ("teams", "discord")
_ADDRESS: Final = re.compile(r"(?:https?://|mailto:)[^\s()<>]+", re.IGNORECASE)


@functools.cache
def bodies(vendor: str) -> list[Any]:
    return [rendered(vendor, text) for text in whole_corpus()]


def sections(message: dict[str, Any]) -> str:
    """The body of a message to Slack: its sections, as they are read one after the other."""
    return "\n\n".join(
        block["text"]["text"] for block in message["blocks"] if "text" in block and block["type"] == "section"
    )


def description(message: dict[str, Any]) -> str:
    text: str = message["embeds"][0].get("description", "")
    return text


@functools.cache
def parsed(vendor: str) -> list[dict[str, Any]]:
    """What the parser of others finds in each body."""
    if vendor == "slack":
        # to Slack a space without width is a space; the parser knows those of ASCII alone
        texts = [sections(body).replace(ZERO_WIDTH_SPACE, " ") for body in bodies(vendor)]
    else:
        texts = [description(body) for body in bodies(vendor)]
    return judge(vendor, given=json.dumps(texts))


def _slack() -> Iterator[Seen]:
    for one in parsed("slack"):
        # Slack has three entities, and code has no three backticks in a row
        words, *code = (_unescaped(text) for text in [one["words"], *one["code"]])
        code = [text.replace("`` `", "```").strip("\n") for text in code]
        yield Seen(words, code, {address(_unescaped(url)) for url in one["links"]})


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _discord() -> Iterator[Seen]:
    for one in parsed("discord"):
        yield Seen(one["words"], one["code"], {address(url) for url in one["links"]})


def _mantisbt() -> Iterator[Seen]:
    for text in bodies("mantisbt"):
        # whoever reads it finds addresses by themselves
        yield Seen(text, text.split("\n"), set())


READERS: Final[dict[str, Callable[[], Iterator[Seen]]]] = {
    "jira": lambda: map(seen_in_document, bodies("jira")),
    "confluence": lambda: (seen_in_storage_format(storage_format(body["value"])) for body in bodies("confluence")),
    "teams": lambda: (seen_in_card(body["attachments"][0]["content"]) for body in bodies("teams")),
    "slack": _slack,
    "discord": _discord,
    "mantisbt": _mantisbt,
}


@functools.cache
def whole(vendor: str) -> list[tuple[str, Seen, Seen]]:
    """Text, what it means and what is found at the vendor, of texts without HTML that need not be cut."""
    corpus = whole_corpus()
    every = zip(corpus, plain(corpus), shown(corpus), READERS[vendor](), bodies(vendor), strict=True)
    found = [
        (text, seen_in_html(page), seen)
        for text, is_plain, page, seen, body in every
        if is_plain and CUT not in json.dumps(body)
    ]
    assert len(found) > 600
    return found


def words_are_in_order(meant: Seen, seen: Seen) -> bool:
    """Whether every word and sign is there, one behind the other. Vendors write addresses and signs between them."""
    letters, at = address(seen.letters()), 0
    for token in meant._replace(words=address(meant.words)).tokens():
        # images without words are called so, but within other words
        if token == "image":
            continue
        found = letters.find(token, at)
        if found < 0:
            return False
        at = found + len(token)
    return True


def code_is_in_order(meant: Seen, seen: Seen) -> bool:
    """Whether every line of code is there, one behind the other, with nothing before it but signs of lists and such."""
    rest = iter(seen.code_lines())
    return all(
        any(line.endswith(code) and SIGN.fullmatch(line.removesuffix(code)) for line in rest)
        for code in meant.code_lines()
    )


@pytest.mark.parametrize("vendor", EXACT)
def test_the_words_are_those_that_were_written(vendor: str) -> None:
    # Jira's documents have no tables in quotes and lists: there, strokes part the cells
    strokes = str.maketrans("", "", "|" if vendor == "jira" else "")
    wrong = [
        text[:300]
        for text, meant, seen in whole(vendor)
        if not seen.letters().translate(strokes).startswith(meant.letters().translate(strokes))
    ]
    assert wrong == []


@pytest.mark.parametrize("vendor", SIGNS)
def test_every_word_and_sign_is_there(vendor: str) -> None:
    # which lone signs pair up as a form is not the same to Slack and to the parser
    signs = str.maketrans("", "", "*_~`ˋ" if vendor == "slack" else "")  # noqa: RUF001
    wrong = [
        text[:300]
        for text, meant, seen in whole(vendor)
        if not words_are_in_order(
            meant._replace(words=meant.words.translate(signs)), seen._replace(words=seen.words.translate(signs))
        )
    ]
    assert wrong == []


def test_no_escape_and_no_sign_of_a_form_is_left_over_at_discord() -> None:
    found = set()
    for text, meant, seen in whole("discord"):
        around = meant.words + "".join(seen.links)
        found |= {text for sign in "\\*`" if seen.words.count(sign) > around.count(sign)}
    # code of nothing but a blank
    assert found <= {"``` ```\naaa\n"}


@pytest.mark.parametrize("vendor", EXACT)
def test_code_is_kept_byte_for_byte(vendor: str) -> None:
    for text, meant, seen in whole(vendor):
        assert seen.code == meant.code, text[:300]


@pytest.mark.parametrize("vendor", SIGNS)
def test_every_line_of_code_is_code(vendor: str) -> None:
    wrong = [text[:300] for text, meant, seen in whole(vendor) if not code_is_in_order(meant, seen)]
    assert wrong == []


def led_to(text: str, meant: Seen, vendor: str) -> set[str]:
    """Where links of a text lead. Addresses of mail in running text stay words everywhere."""
    mail = {url for url in meant.links if url.lower().startswith("mailto:")}
    marked = {url for url in mail if url in text or f"<{url[7:]}>" in text}
    return meant.links - mail | (set() if vendor in WEB_ALONE else marked)


@pytest.mark.parametrize("vendor", [vendor for vendor in READERS if vendor != "mantisbt"])
def test_links_lead_where_they_led(vendor: str) -> None:
    wrong = [
        (text[:300], far) for text, meant, seen in whole(vendor) if (far := led_to(text, meant, vendor) - seen.links)
    ]
    assert wrong == []


def test_mantisbt_is_told_where_links_lead() -> None:
    for text, meant, seen in whole("mantisbt"):
        told = address(seen.words)
        assert [url for url in led_to(text, meant, "mantisbt") if url.removeprefix("mailto:") not in told] == [], text[
            :300
        ]


@pytest.mark.parametrize("vendor", [vendor for vendor in READERS if vendor != "mantisbt"])
def test_links_lead_to_the_web_and_to_mail_alone(vendor: str) -> None:
    for text, seen in zip(whole_corpus(), READERS[vendor](), strict=True):
        assert all(re.match(r"(?:https?://|mailto:)", url, re.IGNORECASE) for url in seen.links), text[:300]


def test_jira_is_sent_documents_of_atlassians_schema() -> None:
    wrong = [
        (text[:300], told)
        for text, body in zip(whole_corpus(), bodies("jira"), strict=True)
        if (told := faults_of(body))
    ]
    assert wrong == []


def test_confluence_is_sent_xml_with_no_macro_but_code_and_our_anchor() -> None:
    name = "{urn:ac}name"
    for text, body in zip(whole_corpus(), bodies("confluence"), strict=True):
        elements = list(storage_format(body["value"]).iter())
        assert {one.attrib[name] for one in elements if one.tag.endswith("macro")} <= {"code", "anchor"}, text[:300]
        strange = [
            one.tag for one in elements if one.tag in {"script", "img", "iframe", "style"} or "{urn:ri}" in one.tag
        ]
        assert strange == [], text[:300]
        assert not [key for one in elements for key in one.attrib if key.startswith("on")], text[:300]


def test_teams_is_sent_cards_of_which_nothing_is_told() -> None:
    check_cards(bodies("teams"))


def test_slack_is_sent_blocks_of_its_types_and_sizes(tmp_path: Path) -> None:
    assert compile_([(BLOCKS, body["blocks"]) for body in bodies("slack")], tmp_path) == ""
    for body in bodies("slack"):
        assert len(body["blocks"]) <= 50
        assert all(0 < len(block["text"]["text"]) <= 3000 for block in body["blocks"] if "text" in block)


def test_discord_is_sent_messages_of_its_types_and_sizes(tmp_path: Path) -> None:
    assert compile_([(MESSAGE, body) for body in bodies("discord")], tmp_path) == ""
    for body in bodies("discord"):
        assert body["allowed_mentions"] == {"parse": []}
        assert len(description(body)) <= 4096


@pytest.mark.parametrize(("vendor", "kinds"), [("slack", SLACK_KINDS), ("discord", DISCORD_KINDS)])
def test_no_text_mentions_anybody_or_is_a_command(vendor: str, kinds: set[str]) -> None:
    for text, one in zip(whole_corpus(), parsed(vendor), strict=True):
        assert set(one["kinds"]) <= kinds, text[:300]


@pytest.mark.parametrize("vendor", ["slack", "discord"])
@pytest.mark.parametrize(
    "empty", ["```\n```", "```{note} 1.2\n\n```", "~~~\n  \n~~~", "- a\n  ```\n  ```", "> ```\n> ```"]
)
def test_an_empty_block_of_code_encloses_nothing(vendor: str, empty: str) -> None:
    body = rendered(vendor, f"{empty}\n\nwords\n\n```\ncode\n```\n\n{empty}\n\nmore")
    (seen,) = judge(vendor, given=json.dumps([(sections if vendor == "slack" else description)(body)]))
    assert [code.strip() for code in seen["code"]] == ["code"]


def test_the_parsers_would_say_so() -> None:
    (slack,) = judge("slack", given=json.dumps(["<!here> <@U012AB3CD> <#C012AB3CD> *a*"]))
    assert set(slack["kinds"]) - SLACK_KINDS == {"Command", "UserLink", "ChannelLink"}
    (discord,) = judge("discord", given=json.dumps(["@everyone <@80351110224678912> <#80351110224678912> **a**"]))
    assert set(discord["kinds"]) - DISCORD_KINDS == {"everyone", "user", "channel"}


def test_nothing_is_alive_at_mantisbt() -> None:
    for text, body in zip(whole_corpus(), bodies("mantisbt"), strict=True):
        assert not ACTIVE.search(_ADDRESS.sub("", body)), text[:300]


def test_the_whole_corpus_is_judged() -> None:
    assert set(examples()) < set(whole_corpus())
