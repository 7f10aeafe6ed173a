"""Items in the database. What the product tells of one is written together with the deliveries that follow from it."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import asyncpg
import msgspec

from jackfield.domain import delivery
from jackfield.domain.item import (
    CONTENT,
    ItemFilter,
    ItemStatus,
    ItemType,
    Link,
    NewItem,
    Put,
    StoredItem,
)
from jackfield.domain.job import SERVICE_USER, JobKind
from jackfield.storage.coalesce import Coalescer
from jackfield.storage.integration_rows import VISIBLE
from jackfield.storage.pool import Connection, Pool

#: every column that a StoredItem is made of, in `to_item`'s order
COLUMNS: Final = """t.organisation_id, t.id, t.type, t.key, t.title, t.body, t.url, t.status, t.priority, t.labels,
    t.assignee, t.fields, t.occurred_at, t.version, t.created_at, t.updated_at, t.deleted_at"""
_WIDTH: Final = COLUMNS.count(",") + 1

_DIFFERS: Final = (
    f"(t.deleted_at is not null or ({', '.join(f't.{name}' for name in CONTENT)})"
    f" is distinct from ({', '.join(f'excluded.{name}' for name in CONTENT)}))"
)

# What enabled integrations of the items' type have to hear of. They are locked against the end of their jobs, which
# look for deliveries under a stronger lock: so none is left behind, see ADR 21.
_MATCHED: Final = f"""
hearing as materialized (
    select i.* from (select distinct organisation_id, type from changed) w cross join lateral (
        select i.organisation_id, i.item_type, i.id, i.name from integration i
        where i.organisation_id = w.organisation_id and i.item_type = w.type and i.item_type <> 'none' and {VISIBLE}
            and i.enabled and i.status <> 'inactive'
        order by i.id
        for key share of i
    ) i
), {{matched}} as materialized (
    select p.organisation_id, p.id as item_id, p.version, i.id as integration_id, i.name
    from changed p join hearing i on i.organisation_id = p.organisation_id and i.item_type = p.type
)
"""
# In the order of their ids, so that two statements never wait for each other. A job that is alive does these as well.
_DELIVER: Final = """
delivering as (
    insert into delivery (organisation_id, integration_id, item_id, version)
    select organisation_id, integration_id, item_id, version from matched
), queued as (
    insert into job (organisation_id, kind, integration_id, header, caption, steps, creator_user, expires_at)
    select organisation_id, {kind}, integration_id, {header}, name, {steps}, {user},
        now() + make_interval(secs => {seconds})
    from (
        select distinct organisation_id, integration_id, name from matched order by organisation_id, integration_id
    ) m
    on conflict (organisation_id, integration_id, kind) where state in ('queued', 'scheduled', 'running') do nothing
    returning organisation_id, id
), enqueued as (
    insert into pgqueuer (priority, entrypoint, payload, status)
    select 0, {kind}, convert_to(organisation_id || ':' || id, 'UTF8'), 'queued' from queued
    returning 1
)
"""

PUT: Final = f"""
with wanted as (
    select * from unnest(
        $1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::jsonb[],
        $10::text[], $11::text[], $12::timestamptz[]
    ) as w(
        organisation_id, type, key, title, body, url, status, priority, labels, assignee, fields, occurred_at
    )
), put as (
    insert into item as t (
        organisation_id, type, key, title, body, url, status, priority, labels, assignee, fields, occurred_at
    )
    select
        organisation_id, type, key, title, body, url, status, priority, labels, assignee, fields,
        coalesce(occurred_at, now())
    from wanted
    on conflict (organisation_id, type, key) do update set
        {", ".join(f"{name} = excluded.{name}" for name in CONTENT)},
        occurred_at = greatest(t.occurred_at, excluded.occurred_at),
        version = t.version + {_DIFFERS}::integer,
        updated_at = case when {_DIFFERS} then now() else t.updated_at end,
        deleted_at = null
    -- what is told as of now counts, whatever a clock that is ahead of ours has said before
    where (excluded.occurred_at >= t.occurred_at or excluded.occurred_at = now())
        and (excluded.occurred_at > t.occurred_at or {_DIFFERS})
    returning {COLUMNS}, t.updated_at = now() as changed
), changed as (
    select * from put where changed
),
{_MATCHED.format(matched="matched")},
{_DELIVER.format(kind="$13", header="$14", steps="$15::jsonb", user="$16", seconds="$17")}
select {COLUMNS}, true as applied, (select count(*) from enqueued) as queued from put t
union all
select {COLUMNS}, coalesce(w.occurred_at >= t.occurred_at, false), 0 from wanted w cross join lateral (
    select {COLUMNS} from item t
    where t.organisation_id = w.organisation_id and t.type = w.type and t.key = w.key
    offset 0
) t
where not exists (
    select from put p where p.organisation_id = w.organisation_id and p.type = w.type and p.key = w.key
)
"""

# Only who has something of it hears that it is gone, or who may be about to have it: a delivery is claimed, and its
# link written, in a statement that this one may not see.
DELETE: Final = f"""
with put as (
    update item t set deleted_at = now(), updated_at = now(), version = t.version + 1,
        occurred_at = greatest(now(), t.occurred_at)
    where t.organisation_id = $1 and t.type = $2 and t.key = $3 and t.deleted_at is null
    returning {COLUMNS}
), changed as (
    select * from put
), {_MATCHED.format(matched="reached")}, matched as materialized (
    select r.* from reached r
    where exists (
        select from link l where l.organisation_id = r.organisation_id and l.integration_id = r.integration_id
            and l.item_id = r.item_id
    ) or exists (
        select from delivery d where d.organisation_id = r.organisation_id and d.integration_id = r.integration_id
            and d.item_id = r.item_id and d.state in ('pending', 'sending', 'held') and d.state <> 'held'
    )
), {_DELIVER.format(kind="$4", header="$5", steps="$6::jsonb", user="$7", seconds="$8")}
select {COLUMNS}, true, (select count(*) from enqueued) as queued from put t
"""

GET: Final = f"""
select {COLUMNS} from (
    select {COLUMNS} from item t where t.organisation_id = $1 and t.type = $2 and t.key = $3 offset 0
) t where t.deleted_at is null
"""

LIST: Final = f"""
select {COLUMNS} from item t
where t.organisation_id = $1 and t.deleted_at is null
    and ($2::text is null or t.type = $2)
    and (cardinality($3::text[]) = 0 or t.status = any($3))
    and (cardinality($4::text[]) = 0 or t.labels ?& $4)
    and ($5::text is null or t.assignee = $5)
    and ($6::text is null or t.priority = $6)
    and ($7::timestamptz is null or t.updated_at >= $7)
order by {{order}} limit $8 offset $9
"""

# by a key that items of several types may have
LIST_BY_KEY: Final = LIST.replace(
    "where t.organisation_id", "where t.key = $10 and t.type = any($11::text[])\n    and t.organisation_id"
)

# of an integration that brought the item to several places, the last
LIST_LINKS: Final = """
select distinct on (l.item_id, l.integration_id) l.item_id, l.integration_id, i.provider, l.vendor_id, l.vendor_url,
    l.delivered_version, l.vendor_status, l.vendor_assignee, l.read_at, l.vanished_at, l.not_done
from link l join integration i on i.organisation_id = l.organisation_id and i.id = l.integration_id
where l.organisation_id = $1 and l.item_id = any($2::bigint[]) and i.state not in ('deleting', 'deleted')
    and (l.vendor_id is not null or l.vanished_at is not null)
order by l.item_id, l.integration_id, l.delivered_at desc nulls last
"""

# with the deliveries that still wait for an integration that cannot be worked with; those that ended go by their age
PURGE: Final = """
with gone as (
    select organisation_id, id from item where deleted_at < now() - make_interval(days => $1) limit $2 for update
), links as (
    delete from link l using gone g where l.organisation_id = g.organisation_id and l.item_id = g.id
), deliveries as (
    delete from delivery d using gone g, integration i
    where i.organisation_id = g.organisation_id and d.organisation_id = g.organisation_id and d.integration_id = i.id
        and d.item_id = g.id and d.state in ('pending', 'sending', 'held')
)
delete from item t using gone g where t.organisation_id = g.organisation_id and t.id = g.id
"""

ERASE_DELIVERIES: Final = "delete from delivery where organisation_id = $1"
ERASE_LINKS: Final = "delete from link where organisation_id = $1"
ERASE_PLACES: Final = "delete from place where organisation_id = $1"
ERASE_ITEMS: Final = "delete from item where organisation_id = $1"

_ORDER: Final = {"id": "t.id", "updated": "t.updated_at", "occurred": "t.occurred_at", "key": "t.key"}
#: the job that brings a change out, as the last arguments of the statements that make changes
_JOB: Final = (
    JobKind.DELIVER.value,
    delivery.JOB_HEADER,
    msgspec.json.encode(delivery.JOB_STEPS).decode(),
    SERVICE_USER,
    delivery.JOB_SECONDS,
)
_labels: Final = msgspec.json.Decoder(tuple[str, ...])
_fields: Final = msgspec.json.Decoder(dict[str, Any])
_TYPES: Final = {one.value: one for one in ItemType}
_STATUSES: Final = {one.value: one for one in ItemStatus}


def to_item(record: asyncpg.Record) -> StoredItem:
    """The row whose first columns are COLUMNS."""
    return StoredItem(
        organisation_id=record[0],
        id=record[1],
        type=_TYPES[record[2]],
        key=record[3],
        title=record[4],
        body=record[5],
        url=record[6],
        status=_STATUSES[record[7]],
        priority=record[8],
        labels=_labels.decode(record[9]),
        assignee=record[10],
        fields=_fields.decode(record[11]),
        occurred_at=record[12],
        version=record[13],
        created_at=record[14],
        updated_at=record[15],
        deleted_at=record[16],
    )


class ItemTable:
    """Items inside a unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        #: whether something was put into the queue, of which workers are to be told after the commit
        self.has_queued = False

    async def put_all(self, organisation_id: int, items: Sequence[NewItem]) -> list[Put]:
        """Writes what the product says of them, each named once, with the deliveries that follow from it."""
        by_name: dict[tuple[ItemType, str], Put] = {}
        left = list(items)
        while left:
            records = await self._connection.fetch(PUT, *_columns([(organisation_id, item) for item in left]), *_JOB)
            self.has_queued = self.has_queued or _has_queued(records)
            found = {(put.item.type, put.item.key): put for put in map(_to_put, records)}
            settled = {(item.type, item.key): _settled(item, found.get((item.type, item.key))) for item in left}
            by_name |= {name: put for name, put in settled.items() if put is not None}
            left = [item for item in left if (item.type, item.key) not in by_name]
        return [by_name[item.type, item.key] for item in items]

    async def delete(self, organisation_id: int, item_type: ItemType, key: str) -> StoredItem | None:
        """Marks it deleted, with the deliveries that follow from it; None when there is none."""
        record = await self._connection.fetchrow(DELETE, organisation_id, item_type, key, *_JOB)
        if record is None:
            return None
        self.has_queued = self.has_queued or _has_queued([record])
        return to_item(record)

    async def erase(self, organisation_id: int) -> None:
        """Deletes every item of the organisation, with its links and deliveries, and where they went."""
        for statement in (ERASE_DELIVERIES, ERASE_LINKS, ERASE_PLACES, ERASE_ITEMS):
            await self._connection.execute(statement, organisation_id)

    async def purge(self, days: int, most: int) -> int:
        """Deletes up to `most` items that were deleted so many days ago, with their links; returns how many."""
        status = await self._connection.execute(PURGE, days, most)
        return int(status.rpartition(" ")[2])


class HotItems:
    """What the product does all day. What arrives together shares one statement; `ring` wakes the workers."""

    def __init__(self, pool: Pool, ring: Callable[[], None]) -> None:
        self._pool = pool
        self._ring = ring
        self._puts: Coalescer[tuple[int, NewItem], Put | None] = Coalescer(self._put)

    async def put(self, organisation_id: int, item: NewItem) -> Put:
        """Writes what the product says of it, with the deliveries that follow from it."""
        while True:
            put = _settled(item, await self._puts.ask((organisation_id, item)))
            if put is not None:
                return put

    async def get(self, organisation_id: int, item_type: ItemType, key: str) -> StoredItem | None:
        records = await self._pool.fetch(GET, organisation_id, item_type, key)
        return to_item(records[0]) if records else None

    async def list(self, organisation_id: int, wanted: ItemFilter) -> Sequence[StoredItem]:
        field, descending = wanted.order
        direction = "desc" if descending else "asc"
        order = f"{_ORDER[field]} {direction}" if field == "id" else f"{_ORDER[field]} {direction}, t.id desc"
        arguments: list[object] = [
            organisation_id,
            wanted.type,
            [status.value for status in wanted.statuses],
            wanted.labels,
            wanted.assignee,
            wanted.priority,
            wanted.updated_from,
            wanted.limit,
            wanted.offset,
        ]
        sql = LIST
        if wanted.key is not None:
            sql = LIST_BY_KEY
            arguments += [wanted.key, list(_TYPES)]
        async with self._pool.connection() as connection:
            # no one plan is right for all filters, so the planner may look at the values
            await connection.execute("set local enable_sort = on; set local plan_cache_mode = force_custom_plan")
            return [to_item(record) for record in await connection.fetch(sql.format(order=order), *arguments)]

    async def list_links(self, organisation_id: int, item_ids: Sequence[int]) -> Sequence[Link]:
        """What the items are at the vendors of integrations that are there."""
        return [_to_link(record) for record in await self._pool.fetch(LIST_LINKS, organisation_id, item_ids)]

    async def _put(self, questions: Sequence[tuple[int, NewItem]]) -> Sequence[Put | None]:
        """Each of them, in an order in which two statements never wait for each other."""
        answers: list[Put | None] = [None] * len(questions)
        left = sorted(range(len(questions)), key=lambda index: _name(questions[index]))
        while left:
            # one statement writes an item once: what comes again waits for the next one
            first: dict[tuple[int, str, str], int] = {}
            again = [index for index in left if first.setdefault(_name(questions[index]), index) != index]
            records = await self._pool.fetch(PUT, *_columns([questions[index] for index in first.values()]), *_JOB)
            found = {(record[0], record[2], record[3]): _to_put(record) for record in records}
            for name, index in first.items():
                answers[index] = found.get(name)
            if _has_queued(records):
                self._ring()
            left = again
        return answers


def _settled(item: NewItem, put: Put | None) -> Put | None:
    """What came of telling of the item; None when someone else's was written between the statement's look and its
    write, so that it has to look again: what is told as of now is never older than what is stored.
    """
    if put is None or put.applied or item.occurred_at is not None:
        return put
    return Put(put.item, applied=True) if put.item.says(item) else None


def _name(question: tuple[int, NewItem]) -> tuple[int, str, str]:
    organisation_id, item = question
    return organisation_id, item.type.value, item.key


def _columns(rows: Sequence[tuple[int, NewItem]]) -> Sequence[Sequence[Any]]:
    """As PUT takes them."""
    values = [
        (
            organisation_id,
            item.type.value,
            item.key,
            item.title,
            item.body,
            item.url,
            item.status.value,
            item.priority,
            msgspec.json.encode(item.labels).decode(),
            item.assignee,
            # the same fields in another order are no change
            msgspec.json.encode(item.fields, order="deterministic").decode(),
            item.occurred_at,
        )
        for organisation_id, item in rows
    ]
    return [list(column) for column in zip(*values, strict=True)]


def _has_queued(records: Sequence[asyncpg.Record]) -> bool:
    return any(record[_WIDTH + 1] for record in records)


def _to_put(record: asyncpg.Record) -> Put:
    return Put(to_item(record), record[_WIDTH])


def _to_link(record: asyncpg.Record) -> Link:
    return Link(
        item_id=record[0],
        integration_id=record[1],
        provider=record[2],
        vendor_id=record[3],
        vendor_url=record[4],
        delivered_version=record[5],
        status=None if record[6] is None else _STATUSES[record[6]],
        assignee=record[7],
        read_at=record[8],
        vanished_at=record[9],
        not_done=record[10],
    )
