"""Reading an item's body: CommonMark without HTML, and cutting it to what a vendor takes."""

from typing import Final

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

#: HTML of the product's users is text to us, and so it stays at the vendor's
_parser: Final = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_ELLIPSIS: Final = "…"


def parse(text: str) -> SyntaxTreeNode:
    """The tree of a CommonMark text (with tables and strikethrough); HTML in it is text."""
    return SyntaxTreeNode(_parser.parse(text))


def cut(text: str, limit: int, ending: str = "") -> str:
    """The text if it has at most `limit` characters, else as much of it as leaves room for `…` and the ending.

    Cut between words where that loses no more than a fifth. `ending` is a link back, in the vendor's own form.
    """
    if len(text) <= limit:
        return text
    room = max(0, limit - len(_ELLIPSIS) - len(ending))
    kept = text[:room]
    blank = max(kept.rfind(" "), kept.rfind("\n"))
    if blank > room * 4 // 5:
        kept = kept[:blank]
    return f"{kept.rstrip()}{_ELLIPSIS}{ending}"[:limit]
