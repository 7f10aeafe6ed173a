"""What the demo shows: real calls to the service it started, each said in a line."""

import time
import urllib.request
from collections.abc import Callable
from typing import Any, Final

import msgspec
import typer

from jackfield.cli.console import fail
from jackfield.cli.demo_vendors import BROKEN_TOKEN, DemoVendors

_JOB_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.05
_SENTRY: Final[dict[str, Any]] = {
    "name": "Production Sentry",
    "integration_type": "sentry",
    "unique_identifier": "demo-sentry",
    "auth_data": {"access_token": "sntrys_demo_token_of_no_account", "scope": "org:read"},
    "scope_data": {"org_slug": "my-company"},
    "metadata": {"created_via": "demo", "tags": ["production"]},
}
#: talks to the service itself, whatever proxy the environment names
http: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Tour:
    """The calls of one key to one service."""

    def __init__(self, base: str, key: str) -> None:
        self._base = base
        self._key = key

    def save_and_read(self) -> None:
        """An integration saved through version 2, read and listed through version 1."""
        saved = self.call("POST", "/api/v2/integrations/save", _SENTRY)["data"]
        typer.echo(f"\nSaved through v2:  {saved['name']} ({saved['integration_id']})")
        read = self.call("GET", f"/api/v1/integrations/{saved['integration_id']}")["integration"]
        token = read["auth_data"]["access_token"]
        typer.echo(f"Read through v1:   {read['name']}, token {token[:7]}..., in clear for you")
        listed = self.call("GET", "/api/v1/integrations/list")
        typer.echo(f"Listed through v1: {listed['count']} integration(s)")

    def connect_break_and_mend(self, github: DemoVendors) -> None:
        """GitHub connected through hubs, verified, broken, mended and deleted; every job is watched to its end."""
        typer.echo(f"\nNow {github.what}, through hubs:")
        body = {"vendor": "github", "name": "Demo GitHub", "auth": {"api_key": github.token}}
        integration = self.call("POST", "/v1/hubs/current/integrations", body)["data"]
        path = f"/v1/hubs/current/integrations/{integration['id']}"
        typer.echo(f"Connected:         {integration['name']} ({integration['id']}), shown {_shown(integration)}")
        self.verify(path)
        self.call("PATCH", path, {"auth": {"api_key": BROKEN_TOKEN}})
        typer.echo("Token broken:      the integration is new again, since nothing is known of this token")
        self.verify(path)
        self.call("PATCH", path, {"auth": {"api_key": github.token}})
        typer.echo("Token mended:      with the first one")
        self.verify(path)
        self.watch("Deleted:", self.call("DELETE", path))
        typer.echo(f"                   it is {self.call('GET', path)['data']['state']['current']}, its token erased")

    def verify(self, path: str) -> None:
        self.watch("Verified:", self.call("POST", f"{path}/tasks", {"action": "verify"}))
        state = self.call("GET", path)["data"]["state"]
        reason = f" because: {state['error']['message']}" if "error" in state else ""
        typer.echo(f"                   it is {state['current']}{reason}")

    def watch(self, word: str, descriptor: Any) -> Any:
        """Follows a job to its end, says which states it went through, and returns what came of it."""
        job_id = descriptor["data"]["job"]["id"]
        seen: list[str] = []
        deadline = time.monotonic() + _JOB_SECONDS
        while time.monotonic() < deadline:
            job = self.call("GET", f"/v1/jobs/{job_id}")["data"]
            state = job["state"]["current"]
            if state not in seen[-1:]:
                seen.append(state)
            if state in {"completed", "error", "expired"}:
                output = job["tasks"][0]["output"] or {}
                account = f", as {output['account_name']}" if "account_name" in output else ""
                typer.echo(f"{word:<18} job {job_id}: {' → '.join(seen)}{account}")
                return output
            time.sleep(_LOOK_SECONDS)
        return fail(f"the job {job_id} did not end within {_JOB_SECONDS:.0f} s")

    def until(self, path: str, enough: Callable[[Any], bool]) -> Any:
        """Looks again and again until what is seen is enough, and returns it."""
        deadline = time.monotonic() + _JOB_SECONDS
        while not enough(seen := self.call("GET", path)["data"]):
            if time.monotonic() > deadline:
                fail(f"{path} is not as expected after {_JOB_SECONDS:.0f} s")
            time.sleep(_LOOK_SECONDS)
        return seen

    def call(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else msgspec.json.encode(body)
        headers = {
            "Authorization": f"Bearer {self._key}",
            "x-api-key": self._key,
            "Content-Type": "application/json",
        }
        request = urllib.request.Request(self._base + path, data, headers, method=method)  # noqa: S310  our own service
        with http.open(request, timeout=10) as answer:
            return msgspec.json.decode(answer.read())


def _shown(integration: Any) -> str:
    return str(integration["auth"]["api_key"])
