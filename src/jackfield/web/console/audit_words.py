"""What the audit tells of, in words, and where its subjects can be looked at."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from jackfield.domain import ids
from jackfield.domain.audit import Action, AuditRecord
from jackfield.web.console import queries
from jackfield.web.console.words import spoken

PATH: Final = "/console/audit"

#: as a filter lists them; every action is in one of these
GROUPS: Final[Mapping[str, Mapping[Action, str]]] = {
    "Integrations": {
        Action.INTEGRATION_CREATED: "Created an integration",
        Action.INTEGRATION_UPDATED: "Changed an integration",
        Action.INTEGRATION_CONNECTED: "Connected an integration",
        Action.INTEGRATION_RECONNECTED: "Reconnected an integration",
        Action.INTEGRATION_VERIFIED: "Asked for a verification",
        Action.INTEGRATION_REFRESHED: "Asked for newer tokens",
        Action.INTEGRATION_SYNCHRONISED: "Asked for a synchronisation",
        Action.INTEGRATION_DELETED: "Deleted an integration",
        Action.DELIVERIES_RETRIED: "Let held deliveries go",
        Action.CONNECT_SESSION_CREATED: "Made a connect link",
    },
    "Credentials": {
        Action.CREDENTIAL_REVEALED: "Was shown a credential",
        Action.CREDENTIAL_FETCHED: "Fetched a credential",
    },
    "Apps and definitions": {
        Action.INSTALLATION_CREATED: "Installed an app",
        Action.INSTALLATION_UPDATED: "Changed an installation",
        Action.INSTALLATION_READ: "Read an installation",
        Action.INSTALLATION_NOT_UNINSTALLED: "Could not tell an app of its end",
        Action.CODE_ISSUED: "Was let into an installation",
        Action.DEFINITION_CREATED: "Created a definition",
        Action.DEFINITION_UPDATED: "Changed a definition",
        Action.DEFINITION_APPROVED: "Approved a definition",
        Action.JOB_RETRIED: "Retried a job",
        Action.DEFINITION_SECRET_REPLACED: "Replaced an app's client secret",
        Action.DEFINITION_ARCHIVED: "Archived a definition",
    },
    "Organisation": {
        Action.ORGANISATION_CREATED: "Created the organisation",
        Action.ORGANISATION_UPDATED: "Changed the settings",
        Action.ORGANISATION_DELETED: "Deleted the organisation",
        Action.KEY_CREATED: "Made a key",
        Action.KEY_REVOKED: "Revoked a key",
        Action.AUDIT_EXPORTED: "Exported the audit",
    },
    "Signing in": {
        Action.LINK_CREATED: "Made a link to sign in",
        Action.SESSION_OPENED: "Signed in",
        Action.SESSION_ENDED: "Signed out",
        Action.SESSION_REVOKED: "Ended a session",
    },
}
_WORDS: Final = {action.value: text for group in GROUPS.values() for action, text in group.items()}
#: nouns of actions that are done to integrations, and of those whose first subject alone is one
_OF_INTEGRATIONS: Final = frozenset({"integration", "credential"})
_OF_ONE: Final = frozenset({"deliveries", "installation", "code"})
#: of what one deed was done to, and of what it changed, so many are listed
_MOST_LISTED: Final = 5


class Subject(msgspec.Struct, frozen=True):
    """`path`: where it can be looked at, or else what else was done to it."""

    id: str
    path: str


class Deed(msgspec.Struct, frozen=True):
    """A record as the page shows it. `more_subjects`, `more_fields`: how many there are that are not listed."""

    record: AuditRecord
    words: str
    subjects: Sequence[Subject]
    more_subjects: int
    fields: Sequence[str]
    more_fields: int


def in_words(record: AuditRecord) -> Deed:
    listed = enumerate(record.subject_ids[:_MOST_LISTED])
    return Deed(
        record,
        _WORDS.get(record.action) or spoken(record.action.replace(".", " ")),
        [_subject(record.action, number, is_first=place == 0) for place, number in listed],
        len(record.subject_ids[_MOST_LISTED:]),
        record.fields[:_MOST_LISTED],
        len(record.fields[_MOST_LISTED:]),
    )


def _subject(action: str, number: int, *, is_first: bool) -> Subject:
    spelled, noun = ids.to_hex(number), action.partition(".")[0]
    if noun in _OF_INTEGRATIONS or (is_first and noun in _OF_ONE):
        return Subject(spelled, f"/console/integrations/{spelled}")
    return Subject(spelled, queries.address(PATH, subject=spelled))
