"""An item's text in the Atlassian Document Format, which Jira takes for descriptions.

https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/ and the JSON schema that its package
`@atlaskit/adf-schema` has. Text in it is text: a mention or an image would be a node of its own, and none is made here.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from markdown_it.tree import SyntaxTreeNode

from jackfield.providers._chat_text import Fact, destination, first_number, image_label, link_of, plain_text

Node = dict[str, Any]
#: characters that are no text anywhere; some of Atlassian's parts refuse a whole document because of one
_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_MARKS: Final = {"strong": "strong", "em": "em", "s": "strike"}
_LANGUAGE: Final = re.compile(r"[A-Za-z0-9+#-]{1,30}")


def document(*parts: Sequence[Node]) -> Node:
    return {"type": "doc", "version": 1, "content": [node for part in parts for node in part]}


def blocks(tree: SyntaxTreeNode) -> list[Node]:
    """The blocks of a body, as they may stand in a document."""
    return [made for node in tree.children for made in _block(node)]


def facts(named: Iterable[Fact]) -> list[Node]:
    """A paragraph with a line for each."""
    content: list[Node] = []
    for fact in named:
        if content:
            content.append({"type": "hardBreak"})
        content += [*_text(f"{fact.name}: ", ({"type": "strong"},)), *_text(fact.value)]
    return _paragraphs(content)


def link_paragraph(text: str, url: str) -> list[Node]:
    return _paragraphs(_text(text, (_link(url),)))


def _block(node: SyntaxTreeNode) -> list[Node]:
    match node.type:
        case "heading":
            content = _inline(node)
            return [{"type": "heading", "attrs": {"level": int(node.tag[1:])}, "content": content}] if content else []
        case "blockquote":
            inner = _inner_blocks(node)
            return [{"type": "blockquote", "content": inner}] if inner else []
        case "table":
            return [{"type": "table", "content": [_row(row) for part in node.children for row in part.children]}]
        case "hr":
            return [{"type": "rule"}]
        case _:
            return _inner_block(node)


def _inner_blocks(node: SyntaxTreeNode) -> list[Node]:
    return [made for child in node.children for made in _inner_block(child)]


def _inner_block(node: SyntaxTreeNode) -> list[Node]:
    """As it may stand in lists and quotations, which take paragraphs, lists and code only."""
    made: list[Node] = []
    match node.type:
        case "heading":
            made = _paragraphs(_inline(node, ({"type": "strong"},)))
        case "bullet_list":
            made = [{"type": "bulletList", "content": [_list_item(item) for item in node.children]}]
        case "ordered_list":
            items = [_list_item(item) for item in node.children]
            made = [{"type": "orderedList", "attrs": {"order": first_number(node)}, "content": items}]
        case "fence" | "code_block":
            made = [_code_block(node)]
        case "blockquote":
            made = _inner_blocks(node)
        case "table":
            rows = [row for part in node.children for row in part.children]
            made = [one for row in rows for one in _paragraphs(_text(" | ".join(map(plain_text, row.children))))]
        case "hr":
            pass
        case _:
            made = _paragraphs(_inline(node))
    return made


def _list_item(node: SyntaxTreeNode) -> Node:
    content = _inner_blocks(node)
    # editors want words or code before a list within an item
    if not content or content[0]["type"] in {"bulletList", "orderedList"}:
        content.insert(0, {"type": "paragraph", "content": []})
    return {"type": "listItem", "content": content}


def _code_block(node: SyntaxTreeNode) -> Node:
    made: Node = {"type": "codeBlock", "content": _text(node.content.rstrip("\n"))}
    language = node.info.split()[0] if node.type == "fence" and node.info.split() else ""
    if _LANGUAGE.fullmatch(language):
        made["attrs"] = {"language": language.lower()}
    return made


def _row(node: SyntaxTreeNode) -> Node:
    cells = [
        {
            "type": "tableHeader" if cell.type == "th" else "tableCell",
            "content": [{"type": "paragraph", "content": _inline(cell)}],
        }
        for cell in node.children
    ]
    return {"type": "tableRow", "content": cells}


def _paragraphs(content: list[Node]) -> list[Node]:
    return [{"type": "paragraph", "content": content}] if content else []


def _inline(node: SyntaxTreeNode, marks: tuple[Node, ...] = ()) -> list[Node]:
    return [made for child in node.children for made in _piece(child, marks)]


def _piece(node: SyntaxTreeNode, marks: tuple[Node, ...]) -> list[Node]:
    match node.type:
        case "text" | "softbreak":
            return _text(" " if node.type == "softbreak" else node.content, marks)
        case "hardbreak":
            return [{"type": "hardBreak"}]
        case "code_inline":
            # code takes no other form than a link
            return _text(node.content, (*(mark for mark in marks if mark["type"] == "link"), {"type": "code"}))
        case "link" | "image":
            return _linked(node, marks)
        case _:
            name = _MARKS.get(node.type)
            return _inline(node, _with(marks, {"type": name}) if name else marks)


def _linked(node: SyntaxTreeNode, marks: tuple[Node, ...]) -> list[Node]:
    url = link_of(destination(node))
    if url is not None:
        marks = _with(marks, _link(url))
    if node.type == "image":
        return _text(image_label(node), marks)
    return _inline(node, marks) or _text(url or "", marks)


def _with(marks: tuple[Node, ...], mark: Node) -> tuple[Node, ...]:
    """A kind of mark stands once: what is within a link keeps the outer one."""
    return marks if any(one["type"] == mark["type"] for one in marks) else (*marks, mark)


def _link(url: str) -> Node:
    return {"type": "link", "attrs": {"href": url}}


def _text(text: str, marks: tuple[Node, ...] = ()) -> list[Node]:
    """There is no text without characters in the format."""
    text = _CONTROLS.sub("", text)
    if not text:
        return []
    return [{"type": "text", "text": text, "marks": list(marks)} if marks else {"type": "text", "text": text}]
