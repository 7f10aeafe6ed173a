"""Version 1: the three lists and their filters."""

from itertools import product
from typing import Any

import pytest

from support.checked_tenant import CheckedTenant


@pytest.fixture
def mixed(tenant: CheckedTenant) -> list[Any]:
    """Every mix of two types, two organisations' slugs, two statuses and active or not; newest first."""
    mixes = product(["sentry", "jira"], ["a", "b"], ["active", "error"], [True, False])
    for integration_type, slug, status, active in mixes:
        tenant.saved(integration_type=integration_type, scope_data={"org_slug": slug}, status=status, active=active)
    return list(reversed(list(_oldest_first(tenant))))


def _oldest_first(tenant: CheckedTenant) -> list[Any]:
    return sorted(tenant.listed().values(), key=lambda one: str(one["created_at"]))


def matching(integrations: list[Any], **wanted: Any) -> list[str]:
    slug = wanted.pop("org_slug", None)
    return [
        one["integration_id"]
        for one in integrations
        if wanted.items() <= one.items() and slug in (None, one["scope_data"]["org_slug"])
    ]


def test_list_has_the_contracts_shape(tenant: CheckedTenant) -> None:
    created = tenant.created()
    answer = tenant.v1("GET", "/list")
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["status", "count", "integrations"]
    assert body == {"status": "success", "count": 1, "integrations": {created["integration_id"]: created}}


def test_connected_has_the_contracts_shape(tenant: CheckedTenant) -> None:
    created = tenant.created()
    answer = tenant.v1("GET", "/connected")
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["status", "count", "connected_integrations"]
    assert body == {"status": "success", "count": 1, "connected_integrations": {created["integration_id"]: created}}


def test_schema_list_has_the_contracts_shape(tenant: CheckedTenant) -> None:
    created = tenant.created()
    answer = tenant.v1("GET", "/schema/list")
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["success", "count", "integrations", "error"]
    expected = {created["integration_id"]: created}
    assert body == {"success": True, "count": 1, "integrations": expected, "error": None}


@pytest.mark.parametrize(
    ("path", "name"),
    [("/list", "integrations"), ("/connected", "connected_integrations"), ("/schema/list", "integrations")],
)
def test_an_organisation_without_integrations_has_empty_lists(tenant: CheckedTenant, path: str, name: str) -> None:
    body = tenant.v1("GET", path).json()
    assert (body["count"], body[name]) == (0, {})


@pytest.mark.parametrize(
    ("path", "name"),
    [("/list", "integrations"), ("/connected", "connected_integrations"), ("/schema/list", "integrations")],
)
def test_lists_are_newest_first(tenant: CheckedTenant, path: str, name: str) -> None:
    created = [tenant.created()["integration_id"] for _ in range(5)]
    assert list(tenant.v1("GET", path).json()[name]) == created[::-1]


def test_a_replaced_integration_keeps_its_place(tenant: CheckedTenant) -> None:
    first = tenant.saved(unique_identifier="first")["integration_id"]
    second = tenant.saved(unique_identifier="second")["integration_id"]
    tenant.saved(unique_identifier="first", name="Changed")
    assert list(tenant.listed()) == [second, first]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"integration_type": "jira"},
        {"integration_type": "slack"},
        {"org_slug": "a"},
        {"org_slug": "A"},
        {"org_slug": ""},
        {"integration_type": "sentry", "org_slug": "b"},
        {"integration_type": "slack", "org_slug": "a"},
    ],
)
def test_the_filters_of_list_combine_with_and(tenant: CheckedTenant, mixed: list[Any], query: Any) -> None:
    assert list(tenant.listed(**query)) == matching(mixed, **query)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"integration_type": "sentry"},
        {"status": "error"},
        {"status": "pending"},
        {"active": True},
        {"active": False},
        {"integration_type": "jira", "status": "active"},
        {"status": "error", "active": False},
        {"integration_type": "jira", "status": "error", "active": True},
    ],
)
def test_the_filters_of_schema_list_combine_with_and(tenant: CheckedTenant, mixed: list[Any], query: Any) -> None:
    sent = {name: str(value).lower() for name, value in query.items()}
    body = tenant.v1("GET", "/schema/list", params=sent).json()
    assert list(body["integrations"]) == matching(mixed, **query)
    assert body["count"] == len(body["integrations"])


def test_connected_is_what_is_active_whatever_its_status(tenant: CheckedTenant, mixed: list[Any]) -> None:
    body = tenant.v1("GET", "/connected").json()
    assert list(body["connected_integrations"]) == matching(mixed, active=True)
    assert {one["status"] for one in body["connected_integrations"].values()} == {"active", "error"}


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"limit": 5}, slice(0, 5)),
        ({"limit": 5, "offset": 3}, slice(3, 8)),
        ({"offset": 10}, slice(10, None)),
        ({"limit": 100, "offset": 14}, slice(14, 16)),
        ({"offset": 16}, slice(16, 16)),
        ({"offset": 2**31 - 1}, slice(16, 16)),
        ({"limit": 2**31 - 1, "offset": 0}, slice(0, 16)),
    ],
)
def test_limit_and_offset_cut_the_list(tenant: CheckedTenant, mixed: list[Any], query: Any, wanted: slice) -> None:
    answer = tenant.v1("GET", "/list", params=query).json()
    assert list(answer["integrations"]) == matching(mixed)[wanted]
    assert answer["count"] == len(answer["integrations"])


def test_limit_counts_what_the_filters_left(tenant: CheckedTenant, mixed: list[Any]) -> None:
    query = {"integration_type": "sentry", "org_slug": "a"}
    assert list(tenant.listed(**query, limit=2, offset=1)) == matching(mixed, **query)[1:3]


def test_unknown_parameters_are_ignored(tenant: CheckedTenant) -> None:
    tenant.created()
    assert len(tenant.listed(unknown="x", status="nonsense")) == 1


def test_a_hundred_integrations_are_listed_at_once(tenant: CheckedTenant) -> None:
    created = [tenant.saved(auth_data={"access_token": f"token {number}"}) for number in range(100)]
    tokens = [one["auth_data"]["access_token"] for one in tenant.listed().values()]
    assert tokens == [f"token {number}" for number in reversed(range(100))]
    assert len(created) == 100
