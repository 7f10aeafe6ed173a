"""Slack's kind of Markdown, made of CommonMark."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jackfield.providers._markdown import parse
from jackfield.providers._mrkdwn import bold, escape, inert, link, sections_of

GAP = "\u200b"
#: all that Slack takes for more than text between angle brackets, and that we mean so
LINK = re.compile(r"<(?:https?://|mailto:)[^<>|]+\|[^<>]*>")


def rendered(body: str) -> str:
    return "\n\n".join(sections_of(parse(body), 3000))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("plain", "plain"),
        ("a & b < c > d", "a &amp; b &lt; c &gt; d"),
        ("**bold** *italic* ~~gone~~ `code`", "*bold* _italic_ ~gone~ `code`"),
        ("***both***", "_*both*_"),
        ("**a\nb**", "*a*\n*b*"),
        ("in**side**word", f"in{GAP}*side*{GAP}word"),
        ("**end**, (**start**)", "*end*, (*start*)"),
        ("# Title", "*Title*"),
        ("Title\n=====", "*Title*"),
        ("# With **bold**", "With *bold*"),
        ("[label](https://example.com/?a=1&b=2)", "<https://example.com/?a=1&amp;b=2|label>"),
        ("[<b> | x](https://example.com/a|b)", "<https://example.com/a%7Cb|&lt;b&gt; | x>"),
        ("[**bold** label](https://example.com)", "<https://example.com|bold label>"),
        ("<https://example.com/x>", "<https://example.com/x|https://example.com/x>"),
        ("<ada@example.com>", "<mailto:ada@example.com|ada@example.com>"),
        ("[label](javascript:alert)", "[label](javascript:alert)"),
        ("[label](/relative)", "label"),
        ("![photo](https://example.com/a.png)", "<https://example.com/a.png|photo>"),
        ("![](https://example.com/a.png)", "<https://example.com/a.png|image>"),
        ("- a\n- b", "• a\n• b"),
        ("- a\n  - b\n    1. c\n- d", "• a\n    • b\n        1. c\n• d"),
        ("3. a\n4. b", "3. a\n4. b"),
        ("- a\n\n  more\n", "• a\n    more"),
        ("> a\n> b\n>\n> c", "> a\n> b\n> c"),
        ("---", "———"),
        ("```py\nif a < b:\n    c\n```", "```\nif a &lt; b:\n    c\n```"),
        ("    indented", "```\nindented\n```"),
        ("~~~\na ``` b\n~~~", f"```\na ``{GAP}` b\n```"),
        ("| a | b |\n|---|---|\n| 1 | *2* |", "*a | b*\n1 | _2_"),
        ("one\ntwo  \nthree", "one\ntwo\nthree"),
        ("<b>bold</b>\n\n<div>x</div>", "&lt;b&gt;bold&lt;/b&gt;\n\n&lt;div&gt;x&lt;/div&gt;"),
        ("&lt;!here&gt; &copy;", "&lt;!here&gt; ©"),
        ("", ""),
        (" \n\t\n", ""),
    ],
)
def test_forms(body: str, expected: str) -> None:
    assert rendered(body) == expected


@pytest.mark.parametrize(
    "body", ["<!channel>", "<!here|here>", "<@U12345678>", "<#C12345678>", "<!subteam^S1>", "<!date^1^{date}|x>"]
)
def test_mentions_are_text(body: str) -> None:
    for written in (
        body,
        f"`{body}`",
        f"```\n{body}\n```",
        f"**{body}**",
        f"[{body}](https://example.com)",
        f"\\{body}",
    ):
        told = LINK.sub("", rendered(written))
        assert "<" not in told


@pytest.mark.parametrize("body", [r"\*a\*", r"\_a\_", r"\~a\~", r"\`a\`", r"x \*a b\*"])
def test_what_is_escaped_has_no_form(body: str) -> None:
    assert re.search(r"(?<!\w)([*_~`])(?=[^\s\u200b])[^*_~`]*\1", rendered(body)) is None


@pytest.mark.parametrize("body", ["*[bar*](/url)", "~[bar~](/url)", "`![bar`](/url)", "*![bar*](x)", "(_[bar_](/url))"])
def test_parts_do_not_become_a_form_together(body: str) -> None:
    assert re.search(r"([*_~`])bar\1", rendered(body)) is None


def test_words_stay_as_they_are() -> None:
    for text in ("snake_case_name", "2*3", "5 * 6", "~ 20", "a_b", "10:30:45"):
        assert inert(text) == text


def test_a_bracket_begins_no_quote() -> None:
    assert rendered(r"\> no quote") == f"{GAP}&gt; no quote"


def test_backticks_within_code() -> None:
    assert rendered("`` a`b ``") == "`aˋb`"  # noqa: RUF001


def test_what_is_put_together_by_hand() -> None:
    assert escape("<&>") == "&lt;&amp;&gt;"
    assert bold("a*b") == "*a*b*"
    assert link("<x>\ny", "https://example.com/?a&b") == "<https://example.com/?a&amp;b|&lt;x&gt; y>"
    assert link("x", "https://example.com/" + "&" * 1000) == "x"


def test_long_bodies_are_several_sections() -> None:
    paragraph = "The brake pads are worn & [torn](https://example.com/manual?page=1&line=2). " * 100
    code = "```\n" + "value < other & more\n" * 200 + "```"
    sections = sections_of(parse(f"{paragraph}\n\n{code}\n\n- a\n- b"), 1000)
    assert len(sections) > 10
    for section in sections:
        assert len(section) <= 1000
        assert section.count("```") % 2 == 0
        assert "<" not in LINK.sub("", section)
        assert re.search(r"&(?!amp;|lt;|gt;)", section) is None
    assert "• a\n• b" in sections[-1]


@given(st.text(st.sampled_from(list("ab \n*_~`<>&|[]()!#-1.>\\:/@")) | st.characters(codec="utf-8"), max_size=400))
def test_any_text_becomes_harmless_sections(body: str) -> None:
    for section in sections_of(parse(body), 200):
        assert 0 < len(section) <= 200
        assert section.strip()
        for at in (found.start() for found in re.finditer("<", section)):
            # a link, or one that was too long to stay in one piece
            assert re.match(r"<(https?://|mailto:)", section[at:])


@given(st.text(max_size=400))
def test_any_text_is_inert(text: str) -> None:
    assert "<" not in inert(text)
    assert inert(text).replace(GAP, "") == escape(text).replace(GAP, "")


@pytest.mark.parametrize("sign", ["*", "_", "~", "`"])
@pytest.mark.parametrize("before", [0, 100, 950, 990])
def test_a_form_is_closed_in_the_section_in_which_it_was_opened(sign: str, before: int) -> None:
    written = {"*": "**", "_": "*", "~": "~~", "`": "`"}[sign]
    for words in ("bold " * 10, "bold " * 700, "x" * 5000):
        body = f"{'x ' * (before // 2)}{written}{words.strip()}{written} and the rest " + "y " * 900
        sections = sections_of(parse(body), 1000)
        assert "".join(sections).replace(sign, "").count("bold") == words.count("bold")
        for section in sections:
            assert len(section) <= 1000
            assert section.count(sign) % 2 == 0
            assert not re.search("[\x02\x03]", section)


def test_forms_in_forms_are_closed_as_well() -> None:
    both = ("words " * 600).strip()
    for section in sections_of(parse(f"**bold *{both}* bold** " * 3), 1000):
        assert len(section) <= 1000
        assert section.count("*") % 2 == 0
        assert section.count("_") % 2 == 0
