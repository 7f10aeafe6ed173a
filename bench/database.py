"""One embedded PostgreSQL in a temporary directory, and a database on it for each contender."""

import asyncio
import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from jackfield.storage.embedded import EmbeddedServer


class Server:
    """The server that all contenders share, so that none has a better one."""

    def __init__(self, dsn: str, pid: int) -> None:
        self._dsn = dsn
        self.pid = pid

    def dsn(self, database: str) -> str:
        return urlunsplit(urlsplit(self._dsn)._replace(path=f"/{database}"))

    def create(self, database: str, template: str = "template1") -> None:
        """A copy of the template, to which nobody may be connected."""
        self.execute("postgres", f"create database {database} template {template}")

    def drop(self, database: str) -> None:
        self.execute("postgres", f"drop database if exists {database}")

    def execute(self, database: str, *statements: str) -> None:
        async def run() -> None:
            async with _connected(self.dsn(database)) as connection:
                for statement in statements:
                    await connection.execute(statement)

        asyncio.run(run())

    def fetch(self, database: str, sql: str, *arguments: object) -> list[dict[str, Any]]:
        async def run() -> list[dict[str, Any]]:
            async with _connected(self.dsn(database)) as connection:
                return [dict(record) for record in await connection.fetch(sql, *arguments)]

        return asyncio.run(run())

    def restore(self, database: str, newest_seeded: int) -> None:
        """Takes away what a block wrote, so that every block of every contender begins with the same tables.

        The checkpoint comes before everyone's block rather than into someone's.
        """
        self.execute(
            database,
            "truncate audit_entry",
            f"delete from integration where id > {newest_seeded}",
            "vacuum integration",
            "checkpoint",
        )


@contextlib.contextmanager
def embedded_server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="jackfield-bench-", ignore_cleanup_errors=True) as directory:
        server = EmbeddedServer(Path(directory))
        server.open()
        try:
            yield Server(server.dsn, server.pid or 0)
        finally:
            server.close()


@contextlib.asynccontextmanager
async def _connected(dsn: str) -> Any:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()
