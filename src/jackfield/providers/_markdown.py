"""Reading an item's body: CommonMark without HTML, and cutting it to what a vendor takes.

Whatever strangers send is read within bounds. Forms and blocks that are nested deeper than `MOST_DEPTH` are text, so no
text needs more stack or time than its length allows, and nothing of it gets lost.
"""

from collections.abc import Callable
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, blockquote, list_block
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline, image
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

#: how deep blocks are nested in blocks, and forms in forms; people need five
MOST_DEPTH: Final = 50
#: images in the alternative texts of images
_MOST_IMAGES: Final = 3
#: signs of emphasis in a row; longer runs are lines that somebody drew
_MOST_SIGNS: Final = 100
_ELLIPSIS: Final = "…"

_BlockRule = Callable[[StateBlock, int, int, bool], bool]


def parse(text: str) -> SyntaxTreeNode:
    """Read a CommonMark text (with tables and strikethrough) into a tree; HTML in it is text."""
    blocks = StateCore(text, _BLOCKS, {})
    _BLOCKS.core.process(blocks)
    words = StateCore("", _INLINES, blocks.env, blocks.tokens)
    _INLINES.core.process(words)
    return SyntaxTreeNode([_flattened(token) for token in words.tokens])


def unix_lines(text: str) -> str:
    """End every line with a line feed alone, as CommonMark 2.1 takes the other two ends of lines for the same."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _flattened(block: Token) -> Token:
    """Take the forms away that say nothing: too deep, within one of their own kind, or empty of new meaning.

    Bold in bold is bold. Two bold texts side by side are one, as their signs would run into each other when written.
    """
    if not block.children:
        return block
    kept: list[Token] = []
    opened: list[bool] = []
    kinds: list[str] = []
    for token in block.children:
        if token.nesting == 1:
            needed = len(kinds) < MOST_DEPTH and token.type not in kinds
            opened.append(needed)
            if not needed:
                continue
            kinds.append(token.type)
            if kept and token.tag != "a" and kept[-1].nesting == -1 and kept[-1].tag == token.tag:
                kept.pop()
                continue
        elif token.nesting == -1:
            if not opened.pop():
                continue
            kinds.pop()
        kept.append(token)
    return block.copy(children=kept)


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


def _bounded(rule: _BlockRule) -> _BlockRule:
    """The rule as far as `MOST_DEPTH`; markdown-it's own bound would drop what is deeper."""

    def bounded(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        return state.level < MOST_DEPTH and rule(state, start, end, silent)

    return bounded


def _image(state: StateInline, silent: bool) -> bool:
    """Read an image; the alternative text of an image is read anew, and so is that of an image in it."""
    within = state.env.get("images", 0)
    if within >= _MOST_IMAGES:
        return False
    state.env["images"] = within + 1
    try:
        return image(state, silent)
    finally:
        state.env["images"] = within


def _long_run(state: StateInline, silent: bool) -> bool:
    """Take a long run of signs for text, since each sign would be looked at again for each other one."""
    sign = state.src[state.pos]
    if sign not in "*_~":
        return False
    end = state.pos
    while end < state.posMax and state.src[end] == sign:
        end += 1
    if end - state.pos <= _MOST_SIGNS:
        return False
    if not silent:
        state.pending += state.src[state.pos : end]
    state.pos = end
    return True


def _block_parser() -> MarkdownIt:
    """Reads a text's blocks, and leaves their words as they are."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.options["maxNesting"] = 2 * MOST_DEPTH
    interrupting = ["paragraph", "reference", "blockquote"]
    parser.block.ruler.at("blockquote", _bounded(blockquote), {"alt": [*interrupting, "list"]})
    parser.block.ruler.at("list", _bounded(list_block), {"alt": interrupting})
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


def _inline_parser() -> MarkdownIt:
    """Reads the words of blocks. Brackets within brackets it looks through as deep as markdown-it says."""
    # HTML of the product's users is text to us, and so it stays at the vendor
    parser = MarkdownIt("commonmark", {"html": False}).enable("strikethrough")
    parser.inline.ruler.at("image", _image)
    parser.inline.ruler.before("strikethrough", "long_run", _long_run)
    parser.core.ruler.enableOnly(["inline", "text_join"])
    return parser


_BLOCKS: Final = _block_parser()
_INLINES: Final = _inline_parser()
