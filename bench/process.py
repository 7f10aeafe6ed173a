"""A serving process: started with its log in a file, awaited until it answers, weighed, and stopped in any case."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

_READY_SECONDS: Final = 60
_STOP_SECONDS: Final = 40
_POLL_SECONDS: Final = 0.01
_MIB: Final = 2**20
#: never a program that serves: Python's own, started beside a worker
_HELPERS: Final = ("resource_tracker", "forkserver")
#: from where `bench` can be imported
_ROOT: Final = Path(__file__).parents[1]


@dataclass(frozen=True)
class Memory:
    """MiB of the one process that answers, and of the one that supervises it (0: it does that itself)."""

    resident: float
    unique: float
    supervisor: float


@dataclass(frozen=True)
class Running:
    port: int
    pid: int
    ready_seconds: float

    def memory(self) -> Memory:
        main = psutil.Process(self.pid)
        workers = [child for child in main.children(recursive=True) if not _is_helper(child)]
        worker = max(workers, key=lambda one: one.memory_info().rss, default=main)
        info = worker.memory_full_info()
        supervisor = 0 if worker is main else main.memory_info().rss
        return Memory(info.rss / _MIB, info.uss / _MIB, supervisor / _MIB)


@contextlib.contextmanager
def running(command: Sequence[str], environment: Mapping[str, str], log: Path, port: int) -> Iterator[Running]:
    """Runs the command until the block ends. It must listen on the port and answer GET /readyz with 200."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("JACKFIELD_")}
    with log.open("ab") as output:
        started = time.perf_counter()
        # a session of its own: Ctrl-C reaches us alone, and we stop everything in order
        process = subprocess.Popen(
            command,
            cwd=_ROOT,
            env=inherited | dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _await_ready(process, port, log)
        yield Running(port, process.pid, time.perf_counter() - started)
    finally:
        _stop(process)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if _is_ready(port):
            return
        time.sleep(_POLL_SECONDS)
    command = " ".join(map(str, process.args)) if isinstance(process.args, list) else process.args
    tail = log.read_text(errors="replace")[-2000:]
    raise SystemExit(f"bench: {command!s} did not get ready. Its log ends:\n{tail}")


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    # what it left behind, if anything: the session is its own
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _is_helper(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        command = " ".join(process.cmdline())
        return process.name() == "postgres" or any(name in command for name in _HELPERS)
    return True
