"""What was noticed of an integration: that it broke, that it works again, that it has to be proven again."""

from datetime import datetime
from enum import StrEnum

import msgspec

from jackfield.domain.health import Health


class EventKind(StrEnum):
    BROKEN = "broken"
    RECOVERED = "recovered"
    UNPROVEN = "unproven"


class IntegrationEvent(msgspec.Struct, frozen=True, kw_only=True):
    """`health` is what it became, `detail` why."""

    id: int
    integration_id: int
    kind: EventKind
    at: datetime
    health: Health
    detail: str | None
