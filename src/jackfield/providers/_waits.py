"""How long a vendor wants to be left alone, as headers of its replies tell."""

import email.utils
from datetime import UTC, datetime
from typing import Final

from jackfield.providers._clock import vendor_time
from jackfield.providers._http import Reply

#: asked to wait longer than this, nobody waits: the job says so instead
_LONGEST_WAIT: Final = 7 * 24 * 3600.0


def seconds_until(reply: Reply, header: str, unit: float = 1.0) -> float | None:
    """The time from now to the moment in a header, which counts from 1970 in units of so many seconds.

    Now is what the vendor's clock says, where the reply tells it: the moment is of that clock, and ours may differ.
    """
    text = reply.headers.get(header, "").strip()
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        return None
    return min(max(0.0, int(text) * unit - _now(reply).timestamp()), _LONGEST_WAIT)


def retry_after(reply: Reply) -> float | None:
    """The delay of `Retry-After` in seconds (RFC 9110 §10.2.3: a number or a date); None when there is none."""
    text = reply.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        # more digits than a float has are infinite, and still the longest wait
        return min(float(text), _LONGEST_WAIT)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - _now(reply)).total_seconds()), _LONGEST_WAIT)


def _now(reply: Reply) -> datetime:
    return vendor_time(reply) or datetime.now(UTC)
