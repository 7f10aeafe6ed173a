"""What outside developers publish, where it is installed, and what it was granted there."""

from jackfield.storage.migrations.plain_sql import run_beside

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run_beside(__file__)
