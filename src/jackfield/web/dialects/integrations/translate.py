"""Between the wire's objects and the core's, for both versions."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

import msgspec

from jackfield.domain.credential import Secrets
from jackfield.domain.integration import EMPTY_OBJECT, SCOPE_NAMES, JsonObject
from jackfield.web.dialects.integrations.schemas import (
    AuthData,
    Flag,
    ScopeData,
    ShownAuthData,
    ShownMetadata,
    ShownScopeData,
)
from jackfield.web.violations import InvalidRequest, Problem, Violation

_METADATA_DEFAULTS: Final[Mapping[str, Any]] = {
    "instance_name": "",
    "created_via": "manual",
    "version": None,
    "description": None,
    "tags": [],
}
_NOTHING: Final = Secrets({})
_SETTINGS_IN_SCOPE: Final = tuple(name for name in ScopeData.__struct_fields__ if name not in SCOPE_NAMES)
#: a Unix time beyond this is in milliseconds
_MOST_SECONDS: Final = 2e10
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: what some clients send with the credential, and is not secret
_SETTINGS_IN_AUTH: Final = ("base_url", "cloud_id")


class _Scope(msgspec.Struct):
    """What is shown of a configuration."""

    org_slug: str | None = None
    installation_id: str | None = None
    workspace_id: str | None = None
    project_id: str | None = None


_scope_decoder: Final = msgspec.json.Decoder(_Scope)


def to_secrets(auth: AuthData) -> Secrets:
    """The members that are set. Raises InvalidRequest for a date and time that has no place in UTC."""
    values = {
        "access_token": auth.access_token,
        "refresh_token": auth.refresh_token,
        "token_type": auth.token_type,
        "expires_at": _to_utc(auth),
        "scope": auth.scope,
        "code": auth.code,
        "username": auth.username,
        "app_id": auth.app_id,
        "private_key": auth.private_key,
    }
    return Secrets({name: value for name, value in values.items() if value is not None})


def to_scope(
    scope: ScopeData | None | msgspec.UnsetType,
) -> dict[str, str] | None | msgspec.UnsetType:
    """The members that this contract shows, where they are set; None and UNSET as they are."""
    if not isinstance(scope, ScopeData):
        return scope
    return {name: value for name in SCOPE_NAMES if (value := getattr(scope, name)) is not None}


def to_settings(auth: object, scope: object) -> dict[str, str]:
    """The other settings that are set, under the core's names, which are this contract's."""
    settings: dict[str, str] = {}
    if isinstance(auth, AuthData):
        settings |= {name: value for name in _SETTINGS_IN_AUTH if (value := getattr(auth, name)) is not None}
    if isinstance(scope, ScopeData):
        settings |= {name: value for name in _SETTINGS_IN_SCOPE if (value := getattr(scope, name)) is not None}
    return settings


def to_enabled(active: Flag) -> bool:
    return active in {True, "true", "True"}


def to_metadata(sent: Mapping[str, Any] | None, name: str) -> JsonObject:
    """What was sent, with the known members first and none of them missing."""
    metadata = {**_METADATA_DEFAULTS, **(sent or {})}
    metadata["tags"] = metadata["tags"] or []
    metadata["instance_name"] = metadata["instance_name"] or name
    return JsonObject(msgspec.json.encode(metadata).decode())


def show_auth(secrets: Secrets | None) -> ShownAuthData:
    """Every member, null where unset. Which secrets the caller may see was decided before."""
    shown = secrets if secrets is not None else _NOTHING
    expires_at = shown.get("expires_at")
    return ShownAuthData(
        access_token=shown.get("access_token"),
        refresh_token=shown.get("refresh_token"),
        token_type=shown.get("token_type"),
        expires_at=msgspec.convert(expires_at, datetime) if expires_at else None,
        scope=shown.get("scope"),
        code=shown.get("code"),
    )


def show_scope(configuration: JsonObject) -> ShownScopeData:
    """Every member, null where unset: on the wire the same object as the one that is read."""
    return cast("ShownScopeData", _scope_decoder.decode(configuration))


def show_metadata(metadata: JsonObject, name: str) -> ShownMetadata:
    """The stored text, which goes out as it is: it was made by `to_metadata`, or by a contract that has none."""
    if metadata == EMPTY_OBJECT:
        metadata = to_metadata(None, name)
    return cast("ShownMetadata", msgspec.Raw(metadata.encode()))


def _to_utc(auth: AuthData) -> str | None:
    try:
        match auth.expires_at:
            case None:
                return None
            case datetime() as moment:
                utc = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
            case number:
                utc = _EPOCH + timedelta(milliseconds=number if number > _MOST_SECONDS else number * 1000)
    except OverflowError:
        place = ("body", "auth_data", "expires_at")
        raise InvalidRequest([Violation(place, Problem.NOT_DATETIME)]) from None
    return utc.isoformat().replace("+00:00", "Z")
