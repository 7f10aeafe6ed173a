"""One number, three spellings.

Every primary key is a number n of at most 63 bits made by the database:
(milliseconds since 2025-01-01T00:00:00Z) << 22 | (a sequence modulo 2^22). Each contract has a spelling of it:

==========  ==========================================================================================
decimal     the digits of n
hex         24 lower-case digits: `%08x` of the creation time in Unix seconds, then `%016x` of n
UUID        version 8 (RFC 9562): custom_a = n >> 15, custom_b = (n >> 3) & 0xfff, custom_c = (n & 7) << 59
==========  ==========================================================================================

A contract reads its own spelling, or any of them. Parsing recomputes the spelling and refuses whatever differs from
it, so that one integration has one address.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from jackfield.domain.errors import Invalid

EPOCH: Final = datetime(2025, 1, 1, tzinfo=UTC)
SEQUENCE_BITS: Final = 22
MAXIMUM: Final = (1 << 63) - 1
#: a bit that no id has
_PART: Final = 1 << 63

_EPOCH_MILLISECONDS: Final = int(EPOCH.timestamp() * 1000)
_DECIMAL: Final = re.compile(r"[0-9]{1,19}")
_HEX: Final = re.compile(r"[0-9a-f]{24}")
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class MalformedId(Invalid):
    """The text is not one of our ids in the spelling asked for."""

    code = "malformed-id"

    def __init__(self, text: str) -> None:
        super().__init__(f"Not an id: {text[:64]!r}")


def created_at(number: int) -> datetime:
    """The moment at which the database made this id, in UTC, to the millisecond."""
    return EPOCH + timedelta(milliseconds=number >> SEQUENCE_BITS)


def first_at(moment: datetime) -> int:
    """The smallest id that can be made at this moment: whatever is made later has a greater one."""
    milliseconds = (moment - EPOCH) // timedelta(milliseconds=1)
    return min(max(0, milliseconds) << SEQUENCE_BITS, MAXIMUM)


def to_decimal(number: int) -> str:
    return str(number)


def to_hex(number: int) -> str:
    seconds = (_EPOCH_MILLISECONDS + (number >> SEQUENCE_BITS)) // 1000
    return f"{seconds:08x}{number:016x}"


def to_hex_of_part(number: int) -> str:
    """The spelling of the one part of a thing that has no row of its own: like an id, and never one."""
    return to_hex(number)[:8] + f"{number | _PART:016x}"


def to_uuid(number: int) -> str:
    # of custom_c's 62 bits only the highest three are used, behind the variant 0b10: 0x8000 | bits << 11, and zeros
    return "%08x-%04x-8%03x-%04x-000000000000" % (  # noqa: UP031  half the time of the other ways, in every row of a list
        number >> 31,
        number >> 15 & 0xFFFF,
        number >> 3 & 0xFFF,
        0x8000 | (number & 7) << 11,
    )


def parse_decimal(text: str) -> int:
    """The number behind its decimal spelling; raises MalformedId for every other text."""
    if not _DECIMAL.fullmatch(text):
        raise MalformedId(text)
    return _accept(int(text), text, to_decimal(int(text)))


def parse_hex(text: str) -> int:
    """The number behind its 24-digit spelling; raises MalformedId for every other text."""
    if not _HEX.fullmatch(text):
        raise MalformedId(text)
    number = int(text[8:], 16)
    return _accept(number, text, to_hex(number))


def is_hex(text: str) -> bool:
    try:
        parse_hex(text)
    except MalformedId:
        return False
    return True


def parse_uuid(text: str) -> int:
    """The number behind its UUID spelling (lower case, with hyphens); raises MalformedId for every other text."""
    if not _UUID.fullmatch(text):
        raise MalformedId(text)
    digits = text.replace("-", "")
    number = int(digits[:12], 16) << 15 | int(digits[13:16], 16) << 3 | int(digits[16:], 16) >> 59 & 7
    return _accept(number, text, to_uuid(number))


_BY_LENGTH: Final = {36: parse_uuid, 24: parse_hex}


def parse_any(text: str) -> int:
    """The number behind any of the three spellings, in letters of either case; raises MalformedId for other text."""
    # no two spellings have the same length
    parse = _BY_LENGTH.get(len(text), parse_decimal)
    return parse(text.lower())


def _accept(number: int, text: str, spelling: str) -> int:
    if number > MAXIMUM or spelling != text:
        raise MalformedId(text)
    return number
