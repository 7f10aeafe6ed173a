"""Apps: definitions that outside developers publish through the platform contract.

    development → approved → archived      the operator approves and archives, and may approve again

One in development can be changed, and is installed by its own organisation alone; an archived one by nobody.
"""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import msgspec

from jackfield.domain import ids
from jackfield.domain.app_schema import flaws_of_schema
from jackfield.domain.errors import Conflict, Forbidden, NotFound
from jackfield.domain.flaws import Flaw, Flawed
from jackfield.domain.identifier_path import complaint_of_path
from jackfield.domain.provider import Category
from jackfield.domain.web_address import complaint_of_contact, complaint_of_url

_TITLE_LIMIT: Final = 160
_TEXT_LIMIT: Final = 16 * 1024
_MOST_SCOPES: Final = 100
# RFC 6749 §3.3: several are written in one text, with blanks between them
_SCOPE: Final = re.compile(r"[!#-\[\]-~]{1,255}")
#: how long the client secret before the present one is good, unless something else is asked for, and at most
SECRET_GRACE: Final = timedelta(hours=24)
LONGEST_SECRET_GRACE: Final = timedelta(days=7)
TAGS: Final = tuple(category.value for category in Category)


class AppStatus(StrEnum):
    """The status of an app.

    - `development`: being developed; only its own organisation sees it.
    - `approved`: every organisation can install it.
    - `archived`: withdrawn; nobody can install it.
    """

    DEVELOPMENT = "development"
    APPROVED = "approved"
    ARCHIVED = "archived"


class AppFields(msgspec.Struct, frozen=True, kw_only=True):
    """What a developer says of an app. None: nothing; UNSET: nothing is said of it in this call."""

    identifier_field_path: str | msgspec.UnsetType = msgspec.UNSET
    name: str | None | msgspec.UnsetType = msgspec.UNSET
    author: str | None | msgspec.UnsetType = msgspec.UNSET
    call_to_action: str | None | msgspec.UnsetType = msgspec.UNSET
    configuration_fields: dict[str, Any] | None | msgspec.UnsetType = msgspec.UNSET
    contact: str | None | msgspec.UnsetType = msgspec.UNSET
    description: str | None | msgspec.UnsetType = msgspec.UNSET
    error_codes: dict[str, str] | None | msgspec.UnsetType = msgspec.UNSET
    icon_url: str | None | msgspec.UnsetType = msgspec.UNSET
    oauth_callback_url: str | None | msgspec.UnsetType = msgspec.UNSET
    scopes: list[str] | None | msgspec.UnsetType = msgspec.UNSET
    tags: list[str] | None | msgspec.UnsetType = msgspec.UNSET
    uninstallation_url: str | None | msgspec.UnsetType = msgspec.UNSET

    @property
    def said(self) -> dict[str, Any]:
        """What is said in this call, by name."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value is not msgspec.UNSET}


class App(msgspec.Struct, frozen=True, kw_only=True):
    """An app as it is stored."""

    organisation_id: int
    id: int
    status: AppStatus
    created_at: datetime
    updated_at: datetime
    identifier_field_path: str
    name: str | None
    author: str | None
    call_to_action: str | None
    configuration_fields: dict[str, Any] | None
    contact: str | None
    description: str | None
    error_codes: dict[str, str] | None
    oauth_callback_url: str | None
    scopes: list[str] | None
    tags: list[str] | None
    uninstallation_url: str | None
    icon_url: str | None = None

    @property
    def hex_id(self) -> str:
        """Its vendor in hubs, its client_id in OAuth."""
        return ids.to_hex(self.id)

    @property
    def display_name(self) -> str:
        return display_name(self.name, self.id)

    def require_installable_by(self, organisation_id: int) -> None:
        """Raises AppNotFound where it is not to be seen, AppArchived where nobody can install it any more."""
        if self.status is AppStatus.DEVELOPMENT and self.organisation_id != organisation_id:
            raise AppNotFound(self.hex_id)
        if self.status is AppStatus.ARCHIVED:
            raise AppArchived(self.display_name)


class InvalidApp(Flawed):
    """What a developer said of an app cannot be; `flaws` are by field."""

    code = "invalid-app"


class AppNotFound(NotFound):
    code = "app-not-found"

    def __init__(self, reference: str) -> None:
        super().__init__("Integration", reference)


class AppNotInDevelopment(Forbidden):
    code = "app-not-in-development"

    def __init__(self, status: AppStatus) -> None:
        super().__init__(f"The integration is {status}: it can be changed only in development")


class AppArchived(Forbidden):
    code = "app-archived"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is archived and takes no new installations")


class AppHasStatus(Conflict):
    code = "app-has-status"

    def __init__(self, reference: str, status: AppStatus) -> None:
        super().__init__(f"The definition {reference} is {status} already")


def display_name(name: str | None, definition_id: int) -> str:
    return name or f"App {ids.to_hex(definition_id)}"


def new_client_secret() -> str:
    """64 hexadecimal digits."""
    return secrets.token_hex(32)


def flaws_of(fields: Mapping[str, Any], *, allow_http: bool) -> list[Flaw]:
    """What is wrong with each of these by itself; a value of another type than its field's is passed over."""

    def url(value: str) -> str | None:
        return complaint_of_url(value, allow_http=allow_http)

    texts: tuple[tuple[str, Callable[[str], str | None]], ...] = (
        ("name", _complaint_of_title),
        ("author", _complaint_of_title),
        ("call_to_action", _complaint_of_text),
        ("contact", complaint_of_contact),
        ("description", _complaint_of_text),
        ("icon_url", url),
        ("oauth_callback_url", url),
        ("uninstallation_url", url),
    )
    found: list[Flaw] = []
    for name, complain in texts:
        value = fields.get(name)
        complaint = complain(value) if isinstance(value, str) else None
        if complaint:
            found.append(Flaw((name,), complaint))
    if fields.get("configuration_fields") is not None:
        found += [flaw.within("configuration_fields") for flaw in flaws_of_schema(fields["configuration_fields"])]
    found += _flaws_of_list(fields, "scopes", _complaint_of_scope)
    found += _flaws_of_list(fields, "tags", _complaint_of_tag)
    return found


def flaws_of_path(path: object, schema: object) -> list[Flaw]:
    """What is wrong with an identifier_field_path beside this schema, which has no flaws itself."""
    if not isinstance(path, str):
        return []
    complaint = complaint_of_path(path, schema if isinstance(schema, dict) else None)
    return [Flaw(("identifier_field_path",), complaint)] if complaint else []


def _flaws_of_list(fields: Mapping[str, Any], name: str, complain: Callable[[str], str | None]) -> list[Flaw]:
    values: Sequence[object] = fields[name] if isinstance(fields.get(name), list) else ()
    if len(values) > _MOST_SCOPES:
        return [Flaw((name,), f"There can be at most {_MOST_SCOPES}")]
    complaints = ((index, complain(one)) for index, one in enumerate(values) if isinstance(one, str))
    return [Flaw((name, index), complaint) for index, complaint in complaints if complaint]


def _complaint_of_title(value: str) -> str | None:
    return None if 1 <= len(value) <= _TITLE_LIMIT else f"This has to have 1 to {_TITLE_LIMIT} characters"


def _complaint_of_text(value: str) -> str | None:
    return None if 1 <= len(value) <= _TEXT_LIMIT else f"This has to have 1 to {_TEXT_LIMIT} characters"


def _complaint_of_scope(value: str) -> str | None:
    return None if _SCOPE.fullmatch(value) else "This is no scope (RFC 6749 §3.3): visible ASCII without quotes"


def _complaint_of_tag(value: str) -> str | None:
    return None if value in TAGS else f"This has to be one of {', '.join(TAGS)}"
