"""JSON Schema (draft 2020-12) from a stranger: the form of an app's configuration.

Nothing is ever fetched, patterns run in an engine whose time grows as the text, and what a schema unfolds to has a
limit, so that neither checking a configuration nor making a form of it can take long.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, NoReturn
from urllib.parse import unquote

import jsonschema_rs
import msgspec

from jackfield.domain.flaws import Flaw

BYTES: Final = 64 * 1024
DEPTH: Final = 32
#: how many schemas it may be when every reference is replaced by what it names
_UNFOLDED: Final = 5_000
#: values in a configuration, every list, object and member counted
_MOST_VALUES: Final = 5_000
#: alternatives that each entry of a list or of an object with free names is tried against
_MOST_ALTERNATIVES: Final = 500
#: parts of the schema times values of the configuration: the engine makes an error, with a copy of the value, for each
#: pair that does not fit, inside alternatives as well. So many errors take some 40 MB; of more, none is made
_MOST_COMPARED: Final = 20_000
_BYTES_OF_A_VALUE: Final = 64
_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_REFERENCES: Final = ("$ref", "$dynamicRef", "$recursiveRef")
#: what stands under these is no schema
_DATA: Final = frozenset(
    {"const", "enum", "default", "examples", "required", "type", "$vocabulary", "dependentRequired"}
)
#: under these stand schemas by names of somebody's choice
_NAMED: Final = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs", "definitions"})
#: each takes its time to compile
_MOST_PATTERNS: Final = 100
_PATTERNS: Final = jsonschema_rs.RegexOptions(size_limit=256 * 1024)
_CACHED: Final = 64

#: keywords of a form that are about several of its names at once
_OF_THE_WHOLE: Final = frozenset(
    {"required", "dependentRequired", "dependentSchemas", "minProperties", "const", "enum", "not"}
    | {"allOf", "anyOf", "oneOf", "if", "then", "else", "$ref", "$dynamicRef"}
)
#: each of the values here is tried against the schema under it
_REPEATED: Final = frozenset(
    {"items", "contains", "additionalProperties", "patternProperties", "unevaluatedItems", "unevaluatedProperties"}
    | {"propertyNames", "additionalItems"}
)
_UNPLACED: Final = Flaw((), "This does not fit what the form asks for")
Schema = Mapping[str, Any]
Path = tuple[str | int, ...]


def flaws_of_schema(schema: Any) -> list[Flaw]:
    """Everything that is wrong with the schema of a form; paths begin inside it."""
    if not isinstance(schema, dict):
        return [Flaw((), "This has to be a JSON Schema that is an object")]
    if len(msgspec.json.encode(schema)) > BYTES:
        return [Flaw((), f"The schema is larger than {BYTES} bytes")]
    if _nests_deeper(schema, DEPTH):
        return [Flaw((), f"The schema nests deeper than {DEPTH}")]
    found = [*_foreign(schema), *_of_root(schema)]
    return (
        found
        or _too_many_patterns(schema)
        or _uncompilable(schema)
        or _unbounded(schema)
        or _too_many_alternatives(schema)
    )


def flaws_of_configuration(schema: Schema | None, configuration: Mapping[str, Any]) -> list[Flaw]:
    """What the form does not take; no message repeats a value.

    Of a configuration that is too large for all of its errors to be made, the first names that are wrong.
    """
    size = len(msgspec.json.encode(configuration))
    if size > BYTES or _nests_deeper(configuration, DEPTH):
        return [Flaw((), f"The configuration is larger than {BYTES} bytes, or nests deeper than {DEPTH}")]
    values = _count_values(configuration)
    if values > _MOST_VALUES:
        return [Flaw((), f"The configuration has more than {_MOST_VALUES} values")]
    if schema is None:
        return []
    written = msgspec.json.encode(schema)
    validator = _validator(written)
    if validator.is_valid(configuration):
        return []
    # long texts are copied as well
    if max(values, size // _BYTES_OF_A_VALUE) * _unfolded_size(written) <= _MOST_COMPARED:
        return [_to_flaw(error) for error in validator.iter_errors(configuration)]
    return _flaws_by_name(schema, configuration)


class Document:
    """A schema without flaws, with what its references name."""

    def __init__(self, root: Schema) -> None:
        self.root = root
        self._anchors = dict(_anchors(root))

    def properties(self, schema: Any) -> Schema:
        """The properties that a schema in it declares by name."""
        found = self.resolved(schema)
        properties = found.get("properties") if isinstance(found, Mapping) else None
        return properties if isinstance(properties, Mapping) else {}

    def resolved(self, schema: Any) -> Any:
        """What a schema that is a reference refers to; itself when it is none."""
        for _ in range(DEPTH):
            if not isinstance(schema, Mapping) or not isinstance(schema.get("$ref"), str):
                return schema
            schema = self.target(schema["$ref"])
        return None

    def target(self, reference: str) -> Any:
        """The part of the document that `#...` names; None when there is none."""
        name = unquote(reference[1:])
        if name and not name.startswith("/"):
            return self._anchors.get(name)
        found: Any = self.root
        for token in name.split("/")[1:]:
            key = token.replace("~1", "/").replace("~0", "~")
            if isinstance(found, Mapping):
                found = found.get(key)
            elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
                found = found[int(key)]
            else:
                return None
        return found


def _to_flaw(error: jsonschema_rs.ValidationError) -> Flaw:
    """Where something is missing, the path leads to what is."""
    path = tuple(error.instance_path)
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Required):
        return Flaw((*path, error.kind.property), "This is required")
    return Flaw(path, error.message)


def _flaws_by_name(schema: Schema, configuration: Mapping[str, Any]) -> list[Flaw]:
    """The names at the top that are missing or wrong, found without making the engine's errors."""
    required = schema.get("required", [])
    missing = [Flaw((name,), "This is required") for name in required if name not in configuration]
    # each name alone: without what is said of the whole
    kept = {key: value for key, value in schema.items() if key not in _OF_THE_WHOLE}
    try:
        validator = _compile(kept)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError):
        # something refers to what was left out
        return missing or [_UNPLACED]
    wrong = [
        Flaw((name,), "This does not fit what the form asks for")
        for name, value in configuration.items()
        if not validator.is_valid({name: value})
    ]
    return [*missing, *wrong] or [_UNPLACED]


@lru_cache(_CACHED)
def _unfolded_size(schema: bytes) -> int:
    decoded = msgspec.json.decode(schema)
    return _Unfolding(decoded).size(decoded)


@lru_cache(_CACHED)
def _validator(schema: bytes) -> jsonschema_rs.Draft202012Validator:
    return _compile(msgspec.json.decode(schema))


def _compile(schema: Schema) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        # by another name, nothing in it can be taken for another document
        {name: value for name, value in schema.items() if name not in {"$id", "$schema"}},
        retriever=_refuse,
        pattern_options=_PATTERNS,
        validate_formats=True,
        mask="The value",
    )


def _refuse(_: str) -> NoReturn:
    raise LookupError("nothing is fetched")


def _nests_deeper(value: Any, depth: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    parts = value.values() if isinstance(value, dict) else value
    return depth == 0 or any(_nests_deeper(part, depth - 1) for part in parts)


def _count_values(value: Any) -> int:
    """All values in it, itself counted. Nesting has its limit already."""
    if not isinstance(value, Mapping | list):
        return 1
    parts = value.values() if isinstance(value, Mapping) else value
    return 1 + sum(map(_count_values, parts))


def _subschemas(schema: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every schema directly in this one, with where it stands."""
    if not isinstance(schema, dict):
        return
    for keyword, value in schema.items():
        if keyword in _DATA:
            continue
        if keyword in _NAMED and isinstance(value, dict):
            yield from (((*path, keyword, name), part) for name, part in value.items())
        elif isinstance(value, dict):
            yield (*path, keyword), value
        elif isinstance(value, list):
            yield from (((*path, keyword, index), part) for index, part in enumerate(value) if isinstance(part, dict))


def _foreign(schema: Any, path: Path = ()) -> Iterator[Flaw]:
    """References that leave the document, and what would make it several documents."""
    if isinstance(schema, dict):
        for keyword in _REFERENCES:
            target = schema.get(keyword)
            if isinstance(target, str) and not target.startswith("#"):
                yield Flaw((*path, keyword), "The reference leaves the document; nothing is ever fetched")
        for keyword in ("$id", "$schema"):
            if path and isinstance(schema.get(keyword), str):
                yield Flaw((*path, keyword), f"{keyword} can stand at the top alone")
    for place, part in _subschemas(schema, path):
        yield from _foreign(part, place)


def _of_root(schema: Schema) -> Iterator[Flaw]:
    named = schema.get("$schema", _DRAFT)
    if not isinstance(named, str) or named.rstrip("#") != _DRAFT:
        yield Flaw(("$schema",), f"The schema has to be one of draft 2020-12, {_DRAFT}")
    kinds = schema.get("type", "object")
    if kinds != "object" and not (isinstance(kinds, list) and "object" in kinds):
        yield Flaw(("type",), "A form is of type object")


def _too_many_patterns(schema: Schema) -> list[Flaw]:
    if _count_patterns(schema) > _MOST_PATTERNS:
        return [Flaw((), f"The schema has more than {_MOST_PATTERNS} patterns")]
    return []


def _count_patterns(schema: Any) -> int:
    if not isinstance(schema, dict):
        return 0
    of_names = schema.get("patternProperties")
    own = ("pattern" in schema) + (len(of_names) if isinstance(of_names, dict) else 0)
    return own + sum(_count_patterns(part) for _, part in _subschemas(schema))


def _uncompilable(schema: Schema) -> list[Flaw]:
    try:
        jsonschema_rs.meta.validate({**schema, "$schema": _DRAFT})
        _compile(schema)
    except jsonschema_rs.ValidationError as error:
        return [Flaw(tuple(error.instance_path), f"This is no JSON Schema of draft 2020-12: {error.message[:500]}")]
    except (jsonschema_rs.ReferencingError, ValueError, OverflowError) as error:
        return [Flaw((), f"This is no JSON Schema of draft 2020-12: {str(error)[:500]}")]
    return []


def _unbounded(schema: Schema) -> list[Flaw]:
    """A form of endless size, or of one that nobody could fill in."""
    try:
        size = _Unfolding(schema).size(schema)
    except _EndlessError:
        return [Flaw((), "The schema refers to itself, so that its form would have no end")]
    if size > _UNFOLDED:
        return [Flaw((), f"With its references followed, the schema has more than {_UNFOLDED} parts")]
    return []


def _too_many_alternatives(schema: Schema) -> list[Flaw]:
    if _Alternatives(schema).repeated(schema) > _MOST_ALTERNATIVES:
        return [
            Flaw(
                (),
                f"Entries of a list, or of an object with free names, have more than {_MOST_ALTERNATIVES} alternatives",
            )
        ]
    return []


class _EndlessError(Exception):
    """The schema contains itself."""


class _Unfolding:
    """Counts the schemas that a schema has when every reference is replaced by what it names."""

    def __init__(self, root: Schema) -> None:
        self._document = Document(root)
        self._sizes: dict[int, int] = {}
        self._under_way: set[int] = set()

    def size(self, schema: Any) -> int:
        """Raises _EndlessError."""
        known = self._sizes.get(id(schema))
        if known is not None:
            return known
        if id(schema) in self._under_way:
            raise _EndlessError
        self._under_way.add(id(schema))
        parts = [part for _, part in _subschemas(schema)]
        if isinstance(schema, dict):
            named = [schema[name] for name in _REFERENCES if isinstance(schema.get(name), str)]
            parts += [self._document.target(reference) for reference in named]
        size = 1 + sum(self.size(part) for part in parts)
        self._under_way.remove(id(schema))
        self._sizes[id(schema)] = size
        return size


class _Alternatives:
    """Counts branches of `anyOf` and `oneOf` with references followed. For schemas whose unfolding has its limit."""

    def __init__(self, root: Schema) -> None:
        self._document = Document(root)
        self._counts: dict[int, int] = {}

    def count(self, schema: Any) -> int:
        """All branches in it."""
        known = self._counts.get(id(schema))
        if known is None:
            own = sum(len(schema[name]) for name in ("anyOf", "oneOf") if isinstance(schema.get(name), list))
            known = own + sum(self.count(part) for part in self._parts(schema))
            self._counts[id(schema)] = known
        return known

    def repeated(self, schema: Any) -> int:
        """The most branches that the schema of any repeated entry has."""
        most = 0
        seen: set[int] = set()
        ahead = [schema]
        while ahead:
            part = ahead.pop()
            if id(part) in seen:
                continue
            seen.add(id(part))
            repeated = (below for place, below in _subschemas(part) if place[0] in _REPEATED)
            most = max((most, *(self.count(below) for below in repeated if isinstance(below, dict))))
            ahead += self._parts(part)
        return most

    def _parts(self, schema: Any) -> list[Any]:
        parts = [part for _, part in _subschemas(schema)]
        named = [schema[name] for name in _REFERENCES if isinstance(schema.get(name), str)]
        parts += [self._document.target(reference) for reference in named]
        return [part for part in parts if isinstance(part, dict)]


def _anchors(schema: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(schema, dict):
        for keyword in ("$anchor", "$dynamicAnchor"):
            if isinstance(schema.get(keyword), str):
                yield schema[keyword], schema
        for _, part in _subschemas(schema):
            yield from _anchors(part)
