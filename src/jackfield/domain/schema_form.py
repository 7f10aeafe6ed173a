"""A form made from a JSON Schema: what people filled in is made into a value again, and judged by the schema."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from jackfield.domain.app_schema import flaws_of_configuration
from jackfield.domain.flaws import Flaw
from jackfield.domain.schema_fields import Field, Widget, fields_of

#: of what is written as JSON
_JSON_DEPTH: Final = 32
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,19}")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?")
_64_BITS: Final = range(-(1 << 63), 1 << 63)

#: what a browser sends: for each control, the values it has
Sent = Mapping[str, Sequence[str]]


class Reading(msgspec.Struct, frozen=True):
    """What was filled in. `value` is good when there are no flaws.

    `flaws` are by the name of the field they stand at; those of the form as a whole stand under the empty name.
    """

    value: dict[str, Any]
    flaws: Mapping[str, Sequence[str]]


class SchemaForm:
    """The form of a schema; None: a form that asks for nothing."""

    def __init__(self, schema: Mapping[str, Any] | None) -> None:
        self._schema = schema
        self.fields = fields_of(schema) if schema is not None else ()

    def all_fields(self) -> Iterator[Field]:
        """Those inside groups, too, in the order of the page."""
        return _walk(self.fields)

    def read(self, sent: Sent) -> Reading:
        """The value that the browser's controls mean, judged by the schema."""
        complaints: dict[str, list[str]] = {}
        value: dict[str, Any] = {}
        for field in self.fields:
            found = _read(field, sent, complaints)
            if field.path == () and isinstance(found, dict):
                value = found  # the whole form is one field
            elif field.path != () and found is not msgspec.UNSET:
                value[field.path[-1]] = found
        return Reading(value, self._placed(flaws_of_configuration(self._schema, value), complaints))

    def placed(self, flaws: Sequence[Flaw]) -> Mapping[str, Sequence[str]]:
        """Flaws of a value of this form, by the field that each is about."""
        return self._placed(flaws, {})

    def _placed(self, flaws: Sequence[Flaw], complaints: dict[str, list[str]]) -> Mapping[str, Sequence[str]]:
        by_path = {field.path: field for field in self.all_fields()}
        unreadable = set(complaints)
        for flaw in flaws:
            path = tuple(map(str, flaw.path))
            nearest = next((by_path[path[:end]] for end in range(len(path), -1, -1) if path[:end] in by_path), None)
            name = nearest.name if nearest else ""
            # of what could not even be read, that is said alone
            if name in unreadable:
                continue
            inside = ".".join(path[len(nearest.path) :]) if nearest else ".".join(path)
            message = _in_words(nearest, flaw) if not inside else f"{inside}: {flaw.message}"
            complaints.setdefault(name, []).append(message)
        return complaints


def _in_words(field: Field | None, flaw: Flaw) -> str:
    """What the validator says is for developers; of these, people want to know what to write."""
    words = {
        Widget.URL: "This has to be an address, such as https://example.com",
        Widget.EMAIL: "This has to be an e-mail address, such as name@example.com",
    }
    if field is not None and field.widget in words and flaw.message.startswith("The value is not a "):
        return words[field.widget]
    return flaw.message.replace("The value", "This", 1) if flaw.message.startswith("The value ") else flaw.message


def _walk(fields: Sequence[Field]) -> Iterator[Field]:
    for field in fields:
        yield field
        yield from _walk(field.fields)


def _read(field: Field, sent: Sent, complaints: dict[str, list[str]]) -> Any:
    """The value of one field; UNSET: nothing was filled in."""
    if field.widget is Widget.GROUP:
        return _read_group(field, sent, complaints)
    given = sent.get(field.name, ())
    if field.widget is Widget.CHECKBOX:
        return "true" in given
    if field.widget is Widget.CHOICES:
        chosen = [option.value for option in field.options if option.sent in given]
        return chosen if chosen or field.required else msgspec.UNSET
    text = given[0] if given else ""
    if not text.strip():
        return msgspec.UNSET
    try:
        return _read_text(field, text)
    except ValueError as error:
        complaints.setdefault(field.name, []).append(str(error))
        return msgspec.UNSET


def _read_group(field: Field, sent: Sent, complaints: dict[str, list[str]]) -> Any:
    inside: dict[str, list[str]] = {}
    found = {part.path[-1]: _read(part, sent, inside) for part in field.fields}
    complaints.update(inside)
    value = {name: one for name, one in found.items() if one is not msgspec.UNSET}
    # a checkbox that is not ticked is no sign that somebody filled the group in
    touched = inside or any(one is not False and one != {} for one in value.values())
    return value if field.required or touched else msgspec.UNSET


def _read_text(field: Field, text: str) -> Any:
    """Raises ValueError with what is wrong, in words for who filled it in."""
    if "\0" in text:
        raise ValueError("This has a character in it that cannot be stored")
    match field.widget:
        case Widget.SELECT:
            chosen = [option.value for option in field.options if option.sent == text]
            if not chosen:
                raise ValueError("This is none of the choices")
            return chosen[0]
        case Widget.INTEGER:
            return _read_integer(text.strip())
        case Widget.NUMBER:
            return _read_number(text.strip())
        case Widget.URL | Widget.EMAIL:
            return text.strip()
        case Widget.JSON:
            return _read_json(field, text)
        case _:
            return text.replace("\r\n", "\n")


def _read_integer(text: str) -> int:
    if not _INTEGER.fullmatch(text) or int(text) not in _64_BITS:
        raise ValueError("This has to be a whole number, such as 12")
    return int(text)


def _read_number(text: str) -> int | float:
    if _INTEGER.fullmatch(text) and int(text) in _64_BITS:
        return int(text)
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise ValueError("This has to be a number, such as 12 or 0.5")
    return float(text)


def _read_json(field: Field, text: str) -> Any:
    try:
        value = msgspec.json.decode(text)
        # what can be written and not be stored: half a character, U+0000, endless depth, a number of any length
        written = msgspec.json.encode(value)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        raise ValueError("This is not JSON, or not such as can be stored") from None
    if b"\\u0000" in written or _nests_deeper(value, _JSON_DEPTH):
        raise ValueError("This is not JSON such as can be stored")
    if field.path == () and not isinstance(value, dict):
        raise ValueError('This has to be a JSON object, such as {"name": "value"}')
    return value


def _nests_deeper(value: Any, depth: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    parts = value.values() if isinstance(value, dict) else value
    return depth == 0 or any(_nests_deeper(part, depth - 1) for part in parts)
