"""Items as Markdown: what users typed is shown as they meant it, and does nothing."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from jackfield.domain.item import Item, ItemStatus, ItemType
from jackfield.providers._gfm import Dialect, body_of, escape, render, title_of

DIALECT = Dialect(
    references=re.compile(r"(?<![A-Za-z0-9_])@(?!\s)|#(?=\d)"), referring_links=re.compile(r"^https://people\.example/")
)
#: reads what we wrote as a vendor does: with HTML, tables and strikethrough
READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
B = "\u200b"


def rendered(text: str, limit: int = 10_000) -> str:
    return render(text, limit, DIALECT, " [read on](https://product.example.com/1)")


def item(**changed: object) -> Item:
    return Item(**{"type": ItemType.WORK_ITEM, "key": "WI-7", "title": "Title", **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain", "plain"),
        ("*em* and **strong** and ~~gone~~", "*em* and **strong** and ~~gone~~"),
        ("one\ntwo", "one two"),
        ("one  \ntwo", "one\\\ntwo"),
        ("# Heading\ntext", "# Heading\n\ntext"),
        ("- a\n- b\n  - c\n  - d", "- a\n- b\n  - c\n  - d"),
        ("3. a\n4. b", "3. a\n4. b"),
        ("- [ ] open\n- [x] done", "- [ ] open\n- [x] done"),
        ("- a\n\n- b", "- a\n\n- b"),
        ("> quoted\n>\n> more", "> quoted\n>\n> more"),
        ("```python\nx = '`'\n```", "```python\nx = '`'\n```"),
        ("````\n```\n````", "````\n```\n````"),
        ("````\n```\n/close\n````", f"````\n```\n{B}/close\n````"),
        ("```\n/usr/bin\n```", "```\n/usr/bin\n```"),
        ("```mermaid\ngraph\n```", "```\ngraph\n```"),
        ("    indented", "```\nindented\n```"),
        ("`` a`b ``", "``a`b``"),
        ("***", "***"),
        ("| a | b |\n|---|--:|\n| 1 | `x\\|y` |", "| a | b |\n| --- | --: |\n| 1 | `x\\|y` |"),
        ("[words](https://example.com/a_b)", "[words](https://example.com/a_b)"),
        ("[words](https://example.com/a(b))", "[words](https://example.com/a%28b%29)"),
        ("see https://example.com/a_b.", "see <https://example.com/a_b>."),
        # what would do something
        ("hello @ada and @all", f"hello @{B}ada and @{B}all"),
        ("\\@ada &#64;ada", f"@{B}ada @{B}ada"),
        ("mail ada@example.com", "mail ada@example.com"),
        ("fixes #12", f"fixes #{B}12"),
        ("![a picture](https://evil.example/x.png)", "[a picture](https://evil.example/x.png)"),
        ("![](data:image/png;base64,AAAA)", "image"),
        ("[![alt](https://a.example/x.png)](https://b.example/)", "[alt](https://b.example/)"),
        ("<img src=https://evil.example/x.png>", "\\<img src=<https://evil.example/x.png>\\>"),
        ("<script>alert(1)</script>", "\\<script\\>alert(1)\\</script\\>"),
        ("<!-- hidden", "\\<!-- hidden"),
        ("[click](javascript:alert(1))", "\\[click\\](javascript:alert(1))"),
        ("[ada](https://people.example/ada)", "ada"),
        ("https://people.example/ada", "`https://people.example/ada`"),
        ("/close", "\\/close"),
        ("one  \n/close", "one\\\n\\/close"),
        ("1\\. no list", "1\\. no list"),
        ("\\# no heading", "\\# no heading"),
        ("a_b*c*d", "a_b*c*d"),
        ("\\*stars\\*", "\\*stars\\*"),
        ("$x$ \\[!NOTE\\]", "\\$x\\$ \\[!NOTE\\]"),
        ("&amp;copy; & co", "\\&copy; & co"),
        ("a\x00b\x07c", "a\ufffdb c"),
    ],
)
def test_commonmark_is_written_anew(text: str, written: str) -> None:
    assert rendered(text).replace("a b c", "a\ufffdb c") == written


@given(
    st.text(st.sampled_from("ab1 \n\t`*_[]()<>!#@/\\|~-+=.:&;\"'$^{}x\u200b\x00é")) | st.text(), st.integers(60, 400)
)
def test_any_text_is_written_within_its_limit_and_does_nothing(text: str, limit: int) -> None:
    written = rendered(text, limit)
    assert len(written) <= limit
    check_harmless(written)


@given(st.text(), st.text(), st.text(), st.integers(300, 3000))
def test_any_item_is_written_within_its_limit(title: str, body: str, value: str, limit: int) -> None:
    one = item(title=title, body=body, assignee=value, fields={value: value}, url="https://product.example.com/1")
    ending = "<!-- jackfield:0123456789abcdef0123456789abcdef -->"
    written = body_of(one, limit, DIALECT, with_status=True, ending=ending)
    assert len(written) <= limit
    assert written.endswith(f"\n\n{ending}")
    check_harmless(written.removesuffix(ending))
    heading = title_of(one, 255, DIALECT)
    assert 1 <= len(heading) <= 255
    assert "\n" not in heading


def check_harmless(written: str) -> None:
    for token in READER.parse(written):
        assert token.type != "html_block"
        for word in token.children or ():
            assert word.type not in {"html_inline", "image"}
            if word.type == "text":
                assert not re.search(rf"({DIALECT.references.pattern})(?!{B})", word.content)
    assert not re.search(r"^/", re.sub(r"(?ms)^(`{3,}).*?^\1$", "", written), re.MULTILINE)


def test_a_long_text_is_cut_with_a_link_back() -> None:
    text = "\n\n".join(["word " * 40] * 100)
    written = rendered(text, 1000)
    assert len(written) <= 1000
    assert written.endswith("… [read on](https://product.example.com/1)")
    # a block that does not fit is cut itself
    assert rendered("word " * 1000, 1000).endswith("word… [read on](https://product.example.com/1)")


def test_facts_and_the_way_back_are_below_the_text() -> None:
    one = item(
        body="Text",
        url="https://product.example.com/7",
        status=ItemStatus.IN_PROGRESS,
        priority="high",
        assignee="@ada",
        fields={"De*pot": "North\n# x", "Empty": ""},
    )
    assert body_of(one, 1000, DIALECT, with_status=True, ending="END").split("\n\n") == [
        "Text",
        f"- **Status:** in progress\n- **Priority:** high\n- **Assignee:** @{B}ada\n- **De\\*pot:** North # x",
        "From [WI-7](https://product.example.com/7)",
        "END",
    ]
    assert body_of(item(key="a_b"), 1000, DIALECT, with_status=False) == "From a_b"


def test_facts_that_are_too_long_are_left_to_the_product() -> None:
    one = item(fields={f"Field {number}": "x" * 10_000 for number in range(100)})
    assert body_of(one, 1000, DIALECT, with_status=False) == "From WI-7"


def test_a_title_is_one_line() -> None:
    assert title_of(item(title=" Brake\r\n\tpads\x00 @all "), 100) == "Brake pads @all"
    assert title_of(item(title="@all"), 100, DIALECT) == f"@{B}all"
    assert title_of(item(title=" "), 100) == "(untitled)"
    assert title_of(item(title="word " * 100), 50).endswith("word…")


def test_escaped_text_stays_text() -> None:
    assert escape("- **x** [y](z) `c` <b>", DIALECT) == "\\- \\*\\*x\\*\\* \\[y\\](z) \\`c\\` \\<b\\>"
