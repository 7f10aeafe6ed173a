"""An item's text in Confluence's storage format, which is XHTML with elements of its own.

https://confluence.atlassian.com/doc/confluence-storage-format-790796544.html
All text is escaped, so no macro, mention or image comes out of it; images of the item become links.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from markdown_it.tree import SyntaxTreeNode

from jackfield.providers._chat_text import Fact, destination, first_number, image_label, link_of

#: what XML 1.0 has no way to write
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})
#: of the code macro; with another one it shows an error in place of the code
_LANGUAGES: Final = frozenset(
    {
        "actionscript3", "applescript", "bash", "c", "coldfusion", "cpp", "css", "delphi", "diff", "erlang", "groovy",
        "html", "java", "javafx", "javascript", "perl", "php", "powershell", "python", "ruby", "sass", "scala", "sql",
        "text", "vb", "xml", "yaml",
    }
)  # fmt: skip
_ELEMENTS: Final = {
    "paragraph": "p",
    "blockquote": "blockquote",
    "bullet_list": "ul",
    "list_item": "li",
    "tr": "tr",
    "th": "th",
    "td": "td",
    "strong": "strong",
    "em": "em",
    "s": "del",
}


def body(tree: SyntaxTreeNode) -> str:
    """A body's blocks."""
    return _all(tree)


def facts(named: Iterable[Fact]) -> str:
    """A paragraph with a line for each."""
    lines = [f"<strong>{escape(fact.name)}:</strong> {escape(fact.value)}" for fact in named]
    return f"<p>{'<br />'.join(lines)}</p>" if lines else ""


def link_paragraph(text: str, url: str) -> str:
    return f"<p>{_link(escape(text), url)}</p>"


def anchor(name: str) -> str:
    """An element that nobody sees, and that stays on the page when it is edited."""
    return (
        '<p><ac:structured-macro ac:name="anchor" ac:schema-version="1">'
        f'<ac:parameter ac:name="">{escape(name)}</ac:parameter></ac:structured-macro></p>'
    )


def escape(text: str) -> str:
    return _NOT_XML.sub("", text).translate(_ESCAPES)


def _all(node: SyntaxTreeNode) -> str:
    return "".join(_element(child) for child in node.children)


def _element(node: SyntaxTreeNode) -> str:
    make = _MAKERS.get(node.type)
    if make is not None:
        return make(node)
    name = _ELEMENTS.get(node.type)
    return f"<{name}>{_all(node)}</{name}>" if name else _all(node)


def _ordered_list(node: SyntaxTreeNode) -> str:
    start = first_number(node)
    return f'<ol start="{start}">{_all(node)}</ol>' if start != 1 else f"<ol>{_all(node)}</ol>"


def _linked(node: SyntaxTreeNode) -> str:
    url = link_of(destination(node))
    return _all(node) if url is None else _link(_all(node) or escape(url), url)


def _image(node: SyntaxTreeNode) -> str:
    url = link_of(destination(node))
    label = escape(image_label(node))
    within_a_link = any(one.type == "link" for one in _ancestors(node))
    return label if url is None or within_a_link else _link(label, url)


def _ancestors(node: SyntaxTreeNode) -> Iterable[SyntaxTreeNode]:
    while (parent := node.parent) is not None:
        yield parent
        node = parent


def _link(inner: str, url: str) -> str:
    return f'<a href="{escape(url)}">{inner}</a>'


def _code(node: SyntaxTreeNode) -> str:
    words = node.info.lower().split() if node.type == "fence" else []
    known = words[0] if words and words[0] in _LANGUAGES else None
    language = f'<ac:parameter ac:name="language">{known}</ac:parameter>' if known else ""
    # a section ends with the first ]]>, so one that is in the code is divided among two sections
    code = _NOT_XML.sub("", node.content.rstrip("\n")).replace("]]>", "]]]]><![CDATA[>")
    return (
        f'<ac:structured-macro ac:name="code" ac:schema-version="1">{language}'
        f"<ac:plain-text-body><![CDATA[{code}]]></ac:plain-text-body></ac:structured-macro>"
    )


_MAKERS: Final[Mapping[str, Callable[[SyntaxTreeNode], str]]] = {
    "text": lambda node: escape(node.content),
    "softbreak": lambda _: "\n",
    "hardbreak": lambda _: "<br />",
    "hr": lambda _: "<hr />",
    "code_inline": lambda node: f"<code>{escape(node.content)}</code>",
    "heading": lambda node: f"<{node.tag}>{_all(node)}</{node.tag}>",
    # Confluence has tables in one part
    "table": lambda node: f"<table><tbody>{_all(node)}</tbody></table>",
    "ordered_list": _ordered_list,
    "fence": _code,
    "code_block": _code,
    "link": _linked,
    "image": _image,
}
