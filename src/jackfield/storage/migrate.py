"""Brings the database to the version that this code needs; asked at every start."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Final

import asyncpg
import structlog

from jackfield.domain.errors import Misconfigured, Unavailable
from jackfield.storage.away import AWAY
from jackfield.storage.connections import connect

_VERSIONS: Final = Path(__file__).parent / "migrations" / "versions"
_TABLE_EXISTS: Final = "select to_regclass('alembic_version') is not null"
_CURRENT: Final = "select version_num from alembic_version"
#: what is read here is small
_ANSWER_SECONDS: Final = 30.0

_log = structlog.get_logger(__name__)


def newest_version() -> str:
    return known_versions()[-1]


def known_versions() -> list[str]:
    """Every version this code knows, oldest first."""
    return sorted(file.name.partition("_")[0] for file in _VERSIONS.glob("[0-9]*.sql"))


async def current_version(dsn: str) -> str | None:
    """The database's version, or None when it is empty. Raises Unavailable."""
    try:
        connection = await connect(dsn, command_seconds=_ANSWER_SECONDS)
        try:
            return await connection.fetchval(_CURRENT) if await connection.fetchval(_TABLE_EXISTS) else None
        finally:
            await connection.close()
    except AWAY as error:
        raise Unavailable(f"Database connection failed ({type(error).__name__})") from error
    except ValueError:
        # not its own words: they may hold parts of the address, and that has a password in it
        raise Misconfigured(
            "JACKFIELD_DATABASE_URL is not an address such as postgresql://user:password@host:5432/database"
        ) from None
    except asyncpg.PostgresError as error:
        # a wrong password, a missing database: waiting does not mend it, and the server's own words say what does
        raise Misconfigured(f"The database refuses us: {error}") from error


async def migrate(dsn: str) -> bool:
    """Migrates if needed, safely with many processes at once. True if it was needed.

    Raises Unavailable, or Misconfigured when the database belongs to a newer Jackfield or a migration fails.
    """
    current = await current_version(dsn)
    if current == newest_version():
        return False
    if current is not None and current not in known_versions():
        raise Misconfigured(
            f"The database has version {current}, which is newer than this Jackfield knows ({newest_version()}). "
            "Run the newer Jackfield; nothing was changed."
        )
    _log.info("migrating the database", current=current or "empty", wanted=newest_version())
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "jackfield.storage.migrations",
        env=os.environ | {"JACKFIELD_MIGRATE_DSN": dsn},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, complaint = await process.communicate()
    if process.returncode != 0:
        reason = _last_exception(complaint.decode(errors="replace"))
        raise Misconfigured(f"The database could not be migrated and was left as it was: {reason}")
    return True


def _last_exception(traceback: str) -> str:
    """What the last exception of a traceback says, on one line: its text follows the last indented line."""
    lines = traceback.strip().splitlines()
    frames = [number for number, line in enumerate(lines) if line.startswith(" ")]
    return " ".join(lines[frames[-1] + 1 :] if frames else lines)
