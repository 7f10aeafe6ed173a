"""A PostgreSQL cluster on disk and the server that runs it.

Every program that writes the cluster's files (initdb, the server and all its processes) inherits
one open lock file and so holds its lock until the last of them is gone. That the lock is free means
that nothing touches the files: no zombie, no reused process id and no server in another container
that shares the directory can blur it.
"""

import fcntl
import os
import shlex
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jackfield.domain.errors import Misconfigured
from jackfield.storage.embedded.account import Account, account_for, let_through
from jackfield.storage.embedded.creation import create_cluster
from jackfield.storage.embedded.locks import lock, open_lock, release, try_lock
from jackfield.storage.embedded.programs import (
    ADVICE,
    Programs,
    find_binaries,
    find_reason,
    is_server,
    kill,
    list_servers,
    reap,
)
from jackfield.storage.embedded.socket import (
    PORT,
    SOCKET,
    is_answering,
    make_private,
    socket_directory,
)

_START_SECONDS = 30
_STOP_SECONDS = 30
_SETTLE_SECONDS = 30
_ORPHAN_GRACE_SECONDS = 0.5
_POLL_SECONDS = 0.01
_LOG_LIMIT_BYTES = 10 * 2**20

_SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",
    "max_connections": "200",
    # The service's statements are short: compiling them would take longer than running them.
    "jit": "off",
    # Parallel workers share memory through /dev/shm, of which a container has 64 MB by default.
    "max_parallel_workers_per_gather": "0",
    # A failed statement is an answer to the service; logged here too, each would let the file grow.
    "log_min_messages": "log",
    "log_checkpoints": "off",
}


@dataclass(frozen=True)
class _Postmaster:
    """What the server says of itself in `postmaster.pid`."""

    pid: int
    socket_directory: Path
    status: str


class Cluster:
    """The cluster in a data directory. Only one caller at a time may settle, start or stop it."""

    def __init__(self, directory: Path) -> None:
        """Touch nothing yet. `directory` is absolute and free of symbolic links."""
        self._directory = directory
        self._path = directory / "postgres-18"
        self._log = directory / "postgres.log"
        self._lock = directory / "postgres-server.lock"
        self._postmaster_file = self._path / "postmaster.pid"
        self.socket_directory = socket_directory(directory)

    @property
    def exists(self) -> bool:
        """Whether the cluster has been made, its database included."""
        try:
            return (self._path / "PG_VERSION").exists()
        except PermissionError as error:
            message = f"{self._path} belongs to another user: run jackfield as that user"
            raise Misconfigured(message) from error

    @property
    def pid(self) -> int | None:
        """The server's process id; None when it does not run, or runs in another container."""
        postmaster = self._read_postmaster()
        if postmaster and is_server(postmaster.pid, self._path, self._name):
            return postmaster.pid
        return None

    def answers(self) -> bool:
        """Return whether the server is ready and its socket can be reached."""
        postmaster = self._read_postmaster()
        if postmaster is None or postmaster.status != "ready":
            return False
        owner = self._path.stat().st_uid
        # Whoever started the server may have had another temporary directory than we have.
        for directory in (self.socket_directory, postmaster.socket_directory):
            if is_answering(directory, owner):
                self.socket_directory = directory
                return True
        return False

    def settle(self) -> bool:
        """Wait until the server answers (True) or until nothing of it is left (False).

        Processes that outlive their killed server are ended. Raises Misconfigured after 30 seconds.
        """
        started = time.monotonic()
        while not self.answers():
            remaining = list_servers(self._path, self._name)
            if not remaining and self._is_free():
                return False
            waited = time.monotonic() - started
            if waited > _SETTLE_SECONDS:
                message = (
                    f"PostgreSQL in {self._path} neither answers nor ends. See {self._log},"
                    f" and stop its processes: {remaining or 'they are in another container'}"
                )
                raise Misconfigured(message)
            if waited > _ORPHAN_GRACE_SECONDS and self.pid is None:
                kill(remaining)
            time.sleep(_POLL_SECONDS)
        return True

    def start(self) -> None:
        """Start the server, first making the cluster if it is missing, and wait until it is ready.

        To be called only after `settle` returned False. Raises Misconfigured when it cannot start.
        """
        binaries = find_binaries()
        account = account_for(self._path)
        for directory in (self._directory, self.socket_directory.parent, binaries.parent):
            let_through(account, directory)
        descriptor = open_lock(self._lock)
        try:
            lock(descriptor, self._lock, fcntl.LOCK_EX)
            programs = Programs(binaries, self._directory, account, descriptor)
            if not self.exists:
                create_cluster(self._path, programs)
            make_private(self.socket_directory, account)
            self._remove_traces()
            self._prepare_log(account)
            self._launch(programs)
        finally:
            # Without unlocking: from now on the server's processes hold the lock.
            os.close(descriptor)

    def stop(self) -> None:
        """Stop the server, breaking its connections; wait up to 30 seconds for its last process."""
        pid = self.pid
        # A server without the lock was started by hand: it is not ours to stop.
        if pid is None or self._is_free():
            return
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + _STOP_SECONDS
        while not self._is_free() and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        reap(pid)

    @property
    def _name(self) -> str:
        """The name on the server's processes, the same by whatever path one comes here."""
        place = self._directory.stat()
        return f"jackfield-{place.st_dev:x}-{place.st_ino:016x}"

    def _read_postmaster(self) -> _Postmaster | None:
        try:
            lines = self._postmaster_file.read_text(errors="surrogateescape").splitlines()
            # Single-user mode, as run by hand, writes its process id negated.
            return _Postmaster(abs(int(lines[0])), Path(lines[4]), lines[7].strip())
        except (OSError, ValueError, IndexError):
            return None

    def _is_free(self) -> bool:
        descriptor = open_lock(self._lock)
        try:
            return try_lock(descriptor, fcntl.LOCK_SH)
        finally:
            release(descriptor)

    def _remove_traces(self) -> None:
        """Remove what a killed server left: its process id may by now be another process's."""
        postmaster = self._read_postmaster()
        if postmaster:
            reap(postmaster.pid)
        self._postmaster_file.unlink(missing_ok=True)
        for name in (SOCKET, f"{SOCKET}.lock"):
            (self.socket_directory / name).unlink(missing_ok=True)

    def _prepare_log(self, account: Account) -> None:
        with suppress(FileNotFoundError):
            if self._log.stat().st_size > _LOG_LIMIT_BYTES:
                self._log.rename(self._log.with_name("postgres.log.1"))
        descriptor = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            if account.is_other:
                os.fchown(descriptor, account.uid, account.gid)
        finally:
            os.close(descriptor)

    def _launch(self, programs: Programs) -> None:
        quoted_directory = str(self.socket_directory).replace('"', '""')
        settings = _SETTINGS | {
            "unix_socket_directories": f'"{quoted_directory}"',
            "cluster_name": self._name,
        }
        options = " ".join(f"-c {shlex.quote(f'{key}={value}')}" for key, value in settings.items())
        logged = self._log.stat().st_size
        wait = ("-w", f"-t{_START_SECONDS}")
        try:
            programs.run(
                "pg_ctl",
                "start",
                *wait,
                f"-D{self._path.name}",
                f"-l{self._log.name}",
                f"-o{options}",
            )
        except Misconfigured as error:
            reason = find_reason(self._log.read_bytes()[logged:].decode(errors="replace"))
            message = f"PostgreSQL in {self._path} does not start: {reason}. {self._log} has the details. {ADVICE}"
            raise Misconfigured(message) from error
