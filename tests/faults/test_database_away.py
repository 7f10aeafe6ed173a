"""The database is away: v1 and v2 say so, probes say so, and it all comes back without a restart."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from jackfield.domain import ids
from jackfield.storage.embedded import EmbeddedServer
from support.client import PATIENCE, Client
from support.data_directory import DataDirectory
from support.processes import wait_until, workers
from support.service import free_port, start_service
from support.tenant import V1, V2, v1_body

AWAY = "Database connection failed"


def failure(sentence: str) -> dict[str, Any]:
    return {"success": False, "data": None, "error": f"{sentence}: {AWAY}"}


@pytest.fixture
def external(data_directory: DataDirectory) -> Iterator[EmbeddedServer]:
    """A server that is another's: the service knows its address alone."""
    server = EmbeddedServer(data_directory.path)
    server.open()
    yield server
    server.close()


def test_a_stopped_server_is_said_in_words_and_waited_for(
    external: EmbeddedServer, data_directory: DataDirectory, tmp_path: Path
) -> None:
    environment = {
        "JACKFIELD_DATABASE_URL": external.dsn,
        "JACKFIELD_MASTER_KEYS": data_directory.key_file.read_text(),
    }
    with start_service(environment, tmp_path / "log", free_port()) as service:
        client = Client(service.url, data_directory.key)
        saved = client.save().json()["data"]["integration_id"]
        before = workers(service)
        external.close()
        assert data_directory.processes == []

        calls: dict[str, tuple[str, str, Any]] = {
            "Failed to save integration": ("POST", f"{V2}/save", {"name": "x", "integration_type": "sentry"}),
            "Failed to create integration": ("POST", f"{V1}/create", v1_body()),
            "Failed to list integrations": ("GET", f"{V1}/list", None),
            "Failed to list connected integrations": ("GET", f"{V1}/connected", None),
            "Failed to get integration": ("GET", f"{V1}/{saved}", None),
            "Failed to update integration": ("PUT", f"{V1}/schema/{saved}", {"name": "y"}),
            "Failed to update integration status": ("PATCH", f"{V1}/{saved}/status?active=true", None),
            "Failed to delete integration": ("DELETE", f"{V1}/{saved}", None),
            "Failed to get integration status": ("GET", f"{V1}/sentry/status/alice", None),
            "Failed to revoke access": ("DELETE", f"{V1}/sentry/revoke/alice", None),
        }
        for sentence, (method, path, body) in calls.items():
            answer = client.call(method, path, json=body)
            assert (answer.status_code, answer.json()) == (500, failure(sentence))
        # whoever shows no key at all is told that first
        assert requests.post(f"{service.url}{V2}/save", json={}, timeout=PATIENCE).status_code == 401

        ready = requests.get(f"{service.url}/readyz", timeout=PATIENCE)
        assert (ready.status_code, ready.json()) == (503, {"status": "not ready", "reason": AWAY})
        assert requests.get(f"{service.url}/healthz", timeout=PATIENCE).status_code == 200
        assert requests.get(f"{service.url}/metrics", timeout=PATIENCE).status_code == 200

        with ThreadPoolExecutor(50) as threads:
            answers = list(threads.map(lambda number: client.save(f"Sentry {number}"), range(100)))
        assert {answer.status_code for answer in answers} == {500}
        assert max(answer.elapsed.total_seconds() for answer in answers) < PATIENCE / 2

        external.open()
        wait_until(lambda: client.save("after").status_code == 200, 5, "saves succeed again")
        assert requests.get(f"{service.url}/readyz", timeout=PATIENCE).status_code == 200
        assert client.token(saved) == "token of Sentry"
        assert workers(service) == before
        assert service.stop() == 0

    log = service.read_log()
    assert [json.loads(line) for line in log.splitlines()]
    assert "token" not in log
    assert data_directory.key not in log


def test_a_killed_embedded_server_is_started_again_in_the_middle_of_saves(
    data_directory: DataDirectory, tmp_path: Path
) -> None:
    with start_service(data_directory.environment, tmp_path / "log", free_port()) as service:
        client = Client(service.url, data_directory.key)
        kept = client.save("before").json()["data"]["integration_id"]
        stop = threading.Event()
        answers: list[tuple[float, int, Any]] = []

        def keep_saving(number: int) -> None:
            for turn in range(100_000):
                if stop.is_set():
                    return
                answer = client.save(f"{number}-{turn}")
                answers.append((time.monotonic(), answer.status_code, answer.json()))

        threads = [threading.Thread(target=keep_saving, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(answers) > 50, 5, "saves")
        killed = data_directory.kill_server()
        killed_at = time.monotonic()
        wait_until(
            lambda: any(status == 500 and moment > killed_at for moment, status, _ in list(answers)), 5, "a failure"
        )
        wait_until(lambda: {status for _, status, _ in answers[-50:]} == {200}, 5, "saves succeed again")
        stop.set()
        for thread in threads:
            thread.join()

        assert {status for _, status, _ in answers} == {200, 500}
        failures = [body for _, status, body in answers if status == 500]
        assert all(body == failure("Failed to save integration") for body in failures)
        assert data_directory.server not in (None, killed)
        assert client.token(kept) == "token of before"
        found = client.list().json()["integrations"]
        acknowledged = {body["data"]["integration_id"] for _, status, body in answers if status == 200}
        assert acknowledged <= set(found)
        created = data_directory.fetch(
            "select distinct subject_ids[1] from audit_entry where action = 'integration.created'"
        )
        assert {record[0] for record in created} == {ids.parse_uuid(one) for one in found}
        assert service.stop() == 0


def test_a_killed_embedded_server_is_started_again_although_nobody_calls(
    data_directory: DataDirectory, tmp_path: Path
) -> None:
    with start_service(data_directory.environment, tmp_path / "log", free_port()) as service:
        client = Client(service.url, data_directory.key)
        saved = client.save().json()["data"]["integration_id"]
        killed = data_directory.kill_server()
        wait_until(lambda: data_directory.server not in (None, killed), 8, "another server")
        wait_until(lambda: client.read(saved).status_code == 200, 5, "reads succeed again")
        assert service.stop() == 0
