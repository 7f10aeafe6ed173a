"""What a form asks for, made from a JSON Schema.

What a schema says of a value decides how it is asked for: texts, numbers, choices, checkboxes, groups of them, and
lists of any of these. What no such field can hold (free lists, alternatives) is asked for as JSON. A schema comes from
a stranger: how many fields and options there can be has a limit, and a form beyond it is one field of JSON.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec

from jackfield.domain.app_schema import Document

MOST_FIELDS: Final = 200
MOST_OPTIONS: Final = 2_000
_DEPTH: Final = 6
#: rows that a list has at most, and those that it has before anybody filled it in
MOST_ROWS: Final = 100
_FIRST_ROWS: Final = 10
#: a text that may be longer gets several lines
_ONE_LINE: Final = 300
#: what makes a schema say something that a field of its type does not show
_ALTERNATIVES: Final = ("oneOf", "anyOf", "allOf", "not", "if")
#: what tells the type of a value where `type` does not
_TELLING: Final = {
    "properties": "object",
    "items": "array",
    "prefixItems": "array",
    "pattern": "string",
    "format": "string",
    "minLength": "string",
    "maxLength": "string",
    "minimum": "number",
    "maximum": "number",
    "multipleOf": "number",
}

#: formats of texts: what people call such a text, and an example of one
FORMATS: Final[Mapping[str, tuple[str, str]]] = {
    "date": ("a date", "2026-12-31"),
    "time": ("a time with its offset from UTC", "18:30:00Z"),
    "date-time": ("a date and time with its offset from UTC", "2026-12-31T18:30:00Z"),
    "duration": ("a duration", "P3D or PT2H"),
    "uri": ("a URL", "https://example.com"),
    "url": ("a URL", "https://example.com"),
    "iri": ("a URL", "https://example.com"),
    "uri-reference": ("a URL or a part of one", "/settings"),
    "email": ("an e-mail address", "name@example.com"),
    "idn-email": ("an e-mail address", "name@example.com"),
    "hostname": ("a host name", "app.example.com"),
    "idn-hostname": ("a host name", "app.example.com"),
    "ipv4": ("an IPv4 address", "192.0.2.10"),
    "ipv6": ("an IPv6 address", "2001:db8::10"),
    "uuid": ("a UUID", "123e4567-e89b-12d3-a456-426614174000"),
    "regex": ("a regular expression", "^[a-z]+$"),
}

#: of what cannot be followed, nothing is known
_UNKNOWN: Final[Mapping[str, Any]] = {"anyOf": ()}

Path = tuple[str, ...]


class Widget(StrEnum):
    TEXT = "text"
    LINES = "lines"
    PASSWORD = "password"
    URL = "url"
    EMAIL = "email"
    NUMBER = "number"
    INTEGER = "integer"
    DATE = "date"
    CHECKBOX = "checkbox"
    SELECT = "select"
    CHOICES = "choices"
    GROUP = "group"
    LIST = "list"
    JSON = "json"


class Option(msgspec.Struct, frozen=True):
    """`sent` is the value as JSON, which is what the browser sends."""

    sent: str
    label: str
    value: Any


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is asked for. `name` is the control's, and `path` where its value is in the whole.

    `initial` is what it has before anybody filled it in, as a browser would send it. `secret`: what was filled in is
    never shown again. `fields` are those of a group, or the rows of a list.

    `row` is what every row of a list asks for, `first_rows` the values that its rows have at first, and `number` says
    which row of its list a field is, from 1 on. `format` is that of the text, where there is one. `agreement`: only a
    tick is an answer.
    """

    name: str
    path: Path
    widget: Widget
    title: str
    description: str = ""
    hint: str = ""
    required: bool = False
    secret: bool = False
    initial: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    fields: tuple["Field", ...] = ()
    row: "Field | None" = None
    first_rows: tuple[Any, ...] = ()
    number: int = 0
    format: str = ""
    agreement: bool = False


class _TooMuch(Exception):
    """The schema has more fields than a page."""


def fields_of(schema: Mapping[str, Any]) -> tuple[Field, ...]:
    """The fields of a form of this schema, in the order of the page."""
    builder = _Builder(schema)
    root = builder.settled(schema)
    try:
        fields = builder.fields(root, (), 0)
    except _TooMuch:
        fields = ()
        root = {**root, **_UNKNOWN}
    if fields or not any(name in root for name in (*_ALTERNATIVES, "patternProperties", "minProperties")):
        return fields
    return (builder.json_field("", (), "Configuration", root, required=True),)


class _Builder:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._document = Document(root)
        self._fields = 0
        self._options = 0

    def fields(self, schema: Mapping[str, Any], path: Path, depth: int) -> tuple[Field, ...]:
        """The fields of an object's properties. Raises _TooMuch."""
        declared = schema.get("properties")
        properties: Mapping[str, Any] = declared if isinstance(declared, Mapping) else {}
        needed = schema.get("required")
        required = {name for name in needed if isinstance(name, str)} if isinstance(needed, list) else set()
        # one that is needed and not declared may have any value
        names = [*properties, *sorted(required - properties.keys())]
        found = (self._field(properties.get(name, {}), (*path, name), name in required, depth) for name in names)
        return tuple(field for field in found if field is not None)

    def settled(self, schema: Any) -> Mapping[str, Any]:
        """The schema with what it refers to, and without the alternative of being nothing."""
        for _ in range(2 * _DEPTH):
            if not isinstance(schema, Mapping):
                return {}
            reference, only = schema.get("$ref"), _only_alternative(schema)
            if isinstance(reference, str):
                target = self._document.target(reference)
                beside = {name: value for name, value in schema.items() if name != "$ref"}
                schema = {**(target if isinstance(target, Mapping) else _UNKNOWN), **beside}
            elif only is not None:
                schema = {**only, **_without_alternatives(schema)}
            else:
                return schema
        return _UNKNOWN

    def json_field(self, name: str, path: Path, title: str, schema: Mapping[str, Any], *, required: bool) -> Field:
        default, secret = schema.get("default"), self._has_password(schema)
        return Field(
            name=name or "/",
            path=path,
            widget=Widget.JSON,
            title=title,
            description=_text(schema, "description"),
            hint="Written as JSON." + (" Hidden as you type, because there can be a secret in it." if secret else ""),
            required=required,
            secret=secret,
            initial=() if default is None or secret else (json.dumps(default, indent=2, ensure_ascii=False),),
        )

    def _field(self, schema: Any, path: Path, required: bool, depth: int) -> Field | None:
        if schema is False:
            return None  # nothing is allowed here
        self._fields += 1
        if self._fields > MOST_FIELDS:
            raise _TooMuch
        settled = self.settled(schema)
        title = _text(settled, "title") or path[-1]
        name = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)
        if depth >= _DEPTH:
            return self.json_field(name, path, title, settled, required=required)
        widget, options = self._widget(settled)
        if widget is Widget.LIST:
            return self._list(settled, name, path, title, required, depth)
        if widget is Widget.JSON:
            return self.json_field(name, path, title, settled, required=required)
        return Field(
            name=name,
            path=path,
            widget=widget,
            title=title,
            description=_text(settled, "description"),
            hint=_hint(settled, widget),
            required=required,
            secret=widget is Widget.PASSWORD,
            initial=_initial(settled, widget, options),
            options=options,
            format=_format(settled),
            agreement=widget is Widget.CHECKBOX and _only_true(settled),
            fields=self.fields(settled, path, depth + 1) if widget is Widget.GROUP else (),
        )

    def _list(self, schema: Mapping[str, Any], name: str, path: Path, title: str, required: bool, depth: int) -> Field:
        """A field of rows, or one of JSON where a row could be anything. Raises _TooMuch."""
        items = self.settled(schema.get("items"))
        row = self._field(items, (*path, "-"), required=False, depth=depth + 1) if _says_something(items) else None
        if row is None or row.widget is Widget.JSON:
            return self.json_field(name, path, title, schema, required=required)
        return Field(
            name=name,
            path=path,
            widget=Widget.LIST,
            title=title,
            description=_text(schema, "description"),
            hint=_hint(schema, Widget.LIST),
            required=required,
            secret=self._has_password(schema),
            row=row if _text(items, "title") else msgspec.structs.replace(row, title=title),
            first_rows=_first_rows(schema, row),
        )

    def _widget(self, schema: Mapping[str, Any]) -> tuple[Widget, tuple[Option, ...]]:
        kind = _type(schema)
        options = self._limited(_options(schema))
        widget = Widget.JSON
        if options:
            widget = Widget.CHECKBOX if _is_tick(schema) else Widget.SELECT
        elif kind == "array":
            offered = _options(self.settled(schema.get("items")))
            options = self._limited(offered)
            # too many to show, or not the same for each place in the list
            free = offered or any(keyword in schema for keyword in ("prefixItems", "contains"))
            widget = Widget.CHOICES if options else Widget.JSON if free else Widget.LIST
        elif kind == "object":
            # one without properties can have any, and nobody knows which
            known = schema.get("properties") or schema.get("required")
            widget = Widget.GROUP if known else Widget.JSON
        elif kind == "string":
            widget = _widget_of_text(schema)
        elif kind in {"number", "integer", "boolean"}:
            widget = {"number": Widget.NUMBER, "integer": Widget.INTEGER, "boolean": Widget.CHECKBOX}[kind]
        return widget, options

    def _limited(self, options: tuple[Option, ...]) -> tuple[Option, ...]:
        """None when there are more than a page can hold; then the value has to be written."""
        if self._options + len(options) > MOST_OPTIONS:
            return ()
        self._options += len(options)
        return options

    def _has_password(self, schema: Mapping[str, Any]) -> bool:
        """Whether there may be a secret in a value of the schema."""
        written = msgspec.json.encode(schema)
        if b'"$ref"' in written:
            written = msgspec.json.encode(self._document.root)
        return b'"format":"password"' in written


def _only_alternative(schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """`anyOf: [X, {"type": "null"}]` asks for X, or nothing."""
    for keyword in ("anyOf", "oneOf", "allOf"):
        parts = schema.get(keyword)
        if isinstance(parts, list) and len(parts) <= 2:
            something = [one for one in parts if not (isinstance(one, Mapping) and one.get("type") == "null")]
            if len(something) == 1 and isinstance(something[0], Mapping):
                return something[0]
    return None


def _without_alternatives(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name not in {"anyOf", "oneOf", "allOf"}}


def _type(schema: Mapping[str, Any]) -> str:
    """The one type that a field asks for; `any` when none can."""
    kinds = schema.get("type")
    if isinstance(kinds, list):
        named = [one for one in kinds if one != "null"]
        kinds = "string" if "string" in named else named[0] if len(named) == 1 else "any"
    if isinstance(kinds, str):
        return kinds
    told = next((kind for keyword, kind in _TELLING.items() if keyword in schema), None)
    if told is not None:
        return told
    return "any" if any(keyword in schema for keyword in _ALTERNATIVES) else "string"


def _only_true(schema: Mapping[str, Any]) -> bool:
    """Whether `true` is the one value that there can be: something to agree to."""
    return schema.get("const") is True or schema.get("enum") == [True]


def _is_tick(schema: Mapping[str, Any]) -> bool:
    """Whether the choices are yes and no, or yes alone, so that a box to tick says it all."""
    values = schema.get("enum")
    both = isinstance(values, list) and len(values) == 2 and all(isinstance(one, bool) for one in values)
    return _only_true(schema) or ("const" not in schema and both)


def _says_something(schema: Mapping[str, Any]) -> bool:
    """Whether a schema tells what a value of it is; of the empty one, any value is."""
    telling = ("type", "enum", "const", *_TELLING, *_ALTERNATIVES)
    return any(keyword in schema for keyword in telling)


def _first_rows(schema: Mapping[str, Any], row: Field) -> tuple[Any, ...]:
    """The default, or as many empty rows as there have to be, and one to begin with. Of secrets there is no default."""
    default = schema.get("default")
    if isinstance(default, list):
        return tuple(default[:MOST_ROWS])
    least = schema.get("minItems")
    # a row that is a box to tick is never empty
    needed = min(int(least), _FIRST_ROWS) if isinstance(least, int | float) else 0
    return (None,) * max(needed, 0 if row.widget is Widget.CHECKBOX else 1)


def preset(field: Field, value: Any) -> Field:
    """The field with a value before anybody filled it in; None: as it is."""
    if value is None:
        return field
    if field.widget is Widget.GROUP:
        inside = value if isinstance(value, dict) else {}
        fields = tuple(preset(one, inside.get(one.path[-1])) for one in field.fields)
        return msgspec.structs.replace(field, fields=fields)
    if field.widget is Widget.LIST:
        rows = tuple(value[:MOST_ROWS]) if isinstance(value, list) else ()
        return msgspec.structs.replace(field, first_rows=rows)
    if field.secret:
        return field
    return msgspec.structs.replace(field, initial=_initial({"default": value}, field.widget, field.options))


def row_of(field: Field, index: int, number: int) -> Field:
    """A row of a list: its controls are called by the index, and people call it by the number."""
    if field.row is None:
        raise ValueError(f"{field.name} has no rows")
    renamed = _renamed(field.row, field.row.name, f"{field.name}/{index}")
    return msgspec.structs.replace(renamed, number=number)


def _renamed(field: Field, before: str, after: str) -> Field:
    return msgspec.structs.replace(
        field,
        name=after + field.name.removeprefix(before),
        fields=tuple(_renamed(one, before, after) for one in field.fields),
        row=None if field.row is None else _renamed(field.row, before, after),
    )


def _format(schema: Mapping[str, Any]) -> str:
    value = schema.get("format")
    return value if isinstance(value, str) and value in FORMATS else ""


def _widget_of_text(schema: Mapping[str, Any]) -> Widget:
    match schema.get("format"):
        case "password":
            return Widget.PASSWORD
        case "uri" | "url" | "iri":
            return Widget.URL
        case "email" | "idn-email":
            return Widget.EMAIL
        case "date":
            return Widget.DATE
    longest, default = schema.get("maxLength"), schema.get("default")
    is_long = isinstance(longest, int | float) and longest > _ONE_LINE
    return Widget.LINES if is_long or (isinstance(default, str) and "\n" in default) else Widget.TEXT


def _options(schema: Mapping[str, Any]) -> tuple[Option, ...]:
    """What can be chosen from: `enum`, `const`, or alternatives that are each one value with a title."""
    if "const" in schema:
        return (_option(schema["const"]),)
    values = schema.get("enum")
    if isinstance(values, list):
        return tuple(_option(value) for value in values if value is not None)
    for keyword in ("oneOf", "anyOf"):
        parts = schema.get(keyword)
        if isinstance(parts, list) and parts and all(isinstance(one, Mapping) and "const" in one for one in parts):
            return tuple(_option(one["const"], _text(one, "title")) for one in parts)
    return ()


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _option(value: Any, label: str = "") -> Option:
    written = _written(value)
    return Option(written, label or (value if isinstance(value, str) and value.strip() else written), value)


def _hint(schema: Mapping[str, Any], widget: Widget) -> str:
    """What can be told in words of what the value has to be."""
    low, high = schema.get("minimum"), schema.get("maximum")
    parts = []
    if widget in {Widget.NUMBER, Widget.INTEGER}:
        parts.append("A whole number" if widget is Widget.INTEGER else "A number")
        parts += [f"from {low}"] if _is_number(low) else []
        parts += [f"to {high}" if _is_number(low) else f"up to {high}"] if _is_number(high) else []
        return " ".join(parts) + "."
    if widget is Widget.LIST:
        least, most = schema.get("minItems", 0), schema.get("maxItems")
        parts += [f"at least {least}"] if _is_number(least) and least > 1 else []
        parts += [f"at most {most}"] if _is_number(most) else []
    if widget in {Widget.TEXT, Widget.DATE} and _format(schema):
        noun, example = FORMATS[_format(schema)]
        parts.append(f"{noun}, such as {example}")
    if widget in {Widget.TEXT, Widget.LINES, Widget.PASSWORD}:
        least, most = schema.get("minLength", 0), schema.get("maxLength")
        parts += [f"at least {least} characters"] if _is_number(least) and least > 1 else []
        parts += [f"at most {most} characters"] if _is_number(most) else []
        pattern = schema.get("pattern")
        parts += [f"matching {pattern}"] if isinstance(pattern, str) and len(pattern) <= 100 else []
    sentence = ", ".join(parts)
    return f"{sentence[0].upper()}{sentence[1:]}." if sentence else ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _initial(schema: Mapping[str, Any], widget: Widget, options: tuple[Option, ...]) -> tuple[str, ...]:
    """The default, as a browser sends it. Of a secret there is none: a page is no place for it."""
    if "default" not in schema or widget in {Widget.PASSWORD, Widget.GROUP}:
        return ()
    default = schema["default"]
    if widget is Widget.CHOICES:
        chosen = {_written(one) for one in default} if isinstance(default, list) else set()
        return tuple(option.sent for option in options if option.sent in chosen)
    if widget is Widget.SELECT:
        return tuple(option.sent for option in options if option.sent == _written(default))[:1]
    if widget is Widget.CHECKBOX:
        return ("true",) if default is True else ()
    if isinstance(default, str):
        return (default,)
    return (json.dumps(default),) if _is_number(default) else ()


def _text(schema: Mapping[str, Any], name: str) -> str:
    value = schema.get(name)
    return value.strip() if isinstance(value, str) else ""
