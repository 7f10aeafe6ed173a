"""A running `jackfield worker`."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from support.service import bare_environment


@contextlib.contextmanager
def start_worker(environment: dict[str, str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Starts it; whatever happens, nothing of it is left after the block."""
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
        kill(process)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """kill -9 of the worker and everything it started, except the database."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)
