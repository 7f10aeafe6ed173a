"""Slack's own kind of Markdown: https://docs.slack.dev/messaging/formatting-message-text

It knows `&amp;`, `&lt;` and `&gt;` and no other escape. Without a raw `<` there are no mentions and no links, and a
zero width space behind `*`, `_`, `~` or a backtick leaves the character without its power.
"""

import re
from collections.abc import Iterator
from typing import Final

from markdown_it.tree import SyntaxTreeNode

from jackfield.providers._chat_text import ZERO_WIDTH_SPACE, blocks_of, one_line
from jackfield.providers._markdown import cut

_FENCE: Final = "```"
#: where a form could begin: behind a word it cannot, nor before a blank; at the end of a part the next one follows
_OPENING: Final = re.compile(r"(?<![^\W_])([*_~`])(?=\S|\Z)")
_EDGES: Final = frozenset(" \n.,;:!?()[]\"'")
#: of a link, which is never taken apart
_URL_LENGTH: Final = 2000
_LABEL_LENGTH: Final = 300
#: around each form while a body is put together: no section ends between the two
_BEGIN: Final = "\x02"
_END: Final = "\x03"
_MARKS: Final = re.compile(f"[{_BEGIN}{_END}]")
#: longest form in one piece; a longer one is several side by side
_FORM_LENGTH: Final = 800
_QUOTE: Final = re.compile(r"^(\s*)&gt;", re.MULTILINE)


def escape(text: str) -> str:
    """What Slack takes for text and nothing else wherever it parses entities."""
    return _MARKS.sub("", text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def inert(text: str) -> str:
    """Text within mrkdwn: neither mention nor link nor form."""
    text = _OPENING.sub(rf"\1{ZERO_WIDTH_SPACE}", escape(text))
    return _QUOTE.sub(rf"\1{ZERO_WIDTH_SPACE}&gt;", text)


def link(text: str, url: str) -> str:
    """`<url|text>`, or the text alone where the address is no link for Slack. A bar in the address would end it."""
    address = escape(url).replace("|", "%7C")
    if len(address) > _URL_LENGTH:
        return inert(text)
    return f"<{address}|{escape(cut(one_line(text), _LABEL_LENGTH))}>"


def bold(text: str) -> str:
    return f"*{inert(text)}*"


def sections_of(tree: SyntaxTreeNode, limit: int) -> list[str]:
    """A CommonMark body as texts of at most `limit` characters each."""
    sections: list[str] = []
    for block in blocks_of(tree, _Mrkdwn()):
        for part in _split(block, limit):
            part = _MARKS.sub("", part)  # noqa: PLW2901  they have done their work
            if sections and len(sections[-1]) + 2 + len(part) <= limit:
                sections[-1] += f"\n\n{part}"
            else:
                sections.append(part)
    return sections


class _Mrkdwn:
    def escape(self, text: str) -> str:
        return inert(text)

    def strong(self, inner: str) -> str:
        return _formed(inner, "*")

    def emphasis(self, inner: str) -> str:
        return _formed(inner, "_")

    def strike(self, inner: str) -> str:
        return _formed(inner, "~")

    def code(self, text: str) -> str:
        # there is no way to write a backtick within code
        return _formed(escape(text.replace("`", "ˋ")), "`")  # noqa: RUF001

    def link(self, text: str, url: str) -> str:
        return link(text, url)

    def heading(self, inner: str) -> str:
        """Bold, as Slack has no headings in a text; a form within stays, since nested bold would end it."""
        return "\n".join(line if "*" in line else _formed(line, "*") for line in inner.split("\n") if line.strip())

    def code_block(self, text: str) -> str:
        if not text.strip():
            # no block to Slack, whose signs would enclose what follows
            return ""
        text = text.replace(_FENCE, f"``{ZERO_WIDTH_SPACE}`")
        return f"{_FENCE}\n{escape(text)}\n{_FENCE}"

    def joined(self, left: str, right: str) -> str:
        """A form begins and ends at the edge of a word."""
        if left.rstrip(_END)[-1:] in _EDGES or right.lstrip(_BEGIN)[:1] in _EDGES:
            return left + right
        return left + ZERO_WIDTH_SPACE + right


def _formed(inner: str, sign: str) -> str:
    """A text in a form, in as many pieces as it takes for each to stay in one section."""
    pieces = [inner]
    if len(inner) > _FORM_LENGTH:
        pieces = [part for one in _segments(inner) for part in ([one] if one[0] == _BEGIN else _pieces(one))]
    return " ".join(f"{_BEGIN}{sign}{piece}{sign}{_END}" for piece in pieces)


def _pieces(text: str) -> list[str]:
    return _split_text(text.strip(), _FORM_LENGTH)


def _segments(text: str) -> Iterator[str]:
    """The forms in a text, and what stands between them."""
    depth = start = 0
    for found in _MARKS.finditer(text):
        end = found.start() if found[0] == _BEGIN else found.end()
        if depth == (found[0] == _END) and end > start:
            yield text[start:end]
            start = end
        depth += 1 if found[0] == _BEGIN else -1
    if start < len(text):
        yield text[start:]


def _split(block: str, limit: int) -> list[str]:
    if len(block) <= limit:
        return [block]
    if block.startswith(_FENCE) and block.endswith(_FENCE):
        inner = block.removeprefix(_FENCE).removesuffix(_FENCE).strip("\n")
        return [f"{_FENCE}\n{part}\n{_FENCE}" for part in _split_text(inner, limit - 2 * len(_FENCE) - 2)]
    return _split_text(block, limit)


def _split_text(text: str, limit: int) -> list[str]:
    parts = []
    while len(text) > limit:
        at = _place_to_split(text[:limit])
        parts.append(text[:at].rstrip())
        text = text[at:].lstrip("\n ")
    return [part for part in [*parts, text] if part.strip()]


def _place_to_split(text: str) -> int:
    """At the end of a line or a word, within no form, no link and no entity."""
    limit = len(text)
    depth = text.count(_BEGIN) - text.count(_END)
    while depth > 0 and (begin := text.rfind(_BEGIN, 0, limit)) > 0:
        depth -= 1 - text.count(_END, begin, limit)
        limit = begin
    opened = text.rfind("<")
    if opened > max(text.rfind(">"), 0):
        limit = opened
    entity = text.rfind("&", limit - 5, limit)
    if entity > 0 and ";" not in text[entity:limit]:
        limit = entity
    for mark in ("\n", " "):
        at = text.rfind(mark, limit // 2, limit)
        while at > 0 and text.count(_BEGIN, 0, at) != text.count(_END, 0, at):
            at = text.rfind(mark, limit // 2, text.rfind(_BEGIN, 0, at))
        if at > 0:
            return at
    return limit
