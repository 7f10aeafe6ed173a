"""An organisation's figures: bounded counts, each along an index of its own, in one statement."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg

from jackfield.domain import ids
from jackfield.domain.count import Count, capped
from jackfield.domain.delivery import DeliveryState
from jackfield.domain.health import Health
from jackfield.domain.integration import State, Status
from jackfield.domain.job import JobState
from jackfield.domain.overview import HOURS, MOST_BROKEN, Broken, Hour, OverviewFacts
from jackfield.storage.counts import counted
from jackfield.storage.integration_rows import VISIBLE
from jackfield.storage.pool import Pool

#: those that need someone: what is broken, and what nothing is sent to until somebody has it verified or completed;
#: spelled like the index integration_attention
IS_BROKEN: Final = f"""(i.status = 'error' or i.health in ('needs_reauthorisation', 'misconfigured')
    or i.status = 'pending' and i.state = 'new') and {VISIBLE}"""

# `>=` and `<=` in place of `=`, and an order: else the planner may look through all of a table for what it takes to be
# common, until it has found so many
_OF_STATE: Final = counted("""from integration i
    where i.organisation_id = $1 and i.state >= s.state and i.state <= s.state order by i.state, i.id""")
_OF_HEALTH: Final = counted(f"""from integration i
    where i.organisation_id = $1 and i.condition >= h.health and i.condition <= h.health and {VISIBLE}
    order by i.condition, i.id""")
_BROKEN: Final = counted(f"from integration i where i.organisation_id = $1 and {IS_BROKEN} order by i.health_since")
_OF_DELIVERIES: Final = counted("""from delivery d
    where d.organisation_id = $1 and d.state >= s.state and d.state <= s.state
        and d.id >= h.first_id and d.id < h.next_id
    order by d.state, d.id""")
_WAITING: Final = counted("""from delivery d
    where d.organisation_id = $1 and d.state >= s.state and d.state <= s.state order by d.state, d.id""")
_OF_JOBS: Final = counted("""from job j
    where j.organisation_id = $1 and j.state = s.state
        and j.state_changed_at >= h.at and j.state_changed_at < h.at + interval '1 hour'
    order by j.state_changed_at""")
_ALIVE: Final = counted("""from job j
    where j.organisation_id = $1 and j.state = s.state order by j.state_changed_at""")

# what is counted, of what, in the hour of that number (0 where it is of no hour), how many
COUNTS: Final = f"""
with hours as materialized (
    select * from unnest($2::integer[], $3::timestamptz[], $4::bigint[], $5::bigint[]) h(hour, at, first_id, next_id)
)
select 'state', s.state, 0, {_OF_STATE} from unnest($6::text[]) s(state)
union all select 'health', h.health, 0, {_OF_HEALTH} from unnest($7::text[]) h(health)
union all select 'broken', '', 0, {_BROKEN}
union all select 'deliveries', s.state, h.hour, {_OF_DELIVERIES} from unnest($8::text[]) s(state), hours h
union all select 'waiting', s.state, 0, {_WAITING} from unnest($9::text[]) s(state)
union all select 'jobs', s.state, h.hour, {_OF_JOBS} from unnest($10::text[]) s(state), hours h
union all select 'alive', s.state, 0, {_ALIVE} from unnest($11::text[]) s(state)
"""

# the order leads with what is constant, so that there is but one index for it
BROKEN: Final = f"""
select i.id, i.name, i.provider, i.state, i.status, i.condition, coalesce(i.health_reason, i.error), i.health_since
from integration i
where i.organisation_id = $1 and {IS_BROKEN}
order by i.organisation_id desc, i.health_since desc limit $2
"""

_DELIVERY_ENDS: Final = (DeliveryState.DELIVERED, DeliveryState.HELD)
_WAITING_STATES: Final = (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.HELD)
_JOB_ENDS: Final = (JobState.COMPLETED, JobState.ERROR, JobState.EXPIRED)
_ALIVE_STATES: Final = (JobState.QUEUED, JobState.SCHEDULED, JobState.RUNNING)

#: a count, by what it is of
_Counts = dict[tuple[str, str, int], int]


class OverviewTable:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def get(self, organisation_id: int) -> OverviewFacts:
        """As of now; hours are those of UTC."""
        hours = hours_until(datetime.now(UTC))
        records = await self._pool.fetch(COUNTS, *arguments(organisation_id, hours))
        counts = {(record[0], record[1], record[2]): record[3] for record in records}
        broken = await self._pool.fetch(BROKEN, organisation_id, MOST_BROKEN)
        return _to_facts(counts, hours, [_to_broken(record) for record in broken])


def hours_until(now: datetime) -> list[datetime]:
    """The beginnings of the last hours, the oldest first."""
    present = now.replace(minute=0, second=0, microsecond=0)
    return [present - timedelta(hours=back) for back in reversed(range(HOURS))]


def arguments(organisation_id: int, hours: Sequence[datetime]) -> list[object]:
    """Of COUNTS."""
    return [
        organisation_id,
        list(range(len(hours))),
        hours,
        [ids.first_at(hour) for hour in hours],
        [ids.first_at(hour + timedelta(hours=1)) for hour in hours],
        list(State),
        list(Health),
        _DELIVERY_ENDS,
        _WAITING_STATES,
        _JOB_ENDS,
        _ALIVE_STATES,
    ]


def _to_facts(counts: _Counts, hours: Sequence[datetime], broken: Sequence[Broken]) -> OverviewFacts:
    def ended(what: str, good: Sequence[str], bad: Sequence[str]) -> tuple[Hour, ...]:
        return tuple(
            Hour(at, _sum(counts, what, good, number), _sum(counts, what, bad, number))
            for number, at in enumerate(hours)
        )

    return OverviewFacts(
        states={state: capped(counts["state", state, 0]) for state in State},
        healths={health: capped(counts["health", health, 0]) for health in Health},
        broken=tuple(broken),
        broken_count=capped(counts["broken", "", 0]),
        delivery_hours=ended("deliveries", (DeliveryState.DELIVERED,), (DeliveryState.HELD,)),
        job_hours=ended("jobs", (JobState.COMPLETED,), (JobState.ERROR, JobState.EXPIRED)),
        waiting=_sum(counts, "waiting", (DeliveryState.PENDING, DeliveryState.SENDING)),
        held=capped(counts["waiting", DeliveryState.HELD, 0]),
        alive_jobs=_sum(counts, "alive", _ALIVE_STATES),
    )


def _sum(counts: _Counts, what: str, states: Sequence[str], hour: int = 0) -> Count:
    return capped(sum(counts[what, state, hour] for state in states))


def _to_broken(record: asyncpg.Record) -> Broken:
    """The row of BROKEN."""
    return Broken(
        id=record[0],
        name=record[1],
        provider=record[2],
        state=State(record[3]),
        status=Status(record[4]),
        health=Health(record[5]),
        reason=record[6],
        since=record[7],
    )
