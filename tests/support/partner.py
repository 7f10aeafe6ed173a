"""A developer with an app, and tenants who install it; what the page will do is done through the services."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

from jackfield.domain import ids
from jackfield.domain.organisation import Organisation
from jackfield.domain.principal import Caller, Capability, Principal
from support.checked_tenant import CheckedTenant
from support.documented_answers import check_answer
from support.operator import ORIGIN

APPS = "/api/v2/platform-integrations"
OAUTH = "/api/platform_integrations/oauth"
FORM = {
    "type": "object",
    "properties": {
        "account_name": {"type": "string", "minLength": 1},
        "api_key": {"type": "string", "format": "password"},
        "limit": {"type": "integer", "maximum": 10},
    },
    "required": ["account_name"],
}
FILLED_IN: Mapping[str, Any] = {"account_name": "Acme", "api_key": "hunter2-in-clear", "limit": 3}


def caller_of(organisation: Organisation, *capabilities: Capability) -> Caller:
    return Caller(Principal(1, organisation.id, "alice", frozenset(capabilities or Capability)), ORIGIN)


@dataclass
class Partner:
    """An app and its server."""

    developer: CheckedTenant
    app: dict[str, Any]

    @classmethod
    def register(cls, developer: CheckedTenant, *, approved: bool = True, **fields: Any) -> "Partner":
        body = {
            "identifier_field_path": "account_name",
            "configuration_fields": FORM,
            "name": f"App {uuid.uuid4()}",
            "oauth_callback_url": "https://partner.example.com/callback?from=jackfield",
            **fields,
        }
        answer = developer.call("POST", APPS, json=body)
        assert answer.status_code == 200, answer.text
        partner = cls(developer, answer.json())
        if approved:
            partner.decide("approve")
        return partner

    @property
    def id(self) -> str:
        return str(self.app["id"])

    @property
    def credentials(self) -> tuple[str, str]:
        return self.id, str(self.app["client_secret"])

    def decide(self, decision: str) -> None:
        """`approve` or `archive`, as the operator."""
        operator = self.developer.operator
        operator.run(getattr(operator.house.services.apps, decision)(self.id, ORIGIN))

    def installed_by(self, tenant: CheckedTenant, configuration: Mapping[str, Any] = FILLED_IN) -> "InstalledApp":
        """What the page does when the form is sent."""
        operator = self.developer.operator
        creating = operator.house.services.installations.create(
            caller_of(tenant.organisation), ids.parse_hex(self.id), configuration
        )
        return InstalledApp(self, tenant, operator.run(creating).id)

    def post(self, path: str, auth: tuple[str, str] | None = None, **form: str) -> requests.Response:
        """A call of the app's server to the OAuth server, with its own credentials unless others are given."""
        url = f"{self.developer.service.url}{OAUTH}{path}"
        answer = requests.post(url, data=form, auth=auth or self.credentials, timeout=30)
        check_answer(answer)
        return answer

    def exchange(self, code: str, auth: tuple[str, str] | None = None) -> requests.Response:
        return self.post("/token", auth, grant_type="authorization_code", code=code)

    def refresh(self, token: str, **more: str) -> requests.Response:
        return self.post("/token", grant_type="refresh_token", refresh_token=token, **more)

    def call(self, method: str, path: str, token: str, **more: Any) -> requests.Response:
        """A call with an access token."""
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.request(method, self.developer.service.url + path, headers=headers, timeout=30, **more)
        check_answer(answer)
        return answer

    def opens(self, token: str) -> bool:
        """Whether the access token is good."""
        return self.call("GET", f"{OAUTH}/self", token).status_code == 200


@dataclass
class InstalledApp:
    partner: Partner
    tenant: CheckedTenant
    number: int

    @property
    def id(self) -> str:
        return ids.to_hex(self.number)

    def code(self) -> str:
        """What the browser takes to the app's server."""
        operator = self.tenant.operator
        server = operator.house.services.oauth_server
        return operator.run(server.issue_code(caller_of(self.tenant.organisation), self.number)).code

    def complete(self) -> Any:
        """What the app's server does at the end; returns its tokens."""
        tokens = self.tokens()
        path = f"{APPS}/{self.partner.id}/installations/{self.id}"
        answer = self.partner.call("PATCH", path, tokens["access_token"], json={"status": "complete"})
        assert answer.status_code == 200, answer.text
        return tokens

    def tokens(self) -> Any:
        answer = self.partner.exchange(self.code())
        assert answer.status_code == 200, answer.text
        return answer.json()
