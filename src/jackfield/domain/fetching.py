"""Fetching a credential: the token that a product calls a vendor with, good for at least a minute."""

from datetime import datetime

import msgspec

from jackfield.domain.credential import Place
from jackfield.domain.health import Health
from jackfield.domain.integration import InvalidState, secrets_place
from jackfield.domain.principal import Caller


class Fetch(msgspec.Struct, frozen=True):
    """One credential that a caller wants. `version`: the caller has looked at the credential of that version itself."""

    caller: Caller
    integration_id: int
    version: int | None = None


class Fetchable(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of it. `is_ready`: it may be handed out as it is, and that is in the audit by now.

    `is_granted`: the vendor granted it to us, and it is refreshed here.
    """

    organisation_id: int
    integration_id: int
    provider: str
    sealed_secrets: bytes | None
    enabled: bool
    health: Health
    health_reason: str | None
    is_granted: bool
    is_ready: bool

    @property
    def secrets_place(self) -> Place:
        return secrets_place(self.organisation_id, self.integration_id)


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """A token in clear. `expires_at` None: it does not expire, or nobody knows. `scopes` None: nobody told."""

    access_token: str
    token_type: str
    expires_at: datetime | None
    scopes: tuple[str, ...] | None

    def __repr__(self) -> str:
        return "<Fetched>"


class NothingToFetch(InvalidState):
    """There is no token that could be handed out; the message says why, and what to do."""

    code = "nothing-to-fetch"


class UnknownTokenSet(InvalidState):
    """The vendor grants no such token."""

    code = "unknown-token-set"
