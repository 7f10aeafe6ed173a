"""API keys in the database: keyed hashes, never the keys. A revocation is told to every process by NOTIFY."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg

from jackfield.domain.key import ApiKey
from jackfield.domain.principal import Principal
from jackfield.storage.pool import Connection, Pool

#: the channel on which processes hear that a key was revoked
REVOCATIONS: Final = "jackfield_key_revocations"

COLUMNS: Final = "id, organisation_id, owner, capabilities, created_at, expires_at, revoked_at"

CREATE: Final = f"""
insert into api_key (organisation_id, owner, capabilities, digest, expires_at) values ($1, $2, $3, $4, $5)
returning {COLUMNS}
"""
LIST: Final = f"select {COLUMNS} from api_key where $1::bigint is null or organisation_id = $1 order by id"
LIST_PAGE: Final = f"""
select {COLUMNS} from api_key where organisation_id = $1 and ($2::bigint is null or id < $2) order by id desc limit $3
"""
REVOKE_OWN: Final = f"""
update api_key set revoked_at = now() where organisation_id = $1 and id = $2 and revoked_at is null returning {COLUMNS}
"""
REVOKE: Final = f"update api_key set revoked_at = now() where id = $1 and revoked_at is null returning {COLUMNS}"
ANNOUNCE: Final = "select pg_notify($1, '')"

FIND_PRINCIPAL: Final = """
select k.digest, k.id, k.organisation_id, k.owner, k.capabilities, k.expires_at
from api_key k join organisation o on o.id = k.organisation_id
where k.digest = $1 and k.revoked_at is null and o.deleted_at is null
"""
FIND_ORPHAN: Final = """
select k.digest from api_key k join organisation o on o.id = k.organisation_id
where k.digest = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
    and o.deleted_at is not null
"""


class KeyTable:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def create(
        self,
        organisation_id: int,
        user: str,
        capabilities: Sequence[str],
        digest: bytes,
        expires_at: datetime | None,
    ) -> ApiKey:
        record = await self._connection.fetchrow(CREATE, organisation_id, user, capabilities, digest, expires_at)
        if record is None:
            raise LookupError("an insert returned no row")
        return _to_key(record)

    async def list(self, organisation_id: int | None) -> list[ApiKey]:
        return [_to_key(record) for record in await self._connection.fetch(LIST, organisation_id)]

    async def list_page(self, organisation_id: int, before: int | None, most: int) -> Sequence[ApiKey]:
        """Newest first, from the key before the one with the id `before` on."""
        return [_to_key(record) for record in await self._connection.fetch(LIST_PAGE, organisation_id, before, most)]

    async def revoke(self, key_id: int) -> ApiKey | None:
        """Marks the key revoked and tells every process; None when there is no such unrevoked key."""
        return await self._revoked(await self._connection.fetchrow(REVOKE, key_id))

    async def revoke_own(self, organisation_id: int, key_id: int) -> ApiKey | None:
        """As `revoke`, of the organisation's keys alone."""
        return await self._revoked(await self._connection.fetchrow(REVOKE_OWN, organisation_id, key_id))

    async def _revoked(self, record: asyncpg.Record | None) -> ApiKey | None:
        if record is None:
            return None
        await self.announce_revocation()
        return _to_key(record)

    async def announce_revocation(self) -> None:
        """Tells every process, when this transaction commits, to forget the keys it has verified."""
        await self._connection.execute(ANNOUNCE, REVOCATIONS)


class KeyLookup:
    """Finds the principal of a presented key."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find_principal(self, digest: bytes) -> tuple[bytes, Principal] | None:
        """The digest as stored, and its principal; None when revoked, or its organisation is deleted."""
        records = await self._pool.fetch(FIND_PRINCIPAL, digest)
        if not records:
            return None
        stored, key_id, organisation_id, user, capabilities, expires_at = records[0]
        return stored, Principal(key_id, organisation_id, user, frozenset(capabilities), expires_at)

    async def find_orphan(self, digest: bytes) -> bytes | None:
        """The digest as stored of a key that would be good if its organisation were not deleted."""
        records = await self._pool.fetch(FIND_ORPHAN, digest)
        return records[0][0] if records else None


def _to_key(record: asyncpg.Record) -> ApiKey:
    identity, organisation_id, user, capabilities, *times = record
    return ApiKey(identity, organisation_id, user, tuple(capabilities), *times)
