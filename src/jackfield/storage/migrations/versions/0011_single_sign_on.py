"""Signing in by an OpenID provider: attempts under way, and sessions opened that way."""

from jackfield.storage.migrations.plain_sql import run_beside

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    run_beside(__file__)
