"""An OpenAPI 3.1 document from a dialect's declaration: the same types that decode and encode describe."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from jackfield.web import form_body, idempotency, openapi_errors
from jackfield.web.contract import Answer, Dialect, Operation, PathParameter
from jackfield.web.openapi_schemas import Schemas, describe, schemas

_EXAMPLES: Final = Path(__file__).parent / "examples"
_PATH_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_HEADER_REFERENCE: Final = "#/components/headers/"
_JSON: Final = "application/json"
_LICENCE: Final = {"name": "Apache License 2.0", "identifier": "Apache-2.0"}
#: what the headers of answers say
_HEADERS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "X-Request-Id": (
        "Names this request in the service's log: the `X-Request-Id` that you sent, or a new one.",
        {"type": "string", "examples": ["9f86d081884c7d659a2feaa0"]},
    ),
    "WWW-Authenticate": ("How to authenticate.", {"type": "string", "examples": ["Bearer"]}),
    "Retry-After": ("How many seconds to wait before you retry.", {"type": "string", "examples": ["1"]}),
    idempotency.REPLAYED: (
        "`true` when this is the stored answer to an earlier call with the same `Idempotency-Key`. Absent otherwise.",
        {"type": "string", "enum": ["true"]},
    ),
}
_BY_STATUS: Final[Mapping[int, str]] = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}
#: statuses of refusals that come before a call is looked up by its Idempotency-Key
_NEVER_REPLAYED: Final = frozenset({400, 401, 413, 415})


def document(dialect: Dialect, server: str) -> dict[str, Any]:
    """The document; `server` is the address under which clients reach the service, or empty."""
    known = schemas(list(_sent(dialect)), list(_answered(dialect)))
    components = dict(known.components)
    paths: dict[str, dict[str, Any]] = {}
    # a query is described by its parameters; its struct is no schema that anybody sends or receives
    names = {operation.query.__name__ for operation in dialect.operations if operation.query is not None}
    queries = {name: components.pop(name) for name in names}
    for operation in dialect.operations:
        described = _operation(operation, dialect, known, queries)
        paths.setdefault(dialect.prefix + operation.path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": dialect.title,
            "version": dialect.version,
            "description": _join(dialect.description, openapi_errors.text(dialect)),
            "contact": {
                "name": "The operator of this service",
                **({"url": f"{server}/docs/{dialect.name}"} if server else {}),
            },
            "license": dict(_LICENCE),
        },
        "servers": [{"url": server or "/", "description": "This service"}],
        "security": [{"key": []}, *({"key": [], name: []} for name in dialect.optional_security)],
        "tags": [{"name": name, "description": said} for name, said in dialect.tags.items()],
        "paths": paths,
        "components": {
            "schemas": components,
            "headers": {name: _header(name) for name in sorted(_headers_in(paths))},
            "securitySchemes": {
                "key": dict(dialect.security_scheme),
                **{name: dict(scheme) for name, scheme in dialect.optional_security.items()},
                **{name: dict(scheme) for name, scheme in dialect.other_schemes.items()},
            },
        },
    }


def answers(operation: Operation, dialect: Dialect) -> dict[int, Answer]:
    """Every status that the operation can answer with, in order."""
    is_filtered = dialect.filters is not None and operation.method == "GET"
    reads = operation.body is not None or operation.query is not None or is_filtered
    invalid = dialect.invalid_answers if reads else {}
    idempotent = dialect.idempotency_answers if dialect.takes_idempotency_key(operation) else {}
    return dict(sorted({**dialect.shared_answers, **invalid, **idempotent, **operation.answers}.items()))


@cache
def examples(dialect: str) -> Mapping[str, Any]:
    """A call of each operation: what fills in its `path` and `query`, its `body`, and its answer, `response`."""
    path = _EXAMPLES / f"{dialect}.json"
    found: Mapping[str, Any] = msgspec.json.decode(path.read_bytes()) if path.exists() else {}
    return found


def _sent(dialect: Dialect) -> Iterator[Any]:
    for operation in dialect.operations:
        for declared in (operation.body, operation.query):
            if declared is not None:
                yield declared


def _answered(dialect: Dialect) -> Iterator[Any]:
    for operation in dialect.operations:
        for answer in answers(operation, dialect).values():
            if answer.body is not None:
                yield answer.body


def _operation(operation: Operation, dialect: Dialect, known: Schemas, queries: Mapping[str, Any]) -> dict[str, Any]:
    example = examples(dialect.name).get(operation.name, {})
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": _description(operation, dialect),
        **({"tags": [operation.tag]} if operation.tag else {}),
        "parameters": [
            *_exemplified(_path_parameters(operation, dialect), example.get("path", {})),
            *_exemplified(_query_parameters(operation, queries), example.get("query", {})),
            *([idempotency.PARAMETER] if dialect.takes_idempotency_key(operation) else []),
        ],
        "responses": {
            str(status): _response(operation, dialect, status, answer, known)
            for status, answer in answers(operation, dialect).items()
        },
    }
    if operation.body is not None:
        shown = {"example": example["body"]} if "body" in example else {}
        content = {form_body.TYPE if operation.form else _JSON: {"schema": known.of[operation.body], **shown}}
        described["requestBody"] = {
            "description": describe(operation.body)[0],
            "required": True,
            "content": content,
        }
    if operation.authenticate is not None and operation.scheme is not None:
        described["security"] = [{operation.scheme: []}]
    if operation.prove is not None:
        described["security"] = [] if operation.scheme is None else [{operation.scheme: []}]
        if operation.form:
            # what opens the call may stand in the form itself
            described["security"].append({})
    return described


def _description(operation: Operation, dialect: Dialect) -> str:
    # the first paragraph only says what the query is
    of_query = "" if operation.query is None else describe(operation.query)[0].partition("\n\n")[2]
    faults = [
        fault
        for status, answer in answers(operation, dialect).items()
        for fault in openapi_errors.faults_of(dialect, status, answer)
    ]
    return _join(operation.description, of_query, _needs(operation), openapi_errors.table(faults))


def _needs(operation: Operation) -> str:
    if operation.prove is not None:
        return operation.needs
    return f"Requires the capability `{operation.capability}`." if operation.capability else "Any valid key will do."


def _response(operation: Operation, dialect: Dialect, status: int, answer: Answer, known: Schemas) -> dict[str, Any]:
    described: dict[str, Any] = {"description": answer.description}
    described["headers"] = {
        name: {"$ref": _HEADER_REFERENCE + name} for name in _headers_of(operation, dialect, status, answer)
    }
    if answer.body is not None:
        example = examples(dialect.name).get(operation.name, {})
        shown = {"example": example["response"]} if status == operation.success and "response" in example else {}
        described["content"] = {_JSON: {"schema": known.of[answer.body], **shown}}
    return described


def _headers_of(operation: Operation, dialect: Dialect, status: int, answer: Answer) -> Iterator[str]:
    yield "X-Request-Id"
    if status in _BY_STATUS:
        yield _BY_STATUS[status]
    yield from answer.headers
    if dialect.takes_idempotency_key(operation) and status < 500 and status not in _NEVER_REPLAYED:
        yield idempotency.REPLAYED


def _headers_in(paths: Mapping[str, Mapping[str, Any]]) -> set[str]:
    operations = (operation for methods in paths.values() for operation in methods.values())
    return {name for one in operations for response in one["responses"].values() for name in response["headers"]}


def _header(name: str) -> dict[str, Any]:
    said, schema = _HEADERS[name]
    return {"description": said, "schema": dict(schema)}


def _path_parameters(operation: Operation, dialect: Dialect) -> Iterator[dict[str, Any]]:
    unknown = PathParameter("", {"type": "string"})
    for name in _PATH_PARAMETER.findall(operation.path):
        parameter = dialect.path_parameters.get(name, unknown)
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": parameter.description,
            "schema": dict(parameter.schema),
        }


def _exemplified(parameters: Iterator[dict[str, Any]], values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for parameter in parameters:
        name = parameter["name"]
        yield {**parameter, "example": values[name]} if name in values else parameter


def _query_parameters(operation: Operation, queries: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if operation.query is None:
        return
    struct = queries[operation.query.__name__]
    for name, schema in struct["properties"].items():
        yield {
            "name": name,
            "in": "query",
            "required": name in struct.get("required", ()),
            "description": schema.get("description", ""),
            "schema": {key: value for key, value in schema.items() if key != "description"},
        }


def _join(*paragraphs: str) -> str:
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
