"""What is sent, against what vendors publish of it on npm.

Of Slack, Discord and Sentry that is types for TypeScript, of which its compiler judges; of Atlassian a JSON schema of
documents; of Microsoft the parser of cards.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jackfield.domain.item import Item, ItemStatus
from jackfield.domain.provider import Delivery
from jackfield.providers import _adf, discord, slack, teams
from jackfield.providers._markdown import parse
from jackfield.providers.jira import _fields_of
from support.chat import MARKER, item, items
from support.recorded import cases
from support.vendor_types import check_cards, compile_, faults_of, published

#: the providers whose requests are checked here
COVERS: Final = frozenset({"slack", "discord", "jira", "sentry", "teams"})
SLACK = {
    "/api/chat.postMessage": "import('@slack/web-api').ChatPostMessageArguments",
    "/api/chat.update": "import('@slack/web-api').ChatUpdateArguments",
}
#: methods take any block besides
BLOCKS = "import('@slack/types').KnownBlock[]"
DISCORD = {
    "POST": "import('discord-api-types/v10').RESTPostAPIWebhookWithTokenJSONBody",
    "PATCH": "import('discord-api-types/v10').RESTPatchAPIWebhookWithTokenMessageJSONBody",
}
#: as Sentry's own types have it behind the package's exports
SENTRY = "import('./node_modules/@sentry/api/dist/types.gen.js')"
SENTRY_ISSUE = "/api/0/organizations/{organization_id_or_slug}/issues/{issue_id}/"
EVERYTHING = """\
# A *title* with `code`

Words **strong _both_**, ~~gone~~, `code`, [link](https://example.com "Title"), <https://example.com/a>,
[**`all`**](https://example.com) ![image](https://example.com/i.png) @ada <b>HTML</b> &amp; \\*

## Another

> quoted
>
> - within
>
> > twice
>
> | a |
> |---|
> | b |

3. three
   - a
     1. b

     ```
     x
     ```
   - # heading
4.
5. - a

| left | **right** |
|:-----|----------:|
| `1`  |           |

```Python title="x"
if a < b:
    pass
```

    indented

---
"""
RICH = item(
    body="# Title\n\n" + "A [link](https://example.com) and `code`.\n\n- a\n- b\n\n" * 400,
    status=ItemStatus.IN_PROGRESS,
    priority="high",
    assignee="Ada",
    labels=("a", "b"),
    fields={f"Field {number}": "value" for number in range(30)},
)


def sent_to_slack() -> list[tuple[str, object]]:
    recorded = [exchange["request"] for one in cases("slack") if one.call == "deliver" for exchange in one.exchanges]
    found = [(SLACK[request["path"]], request["json"]) for request in recorded if request["path"] in SLACK]
    place = {"channel": "C0123456789", "ts": "1503435956.000247"}
    rich = slack._message(Delivery(item=RICH, marker=MARKER), in_full=True)
    found.append((SLACK["/api/chat.update"], {**place, **rich}))
    return [*found, *((BLOCKS, sent["blocks"]) for _, sent in found)]


def sent_to_discord() -> list[tuple[str, object]]:
    recorded = [exchange["request"] for one in cases("discord") if one.call == "deliver" for exchange in one.exchanges]
    found: list[tuple[str, object]] = [
        (DISCORD[request["method"]], request["json"]) for request in recorded if request["method"] in DISCORD
    ]
    return [*found, (DISCORD["POST"], discord._message(RICH))]


def sent_to_sentry() -> list[tuple[str, object]]:
    """With path and address. Comments are in none of the types."""
    pattern = re.compile(r"/api/0/organizations/([^/]+)/issues/([^/]+)/")
    found: list[tuple[str, object]] = []
    for request in bodies_of("sentry"):
        place = pattern.fullmatch(request["path"])
        if place is None:
            assert re.fullmatch(pattern.pattern + r"comments/(\d+/)?", request["path"])
            continue
        assert request["method"] == "PUT"
        path = {"organization_id_or_slug": place[1], "issue_id": place[2]}
        update = {"body": request["json"], "path": path, "url": SENTRY_ISSUE}
        found.append((f"{SENTRY}.UpdateAnIssueData", update))
        # the type of the update takes any text
        found.append((f"{SENTRY}.RetrieveAnIssueResponse['status']", request["json"]["status"]))
    return found


def bodies_of(slug: str) -> Iterator[dict[str, Any]]:
    """Every recorded request of a delivery that has a body."""
    for one in cases(slug):
        if one.call == "deliver":
            yield from (exchange["request"] for exchange in one.exchanges if exchange["request"].get("json"))


def test_slack_is_sent_what_it_describes(tmp_path: Path) -> None:
    sent = sent_to_slack()
    assert {type_ for type_, _ in sent} == {*SLACK.values(), BLOCKS}
    assert compile_(sent, tmp_path) == ""


def test_discord_is_sent_what_it_describes(tmp_path: Path) -> None:
    sent = sent_to_discord()
    assert {type_ for type_, _ in sent} == set(DISCORD.values())
    assert compile_(sent, tmp_path) == ""


def test_sentry_is_sent_what_it_describes(tmp_path: Path) -> None:
    sent = sent_to_sentry()
    assert len(sent) > 10
    assert compile_(sent, tmp_path) == ""


def test_sentry_describes_no_comments() -> None:
    """Else what is sent could be checked."""
    described = published("@sentry/api/dist/types.gen.d.ts").read_text(encoding="utf-8")
    assert SENTRY_ISSUE in described
    assert f"{SENTRY_ISSUE}comments/" not in described


def test_the_compiler_would_say_so(tmp_path: Path) -> None:
    wrong: list[tuple[str, object]] = [
        (SLACK["/api/chat.update"], {"channel": "C1", "ts": "1.2", "text": "x", "unfurl_links": False}),
        (BLOCKS, [{"type": "context", "elements": [{"type": "mrkdwn", "txt": "x"}]}]),
        (DISCORD["POST"], {"embeds": [{"titel": "x"}]}),
        (f"{SENTRY}.UpdateAnIssueData['body']", {"state": "resolved"}),
        (f"{SENTRY}.UpdateAnIssueData['url']", "/api/0/issues/{issue_id}/"),
        (f"{SENTRY}.RetrieveAnIssueResponse['status']", "closed"),
    ]
    told = compile_(wrong, tmp_path)
    assert [f"sent.ts({line}," in told for line in range(1, 7)] == [True] * 6


def test_jira_is_sent_documents_of_its_schema() -> None:
    # searches have a list of fields
    written = [fields for one in bodies_of("jira") if isinstance(fields := one["json"].get("fields"), dict)]
    sent = [fields["description"] for fields in written]
    assert len(sent) > 10
    for document in [*sent, _fields_of(RICH)["description"], _adf.document(_adf.blocks(parse(EVERYTHING)))]:
        assert faults_of(document) == []


@given(st.lists(st.sampled_from(EVERYTHING.splitlines(keepends=True)) | st.text(max_size=20)).map("".join))
@settings(deadline=None)
def test_any_body_is_a_document_of_the_schema(body: str) -> None:
    assert faults_of(_adf.document(_adf.blocks(parse(body)))) == []


# to cut a long text takes a few renderings of it
@given(items)
@settings(deadline=None, max_examples=40)
def test_any_item_is_a_document_of_the_schema(of: Item) -> None:
    assert faults_of(_fields_of(of)["description"]) == []


@pytest.mark.parametrize(
    "block",
    [
        {"type": "paragraf", "content": []},
        {"type": "paragraph", "content": [{"type": "text", "text": ""}]},
        {"type": "paragraph", "content": [{"type": "text", "text": "x", "marks": [{"type": "bold"}]}]},
        {"type": "paragraph", "content": [{"type": "text", "text": "x", "mark": []}]},
        {"type": "heading", "attrs": {"level": 7}, "content": []},
        {"type": "bulletList", "content": []},
        {"type": "listItem", "content": [{"type": "paragraph", "content": []}]},
        {"type": "blockquote", "content": [{"type": "rule"}]},
    ],
)
def test_the_schema_would_say_so(block: dict[str, Any]) -> None:
    assert faults_of(_adf.document([block]))


def test_teams_is_sent_cards() -> None:
    recorded = [request["json"] for request in bodies_of("teams")]
    assert recorded
    check_cards([*recorded, teams._message(RICH), teams._message(item(body=EVERYTHING, labels=("a",)))])


# many at once, as each time Node.js has to start
@given(st.lists(items, min_size=20, max_size=20))
@settings(deadline=None, max_examples=3)
def test_any_item_is_a_card(many: list[Item]) -> None:
    check_cards([teams._message(one) for one in many])


@pytest.mark.parametrize(
    "content",
    [
        {"body": [{"type": "RichTextBlok", "inlines": []}]},
        {"body": [{"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": "x", "weight": "Bold"}]}]},
        {"body": [{"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": "x", "wight": "Bolder"}]}]},
        {"body": [{"type": "TextBlock", "text": "x"}], "actions": [{"type": "Action.OpenUrl", "title": "x"}]},
        {"body": [{"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": "x"}]}], "version": "1.1"},
    ],
)
def test_the_parser_would_say_so(content: dict[str, Any]) -> None:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        **content,
    }
    with pytest.raises(AssertionError):
        check_cards([{"attachments": [{"content": card}]}])


def test_the_parser_takes_what_is_right() -> None:
    """So that the cards above fail by what is wrong with them."""
    run = {"type": "TextRun", "text": "x", "weight": "Bolder"}
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [{"type": "RichTextBlock", "inlines": [run]}, {"type": "TextBlock", "text": "x"}],
        "actions": [{"type": "Action.OpenUrl", "title": "x", "url": "https://example.com"}],
    }
    check_cards([{"attachments": [{"content": card}]}])
