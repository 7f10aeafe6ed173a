"""Find a vendor's error in its table by the words that the vendor wrote, where it has no code for it."""

from collections.abc import Sequence
from typing import Final

from jackfield.domain.provider import KnownError

#: of what a vendor wrote, in characters: its errors are sentences
_LONGEST: Final = 5000


def named_in(errors: Sequence[KnownError], text: str) -> list[str]:
    """Return the names in the table that stand in the text, in the order of the table: the most precise comes first.

    Names of one word are codes and statuses, which a sentence may have by accident: those are compared as a whole.
    """
    words = text[:_LONGEST].casefold()
    return [error.name for error in errors if " " in error.name and error.name.casefold() in words]
