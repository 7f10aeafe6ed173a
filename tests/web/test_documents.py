"""The OpenAPI documents: valid, complete, and true of the answers that the service gives."""

import re
from collections.abc import Iterator
from typing import Any, Final

import jsonschema_rs
import msgspec
import pytest
import requests
from schemathesis.openapi.loaders import from_dict

from jackfield.domain.provider import AUTH_KEYS
from jackfield.web import openapi
from jackfield.web.app import DIALECTS
from jackfield.web.contract import Dialect
from jackfield.web.dialects.hubs.routes import DIALECT as HUBS_DIALECT
from support.checked_tenant import CheckedTenant
from support.documented_answers import documented_operations, find_operation
from support.service import Service

every_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)

#: what each operation can answer with; 500 and 503 cannot be provoked by a caller
V1: Final = {200, 401, 403, 500}
HUBS: Final = {401, 403, 500, 503}
#: the organisations contract, whose every refusal of a request is 400
ORGANISATIONS: Final = {400, 401, 403, 500, 503}
HUBS_BODY: Final = HUBS | {400, 413, 415, 422}
PLATFORM: Final = {200, 401, 403, 500}
OAUTH: Final = PLATFORM | {400, 413}
STATUSES: Final = {
    "integrations_v2.saveIntegration": V1 | {409, 413, 422},
    "integrations_v1.saveIntegration": V1 | {409, 413, 422},
    "integrations_v1.createIntegration": V1 | {409, 413, 422},
    "integrations_v1.listIntegrations": V1 | {422},
    "integrations_v1.listConnectedIntegrations": V1,
    "integrations_v1.listIntegrationSchemas": V1 | {422},
    "integrations_v1.getIntegrationSchema": V1 | {404},
    "integrations_v1.renameIntegration": V1 | {404, 413, 422},
    "integrations_v1.deleteIntegrationSchema": V1 | {404},
    "integrations_v1.getIntegration": V1 | {404},
    "integrations_v1.deleteIntegration": V1 | {404},
    "integrations_v1.setIntegrationActive": V1 | {404, 422},
    "integrations_v1.getConnectionStatus": V1 | {404},
    "integrations_v1.revokeConnections": V1 | {404},
    "hubs.listIntegrations": HUBS | {200, 422},
    "hubs.createIntegration": HUBS_BODY | {201, 409},
    "hubs.getAvailableIntegrations": HUBS | {200},
    "hubs.getIntegration": HUBS | {200, 404, 422},
    "hubs.updateIntegration": HUBS_BODY | {200, 404},
    "hubs.deleteIntegration": HUBS | {202, 404},
    "hubs.createIntegrationTask": HUBS_BODY | {202, 404, 409},
    "hubs.getIntegrationCredential": HUBS | {200, 404, 422},
    "hubs.listIntegrationEvents": HUBS | {200, 404, 422},
    "hubs.listJobs": HUBS | {200, 422},
    "hubs.createConnectSession": HUBS_BODY | {201},
    "hubs.getConnectSession": HUBS | {200, 404},
    "hubs.getLatestJobs": HUBS | {200, 422},
    "hubs.getJob": HUBS | {200, 404, 422},
    "hubs.listItems": HUBS | {200, 422},
    "hubs.putItems": HUBS_BODY | {200, 409},
    "hubs.putItem": HUBS_BODY | {200},
    "hubs.getItem": HUBS | {200, 404},
    "hubs.deleteItem": HUBS | {200, 404},
    "hubs.listDeliveries": HUBS | {200, 404, 422},
    "hubs.retryHeldDeliveries": HUBS | {202, 404, 409, 422},
    "hubs.retryJob": HUBS | {202, 404, 409, 422},
    "hubs.retryDelivery": HUBS | {202, 404, 409, 422},
    "platform.createPlatformIntegration": PLATFORM | {400, 413},
    "platform.listPlatformIntegrations": PLATFORM | {400},
    "platform.updatePlatformIntegration": PLATFORM | {400, 404, 413},
    "platform.getOwnInstallation": PLATFORM | {404},
    "platform.updateInstallation": PLATFORM | {400, 404, 413},
    "platform.issueTokens": OAUTH,
    "platform.revokeToken": OAUTH,
    "platform.introspectToken": OAUTH,
    "platform.getTokenSelf": PLATFORM,
    "platform.replaceClientSecret": PLATFORM | {400, 404},
    "platform.getAuthorizationServerMetadata": {200, 404, 500},
    "platform.getTenantAuthorizationServerMetadata": {200, 404, 500},
    "organisations.listOrganisationIntegrations": ORGANISATIONS | {200},
    "organisations.createOrganisationIntegration": ORGANISATIONS | {201, 413},
    "organisations.getIntegration": ORGANISATIONS | {200, 404},
    "organisations.updateIntegration": ORGANISATIONS | {200, 404, 413},
    "organisations.deleteIntegration": ORGANISATIONS | {204, 404},
    "organisations.syncIntegration": ORGANISATIONS | {202, 404},
}


def fetch(service: Service, dialect: Dialect) -> dict[str, Any]:
    answer = requests.get(f"{service.url}/docs/{dialect.name}/openapi.json", timeout=30)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    document: dict[str, Any] = answer.json()
    return document


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


@every_dialect
def test_the_document_is_served_as_it_is_made(service: Service, dialect: Dialect) -> None:
    assert fetch(service, dialect) == openapi.document(dialect, "")


@every_dialect
def test_the_document_is_openapi_3_1(service: Service, dialect: Dialect) -> None:
    document = fetch(service, dialect)
    assert document["openapi"].startswith("3.1.")
    from_dict(document).validate()
    assert {"title", "version", "description", "contact", "license"} <= set(document["info"])
    assert document["servers"]
    assert set(document) <= {"openapi", "info", "servers", "security", "paths", "components", "tags"}
    for path, method, operation in operations(document):
        assert path.startswith(dialect.prefix)
        assert method in {"get", "post", "put", "patch", "delete"}
        assert {"operationId", "summary", "responses"} <= set(operation)
        for status, response in operation["responses"].items():
            assert re.fullmatch("[1-5][0-9][0-9]", status)
            assert response["description"]


@every_dialect
def test_every_schema_is_a_schema_of_draft_2020_12(service: Service, dialect: Dialect) -> None:
    for name, schema in fetch(service, dialect)["components"]["schemas"].items():
        jsonschema_rs.meta.validate({**schema, "$schema": "https://json-schema.org/draft/2020-12/schema"})
        assert re.fullmatch(r"[A-Za-z0-9._-]+", name)


@every_dialect
def test_every_reference_leads_somewhere_and_every_schema_is_used(service: Service, dialect: Dialect) -> None:
    document = fetch(service, dialect)
    named = {f"#/components/{kind}/{name}" for kind in ("schemas", "headers") for name in document["components"][kind]}
    assert set(references(document)) == named


@every_dialect
def test_every_parameter_of_a_path_is_declared(service: Service, dialect: Dialect) -> None:
    for path, _, operation in operations(fetch(service, dialect)):
        declared = [one["name"] for one in operation["parameters"] if one["in"] == "path"]
        assert declared == re.findall(r"\{(\w+)\}", path)
        assert all(one["required"] for one in operation["parameters"] if one["in"] == "path")


@every_dialect
def test_every_operation_has_a_name_of_its_own(service: Service, dialect: Dialect) -> None:
    names = [operation["operationId"] for _, _, operation in operations(fetch(service, dialect))]
    assert len(names) == len(set(names)) == len(dialect.operations)


@every_dialect
def test_every_operation_tells_how_to_prove_oneself(service: Service, dialect: Dialect) -> None:
    document = fetch(service, dialect)
    schemes = document["components"]["securitySchemes"]
    # the key alone will do everywhere; what else there is comes beside it
    others = [["key", name] for name in dialect.optional_security]
    assert [list(requirement) for requirement in document["security"]] == [["key"], *others]
    # operations that take no key say so themselves
    assert set(schemes) == {"key", *dialect.optional_security, *dialect.other_schemes}
    otherwise = {operation["operationId"] for _, _, operation in operations(document) if "security" in operation}
    assert otherwise == {
        one.name for one in dialect.operations if one.prove is not None or one.authenticate is not None
    }


def test_all_contracts_but_version_2_want_a_bearer_key_and_version_2_an_api_key(service: Service) -> None:
    schemes = {one.name: fetch(service, one)["components"]["securitySchemes"]["key"] for one in DIALECTS}
    for name in ("integrations_v1", "hubs", "platform", "organisations"):
        assert schemes[name].items() >= {"type": "http", "scheme": "bearer"}.items()
    assert schemes["integrations_v2"].items() >= {"type": "apiKey", "in": "header", "name": "x-api-key"}.items()


@pytest.mark.parametrize("name", sorted(STATUSES))
def test_every_operation_states_every_status_that_it_can_answer_with(name: str) -> None:
    [operation] = [one for one in documented_operations() if f"{one.dialect}.{one.name}" == name]
    assert set(operation.bodies) - {422} == STATUSES[name] - {422}
    assert set(operation.bodies) >= STATUSES[name]


def test_these_are_all_operations() -> None:
    assert {f"{one.dialect}.{one.name}" for one in documented_operations()} == set(STATUSES)


@pytest.mark.parametrize("missing", ["name", "has_auth_data", "metadata"])
def test_an_answer_without_one_of_its_fields_is_not_as_documented(tenant: CheckedTenant, missing: str) -> None:
    body = tenant.save().json()
    operation = find_operation("POST", "/api/v2/integrations/save")
    assert operation is not None
    assert list(operation.errors(200, body)) == []
    del body["data"][missing]
    assert list(operation.errors(200, body))


def test_an_unknown_document_is_not_found(service: Service) -> None:
    assert requests.get(f"{service.url}/docs/nonsense/openapi.json", timeout=30).status_code == 404


def test_links_never_come_from_the_host_header(service: Service) -> None:
    for path in ("/docs/", "/docs/integrations_v1", "/docs/integrations_v1/openapi.json"):
        answer = requests.get(service.url + path, headers={"Host": "evil.example"}, timeout=30)
        assert "evil" not in answer.text


# What people read


def described_places(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Everything in a document that has to be described, with what is said of it."""
    yield "info", document["info"]["description"]
    for tag in document["tags"]:
        yield f"tag {tag['name']}", tag["description"]
    for name, scheme in document["components"]["securitySchemes"].items():
        yield f"scheme {name}", scheme.get("description", "")
    for name, header in document["components"]["headers"].items():
        yield f"header {name}", header["description"]
    for _, _, operation in operations(document):
        yield from described_places_of(operation)
    for name, schema in document["components"]["schemas"].items():
        yield name, schema.get("description", "")
        yield from members(name, schema)


def described_places_of(operation: dict[str, Any]) -> Iterator[tuple[str, str]]:
    name = operation["operationId"]
    yield f"{name} summary", operation["summary"]
    yield f"{name} description", operation["description"]
    if "requestBody" in operation:
        yield f"{name} body", operation["requestBody"]["description"]
    for parameter in operation["parameters"]:
        yield f"{name} parameter {parameter['name']}", parameter["description"]
    for status, response in operation["responses"].items():
        yield f"{name} {status}", response["description"]


def members(place: str, schema: Any) -> Iterator[tuple[str, str]]:
    """The members of every object in a schema, at any depth."""
    if isinstance(schema, list):
        for part in schema:
            yield from members(place, part)
    elif isinstance(schema, dict):
        for name, part in schema.get("properties", {}).items():
            yield f"{place}.{name}", part.get("description", "")
        for key, part in schema.items():
            yield from members(place, part) if key != "properties" else members(place, list(part.values()))


@every_dialect
def test_everything_is_described_in_words(service: Service, dialect: Dialect) -> None:
    places = list(described_places(fetch(service, dialect)))
    assert len(places) > 50
    # two words at least: a name alone describes nothing
    assert [place for place, said in places if len(said.split()) < 2] == []


@every_dialect
def test_what_is_said_is_whole_sentences_in_markdown_without_words_of_the_program(
    service: Service, dialect: Dialect
) -> None:
    for place, said in described_places(fetch(service, dialect)):
        assert said == said.strip(), place
        assert said[0].isupper() or said[0] == "`", place
        assert said.count("`") % 2 == 0, place
        # Markdown takes an indented line for code
        assert not re.search(r"^(?: {4}|\t)", said, re.MULTILINE), place
        assert not re.search(r"\b(None|UNSET|Raises|struct|ADR)\b|Attributes:|:param", said), place


@every_dialect
def test_every_operation_has_a_group_and_every_group_is_used(service: Service, dialect: Dialect) -> None:
    document = fetch(service, dialect)
    groups = [tag["name"] for tag in document["tags"]]
    assert len(groups) == len(set(groups))
    assert {tag for _, _, operation in operations(document) for tag in operation["tags"]} == set(groups)
    assert all(len(operation["tags"]) == 1 for _, _, operation in operations(document))


@every_dialect
def test_a_document_names_licence_contact_and_server(service: Service, dialect: Dialect) -> None:
    document = fetch(service, dialect)
    assert document["info"]["license"]["identifier"] == "Apache-2.0"
    assert document["info"]["contact"]["name"]
    assert document["servers"][0]["description"]
    public = openapi.document(dialect, "https://integrations.example.com")
    assert public["servers"][0]["url"] == "https://integrations.example.com"
    assert public["info"]["contact"]["url"] == f"https://integrations.example.com/docs/{dialect.name}"


# What programs read


def schemas_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a document that is, or could be, a schema."""
    if isinstance(value, dict):
        yield value
        for name, part in value.items():
            # examples are data
            if name not in {"example", "examples"}:
                yield from schemas_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from schemas_in(part)


@every_dialect
def test_no_member_or_parameter_has_a_default_which_generators_take_for_always_there(
    service: Service, dialect: Dialect
) -> None:
    document = fetch(service, dialect)
    assert [one for one in schemas_in(document) if "default" in one and "type" in one] == []
    for operation in dialect.operations:
        for struct in (operation.body, operation.query):
            needed = (
                {field.encode_name for field in msgspec.structs.fields(struct) if field.required} if struct else set()
            )
            if struct is operation.body and struct is not None:
                assert set(document["components"]["schemas"][struct.__name__].get("required", ())) == needed


@every_dialect
def test_every_enumeration_has_a_type(service: Service, dialect: Dialect) -> None:
    assert [one for one in schemas_in(fetch(service, dialect)) if "enum" in one and "type" not in one] == []


@every_dialect
def test_every_id_in_a_path_has_a_pattern_and_an_example_that_fits(service: Service, dialect: Dialect) -> None:
    for _, _, operation in operations(fetch(service, dialect)):
        for parameter in operation["parameters"]:
            if parameter["in"] == "path":
                schema = parameter["schema"]
                assert {"pattern", "format", "enum", "minLength"} & set(schema), parameter["name"]
                assert schema["examples"]
                for example in schema["examples"]:
                    jsonschema_rs.validate(schema, example)


def test_the_credential_of_hubs_has_its_eight_keys_and_no_others(service: Service) -> None:
    schemas = fetch(service, HUBS_DIALECT)["components"]["schemas"]
    for name in ("CreateIntegration", "UpdateIntegration"):
        auth = schemas[name]["properties"]["auth"]
        keys = next(one for one in auth["anyOf"] if one["type"] == "object")
        assert list(keys["properties"]) == list(AUTH_KEYS)
        assert keys["additionalProperties"] is False


@every_dialect
def test_headers_of_answers_are_declared(service: Service, dialect: Dialect) -> None:
    for _, _, operation in operations(fetch(service, dialect)):
        headers = {int(status): set(answer["headers"]) for status, answer in operation["responses"].items()}
        assert all("X-Request-Id" in names for names in headers.values())
        assert "WWW-Authenticate" in headers.get(401, {"WWW-Authenticate"})
        assert all("Retry-After" in names for status, names in headers.items() if status in {429, 503})
        takes_key = any(one["name"] == "Idempotency-Key" for one in operation["parameters"])
        assert any("Idempotent-Replayed" in names for names in headers.values()) == takes_key


@every_dialect
def test_every_error_code_is_in_the_table_of_the_document_and_of_the_operations_that_answer_it(
    service: Service, dialect: Dialect
) -> None:
    document = fetch(service, dialect)
    for fault in dialect.faults:
        row = f"| {fault.status} | `{fault.code}` | {fault.meaning} | {fault.remedy} |"
        assert row in document["info"]["description"]
    for _, _, operation in operations(document):
        for status in operation["responses"]:
            assert int(status) < 400 or f"| {status} | `" in operation["description"], operation["operationId"]


@every_dialect
def test_every_time_is_documented_as_a_date_and_time(service: Service, dialect: Dialect) -> None:
    """Version 2's created_at has no zone, so it is none by RFC 3339, and has a pattern instead."""
    for name, schema in fetch(service, dialect)["components"]["schemas"].items():
        for field in {"created_at", "updated_at", "connected_at", "expires_at"} & set(schema.get("properties", ())):
            described = schema["properties"][field]
            text = next(one for one in described.get("anyOf", [described]) if one["type"] == "string")
            assert text.get("format") == "date-time" or "pattern" in text, (name, field)
