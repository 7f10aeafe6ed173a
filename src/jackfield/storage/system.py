"""The whole installation's figures, for the operator alone."""

from collections.abc import Mapping
from typing import Final

from jackfield.domain.system import Backlog, DatabaseFacts, Worker
from jackfield.storage.data_keys import DataKeyStore
from jackfield.storage.pool import Pool

DATABASE: Final = """
select current_setting('server_version'), (select version_num from alembic_version),
    pg_database_size(current_database()), (select count(*) from pg_stat_activity where backend_type = 'client backend'),
    current_setting('max_connections')::integer, pg_postmaster_start_time()
"""

# one that waits for its next try is in the queue as well, with the time at which it may be run
BACKLOG: Final = """
select entrypoint, count(*) filter (where status = 'queued' and execute_after <= now()),
    count(*) filter (where status = 'queued' and execute_after > now()),
    count(*) filter (where status = 'picked'),
    extract(epoch from now() - min(execute_after) filter (where status = 'queued' and execute_after <= now()))
        ::double precision
from pgqueuer group by entrypoint order by entrypoint
"""

# whoever runs jobs asks for more every second; its connection tells of it, with what it is called in pool.py
WORKERS: Final = """
select host(client_addr), backend_start, greatest(state_change, query_start, backend_start) from pg_stat_activity
where datname = current_database() and application_name = 'jackfield jobs'
order by backend_start
"""

COUNT_BY_DATA_KEY: Final = """
select newest, count(*) from (select max(id) as newest from data_key group by organisation_id) k
group by newest order by newest
"""
COUNT_ORGANISATIONS: Final = "select count(*) from organisation where deleted_at is null"
COUNT_RESTING: Final = "select count(*) from rest where until > now()"


class SystemTable:
    def __init__(self, pool: Pool, data_keys: DataKeyStore) -> None:
        self._pool = pool
        self._data_keys = data_keys

    async def database(self) -> DatabaseFacts:
        [record] = await self._pool.fetch(DATABASE)
        return DatabaseFacts(
            version=record[0],
            migration=record[1],
            size_bytes=record[2],
            connections=record[3],
            connections_limit=record[4],
            started_at=record[5],
        )

    async def backlog(self) -> list[Backlog]:
        """What is in the queue, by kind."""
        return [
            Backlog(kind=record[0], waiting=record[1], scheduled=record[2], running=record[3], oldest_seconds=record[4])
            for record in await self._pool.fetch(BACKLOG)
        ]

    async def workers(self) -> list[Worker]:
        """The processes that run jobs, the longest running first."""
        return [
            Worker(address=record[0], started_at=record[1], seen_at=record[2])
            for record in await self._pool.fetch(WORKERS)
        ]

    async def count_by_master_key(self) -> Mapping[str, int]:
        """How many stored keys each master key wraps."""
        return await self._data_keys.count_by_master_key()

    async def count_by_data_key(self) -> Mapping[int, int]:
        """How many organisations have which newest data key."""
        return {record[0]: record[1] for record in await self._pool.fetch(COUNT_BY_DATA_KEY)}

    async def count_organisations(self) -> int:
        return await self._count(COUNT_ORGANISATIONS)

    async def count_resting(self) -> int:
        """Integrations whose accounts their vendors limit now."""
        return await self._count(COUNT_RESTING)

    async def _count(self, sql: str) -> int:
        [[count]] = await self._pool.fetch(sql)
        return int(count)
