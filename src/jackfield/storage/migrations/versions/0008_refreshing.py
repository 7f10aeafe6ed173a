"""Until when tokens are good, who refreshes them, how well an integration works, and what was noticed of that."""

from jackfield.storage.migrations.plain_sql import run_beside

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    run_beside(__file__)
