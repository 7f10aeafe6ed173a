"""Alembic's entry: one transaction for all pending versions, under an advisory lock.

Any number of processes may start at once: the first migrates, the others wait and then find nothing to do.
"""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from jackfield.storage.connections import connect

#: any number that nobody else locks in this database ("jackfiel" in ASCII)
LOCK = 0x6A61636B6669656C


def migrate(connection: Connection) -> None:
    context.configure(connection=connection)
    with context.begin_transaction():
        connection.execute(text(f"select pg_advisory_xact_lock({LOCK})"))
        context.run_migrations()


async def run(dsn: str) -> None:
    # asyncpg reads the address itself, so that it means here what it means everywhere else
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: connect(dsn, command_seconds=None), poolclass=NullPool
    )
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
        await connection.commit()
    await engine.dispose()


asyncio.run(run(os.environ["JACKFIELD_MIGRATE_DSN"]))
