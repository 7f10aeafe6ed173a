"""Starts processes that refresh, against the database and the vendor of a test."""

import subprocess
import sys
from pathlib import Path

from support.service import bare_environment


def start_refresher(environment: dict[str, str], what: str, *arguments: object) -> "subprocess.Popen[str]":
    """See support/refresher.py. To be used as a context, which closes its pipes and waits for its end."""
    return subprocess.Popen(
        [sys.executable, "-m", "support.refresher", what, *map(str, arguments)],
        env={**bare_environment(), **environment, "PYTHONPATH": str(Path(__file__).parents[1])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def next_line(process: "subprocess.Popen[str]", wanted: str) -> None:
    """Waits for that line, whatever is logged before."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == wanted:
            return
    raise AssertionError(f"no {wanted!r}: {process.stderr.read() if process.stderr else ''}")
