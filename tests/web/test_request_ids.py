"""X-Request-Id: echoed where it is one, made where it is not, and on every answer."""

import re

import pytest
import requests

from support.checked_tenant import CheckedTenant
from support.raw_http import request, send
from support.tenant import V1, v1_body

MADE = re.compile("[0-9a-f]{24}")


def answered_id(tenant: CheckedTenant, sent: str) -> str:
    return tenant.v1("GET", "/list", headers={"X-Request-Id": sent}).headers["x-request-id"]


@pytest.mark.parametrize(
    "sent", ["abc", "0", "a" * 128, "550e8400-e29b-41d4-a716-446655440000", "Root=1-67891233-abcdef", "a/b+c=.:_-"]
)
def test_a_request_id_is_echoed(tenant: CheckedTenant, sent: str) -> None:
    assert answered_id(tenant, sent) == sent


@pytest.mark.parametrize("sent", ["", "a b", "a" * 129, "a\tb", '{"a":1}', "<script>", "é", "a,b", "a;b", "%0d%0a"])
def test_a_malformed_request_id_is_replaced(tenant: CheckedTenant, sent: str) -> None:
    assert MADE.fullmatch(answered_id(tenant, sent.encode().decode("latin-1")))


def test_a_request_without_an_id_gets_one_of_its_own(tenant: CheckedTenant) -> None:
    made = {tenant.save().headers["x-request-id"] for _ in range(20)}
    assert len(made) == 20
    assert all(MADE.fullmatch(one) for one in made)


@pytest.mark.parametrize("status", [200, 401, 403, 404, 405, 409, 413, 422])
def test_every_answer_has_the_id_whatever_its_status(tenant: CheckedTenant, status: int) -> None:
    headers = {"X-Request-Id": "wanted"}
    tenant.saved(unique_identifier="mine")
    answers = {
        200: lambda: tenant.v1("GET", "/list", headers=headers),
        401: lambda: tenant.v1("GET", "/list", headers={**headers, "Authorization": None}),
        403: lambda: tenant.v1("GET", "/sentry/status/bob", headers=headers),
        404: lambda: tenant.call("GET", "/nonsense", headers=headers),
        405: lambda: tenant.v1("POST", "/list", headers=headers),
        409: lambda: tenant.v1("POST", "/create", headers=headers, json={**v1_body(), "unique_identifier": "mine"}),
        413: lambda: tenant.v1("POST", "/create", headers=headers, data=b"x" * (1024 * 1024 + 1)),
        422: lambda: tenant.v1("POST", "/create", headers=headers, data=b"nonsense"),
    }
    answer = answers[status]()
    assert answer.status_code == status
    assert answer.headers["x-request-id"] == "wanted"


@pytest.mark.parametrize("path", ["/docs/", "/docs/integrations_v1/openapi.json", "/healthz", "/readyz", "/metrics"])
def test_pages_that_are_no_api_have_an_id_too(tenant: CheckedTenant, path: str) -> None:
    answer = requests.get(tenant.service.url + path, headers={"X-Request-Id": "wanted"}, timeout=30)
    assert answer.headers["x-request-id"] == "wanted"


def test_of_two_request_ids_one_is_answered(tenant: CheckedTenant) -> None:
    headers = {"Authorization": f"Bearer {tenant.key}", "X-Request-Id": "first\r\nX-Request-Id: second"}
    answer = send(tenant.service, request("GET", f"{V1}/list", headers))
    assert answer.status == 200
    assert answer.headers["x-request-id"] in ("first", "second")


def test_an_id_never_smuggles_a_header_into_the_answer(tenant: CheckedTenant) -> None:
    answer = tenant.v1("GET", "/list?x=%0d%0aX-Evil:1", headers={"X-Request-Id": "a%0d%0aX-Evil:1"})
    assert "x-evil" not in answer.headers
