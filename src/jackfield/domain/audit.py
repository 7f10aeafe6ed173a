"""What the audit remembers of a deed: who, what, when, from where, which fields; never a secret value."""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from jackfield.domain.errors import Invalid
from jackfield.domain.job import SERVICE_USER
from jackfield.domain.organisation import checked_name
from jackfield.domain.principal import Caller, Origin


class Action(StrEnum):
    INTEGRATION_CREATED = "integration.created"
    INTEGRATION_UPDATED = "integration.updated"
    INTEGRATION_VERIFIED = "integration.verification-asked"
    INTEGRATION_REFRESHED = "integration.refresh-asked"
    INTEGRATION_SYNCHRONISED = "integration.synchronisation-asked"
    INTEGRATION_DELETED = "integration.deleted"
    DELIVERIES_RETRIED = "deliveries.retried"
    JOB_RETRIED = "job.retried"
    CREDENTIAL_REVEALED = "credential.revealed"
    CREDENTIAL_FETCHED = "credential.fetched"
    INSTALLATION_CREATED = "installation.created"
    INSTALLATION_UPDATED = "installation.updated"
    INSTALLATION_READ = "installation.read"
    INSTALLATION_NOT_UNINSTALLED = "installation.uninstallation-failed"
    CODE_ISSUED = "code.issued"
    DEFINITION_CREATED = "definition.created"
    DEFINITION_UPDATED = "definition.updated"
    DEFINITION_SECRET_REPLACED = "definition.client-secret-replaced"
    DEFINITION_APPROVED = "definition.approved"
    DEFINITION_ARCHIVED = "definition.archived"
    ORGANISATION_CREATED = "organisation.created"
    ORGANISATION_DELETED = "organisation.deleted"
    KEY_CREATED = "key.created"
    KEY_REVOKED = "key.revoked"
    LINK_CREATED = "console-link.created"
    SESSION_OPENED = "session.opened"
    SESSION_ENDED = "session.ended"
    AUDIT_EXPORTED = "audit.exported"
    SESSION_REVOKED = "session.revoked"
    CONNECT_SESSION_CREATED = "connect-session.created"
    INTEGRATION_CONNECTED = "integration.connected"
    INTEGRATION_RECONNECTED = "integration.reconnected"
    ORGANISATION_UPDATED = "organisation.updated"


#: the audit speaks of these without a key; a person who is called so would be taken for one of them
_NOBODY: Final = frozenset({"operator", "service", SERVICE_USER})
_APP: Final = "app:"


def checked_user(name: str) -> str:
    """The name of a person without surrounding blanks. Raises Invalid for one that is none, or not a person's."""
    user = checked_name(name)
    if user.casefold() in _NOBODY or user.casefold().startswith(_APP):
        raise Invalid(f"{user!r} is what the audit calls somebody who is no person: choose another name")
    return user


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One deed. `key_id` is None when the operator acted from the command line.

    `subject_ids` are the rows it was done to; `fields` the names of what changed or was shown.
    """

    organisation_id: int
    action: Action
    key_id: int | None
    user: str
    origin: Origin
    subject_ids: tuple[int, ...] = ()
    fields: tuple[str, ...] = ()


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One deed as it stands in the audit. `action` is an Action's text, or that of one that an older version knew."""

    id: int
    at: datetime
    action: str
    key_id: int | None
    user: str
    address: str
    request_id: str
    subject_ids: tuple[int, ...]
    fields: tuple[str, ...]


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which deeds; None means any. `subject_id` is that of the row they were done to, the first of several.

    `since` is within, `until` without.
    """

    user: str | None = None
    action: str | None = None
    subject_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of what is asked for."""
        return tuple(name for name in self.__struct_fields__ if getattr(self, name) is not None)


def by_caller(
    caller: Caller, action: Action, subject_ids: tuple[int, ...] = (), fields: tuple[str, ...] = ()
) -> AuditEntry:
    """The entry for something that an API caller does."""
    return AuditEntry(
        organisation_id=caller.organisation_id,
        action=action,
        key_id=caller.principal.key_id,
        user=caller.principal.user,
        origin=caller.origin,
        subject_ids=subject_ids,
        fields=fields,
    )


def by_app(
    origin: Origin, organisation_id: int, client_id: str, action: Action, subject_ids: tuple[int, ...], *fields: str
) -> AuditEntry:
    """The entry for something that an app's own server does, in an organisation that installed it."""
    return AuditEntry(
        organisation_id=organisation_id,
        action=action,
        key_id=None,
        user=f"app:{client_id}",
        origin=origin,
        subject_ids=subject_ids,
        fields=fields,
    )


def by_service(organisation_id: int, action: Action, subject_ids: tuple[int, ...], *fields: str) -> AuditEntry:
    """The entry for something that happened in a job, with nobody calling."""
    return AuditEntry(
        organisation_id=organisation_id,
        action=action,
        key_id=None,
        user="service",
        origin=Origin("", ""),
        subject_ids=subject_ids,
        fields=fields,
    )


def by_operator(
    origin: Origin,
    organisation_id: int,
    action: Action,
    subject_ids: tuple[int, ...],
    fields: tuple[str, ...] = (),
) -> AuditEntry:
    """The entry for something that the operator does from the command line."""
    return AuditEntry(
        organisation_id=organisation_id,
        action=action,
        key_id=None,
        user="operator",
        origin=origin,
        subject_ids=subject_ids,
        fields=fields,
    )
