"""An item's text as MantisBT shows it: plain, except that it makes something of a few characters.

It mails whom a text mentions with @, links `#7` to issue 7 and `~7` to note 7, and lets the simple elements of HTML
through; some servers read Markdown, too. A space without width after such a character parts it from what follows.
Characters beyond the first 65536 cannot be kept by the databases of some servers, which then refuse the issue or cut it
off: then they are replaced.
"""

import re
from typing import Final

from jackfield.domain.item import Item
from jackfield.providers._chat_text import (
    ZERO_WIDTH_SPACE,
    blocks_of,
    body_of,
    facts_of,
    link_of,
    own_facts_of,
    title_of,
)
from jackfield.providers._markdown import Document, cut, fitted, read

#: column `summary`
SUMMARY_LENGTH: Final = 128
#: in bytes; servers take 65535 if they are not told otherwise
DESCRIPTION_BYTES: Final = 60_000
_FACTS: Final = 50
#: also at the end of a part, since the next one may begin with what would make it active
_ACTIVE: Final = re.compile(r"@(?=[\w.-]|\Z)|[#~](?=\d|\Z)|<(?=[A-Za-z/!]|\Z)|!(?=\[|\Z)")
_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_BEYOND: Final = re.compile("[\U00010000-\U0010ffff]")


class _Plain:
    """The body without its forms."""

    def escape(self, text: str) -> str:
        text = _CONTROLS.sub("", text)
        return _ACTIVE.sub(lambda found: found[0] + ZERO_WIDTH_SPACE, text)

    def strong(self, inner: str) -> str:
        return inner

    def emphasis(self, inner: str) -> str:
        return inner

    def strike(self, inner: str) -> str:
        return inner

    def code(self, text: str) -> str:
        return self.escape(text)

    def link(self, text: str, url: str) -> str:
        # an address with a mention in it still leads to the same place when that is encoded
        mail = url.lower().startswith("mailto:")
        safe = self.escape(url) if mail else url.replace("@", "%40").replace("![", "!%5B")
        return safe if text == url else f"{self.escape(text)} ({safe})"

    def heading(self, inner: str) -> str:
        return inner

    def code_block(self, text: str) -> str:
        return "\n".join(f"    {line}" for line in self.escape(text).split("\n"))

    def joined(self, left: str, right: str) -> str:
        return left + right


_PLAIN: Final = _Plain()


def summary_of(item: Item) -> str:
    return cut(_PLAIN.escape(title_of(item)), SUMMARY_LENGTH) or "?"


def beyond_of(text: str) -> list[str]:
    """The characters that some databases cannot keep."""
    return _BEYOND.findall(text)


def within_basic_plane(text: str) -> str:
    """The text with those characters replaced, by one each, so it does not get longer."""
    return _BEYOND.sub("\ufffd", text)


def description_of(item: Item) -> str:
    """Never empty, which MantisBT does not take."""
    text = fitted(
        read(body_of(item)), DESCRIPTION_BYTES, lambda body: _text(item, body), lambda text: len(text.encode())
    )
    return text or summary_of(item)


def _text(item: Item, body: Document) -> str:
    # the status is the issue's own
    facts = [*facts_of(item)[1:], *own_facts_of(item)][:_FACTS]
    lines = [_PLAIN.escape(f"{fact.name}: {fact.value}") for fact in facts]
    parts = [*blocks_of(body.tree, _PLAIN), "\n".join(lines)]
    url = link_of(item.url)
    if url is not None:
        words = f"{item.type.value.replace('_', ' ').capitalize()} {item.key}"
        parts.append(_PLAIN.link(words if body.whole else f"Read on: {words}", url))
    return "\n\n".join(part for part in parts if part.strip())
