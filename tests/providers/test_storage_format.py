"""Bodies in Confluence's storage format: well-formed XML whatever the text, and nothing in it but what we make."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jackfield.domain.item import Item, ItemType
from jackfield.domain.provider import Delivery
from jackfield.providers import _storage_format
from jackfield.providers._chat_text import Fact
from jackfield.providers._markdown import parse
from jackfield.providers.confluence import _body_of, _titles

AC = "{urn:ac}"
ELEMENTS = (
    {"page", "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "table", "tbody", "tr", "th", "td"}
    | {"strong", "em", "del", "code", "blockquote", "hr", "br", "a"}
    | {f"{AC}structured-macro", f"{AC}parameter", f"{AC}plain-text-body"}
)
MARKER = "0123456789abcdef0123456789abcdef"


def read(storage: str) -> ET.Element:
    """The page as Confluence parses it. Raises ParseError for what is not well-formed."""
    return ET.fromstring(f'<page xmlns:ac="urn:ac">{storage}</page>')  # noqa: S314  our own text


def check(storage: str) -> None:
    for element in read(storage).iter():
        assert element.tag in ELEMENTS
        if element.tag == "a":
            assert element.attrib.keys() == {"href"}
            assert element.attrib["href"].lower().startswith(("https://", "http://", "mailto:"))
        elif element.tag == f"{AC}structured-macro":
            assert element.attrib[f"{AC}name"] in {"code", "anchor"}
        elif element.tag == "ol":
            assert element.attrib.keys() <= {"start"}
        elif not element.tag.startswith(AC):
            assert not element.attrib


def render(body: str) -> str:
    storage = _storage_format.body(parse(body))
    check(storage)
    return storage


@pytest.mark.parametrize(
    ("body", "storage"),
    [
        ("**a *b*** ~~c~~ `d < e`", "<p><strong>a <em>b</em></strong> <del>c</del> <code>d &lt; e</code></p>"),
        ("a\nb  \nc", "<p>a\nb<br />c</p>"),
        ("## a & b\n\n---", "<h2>a &amp; b</h2><hr />"),
        ("> a", "<blockquote><p>a</p></blockquote>"),
        ("- a\n  1. b", "<ul><li><p>a</p><ol><li><p>b</p></li></ol></li></ul>"),
        ("3. a", '<ol start="3"><li><p>a</p></li></ol>'),
        (
            "| a | b |\n|---|---|\n| **c** | |",
            "<table><tbody><tr><th>a</th><th>b</th></tr><tr><td><strong>c</strong></td><td></td></tr></tbody></table>",
        ),
        ('[a "b"](https://x.example/?a=1&b=2)', '<p><a href="https://x.example/?a=1&amp;b=2">a &quot;b&quot;</a></p>'),
        ("[](https://x.example)", '<p><a href="https://x.example">https://x.example</a></p>'),
        ("[a](javascript:alert(1))", "<p>[a](javascript:alert(1))</p>"),
        ("[a](/relative)", "<p>a</p>"),
        ("![pad](https://x.example/a.png)", '<p><a href="https://x.example/a.png">pad</a></p>'),
        ("![](https://x.example/a.png)", '<p><a href="https://x.example/a.png">image</a></p>'),
        ("![pad](/a.png)", "<p>pad</p>"),
        (
            "[*![pad](https://x.example/a.png)*](https://y.example)",
            '<p><a href="https://y.example"><em>pad</em></a></p>',
        ),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ("<ri:user ri:account-id='1' />", "<p>&lt;ri:user ri:account-id=&#39;1&#39; /&gt;</p>"),
        ("@ada [~ada] [~accountid:1] {info}", "<p>@ada [~ada] [~accountid:1] {info}</p>"),
        ("a\x01\x1b\ufffe\uffffb", "<p>ab</p>"),
    ],
)
def test_each_form(body: str, storage: str) -> None:
    assert render(body) == storage


@pytest.mark.parametrize(
    ("body", "language"),
    [
        ("```python\na\n```", "python"),
        ("```PYTHON x\na\n```", "python"),
        ("```brainfuck\na\n```", None),
        ("    a", None),
    ],
)
def test_code_has_a_language_only_where_the_macro_knows_it(body: str, language: str | None) -> None:
    macro = read(render(body))[0]
    assert macro.findtext(f"{AC}plain-text-body") == "a"
    assert macro.findtext(f"{AC}parameter") == language


@pytest.mark.parametrize(
    "code", ["a]]>b", "]]>", "]]]]>>", "]]]]><![CDATA[>", "<![CDATA[", "&amp; < >", "]]", "a\n  b\n\nc"]
)
def test_code_reads_as_it_was_written(code: str) -> None:
    macro = read(render(f"````\n{code}\n````"))[0]
    assert macro.findtext(f"{AC}plain-text-body") == code


def test_facts_and_links_are_escaped() -> None:
    facts = _storage_format.facts([Fact("A & B", "<b>"), Fact("C", "]]>")])
    assert facts == "<p><strong>A &amp; B:</strong> &lt;b&gt;<br /><strong>C:</strong> ]]&gt;</p>"
    assert _storage_format.facts([]) == ""
    link = _storage_format.link_paragraph("<a>", 'https://x.example/"?a&b')
    assert link == '<p><a href="https://x.example/&quot;?a&amp;b">&lt;a&gt;</a></p>'
    check(facts + link + _storage_format.anchor("x"))


PIECES = st.sampled_from(
    [
        *("*", "**", "`", "~~", "[a](", "https://x.example/", ")", "![", "]", "<b>", "<ac:image>", "&amp;", "&", "\\"),
        *("\n", "\n\n", "- ", "1. ", "> ", "# ", "|", "\n|---|\n", "```", "    ", "---", "]]>", "<![CDATA[", "😀"),
        *("\x00", "\x0b", "\ufffe", '"', "'", "a "),
    ]
)
BODIES = st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=60).map("".join))


@given(BODIES)
def test_any_body_is_well_formed(body: str) -> None:
    render(body)


# to cut a long text takes a few renderings of it
@settings(deadline=None, max_examples=8)
@given(BODIES, st.integers(1, 10_000), st.text(max_size=400))
def test_any_item_stays_within_the_limits(body: str, times: int, title: str) -> None:
    item = Item(
        type=ItemType.WORK_ITEM,
        key="WI-7",
        title=title,
        body=(body * times)[:150_000],
        url="https://product.example.com/work-items/7",
        fields={f"Field {number} <&>": "<value> & " * 100 for number in range(200)},
    )
    delivery = Delivery(item=item, marker=MARKER)
    storage = _body_of(delivery)["value"]
    check(storage)
    assert len(storage) <= 100_000
    assert "https://product.example.com/work-items/7" in storage
    assert f"jackfield-{MARKER}" in storage
    for one in _titles(delivery):
        assert 0 < len(one) <= 255
        assert "\n" not in one
