"""Members of a body that a client wrote but did not mean."""

from typing import TypeVar

from msgspec import UNSET, UnsetType

Value = TypeVar("Value")


def sent(value: Value | None | UnsetType) -> Value | UnsetType:
    """The value, or UNSET for null.

    Clients with typed models write null for every member that their program did not set, so where a contract says so,
    null as a whole member means that it was not sent.
    """
    return UNSET if value is None else value
