"""How each vendor says its errors on the wire: one module for each provider, by its slug.

A module has `said(known)`, which returns a Said for an entry of the manifest's table.
"""

import importlib
from dataclasses import dataclass, field

from jackfield.domain.provider import KnownError
from support.vendor import Answer


@dataclass
class Said:
    """The recorded case `case`, in which the exchange number `place` is answered by `answer`.

    `then` are the answers to what is asked after that, where anything is.
    """

    case: str
    answer: Answer
    place: int = 0
    then: list[Answer] = field(default_factory=list)


def said(slug: str, known: KnownError) -> Said:
    """How the vendor says the error. Raises ModuleNotFoundError for a provider that has no module here."""
    module = importlib.import_module(f"support.wire.{slug}")
    told: Said = module.said(known)
    return told
