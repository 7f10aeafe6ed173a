"""A client with a key, for services that a test started itself."""

import threading
from typing import Any

import requests

from support.tenant import V1, V2

#: the longest that an answer may take, whatever is wrong
PATIENCE = 10.0


class Client:
    """Calls v1 and v2; threads may share one."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.key = key
        self._threads = threading.local()

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.key}", "x-api-key": self.key}
        if not hasattr(self._threads, "session"):
            self._threads.session = requests.Session()
        session: requests.Session = self._threads.session
        return session.request(method, self.url + path, headers=headers, timeout=PATIENCE, **more)

    def save(self, name: str = "Sentry", **fields: Any) -> requests.Response:
        """v2 save of a Sentry integration whose token is made from its name."""
        body = {
            "name": name,
            "integration_type": "sentry",
            "unique_identifier": f"identifier of {name}",
            "auth_data": {"access_token": f"token of {name}"},
            **fields,
        }
        return self.call("POST", f"{V2}/save", json=body)

    def read(self, integration_id: str) -> requests.Response:
        return self.call("GET", f"{V1}/{integration_id}")

    def list(self) -> requests.Response:
        return self.call("GET", f"{V1}/list")

    def token(self, integration_id: str) -> str:
        """The access token of an integration, read through v1."""
        answer = self.read(integration_id)
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["integration"]["auth_data"]["access_token"]
        return token
