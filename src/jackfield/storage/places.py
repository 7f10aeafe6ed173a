"""Places of integrations: where their items went and go."""

from collections.abc import Sequence
from typing import Final

import asyncpg

from jackfield.domain.integration import Integration, JsonObject
from jackfield.domain.place import KnownPlace
from jackfield.storage.pool import Connection, Pool

LIST: Final = """
select links, vendor_id, name, settings, credential_version, former from place
where organisation_id = $1 and integration_id = $2
"""

PUT: Final = """
with others as (
    update place set settings = null, credential_version = null
    where organisation_id = $1 and integration_id = $2 and links <> $3 and settings is not null
        and $6::bytea is not null
)
insert into place as p (organisation_id, integration_id, links, vendor_id, name, settings, credential_version)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (organisation_id, integration_id, links) do update set vendor_id = excluded.vendor_id,
    name = excluded.name, settings = coalesce(excluded.settings, p.settings),
    credential_version = coalesce(excluded.credential_version, p.credential_version), former = null
"""

# what nothing was ever brought to is no loss
PUT_FORMER: Final = """
insert into place (organisation_id, integration_id, links, former)
select $1, $2, $3, $4 where exists (
    select from link l where l.organisation_id = $1 and l.integration_id = $2 and l.place = $3
)
on conflict do nothing
"""

DROP: Final = "delete from place where organisation_id = $1 and integration_id = $2 and links = $3"


class PlaceTable:
    """Places inside a unit of work, whose integration is locked."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def list(self, integration: Integration) -> Sequence[KnownPlace]:
        records = await self._connection.fetch(LIST, integration.organisation_id, integration.id)
        return [_to_place(record) for record in records]

    async def put(self, integration: Integration, place: KnownPlace) -> None:
        """Keeps the place; when it has settings, the others are not where items go now."""
        await self._connection.execute(
            PUT,
            integration.organisation_id,
            integration.id,
            place.links,
            place.vendor_id,
            place.name,
            place.settings,
            place.credential_version,
        )

    async def put_former(self, integration: Integration, settings: bytes, configuration: JsonObject) -> None:
        """Keeps the settings of a place that has items in it and was not located yet; no more than that."""
        values = (integration.organisation_id, integration.id, settings, configuration)
        await self._connection.execute(PUT_FORMER, *values)

    async def drop(self, integration: Integration, links: bytes) -> None:
        await self._connection.execute(DROP, integration.organisation_id, integration.id, links)


class HotPlaces:
    """What a run looks at before it sends."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def list(self, integration: Integration) -> Sequence[KnownPlace]:
        records = await self._pool.fetch(LIST, integration.organisation_id, integration.id)
        return [_to_place(record) for record in records]


def _to_place(record: asyncpg.Record) -> KnownPlace:
    links, vendor_id, name, settings, credential_version, former = record
    return KnownPlace(
        links=links,
        vendor_id=vendor_id,
        name=name,
        settings=settings,
        credential_version=credential_version,
        former=None if former is None else JsonObject(former),
    )
