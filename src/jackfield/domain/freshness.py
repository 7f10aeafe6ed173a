"""Until when an integration's tokens are good, and when newer ones are due: moments of the database's clock.

What a vendor tells is how long a token lasts from now on. That is added to the database's time, so that no clock of
ours needs to agree with any other; and nothing relies on the last minutes of a token.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from jackfield.domain.credential import Secrets
from jackfield.domain.provider import TokenSet

#: a token is handed out without a question until it has this much left, or a fifth of its life if that is less
_MARGIN_SECONDS: Final = 300.0
_MARGIN_SHARE: Final = 0.2
#: newer ones are due when this share of what is left has passed; the spread keeps many from being due at once
_DUE_SHARES: Final = (0.7, 0.85)
#: whoever fetches a token gets one that lasts at least so long, if the vendor makes such ones
LEAST_SECONDS: Final = 60.0


class DatabaseClock(msgspec.Struct, frozen=True):
    """The database's time, as it was at a moment of this process's monotonic clock."""

    at: datetime
    monotonic: float

    @classmethod
    def read(cls, at: datetime) -> "DatabaseClock":
        """For a time that has come from the database just now."""
        return cls(at, time.monotonic())

    def now(self) -> datetime:
        return self.at + timedelta(seconds=time.monotonic() - self.monotonic)


class Freshness(msgspec.Struct, frozen=True, kw_only=True):
    """Of all the tokens of an integration; None: for ever."""

    token_expires_at: datetime | None
    fresh_until: datetime | None
    refresh_due_at: datetime | None


def by_database_clock(secrets: Secrets, token_sets: Sequence[TokenSet], now: datetime) -> Secrets:
    """What a vendor granted just now, its expiries by the clock that `now` is of.

    A provider adds what the vendor tells to this process's clock, which may be wrong: it is wrong here as well.
    """
    shift = now - datetime.now(UTC)
    moved = {
        one.expires_at: to_text(expiry + shift) for one in token_sets if (expiry := expiry_of(secrets, one)) is not None
    }
    return Secrets({**secrets, **moved})


def freshness_of(secrets: Secrets, token_sets: Sequence[TokenSet], now: datetime, chance: float) -> Freshness:
    """As the stored texts say. `chance` is from 0 to 1."""
    ends = [expiry for one in token_sets if (expiry := expiry_of(secrets, one)) is not None]
    if not ends:
        return Freshness(token_expires_at=None, fresh_until=None, refresh_due_at=None)
    first = min(ends)
    left = max(0.0, (first - now).total_seconds())
    low, high = _DUE_SHARES
    return Freshness(
        token_expires_at=first,
        fresh_until=first - timedelta(seconds=min(_MARGIN_SECONDS, left * _MARGIN_SHARE)),
        refresh_due_at=now + timedelta(seconds=left * (low + (high - low) * chance)),
    )


def expiry_of(secrets: Secrets, token_set: TokenSet) -> datetime | None:
    """When the token set's access token ends; None: nobody knows, or never."""
    return read_moment(secrets.get(token_set.expires_at))


def read_moment(text: str | None) -> datetime | None:
    """A time as it stands in a credential, where clients may have written anything; None for what is no time."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def to_text(moment: datetime) -> str:
    """The canonical form of `expires_at`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
