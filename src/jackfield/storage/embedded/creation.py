"""The making of a PostgreSQL cluster with the service's database in it."""

import os
import shutil
from pathlib import Path

from jackfield.domain.errors import Misconfigured
from jackfield.storage.embedded.programs import Programs
from jackfield.storage.embedded.socket import make_private

USER = "jackfield"
DATABASE = "jackfield"


def create_cluster(path: Path, programs: Programs) -> None:
    """Make the cluster `path`: aside, and moved into place when whole, so it exists whole or not.

    The caller holds the lock that `programs` inherit: what an interrupted call left is nobody's.
    Raises Misconfigured when a program fails or something else stands in the place.
    """
    draft = path.with_name(f"{path.name}.new")
    _make_room(path)
    if draft.exists():
        shutil.rmtree(draft)
    make_private(draft, programs.account)
    programs.run(
        "initdb",
        f"--pgdata={draft.name}",
        f"--username={USER}",
        "--encoding=UTF8",
        # PostgreSQL's own sorting, which an update of the system's libraries cannot change.
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-locale",
        "--auth-local=trust",
        "--auth-host=reject",
        "--data-checksums",
        "--no-instructions",
    )
    single_user = ("--single", "-cexit_on_error=on", f"-D{draft.name}", "postgres")
    programs.run("postgres", *single_user, stdin=f"CREATE DATABASE {DATABASE}\n")
    draft.rename(path)
    _sync(path.parent)


def _make_room(path: Path) -> None:
    """Take an empty directory out of the way, and nothing else."""
    try:
        path.rmdir()
    except FileNotFoundError:
        return
    except OSError as error:
        message = (
            f"Cannot make {path}: {error.strerror}. Move away what stands there (it is no"
            " PostgreSQL cluster), or set JACKFIELD_DATA_DIR to another directory"
        )
        raise Misconfigured(message) from error


def _sync(directory: Path) -> None:
    """Make the names in `directory` survive a loss of power."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
