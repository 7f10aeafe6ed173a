"""What generators make of the documents: types for TypeScript, a client and models for Python, each at its default
settings, tried with calls that have no more than what is required.
"""

import base64
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import requests

from jackfield.web import openapi
from jackfield.web.app import DIALECTS
from jackfield.web.contract import Dialect, Operation
from support.checked_tenant import CheckedTenant
from support.every_call import Ready, example_of, ready
from support.minimal_requests import BODIES, required_body
from support.operator import Operator
from support.printed_commands import printed, run
from support.service import Service

TYPES: Final = Path(__file__).parent.parent / "generated_types"
MODULES: Final = TYPES / "node_modules"
#: beside our own packages, since it needs other versions of some
GENERATORS: Final = Path(sys.prefix) / "generators" / "bin"

every_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)


def generator(name: str) -> Path:
    if not (GENERATORS / name).exists():
        pytest.skip(f"{name} is not installed (make .venv/.generators)")
    return GENERATORS / name


def call(*command: str | Path, directory: Path, sent: str | None = None) -> str:
    """What a program says, which has to end well. It finds the programs of the generators' environment."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=directory,
        input=sent,
        env={"PATH": f"{GENERATORS}:/usr/local/bin:/usr/bin:/bin", "HOME": str(directory)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def document(service: Service, dialect: Dialect, tmp_path: Path) -> Path:
    """The document as the service serves it, in a file."""
    path = tmp_path / "openapi.json"
    path.write_bytes(requests.get(f"{service.url}/docs/{dialect.name}/openapi.json", timeout=30).content)
    return path


# An independent validator


@every_dialect
def test_an_independent_validator_finds_the_document_valid(document: Path, dialect: Dialect, tmp_path: Path) -> None:
    assert "OK" in call(generator("openapi-spec-validator"), document, directory=tmp_path)


def test_the_validator_would_say_so(tmp_path: Path) -> None:
    wrong = openapi.document(DIALECTS[0], "")
    del wrong["info"]["title"]
    (tmp_path / "openapi.json").write_text(json.dumps(wrong), encoding="utf-8")
    with pytest.raises(AssertionError, match="title"):
        call(generator("openapi-spec-validator"), "openapi.json", directory=tmp_path)


# TypeScript


def node(*command: str | Path, directory: Path) -> subprocess.CompletedProcess[str]:
    found = shutil.which("node")
    if found is None or not MODULES.exists():
        pytest.skip("no Node.js, or the packages are not installed (make node)")
    return subprocess.run(
        [found, *map(str, command)], cwd=directory, capture_output=True, text=True, timeout=180, check=False
    )


def compile_(document: Path, lines: list[str]) -> str:
    """What the compiler has to say of these lines, which know the document's types as `paths`."""
    directory = document.parent
    made = node(MODULES / "openapi-typescript/bin/cli.js", document, "-o", "schema.d.ts", directory=directory)
    assert made.returncode == 0, made.stderr
    (directory / "sent.ts").write_text(
        "\n".join(["import type { paths } from './schema.d.ts';", *lines]), encoding="utf-8"
    )
    options = ["--noEmit", "--strict", "--allowImportingTsExtensions", "--module", "nodenext", "--target", "es2022"]
    done = node(MODULES / "typescript/bin/tsc", *options, "sent.ts", directory=directory)
    return done.stdout + done.stderr


def sent_in_typescript(dialect: Dialect, body: Any = ...) -> list[str]:
    """A constant for the body of each operation that takes one, of its type: the smallest body unless given."""
    document = openapi.document(dialect, "")
    lines = []
    for number, operation in enumerate(dialect.operations):
        described = example_of(document, operation, dialect)
        place = f"paths[{json.dumps(dialect.prefix + operation.path)}]['{operation.method.lower()}']"
        for media_type in described.get("requestBody", {}).get("content", {}):
            value = required_body(document, described) if body is ... else body
            type_ = f"{place}['requestBody']['content']['{media_type}']"
            lines.append(f"export const body{number}: {type_} = {json.dumps(value)};")
        query = {one["name"]: True for one in described["parameters"] if one["in"] == "query" and one["required"]}
        lines.append(f"export const query{number}: {place}['parameters']['query'] = {json.dumps(query)};")
    return [line for line in lines if "query" not in line or "= {}" not in line]


@every_dialect
def test_typescript_accepts_the_smallest_body_of_every_operation(document: Path, dialect: Dialect) -> None:
    lines = sent_in_typescript(dialect)
    assert lines
    assert compile_(document, lines) == ""


@every_dialect
def test_typescript_refuses_what_is_no_body(document: Path, dialect: Dialect) -> None:
    lines = [line for line in sent_in_typescript(dialect, "no body") if "const body" in line]
    told = compile_(document, lines)
    assert [f"sent.ts({number}," in told for number, _ in enumerate(lines, 2)] == [True] * len(lines)


# Python


def authorisation(dialect: Dialect, operation: Operation, made: Ready) -> tuple[str, str, str] | None:
    """Header, prefix and secret with which the operation is called."""
    match made.credentials:
        case {"ACCESS_TOKEN": token}:
            return "Authorization", "Bearer", token
        case {"CLIENT_ID": client_id, "CLIENT_SECRET": secret}:
            return "Authorization", "Basic", base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    if operation.prove is not None and operation.scheme is None:
        return None
    schemes = {**dialect.optional_security, **dialect.other_schemes}
    scheme = dialect.security_scheme if operation.scheme is None else schemes[operation.scheme]
    if scheme["type"] == "apiKey":
        return scheme["name"], "", made.credentials["API_KEY"]
    return "Authorization", "Bearer", made.credentials["API_KEY"]


def minimal_call(tenant: CheckedTenant, dialect: Dialect, operation: Operation) -> dict[str, Any]:
    """The operation with what is required and no more, for the client to call."""
    document = openapi.document(dialect, "")
    described = example_of(document, operation, dialect)
    made = ready(tenant, dialect, operation)
    body = BODIES.get((dialect.name, operation.name)) or required_body(document, described)
    if operation.form:
        # which fields a form needs depends on what it is for
        body = {name: made.instead.get(value, value) for name, value in example_body(dialect, operation).items()}
    query = {one["name"]: True for one in described["parameters"] if one["in"] == "query" and one["required"]}
    arguments = {**{snake(name): value for name, value in made.path.items()}, **query}
    return {
        "operation": operation.name,
        "arguments": arguments,
        "body": body,
        "authorisation": authorisation(dialect, operation, made),
    }


def example_body(dialect: Dialect, operation: Operation) -> dict[str, str]:
    body: dict[str, str] = openapi.examples(dialect.name)[operation.name]["body"]
    return body


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def new_tenant(operator: Operator, service: Service) -> CheckedTenant:
    return CheckedTenant.create_checked(operator, service)


@every_dialect
def test_a_generated_client_makes_the_smallest_call_of_every_operation(
    operator: Operator, service: Service, document: Path, dialect: Dialect, tmp_path: Path
) -> None:
    client = tmp_path / "generated_client"
    told = call(
        generator("openapi-python-client"),
        *("generate", "--path", document, "--output-path", client, "--meta", "none", "--fail-on-warning"),
        directory=tmp_path,
    )
    assert "WARNING" not in told
    calls = [minimal_call(new_tenant(operator, service), dialect, operation) for operation in dialect.operations]
    sent = json.dumps({"client": str(client), "url": service.url, "calls": calls})
    answered = json.loads(call(GENERATORS / "python", TYPES / "call.py", directory=tmp_path, sent=sent))
    assert {one["operation"]: one["status"] for one in answered} == {
        operation.name: operation.success for operation in dialect.operations
    }
    unread = {one["operation"] for one in answered if one["parsed"] is None}
    assert unread == {operation.name for operation in dialect.operations if operation.success == 204}


@every_dialect
def test_generated_models_read_the_answer_of_every_operation(
    operator: Operator, service: Service, document: Path, dialect: Dialect, tmp_path: Path
) -> None:
    call(
        generator("datamodel-codegen"),
        *("--input", document, "--input-file-type", "openapi", "--output", "models.py"),
        *("--output-model-type", "pydantic_v2.BaseModel"),
        directory=tmp_path,
    )
    answers = []
    for operation in dialect.operations:
        if operation.success != 204:
            tenant = new_tenant(operator, service)
            status, body = run(tenant, printed(tenant, dialect, operation), ready(tenant, dialect, operation))
            assert status == operation.success
            answers.append([*model(dialect, operation), body])
    (tmp_path / "answers.json").write_text(json.dumps(answers), encoding="utf-8")
    count = call(GENERATORS / "python", TYPES / "parse.py", "models.py", "answers.json", directory=tmp_path)
    assert int(count) == len(answers) > 0


def model(dialect: Dialect, operation: Operation) -> tuple[str, bool]:
    """The name of the schema of the operation's answer, and whether it is a list of them."""
    described = example_of(openapi.document(dialect, ""), operation, dialect)
    schema = described["responses"][str(operation.success)]["content"]["application/json"]["schema"]
    is_list = "items" in schema
    reference: str = (schema["items"] if is_list else schema)["$ref"]
    return reference.rpartition("/")[2], is_list
