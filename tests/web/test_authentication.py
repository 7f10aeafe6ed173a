"""How a caller proves itself in both versions, and how it is told that it did not."""

from collections.abc import Mapping
from typing import Any

import pytest
import requests

from support.checked_tenant import CheckedTenant
from support.tenant import V1, V2

WRONG_KEYS = [
    "nonsense",
    "jf_" + "A" * 43,
    "jf_" + "A" * 42,
    "jf_" + "A" * 44,
    "jf_" + "A" * 5000,
    "jf_" + "é" * 43,
    "null",
    "' or true --",
]


def version_1(tenant: CheckedTenant, headers: Mapping[str, str], path: str = "/list") -> requests.Response:
    return tenant.call("GET", V1 + path, headers={"Authorization": None, "x-api-key": None, **headers})


def version_2(tenant: CheckedTenant, headers: Mapping[str, str], body: Any = None) -> requests.Response:
    whole = {"Authorization": None, "x-api-key": None, **headers}
    return tenant.call("POST", f"{V2}/save", headers=whole, json=body)


def test_version_1_without_a_key(tenant: CheckedTenant) -> None:
    answer = version_1(tenant, {})
    assert answer.status_code == 401
    assert answer.json() == {"detail": "Bearer authentication is needed"}
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNzd29yZA==", "Token x", "Bearerx", "Digest a=b"]
)
def test_version_1_with_anything_but_a_bearer_key(tenant: CheckedTenant, value: str) -> None:
    answer = version_1(tenant, {"Authorization": value})
    assert answer.status_code == 401
    assert answer.json() == {"detail": "Bearer authentication is needed"}
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("key", WRONG_KEYS)
def test_version_1_with_a_wrong_key(tenant: CheckedTenant, key: str) -> None:
    answer = version_1(tenant, {"Authorization": f"Bearer {key}".encode().decode("latin-1")})
    assert answer.status_code == 401
    assert answer.json() == {"detail": "Invalid API key"}
    assert answer.headers["www-authenticate"].split()[0] == "Bearer"


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "BEARER {}", "Bearer   {}"])
def test_version_1_takes_the_scheme_in_any_case(tenant: CheckedTenant, form: str) -> None:
    assert version_1(tenant, {"Authorization": form.format(tenant.key)}).status_code == 200


def test_version_1_does_not_take_version_2s_header(tenant: CheckedTenant) -> None:
    assert version_1(tenant, {"x-api-key": tenant.key}).status_code == 401


def test_version_1_decides_401_before_everything_else(tenant: CheckedTenant) -> None:
    for path in ("/nonsense", "/list?limit=nonsense", "/gitlab/status/bob", "/schema/nonsense"):
        assert version_1(tenant, {}, path).status_code == 401


def test_version_2_without_a_key(tenant: CheckedTenant) -> None:
    answer = version_2(tenant, {})
    assert answer.status_code == 401
    assert answer.json() == {"detail": "API key is required"}
    assert answer.headers["www-authenticate"] == "ApiKey"


@pytest.mark.parametrize("key", WRONG_KEYS)
def test_version_2_with_a_wrong_key(tenant: CheckedTenant, key: str) -> None:
    answer = version_2(tenant, {"x-api-key": key.encode().decode("latin-1")})
    assert answer.status_code == 401
    assert answer.json() == {"detail": "Invalid API key"}
    assert answer.headers["www-authenticate"] == "ApiKey"


def test_version_2_does_not_take_version_1s_header(tenant: CheckedTenant) -> None:
    answer = version_2(tenant, {"Authorization": f"Bearer {tenant.key}"})
    assert answer.json() == {"detail": "API key is required"}


@pytest.mark.parametrize("body", [{}, [], {"name": 1}, {"name": "n", "integration_type": "nonsense"}])
def test_version_2_decides_401_before_the_bodys_fields(tenant: CheckedTenant, body: Any) -> None:
    assert version_2(tenant, {"x-api-key": "wrong"}, body).status_code == 401


def test_the_name_of_the_header_may_be_written_in_any_case(tenant: CheckedTenant) -> None:
    body = {"name": "n", "integration_type": "sentry"}
    for name in ("X-API-Key", "X-API-KEY", "x-Api-kEy"):
        headers = {name: tenant.key}
        assert requests.post(f"{tenant.service.url}{V2}/save", headers=headers, json=body, timeout=30).ok


def test_a_key_in_another_case_is_another_key(tenant: CheckedTenant) -> None:
    assert version_2(tenant, {"x-api-key": tenant.key.swapcase()}).status_code == 401


def test_a_key_in_the_query_opens_nothing(tenant: CheckedTenant) -> None:
    for name in ("key", "api_key", "access_token", "x-api-key"):
        assert version_1(tenant, {}, f"/list?{name}={tenant.key}").status_code == 401
