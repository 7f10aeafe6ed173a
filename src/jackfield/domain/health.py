"""How well an integration works, as far as is known.

active                  nothing is known against it
degraded                its vendor gave no usable answer lately; what was proven before stands
needs_reauthorisation   the vendor does not take the credential or the grant: a person has to connect it again
misconfigured           a setting is wrong, or the operator's registration at the vendor is
revoked                 it was ended here, on purpose

The class of an error decides, never how often it came.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from jackfield.domain.errors import Unavailable
from jackfield.domain.provider import CredentialRefused, GrantRefused, ItemRejected, VendorUnavailable


class Health(StrEnum):
    ACTIVE = "active"
    DEGRADED = "degraded"
    NEEDS_REAUTHORISATION = "needs_reauthorisation"
    MISCONFIGURED = "misconfigured"
    REVOKED = "revoked"


#: it works, as far as is known
WORKING: Final = frozenset({Health.ACTIVE, Health.DEGRADED})


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """`next_check` is when the service looks by itself, `expires` when the credential ends if it is not refreshed."""

    health: Health
    reason: str | None
    since: datetime
    next_check: datetime | None
    expires: datetime | None


def health_after(error: Exception) -> Health:
    """What an integration is after its vendor, or our own database, answered so."""
    match error:
        case VendorUnavailable() | Unavailable() | ItemRejected():
            return Health.DEGRADED
        case CredentialRefused() | GrantRefused():
            return Health.NEEDS_REAUTHORISATION
        case _:
            return Health.MISCONFIGURED
