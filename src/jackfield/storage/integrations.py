"""Integrations in the database, inside a unit of work. The hot path's statements are in hot_integrations.py."""

from collections.abc import Sequence
from typing import Final

import asyncpg
import msgspec

from jackfield.domain.integration import (
    Change,
    Filter,
    Integration,
    JsonObject,
    State,
    Status,
    Wanted,
)
from jackfield.storage.pool import Connection

#: every column that an Integration is made of, in `to_integration`'s order
COLUMNS: Final = """i.id, i.organisation_id, i.provider, i.name, i.unique_identifier, i.sealed_secrets,
    i.configuration, i.metadata, i.status, i.enabled, i.created_by, i.created_at, i.updated_at"""

#: what is being deleted is not seen any more
VISIBLE: Final = "i.state not in ('deleting', 'deleted')"

GET_FOR_UPDATE: Final = f"""
select {COLUMNS} from integration i
where i.organisation_id = $1 and i.id = $2 and ($3::text[] is null or i.provider = any($3)) and {VISIBLE}
for update
"""

# spelled like the index integration_unique_identifier, whose keys have one size however long the identifier is
FIND_FOR_UPDATE: Final = f"""
select {COLUMNS} from integration i
where i.organisation_id = $1 and digest(i.unique_identifier) = digest($2)
    and {VISIBLE}
for update
"""

UPDATE: Final = f"""
update integration i set {{assignments}}, updated_at = now()
where i.organisation_id = $1 and i.id = $2
returning {COLUMNS}
"""

DELETE_ALL: Final = """
update integration
set state = 'deleted', state_changed_at = now(), deleted_at = now(), sealed_secrets = null, updated_at = now()
where organisation_id = $1 and state <> 'deleted'
"""

# the id of the data key stands behind the version byte of a sealed value; see the vault
LIST_SEALED_BEFORE: Final = f"""
select {COLUMNS} from integration i
where i.organisation_id = $1 and i.id > $2 and substring(i.sealed_secrets from 2 for 4) < int4send($3)
order by i.id limit $4 for update
"""

# not a change of the integration, so `updated_at` stays
RESEAL: Final = "update integration set sealed_secrets = $3 where organisation_id = $1 and id = $2"

LIST: Final = f"""
select {COLUMNS} from integration i where i.organisation_id = $1 and {VISIBLE}{{conditions}} order by i.id desc
"""


class IntegrationTable:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get_for_update(self, organisation_id: int, wanted: Wanted) -> Integration | None:
        record = await self._connection.fetchrow(GET_FOR_UPDATE, organisation_id, wanted.id, wanted.providers)
        return to_integration(record) if record else None

    async def find_for_update(self, organisation_id: int, unique_identifier: str) -> Integration | None:
        record = await self._connection.fetchrow(FIND_FOR_UPDATE, organisation_id, unique_identifier)
        return to_integration(record) if record else None

    async def list_for_update(self, organisation_id: int, wanted: Filter) -> list[Integration]:
        """Newest first, locked until the end of the transaction."""
        sql, arguments = list_statement(organisation_id, wanted)
        return [to_integration(record) for record in await self._connection.fetch(sql + " for update", *arguments)]

    async def update(self, integration: Integration, change: Change) -> Integration:
        """Writes the fields that are set, with what follows from a new state."""
        columns = {name: getattr(change, name) for name in change.fields}
        numbered = enumerate(columns, start=3)
        assignments = [f"{name} = ${number}" for number, name in numbered]
        if change.state is not msgspec.UNSET:
            assignments.append("state_changed_at = now()")
        if change.state is State.DELETED:
            assignments.append("deleted_at = now()")
        sql = UPDATE.format(assignments=", ".join(assignments))
        record = await self._connection.fetchrow(sql, integration.organisation_id, integration.id, *columns.values())
        if record is None:
            raise LookupError(f"integration {integration.id} vanished while it was locked")
        return to_integration(record)

    async def delete_all(self, organisation_id: int) -> None:
        """Every integration of the organisation becomes a tombstone without secrets."""
        await self._connection.execute(DELETE_ALL, organisation_id)

    async def list_sealed_before(
        self, organisation_id: int, key_id: int, after_id: int, most: int
    ) -> Sequence[Integration]:
        """The next integrations whose secrets an older data key sealed, by id, locked."""
        records = await self._connection.fetch(LIST_SEALED_BEFORE, organisation_id, after_id, key_id, most)
        return [to_integration(record) for record in records]

    async def reseal(self, integration: Integration, sealed_secrets: bytes) -> None:
        """Replaces the ciphertext by another one of the same secrets."""
        await self._connection.execute(RESEAL, integration.organisation_id, integration.id, sealed_secrets)


def list_statement(organisation_id: int, wanted: Filter) -> tuple[str, list[object]]:
    """The statement of a list, and its arguments. Its text depends only on which filters are used."""
    conditions: list[str] = []
    arguments: list[object] = [organisation_id]

    def add(condition: str, value: object) -> None:
        if value is not None:
            arguments.append(value)
            conditions.append(condition.format(f"${len(arguments)}"))

    if wanted.providers is not None and len(wanted.providers) == 1:
        add(" and i.provider = {}", wanted.providers[0])
    else:
        add(" and i.provider = any({}::text[])", wanted.providers)
    add(" and i.status = {}", wanted.status)
    add(" and i.enabled = {}", wanted.enabled)
    add(" and i.configuration ->> 'org_slug' = {}", wanted.org_slug)
    add(" and i.creator_user = {}", wanted.creator_user)
    sql = LIST.format(conditions="".join(conditions))
    for clause, value in (("limit", wanted.limit), ("offset", wanted.offset or None)):
        if value is not None:
            arguments.append(value)
            sql += f" {clause} ${len(arguments)}"
    return sql, arguments


def to_integration(record: asyncpg.Record) -> Integration:
    """The row of COLUMNS."""
    return Integration(
        id=record[0],
        organisation_id=record[1],
        provider=record[2],
        name=record[3],
        unique_identifier=record[4],
        sealed_secrets=record[5],
        configuration=JsonObject(record[6]),
        metadata=JsonObject(record[7]),
        status=_STATUS[record[8]],
        enabled=record[9],
        created_by=record[10],
        created_at=record[11],
        updated_at=record[12],
    )


_STATUS: Final = {status.value: status for status in Status}
