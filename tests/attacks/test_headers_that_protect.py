"""What every answer says of itself, so that no cache keeps a secret and no browser takes it for something else."""

import uuid

import pytest
import requests

from support.checked_tenant import CheckedTenant
from support.operator import Operator
from support.service import Service


@pytest.fixture
def tenant(operator: Operator, service: Service) -> CheckedTenant:
    return CheckedTenant.create_checked(operator, service)


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/metrics", "/nothing", "/docs", "/console/sign-in", "/console/style.css"]
)
def test_every_answer_says_that_its_type_is_its_type(tenant: CheckedTenant, path: str) -> None:
    answer = requests.get(tenant.service.url + path, timeout=30)
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_no_answer_of_a_contract_is_kept_by_a_cache(tenant: CheckedTenant) -> None:
    made = tenant.hub_integration()["id"]
    of_v1 = str(uuid.UUID(tenant.saved(auth_data={"access_token": "a-secret"})["integration_id"]))
    answers = [
        tenant.v1("GET", f"/{of_v1}"),
        tenant.v1("GET", "/list"),
        tenant.v1("GET", "/nothing"),
        tenant.save(unique_identifier="again", auth_data={"access_token": "a-secret"}),
        tenant.hubs("GET", ""),
        tenant.hubs("GET", f"/{made}"),
        tenant.hubs("GET", "/nothing"),
        tenant.v1("DELETE", f"/{of_v1}"),
    ]
    for answer in answers:
        kept = answer.headers.get("cache-control", "")
        assert kept == "no-store", f"{answer.request.method} {answer.request.path_url}: {kept}"
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/console/sign-in", "/docs"])
def test_pages_share_no_window_and_use_no_device(tenant: CheckedTenant, path: str) -> None:
    headers = requests.get(tenant.service.url + path, timeout=30).headers
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
