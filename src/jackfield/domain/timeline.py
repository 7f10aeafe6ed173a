"""All that happened to one integration as one story for a person: deeds, jobs, deliveries, what was noticed."""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from jackfield.domain.audit import Action
from jackfield.domain.delivery import DeliveryState
from jackfield.domain.event import EventKind
from jackfield.domain.job import SERVICE_USER, JobKind, JobState


class EntryKind(StrEnum):
    DEED = "deed"
    JOB = "job"
    DELIVERY = "delivery"
    EVENT = "event"


class Outcome(StrEnum):
    GOOD = "good"
    BAD = "bad"
    NEUTRAL = "neutral"
    RUNNING = "running"


class TimelineEntry(msgspec.Struct, frozen=True, kw_only=True):
    """`id` is what `before` takes for the next page. `actor` None: the service itself.

    `detail` says more where there is more to say: the reason of a failure, what changed, the item.
    """

    id: int
    at: datetime
    kind: EntryKind
    title: str
    detail: str | None
    actor: str | None
    outcome: Outcome
    job_id: int | None = None
    delivery_id: int | None = None


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """One of them as it is stored. `name` is what a deed, a job or an event is of its kind, or a delivery's item.

    `state` is a job's or a delivery's, `fields` a deed's.
    """

    kind: EntryKind
    id: int
    at: datetime
    name: str
    state: str | None
    detail: str | None
    actor: str | None
    fields: tuple[str, ...] | None


_DEEDS: Final[dict[str, str]] = {
    Action.INTEGRATION_CREATED: "Created",
    Action.INTEGRATION_UPDATED: "Changed",
    Action.INTEGRATION_VERIFIED: "Verification asked for",
    Action.INTEGRATION_REFRESHED: "Renewal of its access asked for",
    Action.INTEGRATION_SYNCHRONISED: "Synchronisation asked for",
    Action.INTEGRATION_DELETED: "Deleted",
    Action.DELIVERIES_RETRIED: "Deliveries tried again",
    Action.CREDENTIAL_REVEALED: "Credential shown",
    Action.CREDENTIAL_FETCHED: "Credential handed out",
    Action.INSTALLATION_CREATED: "Installed",
    Action.INSTALLATION_UPDATED: "Installation changed",
    Action.INSTALLATION_READ: "Installation read by its app",
    Action.INSTALLATION_NOT_UNINSTALLED: "Its app could not be told that it was uninstalled",
    Action.CODE_ISSUED: "Access allowed",
}
#: how jobs and the audit name the service itself
_SERVICE: Final = frozenset({SERVICE_USER, "service"})
_JOBS: Final = {
    JobKind.VERIFY: "Verification",
    JobKind.DELETE: "Deletion",
    JobKind.UNINSTALL: "Uninstallation",
    JobKind.DELIVER: "Delivery of what waits",
    JobKind.SYNC: "Synchronisation",
    JobKind.REFRESH: "Renewal of its access",
}
_JOB_ENDS: Final = {
    JobState.NEW: ("waits", Outcome.RUNNING),
    JobState.QUEUED: ("waits", Outcome.RUNNING),
    JobState.SCHEDULED: ("will be tried again", Outcome.RUNNING),
    JobState.RUNNING: ("runs", Outcome.RUNNING),
    JobState.COMPLETED: ("succeeded", Outcome.GOOD),
    JobState.ERROR: ("failed", Outcome.BAD),
    JobState.EXPIRED: ("was not done in time", Outcome.BAD),
}
_DELIVERY_ENDS: Final = {
    DeliveryState.PENDING: ("waits", Outcome.RUNNING),
    DeliveryState.SENDING: ("is on its way", Outcome.RUNNING),
    DeliveryState.DELIVERED: ("was delivered", Outcome.GOOD),
    DeliveryState.SUPERSEDED: ("was overtaken by a later change", Outcome.NEUTRAL),
    DeliveryState.CANCELLED: ("was cancelled", Outcome.NEUTRAL),
    DeliveryState.HELD: ("is held", Outcome.BAD),
}
_EVENTS: Final = {
    EventKind.BROKEN: ("It broke", Outcome.BAD),
    EventKind.RECOVERED: ("It works again", Outcome.GOOD),
    EventKind.UNPROVEN: ("It has to be verified again", Outcome.NEUTRAL),
}


def entry_of(happening: Happening) -> TimelineEntry:
    """The happening in plain words."""
    title, outcome = _told(happening)
    fields = ", ".join(name.replace("_", " ") for name in happening.fields or ())
    return TimelineEntry(
        id=happening.id,
        at=happening.at,
        kind=happening.kind,
        title=title,
        detail=happening.detail or fields or None,
        actor=None if happening.actor in _SERVICE else happening.actor,
        outcome=outcome,
        job_id=happening.id if happening.kind is EntryKind.JOB else None,
        delivery_id=happening.id if happening.kind is EntryKind.DELIVERY else None,
    )


def _told(happening: Happening) -> tuple[str, Outcome]:
    match happening.kind:
        case EntryKind.DEED:
            failed = happening.name == Action.INSTALLATION_NOT_UNINSTALLED
            # one that a later version knows has its own name at least
            return _DEEDS.get(happening.name, happening.name), Outcome.BAD if failed else Outcome.NEUTRAL
        case EntryKind.JOB:
            how, outcome = _JOB_ENDS[JobState(happening.state or JobState.NEW)]
            return f"{_JOBS[JobKind(happening.name)]} {how}", outcome
        case EntryKind.DELIVERY:
            how, outcome = _DELIVERY_ENDS[DeliveryState(happening.state or DeliveryState.PENDING)]
            kind, _, key = happening.name.partition(" ")
            return f"{kind.replace('_', ' ').capitalize()} {key} {how}", outcome
        case EntryKind.EVENT:
            return _EVENTS[EventKind(happening.name)]
