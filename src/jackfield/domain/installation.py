"""Installations: an app in an organisation. Each is an integration too, whose secrets hold what was filled in."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol

import msgspec

from jackfield.domain.app import App
from jackfield.domain.credential import Secrets, mask
from jackfield.domain.errors import Forbidden, NotFound
from jackfield.domain.flaws import Flawed
from jackfield.domain.identifier_path import identify
from jackfield.domain.integration import NAME_LIMIT, JsonObject
from jackfield.domain.schema_form import SchemaForm

READ: Final = "platform_integration_installations:read"
WRITE: Final = "platform_integration_installations:write"
#: every installation has these, whatever its app asked for
GRANTED: Final = (READ, WRITE)

#: names of an installation's secrets: what was filled in as JSON, where in it secrets are, and what signs its calls
CONFIGURATION: Final = "configuration"
HIDDEN: Final = "hidden"
CLIENT_SECRET: Final = "client_secret"


#: an installation that its app never called complete ends after this
PENDING_LIFETIME: Final = timedelta(days=1)


class InstallationStatus(StrEnum):
    """How far an installation is, as the app's own server says: `incomplete` until that says `complete`."""

    INCOMPLETE = "incomplete"
    COMPLETE = "complete"


class InstallationRow(msgspec.Struct, frozen=True, kw_only=True):
    """What makes an integration an installation. `sealed_secrets` are the integration's.

    `completed_at`: when its app first called it complete. `session_id`: of the browser's session that made it.
    """

    organisation_id: int
    integration_id: int
    definition_organisation_id: int
    definition_id: int
    status: InstallationStatus
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None
    session_id: int | None
    sealed_secrets: bytes | None

    @property
    def is_pending(self) -> bool:
        """Whether it was never complete: somebody began to install the app, and that came to no end so far."""
        return self.completed_at is None


class Installation(msgspec.Struct, frozen=True, kw_only=True):
    """An installation with what was filled in, in clear."""

    id: int
    organisation_id: int
    definition_id: int
    status: InstallationStatus
    created_at: datetime
    updated_at: datetime
    configuration: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"<Installation {self.id}>"  # what was filled in may be secret


class NewInstallation(msgspec.Struct, frozen=True, kw_only=True):
    """What makes an integration, which is there, an installation. `session_id` as InstallationRow's."""

    organisation_id: int
    integration_id: int
    definition_organisation_id: int
    definition_id: int
    status: InstallationStatus
    session_id: int | None


class UntoldApp(msgspec.Struct, frozen=True):
    """An installation whose app wants to be told of its end, and has not been."""

    installation_id: int
    app_name: str


class InstallationNotPending(Forbidden):
    """It has been complete, so it is an integration like others, and ends as they do."""

    code = "installation-not-pending"

    def __init__(self) -> None:
        super().__init__("This installation is set up: delete it on its page in the console")


class InstallationNotFound(NotFound):
    code = "installation-not-found"

    def __init__(self, reference: str) -> None:
        super().__init__("Installation", reference)


class InvalidConfiguration(Flawed):
    """The form does not take what was filled in; `flaws` are by field."""

    code = "invalid-installation-configuration"


def granted_scopes(app: App) -> tuple[str, ...]:
    """What every installation may do and what the app asks for, each once."""
    return tuple(dict.fromkeys((*GRANTED, *(app.scopes or ()))))


def installation_name(app: App, configuration: Mapping[str, Any]) -> str:
    """What the app's expression finds, or the app's own name."""
    return (identify(app.identifier_field_path, configuration) or app.display_name).replace("\0", "")[:NAME_LIMIT]


def sealed_as(app: App, configuration: Mapping[str, Any], client_secret: str) -> Secrets:
    hidden = [field.path for field in SchemaForm(app.configuration_fields).all_fields() if field.secret]
    return Secrets(
        {
            CONFIGURATION: msgspec.json.encode(configuration).decode(),
            HIDDEN: msgspec.json.encode(hidden).decode(),
            CLIENT_SECRET: client_secret,
        }
    )


def configuration_of(opened: Secrets | None) -> dict[str, Any]:
    """What was filled in; nothing when it has been erased."""
    stored = None if opened is None else opened.get(CONFIGURATION)
    return _decoder.decode(stored) if stored else {}


class Shown(Protocol):
    @property
    def configuration(self) -> JsonObject: ...


def shown_configuration(integration: Shown, opened: Secrets | None) -> JsonObject:
    """The configuration that an administrator sees: of an installation what was filled in, secrets in it masked."""
    if opened is None or CONFIGURATION not in opened:
        return integration.configuration
    shown = configuration_of(opened)
    for path in _paths.decode(opened.get(HIDDEN) or "[]"):
        _mask_at(shown, path)
    return JsonObject(msgspec.json.encode(shown).decode())


def _mask_at(configuration: dict[str, Any], path: tuple[str, ...]) -> None:
    """Masks what is there; a path of no name means all of it."""
    if not path:
        configuration.update({name: _masked(value) for name, value in configuration.items()})
        return
    inside: Any = configuration
    for name in path[:-1]:
        inside = inside.get(name) if isinstance(inside, dict) else None
    if isinstance(inside, dict) and path[-1] in inside:
        inside[path[-1]] = _masked(inside[path[-1]])


def _masked(value: Any) -> str:
    return mask(value if isinstance(value, str) else "")


_decoder: Final = msgspec.json.Decoder(dict[str, Any])
_paths: Final = msgspec.json.Decoder(list[tuple[str, ...]])
