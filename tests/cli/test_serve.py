"""`jackfield serve` and the commands beside it."""

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from jackfield.cli.serve import _check_address
from support.client import Client
from support.command import jackfield
from support.data_directory import DataDirectory
from support.service import free_port, start_service


def test_a_busy_port_is_said_before_anything_is_made(tmp_path: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        complaint = jackfield({}, "serve", "--port", str(port), directory=tmp_path).complaint
    assert complaint == f"cannot listen on 127.0.0.1:{port}: Address already in use. Choose another with --port."
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_given_back_in_time_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(_check_address.__globals__, "_PORT_SECONDS", 30.0)
    with socket.socket() as busy, ThreadPoolExecutor(1) as thread:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        found = thread.submit(_check_address, "127.0.0.1", busy.getsockname()[1])
        with pytest.raises(TimeoutError):
            found.result(0.2)
        busy.close()
        assert found.result(30) == "127.0.0.1"


def test_commands_work_while_the_service_runs_on_the_same_directory(
    data_directory: DataDirectory, tmp_path: Path
) -> None:
    environment = data_directory.environment
    with start_service(environment, tmp_path / "log", free_port()) as service:
        server = data_directory.server
        assert jackfield(environment, "organisations", "create", "Beside", "--json").json["handle"] == "beside"
        made = jackfield(environment, "keys", "create", "--organisation", "beside", "--user", "bob", "--json").json
        client = Client(service.url, made["key"])
        assert client.save().status_code == 200
        assert client.list().json()["count"] == 1

        assert jackfield(environment, "doctor").status == 0

        # heeded at once, although the key was just in use
        assert jackfield(environment, "organisations", "delete", "beside", "--yes").status == 0
        assert client.list().status_code == 401

        assert data_directory.server == server
        assert service.stop() == 0
    assert data_directory.processes == []


def test_it_listens_at_a_host_given_by_name(environment: dict[str, str], tmp_path: Path) -> None:
    with start_service(environment, tmp_path / "log", free_port(), "--host", "localhost") as service:
        assert requests.get(f"http://localhost:{service.port}/healthz", timeout=5).status_code == 200
        assert service.stop() == 0
