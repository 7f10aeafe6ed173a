"""Bodies as MantisBT shows them: plain, and without what it makes mentions, forms and images of."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jackfield.domain.item import Item, ItemType
from jackfield.providers._mantis_text import description_of, summary_of

ZWSP = "\u200b"
#: what MantisBT looks for, of core/mention_api.php in its versions
MENTIONS = (re.compile(r"(?<![\w@])@([\w.]*\w)(?=[^\w@]|$)"), re.compile(r"(?<!@)@[A-Za-z0-9_.]+"))
ELEMENT = re.compile(r"</?[a-z]", re.IGNORECASE)
IMAGE = re.compile(r"!\[")


def item(body: str = "", title: str = "Brake pads worn", url: str | None = None, **more: object) -> Item:
    return Item(type=ItemType.WORK_ITEM, key="WI-7", title=title, body=body, url=url, **more)  # type: ignore[arg-type]


def check(text: str) -> None:
    assert text.strip()
    for mention in MENTIONS:
        assert not mention.search(text)
    assert not ELEMENT.search(text)
    assert not IMAGE.search(text)
    assert all(char in "\n\t" or ord(char) >= 32 for char in text)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("# a\n\n**b** *c* ~~d~~ `e`", "a\n\nb c d e"),
        ("- a\n  1. b\n- c", "• a\n    1. b\n• c"),
        ("> a\n> b", "> a\n> b"),
        ("```python\nif a:\n    b\n```", "    if a:\n        b"),
        ("| a | b |\n|---|---|\n| c | d |", "a | b\nc | d"),
        ("[a](https://x.example/b)", "a (https://x.example/b)"),
        ("<https://x.example/b>", "https://x.example/b"),
        ("[a](https://x.example/@ada)", "a (https://x.example/%40ada)"),
        ("[a](javascript:alert)", "[a](javascript:alert)"),
        ("![pad](https://x.example/a.png)", "pad (https://x.example/a.png)"),
        ("\\![pad](https://x.example/a.png)", f"!{ZWSP}[pad](https://x.example/a.png)".replace("[pad]", "[pad]")),
        ("@ada and a@b.example", f"@{ZWSP}ada and a@{ZWSP}b.example"),
        ("`@ada`", f"@{ZWSP}ada"),
        ("<b>a</b> 1 < 2", f"<{ZWSP}b>a<{ZWSP}/b> 1 < 2"),
        ("a 😀\x01", "a 😀"),
    ],
)
def test_each_form(body: str, text: str) -> None:
    if body.startswith("\\!"):
        # the link within is one, so it reads as one
        text = f"!{ZWSP}pad (https://x.example/a.png)"
    assert description_of(item(body)) == text


def test_facts_and_the_link_back_follow_the_body() -> None:
    made = item(
        "a", url="https://product.example.com/7", priority="high", labels=("x", "@ada"), fields={"<b>": "@grace"}
    )
    assert description_of(made) == (
        f"a\n\nPriority: high\nLabels: x, @{ZWSP}ada\n<{ZWSP}b>: @{ZWSP}grace\n\n"
        "Work item WI-7 (https://product.example.com/7)"
    )


def test_an_issue_without_words_has_its_title_for_a_description() -> None:
    assert description_of(item()) == "Brake pads worn"
    assert summary_of(item(title=" \n ")) == "WI-7"
    assert summary_of(item(title="\x01")) == "WI-7"


def test_a_body_that_is_too_long_ends_with_a_link_to_the_rest() -> None:
    text = description_of(item("wört " * 20_000, url="https://product.example.com/7"))
    assert 50_000 < len(text.encode()) <= 60_000
    assert text.endswith("wört…\n\nRead on: Work item WI-7 (https://product.example.com/7)")


def test_a_summary_that_is_too_long_is_cut() -> None:
    assert summary_of(item(title="word " * 100)) == ("word " * 25).strip() + "…"
    assert len(summary_of(item(title="@a" * 100))) == 128


PIECES = st.sampled_from(
    [
        *("*", "**", "`", "~~", "[a](", "https://x.example/", ")", "!", "[", "]", "<b>", "</pre", "@ada", "@", "ada"),
        *("\\", "&amp;", "&#64;", "&lt;", "\n", "\n\n", "- ", "1. ", "> ", "# ", "|", "\n|---|\n", "```", "    "),
        *("é", "😀", "\x00", "\x0b", "a ", "."),
    ]
)
BODIES = st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=60).map("".join))


@pytest.mark.parametrize("body", ["'`@`0'", "@`0`", "<`b`", "!`[x](y)`", "**@**ada", "a <*b*"])
def test_parts_do_not_become_active_together(body: str) -> None:
    check(description_of(item(body)))


@given(BODIES)
def test_any_body_is_harmless(body: str) -> None:
    check(description_of(item(body)))
    check(summary_of(item(title=body)))


# to cut a long text takes a few renderings of it
@settings(deadline=None, max_examples=30)
@given(BODIES, st.integers(1, 5000))
def test_any_item_stays_within_the_limits(body: str, times: int) -> None:
    fields = {f"Field {number} é": "värde @ada " * 100 for number in range(100)}
    made = item((body * times)[:80_000], title=body, url="https://product.example.com/7", fields=fields)
    assert len(description_of(made).encode()) <= 60_000
    assert 0 < len(summary_of(made)) <= 128
    assert "(https://product.example.com/7)" in description_of(made)
