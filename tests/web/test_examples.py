"""The examples of the reference: each command is run as it is printed, and answers as the document shows.

With RECORD_EXAMPLES=1 the answers are written into the sources instead, with made-up ids and times.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import pytest

from jackfield.web import openapi
from jackfield.web.app import DIALECTS
from jackfield.web.contract import Dialect, Operation
from support.checked_tenant import CheckedTenant
from support.documented_answers import documented_operations
from support.every_call import example_of, ready
from support.printed_commands import printed, run

OPERATIONS: Final = [
    pytest.param(dialect, operation, id=f"{dialect.name}.{operation.name}")
    for dialect in DIALECTS
    for operation in dialect.operations
]
every_operation = pytest.mark.parametrize(("dialect", "operation"), OPERATIONS)
RECORDING: Final = "RECORD_EXAMPLES" in os.environ
EXAMPLES: Final = Path(openapi.__file__).parent / "examples"


@every_operation
def test_the_printed_command_answers_as_the_example_shows(
    tenant: CheckedTenant, dialect: Dialect, operation: Operation
) -> None:
    made = ready(tenant, dialect, operation)
    status, body = run(tenant, printed(tenant, dialect, operation), made)
    assert status == operation.success, body
    if operation.success == 204:
        assert body is None
        return
    if RECORDING:
        record(dialect, operation, made_up(body, tenant))
        return
    document = openapi.document(dialect, "")
    described = example_of(document, operation, dialect)
    content = described["responses"][str(status)]["content"]["application/json"]
    assert list(differences(content["example"], body, content["schema"], document)) == []
    [documented] = [one for one in documented_operations() if (one.dialect, one.name) == (dialect.name, operation.name)]
    assert list(documented.errors(status, body)) == []


@every_operation
def test_the_example_is_of_its_schema(dialect: Dialect, operation: Operation) -> None:
    document = openapi.document(dialect, "")
    described = example_of(document, operation, dialect)
    [documented] = [one for one in documented_operations() if (one.dialect, one.name) == (dialect.name, operation.name)]
    assert operation.name in openapi.examples(dialect.name)
    if operation.success != 204:
        shown = described["responses"][str(operation.success)]["content"]["application/json"]["example"]
        assert list(documented.errors(operation.success, shown)) == []
    for content in described.get("requestBody", {}).get("content", {}).values():
        schema = {"allOf": [content["schema"]], "components": document["components"]}
        jsonschema_rs.Draft202012Validator(schema, validate_formats=True).validate(content["example"])
    for parameter in described["parameters"]:
        if "example" in parameter and "$ref" not in parameter["schema"] and parameter["in"] == "path":
            jsonschema_rs.validate(parameter["schema"], parameter["example"])


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_there_is_no_example_of_what_does_not_exist(dialect: Dialect) -> None:
    assert set(openapi.examples(dialect.name)) == {operation.name for operation in dialect.operations}


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_no_variable_of_a_command_stands_for_two_things(tenant: CheckedTenant, dialect: Dialect) -> None:
    secrets = {"API_KEY", "ACCESS_TOKEN", "CLIENT_ID", "CLIENT_SECRET"}
    for operation in dialect.operations:
        command = printed(tenant, dialect, operation)
        address, _, rest = command.partition('" ')
        assert not set(re.findall(r"\$(\w+)", address)) & secrets
        assert set(re.findall(r"\$(\w+)", rest)) <= secrets


def differences(shown: Any, real: Any, schema: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    """Members that only one of the two has, where the schema names them: which keys a map has is data."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for member in schema.get("anyOf", ()):
        yield from differences(shown, real, member, document)
    if isinstance(shown, list) and isinstance(real, list):
        if shown and real and "items" in schema:
            yield from differences(shown[0], real[0], schema["items"], document)
    elif isinstance(shown, dict) and isinstance(real, dict):
        named = schema.get("properties", {})
        yield from sorted((shown.keys() ^ real.keys()) & named.keys())
        for name in shown.keys() & real.keys() & named.keys():
            yield from differences(shown[name], real[name], named[name], document)


# Recording

_ID: Final = re.compile(r"\b(?:[0-9a-f]{24}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{15,19})\b")
_TIME: Final = re.compile(r"(?!0001)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?")
_SECONDS: Final = {"iat": 1769853600, "exp": 1769857200}
_FRACTION: Final = ".000000"
_SECRETS: Final = (
    (re.compile(r"\b[0-9a-f]{64}\b"), "0123456789abcdef" * 4),
    (re.compile(r"\b(jf[a-z]+_)[\w-]{43}"), r"\g<1>shown-only-here"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "0123456789abcdef" * 2),
)


def made_up(body: Any, tenant: CheckedTenant) -> Any:
    """The answer with ids, times, addresses and secrets that are nobody's."""
    text = json.dumps(body, ensure_ascii=False)
    text = text.replace(tenant.service.url, "https://integrations.example.com").replace(
        tenant.organisation.handle, "acme"
    )
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    known: dict[str, str] = {}
    text = _ID.sub(lambda found: known.setdefault(found[0], _made_up_id(found[0], len(known))), text)
    text = _TIME.sub(lambda found: f"2026-01-31T10:00:00{(found[1] and _FRACTION) or ''}", text)
    text = re.sub(r'"(exp|iat)": \d+', lambda found: f'"{found[1]}": {_SECONDS[found[1]]}', text)
    return json.loads(text)


def _made_up_id(like: str, number: int) -> str:
    if "-" in like:
        return f"01f2e4d3-c8a1-8b1b-8800-{number:012}"
    return f"697dd2a9000bf5ea0a0b3c{number:02x}" if len(like) == 24 else str(252201579132747776 + number)


def record(dialect: Dialect, operation: Operation, body: Any) -> None:
    if operation.name == "getAvailableIntegrations":
        # one entry says as much as all
        body = {
            "data": {"source-control": [one for one in body["data"]["source-control"] if one["vendor"] == "github"]}
        }
    path = EXAMPLES / f"{dialect.name}.json"
    known: dict[str, Mapping[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    known[operation.name] = {**known[operation.name], "response": body}
    path.write_text(json.dumps(known, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
