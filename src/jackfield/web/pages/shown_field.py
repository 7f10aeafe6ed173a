"""A field as it is on a page."""

from collections.abc import Sequence

import msgspec

from jackfield.domain.schema_fields import Field


class ShownField(msgspec.Struct, frozen=True):
    """`id` is its control's, `values` what that has, and `flaws` what is wrong with that.

    `again`: it was sent, and is not shown again.
    """

    field: Field
    id: str
    values: Sequence[str]
    flaws: Sequence[str]
    again: bool
