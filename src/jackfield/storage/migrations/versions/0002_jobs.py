"""Jobs and their queue; what hubs show of an integration: state, search, authored definitions."""

from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment

from jackfield.storage.migrations.plain_sql import run, run_beside

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run(QueryBuilderEnvironment().build_install_query())
    run_beside(__file__)
