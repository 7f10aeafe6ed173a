"""`jackfield worker`: jobs in a process of their own."""

import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from jackfield.vault import generate_master_key
from support.checked_tenant import CheckedTenant
from support.command import jackfield
from support.operator import Operator
from support.service import bare_environment, free_port, start_service
from support.vendor_server import VendorServer, taken


@pytest.fixture
def own_environment(server_url: str, worker_id: str, vendors: VendorServer) -> Iterator[dict[str, str]]:
    """The environment of a database in which no other service runs jobs."""
    with Operator.database(server_url, f"jackfield_worker_{worker_id}_{uuid.uuid4().hex[:8]}") as dsn:
        yield {
            "JACKFIELD_DATABASE_URL": dsn,
            "JACKFIELD_MASTER_KEYS": generate_master_key(),
            "JACKFIELD_PROVIDERS__GITHUB__API_URL": vendors.url,
        }


@contextlib.contextmanager
def start_worker(environment: dict[str, str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "jackfield", "worker"],
            env={**bare_environment(), **environment},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)


def test_it_runs_what_a_service_without_jobs_queues_and_stops_when_told_to(
    own_environment: dict[str, str], vendors: VendorServer, tmp_path: Path
) -> None:
    token = f"token-{uuid.uuid4()}"
    vendors.answer(token, taken)
    with (
        Operator.open(own_environment) as operator,
        start_service(own_environment, tmp_path / "service", free_port(), "--no-jobs") as service,
    ):
        tenant = CheckedTenant.create_checked(operator, service)
        integration = tenant.hub_integration(token=token)["id"]
        job_id = tenant.verification(integration)
        time.sleep(0.5)
        assert tenant.job(job_id)["state"]["current"] == "queued"
        log = tmp_path / "worker"
        with start_worker(own_environment, log) as worker:
            assert tenant.finished(job_id)["state"]["current"] == "completed"
            assert tenant.hub_read(integration)["state"]["current"] == "live"
            told = time.monotonic()
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(10) == 0
            assert time.monotonic() - told < 5
        lines = log.read_text().splitlines()
        assert "running jobs" in lines[0]
        assert "stopped" in lines[-1]
        assert token not in log.read_text()


def test_wrong_settings_are_said_in_one_line() -> None:
    complaint = jackfield({"JACKFIELD_EGRESS_ALLOW": "everything"}, "worker").complaint
    assert complaint.startswith("JACKFIELD_EGRESS_ALLOW: ")
    assert "10.0.0.0/8" in complaint


def test_an_external_database_without_master_keys_is_said_in_one_line() -> None:
    environment = {"JACKFIELD_DATABASE_URL": f"postgresql://user:hunter2@127.0.0.1:{free_port()}/db"}
    complaint = jackfield(environment, "worker").complaint
    assert "JACKFIELD_MASTER_KEYS is not" in complaint
    assert "hunter2" not in complaint
