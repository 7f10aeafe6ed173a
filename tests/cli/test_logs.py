"""What the service writes about itself: JSON lines, and nothing that anybody sent."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from support.client import Client
from support.operator import Operator
from support.processes import wait_until
from support.service import Service, free_port, start_service

#: stands in everything that a client sends
MARKER = "hunter2inclear"


@pytest.fixture
def database(server_url: str) -> Iterator[str]:
    with Operator.database(server_url, f"jackfield_test_logs_{uuid.uuid4().hex[:12]}") as dsn:
        yield dsn


@pytest.fixture
def talkative(database: str, environment: dict[str, str], tmp_path: Path) -> Iterator[tuple[Service, Operator]]:
    """A service that logs all it can, and its operator."""
    own = {**environment, "JACKFIELD_DATABASE_URL": database, "JACKFIELD_LOG_LEVEL": "debug"}
    with Operator.open(own) as operator, start_service(own, tmp_path / "log", free_port()) as service:
        yield service, operator


def lines(service: Service) -> list[dict[str, Any]]:
    """Every line that was logged; all of them are JSON objects."""
    found = [json.loads(line) for line in service.read_log().splitlines()]
    assert all(isinstance(line, dict) for line in found)
    return found


def body(**fields: Any) -> dict[str, Any]:
    return {
        "name": f"{MARKER} name",
        "integration_type": "sentry",
        "unique_identifier": f"{MARKER} identifier",
        "auth_data": {"access_token": f"{MARKER} token"},
        "scope_data": {"org_slug": f"{MARKER} slug"},
        "metadata": {"description": f"{MARKER} description", MARKER: MARKER},
        **fields,
    }


def test_every_request_is_one_line_and_none_has_what_was_sent(
    talkative: tuple[Service, Operator], environment: dict[str, str]
) -> None:
    service, operator = talkative
    organisation = operator.create_organisation("Logs")
    key = operator.create_key(organisation, f"{MARKER}-user")
    client = Client(service.url, key)
    v1, v2 = "/api/v1/integrations", "/api/v2/integrations"

    expected: list[tuple[str, str, int]] = []

    def call(method: str, path: str, status: int, route: str = "", **more: Any) -> requests.Response:
        answer = client.call(method, path, **more)
        assert answer.status_code == status, answer.text
        expected.append((method, route or path, status))
        return answer

    saved = call("POST", f"{v2}/save", 200, json=body())
    integration_id = saved.json()["data"]["integration_id"]
    call("GET", f"{v1}/{integration_id}", 200, f"{v1}/{{id}}")
    call("GET", f"{v1}/list", 200)
    call("PUT", f"{v1}/schema/{integration_id}", 200, f"{v1}/schema/{{id}}", json={"name": f"{MARKER} renamed"})
    call("POST", f"{v2}/save", 422, json=body(integration_type=MARKER, auth_data=MARKER))
    call("POST", f"{v2}/save", 422, data=f'{{"name": "{MARKER}'.encode())
    call("POST", f"{v2}/save", 413, data=MARKER * 100_000)
    call("POST", f"{v2}/save", 409, json=body(integration_type="github"))
    call("GET", f"{v1}/{MARKER}", 404, f"{v1}/{{id}}")
    call("GET", f"{v1}/list?org_slug={MARKER}", 200, f"{v1}/list")
    call("GET", f"{v1}/list?limit={MARKER}", 422, f"{v1}/list")
    call("GET", f"/{MARKER}", 404, "unknown")
    call("DELETE", f"{v1}/sentry/revoke/{MARKER}", 403, f"{v1}/{{provider}}/revoke/{{user_id}}")
    stranger = Client(service.url, f"jf_{MARKER}".ljust(46, "x"))
    assert stranger.list().status_code == 401
    expected.append(("GET", f"{v1}/list", 401))

    # what nobody foresaw: the database refuses the row, and says what was in it
    operator.fetch("alter table integration add constraint odd check (name <> $$" + MARKER + " odd$$)")
    failed = call("POST", f"{v2}/save", 500, json=body(name=f"{MARKER} odd", unique_identifier=f"{MARKER} other"))
    assert MARKER not in failed.text
    assert service.stop() == 0

    logged = lines(service)
    requests_logged = [line for line in logged if line["event"] == "request" and line["route"] != "/readyz"]
    assert [(line["method"], line["route"], line["status"]) for line in requests_logged] == expected
    for line in requests_logged:
        assert line["request_id"]
        assert line["milliseconds"] >= 0
        assert {"timestamp", "level"} <= set(line)
    # the failure is explained under the request's id, for who reads the log
    [unforeseen] = [line for line in logged if line["event"] == "unexpected failure"]
    assert unforeseen["request_id"] == failed.headers["X-Request-Id"] == requests_logged[-1]["request_id"]
    assert "CheckViolation" in str(unforeseen["exception"])

    written = service.read_log()
    assert MARKER not in written
    assert key not in written
    assert environment["JACKFIELD_MASTER_KEYS"].partition(":")[2] not in written


def test_the_callers_request_id_is_logged_and_a_bad_one_is_not(service: Service) -> None:
    good = f"trace-{uuid.uuid4()}"
    answer = requests.get(f"{service.url}/api/v1/integrations/list", headers={"X-Request-Id": good}, timeout=10)
    assert answer.headers["X-Request-Id"] == good
    bad = f"{uuid.uuid4()} with blanks"
    answer = requests.get(f"{service.url}/api/v1/integrations/list", headers={"X-Request-Id": bad}, timeout=10)
    made = answer.headers["X-Request-Id"]
    assert made != bad

    def written() -> set[Any]:
        return {line.get("request_id") for line in lines(service)}

    # a line is written when its answer is out
    wait_until(lambda: {good, made} <= written(), 5, "both requests in the log")
    assert bad not in written()


def test_probes_are_not_logged_but_counted(service: Service) -> None:
    before = len(service.read_log())
    for path in ("/healthz", "/readyz", "/metrics"):
        assert requests.get(service.url + path, timeout=10).status_code == 200
    assert service.read_log()[before:].count('"route":"/healthz"') == 0
    assert 'route="/healthz"' in requests.get(f"{service.url}/metrics", timeout=10).text
