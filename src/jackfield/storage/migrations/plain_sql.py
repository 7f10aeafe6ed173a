"""Migrations are plain SQL: each version's file has an SQL file of the same name beside it."""

from pathlib import Path

from alembic import op


def run_beside(file: str) -> None:
    """Runs the SQL file beside a version's Python file, in the migration's transaction."""
    run(Path(file).with_suffix(".sql").read_text(encoding="utf-8"))


def run(sql: str) -> None:
    """Runs a script of several statements, in the migration's transaction."""
    # op.execute() prepares its statement, and PostgreSQL prepares one statement at a time; the driver's own execute
    # takes a whole script
    connection = op.get_bind().connection.dbapi_connection
    if connection is None:
        raise RuntimeError("the migration has no connection")
    connection.run_async(lambda driver: driver.execute(sql))
