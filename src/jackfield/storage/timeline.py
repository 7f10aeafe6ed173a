"""What happened to one integration, from four tables, each read along its own index and no further than a page."""

from typing import Final

import asyncpg

from jackfield.domain import ids
from jackfield.domain.timeline import EntryKind, Happening
from jackfield.storage.pool import Pool

# `>=` and `<=` in place of `=`, and the column in the order: else the planner knows that the column is constant, finds
# the order along the primary key as well, and walks all of the organisation for an integration of which there is little
LIST: Final = """
select h.* from (
    (
        select 'deed', a.id, a.at, a.action, null, null, a.actor, a.fields from audit_entry a
        where a.organisation_id = $1 and a.subject_ids[1] >= $2 and a.subject_ids[1] <= $2 and a.id < $3
        order by a.subject_ids[1] desc, a.id desc limit $4
    )
    union all
    (
        select 'job', j.id, j.queued_at, j.kind, j.state, j.error, j.creator_user, null from job j
        where j.organisation_id = $1 and j.integration_id >= $2 and j.integration_id <= $2 and j.id < $3
        order by j.integration_id desc, j.id desc limit $4
    )
    union all
    select 'delivery', d.id, d.created_at, t.type || ' ' || t.key, d.state, d.error, null, null from (
        select d.organisation_id, d.id, d.created_at, d.state, d.error, d.item_id from delivery d
        where d.organisation_id = $1 and d.integration_id >= $2 and d.integration_id <= $2 and d.id < $3
        order by d.integration_id desc, d.id desc limit $4
    ) d cross join lateral (
        select t.type, t.key from item t where t.organisation_id = d.organisation_id and t.id = d.item_id offset 0
    ) t
    union all
    (
        select 'event', e.id, e.at, e.kind, null, e.detail, null, null from event e
        where e.organisation_id = $1 and e.integration_id >= $2 and e.integration_id <= $2 and e.id < $3
        order by e.integration_id desc, e.id desc limit $4
    )
) h(kind, id, at, name, state, detail, actor, fields)
order by h.id desc limit $4
"""


class TimelineTable:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def list(self, organisation_id: int, integration_id: int, before: int | None, most: int) -> list[Happening]:
        """Newest first, from the one before the one with the id `before` on."""
        end = ids.MAXIMUM if before is None else before
        return [
            _to_happening(record) for record in await self._pool.fetch(LIST, organisation_id, integration_id, end, most)
        ]


def _to_happening(record: asyncpg.Record) -> Happening:
    """The row of LIST."""
    return Happening(
        kind=EntryKind(record[0]),
        id=record[1],
        at=record[2],
        name=record[3],
        state=record[4],
        detail=record[5],
        actor=record[6],
        fields=None if record[7] is None else tuple(record[7]),
    )
