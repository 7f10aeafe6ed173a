"""What a vendor did not do of a delivery, and which deliveries are in doubt: these go before all others."""

from jackfield.storage.migrations.plain_sql import run_beside

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    run_beside(__file__)
