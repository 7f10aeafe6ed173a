"""JMESPath (https://jmespath.org/specification.html) that names the setting by which people know an installation.

An expression comes from a stranger. It is compiled under a limit of its length, and only what cannot grow (names, places
in lists, `||`) is ever evaluated.
"""

import warnings
from collections.abc import Mapping
from typing import Any, Final

import jmespath
from jmespath.exceptions import JMESPathError

from jackfield.domain.app_schema import declared_properties, resolved

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
    if schema is None or not declared_properties(schema):
        return None
    try:
        found = list(_leads_to(node, [schema], schema))
    except RecursionError:
        found = []
    if not found or not all(_is_string(one, schema) for one in found):
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


def _leads_to(node: Node, schemas: list[Any], root: Mapping[str, Any]) -> list[Any]:
    """The schemas of what the expression can find in a value of these schemas; None among them for something else."""
    children = node["children"]
    match node["type"]:
        case "field":
            return [declared_properties(one, root).get(node["value"]) for one in schemas]
        case "subexpression" | "index_expression" | "pipe":
            for child in children:
                schemas = _leads_to(child, schemas, root)
            return schemas
        case "or_expression":
            return [found for child in children for found in _leads_to(child, schemas, root)]
        case "index":
            return [_element(one, node["value"], root) for one in schemas]
        case "identity" | "current":
            return schemas
        case _:
            return [None]


def _element(schema: Any, index: int, root: Mapping[str, Any]) -> Any:
    schema = resolved(schema, root)
    if not isinstance(schema, Mapping):
        return None
    first = schema.get("prefixItems")
    if isinstance(first, list) and 0 <= index < len(first):
        return first[index]
    return schema.get("items")


def _is_string(schema: Any, root: Mapping[str, Any]) -> bool:
    schema = resolved(schema, root)
    if not isinstance(schema, Mapping):
        return False
    kind = schema.get("type")
    return kind == "string" or (isinstance(kind, list) and "string" in kind)
