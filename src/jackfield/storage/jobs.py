"""Jobs in the database: the public record, and the row in the queue that carries nothing but its id."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import asyncpg
import msgspec

from jackfield.domain import ids
from jackfield.domain.job import Job, JobFilter, JobKind, JobState, NewJob, Running, Step
from jackfield.storage.coalesce import Coalescer
from jackfield.storage.listing import as_people_sort
from jackfield.storage.pool import Connection, Pool

#: of an id, so much has to be typed for it to be looked for
SHORTEST_ID: Final = 8
#: what a person waits for goes before what the service wants by itself
_URGENT: Final = 10

COLUMNS: Final = """j.id, j.organisation_id, j.kind, j.integration_id, j.header, j.caption, j.steps, j.input, j.output,
    j.state, j.state_changed_at, j.error, j.scheduled_for, j.queued_at, j.started_at, j.completed_at, j.expires_at,
    j.starts, j.failures, j.creator_user, j.creator_key_id, j.progress"""

RUNNING_COLUMNS: Final = """j.organisation_id, j.id, j.kind, j.integration_id, j.steps, j.starts, j.failures, j.returns,
    j.expires_at, j.input, j.progress"""

# pgqueuer's own way to enqueue, without its log of what was enqueued: our record is the log
ADD: Final = f"""
with added as (
    insert into job as j (
        organisation_id, kind, integration_id, header, caption, steps, creator_user, creator_key_id, expires_at, input
    )
    values ($1, $2, $3, $4, $5, $6, $7, $8, now() + make_interval(secs => $9), $11)
    on conflict (organisation_id, integration_id, kind) where state in ('queued', 'scheduled', 'running') do nothing
    returning {COLUMNS}
), enqueued as (
    insert into pgqueuer (priority, entrypoint, payload, status)
    select $10, kind, convert_to(organisation_id || ':' || id, 'UTF8'), 'queued' from added
)
select * from added
"""

ALIVE: Final = f"""
select {COLUMNS} from job j
where j.organisation_id = $1 and j.integration_id = $2 and j.kind = $3
    and j.state in ('queued', 'scheduled', 'running')
"""

GET: Final = f"select {COLUMNS} from job j where j.organisation_id = $1 and j.id = $2"

# a try that a person asks for is not one of those that the job has, nor one that ended with its process
HASTEN: Final = """
with hastened as (
    update job set scheduled_for = now(), failures = greatest(failures - 1, 0),
        returns = returns + case when failures > 0 then 1 else 0 end
    where organisation_id = $1 and id = $2 and state = 'scheduled'
    returning organisation_id, id
), moved as (
    update pgqueuer q set execute_after = now() from hastened h
    where q.payload = convert_to(h.organisation_id || ':' || h.id, 'UTF8') and q.status = 'queued'
)
select count(*) from hastened
"""

LATEST: Final = f"""
select newest.* from unnest($2::text[]) k(kind) cross join lateral (
    select {COLUMNS} from job j where j.organisation_id = $1 and j.kind = k.kind order by j.id desc limit 1
) newest
"""


def _spelled(column: str) -> str:
    """The id as contracts spell it: `domain.ids.to_hex` in SQL."""
    return f"lpad(to_hex((({column} >> 22) + 1735689600000) / 1000), 8, '0') || lpad(to_hex({column}), 16, '0')"


# a text is found in what people read and in what was asked for; ids by their beginning, which must not be a short one
_FOUND: Final = f"""(
        position(lower($3) in lower(j.header || chr(10) || j.caption || chr(10) || j.kind)) > 0
        or exists (select from jsonb_each_text(j.input) asked where position(lower($3) in lower(asked.value)) > 0)
        or length($3) >= {SHORTEST_ID} and (
            starts_with({_spelled("j.id")}, lower($3)) or starts_with({_spelled("j.integration_id")}, lower($3))
            or $3 in (j.id::text, j.integration_id::text)
        )
    )"""

LIST: Final = f"""
select {COLUMNS} from job j
where j.organisation_id = $1
    and (cardinality($2::text[]) = 0 or j.state = any($2))
    and ($3::text is null or {_FOUND})
    and ($4::timestamptz is null or j.queued_at >= $4)
    and ($5::timestamptz is null or j.queued_at <= $5)
order by {{order}} limit $6 offset $7
"""

LIST_OF_SOME: Final = LIST.replace(
    "order by",
    """and (cardinality($8::text[]) = 0 or j.kind = any($8)) and ($9::bigint is null or j.integration_id = $9)
    and ($10::bigint is null or j.id < $10)
order by""",
)

# Newest first, of some: along the index of what is asked for, whatever the planner believes of an organisation's size.
# A column is a range, and in the order: see listing.py.
_NEWEST: Final = """j.organisation_id = $1 and (cardinality($2::text[]) = 0 or j.state = any($2)) and j.id < $3
        and (cardinality($4::text[]) = 0 or j.kind = any($4))"""

NEWEST: Final = f"select {COLUMNS} from job j where {_NEWEST} order by j.id desc limit $5 offset $6"

NEWEST_OF_KINDS: Final = f"""
select j.* from unnest($4::text[]) k(kind) cross join lateral (
    select {COLUMNS} from job j
    where {_NEWEST} and j.kind >= k.kind and j.kind <= k.kind
    order by j.kind desc, j.id desc limit $5::bigint + $6::bigint
) j order by j.id desc limit $5 offset $6
"""

NEWEST_OF_INTEGRATION: Final = f"""
select {COLUMNS} from job j
where {_NEWEST} and j.integration_id >= $7 and j.integration_id <= $7
order by j.integration_id desc, j.id desc limit $5 offset $6
"""

# there are few of them, or the planner may find them by their state
NEWEST_OF_RARE_STATES: Final = f"""
select {COLUMNS} from job j where {_NEWEST} and j.state = any($2) order by j.id desc limit $5 offset $6
"""

# several begin in one statement; who finds a job running takes it over from one who seems dead
BEGIN: Final = f"""
update job j set state = 'running', state_changed_at = now(), started_at = coalesce(j.started_at, now()),
    starts = j.starts + 1, scheduled_for = null
from unnest($1::bigint[], $2::bigint[]) w(organisation_id, id)
where j.organisation_id = w.organisation_id and j.id = w.id and j.state in ('queued', 'scheduled', 'running')
returning {RUNNING_COLUMNS}
"""

# the fence: only who began it last may say how it went
FINISH: Final = """
update job j set state = w.state, state_changed_at = now(), completed_at = now(), error = w.error,
    steps = w.steps::jsonb, output = w.output::jsonb
from unnest($1::bigint[], $2::bigint[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[])
    w(organisation_id, id, starts, state, error, steps, output)
where j.organisation_id = w.organisation_id and j.id = w.id and j.starts = w.starts and j.state = 'running'
returning j.organisation_id, j.id, j.starts
"""

PUT_OFF: Final = """
update job set state = 'scheduled', state_changed_at = now(), error = $4, failures = failures + $6,
    returns = returns + 1 - $6, scheduled_for = now() + make_interval(secs => $5)
where organisation_id = $1 and id = $2 and starts = $3 and state = 'running'
returning id
"""

NOTE_STEPS: Final = """
update job set steps = $4 where organisation_id = $1 and id = $2 and starts = $3 and state = 'running'
"""

NOTE_PROGRESS: Final = """
update job set progress = $4 where organisation_id = $1 and id = $2 and starts = $3 and state = 'running'
returning id
"""

# a fence number of its own, so that whoever is about to begin one of them begins nothing
EXPIRE: Final = f"""
update job j set state = 'running', starts = j.starts + 1
from (
    select organisation_id, id from job
    where state in ('queued', 'scheduled', 'running')
        -- one that runs may take its time; one that runs for so long has lost its place in the queue
        and expires_at <= now() - case when state = 'running' then interval '1 hour' else interval '0' end
    order by expires_at limit $1 for update skip locked
) overdue
where j.organisation_id = overdue.organisation_id and j.id = overdue.id
returning {RUNNING_COLUMNS}
"""

PURGE: Final = """
delete from job where (organisation_id, id) in (
    select organisation_id, id from job where completed_at < now() - make_interval(days => $1) limit $2
)
"""
PURGE_QUEUE_LOG: Final = "delete from pgqueuer_log where created < now() - make_interval(days => $1)"
PURGE_QUEUE_STATISTICS: Final = "delete from pgqueuer_statistics where created < now() - make_interval(days => $1)"

_LET_PLANNER_CHOOSE: Final = "set local enable_sort = on; set local plan_cache_mode = force_custom_plan"
#: what lists can be sorted by
_ORDER: Final = {
    "id": "j.id",
    "queue": "j.kind",
    "caption": as_people_sort("j.caption"),
    "state": "j.state",
    "queued": "j.queued_at",
    "started": "j.started_at",
    "completed": "j.completed_at",
}
_steps: Final = msgspec.json.Decoder(tuple[Step, ...])
_texts: Final = msgspec.json.Decoder(dict[str, str])
_counts: Final = msgspec.json.Decoder(dict[str, int])


class JobTable:
    """Jobs inside a unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        #: whether something was put into the queue, of which workers are to be told after the commit
        self.has_queued = False

    async def add(self, new: NewJob) -> tuple[Job, bool]:
        """Queues the job, or finds the one of its kind that is alive for the integration; True if it was queued."""
        arguments = (
            new.organisation_id,
            new.kind,
            new.integration_id,
            new.header,
            new.caption,
            _to_json(new.steps),
            new.creator_user,
            new.creator_key_id,
            new.seconds,
            _URGENT if new.creator_key_id is not None else 0,
            _to_json(new.input),
        )
        while True:
            record = await self._connection.fetchrow(ADD, *arguments)
            if record is not None:
                self.has_queued = True
                return to_job(record), True
            record = await self._connection.fetchrow(ALIVE, new.organisation_id, new.integration_id, new.kind)
            if record is not None:
                return to_job(record), False
            # it ended between the two statements, so now there is room for this one

    async def get(self, organisation_id: int, job_id: int) -> Job | None:
        record = await self._connection.fetchrow(GET, organisation_id, job_id)
        return to_job(record) if record else None

    async def hasten(self, organisation_id: int, job_id: int) -> bool:
        """Lets a job that waits for its next try run now, and not count as one of its tries; False if none waits."""
        hastened: int = await self._connection.fetchval(HASTEN, organisation_id, job_id)
        self.has_queued = self.has_queued or hastened > 0
        return hastened > 0

    async def latest(self, organisation_id: int) -> list[Job]:
        """The newest of each kind."""
        kinds = [kind.value for kind in JobKind]
        return [to_job(record) for record in await self._connection.fetch(LATEST, organisation_id, kinds)]

    async def list(self, organisation_id: int, wanted: JobFilter) -> Sequence[Job]:
        if wanted.is_newest:
            return await self._newest(organisation_id, wanted)
        keys = [f"{_ORDER[field]} {'desc nulls last' if down else 'asc'}" for field, down in wanted.order]
        # by the id at last, so that pages have one order
        order = ", ".join([*keys, "j.id desc"])
        # no one plan is right for all filters, so the planner may look at the values
        await self._connection.execute(_LET_PLANNER_CHOOSE)
        sql = LIST
        arguments: list[object] = [
            organisation_id,
            [state.value for state in wanted.states],
            wanted.search,
            wanted.queued_from,
            wanted.queued_until,
            wanted.limit,
            wanted.offset,
        ]
        if wanted.kinds or wanted.integration_id is not None or wanted.before is not None:
            sql = LIST_OF_SOME
            arguments += [[kind.value for kind in wanted.kinds], wanted.integration_id, wanted.before]
        return [to_job(record) for record in await self._connection.fetch(sql.format(order=order), *arguments)]

    async def _newest(self, organisation_id: int, wanted: JobFilter) -> Sequence[Job]:
        arguments: list[object] = [
            organisation_id,
            [state.value for state in wanted.states],
            ids.MAXIMUM if wanted.before is None else wanted.before,
            [kind.value for kind in wanted.kinds],
            wanted.limit,
            wanted.offset,
        ]
        sql = NEWEST
        if wanted.integration_id is not None:
            sql = NEWEST_OF_INTEGRATION
            arguments.append(wanted.integration_id)
        elif wanted.states and JobState.COMPLETED not in wanted.states:
            sql = NEWEST_OF_RARE_STATES
            await self._connection.execute(_LET_PLANNER_CHOOSE)
        elif wanted.kinds:
            sql = NEWEST_OF_KINDS
        return [to_job(record) for record in await self._connection.fetch(sql, *arguments)]

    async def finish(
        self,
        running: Running,
        state: JobState,
        error: str | None,
        steps: Sequence[Step],
        output: dict[str, str] | None,
    ) -> bool:
        """Says how it went. False, and nothing is written, when someone else has taken it over."""
        row = _finish_row(running, state, error, steps, output)
        return bool(await self._connection.fetch(FINISH, *([value] for value in row)))

    async def note_progress(self, running: Running, progress: Mapping[str, int]) -> bool:
        """Whoever takes the job over goes on from there. False, and nothing is written, when someone has."""
        values = (running.organisation_id, running.id, running.starts, _to_json(progress))
        return bool(await self._connection.fetch(NOTE_PROGRESS, *values))

    async def expire(self, most: int) -> Sequence[Running]:
        """Takes up to `most` jobs that nobody began in time, as if to run them, so that nobody else does."""
        return [_to_running(record) for record in await self._connection.fetch(EXPIRE, most)]

    async def purge(self, days: int, most: int) -> int:
        """Deletes up to `most` jobs that finished so many days ago; returns how many."""
        status = await self._connection.execute(PURGE, days, most)
        return int(status.rpartition(" ")[2])

    async def purge_queue(self, days: int) -> None:
        """Deletes what the queue remembers of jobs that left it so many days ago."""
        await self._connection.execute(PURGE_QUEUE_LOG, days)
        await self._connection.execute(PURGE_QUEUE_STATISTICS, days)


class HotJobs:
    """What happens to every job: it begins, it moves, it ends. What arrives together shares one statement."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._begins: Coalescer[tuple[int, int], Running | None] = Coalescer(self._begin)
        self._ends: Coalescer[tuple[object, ...], bool] = Coalescer(self._finish)

    async def begin(self, organisation_id: int, job_id: int) -> Running | None:
        """Fences the job for who asks, or None when there is nothing to do any more."""
        return await self._begins.ask((organisation_id, job_id))

    async def finish(
        self, running: Running, state: JobState, error: str | None, steps: Sequence[Step], output: dict[str, str] | None
    ) -> bool:
        """As the table's, for a job whose end changes nothing else."""
        return await self._ends.ask(_finish_row(running, state, error, steps, output))

    async def note_steps(self, running: Running, steps: Sequence[Step]) -> None:
        await self._pool.fetch(NOTE_STEPS, running.organisation_id, running.id, running.starts, _to_json(steps))

    async def note_progress(self, running: Running, progress: Mapping[str, int]) -> bool:
        """Whoever takes the job over goes on from there. False when someone has."""
        values = (running.organisation_id, running.id, running.starts, _to_json(progress))
        return bool(await self._pool.fetch(NOTE_PROGRESS, *values))

    async def put_off(self, running: Running, seconds: float, reason: str | None, *, failed: bool) -> bool:
        """The job waits for its next try. False, and nothing is written, when someone else has taken it over."""
        values = (running.organisation_id, running.id, running.starts, reason, seconds, int(failed))
        return bool(await self._pool.fetch(PUT_OFF, *values))

    async def _begin(self, questions: Sequence[tuple[int, int]]) -> Sequence[Running | None]:
        # one job twice in a statement would be begun once, and two would believe it is theirs
        records = await self._pool.fetch(BEGIN, *zip(*dict.fromkeys(questions), strict=True))
        begun = {(record[0], record[1]): _to_running(record) for record in records}
        return [begun.pop(question, None) for question in questions]

    async def _finish(self, questions: Sequence[tuple[object, ...]]) -> Sequence[bool]:
        records = await self._pool.fetch(FINISH, *zip(*questions, strict=True))
        finished = {tuple(record) for record in records}
        return [question[:3] in finished for question in questions]


def _finish_row(
    running: Running, state: JobState, error: str | None, steps: Sequence[Step], output: dict[str, str] | None
) -> tuple[object, ...]:
    shown = None if output is None else msgspec.json.encode(output).decode()
    return (running.organisation_id, running.id, running.starts, state.value, error, _to_json(steps), shown)


def _to_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _to_running(record: asyncpg.Record) -> Running:
    """The row of RUNNING_COLUMNS."""
    return Running(
        organisation_id=record[0],
        id=record[1],
        kind=JobKind(record[2]),
        integration_id=record[3],
        steps=_steps.decode(record[4]),
        starts=record[5],
        failures=record[6],
        returns=record[7],
        expires_at=record[8],
        input=_texts.decode(record[9]),
        progress=None if record[10] is None else _counts.decode(record[10]),
    )


def to_job(record: asyncpg.Record) -> Job:
    """The row of COLUMNS."""
    return Job(
        id=record[0],
        organisation_id=record[1],
        kind=JobKind(record[2]),
        integration_id=record[3],
        header=record[4],
        caption=record[5],
        steps=_steps.decode(record[6]),
        input=_texts.decode(record[7]),
        output=None if record[8] is None else _texts.decode(record[8]),
        state=JobState(record[9]),
        state_changed_at=record[10],
        error=record[11],
        scheduled_for=record[12],
        queued_at=record[13],
        started_at=record[14],
        completed_at=record[15],
        expires_at=record[16],
        starts=record[17],
        failures=record[18],
        creator_user=record[19],
        creator_key_id=record[20],
        progress=None if record[21] is None else _counts.decode(record[21]),
    )
