"""The schemas of a document: msgspec's own, with what the docstrings of the types say, for people who call the API.

A struct's docstring is published: a sentence or two in Markdown, and under `Attributes:` a line for each member.

    Attributes:
        name: What people call it. A line that goes on
            is indented further.
"""

import inspect as python
import re
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Final, cast

import msgspec
from msgspec import inspect

#: in `Meta.extra_json_schema` of a map: its keys are the properties that are named there, and no others
NO_OTHERS: Final = "x-no-others"

_REFERENCE: Final = "#/components/schemas/{name}"
_ATTRIBUTES: Final = re.compile(r"^(?:\A|\n)Attributes:\n", re.MULTILINE)
_ATTRIBUTE: Final = re.compile(r"^ {4}(\S+): ", re.MULTILINE)


class Schemas(msgspec.Struct, frozen=True):
    """`of` is the schema of each type; `components` those that it refers to, by name."""

    of: Mapping[Any, dict[str, Any]]
    components: dict[str, dict[str, Any]]


def schemas(sent: Sequence[Any], answered: Sequence[Any]) -> Schemas:
    """The schemas of the types that callers send, and of those that they are answered with.

    No `default` is among them: generators of types take a member that has one for a member that is always there, and
    no caller has to send it. The description says it instead. Of what is answered every member is required, unless
    its type says that it can be left out.
    """
    types = list(dict.fromkeys([*sent, *answered]))
    found, components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    _refine([found, components])
    of_callers = _classes(sent)
    for name, class_ in {**_classes(answered), **of_callers}.items():
        component = components[name]
        described, members = describe(class_)
        component.pop("title", None)
        component.pop("description", None)
        if described:
            component["description"] = described
        if issubclass(class_, Enum):
            continue
        if name not in of_callers:
            component["required"] = list(_always_there(class_))
        for member, schema in component["properties"].items():
            _complete(schema, members.get(member, ""))
        if not component["required"]:
            del component["required"]
    return Schemas(of=dict(zip(types, map(_plain, found), strict=True)), components=components)


def describe(class_: type) -> tuple[str, dict[str, str]]:
    """What the class's docstring says of it, and of each of its members; members inherited are described there."""
    members: dict[str, str] = {}
    for base in reversed(class_.__mro__):
        members |= _parse(base)[1]
    if issubclass(class_, msgspec.Struct):
        members = {field.encode_name: members.get(field.name, "") for field in msgspec.structs.fields(class_)}
    return _parse(class_)[0], members


def _parse(class_: type) -> tuple[str, dict[str, str]]:
    text = python.cleandoc(class_.__dict__.get("__doc__") or "")
    described, *rest = _ATTRIBUTES.split(text, maxsplit=1)
    parts = _ATTRIBUTE.split(rest[0])[1:] if rest else []
    members = {name: _unwrap(said) for name, said in zip(parts[::2], parts[1::2], strict=True)}
    return described.strip(), members


def _refine(schema: Any) -> None:
    """Says what msgspec leaves out of a schema: the type of an enumeration, and that an object has no other members."""
    if isinstance(schema, dict):
        values = schema.get("enum")
        if isinstance(values, list) and all(isinstance(value, str) for value in values):
            schema["type"] = "string"
            if len({value.lower() for value in values}) < len(values):
                # generators name the members of an enumeration in one case, and would name two the same
                schema["pattern"] = f"^({'|'.join(map(re.escape, schema.pop('enum')))})$"
        if schema.pop(NO_OTHERS, False):
            schema["additionalProperties"] = False
        for part in schema.values():
            _refine(part)
    elif isinstance(schema, list):
        for part in schema:
            _refine(part)


def _unwrap(text: str) -> str:
    return " ".join(text.split())


def _complete(schema: dict[str, Any], described: str) -> None:
    """Gives a member's schema its description, with the default that callers can rely on, and without `default`."""
    default = schema.pop("default", None)
    said = described or schema.get("description", "")
    if default not in (None, [], {}, ""):
        said += f" Default: `{default if isinstance(default, str) else msgspec.json.encode(default).decode()}`."
    if said:
        schema["description"] = said.strip()


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != "title"}


def _always_there(class_: type) -> Iterator[str]:
    omits: bool = cast("type[msgspec.Struct]", class_).__struct_config__.omit_defaults
    for field in msgspec.structs.fields(class_):
        if field.required or (field.default is not msgspec.UNSET and not omits):
            yield field.encode_name


def _classes(types: Sequence[Any]) -> dict[str, type]:
    """The structs and enumerations that the types are made of, by name."""
    found: dict[str, type] = {}
    waiting = [inspect.type_info(one) for one in types]
    while waiting:
        node = waiting.pop()
        if isinstance(node, inspect.StructType | inspect.EnumType):
            if node.cls.__name__ in found:
                continue
            found[node.cls.__name__] = node.cls
        waiting += _parts(node)
    return found


def _parts(node: inspect.Type) -> list[inspect.Type]:
    match node:
        case inspect.StructType():
            return [field.type for field in node.fields]
        case inspect.ListType():
            return [node.item_type]
        case inspect.DictType():
            return [node.key_type, node.value_type]
        case inspect.UnionType():
            return list(node.types)
        case inspect.Metadata():
            return [node.type]
    return []
