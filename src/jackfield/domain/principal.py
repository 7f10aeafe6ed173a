"""Who is calling, from where, and what they may do."""

from datetime import datetime
from enum import StrEnum

import msgspec

from jackfield.domain.errors import CapabilityMissing


class Capability(StrEnum):
    """What a key may be allowed to do; the names are those of the published contracts."""

    VIEW = "hubs-integrations-view"
    MANAGE = "hubs-integrations-manage"
    REVEAL_CREDENTIALS = "credentials-reveal"
    MANAGE_ORGANISATION = "MANAGE_ORGANISATION"


class Principal(msgspec.Struct, frozen=True):
    """A verified API key: one user in one organisation. A session that a link opened stands in place of a key."""

    key_id: int
    organisation_id: int
    user: str
    capabilities: frozenset[str]
    expires_at: datetime | None = None

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
