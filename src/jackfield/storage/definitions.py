"""Definitions that tenants authored. Whoever they belong to, every organisation may have integrations of them."""

from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg
import msgspec

from jackfield.domain.app import App, AppFields, AppStatus, display_name
from jackfield.domain.definition import AuthoredDefinition
from jackfield.domain.oauth import Client, ClientRow
from jackfield.storage.pool import Connection

COLUMNS: Final = "organisation_id, id, name, description, status, icon_url, verify_url, uninstallation_url"
#: every column that an App is made of, by the names of its fields
APP_COLUMNS: Final = """organisation_id, id, status, created_at, updated_at, identifier_field_path, name, author,
    call_to_action, configuration_fields, contact, description, error_codes, icon_url, oauth_callback_url, scopes, tags,
    uninstallation_url"""
#: those that a developer says something of, in the order of CREATE's arguments
FIELDS: Final = AppFields.__struct_fields__
_JSON: Final = frozenset({"configuration_fields", "error_codes"})

# what a deleted organisation published can neither be seen nor installed
_PUBLISHED: Final = "exists (select from organisation o where o.id = d.organisation_id and o.deleted_at is null)"

GET: Final = f"select {COLUMNS} from definition where id = $1"
LIST_IDS: Final = "select id from definition order by id"
LIST_AVAILABLE: Final = f"""
select {COLUMNS} from definition d
where (d.status = 'approved' or d.status = 'development' and d.organisation_id = $1) and {_PUBLISHED}
order by name, id
"""

CREATE: Final = f"""
insert into definition (
    organisation_id, client_secret_digest, {", ".join(FIELDS)}
)
values ($1, $2, {", ".join(f"${number}" for number, _ in enumerate(FIELDS, start=3))})
returning {APP_COLUMNS}
"""
GET_APP: Final = f"select {APP_COLUMNS} from definition where id = $1"
# locked against a change, not against others that install it
GET_APP_FOR_INSTALLATION: Final = f"""
select {APP_COLUMNS} from definition d where d.id = $1 and {_PUBLISHED} for share
"""
GET_OWN_FOR_UPDATE: Final = f"""
select {APP_COLUMNS} from definition where organisation_id = $1 and id = $2 for update
"""
UPDATE: Final = f"""
update definition set {{assignments}}, updated_at = now() where organisation_id = $1 and id = $2
returning {APP_COLUMNS}
"""
LIST_OWN: Final = f"""
select {APP_COLUMNS} from definition where organisation_id = $1 and ($2::bigint is null or id < $2)
order by id desc limit $3
"""
LIST_APPS: Final = f"select {APP_COLUMNS} from definition order by id"
SET_STATUS: Final = f"""
update definition set status = $3, updated_at = now() where organisation_id = $1 and id = $2
returning {APP_COLUMNS}
"""
GET_CLIENT: Final = """
select d.organisation_id, d.id, o.handle, d.client_secret_digest,
    case when d.previous_secret_expires_at > now() then d.previous_secret_digest end
from definition d join organisation o on o.id = d.organisation_id
where d.id = $1 and o.deleted_at is null
"""
# one that is still good from the time before ends with this: two are good at most
REPLACE_SECRET: Final = """
update definition set client_secret_digest = $3, previous_secret_digest = client_secret_digest,
    previous_secret_expires_at = case when client_secret_digest is not null and $4::interval > '0' then now() + $4 end
where organisation_id = $1 and id = $2
returning previous_secret_expires_at
"""


class DefinitionTable:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get(self, definition_id: int) -> AuthoredDefinition | None:
        """Whatever its status and whoever's it is."""
        record = await self._connection.fetchrow(GET, definition_id)
        return _to_authored(record) if record else None

    async def list_ids(self) -> list[int]:
        """Of every status."""
        return [record[0] for record in await self._connection.fetch(LIST_IDS)]

    async def list_available(self, organisation_id: int) -> list[AuthoredDefinition]:
        """Everybody's that are approved, and the organisation's own in development."""
        return [_to_authored(record) for record in await self._connection.fetch(LIST_AVAILABLE, organisation_id)]

    async def create(self, organisation_id: int, fields: AppFields, secret_digest: bytes) -> App:
        said = fields.said
        values = [_to_column(name, said.get(name)) for name in FIELDS]
        record = await self._connection.fetchrow(CREATE, organisation_id, secret_digest, *values)
        return _to_app(record)

    async def get_app(self, definition_id: int) -> App | None:
        """Whatever its status and whoever's it is."""
        record = await self._connection.fetchrow(GET_APP, definition_id)
        return _to_app(record) if record else None

    async def get_app_for_installation(self, definition_id: int) -> App | None:
        """As `get_app`, unless its owner is deleted; it stays as it is until the end of the transaction."""
        record = await self._connection.fetchrow(GET_APP_FOR_INSTALLATION, definition_id)
        return _to_app(record) if record else None

    async def get_own_for_update(self, organisation_id: int, definition_id: int) -> App | None:
        record = await self._connection.fetchrow(GET_OWN_FOR_UPDATE, organisation_id, definition_id)
        return _to_app(record) if record else None

    async def update(self, app: App, fields: AppFields) -> App:
        """Writes what is said, which is something."""
        said = fields.said
        assignments = ", ".join(f"{name} = ${number}" for number, name in enumerate(said, start=3))
        values = [_to_column(name, value) for name, value in said.items()]
        sql = UPDATE.format(assignments=assignments)
        return _to_app(await self._connection.fetchrow(sql, app.organisation_id, app.id, *values))

    async def list_own(self, organisation_id: int, before_id: int | None, most: int) -> list[App]:
        """The newest first, from the one before `before_id` on."""
        records = await self._connection.fetch(LIST_OWN, organisation_id, before_id, most)
        return [_to_app(record) for record in records]

    async def list_apps(self) -> list[App]:
        """Everybody's, the oldest first."""
        return [_to_app(record) for record in await self._connection.fetch(LIST_APPS)]

    async def set_status(self, app: App, status: AppStatus) -> App:
        return _to_app(await self._connection.fetchrow(SET_STATUS, app.organisation_id, app.id, status))

    async def get_client(self, definition_id: int) -> ClientRow | None:
        """The app as an OAuth client; None when there is none, or its owner is deleted."""
        record = await self._connection.fetchrow(GET_CLIENT, definition_id)
        if record is None:
            return None
        organisation_id, identity, handle, *digests = record
        good = tuple(digest for digest in digests if digest is not None)
        return ClientRow(Client(organisation_id, identity, handle), good)

    async def replace_secret(self, app: App, secret_digest: bytes, grace: timedelta) -> datetime | None:
        """Gives the app another client secret; the one it had is good for so long. Returns when that one ends."""
        expires_at: datetime | None = await self._connection.fetchval(
            REPLACE_SECRET, app.organisation_id, app.id, secret_digest, grace
        )
        return expires_at


def _to_authored(record: asyncpg.Record) -> AuthoredDefinition:
    organisation_id, identity, name, description, status, icon_url, verify_url, uninstallation_url = record
    return AuthoredDefinition(
        organisation_id=organisation_id,
        id=identity,
        name=display_name(name, identity),
        description=description,
        approved=status == AppStatus.APPROVED,
        icon_url=icon_url,
        verify_url=verify_url,
        uninstallation_url=uninstallation_url,
    )


def _to_app(record: asyncpg.Record | None) -> App:
    if record is None:
        raise LookupError("a definition vanished while it was written")
    columns = {
        name: msgspec.json.decode(value) if name in _JSON and value is not None else value
        for name, value in record.items()
    }
    return App(**{**columns, "status": AppStatus(columns["status"])})


def _to_column(name: str, value: Any) -> Any:
    return msgspec.json.encode(value).decode() if name in _JSON and value is not None else value
