"""Reading an item's body: CommonMark without HTML, and cutting it to what a vendor takes.

Whatever strangers send is read within bounds. Forms and blocks that are nested deeper than `MOST_DEPTH` are text, so no
text needs more stack or time than its length allows, and nothing of it gets lost.
"""

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll
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
#: renderings of a document that has to be cut, until it fits and this much of the room is used
_TRIES: Final = 12
_ENOUGH: Final = 0.95
#: characters that are left out at most, in order to cut between words or lines
_LOSS: Final = 120

#: what an address in running text begins with, and how far one goes at most, as GFM's extended autolinks do
_WWW: Final = re.compile(r"(?<![^\s*_~(])www\.\w[^\s<>]*", re.IGNORECASE)
_ADDRESS: Final = re.compile(rf"(?<![A-Za-z])(?:https?|ftp)://\w[^\s<>]*|{_WWW.pattern}", re.IGNORECASE)
_SCHEME: Final = re.compile(r"(?<![A-Za-z])(?:https?|ftp)$", re.IGNORECASE)
_BEHIND_SCHEME: Final = re.compile(r"://\w[^\s<>]*")
#: not of the address where they stand at its end
_PUNCTUATION: Final = "?!.,:;*_~'\"`\\"
_CLOSING: Final = {")": "(", "]": "["}
_ENTITY_AT_END: Final = re.compile(r"&[A-Za-z0-9]+;$")
#: what an address has encoded wherever it is one
_ENCODED: Final = re.compile(r'["|\\^`{}]')
#: `markup` of links that we made of addresses in running text
BARE: Final = "bare"

_T = TypeVar("_T")

_BlockRule = Callable[[StateBlock, int, int, bool], bool]


class Document:
    """A text that was read. What is cut from it is cut in the tree, so lists, tables and code stay what they are."""

    def __init__(self, tokens: Sequence[Token], *, whole: bool = True) -> None:
        self._tokens = tokens
        #: whether this is all of the text
        self.whole = whole

    @functools.cached_property
    def tree(self) -> SyntaxTreeNode:
        return SyntaxTreeNode(self._tokens)

    @functools.cached_property
    def length(self) -> int:
        """About the fewest characters that any vendor's form of it has."""
        return sum(map(_weight, self._tokens))

    def beginning(self, length: int) -> "Document":
        """As much of it as has this length, with `…` where it was cut."""
        return self if length >= self.length else Document(_begin(self._tokens, length)[0], whole=False)


def read(text: str) -> Document:
    """Read a CommonMark text (with tables and strikethrough); HTML in it is text."""
    blocks = StateCore(text, _BLOCKS, {})
    _BLOCKS.core.process(blocks)
    words = StateCore("", _INLINES, blocks.env, blocks.tokens)
    _INLINES.core.process(words)
    return Document([_flattened(token) for token in words.tokens])


def parse(text: str) -> SyntaxTreeNode:
    """The tree of a CommonMark text."""
    return read(text).tree


def fitted(document: Document, room: int, render: Callable[[Document], _T], size: Callable[[_T], int]) -> _T:
    """What `render` makes of the document, or of its longest beginning whose `size` is at most `room`.

    Nearly all of the room is used. It is the tree that is cut, never what became of it, where a form that was cut in
    two would spoil what follows.
    """
    if document.length <= 2 * room:
        made = render(document)
        if size(made) <= room:
            return made
    fits, too_long = 0, min(document.length, 2 * max(room, 0) + 1)
    best = render(document.beginning(0))
    used, over = size(best), 0
    for tries in range(_TRIES):
        if used >= room * _ENOUGH or too_long - fits <= 1:
            break
        # by estimate and by halves in turn, as an estimate alone can come near from one side only
        share = (room * (1 + _ENOUGH) / 2 - used) / (over - used) if over and tries % 2 else 0.5
        length = min(max(fits + int((too_long - fits) * share), fits + 1), too_long - 1)
        made = render(document.beginning(length))
        taken = size(made)
        if taken <= room:
            fits, best, used = length, made, taken
        else:
            too_long, over = length, taken
    return best


def _weight(token: Token) -> int:
    words = sum(map(_weight, token.children)) if token.type == "inline" and token.children else len(token.content)
    return words + (token.nesting >= 0) * (1 + _address_length(token))


def _address_length(token: Token) -> int:
    """Of addresses that no vendor makes a link of, none is written."""
    address = str(token.attrs.get("href") or token.attrs.get("src") or "")
    return len(address) if address[:4].lower() in {"http", "mail", "ftp:"} else 0


def _begin(tokens: Sequence[Token], room: int) -> tuple[list[Token], bool]:
    """The first tokens within the room, whatever is open closed again, and whether that are all."""
    kept: list[Token] = []
    opened: list[Token] = []
    for place, token in enumerate(tokens):
        weight = _weight(token)
        if weight <= room:
            room -= weight
            kept.append(token)
            if token.nesting == 1:
                opened.append(token)
            elif token.nesting == -1:
                opened.pop()
            continue
        part = _part(token, room)
        if part is not None:
            kept.append(part)
        _close(kept, opened, tokens[place:])
        if part is None:
            _mark(kept)
        return kept, False
    return kept, True


def _part(token: Token, room: int) -> Token | None:
    """As much of a token as can be cut anywhere."""
    if token.type == "inline" and token.children:
        children, _ = _begin(token.children, room)
        return token.copy(children=children) if children else None
    if token.type not in {"text", "code_inline", "fence", "code_block"}:
        return None
    content = token.content[:room]
    lines = token.type in {"fence", "code_block"}
    gap = content.rfind("\n") if lines else max(content.rfind(" "), content.rfind("\n"))
    if gap > room - _LOSS:
        content = content[:gap]
    content = content.rstrip()
    return token.copy(content=f"{content}{chr(10) if lines and gap > 0 else ''}{_ELLIPSIS}") if content else None


def _close(kept: list[Token], opened: list[Token], rest: Sequence[Token]) -> None:
    """Close what is open; what has nothing in it is taken away."""
    closers: list[Token] = []
    depth = 0
    for token in rest:
        if len(closers) == len(opened):
            break
        if token.nesting == -1 and depth == 0:
            closers.append(token)
        else:
            depth += token.nesting
    for opener, closer in zip(reversed(opened), closers, strict=True):
        if kept[-1] is opener:
            kept.pop()
        else:
            kept.append(closer)


def _mark(kept: list[Token]) -> None:
    """Put `…` behind the last words."""
    for place in range(len(kept) - 1, -1, -1):
        token = kept[place]
        if token.type in {"fence", "code_block"}:
            kept[place] = token.copy(content=f"{token.content.rstrip()}\n{_ELLIPSIS}")
            return
        if token.type == "inline":
            more = Token("text", "", 0, content=f" {_ELLIPSIS}")
            kept[place] = token.copy(children=[*(token.children or ()), more])
            return
        if not token.block:
            kept.append(Token("text", "", 0, content=_ELLIPSIS))
            return


def addresses(text: str) -> Iterator[tuple[int, int]]:
    """Where addresses that somebody just wrote out begin and end: `https://x.example/a_(b)`, `www.x.example`."""
    for found in _ADDRESS.finditer(text):
        yield found.start(), found.start() + len(_without_end(found[0]))


def target_of(address: str) -> str:
    """Where an address that somebody just wrote out leads."""
    encoded = _ENCODED.sub(lambda sign: f"%{ord(sign[0]):02X}", address)
    return f"http://{encoded}" if address[:4].lower() == "www." else encoded


def _without_end(address: str) -> str:
    """The address without the marks that belong to the sentence: dots, and brackets that were opened before it."""
    surplus = {sign: address.count(sign) - address.count(opening) for sign, opening in _CLOSING.items()}
    end = len(address)
    while end:
        last = address[end - 1]
        entity = _ENTITY_AT_END.search(address, max(0, end - 12), end) if last == ";" else None
        if entity is not None:
            end = entity.start()
        elif last in _PUNCTUATION:
            end -= 1
        elif surplus.get(last, 0) > 0:
            surplus[last] -= 1
            end -= 1
        else:
            break
    return address[:end]


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
        if token.type == "text" and not token.content:
            # what signs of emphasis leave behind
            continue
        if token.type == "text" and "link" not in "".join(kinds) and "www." in token.content.lower():
            kept += _with_links(token)
            continue
        kept.append(token)
    return block.copy(children=kept)


def _with_links(token: Token) -> Iterator[Token]:
    """A text, and links where it has addresses without a scheme; those with one were found when it was read."""
    end = 0
    for found in _WWW.finditer(token.content):
        address = _without_end(found[0])
        yield token.copy(content=token.content[end : found.start()])
        yield from _link(address)
        end = found.start() + len(address)
    yield token.copy(content=token.content[end:])


def _link(address: str) -> list[Token]:
    return [
        Token("link_open", "a", 1, attrs={"href": target_of(address)}, markup=BARE),
        Token("text", "", 0, content=address),
        Token("link_close", "a", -1, markup=BARE),
    ]


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


def _address(state: StateInline, silent: bool) -> bool:
    """Read an address before its underscores and asterisks are taken for forms."""
    if silent or state.linkLevel or state.src[state.pos] != ":":
        return False
    # the longest scheme and a character before it: to look through all that is pending, at each colon, takes long
    scheme = _SCHEME.search(state.pending[-6:])
    rest = _BEHIND_SCHEME.match(state.src, state.pos, state.posMax) if scheme else None
    if scheme is None or rest is None:
        return False
    behind = _without_end(rest[0])
    address = scheme[0] + unescapeAll(behind)
    state.pending = state.pending[: len(state.pending) - len(scheme[0])]
    for made in _link(address):
        token = state.push(made.type, made.tag, made.nesting)
        token.attrs, token.content, token.markup = made.attrs, made.content, made.markup
    state.pos += len(behind)
    return True


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
    # one tilde strikes as two do, and three are words: https://github.github.com/gfm/#strikethrough-extension-
    parser = MarkdownIt("commonmark", {"html": False, "strikethrough_single_tilde": True}).enable("strikethrough")
    parser.inline.ruler.at("image", _image)
    parser.inline.ruler.before("strikethrough", "long_run", _long_run)
    parser.inline.ruler.before("strikethrough", "address", _address)
    parser.core.ruler.enableOnly(["inline", "text_join"])
    return parser


_BLOCKS: Final = _block_parser()
_INLINES: Final = _inline_parser()
