"""No secret is found anywhere but in the answers that are there to show it."""

import json
import secrets
from typing import Any

import pytest

from support.checked_tenant import CheckedTenant
from support.organisations import created, of, one, patch
from support.tenant import V1, V2


class Marked:
    """A tenant who has done all that one can do, with secrets that can be recognised anywhere."""

    def __init__(self, tenant: CheckedTenant) -> None:
        self.tenant = tenant
        self.values: list[str] = [tenant.key]
        self.created = tenant.created(unique_identifier="one", auth_data=self.auth())["integration_id"]
        tenant.saved(unique_identifier="two", auth_data=self.auth())
        tenant.saved(unique_identifier="two", auth_data=self.auth())
        for path in (f"/{self.created}", f"/schema/{self.created}", "/list", "/connected", "/schema/list"):
            tenant.v1("GET", path)
        tenant.v1("GET", "/sentry/status/alice")
        tenant.v1("PUT", f"/schema/{self.created}", json={"name": "New"})
        tenant.v1("PATCH", f"/{self.created}/status?active=false")
        self.as_configuration()
        self.refused()
        self.misplaced()

    def auth(self) -> dict[str, Any]:
        """Credentials that were never seen before."""
        return {name: self.secret() for name in ("access_token", "refresh_token", "code")}

    def secret(self) -> str:
        value = f"marked-{secrets.token_hex(16)}"
        self.values.append(value)
        return value

    def as_configuration(self) -> None:
        """Secrets among the settings, as the organisations contract has them."""
        tenant = self.tenant
        made = created(tenant, configuration=json.dumps(self.auth()))
        for path in (of(tenant), one(made)):
            tenant.call("GET", path)
        patch(tenant, made, configuration=json.dumps(self.auth()))
        patch(tenant, made, configuration=json.dumps({"access_token": f"{self.secret()}..."}))
        patch(tenant, made, configuration=f'{{"access_token": "{self.secret()}')
        tenant.call("POST", f"{one(made)}/sync")

    def refused(self) -> None:
        """Requests with secrets in them that are refused for different reasons."""
        tenant = self.tenant
        tenant.create_v1(unique_identifier="one", auth_data=self.auth())
        tenant.save(unique_identifier="one", integration_type="jira", auth_data=self.auth())
        tenant.save(name="", auth_data=self.auth())
        tenant.save(auth_data={"access_token": [self.secret()]})
        tenant.save(auth_data=self.secret())
        tenant.save(auth_data={"access_token": self.secret() + "\0"})
        tenant.view_only().save(auth_data=self.auth())
        for body in (f'{{"auth_data": "{self.secret()}', self.secret(), f'{{"a": "{self.secret()}\ud800"}}'):
            tenant.call("POST", f"{V2}/save", data=body.encode(errors="surrogatepass"))
        tenant.call("POST", f"{V1}/create", data=self.secret().encode() * 50_000)

    def misplaced(self) -> None:
        """Secrets where none belong: in headers, addresses and queries."""
        tenant = self.tenant
        wrong_key = f"jf_{secrets.token_urlsafe(32)[:43]}"
        self.values.append(wrong_key)
        tenant.v1("GET", "/list", headers={"Authorization": f"Bearer {wrong_key}"})
        tenant.v1("GET", "/list", headers={"Authorization": f"Basic {self.secret()}"})
        tenant.v1("GET", f"/list?key={self.secret()}&limit=nonsense")
        tenant.v1("GET", f"/{self.secret()}")
        tenant.v1("DELETE", f"/sentry/revoke/{self.secret()}")
        tenant.call("GET", f"/{self.secret()}")
        tenant.call("GET", "/", headers={"Cookie": self.secret(), "Referer": f"http://x/{self.secret()}"})


@pytest.fixture(scope="module")
def marked(operator: Any, service: Any) -> Marked:
    return Marked(CheckedTenant.create_checked(operator, service))


def test_the_log_has_no_secret(marked: Marked) -> None:
    log = marked.tenant.service.read_log()
    assert '"route":"/api/v1/integrations/{id}"' in log
    assert [value for value in marked.values if value in log] == []


def test_the_log_has_no_failure(marked: Marked) -> None:
    assert "Traceback" not in marked.tenant.service.read_log()


def test_the_audit_has_no_secret(marked: Marked) -> None:
    entries = str(marked.tenant.audit())
    assert "credential.revealed" in entries
    assert [value for value in marked.values if value in entries] == []


def test_the_database_has_no_secret_in_clear(marked: Marked) -> None:
    fetch, organisation_id = marked.tenant.operator.fetch, marked.tenant.organisation.id
    columns = "select table_name from information_schema.columns where column_name = 'organisation_id'"
    tables = {record["table_name"] for record in fetch(columns)}
    assert {"integration", "api_key", "audit_entry", "data_key"} <= tables
    found = []
    for table in tables:
        rows = fetch(f'select row_to_json(t)::text as row from "{table}" t where organisation_id = $1', organisation_id)
        text = "".join(row["row"] for row in rows)
        found += [value for value in marked.values if value in text or value.encode().hex() in text]
    assert found == []


def test_the_metrics_have_no_secret(marked: Marked) -> None:
    metrics = marked.tenant.call("GET", "/metrics").text
    assert "jackfield_requests_total" in metrics
    assert [value for value in marked.values if value in metrics] == []


def test_the_metrics_have_no_ids(marked: Marked) -> None:
    assert marked.created not in marked.tenant.call("GET", "/metrics").text


def test_a_refusal_does_not_repeat_a_secret(marked: Marked) -> None:
    tenant, secret = marked.tenant, marked.secret()
    for answer in (
        tenant.save(name="", auth_data={"access_token": secret}),
        tenant.save(auth_data={"expires_at": secret}),
        tenant.save(auth_data={"access_token": [secret]}),
        tenant.save(auth_data=secret),
        tenant.save(integration_type=secret),
        tenant.call("POST", f"{V2}/save", data=f'{{"auth_data": {{"access_token": "{secret}"'),
        tenant.v1("GET", "/list", headers={"Authorization": f"Bearer {secret}"}),
    ):
        assert answer.status_code in (401, 422)
        assert secret not in answer.text


def test_the_same_secret_is_sealed_differently_each_time(tenant: CheckedTenant) -> None:
    sealed = {
        tenant.row(tenant.saved(auth_data={"access_token": "the same"})["integration_id"])["sealed_secrets"]
        for _ in range(3)
    }
    assert len(sealed) == 3
