"""An organisation's configured instance of a provider, as every contract sees it.

    new → verifying → live        a verification that fails leads back to new, with the reason
     │        │        │          a changed credential leads back to new, since nothing is known of it
     └────────┴────────┴──→ deleting → deleted

Vendors whose definition verifies nothing start at live. From deleting on nothing can be changed any more.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NewType, TypeVar

import msgspec

from jackfield.domain.credential import Place, Secrets
from jackfield.domain.errors import Conflict, Forbidden, NotFound
from jackfield.domain.health import WORKING, Condition, Health
from jackfield.domain.item import ItemType
from jackfield.domain.provider import Account

#: a JSON object as text; kept as text because most readers pass it on unread
JsonObject = NewType("JsonObject", str)

EMPTY_OBJECT: Final = JsonObject("{}")
#: the configuration that v1 and v2 can express, whatever the provider
SCOPE_NAMES: Final = ("org_slug", "installation_id", "workspace_id", "project_id")
NAME_LIMIT: Final = 255
# their text differs with who wrote it: the database sets blanks
_JSON_FIELDS: Final = ("configuration", "metadata")
#: what follows from a change by itself, and is nobody's deed
FOLLOWING: Final = frozenset(
    {
        *("state", "error", "error_at", "verified_at", "verification_due_at", "health", "health_reason"),
        *("granted_at", "token_expires_at", "fresh_until", "refresh_due_at", "grant_refused_at"),
        *("account_id", "account_name"),
    }
)


class Status(StrEnum):
    """The status of an integration, beside whether it is switched on.

    - `active`: in use.
    - `inactive`: not in use.
    - `pending`: not verified yet.
    - `error`: the vendor refused the credential.
    """

    ACTIVE = "active"
    INACTIVE = "inactive"
    PENDING = "pending"
    ERROR = "error"


class State(StrEnum):
    """The lifecycle that verification and deletion move."""

    NEW = "new"
    VERIFYING = "verifying"
    LIVE = "live"
    DELETING = "deleting"
    DELETED = "deleted"


#: from here on it is hidden from most, and nobody changes it
GOING: Final = (State.DELETING, State.DELETED)


class Integration(msgspec.Struct, frozen=True, kw_only=True):
    """`sealed_secrets` is the vault's ciphertext of a `Secrets`, or None when there is no credential."""

    id: int
    organisation_id: int
    provider: str
    name: str
    unique_identifier: str
    sealed_secrets: bytes | None
    configuration: JsonObject
    metadata: JsonObject
    status: Status
    enabled: bool
    created_by: str
    created_at: datetime
    updated_at: datetime

    @property
    def secrets_place(self) -> Place:
        return secrets_place(self.organisation_id, self.id)


class Detail(Integration, frozen=True, kw_only=True):
    """An integration with its lifecycle. `credential_version` counts what its verification speaks of.

    `verified_at` is when the present credential was proven, None when it was not. `creator_key_id` made it,
    `creator_is_account`: in the hands of a person, in a browser.
    `granted_at`: its vendor granted us its tokens by OAuth, and they are refreshed here; when the first of them ends,
    and until when none has to be looked at, is by the database's clock. `account_id` and `account_name` tell whose the
    credential is, as proven last; None when it has not been since it changed.
    """

    identifier: str
    item_type: str
    state: State
    state_changed_at: datetime
    error: str | None
    error_at: datetime | None
    verified_at: datetime | None
    credential_version: int
    creator_user: str
    creator_key_id: int
    deleted_at: datetime | None
    verification_due_at: datetime | None = None
    health: Health = Health.UNKNOWN
    health_reason: str | None = None
    health_since: datetime | None = None
    granted_at: datetime | None = None
    token_expires_at: datetime | None = None
    fresh_until: datetime | None = None
    refresh_due_at: datetime | None = None
    refreshed_at: datetime | None = None
    account_id: str | None = None
    account_name: str | None = None
    creator_is_account: bool = False

    @property
    def condition(self) -> Condition:
        """How well it works, as far as is known."""
        is_revoked = self.is_going or (self.status is Status.INACTIVE and self.sealed_secrets is None)
        checks = [due for due in (self.verification_due_at, self.refresh_due_at) if due is not None]
        return Condition(
            health=Health.REVOKED if is_revoked else self.health,
            reason=None if is_revoked else self.health_reason,
            since=(self.state_changed_at if is_revoked else self.health_since) or self.created_at,
            next_check=None if is_revoked else min(checks, default=None),
            expires=None if is_revoked else self.token_expires_at,
        )

    @property
    def is_going(self) -> bool:
        """Whether it is being deleted, or is."""
        return self.state in GOING

    @property
    def is_workable(self) -> bool:
        """Whether it is worked with: items are brought to its vendor."""
        return self.enabled and self.status is Status.ACTIVE and not self.is_going

    def require_workable(self) -> None:
        """Raises InvalidState, with what to do, when it is not worked with."""
        if self.is_going:
            raise InvalidState("The integration is being deleted, or is")
        if not self.enabled:
            raise InvalidState("The integration is not enabled: enable it first")
        if self.status is not Status.ACTIVE:
            reason = f": {self.error}" if self.error else ""
            raise InvalidState(f"The integration is {self.status}, not active{reason}")


class NewIntegration(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller wants to exist. `unique_identifier` None: one is made from the provider and the new id.

    `secrets` and `configuration` UNSET: nothing was said of them, so an integration that is replaced keeps its own;
    None: there shall be none. `configuration` speaks of SCOPE_NAMES alone and leaves other settings as they are;
    `settings` are others, which are added to those that are there.
    """

    provider: str
    name: str
    unique_identifier: str | None
    secrets: Secrets | None | msgspec.UnsetType
    configuration: Mapping[str, str] | None | msgspec.UnsetType
    metadata: JsonObject
    created_by: str
    status: Status = Status.ACTIVE
    enabled: bool = True
    settings: Mapping[str, str] = {}


class Revealed(msgspec.Struct, frozen=True):
    """An integration with its credential in clear (None where it has none)."""

    integration: Integration
    secrets: Secrets | None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """New values for an existing integration; UNSET leaves a field as it is."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET
    status: Status | msgspec.UnsetType = msgspec.UNSET
    created_by: str | msgspec.UnsetType = msgspec.UNSET
    metadata: JsonObject | msgspec.UnsetType = msgspec.UNSET
    configuration: JsonObject | msgspec.UnsetType = msgspec.UNSET
    sealed_secrets: bytes | None | msgspec.UnsetType = msgspec.UNSET
    state: State | msgspec.UnsetType = msgspec.UNSET
    identifier: str | msgspec.UnsetType = msgspec.UNSET
    item_type: str | msgspec.UnsetType = msgspec.UNSET
    error: str | None | msgspec.UnsetType = msgspec.UNSET
    error_at: datetime | None | msgspec.UnsetType = msgspec.UNSET
    verified_at: datetime | None | msgspec.UnsetType = msgspec.UNSET
    verification_due_at: datetime | None | msgspec.UnsetType = msgspec.UNSET
    health: Health | msgspec.UnsetType = msgspec.UNSET
    health_reason: str | None | msgspec.UnsetType = msgspec.UNSET
    granted_at: datetime | None | msgspec.UnsetType = msgspec.UNSET
    token_expires_at: datetime | None | msgspec.UnsetType = msgspec.UNSET
    fresh_until: datetime | None | msgspec.UnsetType = msgspec.UNSET
    refresh_due_at: datetime | None | msgspec.UnsetType = msgspec.UNSET
    grant_refused_at: datetime | None | msgspec.UnsetType = msgspec.UNSET
    account_id: str | None | msgspec.UnsetType = msgspec.UNSET
    account_name: str | None | msgspec.UnsetType = msgspec.UNSET

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of what changes."""
        return tuple(name for name in self.__struct_fields__ if getattr(self, name) is not msgspec.UNSET)

    def differing(self, integration: Integration) -> tuple[str, ...]:
        """What the change makes different in this integration, as the audit names it."""
        return tuple(
            "secrets" if name == "sealed_secrets" else name
            for name in self.fields
            if name not in FOLLOWING
            and _comparable(name, getattr(self, name)) != _comparable(name, getattr(integration, name, None))
        )


class IntegrationRow(msgspec.Struct, frozen=True, kw_only=True):
    """A new integration with everything settled that its row needs."""

    id: int
    organisation_id: int
    provider: str
    name: str
    identifier: str
    unique_identifier: str
    sealed_secrets: bytes | None
    configuration: JsonObject
    metadata: JsonObject
    status: Status
    enabled: bool
    created_by: str
    creator_user: str
    creator_key_id: int
    state: State = State.NEW
    item_type: ItemType = ItemType.NONE
    creator_is_account: bool = False


class Wanted(msgspec.Struct, frozen=True):
    """One integration that a call asks for.

    `reference` is its id as the caller spelled it, for the error. `providers` are those that the caller's contract
    knows (None: all); an integration of another one does not exist there.
    """

    id: int
    reference: str
    providers: tuple[str, ...] | None = None

    def knows(self, provider: str) -> bool:
        """Whether integrations of the provider exist in the caller's contract."""
        return self.providers is None or provider in self.providers


class Owner(msgspec.Struct, frozen=True):
    """Whose an integration is, and whether it is being deleted, or is."""

    organisation_id: int
    is_going: bool


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which integrations to list, newest first; None means any, `limit` None means all."""

    providers: tuple[str, ...] | None = None
    status: Status | None = None
    enabled: bool | None = None
    org_slug: str | None = None
    creator_user: str | None = None
    limit: int | None = None
    offset: int = 0


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Which integrations to list with their lifecycle; empty means any, and `states` empty those not being deleted.

    `search` is text in the name, the identifier or the provider, and `search_providers` are those that have it.
    `healths` are those of conditions, `broken` those that need someone, `before` the id of an integration, of which
    older ones are wanted; with these, or `enabled`, nothing that is being deleted is listed.
    `order` are (field, descending) pairs. `limit` None means all.
    """

    states: tuple[State, ...] = ()
    healths: tuple[Health, ...] = ()
    broken: bool = False
    enabled: bool | None = None
    before: int | None = None
    providers: tuple[str, ...] | None = None
    search: str | None = None
    search_providers: tuple[str, ...] = ()
    order: tuple[tuple[str, bool], ...] = (("id", True),)
    limit: int | None = 20
    offset: int = 0


class InvalidState(Forbidden):
    """The integration is in a state in which this cannot be done."""

    code = "invalid-state"


class UniqueIdentifierTaken(Conflict):
    code = "unique-identifier-taken"

    def __init__(self, unique_identifier: str) -> None:
        super().__init__(f"An integration with the unique_identifier {unique_identifier[:255]!r} already exists")


class IntegrationNotFound(NotFound):
    code = "integration-not-found"

    def __init__(self, reference: str) -> None:
        super().__init__("Integration", reference)


def to_configuration(integration: Integration) -> Mapping[str, str]:
    """The configuration as providers take it: texts by canonical name."""
    decoded: dict[str, object] = msgspec.json.decode(integration.configuration)
    return {name: value for name, value in decoded.items() if isinstance(value, str)}


def renamed(integration: Integration, name: str) -> Change:
    """A new name. An `instance_name` of the metadata that was made from the old one follows it."""
    metadata: dict[str, object] = msgspec.json.decode(integration.metadata)
    if metadata.get("instance_name") != integration.name:
        return Change(name=name)
    following = msgspec.json.encode({**metadata, "instance_name": name}).decode()
    return Change(name=name, metadata=JsonObject(following))


def is_expired(secrets: Secrets, now: datetime) -> bool:
    """Whether the token has ended, and nothing is there to get a newer one with."""
    expires_at = secrets.get("expires_at")
    if not expires_at or secrets.get("refresh_token"):
        return False
    try:
        return msgspec.convert(expires_at, datetime) <= now
    except (msgspec.ValidationError, TypeError):
        return False  # what is no moment in UTC tells nothing


def has_been_asked(integration: Detail) -> bool:
    """Whether its vendor has been asked about it, or is being: then a change takes something back."""
    return integration.health is not Health.UNKNOWN or integration.state is not State.NEW or bool(integration.error)


def unproven(*, verifies: bool, reason: str | None = None) -> Change:
    """What else changes when what was proven does: the credential, or a setting that its verification reads.

    What was known is forgotten. `reason` says in a sentence why it has to be proven again.
    """
    forgotten = Change(error=None, error_at=None, health=Health.UNKNOWN, health_reason=reason)
    if not verifies:
        return forgotten
    nobodys = Change(account_id=None, account_name=None)
    return merged(forgotten, nobodys, Change(state=State.NEW, verified_at=None, verification_due_at=None))


def proven(integration: Detail, now: datetime, due_at: datetime, account: Account) -> Change:
    """The vendor took the credential, which is that account's. A client's `inactive` stands."""
    return Change(
        state=State.LIVE,
        status=Status.ACTIVE if integration.status in {Status.PENDING, Status.ERROR} else msgspec.UNSET,
        error=None,
        error_at=None,
        verified_at=now,
        verification_due_at=due_at,
        health=Health.ACTIVE,
        health_reason=None,
        account_id=account.id,
        account_name=account.name,
    )


_UNREADABLE: Final = "The stored credential cannot be read: delete the integration and connect it again"
Shown = TypeVar("Shown", bound=Integration)


def unreadable(integration: Shown) -> Shown:
    """As it is shown when its stored credential does not open; what is stored stays as it is."""
    status = integration.status if integration.status is Status.INACTIVE else Status.ERROR
    told: dict[str, Any] = {}
    if isinstance(integration, Detail):
        told = {"error": _UNREADABLE, "health": Health.MISCONFIGURED, "health_reason": _UNREADABLE}
    return msgspec.structs.replace(integration, status=status, **told)


def refused(integration: Detail, now: datetime, reason: str, health: Health = Health.NEEDS_REAUTHORISATION) -> Change:
    """The vendor did not take the credential, or not with this configuration. A client's `inactive` stands."""
    return Change(
        state=State.NEW,
        status=msgspec.UNSET if integration.status is Status.INACTIVE else Status.ERROR,
        error=reason,
        error_at=now,
        verified_at=None,
        verification_due_at=None,
        health=health,
        health_reason=reason,
    )


def undecided(integration: Detail, now: datetime, due_at: datetime, reason: str) -> Change:
    """The vendor could not be asked. What was proven before stays proven, and is asked for again."""
    was_live = integration.verified_at is not None
    return merged(
        Change(
            state=State.LIVE if was_live else State.NEW,
            error=reason,
            error_at=now,
            verification_due_at=due_at if was_live else None,
        ),
        degraded(integration, reason),
    )


def used(integration: Detail) -> Change:
    """The vendor took a call with what was not proven yet, which proves it."""
    return Change(health=Health.ACTIVE, health_reason=None) if integration.health is Health.UNKNOWN else Change()


def degraded(integration: Detail, reason: str) -> Change:
    """The vendor gave no usable answer. That breaks nothing, proves nothing, and mends nothing that is broken."""
    if integration.health is Health.UNKNOWN:
        return Change(health_reason=reason)
    return Change(health=Health.DEGRADED, health_reason=reason) if integration.health in WORKING else Change()


def merged(*changes: Change) -> Change:
    """All of them; where two set the same field, the later one does."""
    return Change(**{name: getattr(change, name) for change in changes for name in change.fields})


def _comparable(name: str, value: Any) -> Any:
    return msgspec.json.decode(value) if name in _JSON_FIELDS else value


def secrets_place(organisation_id: int, integration_id: int) -> Place:
    return Place(organisation_id, "integration", integration_id, "secrets")
