"""The words in which both versions refuse a request: every error, in the order of the fields."""

from collections.abc import Sequence
from typing import Any

import pytest
import requests

from support.checked_tenant import CheckedTenant
from support.tenant import V2, v1_body

Item = dict[str, Any]
Case = tuple[tuple[str | int, ...], Any, Item]

MISSING = {"msg": "field required", "type": "value_error.missing"}
ENUM = {"msg": "value is not a valid enumeration member", "type": "type_error.enum"}
NULL = {"msg": "none is not an allowed value", "type": "type_error.none.not_allowed"}
STRING = {"msg": "str type expected", "type": "type_error.str"}
BOOLEAN = {"msg": "value could not be parsed to a boolean", "type": "type_error.bool"}
OBJECT = {"msg": "value is not a valid dict", "type": "type_error.dict"}
LIST = {"msg": "value is not a valid list", "type": "type_error.list"}
DATETIME = {"msg": "invalid datetime format", "type": "value_error.datetime"}
SHORT = {
    "msg": "ensure this value has at least 1 characters",
    "type": "value_error.any_str.min_length",
    "ctx": {"limit_value": 1},
}
LONG = {
    "msg": "ensure this value has at most 255 characters",
    "type": "value_error.any_str.max_length",
    "ctx": {"limit_value": 255},
}

VERSION_1_FIELDS = list(v1_body())
MINIMAL = {"name": "n", "integration_type": "sentry"}


def item(*location: str | int, **words: Any) -> Item:
    return {"loc": ["body", *location], **words}


def refused(answer: requests.Response) -> list[Item]:
    """The errors of a refusal, which has nothing beside them."""
    assert answer.status_code == 422, answer.text
    assert list(answer.json()) == ["detail"]
    errors: list[Item] = answer.json()["detail"]
    return errors


def each(section: str, names: Sequence[str], values: Sequence[Any], words: Item) -> list[Case]:
    """Each of the values, which none of these members of an object can have."""
    return [((section, name), value, words) for name in names for value in values]


#: in both versions: where, a value that cannot be there, and how that is worded
WRONG: list[Case] = [
    (("name",), "", SHORT),
    (("name",), "n" * 256, LONG),
    (("name",), None, NULL),
    (("name",), 5, STRING),
    (("name",), ["n"], STRING),
    (("integration_type",), "gitlab", ENUM),
    (("integration_type",), "Sentry", ENUM),
    (("integration_type",), "", ENUM),
    (("integration_type",), 5, ENUM),
    (("integration_type",), None, NULL),
    (("unique_identifier",), 5, STRING),
    (("unique_identifier",), {}, STRING),
    (("auth_data",), "text", OBJECT),
    (("auth_data",), [], OBJECT),
    (("scope_data",), 5, OBJECT),
    (("scope_data",), [["org_slug", "o"]], OBJECT),
    (("metadata",), True, OBJECT),
    (("metadata",), "", OBJECT),
    *each("auth_data", ["access_token", "refresh_token", "token_type", "scope", "code"], [5, False, [], {}], STRING),
    *each("auth_data", ["expires_at"], ["", "tomorrow", "2024-01-01", "2024-13-01T00:00:00Z"], DATETIME),
    *each("auth_data", ["expires_at"], ["2024-02-30T00:00:00Z", "0001-01-01T00:00:00+14:00"], DATETIME),
    *each("auth_data", ["expires_at"], [-5, 1e15, [], {}, True], DATETIME),
    *each("scope_data", ["org_slug", "installation_id", "workspace_id", "project_id"], [5, []], STRING),
    *each("metadata", ["instance_name", "created_via", "version", "description"], [5, {}], STRING),
    *each("metadata", ["instance_name", "created_via"], [None], NULL),
    *each("metadata", ["tags"], ["text", 5, {}, False], LIST),
    (("metadata", "tags", 0), 5, STRING),
    (("metadata", "tags", 0), None, NULL),
    (("metadata", "tags", 0), ["a"], STRING),
]
IDS = ["-".join(map(str, location)) + f"={value!r:.20}" for location, value, _ in WRONG]

#: what only version 2 has
WRONG_2: list[tuple[str, Any, Item]] = [
    ("status", "Active", ENUM),
    ("status", "new", ENUM),
    ("status", 5, ENUM),
    ("status", None, NULL),
    ("active", "maybe", BOOLEAN),
    ("active", 2, BOOLEAN),
    ("active", 1, BOOLEAN),
    ("active", "", BOOLEAN),
    ("active", [], BOOLEAN),
    ("active", None, NULL),
]
#: what only version 1 has
WRONG_1: list[tuple[str, Any, Item]] = [
    ("created_by", 5, STRING),
    ("created_by", None, NULL),
    ("unique_identifier", None, NULL),
    ("auth_data", None, NULL),
    ("scope_data", None, NULL),
    ("metadata", None, NULL),
]


def with_value(body: dict[str, Any], location: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    """The body with one value put where the location says."""
    name = str(location[0])
    if len(location) == 1:
        return {**body, name: value}
    if len(location) == 2:
        return {**body, name: {location[1]: value}}
    return {**body, name: {location[1]: [value]}}


@pytest.mark.parametrize(("location", "value", "words"), WRONG, ids=IDS)
def test_version_2_words_a_wrong_value(tenant: CheckedTenant, location: Any, value: Any, words: Item) -> None:
    answer = tenant.call("POST", f"{V2}/save", json=with_value(MINIMAL, location, value))
    assert refused(answer) == [item(*location, **words)]


@pytest.mark.parametrize(("location", "value", "words"), WRONG, ids=IDS)
def test_version_1_words_a_wrong_value(tenant: CheckedTenant, location: Any, value: Any, words: Item) -> None:
    answer = tenant.v1("POST", "/create", json=with_value(v1_body(), location, value))
    assert refused(answer) == [item(*location, **words)]


@pytest.mark.parametrize(("name", "value", "words"), WRONG_2)
def test_version_2_words_a_wrong_status(tenant: CheckedTenant, name: str, value: Any, words: Item) -> None:
    assert refused(tenant.save(**{name: value})) == [item(name, **words)]


@pytest.mark.parametrize(("name", "value", "words"), WRONG_1)
def test_version_1_takes_no_null(tenant: CheckedTenant, name: str, value: Any, words: Item) -> None:
    assert refused(tenant.create_v1(**{name: value})) == [item(name, **words)]


@pytest.mark.parametrize("missing", ["name", "integration_type"])
def test_version_2_names_each_missing_field(tenant: CheckedTenant, missing: str) -> None:
    body = {name: value for name, value in MINIMAL.items() if name != missing}
    assert refused(tenant.call("POST", f"{V2}/save", json=body)) == [item(missing, **MISSING)]


@pytest.mark.parametrize("missing", VERSION_1_FIELDS)
def test_version_1_names_each_missing_field(tenant: CheckedTenant, missing: str) -> None:
    body = {name: value for name, value in v1_body().items() if name != missing}
    assert refused(tenant.v1("POST", "/create", json=body)) == [item(missing, **MISSING)]


def test_version_2_names_all_missing_fields(tenant: CheckedTenant) -> None:
    answer = tenant.call("POST", f"{V2}/save", json={})
    assert refused(answer) == [item("name", **MISSING), item("integration_type", **MISSING)]


def test_version_1_names_all_missing_fields(tenant: CheckedTenant) -> None:
    assert refused(tenant.v1("POST", "/create", json={})) == [item(name, **MISSING) for name in VERSION_1_FIELDS]


def test_renaming_without_a_name(tenant: CheckedTenant) -> None:
    integration_id = tenant.saved()["integration_id"]
    assert refused(tenant.v1("PUT", f"/schema/{integration_id}", json={})) == [item("name", **MISSING)]
