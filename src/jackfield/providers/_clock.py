"""Compare this machine's clock with a vendor's, which each reply tells in `Date` (RFC 9110 §6.6.1)."""

import email.utils
from datetime import UTC, datetime, timedelta
from typing import Final

from jackfield.providers._http import Reply

#: seconds; `Date` has whole seconds, and the reply took its way
_TOLERANCE: Final = 60.0


def seconds_ahead(reply: Reply) -> float | None:
    """Return by how many seconds our clock is ahead of the vendor's; negative: behind. None: the vendor tells none."""
    moment = vendor_time(reply)
    return None if moment is None else (datetime.now(UTC) - moment).total_seconds()


def vendor_time(reply: Reply) -> datetime | None:
    """Return the moment of the reply by the vendor's clock; None when it tells none."""
    try:
        moment = email.utils.parsedate_to_datetime(reply.headers.get("date", ""))
    except (TypeError, ValueError, OverflowError):
        return None
    # RFC 9110 has GMT alone, which the parser reads as no zone when it is written `-0000`
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def is_before(created_at: datetime | None, since: datetime | None, reply: Reply) -> bool:
    """Whether the vendor created an object before our moment `since`, with the difference of the clocks taken out.

    True when one of the two is not known: nobody can look further back for it.
    """
    if since is None or created_at is None or created_at.tzinfo is None:
        return True
    ahead = seconds_ahead(reply) or 0.0
    try:
        return created_at < since - timedelta(seconds=ahead + _TOLERANCE)
    except OverflowError:
        return True
