"""Discord's kind of Markdown: https://support.discord.com/hc/en-us/articles/210298617

A backslash takes the power from any punctuation mark. Addresses are left as they are, since Discord links them itself.
Embeds notify nobody, and messages go out with all mentions forbidden; what looks like one is made to read as text too.
"""

import re
from typing import Final

from markdown_it.tree import SyntaxTreeNode

from jackfield.providers._chat_text import ZERO_WIDTH_SPACE, blocks_of
from jackfield.providers._markdown import addresses, cut

_FENCE: Final = "```"
_SPECIAL: Final = re.compile(r"[\\`*_~|<>\[\]()#]")
#: what only means something where a line begins
_LINE_START: Final = re.compile(r"^(\s*)([-+]|[0-9]+\.)(?=\s)", re.MULTILINE)
_MENTION: Final = re.compile(r"@(?=everyone|here)", re.IGNORECASE)
_LABEL_LENGTH: Final = 300
_CODE: Final = re.compile(r"`[^`]+`|``.+?``")


def escape(text: str) -> str:
    """Text that Discord shows as it is written here."""
    done = []
    end = 0
    for start, stop in addresses(text):
        done += [_escape(text[end:start]), text[start:stop]]
        end = stop
    return _MENTION.sub(f"@{ZERO_WIDTH_SPACE}", "".join([*done, _escape(text[end:])]))


def link(text: str, url: str) -> str:
    """`[text](<url>)`, or the address itself where Discord makes no such link: of others than web addresses, and behind
    words that look like one."""
    # an address with a mention in it still leads to the same place when that is encoded
    address = _MENTION.sub("%40", url.replace(">", "%3E"))
    if address.count("(") != address.count(")"):
        # Discord ends the link at the first that is too many
        address = address.replace("(", "%28").replace(")", "%29")
    address = f"<{address}>"
    if text in {url, url.removeprefix("mailto:")}:
        return address
    if "://" in text or not url.lower().startswith("http"):
        return f"{escape(text)} ({address})"
    label = _MENTION.sub(f"@{ZERO_WIDTH_SPACE}", _SPECIAL.sub(r"\\\g<0>", cut(text, _LABEL_LENGTH)))
    return f"[{label}]({address})"


def markdown_of(tree: SyntaxTreeNode) -> str:
    """A CommonMark body as Discord takes it."""
    return "\n\n".join(blocks_of(tree, _DiscordMarkdown()))


def _escape(text: str) -> str:
    text = _SPECIAL.sub(r"\\\g<0>", text)
    return _LINE_START.sub(lambda found: f"{found[1]}{found[2][:-1]}\\{found[2][-1]}", text)


def _around(signs: str, inner: str) -> str:
    """The form, unless code in it has its sign: Discord would end the form there, and lose the code."""
    in_code = any(signs[0] in code for code in _CODE.findall(inner))
    return inner if in_code else f"{signs}{inner}{signs}"


class _DiscordMarkdown:
    def escape(self, text: str) -> str:
        return escape(text)

    def strong(self, inner: str) -> str:
        return _around("**", inner)

    def emphasis(self, inner: str) -> str:
        return _around("*", inner)

    def strike(self, inner: str) -> str:
        return _around("~~", inner)

    def code(self, text: str) -> str:
        # a backtick within takes two around, and blanks where it stands at an edge
        return f"`` {text.replace('``', f'`{ZERO_WIDTH_SPACE}`')} ``" if "`" in text else f"`{text}`"

    def link(self, text: str, url: str) -> str:
        return link(text, url)

    def heading(self, inner: str) -> str:
        """Bold: a heading in large letters is too loud in a channel."""
        return "\n".join(line if "**" in line else f"**{line}**" for line in inner.split("\n") if line.strip())

    def code_block(self, text: str) -> str:
        if not text.strip():
            # no block to Discord, whose signs would enclose what follows
            return ""
        return f"{_FENCE}\n{text.replace(_FENCE, f'``{ZERO_WIDTH_SPACE}`')}\n{_FENCE}"

    def joined(self, left: str, right: str) -> str:
        """`**a***b*` would be read in another way than it is meant."""
        return left + ZERO_WIDTH_SPACE + right if left[-1] in "*~`" and right[0] in "*~`" else left + right
