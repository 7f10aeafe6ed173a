"""The audit in the database: one row for each deed, written in the transaction of the deed."""

from typing import Final

from jackfield.domain.audit import AuditEntry
from jackfield.storage.pool import Connection

ADD: Final = """
insert into audit_entry (organisation_id, action, key_id, actor, address, request_id, subject_ids, fields)
values ($1, $2, $3, $4, $5, $6, $7, $8)
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
