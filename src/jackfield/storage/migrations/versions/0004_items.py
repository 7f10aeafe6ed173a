"""Items, what they became at the vendors, the deliveries that bring them there, and answered calls."""

from jackfield.storage.migrations.plain_sql import run_beside

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    run_beside(__file__)
