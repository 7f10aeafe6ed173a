"""The directory of the embedded PostgreSQL's socket.

Whoever reaches the socket is the database's superuser, so its directory is closed to everyone else.
"""

import os
import socket
import stat
import struct
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from jackfield.domain.errors import Misconfigured
from jackfield.storage.embedded.account import Account

PORT = 5432
SOCKET = f".s.PGSQL.{PORT}"

# With the terminating zero: 104 bytes on macOS and the BSDs, 108 on Linux.
_PATH_LIMIT_BYTES = 104
_ANSWER_SECONDS = 1
# Asks for encryption; the answer is one byte, without authentication and without a log entry.
_ENCRYPTION_REQUEST = struct.pack("!II", 8, 80877103)


def socket_directory(data_directory: Path) -> Path:
    """Return the directory of the socket of the cluster in `data_directory`."""
    directory = data_directory / "postgres-socket"
    path = str(directory / SOCKET)
    # Drivers split a host at commas; what is not printable need not survive a URL.
    if len(os.fsencode(path)) < _PATH_LIMIT_BYTES and path.isprintable() and "," not in path:
        return directory
    digest = sha256(os.fsencode(data_directory)).hexdigest()[:16]
    return Path(tempfile.gettempdir()).resolve() / f"jackfield-{os.geteuid()}-{digest}"


def make_private(directory: Path, account: Account) -> None:
    """Make `directory` if it is missing, owned by `account` and closed to all others.

    Raises Misconfigured when something else stands there: another user may want to listen in.
    """
    with suppress(FileExistsError):
        directory.mkdir(mode=0o700)
    status = directory.lstat()
    ours = status.st_uid in {account.uid, os.geteuid()}
    if not (ours and stat.S_ISDIR(status.st_mode) and stat.S_IMODE(status.st_mode) == 0o700):
        message = (
            f"{directory} is not a directory that only PostgreSQL's own user may enter: remove it,"
            " after finding out who made it"
        )
        raise Misconfigured(message)
    if status.st_uid != account.uid:
        os.chown(directory, account.uid, account.gid, follow_symlinks=False)


def is_answering(directory: Path, owner: int) -> bool:
    """Return whether a server answers in `directory`, where only the user `owner` may listen."""
    return _is_private(directory, owner) and _has_answer(directory / SOCKET)


def _is_private(directory: Path, owner: int) -> bool:
    try:
        status = directory.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == owner and not status.st_mode & 0o077


def _has_answer(path: Path) -> bool:
    # A connection alone proves little: the kernel makes it for a dying server, too.
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(_ANSWER_SECONDS)
        try:
            client.connect(str(path))
            client.sendall(_ENCRYPTION_REQUEST)
            return client.recv(1) != b""
        except OSError:
            return False
