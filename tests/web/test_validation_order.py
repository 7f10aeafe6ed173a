"""Everything that is wrong is told at once, in the order of the contract's fields; nothing is done meanwhile."""

from typing import Any

import pytest
import requests

from support.checked_tenant import CheckedTenant
from support.tenant import V2


def locations(answer: requests.Response) -> list[list[str | int]]:
    assert answer.status_code == 422, answer.text
    return [error["loc"] for error in answer.json()["detail"]]


def test_version_2_tells_everything_at_once_in_field_order(tenant: CheckedTenant) -> None:
    body = {
        "metadata": {"tags": ["a", 1, "b", None], "description": 1, "version": [], "created_via": None},
        "scope_data": {"project_id": 1, "workspace_id": 1, "installation_id": 1, "org_slug": 1},
        "auth_data": {"code": 1, "scope": 1, "expires_at": [], "token_type": 1, "refresh_token": 1, "access_token": 1},
        "unique_identifier": 1,
        "active": 2,
        "status": 1,
        "integration_type": 1,
    }
    expected: list[Any] = [
        ["body", "name"],
        ["body", "integration_type"],
        ["body", "status"],
        ["body", "active"],
        ["body", "unique_identifier"],
        *(
            ["body", "auth_data", name]
            for name in ("access_token", "refresh_token", "token_type", "expires_at", "scope", "code")
        ),
        *(["body", "scope_data", name] for name in ("org_slug", "installation_id", "workspace_id", "project_id")),
        *(["body", "metadata", name] for name in ("created_via", "version", "description")),
        ["body", "metadata", "tags", 1],
        ["body", "metadata", "tags", 3],
    ]
    assert locations(tenant.call("POST", f"{V2}/save", json=body)) == expected


def test_version_1_tells_everything_at_once_in_field_order(tenant: CheckedTenant) -> None:
    body = {
        "created_by": 1,
        "metadata": {"tags": 1, "instance_name": 1},
        "scope_data": {"org_slug": 1},
        "auth_data": {"expires_at": "never"},
        "integration_type": "x",
        "name": "",
    }
    assert locations(tenant.v1("POST", "/create", json=body)) == [
        ["body", "name"],
        ["body", "integration_type"],
        ["body", "auth_data", "expires_at"],
        ["body", "scope_data", "org_slug"],
        ["body", "metadata", "instance_name"],
        ["body", "metadata", "tags"],
        ["body", "unique_identifier"],
        ["body", "created_by"],
    ]


def test_a_thousand_errors_are_all_told(tenant: CheckedTenant) -> None:
    answer = tenant.save(metadata={"tags": [1] * 1000})
    assert locations(answer) == [["body", "metadata", "tags", index] for index in range(1000)]


def test_what_is_refused_is_not_saved(tenant: CheckedTenant) -> None:
    tenant.save(name="")
    tenant.create_v1(name="")
    assert tenant.listed() == {}


def test_a_refused_save_changes_nothing(tenant: CheckedTenant) -> None:
    saved = tenant.saved(unique_identifier="mine", auth_data={"access_token": "t"})
    before = tenant.read(saved["integration_id"])
    assert tenant.save(unique_identifier="mine", name="", auth_data=None).status_code == 422
    assert tenant.read(saved["integration_id"]) == before


@pytest.mark.parametrize(
    ("query", "name", "words"),
    [
        ({"integration_type": "a\0b"}, "integration_type", None),
        ({"limit": "many"}, "limit", ("value is not a valid integer", "integer")),
        ({"limit": ""}, "limit", ("value is not a valid integer", "integer")),
        ({"limit": "1.5"}, "limit", ("value is not a valid integer", "integer")),
        ({"offset": "x"}, "offset", ("value is not a valid integer", "integer")),
        ({"offset": "9" * 5000}, "offset", None),
        ({"limit": "9" * 400}, "limit", None),
        ({"limit": "0"}, "limit", ("ensure this value is greater than or equal to 1", "number.not_ge")),
        ({"offset": "-1"}, "offset", ("ensure this value is greater than or equal to 0", "number.not_ge")),
        ({"org_slug": "a\0b"}, "org_slug", None),
    ],
)
def test_a_wrong_query_of_list_is_worded(
    tenant: CheckedTenant, query: dict[str, str], name: str, words: tuple[str, str] | None
) -> None:
    answer = tenant.v1("GET", "/list", params=query)
    assert locations(answer) == [["query", name]]
    if words is not None:
        error = answer.json()["detail"][0]
        assert error["msg"] == words[0]
        assert error["type"].endswith(words[1])


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"status": "Active"}, "status"),
        ({"status": ""}, "status"),
        ({"active": "maybe"}, "active"),
        ({"active": ""}, "active"),
        ({"integration_type": "\0"}, "integration_type"),
    ],
)
def test_a_wrong_query_of_schema_list_is_refused(tenant: CheckedTenant, query: Any, name: str) -> None:
    assert locations(tenant.v1("GET", "/schema/list", params=query)) == [["query", name]]


@pytest.mark.parametrize("active", ["maybe", "", "2", "null", "tru"])
def test_switching_to_what_is_no_boolean_is_refused(tenant: CheckedTenant, active: str) -> None:
    saved = tenant.saved()
    answer = tenant.v1("PATCH", f"/{saved['integration_id']}/status", params={"active": active})
    assert locations(answer) == [["query", "active"]]


def test_everything_wrong_in_a_query_is_told_at_once_in_order(tenant: CheckedTenant) -> None:
    query = {"offset": "x", "limit": "0", "integration_type": "\0"}
    names = ["integration_type", "limit", "offset"]
    assert locations(tenant.v1("GET", "/list", params=query)) == [["query", name] for name in names]


def test_nul_in_a_query_is_told_beside_everything_else(tenant: CheckedTenant) -> None:
    query = {"limit": "0", "org_slug": "\0", "integration_type": "\0"}
    names = ["integration_type", "org_slug", "limit"]
    assert locations(tenant.v1("GET", "/list", params=query)) == [["query", name] for name in names]
