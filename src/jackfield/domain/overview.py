"""What an organisation's administrator sees first: what is live, what needs someone, what happened in the last day."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from jackfield.domain.count import Count
from jackfield.domain.health import Health
from jackfield.domain.integration import State, Status

#: the present hour, which has only begun, and those before it
HOURS: Final = 24
#: of those that need someone, the newest
MOST_BROKEN: Final = 8


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """An integration that does not work until someone does something. `since` is when that was noticed."""

    id: int
    name: str
    provider: str
    state: State
    status: Status
    health: Health
    reason: str | None
    since: datetime


class Hour(msgspec.Struct, frozen=True):
    """What ended within the hour that begins at `at`, well and badly. Neither count goes beyond `count.MOST`."""

    at: datetime
    good: Count
    bad: Count


class OverviewFacts(msgspec.Struct, frozen=True, kw_only=True):
    """`states` and `healths` have every state and health that there can be, some with none; of what is being deleted
    only `states` speak.

    `broken` are some of those that need someone, the newest first, of `broken_count`. The hours begin 23 hours ago, the
    oldest first. `waiting` are deliveries that will go out by themselves, `held` those that wait for a person;
    `alive_jobs` have not ended.
    """

    states: Mapping[State, Count]
    healths: Mapping[Health, Count]
    broken: tuple[Broken, ...]
    broken_count: Count
    delivery_hours: tuple[Hour, ...]
    job_hours: tuple[Hour, ...]
    waiting: Count
    held: Count
    alive_jobs: Count
