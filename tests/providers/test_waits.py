"""How long a vendor wants to be left alone does not depend on our clock, where the reply tells the vendor's."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from jackfield.providers._clock import is_before, seconds_ahead, vendor_time
from jackfield.providers._http import Reply
from jackfield.providers._waits import retry_after, seconds_until


def dated(there: datetime, **headers: str) -> Reply:
    return Reply(429, {"date": format_datetime(there, usegmt=True), **headers}, b"")


@pytest.mark.parametrize("skew", [timedelta(0), timedelta(days=2), timedelta(hours=-5), timedelta(seconds=90)])
def test_a_wait_is_counted_by_the_vendors_clock(skew: timedelta) -> None:
    there = datetime.now(UTC).replace(microsecond=0) + skew
    later = there + timedelta(seconds=40)
    reset = {"x-reset": str(int(later.timestamp()))}
    assert seconds_until(dated(there, **reset), "x-reset") == 40
    assert retry_after(dated(there, **{"retry-after": format_datetime(later, usegmt=True)})) == 40


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Nov 2026 10:00:00 GMT", "\0", "1" * 5000])
def test_a_date_that_is_none_tells_nothing(date: str) -> None:
    reply = Reply(200, {"date": date}, b"")
    assert vendor_time(reply) is None
    assert seconds_ahead(reply) is None


def test_what_nobody_dates_is_looked_for_no_further() -> None:
    reply = Reply(200, {}, b"")
    now = datetime.now(UTC)
    assert is_before(None, now, reply)
    assert is_before(now, None, reply)
    assert is_before(now.replace(tzinfo=None), now, reply)
    assert not is_before(now, now, reply)
    assert is_before(now - timedelta(seconds=61), now, reply)
