"""The vendors' own descriptions of their APIs, from npm packages: of GitHub OpenAPI and GraphQL, of Linear its SDK.

Linear publishes no schema in a package, but an SDK made from it, whose declared types say the same.
"""

import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema

TESTS = Path(__file__).parent.parent
#: a declared type: its name and its members
_TYPE = re.compile(r"^type (\w+) = (?:[\w ]+& )*\{\n(.*?)^\};", re.MULTILINE | re.DOTALL)
_MEMBER = re.compile(r"^  (\w+)(\??): (.+);$", re.MULTILINE)
_UNION = re.compile(r"^type (\w+) = (\w+(?: \| \w+)*);", re.MULTILINE)
_ENUM = re.compile(r"^declare enum (\w+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_BUILT_IN = {"ID", "String", "Boolean", "Int", "Float"}


def path_of(package: str, file: str, folder: str = "descriptions") -> Path:
    """A file of a package; skips where the packages are not installed."""
    path = TESTS / folder / "node_modules" / package
    if not path.exists():
        pytest.skip(f"the packages of tests/{folder} are not installed (make node)")
    return path / file


@functools.cache
def github_openapi() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        path_of("@octokit/openapi", "generated/api.github.com.json").read_text(encoding="utf-8")
    )
    return found


@functools.cache
def atlassian_document() -> dict[str, Any]:
    """The JSON schema of the Atlassian Document Format."""
    path = path_of("@atlaskit/adf-schema", "dist/json-schema/v1/full.json", "vendor_types")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@functools.cache
def github_graphql() -> GraphQLSchema:
    text = path_of("@octokit/graphql-schema", "schema.graphql").read_text(encoding="utf-8")
    return build_schema(text, assume_valid=True, assume_valid_sdl=True)


@functools.cache
def linear_graphql() -> GraphQLSchema:
    declarations = max(path_of("@linear/sdk", "dist").glob("*.d.mts"), key=lambda path: path.stat().st_size)
    return build_schema("\n\n".join(_sdl(declarations.read_text(encoding="utf-8"))), assume_valid=True)


def _sdl(text: str) -> Iterator[str]:
    """The declared types in the language of schemas."""
    # behind the schema's own types stand those of the SDK's queries
    text = re.sub(r"^\s*/\*\*.*?\*/\n", "", text.partition("Fragment = ")[0], flags=re.MULTILINE | re.DOTALL)
    types = {name: _MEMBER.findall(members) for name, members in _TYPE.findall(text)}
    arguments = {
        name: members
        for name, members in types.items()
        if name.endswith("Args") and all(one != "__typename" for one, _, _ in members)
    }
    inputs = _reachable(types, [shape for members in arguments.values() for _, _, shape in members])
    for name in sorted(set(re.findall(r'Scalars\["(\w+)"\]', text)) - _BUILT_IN):
        yield f"scalar {name}"
    for name, members in _ENUM.findall(text):
        values = " ".join(re.findall(r'= "(\w+)"', members))
        yield f"enum {name} {{ {values} }}"
    for name, members in _UNION.findall(text):
        if all(one in types for one in members.split(" | ")):
            yield f"union {name} = {members}"
    for name, members in types.items():
        if name in arguments or name == "Scalars" or not members:
            continue
        kind = (
            "input" if name in inputs else "type" if any(one == "__typename" for one, _, _ in members) else "interface"
        )
        fields = (
            f"  {field}{_arguments(arguments, name, field)}: {_shape(shape)}"
            for field, _, shape in members
            if field != "__typename"
        )
        yield f"{kind} {name} {{\n" + "\n".join(fields) + "\n}"


def _arguments(arguments: dict[str, Any], name: str, field: str) -> str:
    members = arguments.get(f"{name}{field[0].upper()}{field[1:]}Args", [])
    return f"({', '.join(f'{one}: {_shape(shape)}' for one, _, shape in members)})" if members else ""


def _shape(text: str) -> str:
    """`InputMaybe<Array<Scalars["ID"]>>` is `[ID!]`."""
    if found := re.fullmatch(r"(?:Input)?Maybe<(.+)>", text):
        return _shape(found[1]).removesuffix("!")
    if found := re.fullmatch(r"Array<(.+)>", text):
        return f"[{_shape(found[1])}]!"
    if found := re.fullmatch(r'Scalars\["(\w+)"\]', text):
        return f"{found[1]}!"
    return f"{text}!"


def _reachable(types: dict[str, Any], shapes: list[str]) -> set[str]:
    found: set[str] = set()
    while shapes:
        for name in re.findall(r"\w+", shapes.pop()):
            if name in types and name != "Scalars" and name not in found:
                found.add(name)
                shapes += [shape for _, _, shape in types[name]]
    return found
