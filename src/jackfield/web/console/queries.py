"""What the address of a page asks for: filters and where a page begins. What it says wrongly is not asked for."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode

from jackfield.domain import ids

Choice = TypeVar("Choice", bound=StrEnum)


def text(query: Mapping[str, str], name: str, limit: int = 200) -> str:
    """A text without surrounding blanks; nothing for one with characters that no database takes."""
    found = query.get(name, "").strip()[:limit]
    return "" if "\x00" in found else found


def choice(query: Mapping[str, str], name: str, kind: type[Choice]) -> Choice | None:
    found = query.get(name, "")
    return kind(found) if found in {one.value for one in kind} else None


def identity(query: Mapping[str, str], name: str) -> int | None:
    """An id as the console's addresses spell it."""
    try:
        return ids.parse_hex(query.get(name, ""))
    except ids.MalformedId:
        return None


def address(path: str, **wanted: str | None) -> str:
    """A page's address with what is asked for; what is None or empty is not in it."""
    query = urlencode({name: value for name, value in wanted.items() if value})
    return f"{path}?{query}" if query else path
