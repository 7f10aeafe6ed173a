"""Processes seen from outside: who is whose child, and who still lives."""

import contextlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support.service import Service, free_port, start_service


def wait_until(condition: Callable[[], object], seconds: float, what: str) -> float:
    """Asks again and again until it is so; returns after how many seconds that was. Fails with `what`."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, f"not within {seconds} s: {what}"
        time.sleep(0.02)
    return time.monotonic() - started


def children(pid: int) -> list[int]:
    """The live children of a process."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = entry.read_text().rpartition(")")[2].split()[:2]
            if parent == str(pid) and state != "Z":
                found.append(int(entry.parent.name))
    return sorted(found)


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def runs(pid: int, words: bytes) -> bool:
    """Whether these words stand in the command line of a process."""
    try:
        return words in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def workers(service: Service) -> list[int]:
    """The serving processes of a service; not the tracker that Python keeps beside spawned ones."""
    return [pid for pid in children(service.process.pid) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def start_together(
    stack: contextlib.ExitStack, environment: dict[str, str], directory: Path, count: int
) -> list[Service]:
    """Several services started at once, each at a port of its own; all are ready. They end with the stack."""

    def start(port: int) -> Service:
        return stack.enter_context(start_service(environment, directory / f"{port}.log", port))

    ports: set[int] = set()
    while len(ports) < count:
        ports.add(free_port())
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(start, ports))
