"""Integrations in the database, inside a unit of work. The hot path's statements are in hot_integrations.py."""

from collections.abc import Sequence
from functools import cache
from typing import Final

import msgspec

from jackfield.domain.integration import (
    FOLLOWING,
    Change,
    Detail,
    Filter,
    Integration,
    IntegrationRow,
    State,
    Wanted,
)
from jackfield.storage.integration_rows import COLUMNS, DETAIL_COLUMNS, VISIBLE, to_detail, to_integration
from jackfield.storage.pool import Connection

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

GET_DETAIL_FOR_UPDATE: Final = f"""
select {DETAIL_COLUMNS} from integration i where i.organisation_id = $1 and i.id = $2 for update
"""

# in the order of their ids, so that two who lock some of them never wait for each other
GET_DETAILS_FOR_UPDATE: Final = f"""
select {DETAIL_COLUMNS} from integration i
where i.organisation_id = $1 and i.id = any($2::bigint[]) order by i.id for update
"""

INSERT: Final = f"""
insert into integration as i (
    organisation_id, id, provider, name, identifier, unique_identifier, sealed_secrets, configuration, metadata,
    status, enabled, created_by, creator_user, creator_key_id, state, item_type, creator_is_account
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
returning {DETAIL_COLUMNS}
"""

# held until the transaction's end, so that two who look and then create do it one after the other
LOCK_PROVIDER: Final = "select pg_advisory_xact_lock(hashtextextended($2, $1))"
HAS_PROVIDER: Final = f"""
select exists (select from integration i where i.organisation_id = $1 and i.provider = $2 and {VISIBLE})
"""

UPDATE: Final = f"""
update integration i set {{assignments}}
where i.organisation_id = $1 and i.id = $2
returning {DETAIL_COLUMNS}
"""

DUE: Final = """
select organisation_id, id from integration where state = 'live' and verification_due_at <= now()
order by verification_due_at limit $1
"""

PURGE: Final = """
with gone as (
    delete from integration where (organisation_id, id) in (
        select organisation_id, id from integration where deleted_at < now() - make_interval(days => $1) limit $2
    )
    returning organisation_id, id
), links as (
    delete from link l using gone g where l.organisation_id = g.organisation_id and l.integration_id = g.id
), deliveries as (
    delete from delivery d using gone g where d.organisation_id = g.organisation_id and d.integration_id = g.id
), leases as (
    delete from refresh_lease l using gone g where l.organisation_id = g.organisation_id and l.integration_id = g.id
), places as (
    delete from place p using gone g where p.organisation_id = g.organisation_id and p.integration_id = g.id
), events as (
    delete from event e using gone g where e.organisation_id = g.organisation_id and e.integration_id = g.id
)
select count(*) from gone
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

#: what is known of tokens that the vendor granted us
_OF_A_GRANT: Final = (
    "granted_at",
    "token_expires_at",
    "fresh_until",
    "refresh_due_at",
    "refreshed_at",
    "grant_refused_at",
)

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

    async def get_detail_for_update(self, organisation_id: int, integration_id: int) -> Detail | None:
        """Whatever its state, locked until the end of the transaction."""
        record = await self._connection.fetchrow(GET_DETAIL_FOR_UPDATE, organisation_id, integration_id)
        return to_detail(record) if record else None

    async def get_details_for_update(self, organisation_id: int, integration_ids: Sequence[int]) -> list[Detail]:
        """As `get_detail_for_update`, for several, by id."""
        records = await self._connection.fetch(GET_DETAILS_FOR_UPDATE, organisation_id, integration_ids)
        return [to_detail(record) for record in records]

    async def create_only_one(self, row: IntegrationRow) -> Detail | None:
        """Writes the row unless the organisation has an integration of its provider already."""
        await self._connection.execute(LOCK_PROVIDER, row.organisation_id, row.provider)
        if await self._connection.fetchval(HAS_PROVIDER, row.organisation_id, row.provider):
            return None
        return await self.create(row)

    async def create(self, row: IntegrationRow) -> Detail:
        """Writes the row, whose unique_identifier nobody else has."""
        record = await self._connection.fetchrow(
            INSERT,
            row.organisation_id,
            row.id,
            row.provider,
            row.name,
            row.identifier,
            row.unique_identifier,
            row.sealed_secrets,
            row.configuration,
            row.metadata,
            row.status,
            row.enabled,
            row.created_by,
            row.creator_user,
            row.creator_key_id,
            row.state,
            row.item_type,
            row.creator_is_account,
        )
        if record is None:
            raise LookupError("an insert returned no row")
        return to_detail(record)

    async def update(self, integration: Integration, change: Change) -> Detail:
        """Writes the fields that are set, with what follows from them."""
        columns = {name: getattr(change, name) for name in change.fields}
        assignments = [f"{name} = ${number}" for number, name in enumerate(columns, start=3)]
        if change.state is not msgspec.UNSET:
            assignments.append("state_changed_at = now()")
        if change.state is State.DELETED:
            assignments.append("deleted_at = now()")
        if change.sealed_secrets is not msgspec.UNSET or change.configuration is not msgspec.UNSET:
            assignments.append("credential_version = credential_version + 1")
        if change.sealed_secrets is not msgspec.UNSET:
            # of these tokens nothing is known but what is said with them; those that somebody brought were not granted
            assignments += [f"{name} = null" for name in _OF_A_GRANT if name not in columns]
        if not FOLLOWING.issuperset(change.fields):
            assignments.append("updated_at = now()")
        sql = UPDATE.format(assignments=", ".join(assignments))
        record = await self._connection.fetchrow(sql, integration.organisation_id, integration.id, *columns.values())
        if record is None:
            raise LookupError(f"integration {integration.id} vanished while it was locked")
        return to_detail(record)

    async def due_for_verification(self, most: int) -> list[tuple[int, int]]:
        """Organisation and id of live integrations whose proof has aged, the oldest first."""
        return [(record[0], record[1]) for record in await self._connection.fetch(DUE, most)]

    async def purge(self, days: int, most: int) -> int:
        """Deletes up to `most` rows of integrations that were deleted so many days ago; returns how many."""
        count: int = await self._connection.fetchval(PURGE, days, most)
        return count

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
    single = wanted.providers[0] if wanted.providers is not None and len(wanted.providers) == 1 else None
    asked = (
        ("i.provider = {}", single),
        ("i.provider = any({}::text[])", wanted.providers if single is None else None),
        ("i.status = {}", wanted.status),
        ("i.enabled = {}", wanted.enabled),
        ("i.configuration ->> 'org_slug' = {}", wanted.org_slug),
        ("i.creator_user = {}", wanted.creator_user),
        ("limit {}", wanted.limit),
        ("offset {}", wanted.offset or None),
    )
    used = [(clause, value) for clause, value in asked if value is not None]
    return _list_text(tuple(clause for clause, _ in used)), [organisation_id, *(value for _, value in used)]


@cache
def _list_text(clauses: tuple[str, ...]) -> str:
    numbered = [clause.format(f"${number}") for number, clause in enumerate(clauses, start=2)]
    conditions = "".join(f" and {clause}" for clause in numbered if clause.startswith("i."))
    ends = [clause for clause in numbered if not clause.startswith("i.")]
    return " ".join([LIST.format(conditions=conditions), *ends])
