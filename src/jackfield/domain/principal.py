"""Who is calling, from where, and what they may do."""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from jackfield.domain.errors import CapabilityMissing


class Capability(StrEnum):
    """What a caller may be allowed to do; the names are those of the published contracts.

    OPERATE is of no contract: it is the operator's, who sees the whole service and judges every organisation's
    definitions. Keys never have it, and nobody has it who was not given it by name.
    """

    VIEW = "hubs-integrations-view"
    MANAGE = "hubs-integrations-manage"
    REVEAL_CREDENTIALS = "credentials-reveal"
    MANAGE_ORGANISATION = "MANAGE_ORGANISATION"
    OPERATE = "operate"


#: what a key can be given, and what somebody has to whom nothing narrower was given
GRANTABLE: Final = tuple(one for one in Capability if one is not Capability.OPERATE)


class Principal(msgspec.Struct, frozen=True):
    """A verified API key: one user in one organisation. A session that a link opened stands in place of a key.

    `session_id`: of the browser's session in which a person acts; None: a program acts with the key.
    """

    key_id: int
    organisation_id: int
    user: str
    capabilities: frozenset[str]
    expires_at: datetime | None = None
    session_id: int | None = None

    def has(self, capability: Capability) -> bool:
        return capability in self.capabilities


class Origin(msgspec.Struct, frozen=True):
    """Where a call came from, for the audit: network address (or `cli`) and request id."""

    address: str
    request_id: str


class Caller(msgspec.Struct, frozen=True):
    """A principal in the middle of one call."""

    principal: Principal
    origin: Origin

    @property
    def organisation_id(self) -> int:
        return self.principal.organisation_id

    def require(self, capability: Capability) -> None:
        """Raises CapabilityMissing when the key lacks the capability."""
        if not self.principal.has(capability):
            raise CapabilityMissing(capability)
