"""Definitions that tenants authored. Whoever they belong to, every organisation may have integrations of them."""

from typing import Final

import asyncpg

from jackfield.domain.definition import AuthoredDefinition
from jackfield.storage.pool import Connection

COLUMNS: Final = "organisation_id, id, name, description, verify_url"

GET: Final = f"select {COLUMNS} from definition where id = $1"
LIST_IDS: Final = "select id from definition order by id"
LIST_APPROVED: Final = f"select {COLUMNS} from definition where status = 'approved' order by name, id"


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

    async def list_approved(self) -> list[AuthoredDefinition]:
        return [_to_authored(record) for record in await self._connection.fetch(LIST_APPROVED)]


def _to_authored(record: asyncpg.Record) -> AuthoredDefinition:
    organisation_id, identity, name, description, verify_url = record
    return AuthoredDefinition(
        organisation_id=organisation_id, id=identity, name=name, description=description, verify_url=verify_url
    )
