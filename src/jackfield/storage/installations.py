"""Installations of apps: what an integration of a tenant-authored definition is beside an integration."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import asyncpg

from jackfield.domain.app import display_name
from jackfield.domain.installation import InstallationRow, InstallationStatus, NewInstallation, UntoldApp
from jackfield.storage.pool import Connection

CREATE: Final = """
insert into installation (
    organisation_id, integration_id, definition_organisation_id, definition_id, status, session_id, completed_at
)
values ($1, $2, $3, $4, $5, $6, case when $5 = 'complete' then now() end)
"""
# of a row that is not there yet; ids are unique among all organisations
LOCK_ID: Final = "select pg_advisory_xact_lock($1)"
COLUMNS: Final = """n.organisation_id, n.integration_id, n.definition_organisation_id, n.definition_id, n.status,
    n.created_at, n.updated_at, n.completed_at, n.session_id, i.sealed_secrets"""
_ALIVE: Final = """installation n
join integration i on i.organisation_id = n.organisation_id and i.id = n.integration_id
    and i.state not in ('deleting', 'deleted')"""
GET: Final = f"""
select {COLUMNS} from {_ALIVE}
where n.organisation_id = $1 and n.integration_id = $2
"""
LATEST_OF_SESSION: Final = f"""
select {COLUMNS} from {_ALIVE}
where n.organisation_id = $1 and n.session_id = $2 and n.definition_organisation_id = $3 and n.definition_id = $4
order by n.integration_id desc limit 1
"""
# held until the transaction's end, so that of two forms that one person sends at once the later finds the earlier one's
LOCK_PERSON: Final = "select pg_advisory_xact_lock(hashtextextended($3, $1::bigint # $2::bigint))"
PENDING_OF_PERSON: Final = f"""
select n.integration_id from {_ALIVE}
where n.organisation_id = $1 and n.definition_organisation_id = $2 and n.definition_id = $3
    and i.creator_user = $4 and n.completed_at is null
order by n.integration_id
"""
ABANDONED: Final = f"""
select n.organisation_id, n.integration_id from {_ALIVE}
where n.completed_at is null and n.created_at < now() - $1::interval
order by n.created_at limit $2
"""
# those that are known to their apps: which got tokens, or called it complete
UNTOLD: Final = """
select n.integration_id, d.name, d.id from installation n
join integration i on i.organisation_id = n.organisation_id and i.id = n.integration_id and i.state <> 'deleted'
join definition d on d.organisation_id = n.definition_organisation_id and d.id = n.definition_id
where n.organisation_id = $1 and d.uninstallation_url is not null and (
    n.completed_at is not null or exists (
        select from oauth_grant g where g.organisation_id = n.organisation_id
            and g.integration_id = n.integration_id and g.exchanged_at is not null
    )
)
order by n.integration_id
"""
WAS_COMPLETE: Final = """
select exists (
    select from installation where organisation_id = $1 and integration_id = $2 and completed_at is not null
)
"""
SET_STATUS: Final = """
update installation set status = $3, updated_at = now(),
    completed_at = case when $3 = 'complete' then coalesce(completed_at, now()) else completed_at end
where organisation_id = $1 and integration_id = $2
"""


class InstallationTable:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def create(self, new: NewInstallation) -> None:
        """Makes the integration, which is there, an installation."""
        await self._connection.execute(
            CREATE,
            new.organisation_id,
            new.integration_id,
            new.definition_organisation_id,
            new.definition_id,
            new.status,
            new.session_id,
        )

    async def lock_id(self, integration_id: int) -> None:
        """Whoever makes an installation with this id at the same time waits until the end of the transaction."""
        await self._connection.execute(LOCK_ID, integration_id)

    async def get(self, organisation_id: int, integration_id: int) -> InstallationRow | None:
        """None also when it is being uninstalled, or is."""
        record = await self._connection.fetchrow(GET, organisation_id, integration_id)
        return _to_row(record) if record else None

    async def latest_of_session(
        self, organisation_id: int, session_id: int, owner_id: int, definition_id: int
    ) -> InstallationRow | None:
        """The newest one of the app, which is its owner's, that was made in the browser's session."""
        record = await self._connection.fetchrow(
            LATEST_OF_SESSION, organisation_id, session_id, owner_id, definition_id
        )
        return _to_row(record) if record else None

    async def pending_of_person(
        self, organisation_id: int, owner_id: int, definition_id: int, user: str
    ) -> Sequence[int]:
        """Ids of those that the person began and that were never complete.

        Until the end of the transaction, nobody else looks for them.
        """
        await self._connection.execute(LOCK_PERSON, organisation_id, definition_id, user)
        records = await self._connection.fetch(PENDING_OF_PERSON, organisation_id, owner_id, definition_id, user)
        return [record[0] for record in records]

    async def abandoned(self, age: timedelta, most: int) -> Sequence[tuple[int, int]]:
        """Organisation and id of those that were begun so long ago and were never complete, the oldest first."""
        return [(record[0], record[1]) for record in await self._connection.fetch(ABANDONED, age, most)]

    async def untold(self, organisation_id: int) -> Sequence[UntoldApp]:
        """The organisation's installations, also those under way to their end, whose apps want to be told of that."""
        records = await self._connection.fetch(UNTOLD, organisation_id)
        return [UntoldApp(record[0], display_name(record[1], record[2])) for record in records]

    async def was_complete(self, organisation_id: int, integration_id: int) -> bool:
        """Whether its app ever called it complete, also of one that is being uninstalled."""
        found: bool = await self._connection.fetchval(WAS_COMPLETE, organisation_id, integration_id)
        return found

    async def set_status(self, organisation_id: int, integration_id: int, status: InstallationStatus) -> None:
        await self._connection.execute(SET_STATUS, organisation_id, integration_id, status)


def _to_row(record: asyncpg.Record) -> InstallationRow:
    return InstallationRow(**{**record, "status": InstallationStatus(record["status"])})
