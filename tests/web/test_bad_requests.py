"""Requests that are too large, of another kind, or hardly HTTP: a client error each, and the service goes on."""

from collections.abc import Iterator

import pytest
import requests

from support.checked_tenant import CheckedTenant
from support.documented_answers import find_operation
from support.raw_http import chunked, request, send, send_and_hang_up
from support.tenant import HUBS, V1, V2

LIMIT = 1024 * 1024
SAVE = f"{V2}/save"
UNKNOWN = "06ee6173-d200-8000-a000-000000000000"


@pytest.fixture(autouse=True)
def still_up(tenant: CheckedTenant) -> Iterator[None]:
    """Whatever was sent, the service answers the next call as ever."""
    yield
    assert tenant.save().status_code == 200


def body_of(size: int) -> bytes:
    start, end = b'{"name": "n", "integration_type": "sentry", "metadata": {"further": "', b'"}}'
    return start + b"x" * (size - len(start) - len(end)) + end


def with_key(tenant: CheckedTenant, **more: str) -> dict[str, str]:
    return {"x-api-key": tenant.key, "Authorization": f"Bearer {tenant.key}", **more}


def test_a_body_of_exactly_1_mib_is_saved(tenant: CheckedTenant) -> None:
    answer = tenant.call("POST", SAVE, data=body_of(LIMIT))
    assert answer.status_code == 200
    integration_id = answer.json()["data"]["integration_id"]
    assert len(tenant.read(integration_id)["metadata"]["further"]) > LIMIT - 100


def test_a_chunked_body_of_exactly_1_mib_is_saved(tenant: CheckedTenant) -> None:
    answer = send(tenant.service, chunked("POST", SAVE, with_key(tenant), body_of(LIMIT)))
    assert answer.status == 200


@pytest.mark.parametrize("size", [LIMIT + 1, 8 * LIMIT])
def test_a_larger_body_is_refused(tenant: CheckedTenant, size: int) -> None:
    answer = send(tenant.service, request("POST", SAVE, with_key(tenant), body_of(size)))
    assert answer.status == 413
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("size", [LIMIT + 1, 8 * LIMIT])
def test_a_larger_chunked_body_is_refused(tenant: CheckedTenant, size: int) -> None:
    answer = send(tenant.service, chunked("POST", SAVE, with_key(tenant), body_of(size)))
    assert answer.status == 413


def test_a_larger_body_is_refused_as_documented(tenant: CheckedTenant) -> None:
    for method, path in [("POST", SAVE), ("POST", f"{V1}/create"), ("PUT", f"{V1}/schema/{UNKNOWN}")]:
        answer = send(tenant.service, request(method, path, with_key(tenant), body_of(LIMIT + 1)))
        operation = find_operation(method, path)
        assert operation is not None
        assert list(operation.errors(answer.status, answer.json())) == []
        assert list(answer.json()) == ["detail"]


def test_a_larger_body_is_refused_before_it_has_come(tenant: CheckedTenant) -> None:
    answer = send(tenant.service, request("POST", SAVE, with_key(tenant), b"", length=LIMIT + 1))
    assert answer.status == 413


def test_a_large_body_without_a_key_is_refused_for_the_key(tenant: CheckedTenant) -> None:
    assert send(tenant.service, request("POST", SAVE, {}, body_of(LIMIT + 1))).status == 401


def test_a_usual_client_gets_the_413_of_a_large_body(tenant: CheckedTenant) -> None:
    assert tenant.call("POST", SAVE, data=body_of(LIMIT + 1)).status_code == 413


@pytest.mark.parametrize("size", [70_000, 1_000_000])
@pytest.mark.parametrize("where", ["header", "target"])
def test_headers_or_an_address_of_70_kb_and_more_are_refused(tenant: CheckedTenant, where: str, size: int) -> None:
    long = "x" * size
    target = f"{V1}/list" + (f"?org_slug={long}" if where == "target" else "")
    headers = with_key(tenant, **({"X-Long": long} if where == "header" else {}))
    assert 400 <= send(tenant.service, request("GET", target, headers)).status < 500


def test_a_thousand_headers_are_refused(tenant: CheckedTenant) -> None:
    headers = with_key(tenant, **{f"X-{number}": "x" for number in range(1000)})
    assert 400 <= send(tenant.service, request("GET", f"{V1}/list", headers)).status < 500


def test_headers_of_30_kb_are_taken(tenant: CheckedTenant) -> None:
    headers = with_key(tenant, **{"X-Long": "x" * 30_000})
    assert send(tenant.service, request("GET", f"{V1}/list", headers)).status == 200


@pytest.mark.parametrize("length", ["-1", "+5", "0x5", "5, 5", "1_0", "\xb2", "9" * 30, ""])
def test_a_content_length_that_is_no_number_is_refused(tenant: CheckedTenant, length: str) -> None:
    answer = send(tenant.service, request("POST", SAVE, with_key(tenant, **{"Content-Length": length}), b"{}"))
    assert 400 <= answer.status < 500


def test_hanging_up_in_the_middle_of_a_body_harms_nobody(tenant: CheckedTenant) -> None:
    for _ in range(5):
        send_and_hang_up(tenant.service, request("POST", SAVE, with_key(tenant), b'{"name": "n"', length=5000))
    assert tenant.listed() == {}


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/xml", "nonsense", "*/*", ""]
)
def test_json_is_read_whatever_the_content_type_says(tenant: CheckedTenant, content_type: str | None) -> None:
    body = b'{"name": "n", "integration_type": "sentry"}'
    assert tenant.call("POST", SAVE, data=body, headers={"Content-Type": content_type}).status_code == 200


@pytest.mark.parametrize(
    "body", ["name=n&integration_type=sentry", "<name>n</name>", '--x\r\nContent-Disposition: form-data; name="name"']
)
def test_a_body_of_another_kind_is_refused(tenant: CheckedTenant, body: str) -> None:
    answer = tenant.call("POST", SAVE, data=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 422


@pytest.mark.parametrize("path", ["/list", "/connected", "/schema/list", "/schema/{}", "/{}"])
def test_head_is_no_call_of_what_reveals(tenant: CheckedTenant, path: str) -> None:
    made = tenant.saved(auth_data={"access_token": "token"})["integration_id"]
    head = tenant.v1("HEAD", path.format(made))
    assert head.status_code == 405
    assert "HEAD" not in head.headers["allow"]
    assert [entry["action"] for entry in tenant.audit()] == ["integration.created"]


def test_head_is_no_call_of_what_hands_a_credential_out(tenant: CheckedTenant) -> None:
    made = tenant.hub_integration()["id"]
    assert tenant.hubs("HEAD", f"/{made}/credential").status_code == 405
    assert [entry["action"] for entry in tenant.audit()] == ["integration.created"]


def test_head_answers_as_get_does_where_nothing_is_revealed(tenant: CheckedTenant) -> None:
    tenant.save(auth_data={"access_token": "token"})
    for path in (f"{V1}/sentry/status/{tenant.user}", HUBS, f"{HUBS}/available", "/v1/jobs", "/v1/jobs/latest"):
        got, head = tenant.call("GET", path), tenant.call("HEAD", path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(got.content))


@pytest.mark.parametrize(
    "path",
    ["/", "/api", V1, f"{V1}/", f"{V1}/list/", f"/{V1}/list", f"{V2}/list", f"{V2}/save/", "/api/v3", "/x" * 500],
)
def test_a_path_that_no_contract_has_is_not_found(tenant: CheckedTenant, path: str) -> None:
    answer = requests.get(tenant.service.url + path, timeout=30, allow_redirects=False)
    assert answer.status_code == 404
    assert answer.json() == {"detail": "Not Found"}


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (SAVE, {"POST"}),
        (f"{V1}/list", {"GET"}),
        (f"{V1}/connected", {"GET"}),
        (f"{V1}/schema/list", {"GET"}),
        (f"{V1}/schema/{UNKNOWN}", {"GET", "PUT", "DELETE"}),
        (f"{V1}/{UNKNOWN}", {"GET", "DELETE"}),
        (f"{V1}/{UNKNOWN}/status", {"PATCH"}),
        (f"{V1}/sentry/status/alice", {"GET", "HEAD"}),
        (f"{V1}/sentry/revoke/alice", {"DELETE"}),
        ("/docs/", {"GET", "HEAD"}),
    ],
)
@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PROPFIND"])
def test_a_method_that_a_path_does_not_have_is_told_with_those_it_has(
    tenant: CheckedTenant, path: str, allowed: set[str], method: str
) -> None:
    answer = tenant.call(method, path)
    assert answer.status_code == 405
    assert {name.strip() for name in answer.headers["allow"].split(",")} == allowed


@pytest.mark.parametrize("first_line", ["GET", "nonsense", "GET / HTTP/9.9", "\x16\x03\x01\x02", "GET /\xe9 HTTP/1.1"])
def test_what_is_no_http_is_refused(tenant: CheckedTenant, first_line: str) -> None:
    answer = send(tenant.service, f"{first_line}\r\nHost: test\r\n\r\n".encode("latin-1"))
    assert 400 <= answer.status < 500
