"""The reference pages under /docs, made from the same declarations as everything else; no script, nothing remote."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from jackfield.web import openapi
from jackfield.web.contract import Dialect

_HERE: Final = Path(__file__).parent
_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
Page = Callable[[Request], Awaitable[Response]]


def routes(dialects: Sequence[Dialect], public_url: str) -> list[Route]:
    """/docs/, /docs/style.css, and for each dialect /docs/<dialect> and /docs/<dialect>/openapi.json."""
    templates = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    index = templates.get_template("docs_index.html").render(dialects=dialects)
    style = (_HERE / "static" / "docs.css").read_bytes()
    found = [
        Route("/docs", _serve(index.encode(), "text/html"), methods=["GET"]),
        Route("/docs/", _serve(index.encode(), "text/html"), methods=["GET"]),
        Route("/docs/style.css", _serve(style, "text/css"), methods=["GET"]),
    ]
    for dialect in dialects:
        document = openapi.document(dialect, public_url)
        page = templates.get_template("docs_dialect.html").render(
            dialect=dialect,
            document=document,
            base_url=public_url or "http://127.0.0.1:8400",
            operations=list(_operations(document)),
            describe=_describe,
        )
        found += [
            Route(f"/docs/{dialect.name}", _serve(page.encode(), "text/html"), methods=["GET"]),
            Route(
                f"/docs/{dialect.name}/openapi.json",
                _serve(msgspec.json.encode(document), "application/json"),
                methods=["GET"],
            ),
        ]
    return found


def _serve(content: bytes, media_type: str) -> Page:
    response_class = HTMLResponse if media_type == "text/html" else Response

    async def page(_: Request) -> Response:
        return response_class(content, headers=_HEADERS, media_type=media_type)

    return page


def _operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            yield {**operation, "path": path, "method": method.upper(), "body": body}


def _describe(schema: Mapping[str, Any]) -> str:
    """A schema in a few words: `string or null, 1 to 255 characters`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_describe(member) for member in schema["anyOf"])
    if "const" in schema or "enum" in schema:
        return "one of " + ", ".join(str(value) for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {_describe(schema.get('items', {}))}"
    if schema.get("type") == "object" and "additionalProperties" in schema:
        return f"object of {_describe(schema['additionalProperties'])}"
    return _with_limits(schema)


def _with_limits(schema: Mapping[str, Any]) -> str:
    words = str(schema.get("type", "any"))
    if "format" in schema:
        words += f" ({schema['format']})"
    if "minLength" in schema and "maxLength" in schema:
        words += f", {schema['minLength']} to {schema['maxLength']} characters"
    if "minimum" in schema:
        words += f", from {schema['minimum']}"
    return words
