"""Installations that were never finished, icons of apps, and client secrets that are being replaced."""

from jackfield.storage.migrations.plain_sql import run_beside

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    run_beside(__file__)
