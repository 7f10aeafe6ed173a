"""Migrations: any number at once, once each, whole or not at all."""

import asyncio
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

import jackfield
from jackfield.domain.errors import Misconfigured, Unavailable
from jackfield.storage.migrate import current_version, known_versions, migrate, newest_version
from jackfield.vault import generate_master_key
from support.command import Outcome
from support.command import jackfield as command
from support.operator import Operator
from support.service import free_port

TABLES = {
    "alembic_version",
    "api_key",
    "audit_entry",
    "connect_session",
    "console_link",
    "data_key",
    "definition",
    "delivery",
    "event",
    "idempotency_key",
    "installation",
    "integration",
    "item",
    "job",
    "link",
    "oauth_grant",
    "oauth_token",
    "organisation",
    "pgqueuer",
    "pgqueuer_log",
    "pgqueuer_schedules",
    "pgqueuer_statistics",
    "place",
    "refresh_lease",
    "rest",
    "service_secret",
    "session",
    "sign_in_attempt",
}
#: everything of a schema: tables with their columns, indexes, functions, constraints
EVERYTHING = """
select 'column ' || table_name || '.' || column_name || ' ' || data_type from information_schema.columns
where table_schema = 'public'
union all select 'index ' || indexdef from pg_indexes where schemaname = 'public'
union all select 'function ' || proname || prosrc from pg_proc where pronamespace = 'public'::regnamespace
union all select 'constraint ' || conname || ' ' || pg_get_constraintdef(oid) from pg_constraint
where connamespace = 'public'::regnamespace
order by 1
"""


@pytest.fixture
def dsn(server_url: str) -> Iterator[str]:
    """An empty database."""
    with Operator.database(server_url, f"jackfield_test_migrate_{uuid.uuid4().hex[:12]}") as dsn:
        yield dsn


def fetch(dsn: str, sql: str) -> list[Any]:
    async def run() -> list[Any]:
        connection = await asyncpg.connect(dsn)
        try:
            return [record[0] for record in await connection.fetch(sql)]
        finally:
            await connection.close()

    return asyncio.run(run())


def tables(dsn: str) -> set[str]:
    return set(fetch(dsn, "select tablename::text from pg_tables where schemaname = 'public'"))


def test_many_processes_migrate_one_empty_database_at_once(dsn: str) -> None:
    async def run() -> list[bool]:
        return await asyncio.gather(*(migrate(dsn) for _ in range(6)))

    assert asyncio.run(current_version(dsn)) is None
    assert True in asyncio.run(run())
    assert tables(dsn) == TABLES
    assert fetch(dsn, "select version_num from alembic_version") == [newest_version()]


def test_migrating_again_changes_nothing(dsn: str) -> None:
    assert asyncio.run(migrate(dsn)) is True
    before = fetch(dsn, EVERYTHING)
    assert asyncio.run(migrate(dsn)) is False
    assert fetch(dsn, EVERYTHING) == before
    assert asyncio.run(current_version(dsn)) == newest_version()


def test_a_database_of_a_newer_version_is_refused_in_words(dsn: str) -> None:
    asyncio.run(migrate(dsn))
    fetch(dsn, "update alembic_version set version_num = '9999'")
    before = fetch(dsn, EVERYTHING)
    with pytest.raises(Misconfigured, match=r"version 9999, which is newer .*Run the newer Jackfield; nothing was ch"):
        asyncio.run(migrate(dsn))
    assert fetch(dsn, EVERYTHING) == before
    complaint = command({"JACKFIELD_DATABASE_URL": dsn, "JACKFIELD_MASTER_KEYS": generate_master_key()}, "migrate")
    assert "9999" in complaint.complaint


def test_a_database_that_is_away_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        asyncio.run(migrate(f"postgresql://127.0.0.1:{free_port()}/db"))


def test_versions_are_numbered_in_the_order_in_which_they_run() -> None:
    versions = known_versions()
    assert versions[0] == "0001"
    assert versions == sorted(set(versions))
    assert all(re.fullmatch("[0-9]{4}", version) for version in versions)


# A later version of the package: a copy of this one with one more migration


class Later:
    def __init__(self, place: Path, sql: str) -> None:
        package = place / "jackfield"
        shutil.copytree(Path(jackfield.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
        versions = package / "storage" / "migrations" / "versions"
        self.number = f"{int(known_versions()[-1]) + 1:04}"
        (versions / f"{self.number}_later.sql").write_text(sql)
        (versions / f"{self.number}_later.py").write_text(
            "from jackfield.storage.migrations.plain_sql import run_beside\n"
            f"revision = {self.number!r}\n"
            f"down_revision = {newest_version()!r}\n"
            "def upgrade() -> None:\n"
            "    run_beside(__file__)\n"
        )
        self._place = place

    def migrate(self, dsn: str) -> Outcome:
        return command(
            {
                "JACKFIELD_DATABASE_URL": dsn,
                "JACKFIELD_MASTER_KEYS": generate_master_key(),
                "PYTHONPATH": f"{self._place}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
            },
            "migrate",
        )


def test_a_migration_that_fails_leaves_the_database_as_it_was(dsn: str, tmp_path: Path) -> None:
    later = Later(
        tmp_path,
        """
        create table half (n integer unique);
        alter table integration add column half integer not null default 0;
        drop index integration_provider;
        insert into half values (1), (2), (1);
        """,
    )
    asyncio.run(migrate(dsn))
    before = fetch(dsn, EVERYTHING)
    complaint = later.migrate(dsn).complaint
    assert complaint.startswith("The database could not be migrated and was left as it was: ")
    assert "duplicate key value" in complaint
    assert fetch(dsn, EVERYTHING) == before
    assert asyncio.run(current_version(dsn)) == newest_version()


def test_a_first_migration_that_fails_leaves_the_database_empty(dsn: str, tmp_path: Path) -> None:
    later = Later(tmp_path, "select 1 / 0")
    complaint = later.migrate(dsn).complaint
    assert "division by zero" in complaint
    # all pending versions are one transaction
    assert tables(dsn) == set()


def test_a_later_version_upgrades_and_the_older_one_then_refuses(dsn: str, tmp_path: Path) -> None:
    later = Later(tmp_path, "alter table integration add column later integer")
    asyncio.run(migrate(dsn))
    assert later.migrate(dsn).status == 0
    assert asyncio.run(current_version(dsn)) == later.number
    with pytest.raises(Misconfigured, match="newer"):
        asyncio.run(migrate(dsn))
