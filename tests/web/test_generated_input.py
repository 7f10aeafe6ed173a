"""Whatever hypothesis thinks of: no answer is ever a failure inside, and what was saved is what is read."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.checked_tenant import CheckedTenant
from support.generated_bodies import (
    CREATES,
    SAVES,
    WILD,
    damaged,
    nearly,
    shown_auth,
    shown_metadata,
    shown_scope,
)
from support.tenant import V1, V2

# each example makes integrations of its own, so that they can share the tenant
examples = settings(
    max_examples=40, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
JSON = {"Content-Type": "application/json"}


def is_sensible(tenant: CheckedTenant, path: str, content: bytes) -> Any:
    """The answer to the content is a success, or a refusal that says where; returns the data of a success."""
    answer = tenant.call("POST", path, data=content, headers=JSON)
    assert answer.status_code in (200, 409, 422), answer.text
    if answer.status_code == 422:
        for error in answer.json()["detail"]:
            assert error["loc"][0] == "body"
            assert error["msg"]
    return answer.json().get("data")


@examples
@given(body=SAVES)
def test_what_version_2_saves_is_what_version_1_reads(tenant: CheckedTenant, body: dict[str, Any]) -> None:
    saved = tenant.call("POST", f"{V2}/save", data=json.dumps(body), headers=JSON)
    assert saved.status_code == 200, saved.text
    data = saved.json()["data"]
    read = tenant.read(data["integration_id"])
    assert (read["name"], read["integration_type"]) == (body["name"], body["integration_type"])
    assert (read["status"], read["active"]) == (body.get("status", "active"), body.get("active", True))
    assert read["auth_data"] == shown_auth(body.get("auth_data"))
    assert read["scope_data"] == shown_scope(body.get("scope_data"))
    assert read["metadata"] == shown_metadata(body.get("metadata"), body["name"])
    assert data["metadata"] == read["metadata"]


@examples
@given(body=SAVES, change=SAVES)
def test_what_version_2_replaces_is_what_version_1_reads(
    tenant: CheckedTenant, body: dict[str, Any], change: dict[str, Any]
) -> None:
    first = tenant.call("POST", f"{V2}/save", json=body).json()["data"]
    change = {**change, "integration_type": body["integration_type"], "unique_identifier": first["unique_identifier"]}
    second = tenant.call("POST", f"{V2}/save", json=change)
    assert second.status_code == 200, second.text
    read = tenant.read(first["integration_id"])
    assert read["name"] == change["name"]
    assert (read["status"], read["active"]) == (change.get("status", "active"), change.get("active", True))
    assert read["auth_data"] == shown_auth(change.get("auth_data", body.get("auth_data")))
    assert read["scope_data"] == shown_scope(change.get("scope_data", body.get("scope_data")))
    assert read["metadata"] == shown_metadata(change.get("metadata"), change["name"])


@examples
@given(body=CREATES)
def test_what_version_1_creates_is_what_it_reads(tenant: CheckedTenant, body: dict[str, Any]) -> None:
    created = tenant.v1("POST", "/create", json=body)
    assert created.status_code == 200, created.text
    data = created.json()["data"]
    assert (data["name"], data["integration_type"]) == (body["name"], body["integration_type"])
    assert data["created_by"] == body["created_by"]
    assert data["auth_data"] == shown_auth(body["auth_data"])
    assert data["scope_data"] == shown_scope(body["scope_data"])
    assert data["metadata"] == shown_metadata(body["metadata"], body["name"])
    assert tenant.read(data["integration_id"]) == data


@examples
@given(body=nearly(SAVES))
def test_a_save_that_is_nearly_right_never_fails_inside(tenant: CheckedTenant, body: dict[str, Any]) -> None:
    data = is_sensible(tenant, f"{V2}/save", json.dumps(body).encode())
    if data is not None:
        assert tenant.read(data["integration_id"])["name"] == body["name"]


@examples
@given(body=nearly(CREATES))
def test_a_create_that_is_nearly_right_never_fails_inside(tenant: CheckedTenant, body: dict[str, Any]) -> None:
    data = is_sensible(tenant, f"{V1}/create", json.dumps(body).encode())
    if data is not None:
        assert tenant.read(data["integration_id"]) == data


@examples
@given(content=st.one_of(damaged(SAVES), damaged(CREATES)))
def test_a_damaged_body_never_fails_inside(tenant: CheckedTenant, content: bytes) -> None:
    is_sensible(tenant, f"{V2}/save", content)
    is_sensible(tenant, f"{V1}/create", content)


@examples
@given(content=st.one_of(st.binary(max_size=200), WILD.map(json.dumps).map(str.encode)))
def test_any_bytes_at_all_never_fail_inside(tenant: CheckedTenant, content: bytes) -> None:
    is_sensible(tenant, f"{V2}/save", content)


QUERIES = st.dictionaries(
    st.sampled_from(["integration_type", "org_slug", "limit", "offset", "unknown"]),
    st.one_of(st.text(max_size=20).map(str.encode), st.binary(max_size=20), st.integers().map(lambda n: b"%d" % n)),
)


@examples
@given(query=QUERIES)
def test_no_query_fails_inside(tenant: CheckedTenant, query: dict[str, bytes]) -> None:
    assert tenant.v1("GET", "/list", params=query).status_code in (200, 422)


@examples
@given(segment=st.binary(min_size=1, max_size=40))
def test_no_id_fails_inside(tenant: CheckedTenant, segment: bytes) -> None:
    escaped = "".join(f"%{byte:02X}" for byte in segment)
    assert tenant.v1("GET", f"/{escaped}").status_code == 404
    assert tenant.v1("GET", f"/schema/{escaped}").status_code == 404
