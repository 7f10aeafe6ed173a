"""Installations of apps: what an integration of a tenant-authored definition is beside an integration."""

from typing import Final

import asyncpg

from jackfield.domain.installation import InstallationRow, InstallationStatus
from jackfield.storage.pool import Connection

CREATE: Final = """
insert into installation (organisation_id, integration_id, definition_organisation_id, definition_id)
values ($1, $2, $3, $4)
"""
# of a row that is not there yet; ids are unique among all organisations
LOCK_ID: Final = "select pg_advisory_xact_lock($1)"
GET: Final = """
select n.organisation_id, n.integration_id, n.definition_organisation_id, n.definition_id, n.status, n.created_at,
    n.updated_at, i.sealed_secrets
from installation n
join integration i on i.organisation_id = n.organisation_id and i.id = n.integration_id
where n.organisation_id = $1 and n.integration_id = $2 and i.state not in ('deleting', 'deleted')
"""
SET_STATUS: Final = """
update installation set status = $3, updated_at = now() where organisation_id = $1 and integration_id = $2
"""


class InstallationTable:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def create(
        self, organisation_id: int, integration_id: int, definition_organisation_id: int, definition_id: int
    ) -> None:
        """Makes the integration, which is there, an installation."""
        await self._connection.execute(
            CREATE, organisation_id, integration_id, definition_organisation_id, definition_id
        )

    async def lock_id(self, integration_id: int) -> None:
        """Whoever makes an installation with this id at the same time waits until the end of the transaction."""
        await self._connection.execute(LOCK_ID, integration_id)

    async def get(self, organisation_id: int, integration_id: int) -> InstallationRow | None:
        """None also when it is being uninstalled, or is."""
        record = await self._connection.fetchrow(GET, organisation_id, integration_id)
        return _to_row(record) if record else None

    async def set_status(self, organisation_id: int, integration_id: int, status: InstallationStatus) -> None:
        await self._connection.execute(SET_STATUS, organisation_id, integration_id, status)


def _to_row(record: asyncpg.Record) -> InstallationRow:
    return InstallationRow(**{**record, "status": InstallationStatus(record["status"])})
