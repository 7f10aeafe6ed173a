"""Everything that is wrong with a request, not only the first thing.

msgspec stops at the first error, and has a message of its own for it; the published contracts list every error, in the
order of their fields and in their own words. So a value that msgspec refused is walked once more, along the type that
it should have had. This module knows no contract's words: dialects have them.
"""

from collections.abc import Hashable, Iterator
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final, TypeVar, cast

import msgspec
from msgspec import inspect

from jackfield.domain.errors import Invalid

Wanted = TypeVar("Wanted")

#: what `inspect` calls a field that may be left unset; its stubs do not name it
_UNSET_TYPE: Final[type] = type(inspect.type_info(msgspec.UnsetType))


class Problem(StrEnum):
    MISSING = "missing"
    NULL = "null"
    NOT_STRING = "not a string"
    NOT_BOOLEAN = "not a boolean"
    NOT_INTEGER = "not an integer"
    NOT_OBJECT = "not an object"
    NOT_LIST = "not a list"
    NOT_DATETIME = "not a date and time"
    NOT_MEMBER = "not one of the values allowed"
    TOO_SHORT = "too short"
    TOO_LONG = "too long"
    TOO_FEW = "too few"
    TOO_MANY = "too many"
    TOO_SMALL = "too small"
    TOO_LARGE = "too large"
    UNUSABLE = "unusable"
    UNKNOWN = "unknown"


class Violation(msgspec.Struct, frozen=True):
    """One problem, where it is (`("body", "metadata", "tags", 0)`), and the limit that was overstepped, if any.

    `known` are the names that could have been meant by one that is unknown.
    """

    location: tuple[str | int, ...]
    problem: Problem
    limit: int | None = None
    known: tuple[str, ...] = ()


class InvalidRequest(Invalid):
    """The request does not have the shape that the contract fixes."""

    code = "invalid-request"

    def __init__(self, violations: list[Violation]) -> None:
        super().__init__("; ".join(_sentence(violation) for violation in violations))
        self.violations = violations


def convert(value: Any, wanted: type[Wanted], location: str, *, strict: bool = True) -> Wanted:
    """The value as the type wanted. Raises InvalidRequest with every violation.

    `location` is `body` or `query`; not `strict` reads numbers and booleans from text, as in a query string.
    """
    # a query is walked always: msgspec takes the word `null` in it for no value, and U+0000 for a character
    if strict:
        try:
            return msgspec.convert(value, wanted)
        except msgspec.ValidationError:
            pass
    violations = list(_walk(_node(cast("Hashable", wanted)), value, (location,), strict))
    if not violations:
        try:
            return msgspec.convert(value, wanted, strict=strict)
        except msgspec.ValidationError:
            violations = [Violation((location,), Problem.UNUSABLE)]
    raise InvalidRequest(violations)


@cache
def _node(wanted: Hashable) -> inspect.Type:
    return inspect.type_info(wanted)


def _walk(node: inspect.Type, value: Any, location: tuple[str | int, ...], strict: bool) -> Iterator[Violation]:
    node = _member_for(node, value)
    match node:
        case inspect.StructType():
            yield from _walk_struct(node, value, location, strict)
        case inspect.ListType():
            if value is None:
                yield Violation(location, Problem.NULL)
            elif not isinstance(value, list):
                yield Violation(location, Problem.NOT_LIST)
            elif node.min_length is not None and len(value) < node.min_length:
                yield Violation(location, Problem.TOO_FEW, node.min_length)
            elif node.max_length is not None and len(value) > node.max_length:
                yield Violation(location, Problem.TOO_MANY, node.max_length)
            else:
                for index, part in enumerate(value):
                    yield from _walk(node.item_type, part, (*location, index), strict)
        case inspect.DictType():
            yield from _walk_dict(node, value, location, strict)
        case inspect.AnyType():
            return
        case _:
            yield from _scalar(node, value, location, strict)


def _walk_struct(
    node: inspect.StructType, value: Any, location: tuple[str | int, ...], strict: bool
) -> Iterator[Violation]:
    if value is None:
        yield Violation(location, Problem.NULL)
    elif not isinstance(value, dict):
        yield Violation(location, Problem.NOT_OBJECT)
    else:
        for field in node.fields:
            place = (*location, field.encode_name)
            if field.encode_name in value:
                yield from _walk(field.type, value[field.encode_name], place, strict)
            elif field.required:
                yield Violation(place, Problem.MISSING)


def _walk_dict(
    node: inspect.DictType, value: Any, location: tuple[str | int, ...], strict: bool
) -> Iterator[Violation]:
    if value is None:
        yield Violation(location, Problem.NULL)
    elif not isinstance(value, dict):
        yield Violation(location, Problem.NOT_OBJECT)
    else:
        for name, part in value.items():
            yield from _walk(node.value_type, part, (*location, name), strict)


def _member_for(node: inspect.Type, value: Any) -> inspect.Type:
    """The member of a union that the value is measured against."""
    if isinstance(node, inspect.Metadata):
        node = node.type
    if not isinstance(node, inspect.UnionType):
        return node
    if value is None and any(isinstance(member, inspect.NoneType) for member in node.types):
        return inspect.AnyType()
    members = [member for member in node.types if not isinstance(member, inspect.NoneType | _UNSET_TYPE)]
    plain = [member.type if isinstance(member, inspect.Metadata) else member for member in members]
    if len(plain) == 1:
        return plain[0]
    # the first that it fits, or else the first, which is what the contract says first
    return next((member for member in plain if not any(_walk(member, value, (), strict=True))), plain[0])


def _scalar(node: inspect.Type, value: Any, location: tuple[str | int, ...], strict: bool) -> Iterator[Violation]:
    if value is None:
        yield Violation(location, Problem.NULL)
        return
    match node:
        case inspect.StrType():
            yield from _string(node, value, location)
        case inspect.EnumType() | inspect.LiteralType():
            is_member = (
                _converts(value, node.cls, strict) if isinstance(node, inspect.EnumType) else value in node.values
            )
            if not is_member:
                yield Violation(location, Problem.NOT_MEMBER)
        case inspect.BoolType():
            if not _converts(value, bool, strict):
                yield Violation(location, Problem.NOT_BOOLEAN)
        case inspect.DateTimeType():
            if not _converts(value, datetime, strict):
                yield Violation(location, Problem.NOT_DATETIME)
        case inspect.IntType():
            yield from _integer(node, value, location, strict)
        case inspect.FloatType():
            yield from _number(node, value, location)
        case _:
            raise TypeError(f"no contract has a {type(node).__name__}")


def _string(node: inspect.StrType, value: Any, location: tuple[str | int, ...]) -> Iterator[Violation]:
    if not isinstance(value, str):
        yield Violation(location, Problem.NOT_STRING)
    elif "\0" in value:
        yield Violation(location, Problem.UNUSABLE)
    elif node.min_length is not None and len(value) < node.min_length:
        yield Violation(location, Problem.TOO_SHORT, node.min_length)
    elif node.max_length is not None and len(value) > node.max_length:
        yield Violation(location, Problem.TOO_LONG, node.max_length)


def _integer(node: inspect.IntType, value: Any, location: tuple[str | int, ...], strict: bool) -> Iterator[Violation]:
    try:
        number = msgspec.convert(value, int, strict=strict)
    except msgspec.ValidationError:
        yield Violation(location, Problem.NOT_INTEGER)
        return
    if node.ge is not None and number < node.ge:
        yield Violation(location, Problem.TOO_SMALL, node.ge)
    elif node.le is not None and number > node.le:
        yield Violation(location, Problem.TOO_LARGE, node.le)


def _number(node: inspect.FloatType, value: Any, location: tuple[str | int, ...]) -> Iterator[Violation]:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_number and (node.ge or 0) <= value <= (node.le or value)):
        yield Violation(location, Problem.UNUSABLE)


def _converts(value: Any, wanted: type, strict: bool) -> bool:
    try:
        msgspec.convert(value, wanted, strict=strict)
    except msgspec.ValidationError:
        return False
    return True


def _sentence(violation: Violation) -> str:
    place = ".".join(str(part) for part in violation.location)
    return f"{place}: {violation.problem}" + (f" ({violation.limit})" if violation.limit is not None else "")
