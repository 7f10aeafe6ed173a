"""What a form asks for, made from a JSON Schema.

What a schema says of a value decides how it is asked for: texts, numbers, choices, checkboxes, groups of them. What no
such field can hold (free lists, alternatives) is asked for as JSON. A schema comes from a stranger: how many fields and
options there can be has a limit, and a form beyond it is one field of JSON.
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
    CHECKBOX = "checkbox"
    SELECT = "select"
    CHOICES = "choices"
    GROUP = "group"
    JSON = "json"


class Option(msgspec.Struct, frozen=True):
    """`sent` is the value as JSON, which is what the browser sends."""

    sent: str
    label: str
    value: Any


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is asked for. `name` is the control's, and `path` where its value is in the whole.

    `initial` is what it has before anybody filled it in, as a browser would send it. `secret`: what was filled in is
    never shown again. `fields` are those of a group.
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
        default = schema.get("default")
        return Field(
            name=name or "/",
            path=path,
            widget=Widget.JSON,
            title=title,
            description=_text(schema, "description"),
            hint="Written as JSON.",
            required=required,
            secret=self._has_password(schema),
            initial=() if default is None else (json.dumps(default, indent=2, ensure_ascii=False),),
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
            fields=self.fields(settled, path, depth + 1) if widget is Widget.GROUP else (),
        )

    def _widget(self, schema: Mapping[str, Any]) -> tuple[Widget, tuple[Option, ...]]:
        kind = _type(schema)
        options = self._limited(_options(schema))
        widget = Widget.JSON
        if options:
            widget = Widget.SELECT
        elif kind == "array":
            options = self._limited(_options(self.settled(schema.get("items"))))
            widget = Widget.CHOICES if options else Widget.JSON
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


def _widget_of_text(schema: Mapping[str, Any]) -> Widget:
    match schema.get("format"):
        case "password":
            return Widget.PASSWORD
        case "uri" | "url" | "iri":
            return Widget.URL
        case "email" | "idn-email":
            return Widget.EMAIL
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
