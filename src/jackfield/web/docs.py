"""The reference pages under /docs, made from the same declarations as everything else; no script, nothing remote."""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from jackfield.domain.provider import Manifest
from jackfield.web import form_body, openapi
from jackfield.web.contract import Dialect
from jackfield.web.pages.rendering import ISOLATED

_HERE: Final = Path(__file__).parent
_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}).enable("table")
_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    **ISOLATED,
}
#: how a shell proves itself by a scheme; the key's is the dialect's
_CREDENTIALS: Final = {
    "key": None,
    "apiKey": '-H "x-api-key: $API_KEY"',
    "token": '-H "Authorization: Bearer $ACCESS_TOKEN"',
    "client": '-u "$CLIENT_ID:$CLIENT_SECRET"',
    None: "",
}
Page = Callable[[Request], Awaitable[Response]]


def routes(dialects: Sequence[Dialect], manifests: Sequence[Manifest], public_url: str) -> list[Route]:
    """/docs/, its style and icon; for each dialect /docs/<dialect> and its openapi.json; /docs/providers/<slug>."""
    templates = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    templates.filters |= {"prose": _prose, "inline": _inline, "breakable": _breakable}
    index = templates.get_template("docs_index.html").render(dialects=dialects, manifests=manifests)
    style = (_HERE / "static" / "docs.css").read_bytes()
    icon = (_HERE / "static" / "icon.svg").read_bytes()
    found = [
        Route("/docs", _serve(index.encode(), "text/html"), methods=["GET"]),
        Route("/docs/", _serve(index.encode(), "text/html"), methods=["GET"]),
        Route("/docs/style.css", _serve(style, "text/css"), methods=["GET"]),
        Route("/docs/icon.svg", _serve(icon, "image/svg+xml"), methods=["GET"]),
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
    return [*found, *_provider_routes(templates, manifests)]


def _provider_routes(templates: Environment, manifests: Sequence[Manifest]) -> Iterator[Route]:
    pages = {"/docs/providers": templates.get_template("docs_providers.html").render(manifests=manifests)}
    for manifest in manifests:
        keys = {secret.name: secret.auth_key for secret in manifest.secrets}
        page = templates.get_template("docs_provider.html").render(manifest=manifest, keys=keys)
        pages[f"/docs/providers/{manifest.slug}"] = page
    for path, page in pages.items():
        yield Route(path, _serve(page.encode(), "text/html"), methods=["GET"])


def _serve(content: bytes, media_type: str) -> Page:
    response_class = HTMLResponse if media_type == "text/html" else Response

    async def page(_: Request) -> Response:
        return response_class(content, headers=_HEADERS, media_type=media_type)

    return page


def _operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    schemas = document["components"]["schemas"]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            sent: Mapping[str, Any] = next(iter(content.values()), {})
            body = sent.get("schema")
            example = sent["example"] if "example" in sent else _example(body, schemas, "") if body else None
            form = form_body.TYPE in content
            yield {
                **operation,
                "path": path,
                "method": method.upper(),
                "body": body,
                "form": form,
                "example": None if example is None else urlencode(example) if form else _to_json(example),
                "credentials": _CREDENTIALS[_scheme(operation)],
                "example_path": _example_path(path, operation["parameters"]),
                "response": _response_example(operation),
            }


def _scheme(operation: Mapping[str, Any]) -> str | None:
    """The name of the scheme by which the operation is called; None: by none."""
    named: Mapping[str, Any] = next(iter(operation.get("security", [{"key": []}])), {})
    return next(iter(named), None)


def _response_example(operation: Mapping[str, Any]) -> str | None:
    """The JSON of the answer in the document, laid out for people; None: it has no body."""
    for answer in operation["responses"].values():
        for content in answer.get("content", {}).values():
            if "example" in content:
                return msgspec.json.format(_to_json(content["example"]), indent=2)
    return None


def _to_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _example(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str) -> Any:
    """A value that the schema accepts: what is required, and no more."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    if "examples" in schema or "enum" in schema:
        return [*schema.get("examples", ()), *schema.get("enum", ())][-1 if "enum" in schema else 0]
    if schema.get("type") == "object":
        required = schema.get("required", ())
        return {field: _example(schema["properties"][field], schemas, field) for field in required}
    return f"my-{name.replace('_', '-')}"


def _example_path(path: str, parameters: Sequence[Mapping[str, Any]]) -> str:
    """The path as a shell would fill it in, with the parameters that the example has, and those that are required.

    What differs everywhere, such as ids, is a variable of the shell.
    """
    for one in parameters:
        if one["in"] == "path":
            filled = quote(one["example"]) if "example" in one else f"${variable(one['name'])}"
            path = path.replace(f"{{{one['name']}}}", filled)
    query = {
        one["name"]: one.get("example", "true")
        for one in parameters
        if one["in"] == "query" and (one["required"] or "example" in one)
    }
    return f"{path}?{urlencode(query)}" if query else path


def variable(parameter: str) -> str:
    """The shell variable for a part of a path: `INTEGRATION_ID` for `integrationId`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", parameter).upper()


def _describe(schema: Mapping[str, Any]) -> str:
    """A plain schema in a few words: `string, 1 to 255 characters`."""
    words = str(schema.get("type", "any"))
    if "format" in schema:
        words += f" ({schema['format']})"
    if "minLength" in schema and "maxLength" in schema:
        words += f", {schema['minLength']} to {schema['maxLength']} characters"
    if "minimum" in schema:
        words += f", from {schema['minimum']}"
    return words


def _prose(text: str) -> Markup:
    """The HTML of a Markdown text; HTML in it is shown, not obeyed."""
    return Markup(_MARKDOWN.render(text))  # noqa: S704  nothing passes unescaped


def _inline(text: str) -> Markup:
    """The HTML of a Markdown text of one paragraph, without the paragraph."""
    return Markup(_MARKDOWN.renderInline(text))  # noqa: S704  nothing passes unescaped


def _breakable(name: str) -> Markup:
    """A long name may be broken behind an underscore, and nowhere else."""
    return Markup(str(escape(name)).replace("_", "_<wbr>"))  # noqa: S704  escaped here
