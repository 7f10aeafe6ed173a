"""Names: what a person can read, and turning them into identifiers."""

import re
import unicodedata
from typing import Final

_WORD: Final = re.compile(r"[a-z0-9]+")


#: letters and symbols that look like nothing
_BLANK: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
#: of a character that cannot be seen by itself: controls, formats, halves, what is not assigned, and blanks
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Cn", "Zs", "Zl", "Zp"})
#: of a character that breaks a line, or does worse to whatever shows it
_BREAKING: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


def flaw_of_name(name: str) -> str | None:
    """What is wrong with what people are to know a thing by, as a sentence; None: nothing."""
    kinds = {unicodedata.category(character) for character in name}
    if kinds & _BREAKING:
        return "Line breaks, tabs and other control characters are not allowed here"
    if kinds <= _UNSEEN or all(one in _BLANK or unicodedata.category(one) in _UNSEEN for one in name):
        return "This needs at least one visible character"
    return None


def words(name: str) -> list[str]:
    """The lower-case ASCII words of a name; accents are dropped (`Société Générale` → societe, generale)."""
    if not name.isascii():
        name = unicodedata.normalize("NFKD", name).replace("ß", "ss")
        name = "".join(character for character in name if not unicodedata.combining(character))
    return _WORD.findall(name.lower())


def identifier_from(name: str, fallback: str) -> str:
    """The human-readable identifier of a name: its words joined by `-`, or the fallback when it has none."""
    return "-".join(words(name)) or fallback
