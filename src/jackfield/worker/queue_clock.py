"""Puts right what was queued while the database's clock was ahead.

A clock that went forward and came back leaves times in the queue that are far away: nothing would be tended until they
come. What is due, and when, is measured by the same clock, so it can be told what was meant.
"""

from typing import Final

# A row may be some seconds ahead: it was written meanwhile.
# `$1` and `$2`: each schedule and its period; its next run is at most that far away.
PULL_SCHEDULES_BACK: Final = """
update pgqueuer_schedules s set next_run = now(), heartbeat = least(s.heartbeat, now())
from unnest($1::text[], $2::double precision[]) as known(entrypoint, seconds)
where s.entrypoint = known.entrypoint
    and greatest(s.next_run - make_interval(secs => known.seconds), s.heartbeat) > now() + interval '5 seconds'
returning s.entrypoint
"""
# one written in the future: it waits as long as was meant, from now; who runs one says so again within seconds
PULL_QUEUE_BACK: Final = """
update pgqueuer set updated = now(), heartbeat = least(heartbeat, now()),
    execute_after = least(execute_after, now() + greatest(execute_after - updated, interval '0'))
where updated > now() + interval '5 seconds' or heartbeat > now() + interval '5 seconds'
returning id
"""
