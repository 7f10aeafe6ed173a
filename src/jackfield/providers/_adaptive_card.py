"""Adaptive Cards: https://adaptivecards.microsoft.com

All text stands in runs of RichTextBlocks, which take no Markdown: whatever the product's users write is text, and a
form is a property. A run's end of line is not shown everywhere alike, so every line is a block of its own.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from markdown_it.tree import SyntaxTreeNode

from jackfield.domain.item import Item
from jackfield.providers._chat_text import (
    destination,
    facts_of,
    first_number,
    image_label,
    link_of,
    one_line,
    own_facts_of,
    plain_text,
    table_rows,
    title_of,
)
from jackfield.providers._markdown import cut

#: the first that has all we use, and that Teams shows on every device
VERSION: Final = "1.4"
_TITLE_LENGTH: Final = 256
_BUTTON_LENGTH: Final = 40
_FIELDS: Final = 20
#: in bytes, so that most is left for the body
_FACTS_SIZE: Final = 6000
_NO_BREAK_SPACE: Final = "\u00a0"

Element = dict[str, Any]


class _Form(NamedTuple):
    """How a run looks."""

    bold: bool = False
    italic: bool = False
    strike: bool = False
    monospace: bool = False
    url: str | None = None


_PLAIN: Final = _Form()
_MONOSPACE: Final = _Form(monospace=True)
_BOLD: Final = _Form(bold=True)
_Run = tuple[str, _Form]
_Line = list[_Run]


def card_of(item: Item, body: list[Element]) -> Element:
    """The card of an item whose body was made by `elements_of`."""
    title: Element = {
        "type": "TextRun",
        "text": cut(title_of(item), _TITLE_LENGTH),
        "size": "Large",
        "weight": "Bolder",
    }
    card: Element = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": VERSION,
        "body": [
            {"type": "RichTextBlock", "inlines": [title]},
            *body,
            *_facts(item),
        ],
        # or cards are as narrow as a phone
        "msteams": {"width": "Full"},
    }
    url = web_link_of(item.url)
    if url is not None:
        card["actions"] = [{"type": "Action.OpenUrl", "title": f"Open {cut(item.key, _BUTTON_LENGTH)}", "url": url}]
    return card


def elements_of(tree: SyntaxTreeNode) -> list[Element]:
    """A CommonMark body as elements of a card."""
    elements: list[Element] = []
    for node in tree.children:
        lines = [line for line in _lines(node) if any(text.strip() for text, _ in line)]
        elements += [_rich(line, first=place == 0) for place, line in enumerate(lines)]
    return elements


def link_element(text: str, url: str) -> Element:
    return _rich([(text, _Form(url=url))], first=True)


def web_link_of(url: str | None) -> str | None:
    """The address if a card can open it."""
    found = link_of(url)
    return found if found is not None and found.lower().startswith("http") else None


def _facts(item: Item) -> list[Element]:
    elements: list[Element] = []
    for fact in [*facts_of(item), *own_facts_of(item)][:_FIELDS]:
        line = [(f"{fact.name}: ", _BOLD), (fact.value, _PLAIN)]
        elements.append(_rich(line, first=not elements))
        if len(msgspec.json.encode(elements)) > _FACTS_SIZE:
            break
    return elements


def _rich(line: _Line, first: bool) -> Element:
    element: Element = {"type": "RichTextBlock", "inlines": [_run(text, form) for text, form in line if text]}
    if not first:
        element["spacing"] = "None"
    return element


def _run(text: str, form: _Form) -> Element:
    run: Element = {"type": "TextRun", "text": text}
    if form.bold:
        run["weight"] = "Bolder"
    if form.italic:
        run["italic"] = True
    if form.strike:
        run["strikethrough"] = True
    if form.monospace:
        run["fontType"] = "Monospace"
    if form.url is not None:
        run["selectAction"] = {"type": "Action.OpenUrl", "url": form.url}
    return run


def _lines(node: SyntaxTreeNode) -> list[_Line]:  # noqa: PLR0911  one for each kind of node
    match node.type:
        case "heading":
            return _inline_lines(node, _BOLD)
        case "fence" | "code_block":
            # blanks at the beginning of a line would not be shown
            code = node.content.rstrip("\n").replace("\t", "    ").replace(" ", _NO_BREAK_SPACE)
            return [[(line, _MONOSPACE)] for line in code.split("\n")]
        case "bullet_list" | "ordered_list":
            return list(_list_lines(node))
        case "blockquote":
            return [[("│ ", _PLAIN), *line] for child in node.children for line in _lines(child)]
        case "table":
            rows = enumerate(table_rows(node))
            return [_row(cells, _BOLD if place == 0 else _PLAIN) for place, cells in rows]
        case "hr":
            return [[("———", _PLAIN)]]
        case _:
            return _inline_lines(node, _PLAIN)


def _row(cells: Sequence[SyntaxTreeNode], form: _Form) -> _Line:
    line: _Line = []
    for place, cell in enumerate(cells):
        line += [*([(" | ", form)] if place else []), *(run or (" ", form) for run in _runs(cell, form))]
    return line


def _list_lines(node: SyntaxTreeNode) -> Iterator[_Line]:
    number = first_number(node) if node.type == "ordered_list" else None
    for item in node.children:
        mark = "• " if number is None else f"{number}. "
        lines = [line for child in item.children for line in _lines(child)] or [[]]
        yield [(mark, _PLAIN), *lines[0]]
        yield from ([(_NO_BREAK_SPACE * 4, _PLAIN), *line] for line in lines[1:])
        number = None if number is None else number + 1


def _inline_lines(node: SyntaxTreeNode, form: _Form) -> list[_Line]:
    lines: list[_Line] = [[]]
    for run in _runs(node, form):
        if run is None:
            lines.append([])
        else:
            lines[-1].append(run)
    return lines


def _runs(node: SyntaxTreeNode, form: _Form) -> Iterator[_Run | None]:
    """The runs of a node; None is an end of line."""
    match node.type:
        case "text":
            yield node.content, form
        case "softbreak" | "hardbreak":
            yield None
        case "code_inline":
            yield node.content, form._replace(monospace=True)
        case "image":
            yield image_label(node), form._replace(url=web_link_of(destination(node)))
        case "link":
            yield one_line(plain_text(node)) or destination(node), form._replace(url=web_link_of(destination(node)))
        case _:
            for child in node.children:
                yield from _runs(child, _within(node.type, form))


def _within(type_: str, form: _Form) -> _Form:
    match type_:
        case "strong":
            return form._replace(bold=True)
        case "em":
            return form._replace(italic=True)
        case "s":
            return form._replace(strike=True)
        case _:
            return form
