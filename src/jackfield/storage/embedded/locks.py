"""Locks between processes, as `flock` on files: the kernel drops them however their holder dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from jackfield.domain.errors import Misconfigured


def open_lock(path: Path) -> int:
    """Return a descriptor of the lock file, which is made if missing. Programs do not inherit it.

    Raises Misconfigured when this user may not write there.
    """
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise _unusable(path, error) from error


def lock(descriptor: int, path: Path, operation: int) -> None:
    """Take the lock (`fcntl.LOCK_SH` or `fcntl.LOCK_EX`), waiting as long as others hold it.

    Raises Misconfigured when the file system has no locks.
    """
    try:
        fcntl.flock(descriptor, operation)
    except OSError as error:
        raise _unusable(path, error) from error


def try_lock(descriptor: int, operation: int) -> bool:
    """Take the lock without waiting; return whether it was free."""
    try:
        fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def release(descriptor: int) -> None:
    """Unlock and close.

    Closing alone would leave the lock with any child that another thread is forking at this moment.
    """
    with suppress(OSError):  # it was never locked: the file system has no locks
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock file alone inside the block; wait for it as long as another holds it."""
    descriptor = open_lock(path)
    try:
        lock(descriptor, path, fcntl.LOCK_EX)
        yield
    finally:
        release(descriptor)


def _unusable(path: Path, error: OSError) -> Misconfigured:
    return Misconfigured(
        f"Cannot lock {path}: {error.strerror}. Run jackfield as the user that owns {path.parent},"
        " or set JACKFIELD_DATA_DIR to a directory that this user may write, on a local file system"
    )
