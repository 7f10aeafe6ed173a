"""A running `jackfield serve`."""

import contextlib
import itertools
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import requests

READY_SECONDS = 30.0
LOG_SECONDS = 0.3


class Service:
    def __init__(self, process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.log = log

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"the service stopped: {self.log.read_text()}"
            with contextlib.suppress(requests.RequestException):
                if requests.get(f"{self.url}/readyz", timeout=5).status_code == 200:
                    return
            time.sleep(0.05)
        raise AssertionError(f"the service was not ready: {self.log.read_text()}")

    def read_log(self) -> str:
        """All of the log; lines of requests are written together, a few times a second."""
        time.sleep(LOG_SECONDS)
        return self.log.read_text()

    def stop(self) -> int:
        """Asks it to stop; returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def kill(self) -> None:
        """kill -9 of the main process and everything it started, except the database."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(60)


@contextlib.contextmanager
def start_service(environment: dict[str, str], log: Path, port: int, *arguments: str) -> Iterator[Service]:
    """Starts the service and waits until it is ready; whatever happens, nothing of it is left after the block."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "jackfield", "serve", "--port", str(port), *arguments],
            env={**bare_environment(), **environment},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    service = Service(process, port, log)
    try:
        service.wait_until_ready()
        yield service
        service.stop()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)


def bare_environment() -> dict[str, str]:
    """This process's environment without settings of its own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("JACKFIELD_")}


#: below what the system gives to connections (net.ipv4.ip_local_port_range)
_FIRST_PORT: Final = 12_000
_WORKERS: Final = 10
_PORTS: Final = 2_000
_calls: Final = itertools.count()


def free_port() -> int:
    """A port that nobody listens at, and that no call before this one returned, in this process or in one beside it.

    Not one that the system gives: it gives the same to the next who asks, be it for a connection, and services share
    the ports that they listen at.
    """
    worker = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0)
    while True:
        port = _FIRST_PORT + worker % _WORKERS * _PORTS + (os.getpid() + next(_calls)) % _PORTS
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
