"""Changes of items on their way to vendors, and what became of them there."""

from collections.abc import Sequence
from typing import Any, Final

import asyncpg

from jackfield.domain import ids
from jackfield.domain.count import Count, capped
from jackfield.domain.delivery import (
    TRIES,
    DeliveryFilter,
    DeliverySearch,
    DeliveryState,
    ItemDelivery,
    Known,
    NamedDelivery,
    Outgoing,
    Settlement,
)
from jackfield.domain.integration import Detail
from jackfield.domain.item import ItemStatus, ItemType
from jackfield.domain.job import Running
from jackfield.domain.send_lease import LONGEST_SECONDS, LeaseTimes
from jackfield.storage.counts import counted
from jackfield.storage.integration_rows import VISIBLE
from jackfield.storage.items import COLUMNS as ITEM_COLUMNS
from jackfield.storage.items import to_item
from jackfield.storage.pool import Connection, Pool

_ITEM_WIDTH: Final = ITEM_COLUMNS.count(",") + 1

COLUMNS: Final = """d.id, d.organisation_id, d.integration_id, t.type, t.key, d.version, d.state, d.attempts, d.error,
    d.error_at, d.due_at, d.created_at, d.ended_at, d.vendor_id, d.vendor_url, d.job_id, d.not_done"""
_DELIVERY_WIDTH: Final = COLUMNS.count(",") + 1

#: every column that a Known is made of, in `to_known`'s order
KNOWN_COLUMNS: Final = """l.vendor_id, l.vendor_url, coalesce(l.in_doubt, false), l.delivered_version,
    l.delivered_content, l.delivered_status, l.vendor_status, l.vanished_at is not null, l.doubted_at, l.not_done"""

#: only who runs the job may write what came of it; who took it over has another number
_FENCE: Final = """
    select from job j where j.organisation_id = $1 and j.id = $2 and j.starts = $3 and j.state = 'running'
"""

# by the clock of the statement: what was committed while its transaction waited for the integration is due as well
HAS_DUE: Final = """
select exists (
    select from delivery
    where organisation_id = $1 and integration_id = $2 and state = 'pending' and due_at <= statement_timestamp()
)
"""

# Statements that look rows up say so in a way that leaves the planner no choice, whatever it knows of the tables: it
# would walk all that waits for an integration, once for each row. They join by the whole key, of which no part is a
# constant; laterals have an offset; and of states they speak in words that no index has, or one alone.
_IS_PENDING: Final = "d.ended_at is null and d.state <> 'sending'"
_IS_SENDING: Final = "d.ended_at is null and d.state <> 'pending'"
_IS_OPEN: Final = "state in ('pending', 'sending', 'held')"

# from one integration to the next along the index, however much waits for each
DUE: Final = f"""
with recursive waiting as (
    (
        select organisation_id, integration_id from delivery where state = 'pending'
        order by organisation_id, integration_id limit 1
    )
    union all
    select following.* from waiting w cross join lateral (
        select d.organisation_id, d.integration_id from delivery d
        where d.state = 'pending' and (d.organisation_id, d.integration_id) > (w.organisation_id, w.integration_id)
        order by d.organisation_id, d.integration_id limit 1
    ) following
)
select w.organisation_id, w.integration_id
from waiting w join integration i on i.organisation_id = w.organisation_id and i.id = w.integration_id
where i.enabled and i.status = 'active' and {VISIBLE}
    and exists (
        select from delivery d
        where d.organisation_id = w.organisation_id and d.integration_id = w.integration_id and d.state = 'pending'
            and d.due_at <= now()
    )
    and not exists (
        select from job j
        where j.organisation_id = w.organisation_id and j.integration_id = w.integration_id and j.kind = 'deliver'
            and j.state in ('queued', 'scheduled', 'running')
    )
limit $1
"""

# What an earlier run of the job had in hand, whose end nobody will hear of, once nothing of it can be on its way any
# more. Until then it stays in that hand, which keeps everybody else from sending anything of the same item. An end that
# is missing or lies too far ahead (an older process, a clock that went back) is set anew.
RELEASE: Final = f"""
with fence as materialized (
    {_FENCE} for share
), in_hand as materialized (
    select d.organisation_id, d.id, case
        when d.leased_until <= now() + make_interval(secs => $8) then d.leased_until
        else now() + make_interval(secs => $7)
    end as until
    from delivery d
    where d.organisation_id = $1 and d.integration_id = $4 and d.state = 'sending' and exists (select from fence)
), freed as (
    update delivery d set in_doubt = true, state = case when d.attempts < $5 then 'pending' else 'held' end,
        error = case when d.attempts < $5 then d.error else $6 end,
        error_at = case when d.attempts < $5 then d.error_at else now() end,
        ended_at = case when d.attempts < $5 then null else now() end
    from in_hand h
    where (d.organisation_id, d.id) = (h.organisation_id, h.id) and h.until <= now() and {_IS_SENDING}
), kept as (
    update delivery d set leased_until = h.until from in_hand h
    where (d.organisation_id, d.id) = (h.organisation_id, h.id) and h.until > now() and {_IS_SENDING}
        and d.leased_until is distinct from h.until
)
select extract(epoch from max(until) - now())::float8 from in_hand where until > now()
"""

# an end that is missing or lies too far ahead, as for RELEASE
BOUND: Final = """
update delivery set leased_until = now() + make_interval(secs => $3)
where organisation_id = $1 and integration_id = $2 and state = 'sending'
    and coalesce(leased_until, 'infinity') > now() + make_interval(secs => $3)
"""

LET_GO: Final = """
update delivery set state = 'pending', in_doubt = true
where organisation_id = $1 and integration_id = $2 and state = 'sending' and leased_until <= now()
"""

#: seconds until nothing of what is in hand can be on its way any more; null: nothing is in hand
ON_ITS_WAY: Final = """
select extract(epoch from max(leased_until) - now())::float8
from delivery where organisation_id = $1 and integration_id = $2 and state = 'sending'
"""

# a lease lasts from when this is done, which is after the process asked for it
RENEW: Final = f"""
with fence as materialized (
    {_FENCE} for share
)
update delivery d set leased_until = now() + make_interval(secs => $5)
where d.organisation_id = $1 and d.id = $4 and d.state = 'sending' and exists (select from fence)
returning d.id
"""

# What is in doubt goes first, as soon as it is due: a vendor is looked through for it among its newest objects, and a
# backlog would make it old. The newest of each item goes, and stands for the older ones. One item is in one hand at a
# time. The job is locked, so that whoever takes it over releases what is claimed here as well.
_DUE: Final = f"""
    select d.item_id, d.due_at from delivery d
    where d.organisation_id = $1 and d.integration_id = $4 and d.state = 'pending' and d.due_at <= now()
        and exists (select from workable)
        and not exists (
            select from delivery s
            where s.organisation_id = $1 and s.integration_id = $4 and s.item_id = d.item_id and s.{_IS_OPEN}
                and s.state not in ('pending', 'held')
            offset 0
        )
"""

CLAIM: Final = f"""
with fence as materialized (
    {_FENCE} for share
), workable as materialized (
    select from integration i
    where i.organisation_id = $1 and i.id = $4 and i.credential_version = $5 and i.item_type = $7 and i.enabled
        and i.status = 'active' and {VISIBLE} and exists (select from fence)
), doubtful as materialized (
    {_DUE} and d.in_doubt order by d.due_at limit $6
), backlog as materialized (
    {_DUE} order by d.due_at limit $6
), due as materialized (
    select item_id from (
        select item_id, 0 as rank, due_at from doubtful union all select item_id, 1, due_at from backlog
    ) both_of order by rank, due_at limit $6
), waiting as materialized (
    select d.organisation_id, d.id, d.id = max(d.id) over (partition by d.item_id) as newest
    from (select distinct item_id from due) u cross join lateral (
        select d.organisation_id, d.id, d.item_id from delivery d
        where d.organisation_id = $1 and d.integration_id = $4 and d.item_id = u.item_id and d.{_IS_OPEN}
            and {_IS_PENDING}
        offset 0
    ) d
), older as (
    update delivery d set state = 'superseded', ended_at = now() from waiting w
    where (d.organisation_id, d.id) = (w.organisation_id, w.id) and not w.newest and {_IS_PENDING}
), claimed as (
    update delivery d set state = 'sending', attempts = d.attempts + 1, leased_until = now() + make_interval(secs => $9)
    from waiting w
    where (d.organisation_id, d.id) = (w.organisation_id, w.id) and w.newest and {_IS_PENDING}
    returning d.id, d.item_id, d.attempts
), doubted as (
    insert into link as l (organisation_id, integration_id, item_id, place, in_doubt, doubted_at)
    select $1, $4, item_id, $8, true, now() from claimed
    on conflict (organisation_id, integration_id, item_id, place) do update set in_doubt = true,
        doubted_at = case when l.in_doubt then l.doubted_at else now() end
)
select {ITEM_COLUMNS}, c.id, c.attempts, {KNOWN_COLUMNS}
from claimed c
cross join lateral (
    select t.* from item t where t.organisation_id = $1 and t.id = c.item_id offset 0
) t
left join lateral (
    select l.* from link l
    where l.organisation_id = $1 and l.integration_id = $4 and l.item_id = c.item_id and l.place = $8
    offset 0
) l on true
order by coalesce(l.in_doubt, false) desc, c.id
"""

# The job is locked here, too: a statement that the database took up before a takeover and ends after it would write
# over what the successor has claimed.
SETTLE: Final = f"""
with fence as materialized (
    {_FENCE} for share
), settled as materialized (
    select $1::bigint as organisation_id, $4::bigint as integration_id, $20::bytea as place, s.* from unnest(
        $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::integer[], $10::double precision[], $11::boolean[],
        $12::boolean[], $13::text[], $14::text[], $15::bigint[], $16::bytea[], $17::text[], $18::text[],
        $19::text[]
    ) as s(
        id, item_id, state, error, uncounted, seconds, in_doubt, gone, vendor_id, vendor_url, version, content,
        delivered_status, vendor_status, not_done
    )
    where exists (select from fence)
), ended as (
    update delivery d set state = s.state, version = s.version, attempts = d.attempts - s.uncounted,
        error = coalesce(s.error, case when s.state = 'pending' then d.error end),
        error_at = case when s.error is null then d.error_at else now() end,
        due_at = case when s.state = 'pending' then now() + make_interval(secs => s.seconds) else d.due_at end,
        ended_at = case when s.state = 'pending' then null else now() end,
        vendor_id = s.vendor_id, vendor_url = s.vendor_url, not_done = s.not_done, in_doubt = s.in_doubt
    from settled s where (d.organisation_id, d.id) = (s.organisation_id, s.id) and {_IS_SENDING}
    returning d.id, d.item_id, d.state, d.version
), linked as (
    update link l set in_doubt = s.in_doubt,
        vendor_id = case when s.state = 'delivered' then s.vendor_id when s.gone then null else l.vendor_id end,
        vendor_url = case when s.state = 'delivered' then s.vendor_url when s.gone then null else l.vendor_url end,
        vanished_at = case when s.gone and s.vendor_id is null then now() when s.state = 'delivered' then null
            else l.vanished_at end,
        delivered_version = case when s.state = 'delivered' then s.version else l.delivered_version end,
        delivered_at = case when s.state = 'delivered' then now() else l.delivered_at end,
        delivered_content = case when s.state = 'delivered' then s.content else l.delivered_content end,
        delivered_status = case when s.state = 'delivered' then s.delivered_status else l.delivered_status end,
        vendor_status = case when s.state = 'delivered' then s.vendor_status else l.vendor_status end,
        not_done = case when s.state = 'delivered' then s.not_done else l.not_done end
    from settled s join ended e on e.id = s.id
    where (l.organisation_id, l.integration_id, l.item_id, l.place)
        = (s.organisation_id, s.integration_id, s.item_id, s.place)
), held as materialized (
    select d.organisation_id, d.id from ended e cross join lateral (
        select d.organisation_id, d.id from delivery d
        where d.organisation_id = $1 and d.integration_id = $4 and d.item_id = e.item_id and d.{_IS_OPEN}
            and d.state not in ('pending', 'sending') and d.version <= e.version and d.id <> e.id
        offset 0
    ) d
    where e.state in ('delivered', 'held')
)
update delivery d set state = 'superseded', ended_at = now() from held h
where (d.organisation_id, d.id) = (h.organisation_id, h.id) and d.state not in ('pending', 'sending')
"""

LIST: Final = f"""
select {COLUMNS} from delivery d join item t on t.organisation_id = d.organisation_id and t.id = d.item_id
where d.organisation_id = $1 and d.integration_id = $2
    and (cardinality($3::text[]) = 0 or d.state = any($3))
    and ($4::text is null or t.type = $4)
    and ($5::text is null or t.key = $5)
order by d.id desc limit $6 offset $7
"""

GET: Final = f"""
select {COLUMNS} from delivery d join item t on t.organisation_id = d.organisation_id and t.id = d.item_id
where d.organisation_id = $1 and d.integration_id = $2 and d.id = $3
for update of d
"""

_SEARCHED: Final = """d.organisation_id, d.id, d.integration_id, d.item_id, d.version, d.state, d.attempts, d.error,
        d.error_at, d.due_at, d.created_at, d.ended_at, d.vendor_id, d.vendor_url, d.job_id, d.not_done"""
# what they are about is looked up for a page of them alone
_SEARCH: Final = f"""
select {COLUMNS}, i.name, i.provider from ({{found}}) d
join item t on t.organisation_id = d.organisation_id and t.id = d.item_id
join integration i on i.organisation_id = d.organisation_id and i.id = d.integration_id
order by d.id desc limit $4
"""

SEARCH: Final = _SEARCH.format(
    found=f"""
    select {_SEARCHED} from delivery d
    where d.organisation_id = $1 and d.id < $2 and (cardinality($3::text[]) = 0 or d.state = any($3))
        and ($5::bigint is null or d.integration_id = $5)
        and ($6::text is null or d.item_id = any(array(
            select k.id from item k where k.organisation_id = $1 and k.type = any($7::text[]) and k.key = $6
        )))
    order by d.id desc limit $4
"""
)

# the state is a range, and in the order: see listing.py
SEARCH_STATES: Final = _SEARCH.format(
    found=f"""
    select {_SEARCHED} from unnest($3::text[]) s(state) cross join lateral (
        select {_SEARCHED} from delivery d
        where d.organisation_id = $1 and d.state >= s.state and d.state <= s.state and d.id < $2
        order by d.state desc, d.id desc limit $4
    ) d
"""
)

COUNT_HELD: Final = "select " + counted(
    "from delivery where organisation_id = $1 and integration_id = $2 and state = 'held'"
)

NEXT_HELD: Final = """
select id, integration_id from delivery where organisation_id = $1 and state = 'held' and id > $2
order by organisation_id, state, id limit $3
"""

RETRY_SOME: Final = """
update delivery set state = 'pending', attempts = 0, due_at = now(), ended_at = null
where organisation_id = $1 and id = any($2::bigint[]) and state = 'held'
returning integration_id
"""

RETRY: Final = """
update delivery set state = 'pending', attempts = 0, due_at = now(), ended_at = null
where organisation_id = $1 and integration_id = $2 and id = $3 and state in ('held', 'pending')
"""

RETRY_HELD: Final = """
update delivery set state = 'pending', attempts = 0, due_at = now(), ended_at = null
where organisation_id = $1 and integration_id = $2 and state = 'held'
"""

CANCEL_ALL: Final = """
update delivery set state = 'cancelled', ended_at = now()
where organisation_id = $1 and integration_id = $2 and state in ('pending', 'sending', 'held')
"""

PURGE: Final = """
delete from delivery where (organisation_id, id) in (
    select organisation_id, id from delivery
    where state in ('delivered', 'superseded', 'cancelled') and ended_at < now() - make_interval(days => $1) limit $2
)
"""

_TIMES: Final = LeaseTimes()
_NO_END: Final = "It was tried again and again without an end: it may kill the processes that try it"
_TYPES: Final = {one.value: one for one in ItemType}
_STATUSES: Final = {one.value: one for one in ItemStatus}


class DeliveryTable:
    """Deliveries inside a unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def has_due(self, integration: Detail) -> bool:
        """Whether something is to be brought to the integration's vendor now."""
        found: bool = await self._connection.fetchval(HAS_DUE, integration.organisation_id, integration.id)
        return found

    async def due(self, most: int) -> list[tuple[int, int]]:
        """Organisation and id of integrations for which something is due and nobody is at it."""
        return [(record[0], record[1]) for record in await self._connection.fetch(DUE, most)]

    async def list(self, integration: Detail, wanted: DeliveryFilter) -> list[ItemDelivery]:
        # no one plan is right for all filters, so the planner may look at the values
        await self._connection.execute("set local enable_sort = on; set local plan_cache_mode = force_custom_plan")
        records = await self._connection.fetch(
            LIST,
            integration.organisation_id,
            integration.id,
            [state.value for state in wanted.states],
            wanted.item_type,
            wanted.item_key,
            wanted.limit,
            wanted.offset,
        )
        return [_to_delivery(record) for record in records]

    async def get_for_update(self, integration: Detail, delivery_id: int) -> ItemDelivery | None:
        record = await self._connection.fetchrow(GET, integration.organisation_id, integration.id, delivery_id)
        return _to_delivery(record) if record else None

    async def retry(self, delivery: ItemDelivery) -> None:
        """One that is held or waits is due at once, with all its attempts before it."""
        await self._connection.execute(RETRY, delivery.organisation_id, delivery.integration_id, delivery.id)

    async def retry_held(self, integration: Detail) -> int:
        """As `retry`, for all held ones; returns how many there were."""
        status = await self._connection.execute(RETRY_HELD, integration.organisation_id, integration.id)
        return int(status.rpartition(" ")[2])

    async def search(self, organisation_id: int, wanted: DeliverySearch) -> Sequence[NamedDelivery]:
        """Of all of the organisation's integrations."""
        arguments: list[object] = [
            organisation_id,
            ids.MAXIMUM if wanted.before is None else wanted.before,
            [state.value for state in wanted.states],
            wanted.limit,
        ]
        sql = SEARCH_STATES
        if not wanted.states or wanted.integration_id is not None or wanted.item_key is not None:
            sql = SEARCH
            arguments += [wanted.integration_id, wanted.item_key, list(_TYPES)]
        # as in `list`
        await self._connection.execute("set local enable_sort = on; set local plan_cache_mode = force_custom_plan")
        records = await self._connection.fetch(sql, *arguments)
        return [NamedDelivery(_to_delivery(record), *record[_DELIVERY_WIDTH:]) for record in records]

    async def count_held(self, integration: Detail) -> Count:
        return capped(await self._connection.fetchval(COUNT_HELD, integration.organisation_id, integration.id))

    async def next_held(self, organisation_id: int, after_id: int, most: int) -> Sequence[tuple[int, int]]:
        """Ids of held deliveries and of their integrations, by the delivery's id."""
        records = await self._connection.fetch(NEXT_HELD, organisation_id, after_id, most)
        return [(record[0], record[1]) for record in records]

    async def retry_some(self, organisation_id: int, delivery_ids: Sequence[int]) -> Sequence[int]:
        """As `retry`, for those that are still held; returns the id of the integration of each."""
        return [record[0] for record in await self._connection.fetch(RETRY_SOME, organisation_id, delivery_ids)]

    async def cancel_all(self, integration: Detail) -> None:
        """Whatever has not ended will not be brought out any more."""
        await self._connection.execute(CANCEL_ALL, integration.organisation_id, integration.id)

    async def let_go(self, integration: Detail) -> float | None:
        """What nobody has in hand any more is pending again; the job that had it has ended.

        Returns after how many seconds that can be said of the rest, which may still be on its way; None: there is none.
        """
        key = (integration.organisation_id, integration.id)
        await self._connection.execute(BOUND, *key, LONGEST_SECONDS)
        await self._connection.execute(LET_GO, *key)
        seconds: float | None = await self._connection.fetchval(ON_ITS_WAY, *key)
        return seconds

    async def purge(self, days: int, most: int) -> int:
        """Deletes up to `most` deliveries that ended well so many days ago; returns how many."""
        status = await self._connection.execute(PURGE, days, most)
        return int(status.rpartition(" ")[2])


class HotDeliveries:
    """What happens to every delivery of a job. Each is atomic by itself, and done only by who runs the job."""

    def __init__(self, pool: Pool, times: LeaseTimes = _TIMES) -> None:
        self._pool = pool
        self.times = times

    async def release(self, running: Running) -> float | None:
        """What an earlier run of the job had in hand is pending again, or held if it never came to an end.

        Returns after how many seconds to ask again, since some may still be on its way; None: nothing is.
        """
        more = (running.integration_id, TRIES, _NO_END, self.times.wait_seconds, LONGEST_SECONDS)
        [[wait]] = await self._pool.fetch(RELEASE, *_fence(running), *more)
        return None if wait is None else float(wait)

    async def has_due(self, integration: Detail) -> bool:
        """Whether something is to be brought to the integration's vendor now."""
        records = await self._pool.fetch(HAS_DUE, integration.organisation_id, integration.id)
        return bool(records[0][0])

    async def claim(self, running: Running, integration: Detail, place: bytes, most: int) -> list[Outgoing]:
        """Up to `most` that are due, the longest due first, one of each item. `place` is where they go.

        Nobody else sends them for `times.wait_seconds`, whatever becomes of this process.

        None when the integration is not worked with any more, or differs from what it was in what it sends or where.
        """
        now = (integration.id, integration.credential_version, most, integration.item_type, place)
        seconds = self.times.wait_seconds
        return [_to_outgoing(record) for record in await self._pool.fetch(CLAIM, *_fence(running), *now, seconds)]

    async def renew(self, running: Running, outgoing: Outgoing) -> bool:
        """As if it were claimed now. False when it is somebody else's by now, or not to be sent any more."""
        return bool(await self._pool.fetch(RENEW, *_fence(running), outgoing.id, self.times.wait_seconds))

    async def settle(self, running: Running, place: bytes, settlements: Sequence[Settlement]) -> None:
        """Writes what came of them in that place."""
        columns = [list(column) for column in zip(*map(_settled_row, settlements), strict=True)]
        await self._pool.fetch(SETTLE, *_fence(running), running.integration_id, *columns, place)


def _fence(running: Running) -> tuple[int, int, int]:
    return running.organisation_id, running.id, running.starts


def _settled_row(settlement: Settlement) -> tuple[Any, ...]:
    item, known = settlement.outgoing.item, settlement.outgoing.known
    return (
        settlement.outgoing.id,
        item.id,
        settlement.state.value,
        settlement.error,
        int(not settlement.counted),
        settlement.seconds,
        settlement.in_doubt,
        settlement.gone,
        settlement.vendor_id,
        settlement.vendor_url,
        item.version,
        item.content_digest(),
        # what the vendor left undone is still to be done: neither side has changed the status
        (settlement.status or item.status_to_show).value,
        (settlement.status or known.status_of(item)).value,
        settlement.not_done,
    )


def to_known(values: Sequence[Any]) -> Known:
    """The values of KNOWN_COLUMNS."""
    vendor_id, vendor_url, in_doubt, version, content, delivered_status, vendor_status, vanished, doubted_at, undone = (
        values
    )
    return Known(
        vendor_id=vendor_id,
        vendor_url=vendor_url,
        in_doubt=in_doubt,
        delivered_version=version,
        content=content,
        delivered_status=None if delivered_status is None else _STATUSES[delivered_status],
        vendor_status=None if vendor_status is None else _STATUSES[vendor_status],
        vanished=vanished,
        doubted_at=doubted_at if in_doubt else None,
        not_done=undone,
    )


def _to_outgoing(record: asyncpg.Record) -> Outgoing:
    outgoing_id, attempts, *known = tuple(record[_ITEM_WIDTH:])
    return Outgoing(id=outgoing_id, attempts=attempts, item=to_item(record), known=to_known(known))


def _to_delivery(record: asyncpg.Record) -> ItemDelivery:
    """The row of COLUMNS."""
    return ItemDelivery(
        id=record[0],
        organisation_id=record[1],
        integration_id=record[2],
        item_type=_TYPES[record[3]],
        item_key=record[4],
        version=record[5],
        state=DeliveryState(record[6]),
        attempts=record[7],
        error=record[8],
        error_at=record[9],
        due_at=record[10],
        created_at=record[11],
        ended_at=record[12],
        vendor_id=record[13],
        vendor_url=record[14],
        job_id=record[15],
        not_done=record[16],
    )
