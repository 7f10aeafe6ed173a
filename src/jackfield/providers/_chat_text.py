"""What chat vendors have in common: an item's facts in words, and its body in the vendor's own kind of Markdown.

A `Dialect` says how the vendor writes each form; `blocks_of` walks the tree of the body and puts them together. Images
become links, which nobody loads unasked, and links lead to http, https and mailto only.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, Protocol

from markdown_it.tree import SyntaxTreeNode

from jackfield.domain.item import Item, ItemStatus
from jackfield.providers._markdown import cut, unix_lines

#: parts words for a vendor's parser, and not for the eye
ZERO_WIDTH_SPACE: Final = "\u200b"
STATUS_WORDS: Final = {ItemStatus.OPEN: "Open", ItemStatus.IN_PROGRESS: "In progress", ItemStatus.CLOSED: "Closed"}
#: of a field's name and of its value, as far as a message shows them
NAME_LENGTH: Final = 60
VALUE_LENGTH: Final = 300
#: vendors take no longer addresses
_URL_LENGTH: Final = 2000
_URL: Final = re.compile(r"(https?://[^\s/?#]|mailto:[^\s@]+@)[^\s<>|\"]*", re.IGNORECASE)
_PASTED: Final = re.compile(r"\]\(data:image/[^)\s]*\)")
_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
#: how often a text that is too long is made shorter by estimate
_TRIES: Final = 12


class Dialect(Protocol):
    """The forms of one vendor. What is called `inner` is in the vendor's form already, `text` is not."""

    def escape(self, text: str) -> str:
        """Text that reads at the vendor as it is written here: no form, no mention."""
        ...

    def strong(self, inner: str) -> str: ...
    def emphasis(self, inner: str) -> str: ...
    def strike(self, inner: str) -> str: ...
    def code(self, text: str) -> str: ...
    def link(self, text: str, url: str) -> str: ...
    def heading(self, inner: str) -> str: ...
    def code_block(self, text: str) -> str: ...

    def joined(self, left: str, right: str) -> str:
        """Two neighbours in a line, one of which is a form."""
        ...


class Fact(NamedTuple):
    name: str
    value: str


def facts_of(item: Item) -> list[Fact]:
    """What every item can have besides its title and body, cut to what one reads at a glance. The status is first."""
    found = [
        Fact("Status", STATUS_WORDS[item.status]),
        Fact("Priority", item.priority or ""),
        Fact("Assignee", item.assignee or ""),
        Fact("Labels", ", ".join(label for label in item.labels if label.strip())),
    ]
    return [_at_a_glance(fact) for fact in found if fact.value.strip()]


def own_facts_of(item: Item) -> list[Fact]:
    """The item's own fields, cut likewise."""
    return [_at_a_glance(Fact(*field)) for field in item.fields.items() if all(word.strip() for word in field)]


def _at_a_glance(fact: Fact) -> Fact:
    return Fact(cut(one_line(fact.name), NAME_LENGTH), cut(one_line(fact.value), VALUE_LENGTH))


def title_of(item: Item) -> str:
    """In one line, and never empty: no vendor takes a message without words."""
    return one_line(_CONTROLS.sub(" ", item.title)) or item.key


def one_line(text: str) -> str:
    return " ".join(text.split())


def link_of(url: str | None) -> str | None:
    """The address if a vendor can make a link of it."""
    if url is None or len(url) > _URL_LENGTH or not url.isprintable():
        return None
    return url if _URL.fullmatch(url) else None


def body_of(item: Item) -> str:
    """The body without the pictures that were pasted into it, whose bytes nobody reads."""
    return _PASTED.sub("]()", unix_lines(item.body))


def shorten(text: str, room: int, size: Callable[[str], int]) -> str:
    """The text if its `size` at the vendor is at most `room`, else as much of it as has that size, ending with `…`.

    It is the source that is cut, never what became of it: a form that was cut in two would spoil what follows.
    """
    if room <= 0:
        return ""
    # rendered, a text is hardly ever shorter than its source; what is far too long is not rendered to be measured
    kept = cut(text, room)
    length = len(kept)
    for _ in range(_TRIES):
        now = size(kept)
        if now <= room:
            return kept
        length = min(length - 1, int(length * room / now * 0.97))
        if length <= 0:
            break
        kept = cut(text, length)
    return ""


def blocks_of(tree: SyntaxTreeNode, dialect: Dialect) -> list[str]:
    """The paragraphs, lists, tables of a body, each as the vendor writes it; items of lists are lines of one block."""
    return [text for node in tree.children if (text := _block(node, dialect)).strip()]


def plain_text(node: SyntaxTreeNode) -> str:
    """The words of a node without their forms."""
    if node.type in {"text", "code_inline"}:
        return node.content
    if node.type in {"softbreak", "hardbreak"}:
        return " "
    return "".join(plain_text(child) for child in node.children)


def table_rows(table: SyntaxTreeNode) -> list[list[SyntaxTreeNode]]:
    """The cells of a table, its head first."""
    return [list(row.children) for part in table.children for row in part.children]


def image_label(node: SyntaxTreeNode) -> str:
    """The alternative text of an image, without its forms."""
    return one_line("".join(plain_text(child) for child in node.children)) or "image"


def destination(node: SyntaxTreeNode) -> str:
    """Where a link or an image leads."""
    return str(node.attrs.get("src" if node.type == "image" else "href", ""))


def first_number(ordered_list: SyntaxTreeNode) -> int:
    return int(ordered_list.attrs.get("start", 1))


def _block(node: SyntaxTreeNode, dialect: Dialect) -> str:  # noqa: PLR0911  one for each kind of node
    match node.type:
        case "heading":
            return dialect.heading(_inline(node, dialect))
        case "fence" | "code_block":
            return dialect.code_block(node.content.rstrip("\n"))
        case "bullet_list" | "ordered_list":
            return "\n".join(_list_lines(node, dialect))
        case "blockquote":
            inner = "\n".join(_block(child, dialect) for child in node.children)
            return "\n".join(f"> {line}" for line in inner.split("\n"))
        case "table":
            return "\n".join(_table_lines(node, dialect))
        case "hr":
            return "———"
        case _:
            return _inline(node, dialect)


def _list_lines(node: SyntaxTreeNode, dialect: Dialect) -> Iterator[str]:
    """Vendors differ in how they take lists within lists: bullets and blanks look the same everywhere."""
    number = first_number(node) if node.type == "ordered_list" else None
    for item in node.children:
        mark = "• " if number is None else f"{number}. "
        lines = "\n".join(_block(child, dialect) for child in item.children).split("\n")
        yield mark + lines[0]
        yield from (f"    {line}" for line in lines[1:])
        number = None if number is None else number + 1


def _table_lines(node: SyntaxTreeNode, dialect: Dialect) -> Iterator[str]:
    for index, cells in enumerate(table_rows(node)):
        line = " | ".join(_inline(cell, dialect) for cell in cells)
        # bold around other forms is not bold everywhere, so a head with some stays as it is
        is_plain = all(child.type == "text" for cell in cells for inline in cell.children for child in inline.children)
        yield dialect.strong(line) if index == 0 and is_plain and line.strip() else line


def _inline(node: SyntaxTreeNode, dialect: Dialect) -> str:
    """The pieces of a line; where a form stands next to something else, the vendor says how they are put together."""
    done = ""
    form_before = False
    for child in node.children:
        piece = _piece(child, dialect)
        if not piece:
            continue
        form = child.type in {"strong", "em", "s", "code_inline"}
        done = dialect.joined(done, piece) if done and (form or form_before) else done + piece
        form_before = form
    return done


def _piece(node: SyntaxTreeNode, dialect: Dialect) -> str:  # noqa: PLR0911  one for each kind of node
    match node.type:
        case "text":
            return dialect.escape(node.content)
        case "softbreak" | "hardbreak":
            return "\n"
        case "code_inline":
            return dialect.code(one_line(node.content))
        case "strong":
            return _by_lines(_inline(node, dialect), dialect.strong)
        case "em":
            return _by_lines(_inline(node, dialect), dialect.emphasis)
        case "s":
            return _by_lines(_inline(node, dialect), dialect.strike)
        case "link":
            return _link(one_line(plain_text(node)), destination(node), dialect)
        case "image":
            return _link(image_label(node), destination(node), dialect)
        case _:
            return _inline(node, dialect)


def _link(text: str, destination: str, dialect: Dialect) -> str:
    url = link_of(destination)
    return dialect.escape(text) if url is None else dialect.link(text or url, url)


def _by_lines(inner: str, form: Callable[[str], str]) -> str:
    """Forms of chat vendors end with the line."""
    return "\n".join(form(line) if line.strip() else line for line in inner.split("\n"))
