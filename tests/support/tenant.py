"""An organisation and a key, and the calls a client makes with it."""

from dataclasses import dataclass, field
from typing import Any

import requests

from jackfield.domain.organisation import Organisation
from jackfield.domain.principal import Capability
from support.operator import Operator
from support.service import Service

V1 = "/api/v1/integrations"
V2 = "/api/v2/integrations"
HUBS = "/v1/hubs/current/integrations"


@dataclass
class Tenant:
    operator: Operator
    service: Service
    organisation: Organisation
    user: str
    key: str
    session: requests.Session = field(default_factory=requests.Session)

    @classmethod
    def create(cls, operator: Operator, service: Service, user: str = "alice") -> "Tenant":
        organisation = operator.create_organisation()
        return cls(operator, service, organisation, user, operator.create_key(organisation, user))

    def another_key(self, *capabilities: Capability, user: str | None = None) -> "Tenant":
        """The same organisation, seen with a key that has only these capabilities."""
        user = user or self.user
        key = self.operator.create_key(self.organisation, user, *capabilities)
        return Tenant(self.operator, self.service, self.organisation, user, key)

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.key}", "x-api-key": self.key, **more.pop("headers", {})}
        return self.session.request(method, self.service.url + path, headers=headers, timeout=30, **more)

    def v1(self, method: str, path: str, **more: Any) -> requests.Response:
        return self.call(method, V1 + path, **more)

    def hubs(self, method: str, path: str, **more: Any) -> requests.Response:
        return self.call(method, HUBS + path, **more)

    def save(self, **fields: Any) -> requests.Response:
        """v2 save of a Sentry integration, with these fields changed or added."""
        return self.call("POST", f"{V2}/save", json={"name": "Sentry", "integration_type": "sentry", **fields})

    def create_v1(self, **fields: Any) -> requests.Response:
        """v1 create of a Sentry integration, with these fields changed or added."""
        return self.v1("POST", "/create", json={**v1_body(), **fields})

    def audit(self) -> list[dict[str, Any]]:
        """The organisation's audit entries of API callers, oldest first."""
        records = self.operator.fetch(
            "select * from audit_entry where organisation_id = $1 and key_id is not null order by id",
            self.organisation.id,
        )
        return [dict(record) for record in records]


def v1_body() -> dict[str, Any]:
    return {
        "name": "Sentry",
        "integration_type": "sentry",
        "auth_data": {"access_token": "token-in-clear", "refresh_token": "refresh-in-clear", "scope": "org:read"},
        "scope_data": {"org_slug": "my-company"},
        "metadata": {"created_via": "oauth_callback", "tags": ["production"]},
        "unique_identifier": "",
        "created_by": "somebody",
    }
