"""Bodies in the Atlassian Document Format, checked against the rules of its published schema that concern them."""

import functools
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft4Validator

from jackfield.domain.item import Item, ItemType
from jackfield.providers import _adf
from jackfield.providers._chat_text import Fact
from jackfield.providers._markdown import parse
from jackfield.providers.jira import _fields_of
from support.descriptions import atlassian_document
from support.recorded import cases

#: whose conversations are checked against the vendor's description of the format
COVERS = {"jira"}
#: what may stand in what
BLOCKS = {"paragraph", "heading", "bulletList", "orderedList", "codeBlock", "blockquote", "rule", "table"}
INNER = {"paragraph", "bulletList", "orderedList", "codeBlock"}
INLINE = {"text", "hardBreak"}
CHILDREN: dict[str, set[str]] = {
    "doc": BLOCKS,
    "paragraph": INLINE,
    "heading": INLINE,
    "bulletList": {"listItem"},
    "orderedList": {"listItem"},
    "listItem": INNER,
    "blockquote": INNER,
    "codeBlock": {"text"},
    "table": {"tableRow"},
    "tableRow": {"tableHeader", "tableCell"},
    "tableHeader": BLOCKS - {"table"},
    "tableCell": BLOCKS - {"table"},
    "rule": set(),
    "hardBreak": set(),
    "text": set(),
}
NEVER_EMPTY = {"bulletList", "orderedList", "listItem", "blockquote", "table", "tableRow", "tableHeader", "tableCell"}
ATTRIBUTES = {"heading": {"level"}, "orderedList": {"order"}, "codeBlock": {"language"}}


def check(node: dict[str, Any]) -> None:
    kind = node["type"]
    content = node.get("content", [])
    assert {child["type"] for child in content} <= CHILDREN[kind]
    assert content or kind not in NEVER_EMPTY
    assert set(node.get("attrs", {})) <= ATTRIBUTES.get(kind, set())
    if kind == "doc":
        assert node["version"] == 1
    if kind == "heading":
        assert 1 <= node["attrs"]["level"] <= 6
    if kind == "orderedList":
        assert node["attrs"]["order"] >= 0
    if kind == "listItem":
        assert content[0]["type"] in {"paragraph", "codeBlock"}
    if kind == "text":
        check_text(node)
    if kind == "codeBlock":
        assert all("marks" not in child for child in content)
    for child in content:
        check(child)


def check_text(node: dict[str, Any]) -> None:
    assert node["text"]
    marks = [mark["type"] for mark in node.get("marks", [])]
    assert len(set(marks)) == len(marks)
    assert set(marks) <= {"strong", "em", "strike", "code", "link"}
    assert "code" not in marks or set(marks) <= {"code", "link"}
    for mark in node.get("marks", []):
        if mark["type"] == "link":
            assert mark["attrs"]["href"].lower().startswith(("https://", "http://", "mailto:"))


def render(body: str) -> list[dict[str, Any]]:
    document = _adf.document(_adf.blocks(parse(body)))
    check(document)
    content: list[dict[str, Any]] = document["content"]
    return content


def text(words: str, *marks: str | dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "text", "text": words}
    if marks:
        made["marks"] = [{"type": mark} if isinstance(mark, str) else mark for mark in marks]
    return made


def paragraph(*content: dict[str, Any]) -> dict[str, Any]:
    return {"type": "paragraph", "content": list(content)}


def link(url: str) -> dict[str, Any]:
    return {"type": "link", "attrs": {"href": url}}


def test_forms_within_a_line() -> None:
    assert render("**a *b*** ~~c~~ `d * e`  \nf") == [
        paragraph(
            text("a ", "strong"),
            text("b", "strong", "em"),
            text(" "),
            text("c", "strike"),
            text(" "),
            text("d * e", "code"),
            {"type": "hardBreak"},
            text("f"),
        )
    ]


def test_code_takes_no_other_form_than_a_link() -> None:
    assert render("**`a`** [*`b`*](https://x.example)") == [
        paragraph(text("a", "code"), text(" "), text("b", link("https://x.example"), "code"))
    ]


def test_lists_and_what_is_in_them() -> None:
    assert render("3. a\n   - b\n4. # c\n5. > d\n6.\n") == [
        {
            "type": "orderedList",
            "attrs": {"order": 3},
            "content": [
                {
                    "type": "listItem",
                    "content": [
                        paragraph(text("a")),
                        {
                            "type": "bulletList",
                            "content": [{"type": "listItem", "content": [paragraph(text("b"))]}],
                        },
                    ],
                },
                {"type": "listItem", "content": [paragraph(text("c", "strong"))]},
                {"type": "listItem", "content": [paragraph(text("d"))]},
                {"type": "listItem", "content": [paragraph()]},
            ],
        }
    ]


def test_a_list_right_within_an_item_comes_after_words() -> None:
    (made,) = render("- - a")
    assert [one["type"] for one in made["content"][0]["content"]] == ["paragraph", "bulletList"]


def test_code_and_its_language() -> None:
    assert render('```Python title="x"\nif a < b:\n    pass\n```\n\n    c') == [
        {"type": "codeBlock", "content": [text("if a < b:\n    pass")], "attrs": {"language": "python"}},
        {"type": "codeBlock", "content": [text("c")]},
    ]
    assert render("```<b>\n```") == [{"type": "codeBlock", "content": []}]


def test_headings_rules_and_quotations() -> None:
    assert render("## a\n\n---\n\n> # b\n>\n> > c\n>\n> ---") == [
        {"type": "heading", "attrs": {"level": 2}, "content": [text("a")]},
        {"type": "rule"},
        {"type": "blockquote", "content": [paragraph(text("b", "strong")), paragraph(text("c"))]},
    ]
    assert render("#\n\n>") == []


def test_tables() -> None:
    assert render("| a | **b** |\n|---|---|\n| c | |") == [
        {
            "type": "table",
            "content": [
                {
                    "type": "tableRow",
                    "content": [
                        {"type": "tableHeader", "content": [paragraph(text("a"))]},
                        {"type": "tableHeader", "content": [paragraph(text("b", "strong"))]},
                    ],
                },
                {
                    "type": "tableRow",
                    "content": [
                        {"type": "tableCell", "content": [paragraph(text("c"))]},
                        {"type": "tableCell", "content": [paragraph()]},
                    ],
                },
            ],
        }
    ]


def test_a_table_where_none_may_stand_becomes_lines() -> None:
    assert render("> | a | b |\n> |---|---|\n> | c | d |") == [
        {"type": "blockquote", "content": [paragraph(text("a | b")), paragraph(text("c | d"))]}
    ]


def test_images_become_links_and_nothing_is_loaded() -> None:
    assert render("![pad](https://x.example/a.png) ![](https://x.example/b.png)") == [
        paragraph(
            text("pad", link("https://x.example/a.png")), text(" "), text("image", link("https://x.example/b.png"))
        )
    ]
    assert render("[![pad](https://x.example/a.png)](https://y.example)") == [
        paragraph(text("pad", link("https://y.example")))
    ]


@pytest.mark.parametrize(
    "body", ["[a](javascript:alert(1))", "[a](/relative)", "[a](data:text/html,x)", "[a](file:///etc/passwd)"]
)
def test_links_that_lead_elsewhere_are_text(body: str) -> None:
    assert "link" not in str(render(body))


@pytest.mark.parametrize(
    "body",
    ["@ada hello", "[~ada]", "[~accountid:5b10a2844c20165700ede21g]", "{color:red}a{color}", "<b>a</b>", "!x.png!"],
)
def test_mentions_wiki_markup_and_html_are_text(body: str) -> None:
    assert "".join(node["text"] for node in render(body)[0]["content"]) == body


def test_an_autolink_without_words_shows_its_address() -> None:
    assert render("[](https://x.example)") == [paragraph(text("https://x.example", link("https://x.example")))]


def test_control_characters_are_left_out() -> None:
    assert render("a\x01\x1bb\ufffe") == [paragraph(text("ab"))]


def test_facts_stand_on_lines_of_their_own() -> None:
    assert _adf.facts([Fact("Depot", "North"), Fact("@a", "*b*")]) == [
        paragraph(text("Depot: ", "strong"), text("North"), {"type": "hardBreak"}, text("@a: ", "strong"), text("*b*"))
    ]
    assert _adf.facts([]) == []


PIECES = st.sampled_from(
    [
        *("*", "**", "`", "~~", "[a](", "https://x.example/", ")", "![", "]", "<b>", "@ada", "[~ada]", "\\", "&amp;"),
        *("\n", "\n\n", "- ", "1. ", "> ", "# ", "|", "\n|---|\n", "```", "    ", "---", "]]>", "é", "😀"),
        *("\x00", "\x0b", "a "),
    ]
)
BODIES = st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=60).map("".join))


@given(BODIES)
def test_any_body_is_a_document(body: str) -> None:
    render(body)


@functools.cache
def published() -> Draft4Validator:
    return Draft4Validator(atlassian_document())


@given(BODIES)
def test_any_body_is_a_document_by_the_published_schema(body: str) -> None:
    assert [error.message for error in published().iter_errors(_adf.document(_adf.blocks(parse(body))))] == []


def test_the_recorded_descriptions_are_documents_by_the_published_schema() -> None:
    bodies = [exchange["request"].get("json", {}) for one in cases("jira") for exchange in one.exchanges]
    described = [body["fields"]["description"] for body in bodies if "description" in body.get("fields", ())]
    assert len(described) > 10
    for description in described:
        check(description)
        assert [error.message for error in published().iter_errors(description)] == []


# to cut a long text takes a few renderings of it
@settings(deadline=None, max_examples=20)
@given(BODIES, st.integers(1, 3000), st.text(max_size=400))
def test_any_item_stays_within_the_limits(body: str, times: int, title: str) -> None:
    item = Item(
        type=ItemType.WORK_ITEM,
        key="WI-7",
        title=title,
        body=(body * times)[:60_000],
        url="https://product.example.com/work-items/7",
        fields={f"Field {number}": "value " * 100 for number in range(50)},
    )
    fields = _fields_of(item)
    check(fields["description"])
    assert 0 < len(fields["summary"]) <= 255
    assert "\n" not in fields["summary"]
    assert len(msgspec.json.encode(fields["description"]).decode()) <= 32_767
    assert "https://product.example.com/work-items/7" in str(fields["description"]["content"][-1])


def test_a_body_that_is_too_long_ends_with_a_link_to_the_rest() -> None:
    item = Item(
        type=ItemType.WORK_ITEM, key="WI-7", title="a", body="word " * 20_000, url="https://product.example.com/7"
    )
    content = _fields_of(item)["description"]["content"]
    assert content[0]["content"][0]["text"].endswith("word…")
    assert len(content[0]["content"][0]["text"]) > 30_000
    assert content[-1] == paragraph(text("Read on: Work item WI-7", link("https://product.example.com/7")))
