"""What we send is what the vendors describe: every recorded request, and every query, against their own words."""

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
from graphql import GraphQLError, GraphQLSchema, parse, validate
from graphql.execution import get_variable_values
from jsonschema_rs import Draft202012Validator

from jackfield.providers import linear
from support.descriptions import github_graphql, github_openapi, linear_graphql
from support.recorded import Case, cases

#: the providers whose requests are checked here
COVERS: Final = frozenset({"github", "linear"})


def requests_of(slug: str, *, graphql: bool) -> Iterator[Any]:
    """Each recorded request of deliveries and of reading back, once."""
    seen: list[dict[str, Any]] = []
    for case in cases(slug):
        if case.call in {"deliver", "read_back"}:
            for exchange in case.exchanges:
                request = {name: exchange["request"].get(name) for name in ("method", "path", "json")}
                if request["path"].endswith("/graphql") == graphql and request not in seen:
                    seen.append(request)
                    yield pytest.param(request, id=f"{case.name}-{len(seen)}")


def graphql_of(slug: str) -> list[Any]:
    return [one for one in requests_of(slug, graphql=True) if one.values[0]["json"] is not None]


@pytest.mark.parametrize("request_", [*requests_of("github", graphql=False)])
def test_github_describes_the_request(request_: dict[str, Any]) -> None:
    described = github_openapi()
    url = urlsplit(request_["path"].removeprefix("/api/v3"))
    operation = operation_of(described, request_["method"].lower(), url.path)
    known = {one["name"] for one in (resolved(described, raw) for raw in operation.get("parameters", ()))}
    assert set(parse_qs(url.query)) <= known
    if request_["json"] is None:
        return
    schema = resolved(described, operation["requestBody"])["content"]["application/json"]["schema"]
    validator = Draft202012Validator({**schema, "components": described["components"]})
    assert [error.message for error in validator.iter_errors(request_["json"])] == []
    # bodies may have members that are not described, which then do nothing
    properties = [schema, *schema.get("oneOf", ()), *schema.get("anyOf", ())]
    assert set(request_["json"]) <= {name for one in properties for name in one.get("properties", {})}


def operation_of(described: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    for template, operations in described["paths"].items():
        if method in operations and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            found: dict[str, Any] = operations[method]
            return found
    raise AssertionError(f"GitHub does not describe {method} {path}")


def resolved(described: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in value:
        found: Any = described
        for name in value["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        return resolved(described, found)
    return value


@pytest.mark.parametrize("request_", graphql_of("github"))
def test_githubs_schema_has_the_query(request_: dict[str, Any]) -> None:
    check_query(github_graphql(), request_["json"])


@pytest.mark.parametrize("request_", graphql_of("linear"))
def test_linears_schema_has_the_query(request_: dict[str, Any]) -> None:
    check_query(linear_graphql(), request_["json"])


@pytest.mark.parametrize("query", linear.QUERIES)
def test_linears_schema_has_every_query(query: str) -> None:
    assert validate(linear_graphql(), parse(query)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"query": "query { issues { nodes { nothing } } }"},
        {"query": "query($f: IssueFilter) { issues(filter: $f) { nodes { id } } }", "variables": {"f": {"no": 1}}},
        {
            "query": "mutation($i: IssueCreateInput!) { issueCreate(input: $i) { success } }",
            "variables": {"i": {"title": "no team"}},
        },
        {
            "query": "mutation($i: IssueCreateInput!) { issueCreate(input: $i) { success } }",
            "variables": {"i": {"teamId": "x", "priority": "high"}},
        },
    ],
)
def test_linears_schema_as_it_is_read_here_refuses_what_is_wrong(wrong: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        check_query(linear_graphql(), wrong)


def check_query(schema: GraphQLSchema, sent: dict[str, Any]) -> None:
    document = parse(sent["query"])
    assert validate(schema, document) == []
    [operation] = document.definitions
    values: Any = get_variable_values(schema, operation.variable_definitions, sent.get("variables", {}))  # type: ignore[attr-defined]
    errors = [one for one in values if isinstance(one, GraphQLError)] if isinstance(values, list) else []
    assert not errors, errors


def test_the_descriptions_are_held_against_something() -> None:
    assert len(list(requests_of("github", graphql=False))) > 5
    assert len(graphql_of("linear")) > 5
    assert len(graphql_of("github")) > 0
    assert all(isinstance(case, Case) for case in cases("linear"))
