"""Wrapped keys in the database: each organisation's data keys, and the service's own secrets."""

from typing import Final

from jackfield.domain.credential import WrappedKey
from jackfield.storage.pool import Connection, Pool

NEWEST: Final = """
select id, master_key_id, wrapped from data_key where organisation_id = $1 order by id desc limit 1
"""
GET: Final = "select id, master_key_id, wrapped from data_key where organisation_id = $1 and id = $2"
# not for a deleted organisation, nor for one whose deletion is under way: its keys are destroyed for good
ADD: Final = """
insert into data_key (organisation_id, id, master_key_id, wrapped)
select o.id, $2, $3, $4 from organisation o where o.id = $1 and o.deleted_at is null for share
on conflict do nothing
"""
ERASE: Final = "delete from data_key where organisation_id = $1"

COUNT_BY_MASTER_KEY: Final = """
select master_key_id, count(*) from (
    select master_key_id from data_key union all select master_key_id from service_secret
) k group by master_key_id order by master_key_id
"""
# the rotation of the master key goes through every organisation's keys
NOT_WRAPPED_BY: Final = """
select organisation_id, id, master_key_id, wrapped from data_key where master_key_id <> $1
order by organisation_id, id limit $2
"""
REPLACE: Final = """
update data_key set master_key_id = $3, wrapped = $4 where organisation_id = $1 and id = $2 and wrapped = $5
"""
SECRETS_NOT_WRAPPED_BY: Final = "select name, 1, master_key_id, wrapped from service_secret where master_key_id <> $1"
REPLACE_SECRET: Final = "update service_secret set master_key_id = $2, wrapped = $3 where name = $1 and wrapped = $4"

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

    async def count_by_master_key(self) -> dict[str, int]:
        """How many keys and secrets each master key wraps."""
        return {record[0]: record[1] for record in await self._pool.fetch(COUNT_BY_MASTER_KEY)}

    async def not_wrapped_by(self, master_key_id: str, most: int) -> list[tuple[int, WrappedKey]]:
        """Some of the keys that another master key wraps, each with its organisation."""
        records = await self._pool.fetch(NOT_WRAPPED_BY, master_key_id, most)
        return [(organisation_id, WrappedKey(*key)) for organisation_id, *key in records]

    async def replace(self, organisation_id: int, old: WrappedKey, new: WrappedKey) -> None:
        """Stores the key as wrapped anew, unless someone else did."""
        await self._pool.fetch(REPLACE, organisation_id, old.id, new.master_key_id, new.wrapped, old.wrapped)


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

    async def not_wrapped_by(self, master_key_id: str) -> list[tuple[str, WrappedKey]]:
        records = await self._pool.fetch(SECRETS_NOT_WRAPPED_BY, master_key_id)
        return [(name, WrappedKey(*key)) for name, *key in records]

    async def replace(self, name: str, old: WrappedKey, new: WrappedKey) -> None:
        """Stores the secret as wrapped anew, unless someone else did."""
        await self._pool.fetch(REPLACE_SECRET, name, new.master_key_id, new.wrapped, old.wrapped)
