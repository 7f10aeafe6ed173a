"""Counts that are shown to people, who need not know more than that there are many."""

from typing import Final

import msgspec

#: nothing is counted beyond this, so that a count costs the same however much there is
MOST: Final = 1000


class Count(msgspec.Struct, frozen=True):
    """How many there are; `more`: at least so many, and nobody counted on. As text: `7`, `1,000+`."""

    number: int
    more: bool = False

    def __str__(self) -> str:
        return f"{self.number:,}{'+' if self.more else ''}"

    def __bool__(self) -> bool:
        return self.number > 0


def capped(number: int) -> Count:
    """Of a number that was counted up to one more than MOST."""
    return Count(min(number, MOST), number > MOST)
