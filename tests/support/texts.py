"""Texts that we did not write: READMEs and changelogs of whatever is installed for development, in many scripts."""

import functools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_TESTS: Final = Path(__file__).parent.parent
#: as many characters as an item's body may have
LONGEST: Final = 65_536
_MOST: Final = 300


@functools.cache
def real_texts() -> dict[str, str]:
    """Name and text of a few hundred, the same ones each time; what is in there twice is taken once."""
    found: dict[str, str] = {}
    seen: set[str] = set()
    for path in sorted(_paths(), key=lambda path: (path.name, str(path))):
        text = path.read_text(encoding="utf-8", errors="replace")[:LONGEST]
        if text.strip() and text not in seen:
            seen.add(text)
            found[str(path)] = text
        if len(found) == _MOST:
            break
    return found


def _paths() -> Iterator[Path]:
    places = [*_TESTS.glob("*/node_modules"), *(Path(place) for place in sys.path if place.endswith("site-packages"))]
    for place in places:
        for pattern in ("**/*.md", "**/*.markdown", "*.dist-info/METADATA"):
            yield from place.glob(pattern)
