"""A field as it is on a page."""

from collections.abc import Sequence

import msgspec

from jackfield.domain.schema_fields import Field
from jackfield.domain.schema_form import Sent


class ShownField(msgspec.Struct, frozen=True):
    """`id` is its control's, `values` what that has, and `flaws` what is wrong with that.

    `again`: it was sent, and is not shown again.
    """

    field: Field
    id: str
    values: Sequence[str]
    flaws: Sequence[str]
    again: bool

    @classmethod
    def of(cls, field: Field, control: str, sent: Sent | None, flaws: Sequence[str]) -> "ShownField":
        """With what was sent, where something was: but for a secret, which has to be filled in anew."""
        if sent is None:
            return cls(field, control, field.initial, flaws, again=False)
        there = sent.get(field.name, ())
        return cls(field, control, () if field.secret else there, flaws, again=field.secret and any(there))
