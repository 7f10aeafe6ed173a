"""One-time links by which customers connect, their way to a vendor and back, and whose account an integration is of."""

from jackfield.storage.migrations.plain_sql import run_beside

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    run_beside(__file__)
