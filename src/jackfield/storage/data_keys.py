"""Wrapped keys in the database: each organisation's data keys, and the service's own secrets."""

from typing import Final

from jackfield.domain.credential import WrappedKey
from jackfield.storage.pool import Connection, Pool

NEWEST: Final = """
select id, master_key_id, wrapped from data_key where organisation_id = $1 order by id desc limit 1
"""
GET: Final = "select id, master_key_id, wrapped from data_key where organisation_id = $1 and id = $2"
# not for a deleted organisation: its keys were destroyed for good
ADD: Final = """
insert into data_key (organisation_id, id, master_key_id, wrapped)
select o.id, $2, $3, $4 from organisation o where o.id = $1 and o.deleted_at is null
on conflict do nothing
"""
ERASE: Final = "delete from data_key where organisation_id = $1"

GET_SECRET: Final = "select 1, master_key_id, wrapped from service_secret where name = $1"
ADD_SECRET: Final = """
insert into service_secret (name, master_key_id, wrapped) values ($1, $2, $3) on conflict do nothing
"""


class DataKeyStore:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def newest(self, organisation_id: int) -> WrappedKey | None:
        records = await self._pool.fetch(NEWEST, organisation_id)
        return WrappedKey(*records[0]) if records else None

    async def get(self, organisation_id: int, key_id: int) -> WrappedKey | None:
        records = await self._pool.fetch(GET, organisation_id, key_id)
        return WrappedKey(*records[0]) if records else None

    async def add(self, organisation_id: int, key: WrappedKey) -> None:
        await self._pool.fetch(ADD, organisation_id, key.id, key.master_key_id, key.wrapped)


class DataKeyTable:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def erase(self, organisation_id: int) -> None:
        """Destroys the organisation's data keys: what they sealed can never be opened again."""
        await self._connection.execute(ERASE, organisation_id)


class ServiceSecretStore:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def get(self, name: str) -> WrappedKey | None:
        records = await self._pool.fetch(GET_SECRET, name)
        return WrappedKey(*records[0]) if records else None

    async def add(self, name: str, key: WrappedKey) -> None:
        await self._pool.fetch(ADD_SECRET, name, key.master_key_id, key.wrapped)
