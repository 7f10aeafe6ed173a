"""Places are known by the vendor's own ids."""

from jackfield.storage.migrations.plain_sql import run_beside

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    run_beside(__file__)
