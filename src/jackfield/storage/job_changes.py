"""What has changed of jobs lately, for whoever watches; nothing is told, so whoever writes jobs pays nothing for it."""

from collections.abc import Sequence
from typing import Final

from jackfield.domain.job import Job, JobState
from jackfield.storage.jobs import COLUMNS, to_job
from jackfield.storage.pool import Pool

# one look at the index for each organisation and state; one that runs has steps, which change without its state
RECENT: Final = f"""
select j.* from unnest($1::bigint[]) o(organisation_id) cross join unnest($2::text[]) s(state) cross join lateral (
    select {COLUMNS} from job j
    where j.organisation_id = o.organisation_id and j.state = s.state
        and j.state_changed_at >= case when s.state = 'running' then '-infinity'
            else now() - make_interval(secs => $3) end
    order by j.organisation_id desc, j.state desc, j.state_changed_at desc limit $4
) j
union all
select j.* from unnest($5::bigint[], $6::bigint[]) w(organisation_id, id) cross join lateral (
    select {COLUMNS} from job j where j.organisation_id = w.organisation_id and j.id = w.id offset 0
) j
"""

_STATES: Final = tuple(state.value for state in JobState if state is not JobState.NEW)


class JobChangeTable:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def recent(
        self, organisation_ids: Sequence[int], seconds: float, most: int, known: Sequence[tuple[int, int]]
    ) -> list[Job]:
        """Those that run, those that came into another state within so many seconds, and those that are known.

        Of each organisation and state at most so many, the latest; `known` are ids of organisations and jobs.
        """
        of_organisations, of_jobs = [one for one, _ in known], [one for _, one in known]
        records = await self._pool.fetch(RECENT, organisation_ids, _STATES, seconds, most, of_organisations, of_jobs)
        return [to_job(record) for record in records]
