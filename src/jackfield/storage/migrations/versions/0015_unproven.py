"""Health that is unknown until it is proven, and names in people's order."""

from jackfield.storage.migrations.plain_sql import run_beside

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    run_beside(__file__)
