"""Until when what was claimed may still be on its way to its vendor."""

from jackfield.storage.migrations.plain_sql import run_beside

revision = "0017"
down_revision = "0015"


def upgrade() -> None:
    run_beside(__file__)
