"""JMESPath (https://jmespath.org/specification.html) that names the setting by which people know an installation.

An expression comes from a stranger. It is compiled under a limit of its length, and only what cannot grow (names,
places in lists, `||`) is ever evaluated.
"""

import warnings
from collections.abc import Mapping
from typing import Any, Final

import jmespath
from jmespath.exceptions import JMESPathError

from jackfield.domain.app_schema import Document

LIMIT: Final = 1024
_BOUNDED: Final = frozenset(
    {"field", "subexpression", "index_expression", "index", "or_expression", "pipe", "identity", "current"}
)

Node = Mapping[str, Any]


def complaint_of_path(path: str, schema: Mapping[str, Any] | None) -> str | None:
    """What is wrong with the expression, for a form of this schema; None for nothing."""
    if len(path) > LIMIT:
        return f"The expression is longer than {LIMIT} characters"
    node = _compiled(path)
    if node is None:
        return "This is no JMESPath expression, or it nests too deep"
    document = Document(schema or {})
    if not document.properties(document.root):
        return None
    try:
        found = _leads_to(node, [document.root], document)
    except RecursionError:
        found = []
    if not found or not all(_is_string(one, document) for one in found):
        return "The expression has to lead to a property of type string that configuration_fields declares"
    return None


def identify(path: str, configuration: Mapping[str, Any]) -> str | None:
    """The text that the expression finds; None when it finds none, or is of a kind that is not evaluated."""
    node = _compiled(path)
    try:
        if node is None or not _is_bounded(node):
            return None
        found = jmespath.search(path, configuration)
    except (JMESPathError, RecursionError, ValueError, TypeError):
        return None
    return found if isinstance(found, str) and found.strip() else None


def _compiled(path: str) -> Node | None:
    try:
        with warnings.catch_warnings():
            # of a way to write literals that is old, and good all the same
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            parsed: Node = jmespath.compile(path).parsed
    # whatever a stranger's text makes of the parser, the text is wrong
    except (JMESPathError, RecursionError, ValueError, TypeError, KeyError, IndexError, AttributeError):
        return None
    return parsed


def _is_bounded(node: Node) -> bool:
    return node["type"] in _BOUNDED and all(_is_bounded(child) for child in node["children"])


def _leads_to(node: Node, schemas: list[Any], document: Document) -> list[Any]:
    """The schemas of what the expression can find in a value of these schemas; None among them for something else."""
    children = node["children"]
    match node["type"]:
        case "field":
            return [document.properties(one).get(node["value"]) for one in schemas]
        case "subexpression" | "index_expression" | "pipe":
            for child in children:
                schemas = _leads_to(child, schemas, document)
            return schemas
        case "or_expression":
            found = [one for child in children for one in _leads_to(child, schemas, document)]
            # each once, or `(a || a) | (a || a) | ...` would double at every step
            return list({id(one): one for one in found}.values())
        case "index":
            return [_element(one, node["value"], document) for one in schemas]
        case "identity" | "current":
            return schemas
        case _:
            return [None]


def _element(schema: Any, index: int, document: Document) -> Any:
    schema = document.resolved(schema)
    if not isinstance(schema, Mapping):
        return None
    first = schema.get("prefixItems")
    if isinstance(first, list) and 0 <= index < len(first):
        return first[index]
    return schema.get("items")


def _is_string(schema: Any, document: Document) -> bool:
    schema = document.resolved(schema)
    if not isinstance(schema, Mapping):
        return False
    kind = schema.get("type")
    return kind == "string" or (isinstance(kind, list) and "string" in kind)
