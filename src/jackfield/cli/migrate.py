"""`jackfield migrate`: brings the database to the newest version without serving."""

import asyncio

import typer

from jackfield.bootstrap import open_database
from jackfield.cli.console import command_settings
from jackfield.storage.migrate import newest_version


def migrate() -> None:
    """Migrate the database. Serving does it too; this is for doing it beforehand."""
    settings = command_settings()

    async def run() -> None:
        async with open_database(settings):
            pass

    asyncio.run(run())
    typer.echo(f"The database has version {newest_version()}")
