"""Work that goes on after the call that asked for it: what people see of it, and what its states mean.

    new → queued → running → completed
                     │  └──→ error        it failed for good; the reason stays with it
                     └─────→ scheduled    it failed in a way that may pass; it runs again at `scheduled_for`
    queued, scheduled → expired           nobody finished it in time

A job runs at least once. Whoever runs it is fenced by `starts`: when a second process takes over from one that seems
dead, what the first one still writes is thrown away.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from jackfield.domain.errors import NotFound
from jackfield.domain.integration import InvalidState

#: among a job's counts the one that nobody wants to see: where to go on
CURSOR: Final = "cursor"
#: the user that the service itself acts as
SERVICE_USER: Final = "jackfield"


class JobKind(StrEnum):
    VERIFY = "verify"
    DELETE = "delete"
    UNINSTALL = "uninstall"
    DELIVER = "deliver"
    SYNC = "sync"
    REFRESH = "refresh"


class JobState(StrEnum):
    #: known to the contract; ours are in the queue as soon as anybody can see them
    NEW = "new"
    QUEUED = "queued"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    COMPLETED = "completed"
    ERROR = "error"
    EXPIRED = "expired"


class Step(msgspec.Struct, frozen=True):
    """One part of a job, as a person follows it."""

    caption: str
    description: str
    started: datetime | None = None
    completed: datetime | None = None


class NewJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job to be queued. `creator_key_id` None: the service itself wants it. `seconds` is how long it may take.

    `input` is what was asked for beside the integration.
    """

    organisation_id: int
    kind: JobKind
    integration_id: int
    header: str
    caption: str
    steps: tuple[Step, ...]
    seconds: float
    creator_user: str
    creator_key_id: int | None
    input: Mapping[str, str] = {}


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job as it is now. Only `starts` and `failures` are of no concern to who watches it.

    `progress` are counts of what it has done so far, where it has much to do.
    """

    id: int
    organisation_id: int
    kind: JobKind
    integration_id: int
    header: str
    caption: str
    steps: tuple[Step, ...]
    input: Mapping[str, str]
    output: Mapping[str, str] | None
    state: JobState
    state_changed_at: datetime
    error: str | None
    scheduled_for: datetime | None
    queued_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    expires_at: datetime
    starts: int
    failures: int
    creator_user: str
    creator_key_id: int | None
    progress: Mapping[str, int] | None


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """What a process needs of a job that it has just begun. `starts` is its fence.

    Of these, `failures` failed and `returns` were given back; the others ended with their process. `progress` is what
    an earlier run of it noted, to go on from there.
    """

    organisation_id: int
    id: int
    kind: JobKind
    integration_id: int
    steps: tuple[Step, ...]
    input: Mapping[str, str]
    progress: Mapping[str, int] | None
    starts: int
    failures: int
    returns: int
    expires_at: datetime


class JobFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which jobs to list; empty or None means any. `order` are (field, descending) pairs.

    `search` is text in the header, the caption, the kind or what was asked for, or how the id of the job or of its
    integration begins. `before` is the id of a job, of which older ones are wanted.
    """

    states: Sequence[JobState] = ()
    kinds: Sequence[JobKind] = ()
    integration_id: int | None = None
    before: int | None = None
    search: str | None = None
    queued_from: datetime | None = None
    queued_until: datetime | None = None
    order: Sequence[tuple[str, bool]] = (("id", True),)
    limit: int = 20
    offset: int = 0

    @property
    def is_newest(self) -> bool:
        """Whether the newest are wanted, of those that have something in common which needs no search."""
        searches = (self.search, self.queued_from, self.queued_until)
        return tuple(self.order) in {(), (("id", True),)} and all(one is None for one in searches)


class JobNotWaiting(InvalidState):
    """Only a job that waits for its next try can be tried before its time."""

    code = "job-not-waiting"

    def __init__(self) -> None:
        super().__init__("The job isn't waiting for another try, so there is nothing to retry")


class JobNotFound(NotFound):
    code = "job-not-found"

    def __init__(self, reference: str) -> None:
        super().__init__("Job", reference)
