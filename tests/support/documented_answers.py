"""Measures an answer against the OpenAPI document of the contract that the call belongs to."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import jsonschema_rs
import requests

from jackfield.web import openapi
from jackfield.web.app import DIALECTS


@dataclass(frozen=True)
class DocumentedOperation:
    """One operation of one document, with a validator for the body of each status, None for no body."""

    dialect: str
    name: str
    method: str
    path: re.Pattern[str]
    bodies: dict[int, jsonschema_rs.Draft202012Validator | None]

    def check(self, answer: requests.Response) -> None:
        status = answer.status_code
        assert status in self.bodies, f"{self.name} does not document {status}: {answer.text[:500]}"
        if self.bodies[status] is None:
            assert answer.content == b"", self.name
            return
        assert answer.headers["content-type"] == "application/json", self.name
        problems = [f"{list(error.instance_path)}: {error.message}" for error in self.errors(status, answer.json())]
        assert not problems, f"{self.name} {status} is not as documented: {problems}: {answer.text[:500]}"

    def errors(self, status: int, body: Any) -> Iterator[jsonschema_rs.ValidationError]:
        validator = self.bodies[status]
        assert validator is not None, f"{self.name} {status} has no body"
        return validator.iter_errors(body)


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
            found.append(DocumentedOperation(dialect, operation["operationId"], method.upper(), pattern, bodies))
    return found


def _validator(schema: dict[str, Any], document: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    whole = {"allOf": [schema], "components": document["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
