"""The PostgreSQL that comes with the package, for when no database URL is set.

Any number of processes share one server on one data directory. Each holds a shared lock while it
uses the server, and the last one out stops it. Whoever joins, leaves, starts or stops does so with
a second lock, the mutex, which one process holds at a time.
"""

import fcntl
import os
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from jackfield.domain.errors import Misconfigured, Unavailable
from jackfield.storage.embedded.cluster import Cluster
from jackfield.storage.embedded.creation import DATABASE, USER
from jackfield.storage.embedded.locks import exclusive, lock, open_lock, release, try_lock
from jackfield.storage.embedded.socket import PORT


@dataclass(frozen=True)
class _Share:
    """A hold of the users' lock. A forked child inherits the descriptor, but not the share."""

    descriptor: int
    process: int


class EmbeddedServer:
    """One user of the server in a data directory. Methods block; threads may share an instance."""

    def __init__(self, directory: Path) -> None:
        """Touch nothing yet. `directory` is the service's data directory; `open` makes it."""
        self._directory = directory.resolve()
        self._mutex = self._directory / "postgres-mutex.lock"
        self._users = self._directory / "postgres-users.lock"
        self._cluster = Cluster(self._directory)
        self._turn = threading.Lock()
        self._share: _Share | None = None

    @property
    def dsn(self) -> str:
        """The URL for asyncpg, libpq and SQLAlchemy. Final once `open` has returned."""
        host = quote(str(self._cluster.socket_directory), safe="")
        return f"postgresql://{USER}@/{DATABASE}?host={host}&port={PORT}"

    @property
    def pid(self) -> int | None:
        """The process id of the server; None when it does not run, or runs in another container."""
        return self._cluster.pid

    @property
    def cluster_exists(self) -> bool:
        """Whether the directory holds a cluster with its database, running or not."""
        return self._cluster.exists

    def open(self) -> None:
        """Start the server, or join it if it runs, and wait until it answers.

        Opening twice is opening once. Raises Misconfigured when the server cannot start.
        """
        with self._turn:
            self._make_directory()
            with exclusive(self._mutex), ExitStack() as undo:
                if not self._is_open:
                    self._join()
                    undo.callback(self._leave)
                self._bring_up()
                undo.pop_all()

    def ensure(self) -> None:
        """Start the server again if it died, and wait until it answers.

        Raises Misconfigured when it cannot start, and Unavailable when this instance is not open.
        """
        with self._turn:
            if not self._is_open:
                message = "The embedded PostgreSQL is closed"
                raise Unavailable(message)
            if not self._cluster.answers():
                with exclusive(self._mutex):
                    self._bring_up()

    def close(self) -> None:
        """Leave the server; the last one out stops it. Closing what is not open does nothing."""
        with self._turn:
            if self._is_open:
                with exclusive(self._mutex):
                    self._leave()

    @property
    def _is_open(self) -> bool:
        return self._share is not None and self._share.process == os.getpid()

    def _make_directory(self) -> None:
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            message = (
                f"Cannot make the data directory {self._directory}: {error.strerror}."
                " Set JACKFIELD_DATA_DIR to a directory that this user may write"
            )
            raise Misconfigured(message) from error

    def _bring_up(self) -> None:
        if not self._cluster.settle():
            self._cluster.start()

    def _join(self) -> None:
        descriptor = open_lock(self._users)
        lock(descriptor, self._users, fcntl.LOCK_SH)
        self._share = _Share(descriptor, os.getpid())

    def _leave(self) -> None:
        if self._share is None:
            return
        descriptor, self._share = self._share.descriptor, None
        try:
            # Nobody joins between the two locks: that takes the mutex, which we hold.
            if try_lock(descriptor, fcntl.LOCK_EX):
                self._cluster.stop()
        finally:
            release(descriptor)
