"""The calls of one key to the hubs contract, for services that a test started itself."""

from typing import Any

import requests

from support.client import PATIENCE
from support.data_directory import DataDirectory
from support.service import Service
from support.waiting import until

INTEGRATIONS = "/v1/hubs/current/integrations"
TOKEN = "ghp_of_this_test"
#: heartbeat and look of the engine, and what starting a process takes
TAKEOVER_SECONDS = 30.0


class Hub:
    """Each answer has to be a success. One thread at a time."""

    def __init__(self, service: Service, directory: DataDirectory) -> None:
        self._url = service.url
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {directory.key}"

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._session.request(method, self._url + path, json=body, timeout=PATIENCE)
        assert answer.status_code < 300, answer.text
        return answer.json()["data"]

    def connect(self, token: str = TOKEN, **more: Any) -> str:
        """The id of a new integration of GitHub's."""
        return str(self.call("POST", INTEGRATIONS, {"vendor": "github", "auth": {"api_key": token}, **more})["id"])

    def verify(self, integration: str) -> str:
        return self._task(integration, {"action": "verify"})

    def sync(self, integration: str) -> str:
        return self._task(integration, {"action": "sync"})

    def _task(self, integration: str, task: Any) -> str:
        return str(self.call("POST", f"{INTEGRATIONS}/{integration}/tasks", task)["job"]["id"])

    def job(self, job: str) -> Any:
        return self.call("GET", f"/v1/jobs/{job}")

    def end_of(self, job: str, seconds: float = TAKEOVER_SECONDS) -> str:
        ended = until(
            lambda: self.job(job), lambda one: one["state"]["current"] in {"completed", "error", "expired"}, seconds
        )
        return str(ended["state"]["current"])
