"""The statements that carry the load: create, get and list integrations, each with its audit entry in one statement.

One statement is one transaction, so nothing is half-written, and creates and reads that arrive together share one.
"""

from collections.abc import Sequence
from functools import cache
from typing import Final

import asyncpg

from jackfield.domain.audit import AuditEntry
from jackfield.domain.integration import Detail, Filter, Integration, IntegrationRow, Listing, Wanted
from jackfield.storage import listing, narrow_listing
from jackfield.storage.audit import to_row
from jackfield.storage.coalesce import Coalescer
from jackfield.storage.integration_rows import COLUMNS, DETAIL_COLUMNS, VISIBLE, to_detail, to_integration
from jackfield.storage.integrations import list_statement
from jackfield.storage.pool import Pool

RESERVE_IDS: Final = "select new_id() from generate_series(1, $1)"

CREATE: Final = f"""
with wanted as (
    select * from unnest(
        $1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::jsonb[],
        $9::json[], $10::text[], $11::boolean[], $12::text[], $13::text[], $14::bigint[], $15::text[], $16::text[],
        $17::text[], $18::text[], $19::text[]
    ) as w(
        organisation_id, id, provider, name, identifier, unique_identifier, sealed_secrets, configuration,
        metadata, status, enabled, created_by, creator_user, creator_key_id, address, request_id,
        fields, state, item_type
    )
), created as (
    insert into integration as i (
        organisation_id, id, provider, name, identifier, unique_identifier, sealed_secrets, configuration,
        metadata, status, enabled, created_by, creator_user, creator_key_id, state, item_type
    )
    select
        organisation_id, id, provider, name, identifier, unique_identifier, sealed_secrets, configuration,
        metadata, status, enabled, created_by, creator_user, creator_key_id, state, item_type
    from wanted
    on conflict do nothing
    returning {COLUMNS}
), audited as (
    insert into audit_entry (organisation_id, action, key_id, actor, address, request_id, subject_ids, fields)
    select
        w.organisation_id, $20, w.creator_key_id, w.creator_user, w.address, w.request_id, array[w.id],
        string_to_array(w.fields, ',')
    from wanted w join created c on c.organisation_id = w.organisation_id and c.id = w.id
)
select * from created
"""

# `lateral` with `offset 0` keeps the planner at one index look-up per question, whatever it knew of the table's size
GET: Final = f"""
select i.* from unnest($1::bigint[], $2::bigint[], $3::text[]) as w(organisation_id, id, providers)
cross join lateral (
    select {COLUMNS} from integration i
    where i.organisation_id = w.organisation_id and i.id = w.id and {VISIBLE}
        and (w.providers is null or i.provider = any(string_to_array(w.providers, ',')))
    offset 0
) i
"""

GET_DETAIL: Final = f"""
select i.* from unnest($1::bigint[], $2::bigint[]) as w(organisation_id, id)
cross join lateral (
    select {DETAIL_COLUMNS} from integration i where i.organisation_id = w.organisation_id and i.id = w.id
    offset 0
) i
"""

GET_FOR_REVEAL: Final = f"""
with wanted as (
    select * from unnest(
        $1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[]
    ) as w(organisation_id, id, providers, key_id, actor, address, request_id)
), found as materialized (
    select i.*, w.key_id, w.actor, w.address, w.request_id from wanted w cross join lateral (
        select {COLUMNS} from integration i
        where i.organisation_id = w.organisation_id and i.id = w.id and {VISIBLE}
            and (w.providers is null or i.provider = any(string_to_array(w.providers, ',')))
        offset 0
    ) i
), audited as (
    insert into audit_entry (organisation_id, action, key_id, actor, address, request_id, subject_ids, fields)
    select organisation_id, $8, key_id, actor, address, request_id, array[id], $9
    from found where sealed_secrets is not null
)
select {COLUMNS} from found i
"""

LIST_FOR_REVEAL: Final = """
with found as materialized ({list}), audited as (
    insert into audit_entry (organisation_id, action, key_id, actor, address, request_id, fields, subject_ids)
    select $1, {entry}, array_agg(id) from found where sealed_secrets is not null having count(*) > 0
)
select * from found
"""


class HotIntegrations:
    def __init__(self, database: Pool) -> None:
        self._database = database
        self._ids: Coalescer[None, int] = Coalescer(self._reserve_ids)
        self._creates: Coalescer[tuple[IntegrationRow, AuditEntry], Integration | None] = Coalescer(self._create)
        self._gets: Coalescer[tuple[int, Wanted], Integration | None] = Coalescer(self._get)
        self._details: Coalescer[tuple[int, int], Detail | None] = Coalescer(self._get_detail)
        self._reveals: Coalescer[tuple[Wanted, AuditEntry], Integration | None] = Coalescer(self._get_for_reveal)

    async def reserve_id(self) -> int:
        """A new id, made by the database, for a row to come: its secrets are sealed to the id before it is written."""
        return await self._ids.ask(None)

    async def create(self, row: IntegrationRow, entry: AuditEntry) -> Integration | None:
        """The integration as written, or None when its unique_identifier is taken."""
        return await self._creates.ask((row, entry))

    async def get(self, organisation_id: int, wanted: Wanted) -> Integration | None:
        return await self._gets.ask((organisation_id, wanted))

    async def get_detail(self, organisation_id: int, integration_id: int) -> Detail | None:
        """Whatever its state."""
        return await self._details.ask((organisation_id, integration_id))

    async def list_details(self, organisation_id: int, wanted: Listing) -> Sequence[Detail]:
        if narrow_listing.is_narrow(wanted):
            return await narrow_listing.fetch(self._database, organisation_id, wanted)
        return await listing.fetch(self._database, organisation_id, wanted)

    async def get_for_reveal(self, wanted: Wanted, entry: AuditEntry) -> Integration | None:
        """As `get` in the entry's organisation; the entry is written if there are secrets to show."""
        return await self._reveals.ask((wanted, entry))

    async def list(self, organisation_id: int, wanted: Filter) -> Sequence[Integration]:
        sql, arguments = list_statement(organisation_id, wanted)
        return [to_integration(record) for record in await self._database.fetch(sql, *arguments)]

    async def list_for_reveal(self, wanted: Filter, entry: AuditEntry) -> Sequence[Integration]:
        """As `list` in the entry's organisation; one entry names every integration with secrets to show."""
        statement, arguments = list_statement(entry.organisation_id, wanted)
        _, action, key_id, actor, address, request_id, _, fields = to_row(entry)
        values = (action, key_id, actor, address, request_id, fields)
        sql = _list_for_reveal(statement, len(arguments), len(values))
        return [to_integration(record) for record in await self._database.fetch(sql, *arguments, *values)]

    async def _reserve_ids(self, questions: Sequence[None]) -> Sequence[int]:
        return [record[0] for record in await self._database.fetch(RESERVE_IDS, len(questions))]

    async def _create(self, questions: Sequence[tuple[IntegrationRow, AuditEntry]]) -> Sequence[Integration | None]:
        columns = zip(*(_create_row(row, entry) for row, entry in questions), strict=True)
        records = await self._database.fetch(CREATE, *columns, questions[0][1].action)
        return _in_order(records, [(row.organisation_id, row.id) for row, _ in questions])

    async def _get(self, questions: Sequence[tuple[int, Wanted]]) -> Sequence[Integration | None]:
        rows = [(organisation_id, wanted.id, _joined(wanted.providers)) for organisation_id, wanted in questions]
        records = await self._database.fetch(GET, *zip(*rows, strict=True))
        return _in_order(records, [(organisation_id, wanted.id) for organisation_id, wanted in questions])

    async def _get_detail(self, questions: Sequence[tuple[int, int]]) -> Sequence[Detail | None]:
        records = await self._database.fetch(GET_DETAIL, *zip(*questions, strict=True))
        found = {(record[1], record[0]): to_detail(record) for record in records}
        return [found.get(question) for question in questions]

    async def _get_for_reveal(self, questions: Sequence[tuple[Wanted, AuditEntry]]) -> Sequence[Integration | None]:
        columns = zip(*(_reveal_row(wanted, entry) for wanted, entry in questions), strict=True)
        action, fields = questions[0][1].action, questions[0][1].fields
        records = await self._database.fetch(GET_FOR_REVEAL, *columns, action, fields)
        return _in_order(records, [(entry.organisation_id, wanted.id) for wanted, entry in questions])


def _create_row(row: IntegrationRow, entry: AuditEntry) -> tuple[object, ...]:
    return (
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
        entry.origin.address,
        entry.origin.request_id,
        ",".join(entry.fields),
        row.state,
        row.item_type,
    )


def _reveal_row(wanted: Wanted, entry: AuditEntry) -> tuple[object, ...]:
    return (
        entry.organisation_id,
        wanted.id,
        _joined(wanted.providers),
        entry.key_id,
        entry.user,
        entry.origin.address,
        entry.origin.request_id,
    )


@cache
def _list_for_reveal(statement: str, arguments: int, values: int) -> str:
    """The statement of a list with its audit entry, whose values come behind the list's arguments."""
    places = ", ".join(f"${arguments + number}" for number in range(1, values + 1))
    return LIST_FOR_REVEAL.format(list=statement, entry=places)


def _joined(providers: tuple[str, ...] | None) -> str | None:
    # arrays of arrays of different lengths do not exist in PostgreSQL, and a provider's name has no comma
    return None if providers is None else ",".join(providers)


def _in_order(records: list[asyncpg.Record], keys: list[tuple[int, int]]) -> list[Integration | None]:
    """The records in the order of the questions; several may have asked for the same row."""
    found = {(record[1], record[0]): to_integration(record) for record in records}
    return [found.get(key) for key in keys]
