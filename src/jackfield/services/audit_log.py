"""Looking at the audit, and taking it along."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from jackfield.domain.audit import Action, AuditFilter, AuditRecord, by_caller
from jackfield.domain.ports import AuditRecords, Database
from jackfield.domain.principal import Caller, Capability

#: of an export, what is in memory at a time
_BATCH: Final = 1000


class AuditLog:
    def __init__(self, records: AuditRecords, database: Database) -> None:
        self._records = records
        self._database = database

    async def list(
        self, caller: Caller, wanted: AuditFilter, before: int | None = None, limit: int = 50
    ) -> Sequence[AuditRecord]:
        """A page, newest first, from the one before the id `before` on. Raises CapabilityMissing."""
        caller.require(Capability.MANAGE_ORGANISATION)
        return await self._records.list(caller.organisation_id, wanted, before, limit)

    async def export(self, caller: Caller, wanted: AuditFilter) -> AsyncIterator[AuditRecord]:
        """All of them as of now, newest first; itself audited, before anything is given. Raises CapabilityMissing.

        To be awaited before it is gone through: `async for record in await log.export(...)`.
        """
        caller.require(Capability.MANAGE_ORGANISATION)
        async with self._database.transaction() as work:
            await work.audit.add(by_caller(caller, Action.AUDIT_EXPORTED, (), wanted.fields))
        return self._records_of(caller.organisation_id, wanted)

    async def _records_of(self, organisation_id: int, wanted: AuditFilter) -> AsyncIterator[AuditRecord]:
        before = None
        while batch := await self._records.list(organisation_id, wanted, before, _BATCH):
            for record in batch:
                yield record
            before = batch[-1].id
