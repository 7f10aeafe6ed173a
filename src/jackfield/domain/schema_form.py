"""A form made from a JSON Schema: what people filled in is made into a value again, and judged by the schema."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from jackfield.domain.app_schema import flaws_of_configuration
from jackfield.domain.flaws import Flaw
from jackfield.domain.schema_fields import FORMATS, MOST_ROWS, Field, Widget, fields_of, preset, row_of

#: of what is written as JSON
_JSON_DEPTH: Final = 32
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,19}")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?")
_64_BITS: Final = range(-(1 << 63), 1 << 63)

#: what a browser sends: for each control, the values it has
Sent = Mapping[str, Sequence[str]]


#: fields that a page has at most, counting those of every row
MOST_SHOWN: Final = 1_000
#: controls of a form that are no field of it: the rows that lists have, and the buttons that add and remove one
_ROWS: Final = "rows:"
ADD_ROW: Final = "add_row"
REMOVE_ROW: Final = "remove_row"
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,3}")

Path = tuple[str, ...]


class Reading(msgspec.Struct, frozen=True):
    """What was filled in. `value` is good when there are no flaws.

    `flaws` are by the name of the field they stand at; those of the form as a whole stand under the empty name.
    `places` are the fields by where their values are in the whole.
    """

    value: dict[str, Any]
    flaws: Mapping[str, Sequence[str]]
    places: Mapping[Path, Field]


class SchemaForm:
    """The form of a schema; None: a form that asks for nothing."""

    def __init__(self, schema: Mapping[str, Any] | None) -> None:
        self._schema = schema
        self.fields = fields_of(schema) if schema is not None else ()

    @property
    def title(self) -> str:
        """What the schema calls the whole."""
        return self._said("title")

    @property
    def description(self) -> str:
        return self._said("description")

    def all_fields(self, sent: Sent | None = None) -> Iterator[Field]:
        """Those inside groups and rows, too, in the order of the page; as `filled`."""
        return walk(self.filled(sent))

    def filled(self, sent: Sent | None) -> tuple[Field, ...]:
        """The fields with the rows that their lists have: those that were sent, or at first (None)."""
        rows = _Rows(sent)
        return tuple(rows.of(field) for field in self.fields)

    def read(self, sent: Sent) -> Reading:
        """The value that the browser's controls mean, judged by the schema."""
        rows, reader = _Rows(sent), _Reader(sent)
        value: dict[str, Any] = {}
        for field in [rows.of(field) for field in self.fields]:
            found = reader.read(field, field.path)
            if field.path == () and isinstance(found, dict):
                value = found  # the whole form is one field
            elif field.path != () and found is not msgspec.UNSET:
                value[field.path[-1]] = found
        complaints = reader.complaints
        for name in rows.too_many:
            complaints.setdefault(name, []).append("There are too many rows")
        flaws = self._placed(flaws_of_configuration(self._schema, value), complaints, reader.places)
        return Reading(value, flaws, reader.places)

    def placed(self, flaws: Sequence[Flaw], places: Mapping[Path, Field] | None = None) -> Mapping[str, Sequence[str]]:
        """Flaws of a value of this form, by the field that each is about; `places` are those of its reading."""
        known = {field.path: field for field in self.all_fields()} if places is None else places
        return self._placed(flaws, {}, known)

    def _placed(
        self, flaws: Sequence[Flaw], complaints: dict[str, list[str]], places: Mapping[Path, Field]
    ) -> Mapping[str, Sequence[str]]:
        unreadable = set(complaints)
        for flaw in flaws:
            path = tuple(map(str, flaw.path))
            nearest = next((places[path[:end]] for end in range(len(path), -1, -1) if path[:end] in places), None)
            depth = next((end for end in range(len(path), -1, -1) if path[:end] in places), 0)
            name = nearest.name if nearest else ""
            # of what could not even be read, that is said alone
            if name in unreadable:
                continue
            inside = ".".join(path[depth:])
            message = _in_words(nearest, flaw) if not inside else f"{inside}: {flaw.message}"
            complaints.setdefault(name, []).append(message)
        return complaints

    def _said(self, keyword: str) -> str:
        value = (self._schema or {}).get(keyword)
        return value.strip() if isinstance(value, str) else ""


def with_changed_rows(sent: Sent, add: str, remove: str) -> Sent:
    """What was sent, with one more row in the list of this name, or without the row of that name."""
    changed = dict(sent)
    if add:
        before = [int(one) for one in sent.get(_ROWS + add, ()) if _INDEX.fullmatch(one)]
        changed[_ROWS + add] = [*map(str, before), str(max(before, default=-1) + 1)]
    if remove:
        listed, _, index = remove.rpartition("/")
        changed[_ROWS + listed] = [one for one in sent.get(_ROWS + listed, ()) if one != index]
    return changed


def walk(fields: Sequence[Field]) -> Iterator[Field]:
    """The fields with those inside groups and rows, in the order of the page."""
    for field in fields:
        yield field
        yield from walk(field.fields)


class _Rows:
    """Makes the rows of lists, as many as a page can hold; `sent` None: those at first."""

    def __init__(self, sent: Sent | None) -> None:
        self._sent = sent
        self._left = MOST_SHOWN
        #: names of lists that had more
        self.too_many: list[str] = []

    def of(self, field: Field) -> Field:
        self._left -= 1
        if field.widget is Widget.GROUP:
            return msgspec.structs.replace(field, fields=tuple(self.of(one) for one in field.fields))
        if field.widget is not Widget.LIST or field.row is None:
            return field
        size = sum(1 for _ in walk((field.row,)))
        rows: list[Field] = []
        for index, value in self._indices(field):
            if len(rows) == MOST_ROWS or self._left < size:
                self.too_many.append(field.name)
                break
            rows.append(self.of(preset(row_of(field, index, len(rows) + 1), value)))
        return msgspec.structs.replace(field, fields=tuple(rows))

    def _indices(self, field: Field) -> Iterator[tuple[int, Any]]:
        """The index of each row, with the value that it has before anybody filled it in."""
        if self._sent is None:
            yield from enumerate(field.first_rows)
            return
        for text in dict.fromkeys(self._sent.get(_ROWS + field.name, ())):
            if _INDEX.fullmatch(text):
                yield int(text), None


def _in_words(field: Field | None, flaw: Flaw) -> str:
    """What the validator says is for developers; of these, people want to know what to write."""
    if field is not None and field.format and flaw.message.startswith("The value is not a "):
        noun, example = FORMATS[field.format]
        return f"This isn't {noun}. Example: {example}"
    if field is not None and field.agreement and flaw.message == "This is required":
        return "Tick this box to go on"
    return flaw.message.replace("The value", "This", 1) if flaw.message.startswith("The value ") else flaw.message


class _Reader:
    """Reads fields that have their rows. `complaints` are by the field's name."""

    def __init__(self, sent: Sent) -> None:
        self._sent = sent
        self.complaints: dict[str, list[str]] = {}
        self.places: dict[Path, Field] = {}

    def read(self, field: Field, path: Path) -> Any:
        """The value of one field, which stands at the path in the whole; UNSET: nothing was filled in."""
        self.places[path] = field
        if field.widget is Widget.GROUP:
            return self._read_group(field, path)
        if field.widget is Widget.LIST:
            return self._read_list(field, path)
        return self._read_control(field, self._sent.get(field.name, ()))

    def _read_control(self, field: Field, given: Sequence[str]) -> Any:
        if field.widget is Widget.CHECKBOX:
            ticked = "true" in given
            return msgspec.UNSET if field.agreement and not ticked else ticked
        if field.widget is Widget.CHOICES:
            chosen = [option.value for option in field.options if option.sent in given]
            return chosen if chosen or field.required else msgspec.UNSET
        text = given[0] if given else ""
        if text.strip():
            try:
                return _read_text(field, text)
            except ValueError as error:
                self.complaints.setdefault(field.name, []).append(str(error))
        return msgspec.UNSET

    def _read_group(self, field: Field, path: Path) -> Any:
        before = len(self.complaints)
        found = {part.path[-1]: self.read(part, (*path, part.path[-1])) for part in field.fields}
        value = {name: one for name, one in found.items() if one is not msgspec.UNSET}
        # a checkbox that is not ticked is no sign that somebody filled the group in
        touched = len(self.complaints) > before or any(
            one is not False and one not in ({}, []) for one in value.values()
        )
        return value if field.required or touched else msgspec.UNSET

    def _read_list(self, field: Field, path: Path) -> Any:
        """Rows that nobody filled in are not there, so that those behind them move up."""
        values: list[Any] = []
        before = len(self.complaints)
        for row in field.fields:
            value = self.read(row, (*path, str(len(values))))
            if value is not msgspec.UNSET:
                values.append(value)
        touched = values or len(self.complaints) > before
        return values if field.required or touched else msgspec.UNSET


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
        case Widget.URL | Widget.EMAIL | Widget.DATE:
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
