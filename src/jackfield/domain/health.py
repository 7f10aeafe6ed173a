"""How well an integration works, as far as is known.

unknown                 nothing is proven yet, or no longer: the credential or a setting was changed
active                  it was proven, and nothing is known against it
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
    """How well an integration works.

    - `unknown`: nothing is proven yet, or the credential or a setting was changed since. Verify it.
    - `active`: it works.
    - `degraded`: the vendor gave no usable answer lately. It is tried again.
    - `needs_reauthorisation`: the vendor refuses the credential. Connect it again.
    - `misconfigured`: a setting is wrong, or the operator's registration at the vendor is.
    - `revoked`: the credential was revoked here, on purpose.
    """

    UNKNOWN = "unknown"
    ACTIVE = "active"
    DEGRADED = "degraded"
    NEEDS_REAUTHORISATION = "needs_reauthorisation"
    MISCONFIGURED = "misconfigured"
    REVOKED = "revoked"


#: it was proven, and what was proven stands
WORKING: Final = frozenset({Health.ACTIVE, Health.DEGRADED})
#: somebody has to do something before it works
BROKEN: Final = frozenset({Health.NEEDS_REAUTHORISATION, Health.MISCONFIGURED})


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
