"""Everything that is wrong with something at once, each with where it is."""

from collections.abc import Sequence

import msgspec

from jackfield.domain.errors import Invalid


class Flaw(msgspec.Struct, frozen=True):
    """`path` leads from the outermost name to the innermost; `message` is for a person and repeats no secret."""

    path: tuple[str | int, ...]
    message: str

    def within(self, *path: str | int) -> "Flaw":
        """The same, seen from further outside."""
        return Flaw((*path, *self.path), self.message)


class Flawed(Invalid):
    """What was sent has flaws, each of them told."""

    code = "flawed"

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, flaw.path))}: {flaw.message}" for flaw in flaws))
        self.flaws = tuple(flaws)
