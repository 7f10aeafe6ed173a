"""Measures an answer against the OpenAPI document of the contract that the call belongs to."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import jsonschema_rs
import requests

from jackfield.web import openapi
from jackfield.web.app import DIALECTS

#: headers that tell a caller something, so that a document has to declare them
HEADERS: Final = ("Retry-After", "X-Request-Id", "Idempotent-Replayed", "WWW-Authenticate")
_ROW: Final = re.compile(r"^\| (\d{3}) \| `([^`]+)` \|", re.MULTILINE)


@dataclass(frozen=True)
class DocumentedOperation:
    """One operation of one document, with a validator for the body of each status, None for no body.

    `headers` are those that each status declares, `codes` the error codes that can come with it.
    """

    dialect: str
    name: str
    method: str
    path: re.Pattern[str]
    bodies: dict[int, jsonschema_rs.Draft202012Validator | None]
    headers: dict[int, frozenset[str]]
    codes: dict[int, frozenset[str]]

    def check(self, answer: requests.Response) -> None:
        status = answer.status_code
        assert status in self.bodies, f"{self.name} does not document {status}: {answer.text[:500]}"
        undeclared = {name for name in HEADERS if name in answer.headers} - self.headers[status]
        assert not undeclared, f"{self.name} {status} does not declare {undeclared}"
        if self.bodies[status] is None:
            assert answer.content == b"", self.name
            return
        assert answer.headers["content-type"] == "application/json", self.name
        problems = [f"{list(error.instance_path)}: {error.message}" for error in self.errors(status, answer.json())]
        if status >= 400:
            undocumented = codes_in(status, answer.json()) - self.codes[status]
            assert not undocumented, f"{self.name} {status} does not document {undocumented}"
        assert not problems, f"{self.name} {status} is not as documented: {problems}: {answer.text[:500]}"

    def errors(self, status: int, body: Any) -> Iterator[jsonschema_rs.ValidationError]:
        validator = self.bodies[status]
        assert validator is not None, f"{self.name} {status} has no body"
        return validator.iter_errors(body)


def codes_in(status: int, body: Any) -> set[str]:
    """The error codes in a refusal of any contract; where the status is all that there is, that."""
    match body:
        case {"error": {"code": code}} | {"error": code, "error_description": _}:
            return {code}
        case {"errors": errors}:
            return {one["type"] for one in errors}
        case {"detail": [*problems]}:
            return {problem["type"] for problem in problems}
    return {str(status)}


def check_answer(answer: requests.Response) -> None:
    """Fails unless the answer is one that the document has; calls of no contract pass."""
    operation = find_operation(str(answer.request.method), str(answer.request.url))
    if operation is not None:
        operation.check(answer)


def find_operation(method: str, url: str) -> DocumentedOperation | None:
    path = unquote(urlsplit(url).path)
    candidates = (one for one in documented_operations() if one.method == method and one.path.fullmatch(path))
    return next(candidates, None)


@functools.cache
def documented_operations() -> tuple[DocumentedOperation, ...]:
    """Those of every contract; literal paths before those with parameters, as the service prefers them."""
    found = [
        operation for dialect in DIALECTS for operation in _operations(dialect.name, openapi.document(dialect, ""))
    ]
    return tuple(found)


def _operations(dialect: str, document: dict[str, Any]) -> list[DocumentedOperation]:
    found: list[DocumentedOperation] = []
    for path, methods in sorted(document["paths"].items(), key=lambda item: item[0].count("{")):
        pattern = re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)))
        for method, operation in methods.items():
            bodies = {
                int(status): _validator(response["content"]["application/json"]["schema"], document)
                if "content" in response
                else None
                for status, response in operation["responses"].items()
            }
            headers = {int(status): frozenset(one["headers"]) for status, one in operation["responses"].items()}
            codes: dict[int, set[str]] = {status: set() for status in bodies}
            for status, code in _ROW.findall(operation["description"]):
                codes[int(status)].add(code)
            found.append(
                DocumentedOperation(
                    dialect=dialect,
                    name=operation["operationId"],
                    method=method.upper(),
                    path=pattern,
                    bodies=bodies,
                    headers=headers,
                    codes={status: frozenset(found) for status, found in codes.items()},
                )
            )
    return found


def _validator(schema: dict[str, Any], document: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    whole = {"allOf": [schema], "components": document["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
