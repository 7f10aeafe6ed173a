"""A tenant that is never content with an answer its contract's document does not have."""

import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from jackfield.domain.principal import Capability
from support.documented_answers import check_answer
from support.operator import Operator
from support.service import Service
from support.tenant import Tenant
from support.waiting import until

#: the states in which a job stays
ENDS = ("completed", "error", "expired")


class CheckedTenant(Tenant):
    @classmethod
    def create_checked(cls, operator: Operator, service: Service, user: str = "alice") -> "CheckedTenant":
        organisation = operator.create_organisation()
        return cls(operator, service, organisation, user, operator.create_key(organisation, user))

    def another_key(self, *capabilities: Capability, user: str | None = None) -> "CheckedTenant":
        other = super().another_key(*capabilities, user=user)
        return type(self)(other.operator, other.service, other.organisation, other.user, other.key)

    def view_only(self, user: str | None = None) -> "CheckedTenant":
        return self.another_key(Capability.VIEW, user=user)

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        answer = super().call(method, path, **more)
        if method != "HEAD":
            check_answer(answer)
        return answer

    def saved(self, **fields: Any) -> Any:
        """The `data` of a v2 save that has to succeed."""
        answer = self.save(**fields)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def created(self, **fields: Any) -> Any:
        """The `data` of a v1 create that has to succeed."""
        answer = self.create_v1(**fields)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def read(self, integration_id: str) -> Any:
        """The integration as v1 shows it, which has to exist."""
        answer = self.v1("GET", f"/{integration_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()["integration"]

    def listed(self, **query: Any) -> Any:
        """The `integrations` of a v1 list that has to succeed."""
        answer = self.v1("GET", "/list", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()["integrations"]

    def hub_integration(self, vendor: str = "github", token: str | None = None, **fields: Any) -> Any:
        """The `data` of a creation through hubs that has to succeed, by default with a GitHub token of its own."""
        auth = {"api_key": token or f"token-{uuid.uuid4()}"}
        answer = self.hubs("POST", "", json={"vendor": vendor, "auth": auth, **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()["data"]

    def hub_read(self, integration_id: str) -> Any:
        """The integration as hubs shows it, which has to exist."""
        answer = self.hubs("GET", f"/{integration_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def verification(self, integration_id: str) -> str:
        """Asks for a verification; the id of its job."""
        answer = self.hubs("POST", f"/{integration_id}/tasks", json={"action": "verify"})
        assert answer.status_code == 202, answer.text
        job_id: str = answer.json()["data"]["job"]["id"]
        return job_id

    def job(self, job_id: str) -> Any:
        """The job, which has to exist."""
        answer = self.call("GET", f"/v1/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def finished(self, job_id: str) -> Any:
        """The job, once it has ended."""
        return until(lambda: self.job(job_id), lambda job: job["state"]["current"] in ENDS)

    def verified(self, integration_id: str) -> Any:
        """The integration as hubs shows it, once its verification has ended."""
        self.finished(self.verification(integration_id))
        return self.hub_read(integration_id)

    def at_once(self, deeds: Sequence[Callable[["CheckedTenant"], requests.Response]]) -> list[requests.Response]:
        """Does all of them at the same time, each with a key and connection of its own."""
        others = [self.another_key() for _ in deeds]
        with ThreadPoolExecutor(len(deeds)) as pool:
            return list(pool.map(lambda deed, other: deed(other), deeds, others))

    def row(self, integration_id: str) -> Any:
        """The integration's row as it is in the database, whatever its state."""
        wanted = "select * from integration where organisation_id = $1 and id = $2"
        return self.operator.fetch(wanted, self.organisation.id, number_of(integration_id))[0]

    def become(self, integration_id: str, provider: str) -> None:
        """Makes the integration one of another provider, as another contract would have created it."""
        change = "update integration set provider = $3 where organisation_id = $1 and id = $2"
        self.operator.fetch(change, self.organisation.id, number_of(integration_id), provider)


def number_of(integration_id: str) -> int:
    """The number behind the UUID; worked out here as the contract states it, not as the service does."""
    digits = integration_id.replace("-", "")
    return int(digits[:12], 16) << 15 | int(digits[13:16], 16) << 3 | int(digits[16:18], 16) >> 3 & 7
