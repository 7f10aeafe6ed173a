"""What the console looks things up by."""

from jackfield.storage.migrations.plain_sql import run_beside

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    run_beside(__file__)
