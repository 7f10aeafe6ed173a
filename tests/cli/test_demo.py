"""`jackfield demo` in an empty directory, twice."""

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

from support.client import Client
from support.command import jackfield
from support.data_directory import DataDirectory
from support.service import bare_environment, free_port

KEY = re.compile(r"^Your key:  (jf_\S+)$", re.MULTILINE)


def test_the_demo_does_the_main_job_and_can_be_repeated(empty_directory: DataDirectory, tmp_path: Path) -> None:
    port = free_port()
    environment = empty_directory.environment
    first = jackfield(environment, "demo", "--exit", "--port", str(port))
    assert first.status == 0, first
    assert re.search(r"^Saved through v2:  Production Sentry \([0-9a-f-]{36}\)$", first.out, re.MULTILINE)
    assert re.search(r"^Read through v1:   Production Sentry, token sntrys_\.\.\.", first.out, re.MULTILINE)
    assert "Listed through v1: 1 integration(s)\n" in first.out
    assert re.search(r"^In the database:   01[0-9a-f]{46}\.\.\. \(sealed\)$", first.out, re.MULTILINE)
    assert f"curl http://127.0.0.1:{port}/api/v1/integrations/list" in first.out
    assert "sntrys_demo_token" not in first.out
    [old_key] = KEY.findall(first.out)
    assert empty_directory.processes == []

    # again, and this time it stays
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "jackfield", "demo", "--port", str(port)],
        env={**bare_environment(), **environment},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        said = ""
        while "The service is running" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        [key] = KEY.findall(said)
        assert key != old_key
        for one in (old_key, key):
            listed = Client(f"http://127.0.0.1:{port}", one).list().json()
            assert [found["name"] for found in listed["integrations"].values()] == ["Production Sentry"]
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert empty_directory.processes == []


def test_a_demo_on_a_busy_port_says_so(empty_directory: DataDirectory) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        outcome = jackfield(empty_directory.environment, "demo", "--exit", "--port", str(busy.getsockname()[1]))
    assert outcome.status == 1
    assert "Choose another with --port" in outcome.err
    assert not empty_directory.path.exists()
