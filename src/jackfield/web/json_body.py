"""Reading a JSON body from a stranger: whatever it holds, the answer is a value or MalformedJson."""

import json
import re
from typing import Any, Final

import msgspec

from jackfield.domain.errors import Invalid

#: how deep objects and arrays may nest
DEPTH: Final = 64

_INTEGERS: Final = range(-(1 << 63), 1 << 64)
_BYTE: Final = re.compile(r"\(byte (\d+)\)")
_NUL: Final = b"\\u0000"
# maps every digit to 0 and everything else to a blank, so that one search finds any run of 19 digits
_DIGITS: Final = bytes(48 if 48 <= byte <= 57 else 32 for byte in range(256))
_LONG_NUMBER: Final = b"0" * 19
_decoder: Final = msgspec.json.Decoder()


class MalformedJson(Invalid):
    """The body is not JSON, or is JSON that no database or next reader could hold. `offset` is where, in characters."""

    code = "malformed-json"

    def __init__(self, reason: str, offset: int = 0) -> None:
        super().__init__(reason)
        self.offset = offset


def decode(body: bytes) -> Any:
    """The value of a JSON text.

    Raises MalformedJson for malformed text, U+0000 or a lone surrogate in a string, an integer of more than 64 bits, a
    number that no double holds, and nesting deeper than DEPTH.
    """
    try:
        value = _decoder.decode(body)
    except msgspec.ValidationError:
        raise MalformedJson("a number is out of range") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _explain(body, error) from None
    except RecursionError:
        raise MalformedJson(f"nested deeper than {DEPTH}") from None
    except ValueError:  # an integer with more digits than Python reads
        raise MalformedJson("a number is out of range") from None
    if _is_suspicious(body):
        _inspect(value, 1)
    return value


def _is_suspicious(body: bytes) -> bool:
    """Whether the value needs a closer look; almost none does, and the look costs more than the decoding."""
    return _NUL in body or body.count(b"{") + body.count(b"[") > DEPTH or _LONG_NUMBER in body.translate(_DIGITS)


def _inspect(value: Any, depth: int) -> None:
    if isinstance(value, str):
        if "\0" in value:
            raise MalformedJson("a string holds the character U+0000")
    elif isinstance(value, int):
        if value not in _INTEGERS:
            raise MalformedJson("a number is out of range")
    elif isinstance(value, dict | list):
        if depth > DEPTH:
            raise MalformedJson(f"nested deeper than {DEPTH}")
        for part in value:
            _inspect(part, depth + 1)
        if isinstance(value, dict):
            for part in value.values():
                _inspect(part, depth + 1)


def _explain(body: bytes, error: msgspec.DecodeError | UnicodeDecodeError) -> MalformedJson:
    """The standard library says in plain words what is wrong and where; what it lets pass, the decoder named."""
    try:
        text = body.decode()
    except UnicodeDecodeError as undecodable:
        return MalformedJson("not UTF-8", undecodable.start)
    try:
        json.loads(text)
    except json.JSONDecodeError as complaint:
        return MalformedJson(f"{complaint.msg}: line {complaint.lineno} column {complaint.colno}", complaint.pos)
    except (ValueError, RecursionError):
        return MalformedJson("a number is out of range, or it nests too deep")
    found = _BYTE.search(str(error))
    if found:
        return MalformedJson("Invalid character", len(body[: int(found[1])].decode(errors="ignore")))
    return MalformedJson("a string holds a lone surrogate")
