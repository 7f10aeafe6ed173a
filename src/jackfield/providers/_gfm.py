"""Items as Markdown for vendors that take it themselves: GitHub, GitLab, Linear, Sentry.

The body is read and written anew rather than passed on, so that what the product's users typed can neither mention
anybody, load an image, run a quick action, nor leave the place that it is given.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec
from markdown_it.tree import SyntaxTreeNode

from jackfield.domain.item import Item, ItemStatus
from jackfield.providers._chat_text import image_label
from jackfield.providers._markdown import BARE, Document, addresses, cut, fitted, read, target_of, unix_lines

#: between a sign and what it would refer to: nobody sees it, and no vendor reads a reference across it
_BREAK: Final = "\u200b"
#: signs that format somewhere in a line
# an underscore within a word is no emphasis (https://spec.commonmark.org/0.31.2/#emphasis-and-strong-emphasis, rule 2),
# and an address of mail is one only without backslashes
_INLINE: Final = re.compile(r"[\\`*\[\]<>~|$]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)")
#: signs that format at the start of a line; `/` is a quick action to GitLab
_START: Final = re.compile(r"^([ \t]*)(?:([#+\-=/:])|(\d{1,9})([.)]))")
_LINKABLE: Final = re.compile(r"(?:https?://|ftp://|mailto:)\S", re.IGNORECASE)
_LANGUAGE: Final = re.compile(r"[A-Za-z0-9+#.-]{1,30}")
#: languages that a vendor draws instead of showing
_DRAWN: Final = frozenset({"mermaid", "math", "geojson", "topojson", "stl", "plantuml", "suggestion", "json:table"})
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029]")
_BULLET: Final = re.compile(r"^- ", re.MULTILINE)
#: a facts' list is to be read, not stored
_MOST_FACTS: Final = 50
_LONGEST_FACT: Final = 500
_LISTS: Final = frozenset({"bullet_list", "ordered_list"})
_TITLE: Final = "(untitled)"


class Dialect(msgspec.Struct, frozen=True):
    """How a vendor's Markdown differs: what in a text, and which links, would refer to somebody or something there."""

    references: re.Pattern[str]
    referring_links: re.Pattern[str] | None = None


#: mentions alone
MENTIONS: Final = re.compile(r"(?<![A-Za-z0-9_])@(?!\s)")


def title_of(item: Item, limit: int, dialect: Dialect | None = None) -> str:
    """The title in one line; with a dialect, for vendors that look for references in titles too."""
    words = " ".join(_CONTROL.sub(" ", item.title).split()) or _TITLE
    if dialect is not None:
        words = _unreferred(words, dialect)
    return cut(words, limit)


def body_of(item: Item, limit: int, dialect: Dialect, *, with_status: bool, ending: str = "") -> str:
    """The item's body, its facts and the link back, in at most `limit` characters; `ending` comes last, whole."""
    link = f"[{escape(cut(item.key, 100), dialect)}]({_target(item.url)})" if _can_link(item.url) else ""
    facts = _facts(item, dialect, with_status=with_status)
    origin = f"From {link or escape(cut(item.key, 100), dialect)}"
    tail = "\n\n".join(part for part in (facts, origin, ending) if part)
    if len(tail) > limit // 2:
        # long facts are left to the product
        tail = "\n\n".join(part for part in (origin, ending) if part)
    read_on = f" [read on]({_target(item.url)})" if _can_link(item.url) else ""
    text = render(item.body, limit - len(tail) - 2, dialect, read_on)
    if facts and tail.startswith(facts) and _BULLET.search(text):
        # with the marks of the body's lists, the facts could go on with the last one
        tail = _BULLET.sub("* ", facts) + tail[len(facts) :]
    return f"{text}\n\n{tail}" if text else tail


def render(text: str, limit: int, dialect: Dialect, ending: str = "") -> str:
    """CommonMark as harmless Markdown of at most `limit` characters; what is cut ends with `…` and the ending."""
    document = read(_CONTROL.sub(" ", unix_lines(text)))
    return fitted(document, limit, lambda kept: _written(kept, dialect, ending), len)


def _written(document: Document, dialect: Dialect, ending: str) -> str:
    nodes = document.tree.children
    text = _Writer(dialect).blocks(document.tree)
    if document.whole or not ending:
        return text
    # words go on behind words, and below everything else
    return f"{text}{ending}" if nodes and nodes[-1].type == "paragraph" else f"{text}\n\n{ending.strip()}".strip()


def escape(text: str, dialect: Dialect) -> str:
    """Text of one line that stays text."""
    return _unstarted(_running(_CONTROL.sub(" ", text), dialect))


def _running(text: str, dialect: Dialect) -> str:
    """Text in the middle of a line; addresses in it are links to themselves."""
    parts: list[str] = []
    end = 0
    text = text.replace("\n", " ")
    for start, stop in addresses(text):
        parts += [_plain(text[end:start], dialect), _address(text[start:stop], dialect)]
        end = stop
    return "".join([*parts, _plain(text[end:], dialect)])


def _plain(text: str, dialect: Dialect) -> str:
    return _INLINE.sub(r"\\\g<0>", _unreferred(text, dialect))


def _unreferred(text: str, dialect: Dialect) -> str:
    return dialect.references.sub(lambda found: found.group() + _BREAK, text)


def _unstarted(line: str) -> str:
    """The line without what would make it a heading, a list, a rule or a quick action."""
    return _START.sub(lambda found: f"\\{found[2]}" if found[2] else f"{found[3]}\\{found[4]}", line)


def _address(url: str, dialect: Dialect) -> str:
    """An address that somebody wrote out: a link to itself."""
    if dialect.referring_links is not None and dialect.referring_links.search(url):
        return f"`{url}`"
    target = target_of(url)
    return f"<{target}>" if target == url else f"[{_plain(url, dialect)}]({_target(target)})"


def _target(url: str | None) -> str:
    """An address as the target of a link, where brackets and entities would end or change it."""
    text = "".join(f"%{ord(sign):02X}" if sign in '()<>"\\|`[]' else sign for sign in url or "")
    return re.sub(r"&(?=#?\w+;)", "&amp;", text)


def _can_link(url: str | None) -> bool:
    return (
        url is not None and bool(_LINKABLE.match(url)) and not re.search(r"[\s\x00-\x1f\x7f]", url) and len(url) < 2000
    )


def _facts(item: Item, dialect: Dialect, *, with_status: bool) -> str:
    """What the vendor has no place for, as a list."""
    facts = {"Priority": item.priority, "Assignee": item.assignee, **item.fields}
    if with_status and item.status is ItemStatus.IN_PROGRESS:
        facts = {"Status": "in progress", **facts}
    lines = [
        f"- **{escape(cut(name, 100), dialect)}:** {escape(cut(value, _LONGEST_FACT), dialect)}"
        for name, value in facts.items()
        if value and name.strip()
    ]
    return "\n".join(lines[:_MOST_FACTS])


class _Writer:
    """Writes a tree as Markdown."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def block(self, node: SyntaxTreeNode) -> str:
        if node.type == "hr":
            return "***"
        write = {
            "heading": self._heading,
            "paragraph": self._lines,
            "fence": self._code,
            "code_block": self._code,
            "blockquote": self._quote,
            "bullet_list": self._list,
            "ordered_list": self._list,
            "table": self._table,
        }.get(node.type, self.blocks)
        return write(node)

    def _heading(self, node: SyntaxTreeNode) -> str:
        # in one line, and without a row of # at its end, which would close it
        words = re.sub(r"(?<!#)(?=#+$)", r"\\", self._lines(node).replace("\\\n", " "))
        return f"{'#' * int(node.tag[1:])} {words}".strip()

    def _quote(self, node: SyntaxTreeNode) -> str:
        return "\n".join(f"> {line}" if line else ">" for line in self.blocks(node).split("\n"))

    def blocks(self, node: SyntaxTreeNode) -> str:
        return "\n\n".join(self._each(node))

    def _each(self, node: SyntaxTreeNode) -> Iterator[str]:
        """The blocks in a block. Of two lists side by side, the second has other marks, or they would be one."""
        above = ""
        beside = False
        for child in node.children:
            beside = child.type == above and not beside
            text = self._list(child, "+)") if beside and child.type in _LISTS else self.block(child)
            if text:
                above = child.type
                yield text

    def _lines(self, node: SyntaxTreeNode) -> str:
        """The words of a paragraph, each line of it harmless at its start."""
        lines = self._inline(node).split("\n")
        return "\n".join(_unstarted(line.lstrip(" \t")) for line in lines).strip()

    def _code(self, node: SyntaxTreeNode) -> str:
        content = node.content.rstrip("\n")
        fence = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`+", content)), 3)
        language = (node.info or "").split(" ")[0] if node.type == "fence" else ""
        if not _LANGUAGE.fullmatch(language) or language.lower() in _DRAWN:
            language = ""
        if len(fence) > 3:
            # GitLab takes a shorter fence in it for its end, and what follows for quick actions
            content = re.sub(r"^/", f"{_BREAK}/", content, flags=re.MULTILINE)
        return f"{fence}{language}\n{content}\n{fence}"

    def _list(self, node: SyntaxTreeNode, marks: str = "-.") -> str:
        number = int(str(node.attrs.get("start", 1))) if node.type == "ordered_list" else None
        tight = all(child.hidden for item in node.children for child in item.children if child.type == "paragraph")
        items: list[str] = []
        for item in node.children:
            marker = marks[0] if number is None else f"{number}{marks[1]}"
            number = None if number is None else min(number + 1, 999_999_999)
            content = "\n".join(self._each(item)) if tight else self.blocks(item)
            content = re.sub(r"^\\\[([ xX])\\\] ", r"[\1] ", content)
            indent = " " * (len(marker) + 1)
            lines = content.split("\n")
            items.append(
                "\n".join([f"{marker} {lines[0]}".rstrip(), *(f"{indent}{line}" if line else "" for line in lines[1:])])
            )
        return ("\n" if tight else "\n\n").join(items)

    def _table(self, node: SyntaxTreeNode) -> str:
        rows = [row for part in node.children for row in part.children]
        lines = [f"| {' | '.join(self._inline(cell).replace(chr(10), ' ') for cell in row.children)} |" for row in rows]
        rule = "|".join(_aligned(str(cell.attrs.get("style", ""))) for cell in rows[0].children)
        return "\n".join([lines[0], f"|{rule}|", *lines[1:]])

    def _inline(self, node: SyntaxTreeNode, *, in_link: bool = False, in_cell: bool = False) -> str:
        in_cell = in_cell or node.type in {"th", "td"}
        written = (self._word(child, in_link=in_link, in_cell=in_cell) for child in node.children)
        return "".join(written)

    def _word(self, node: SyntaxTreeNode, *, in_link: bool, in_cell: bool) -> str:
        match node.type:
            case "text":
                words = node.content
                return _plain(words.replace("\n", " "), self._dialect)
            case "softbreak" | "hardbreak":
                # a soft one is a space to CommonMark, while some vendors break the line
                return "\\\n" if node.type == "hardbreak" and not in_cell else " "
            case "code_inline":
                return _inline_code(node.content, in_cell=in_cell)
            case "image" | "link":
                return self._link(node, in_link=in_link, in_cell=in_cell)
        inner = self._inline(node, in_link=in_link, in_cell=in_cell)
        sign = {"strong": "**", "em": "*", "s": "~~"}.get(node.type, "")
        return f"{sign}{inner}{sign}" if inner.strip() else inner

    def _link(self, node: SyntaxTreeNode, *, in_link: bool, in_cell: bool) -> str:
        """A link, or its words alone where it must not be one; an image is a link to it."""
        if node.markup == BARE:
            address = "".join(child.content for child in node.children)
            return _plain(address, self._dialect) if in_link else _address(address, self._dialect)
        if node.type == "image":
            words = _plain(image_label(node), self._dialect)
        else:
            words = self._inline(node, in_link=True, in_cell=in_cell)
        url = str(node.attrs.get("src" if node.type == "image" else "href", ""))
        referring = self._dialect.referring_links
        if in_link or not _can_link(url) or (referring is not None and referring.search(url)):
            return words
        return f"[{words}]({_target(url)})"


def _inline_code(content: str, *, in_cell: bool) -> str:
    content = content.replace("\n", " ")
    if in_cell and "\\|" in content:
        # a cell's code has no way to write this, while its text does
        return _INLINE.sub(r"\\\g<0>", content)
    if in_cell:
        content = content.replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall(r"`+", content)), default=0) + 1)
    padding = " " if content.startswith(("`", " ")) or content.endswith(("`", " ")) else ""
    return f"{fence}{padding}{content}{padding}{fence}"


def _aligned(style: str) -> str:
    return {"text-align:left": " :-- ", "text-align:right": " --: ", "text-align:center": " :-: "}.get(style, " --- ")
