"""Organisations in the database. A deleted one stays as a tombstone, which keeps its handle taken for ever."""

from collections.abc import Sequence
from typing import Final

import asyncpg

from jackfield.domain import ids
from jackfield.domain.organisation import Organisation
from jackfield.storage.pool import Connection

COLUMNS: Final = "id, handle, name, created_at, deleted_at"

CREATE: Final = f"insert into organisation (handle, name) values ($1, $2) on conflict do nothing returning {COLUMNS}"
GET: Final = f"select {COLUMNS} from organisation where id = $1 and deleted_at is null"
BY_HANDLE: Final = f"select {COLUMNS} from organisation where handle = $1 and deleted_at is null"
BY_NAME: Final = f"select {COLUMNS} from organisation where name = $1 and deleted_at is null order by id"
LIST: Final = f"select {COLUMNS} from organisation where deleted_at is null order by id"
GET_RETURN_URLS: Final = "select return_urls from organisation where id = $1"
SET_RETURN_URLS: Final = "update organisation set return_urls = $2 where id = $1"
RENAME: Final = "update organisation set name = $2 where id = $1"
MARK_DELETED: Final = "update organisation set deleted_at = now() where id = $1 and deleted_at is null"


class OrganisationTable:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def create(self, handle: str, name: str) -> Organisation | None:
        """None when the handle is, or was ever, taken."""
        record = await self._connection.fetchrow(CREATE, handle, name)
        return _to_organisation(record) if record else None

    async def find(self, reference: str) -> list[Organisation]:
        """By id in decimal or hex, by handle, by name: the first of these that finds any."""
        for sql, argument in _lookups(reference):
            records = await self._connection.fetch(sql, argument)
            if records:
                return [_to_organisation(record) for record in records]
        return []

    async def get_return_urls(self, organisation_id: int) -> list[str]:
        """Where its customers may be sent back to."""
        return list(await self._connection.fetchval(GET_RETURN_URLS, organisation_id) or ())

    async def set_return_urls(self, organisation_id: int, return_urls: Sequence[str]) -> None:
        await self._connection.execute(SET_RETURN_URLS, organisation_id, list(return_urls))

    async def rename(self, organisation_id: int, name: str) -> None:
        await self._connection.execute(RENAME, organisation_id, name)

    async def mark_deleted(self, organisation_id: int) -> None:
        await self._connection.execute(MARK_DELETED, organisation_id)

    async def list(self) -> list[Organisation]:
        return [_to_organisation(record) for record in await self._connection.fetch(LIST)]


def _lookups(reference: str) -> list[tuple[str, object]]:
    lookups: list[tuple[str, object]] = []
    for parse in (ids.parse_decimal, ids.parse_hex):
        try:
            lookups.append((GET, parse(reference)))
        except ids.MalformedId:
            continue
    return [*lookups, (BY_HANDLE, reference), (BY_NAME, reference)]


def _to_organisation(record: asyncpg.Record) -> Organisation:
    return Organisation(*record)
