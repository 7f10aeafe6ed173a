"""An OpenAPI 3.1 document from a dialect's declaration: the same types that decode and encode describe."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from jackfield.web import form_body, idempotency
from jackfield.web.contract import Answer, Dialect, Operation

_PATH_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_REFERENCE: Final = "#/components/schemas/{name}"


def document(dialect: Dialect, server: str) -> dict[str, Any]:
    """The document; `server` is the address under which clients reach the service, or empty."""
    schemas, components = msgspec.json.schema_components(_types(dialect), ref_template=_REFERENCE)
    schema_of = dict(zip(_types(dialect), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    # a query is described by its parameters; its struct is no schema that anybody sends or receives
    names = {operation.query.__name__ for operation in dialect.operations if operation.query is not None}
    queries = {name: components.pop(name) for name in names}
    for operation in dialect.operations:
        described = _operation(operation, dialect, schema_of, queries)
        paths.setdefault(dialect.prefix + operation.path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": dialect.title,
            "version": dialect.version,
            "description": dialect.description,
        },
        "servers": [{"url": server or "/"}],
        "security": [{"key": []}, *({"key": [], name: []} for name in dialect.optional_security)],
        "paths": paths,
        "components": {
            "schemas": components,
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


def _types(dialect: Dialect) -> list[Any]:
    found: dict[Any, None] = {}
    for operation in dialect.operations:
        for answer in answers(operation, dialect).values():
            if answer.body is not None:
                found[answer.body] = None
        for declared in (operation.body, operation.query):
            if declared is not None:
                found[declared] = None
    return list(found)


def _operation(
    operation: Operation, dialect: Dialect, schema_of: Mapping[Any, Any], queries: Mapping[str, Any]
) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": _needs(operation),
        "parameters": [
            *_path_parameters(operation),
            *_query_parameters(operation, queries),
            *([idempotency.PARAMETER] if dialect.takes_idempotency_key(operation) else []),
        ],
        "responses": {
            str(status): {
                "description": answer.description,
                **(
                    {} if answer.body is None else {"content": {"application/json": {"schema": schema_of[answer.body]}}}
                ),
            }
            for status, answer in answers(operation, dialect).items()
        },
    }
    if operation.body is not None:
        content = {form_body.TYPE if operation.form else "application/json": {"schema": schema_of[operation.body]}}
        described["requestBody"] = {"required": True, "content": content}
    if operation.prove is not None:
        described["security"] = [] if operation.scheme is None else [{operation.scheme: []}]
        if operation.form:
            # what opens the call may stand in the form itself
            described["security"].append({})
    return described


def _needs(operation: Operation) -> str:
    if operation.prove is not None:
        return operation.needs
    return f"Needs the capability `{operation.capability}`." if operation.capability else "Any key will do."


def _path_parameters(operation: Operation) -> Iterator[dict[str, Any]]:
    for name in _PATH_PARAMETER.findall(operation.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query_parameters(operation: Operation, queries: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if operation.query is None:
        return
    struct = queries[operation.query.__name__]
    for name, schema in struct["properties"].items():
        yield {
            "name": name,
            "in": "query",
            "required": name in struct.get("required", ()),
            "schema": schema,
        }
