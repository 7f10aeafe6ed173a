"""A refresh: who may ask the vendor for newer tokens, and what came of it."""

from datetime import datetime
from enum import StrEnum

import msgspec

from jackfield.domain.credential import Secrets
from jackfield.domain.freshness import DatabaseClock, Freshness
from jackfield.domain.integration import Detail


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """The right to refresh one token set of one integration for a while.

    `fence` counts the owners: only the newest one's writing counts. `asked_at`: an owner before asked the vendor then,
    and its answer was never kept.
    """

    organisation_id: int
    integration_id: int
    token_set: str
    owner: str
    fence: int
    asked_at: datetime | None
    clock: DatabaseClock


class Result(StrEnum):
    #: newer tokens are stored
    REFRESHED = "refreshed"
    #: what is stored is good enough: somebody else was faster
    FRESH = "fresh"
    #: the vendor does not take the refresh token
    REFUSED = "refused"
    #: no usable answer
    UNANSWERED = "unanswered"
    #: the vendor cannot be asked rightly: a setting, or the operator's registration
    MISCONFIGURED = "misconfigured"
    #: another process has the lease, and did not come to an end in time
    BUSY = "busy"
    #: the integration is being deleted, or was authorised anew in a way that leaves nothing to refresh
    GONE = "gone"


class Refreshed(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a refresh. `found` and `secrets` are what is stored now, where it is known.

    `error` says why there are no newer tokens. `at` is the database's time, if it was asked.
    """

    result: Result
    found: Detail | None = None
    secrets: Secrets | None = None
    error: Exception | None = None
    at: datetime | None = None


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Newer tokens on their way into the database: what they replace, and what they are."""

    found: Detail
    sealed: bytes
    freshness: Freshness
