"""Turning names into identifiers."""

import re
import unicodedata
from typing import Final

_WORD: Final = re.compile(r"[a-z0-9]+")


def words(name: str) -> list[str]:
    """The lower-case ASCII words of a name; accents are dropped (`Société Générale` → societe, generale)."""
    if not name.isascii():
        name = unicodedata.normalize("NFKD", name).replace("ß", "ss")
        name = "".join(character for character in name if not unicodedata.combining(character))
    return _WORD.findall(name.lower())


def identifier_from(name: str, fallback: str) -> str:
    """The human-readable identifier of a name: its words joined by `-`, or the fallback when it has none."""
    return "-".join(words(name)) or fallback
