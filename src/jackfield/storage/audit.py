"""The audit in the database: one row for each deed, written in the transaction of the deed."""

from typing import Final

import asyncpg

from jackfield.domain import ids
from jackfield.domain.audit import Action, AuditEntry, AuditFilter, AuditRecord
from jackfield.storage.pool import Connection, Pool

ADD: Final = """
insert into audit_entry (organisation_id, action, key_id, actor, address, request_id, subject_ids, fields)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""

_COLUMNS: Final = "a.id, a.at, a.action, a.key_id, a.actor, a.address, a.request_id, a.subject_ids, a.fields"
# of the times by the ids, of which it is known when they were made
_WITHIN: Final = "a.organisation_id = $1 and a.id >= $2 and a.id < $3"

LIST: Final = f"select {_COLUMNS} from audit_entry a where {_WITHIN} order by a.id desc limit $4"

# what is looked up by is a range, and in the order: see listing.py
BY_ACTION: Final = f"""
select {_COLUMNS} from audit_entry a
where {_WITHIN} and a.action >= $5 and a.action <= $5
order by a.action desc, a.id desc limit $4
"""

# whoever did it, each of the deeds by itself: of all that one user did, and of some of it, a page costs the same
BY_ACTOR: Final = f"""
select a.* from unnest($6::text[]) d(deed) cross join lateral (
    select {_COLUMNS} from audit_entry a
    where {_WITHIN} and a.actor >= $5 and a.actor <= $5 and a.action >= d.deed and a.action <= d.deed
    order by a.actor desc, a.action desc, a.id desc limit $4
) a order by a.id desc limit $4
"""

BY_SUBJECT: Final = f"""
select {_COLUMNS} from audit_entry a
where {_WITHIN} and a.subject_ids[1] >= $5 and a.subject_ids[1] <= $5
    and ($6::text is null or a.actor = $6) and ($7::text is null or a.action = $7)
order by a.subject_ids[1] desc, a.id desc limit $4
"""


class AuditTable:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, entry: AuditEntry) -> None:
        await self._connection.execute(ADD, *to_row(entry))


def to_row(
    entry: AuditEntry,
) -> tuple[int, str, int | None, str, str, str, tuple[int, ...], tuple[str, ...]]:
    """The entry as ADD's arguments."""
    return (
        entry.organisation_id,
        entry.action,
        entry.key_id,
        entry.user,
        entry.origin.address,
        entry.origin.request_id,
        entry.subject_ids,
        entry.fields,
    )


class AuditRecordTable:
    """The audit as it is read, each page by itself."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def list(self, organisation_id: int, wanted: AuditFilter, before: int | None, most: int) -> list[AuditRecord]:
        """Newest first, from the record before the one with the id `before` on."""
        sql, arguments = list_statement(organisation_id, wanted, before, most)
        return [_to_record(record) for record in await self._pool.fetch(sql, *arguments)]


def list_statement(
    organisation_id: int, wanted: AuditFilter, before: int | None, most: int
) -> tuple[str, list[object]]:
    """The statement of a page, along an index of what is asked for, and its arguments."""
    end = ids.MAXIMUM if before is None else before
    if wanted.until is not None:
        end = min(end, ids.first_at(wanted.until))
    start = 0 if wanted.since is None else ids.first_at(wanted.since)
    arguments: list[object] = [organisation_id, start, end, most]
    if wanted.subject_id is not None:
        return BY_SUBJECT, [*arguments, wanted.subject_id, wanted.user, wanted.action]
    if wanted.user is not None:
        return BY_ACTOR, [*arguments, wanted.user, list(Action) if wanted.action is None else [wanted.action]]
    if wanted.action is not None:
        return BY_ACTION, [*arguments, wanted.action]
    return LIST, arguments


def _to_record(record: asyncpg.Record) -> AuditRecord:
    """The row of LIST."""
    return AuditRecord(
        id=record[0],
        at=record[1],
        action=record[2],
        key_id=record[3],
        user=record[4],
        address=record[5],
        request_id=record[6],
        subject_ids=tuple(record[7]),
        fields=tuple(record[8]),
    )
