"""The smallest right request for any operation of any contract, made from its document."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from jackfield.domain import ids
from jackfield.web import openapi
from jackfield.web.contract import Dialect, Operation

#: how a contract spells an integration's id, where that is not a UUID
SPELLINGS: Final[Mapping[str, Callable[[int], str]]] = {
    "hubs": ids.to_hex,
    "platform": ids.to_hex,
    "organisations": ids.to_decimal,
}
#: bodies of which the document does not tell all, since the catalogue does
BODIES: Final[Mapping[tuple[str, str], Any]] = {
    ("hubs", "createIntegration"): {"vendor": "sentry", "auth": {"api_key": "token"}},
    ("hubs", "createIntegrationTask"): {"action": "verify"},
    ("hubs", "createConnectSession"): {"vendor": "github"},
    ("hubs", "putItems"): {"items": [{"type": "work_item", "key": "kept", "title": "Kept"}]},
    ("organisations", "createOrganisationIntegration"): {
        "provider": "github",
        "item_type": "none",
        "configuration": '{"access_token":"token"}',
    },
}


def minimal_request(
    dialect: Dialect,
    operation: Operation,
    integration: int,
    job: int,
    organisation: int,
    user: str,
    delivery: int = 1,
    *,
    session: int = 1,
) -> dict[str, Any]:
    """`method`, `path`, `params` and `json` of a call about this integration, job or organisation by this user.

    Calls about an item are about the work item `kept`.
    """
    document = openapi.document(dialect, "")
    described = document["paths"][dialect.prefix + operation.path][operation.method.lower()]
    spell = SPELLINGS.get(dialect.name, ids.to_uuid)
    spelled = spell(integration)
    values = {
        **dict.fromkeys(("id", "integrationId", "integration_id"), spelled),
        "jobId": spell(job),
        "organisation_id": spell(organisation),
        "provider": "sentry",
        "user_id": user,
        "itemType": "work_item",
        "key": "kept",
        "deliveryId": spell(delivery),
        "sessionId": spell(session),
    }
    path = dialect.prefix + operation.path
    params: dict[str, Any] = {}
    for parameter in described["parameters"]:
        name = parameter["name"]
        if parameter["in"] == "path":
            path = path.replace(f"{{{name}}}", values[name])
        elif parameter["required"]:
            params[name] = _as_text(_value(parameter["schema"], document))
    return {
        "method": operation.method,
        "path": path,
        "params": params,
        "json": BODIES.get((dialect.name, operation.name)) or required_body(document, described),
    }


def required_body(document: Mapping[str, Any], described: Mapping[str, Any]) -> Any:
    """The body with the members that the document requires and no others; None where the operation takes none."""
    content = described.get("requestBody", {}).get("content", {})
    return next((_value(one["schema"], document) for one in content.values()), None)


def key_header(dialect: Dialect, operation: Operation, key: str) -> dict[str, str]:
    """The header in which the operation wants its key."""
    scheme = dialect.security_scheme
    if operation.authenticate is not None and operation.scheme is not None:
        scheme = dialect.other_schemes[operation.scheme]
    if scheme["type"] == "apiKey":
        return {scheme["name"]: key}
    return {"Authorization": f"Bearer {key}"}


def _value(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Any:
    """Some small value that the schema allows; of an object, only what is required."""
    while "type" not in schema and "enum" not in schema:
        schema = _meant(schema, document)
    if "enum" in schema:
        return schema["enum"][0]
    if schema["type"] == "object":
        return {name: _value(schema["properties"][name], document) for name in schema.get("required", ())}
    if schema["type"] == "string":
        return "x" * max(1, schema.get("minLength", 1))
    number = schema.get("minimum", 0)
    return {"array": [], "integer": number, "number": number, "boolean": True, "null": None}[schema["type"]]


def _meant(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema that a reference names, or the first of several."""
    if "$ref" in schema:
        named: Mapping[str, Any] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return named
    first: Mapping[str, Any] = next(schema[name] for name in ("anyOf", "oneOf", "allOf") if name in schema)[0]
    return first


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
