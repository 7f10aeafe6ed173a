"""The command line as an operator has it: each command a process of its own."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.service import bare_environment

SECONDS = 60.0


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What a command with --json printed; it must have succeeded."""
        assert self.status == 0, self
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """Why the command was refused: one line on standard error, nothing on standard output, exit status 1."""
        assert (self.status, self.out) == (1, ""), self
        # what else stands there is log lines, each a JSON object
        lines = [line for line in self.err.splitlines() if not line.startswith("{")]
        assert len(lines) == 1, self
        start, colon, reason = lines[0].partition(": ")
        assert (start, colon) == ("jackfield", ": ")
        return reason


def jackfield(environment: Mapping[str, str], *arguments: str | bytes, directory: Path | None = None) -> Outcome:
    """Runs `python -m jackfield` with these arguments to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "jackfield", *arguments],
        env={**bare_environment(), **environment},
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    outcome = Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert "Traceback" not in outcome.err, outcome.err
    return outcome
