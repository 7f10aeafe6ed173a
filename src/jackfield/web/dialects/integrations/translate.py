"""Between the wire's objects and the core's, for both versions."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast

import msgspec

from jackfield.domain.credential import Secrets
from jackfield.domain.integration import EMPTY_OBJECT, SCOPE_NAMES, JsonObject
from jackfield.web.dialects.integrations.schemas import (
    AuthData,
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
_scope_decoder: Final = msgspec.json.Decoder(ScopeData)


def to_secrets(auth: AuthData) -> Secrets:
    """The members that are set. Raises InvalidRequest for a date and time that has no place in UTC."""
    values = {
        "access_token": auth.access_token,
        "refresh_token": auth.refresh_token,
        "token_type": auth.token_type,
        "expires_at": _to_utc(auth),
        "scope": auth.scope,
        "code": auth.code,
    }
    return Secrets({name: value for name, value in values.items() if value is not None})


def to_scope(scope: ScopeData) -> dict[str, str]:
    """The settings that are set, under the core's names, which are this contract's."""
    return {name: value for name in SCOPE_NAMES if (value := getattr(scope, name)) is not None}


def to_metadata(sent: Mapping[str, Any] | None, name: str) -> JsonObject:
    """What was sent, with the known members first and none of them missing."""
    metadata = {**_METADATA_DEFAULTS, **(sent or {})}
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
    if auth.expires_at is None:
        return None
    moment = auth.expires_at if auth.expires_at.tzinfo else auth.expires_at.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except OverflowError:
        place = ("body", "auth_data", "expires_at")
        raise InvalidRequest([Violation(place, Problem.NOT_DATETIME)]) from None
