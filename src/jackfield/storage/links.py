"""What items are at vendors: compared with the items, page by page, and brought up to date with what was read there."""

from collections.abc import Sequence
from typing import Final

import asyncpg

from jackfield.domain.delivery import Compared, Found, Progress
from jackfield.domain.integration import Detail
from jackfield.domain.item import StoredItem
from jackfield.domain.job import Running
from jackfield.storage.deliveries import KNOWN_COLUMNS, to_known
from jackfield.storage.items import COLUMNS as ITEM_COLUMNS
from jackfield.storage.items import to_item
from jackfield.storage.pool import Connection, Pool

_ITEM_WIDTH: Final = ITEM_COLUMNS.count(",") + 1

COUNT: Final = "select count(*) from item t where t.organisation_id = $1 and t.type = $2 and t.deleted_at is null"

# What is on its way is told in the words of the index of what has not ended, so that not all deliveries are looked
# through. `offset 0`: each item's link is looked up by its whole key, also where the planner knows nothing yet.
PAGE: Final = f"""
select {ITEM_COLUMNS}, {KNOWN_COLUMNS}, exists (
        select from delivery d
        where d.organisation_id = $1 and d.integration_id = $2 and d.item_id = t.id
            and d.state in ('pending', 'sending', 'held') and d.state <> 'held'
        offset 0
    )
from item t left join lateral (
    select vendor_id, vendor_url, in_doubt, delivered_version, delivered_content, delivered_status,
        vendor_status, vanished_at, doubted_at, not_done
    from link where organisation_id = $1 and integration_id = $2 and item_id = t.id and place = $6
    offset 0
) l on true
where t.organisation_id = $1 and t.type = $3 and t.id > $4 and (
    t.deleted_at is null or (
        l.vendor_id is not null and (l.delivered_version < t.version or l.not_done is not null)
    )
)
order by t.id limit $5
"""

# what was delivered since it was read is newer than what was read
READ: Final = """
update link l set vendor_status = coalesce(r.status, l.vendor_status), vendor_assignee = r.assignee,
    vendor_url = coalesce(r.url, l.vendor_url), read_at = now(),
    vanished_at = case when r.there then null else coalesce(l.vanished_at, now()) end
from unnest($3::bigint[], $4::text[], $5::boolean[], $6::text[], $7::text[], $8::text[], $9::bigint[])
    r(item_id, vendor_id, there, status, assignee, url, version)
where l.organisation_id = $1 and l.integration_id = $2 and l.item_id = any($3::bigint[]) and l.item_id = r.item_id
    and l.place = $10 and l.vendor_id = r.vendor_id
    and l.delivered_version is not distinct from r.version and not l.in_doubt
"""

# Unless something is on its way already. What waits is told in two steps, so that it is looked up among what is not
# over of this item, and not among all that waits.
DELIVER: Final = """
insert into delivery (organisation_id, integration_id, item_id, version, job_id)
select $1, $2, t.id, t.version, $4 from item t
where t.organisation_id = $1 and t.id = any($3::bigint[]) and not exists (
    select from delivery d
    where d.organisation_id = $1 and d.integration_id = $2 and d.item_id = t.id
        and d.state in ('pending', 'sending', 'held') and d.state not in ('sending', 'held')
    offset 0
)
"""

# what failed and is tried again later is nothing to wait for
COUNT_DELIVERIES: Final = """
select
    count(*) filter (where state = 'sending' or (state = 'pending' and due_at <= now())),
    count(*) filter (where state = 'pending' and due_at > now()),
    count(*) filter (where state = 'held')
from delivery where organisation_id = $1 and job_id = $2
"""


class LinkTable:
    """Links inside a unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def note_read(self, integration: Detail, place: bytes, found: Sequence[Found]) -> None:
        """Keeps what was read of the vendor's objects, unless a delivery has changed them since."""
        rows = [
            (
                one.item_id,
                one.vendor_id,
                one.state is not None,
                None if one.state is None else one.state.status.value,
                None if one.state is None else one.state.assignee,
                None if one.state is None else one.state.url,
                one.delivered_version,
            )
            for one in found
        ]
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            await self._connection.execute(READ, integration.organisation_id, integration.id, *columns, place)

    async def deliver(self, integration: Detail, items: Sequence[StoredItem], job_id: int) -> None:
        """Has the items brought to the integration's vendor, unless they are on their way."""
        values = (integration.organisation_id, integration.id, [item.id for item in items], job_id)
        await self._connection.execute(DELIVER, *values)


class HotLinks:
    """What a synchronisation looks at, outside of any unit of work."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def count_items(self, integration: Detail) -> int:
        """How many items trigger the integration."""
        records = await self._pool.fetch(COUNT, integration.organisation_id, integration.item_type)
        count: int = records[0][0]
        return count

    async def page(self, integration: Detail, place: bytes, after_id: int, most: int) -> list[Compared]:
        """The next items that trigger the integration, by id, each with what is known of it in that place.

        Deleted ones are among them as long as the vendor has not heard of it.
        """
        arguments = (integration.organisation_id, integration.id, integration.item_type, after_id, most, place)
        return [_to_compared(record) for record in await self._pool.fetch(PAGE, *arguments)]

    async def count_deliveries(self, running: Running) -> Progress:
        """How far the job's deliveries are."""
        [record] = await self._pool.fetch(COUNT_DELIVERIES, running.organisation_id, running.id)
        return Progress(under_way=record[0], failing=record[1], held=record[2])


def _to_compared(record: asyncpg.Record) -> Compared:
    *known, under_way = tuple(record[_ITEM_WIDTH:])
    return Compared(item=to_item(record), known=to_known(known), under_way=under_way)
