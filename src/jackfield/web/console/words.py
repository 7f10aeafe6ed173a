"""How the console puts things: times, counts, and the state of what it shows, each in one place."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import msgspec

from jackfield.domain.app import AppStatus
from jackfield.domain.delivery import DeliveryState
from jackfield.domain.grade import Grade
from jackfield.domain.health import Health
from jackfield.domain.integration import Detail, State, Status
from jackfield.domain.item import ItemStatus
from jackfield.domain.job import JobKind, JobState

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
#: what is older is told by its date
_LONGEST: Final = 30 * _DAY
_UNITS: Final = ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute"), (1, "second"))
_SIZES: Final = ("bytes", "KiB", "MiB", "GiB", "TiB")


class Tone(StrEnum):
    """How a badge looks."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    BUSY = "busy"
    QUIET = "quiet"


class Badge(msgspec.Struct, frozen=True):
    tone: Tone
    label: str


_HEALTHS: Final[Mapping[Health, Badge]] = {
    Health.UNKNOWN: Badge(Tone.QUIET, "Not tested yet"),
    Health.ACTIVE: Badge(Tone.GOOD, "Works"),
    Health.DEGRADED: Badge(Tone.WARN, "Degraded"),
    Health.NEEDS_REAUTHORISATION: Badge(Tone.BAD, "Needs reconnecting"),
    Health.MISCONFIGURED: Badge(Tone.BAD, "Misconfigured"),
    Health.REVOKED: Badge(Tone.QUIET, "Revoked"),
}
_STATES: Final[Mapping[State, Badge]] = {
    State.NEW: Badge(Tone.WARN, "Not verified"),
    State.VERIFYING: Badge(Tone.BUSY, "Verifying"),
    State.LIVE: Badge(Tone.GOOD, "Live"),
    State.DELETING: Badge(Tone.QUIET, "Being deleted"),
    State.DELETED: Badge(Tone.QUIET, "Deleted"),
}
_JOBS: Final[Mapping[JobState, Badge]] = {
    JobState.NEW: Badge(Tone.QUIET, "Waiting"),
    JobState.QUEUED: Badge(Tone.QUIET, "Waiting"),
    JobState.SCHEDULED: Badge(Tone.WARN, "To be tried again"),
    JobState.RUNNING: Badge(Tone.BUSY, "Running"),
    JobState.COMPLETED: Badge(Tone.GOOD, "Done"),
    JobState.ERROR: Badge(Tone.BAD, "Failed"),
    JobState.EXPIRED: Badge(Tone.BAD, "Expired"),
}
_DELIVERIES: Final[Mapping[DeliveryState, Badge]] = {
    DeliveryState.PENDING: Badge(Tone.BUSY, "Waiting"),
    DeliveryState.SENDING: Badge(Tone.BUSY, "Sending"),
    DeliveryState.DELIVERED: Badge(Tone.GOOD, "Delivered"),
    DeliveryState.SUPERSEDED: Badge(Tone.QUIET, "Superseded"),
    DeliveryState.CANCELLED: Badge(Tone.QUIET, "Cancelled"),
    DeliveryState.HELD: Badge(Tone.BAD, "Held"),
}
_ITEMS: Final[Mapping[ItemStatus, Badge]] = {
    ItemStatus.OPEN: Badge(Tone.WARN, "Open"),
    ItemStatus.IN_PROGRESS: Badge(Tone.BUSY, "In progress"),
    ItemStatus.CLOSED: Badge(Tone.QUIET, "Closed"),
}
_APPS: Final[Mapping[AppStatus, Badge]] = {
    AppStatus.DEVELOPMENT: Badge(Tone.WARN, "In development"),
    AppStatus.APPROVED: Badge(Tone.GOOD, "Approved"),
    AppStatus.ARCHIVED: Badge(Tone.QUIET, "Archived"),
}
_GRADES: Final[Mapping[Grade, Badge]] = {
    Grade.NONE: Badge(Tone.QUIET, "No grade"),
    Grade.BRONZE: Badge(Tone.QUIET, "Bronze grade"),
    Grade.SILVER: Badge(Tone.QUIET, "Silver grade"),
    Grade.GOLD: Badge(Tone.GOOD, "Gold grade"),
}
JOB_KINDS: Final[Mapping[JobKind, str]] = {
    JobKind.VERIFY: "Verification",
    JobKind.DELETE: "Deletion",
    JobKind.UNINSTALL: "Uninstallation",
    JobKind.DELIVER: "Delivery",
    JobKind.SYNC: "Synchronisation",
    JobKind.REFRESH: "Refresh",
}


def health_badge(health: Health) -> Badge:
    return _HEALTHS[health]


def state_badge(state: State) -> Badge:
    return _STATES[state]


def job_badge(state: JobState) -> Badge:
    return _JOBS[state]


def delivery_badge(state: DeliveryState) -> Badge:
    return _DELIVERIES[state]


def item_badge(status: ItemStatus) -> Badge:
    return _ITEMS[status]


def app_badge(status: AppStatus) -> Badge:
    return _APPS[status]


def grade_badge(grade: Grade) -> Badge:
    return _GRADES[grade]


def integration_badge(found: Detail) -> Badge:
    """What matters most of an integration: what is going on, then what is wrong, then that all is well."""
    if found.is_going or found.state is State.VERIFYING:
        return _STATES[found.state]
    health = found.condition.health
    if health in {Health.NEEDS_REAUTHORISATION, Health.MISCONFIGURED, Health.REVOKED}:
        return _HEALTHS[health]
    if found.status is Status.ERROR:
        return Badge(Tone.BAD, "Failing")
    if not found.enabled or found.status is Status.INACTIVE:
        return Badge(Tone.QUIET, "Paused")
    if health is Health.DEGRADED:
        return _HEALTHS[health]
    return _STATES[found.state]


def ago(moment: datetime, now: datetime | None = None) -> str:
    """How long ago or how far ahead a moment is; its date when that is long."""
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    away = abs(seconds)
    if away < 2:
        return "just now"
    if away >= _LONGEST:
        return f"{moment.astimezone(UTC):%d %b %Y}".removeprefix("0")
    size, unit = next((size, unit) for size, unit in _UNITS if away >= size)
    text = counted(int(away // size), unit)
    return f"{text} ago" if seconds > 0 else f"in {text}"


def exact(moment: datetime) -> str:
    """As it stands beside what `ago` says."""
    return f"{moment.astimezone(UTC):%d %b %Y, %H:%M:%S} UTC"


def iso(moment: datetime) -> str:
    """For the `datetime` of a `time` element (HTML, 3.2.5.5)."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def counted(count: int, noun: str, plural: str = "") -> str:
    """`1 job`, `2 jobs`, `1,000 jobs`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def size(count: int) -> str:
    """Of so many bytes."""
    value, unit = float(count), 0
    while value >= 1024 and unit < len(_SIZES) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.0f} {_SIZES[unit]}" if value >= 10 or unit == 0 else f"{value:.1f} {_SIZES[unit]}"


def spoken(word: str) -> str:
    """A contract's word as a person says it: `work_item` is `Work item`."""
    return word.replace("_", " ").replace("-", " ").capitalize()
