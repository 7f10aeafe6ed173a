"""What the database's failures mean: which of them are its own, and will pass, and in which words they are told."""

from typing import Final

import asyncpg

AWAY_REASON: Final = "Database connection failed"
READ_ONLY_REASON: Final = "The database is read-only"
FULL_REASON: Final = "The database has no room left on its disk"

#: what asyncpg raises while a server is away, starting, stopping, or was killed under a query
AWAY: Final = (
    OSError,
    TimeoutError,
    asyncpg.CannotConnectNowError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
# By SQLSTATE, the whole of it before its class (its first two characters):
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_REASONS: Final = {
    "25006": READ_ONLY_REASON,
    "53100": FULL_REASON,
    "53": "The database has run out of memory or connections",
    "58": "The database cannot read or write its files",
    "28": "The database refuses the user or the password of JACKFIELD_DATABASE_URL",
    "3D": "The database of JACKFIELD_DATABASE_URL does not exist",
    "57": AWAY_REASON,
    # a session or a lock that the server ended, or one of two transactions that waited for one another
    "25P03": AWAY_REASON,
    "25P04": AWAY_REASON,
    "55P03": AWAY_REASON,
    "40P01": AWAY_REASON,
    "40001": AWAY_REASON,
}
# of these, the connection itself can be used again
_PASSING: Final = frozenset({"57014", "55P03", "40P01", "40001"})


def reason_for(error: BaseException) -> str | None:
    """Return why the database cannot serve; None when the failure is not the database's but the statement's."""
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        reason = _REASONS.get(state, _REASONS.get(state[:2]))
        if reason is not None:
            return reason
    if isinstance(error, ValueError):
        return None  # asyncpg's word for an argument of the wrong type: the fault is ours, not the database's
    return AWAY_REASON if isinstance(error, AWAY) else None


def is_lasting(error: BaseException) -> bool:
    """Return whether the database goes on failing until something changes, rather than for this statement alone."""
    return getattr(error, "sqlstate", None) not in _PASSING
