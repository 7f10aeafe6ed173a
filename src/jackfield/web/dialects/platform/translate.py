"""Between the platform contract's wire objects and the core."""

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from jackfield.domain import ids
from jackfield.domain.app import App, AppFields, AppNotFound, InvalidApp
from jackfield.domain.flaws import Flaw
from jackfield.domain.installation import Installation
from jackfield.domain.oauth import ACCESS_LIFETIME, Client, Holder, TokenFacts, TokenKind, Tokens
from jackfield.services.apps import Apps, Registered, ReplacedSecret
from jackfield.web.dialects.platform import schemas
from jackfield.web.dialects.platform.errors import to_flaw
from jackfield.web.violations import InvalidRequest, Problem, Violation, convert

Sent = TypeVar("Sent", schemas.CreatePlatformIntegration, schemas.UpdatePlatformIntegration)


def to_fields(sent: Any, wanted: type[Sent], apps: Apps) -> AppFields:
    """What was sent of an app. Raises InvalidApp with everything that is wrong with it, in the order of the fields."""
    names = wanted.__struct_fields__
    flaws = []
    body: Sent | None = None
    try:
        body = convert(sent, wanted, "body")
    except InvalidRequest as error:
        flaws = [to_flaw(violation) for violation in error.violations]
    if isinstance(sent, dict):
        misshapen = {flaw.path[0] for flaw in flaws if flaw.path}
        flaws += apps.flaws({name: sent[name] for name in names if name in sent and name not in misshapen})
    if flaws or body is None:
        raise InvalidApp(sorted(flaws, key=lambda flaw: names.index(str(flaw.path[0])) if flaw.path else -1))
    return msgspec.convert(msgspec.to_builtins(body), AppFields)


def to_changes(sent: Any, clear: Sequence[str], apps: Apps) -> AppFields:
    """What a PATCH changes. Raises InvalidApp as `to_fields`, also for what is set and cleared at once.

    Typed clients send null for every member that their program did not set, so null means that nothing was sent.
    """
    said = {name: value for name, value in sent.items() if value is not None} if isinstance(sent, dict) else sent
    both = [name for name in dict.fromkeys(clear) if isinstance(said, dict) and name in said]
    if both:
        raise InvalidApp(
            [Flaw((name,), "This is set in the body and named in `clear`: do one of them") for name in both]
        )
    changes = to_fields(said, schemas.UpdatePlatformIntegration, apps)
    return msgspec.structs.replace(changes, **dict.fromkeys(clear))


def to_definition_id(reference: str) -> int:
    """Raises AppNotFound for what is not an id of this contract."""
    try:
        return ids.parse_hex(reference)
    except ids.MalformedId:
        raise AppNotFound(reference) from None


def to_cursor(last_id: int) -> str:
    """Opaque: nobody has to know that it is the last id of the page before."""
    return base64.urlsafe_b64encode(last_id.to_bytes(8)).rstrip(b"=").decode()


def from_cursor(cursor: str | msgspec.UnsetType) -> int | None:
    """Raises InvalidRequest for what we never gave out."""
    if cursor is msgspec.UNSET:
        return None
    try:
        decoded = base64.b64decode(cursor + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    number = int.from_bytes(decoded) if len(decoded) == 8 else -1
    if not 0 <= number <= ids.MAXIMUM:
        raise InvalidRequest([Violation(("query", "cursor"), Problem.UNUSABLE)])
    return number


def show(app: App) -> schemas.PlatformIntegration:
    return schemas.PlatformIntegration(**_shown(app))


def show_created(registered: Registered) -> schemas.CreatedPlatformIntegration:
    return schemas.CreatedPlatformIntegration(**_shown(registered.app), client_secret=registered.client_secret)


def show_replaced_secret(replaced: ReplacedSecret) -> schemas.ReplacedClientSecret:
    expires_at = replaced.previous_expires_at
    return schemas.ReplacedClientSecret(
        id=replaced.app.hex_id,
        client_secret=replaced.client_secret,
        previous_secret_expires=None if expires_at is None else show_time(expires_at),
    )


def show_installation(installation: Installation) -> schemas.Installation:
    return schemas.Installation(
        id=ids.to_hex(installation.id),
        platform_integration_id=ids.to_hex(installation.definition_id),
        created=show_time(installation.created_at),
        updated=show_time(installation.updated_at),
        configuration=dict(installation.configuration),
        status=installation.status,
    )


def show_tokens(tokens: Tokens) -> schemas.TokenAnswer:
    return schemas.TokenAnswer(
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        token_type="Bearer",  # noqa: S106  no password
        expires_in=int(ACCESS_LIFETIME.total_seconds()),
        scope=" ".join(tokens.scopes),
        client_secret=tokens.client_secret,
    )


def show_holder(holder: Holder) -> schemas.TokenSelf:
    return schemas.TokenSelf(
        platform_integration_installation_id=ids.to_hex(holder.installation_id),
        platform_integration_id=ids.to_hex(holder.definition_id),
        client_handle=holder.handle,
        scopes=list(holder.scopes),
    )


def show_facts(facts: TokenFacts | None, client: Client, issuer: str) -> schemas.Introspection:
    if facts is None:
        return schemas.Introspection(active=False)
    return schemas.Introspection(
        active=True,
        scope=" ".join(facts.scopes),
        client_id=ids.to_hex(client.definition_id),
        token_type="Bearer" if facts.kind is TokenKind.ACCESS else "refresh_token",
        exp=int(facts.expires_at.timestamp()),
        iat=int(facts.created_at.timestamp()),
        sub=ids.to_hex(facts.installation_id),
        iss=issuer,
    )


def show_time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _shown(app: App) -> dict[str, Any]:
    same = (
        "identifier_field_path author call_to_action configuration_fields contact description error_codes icon_url "
        "name oauth_callback_url scopes tags uninstallation_url"
    )
    return {
        "id": app.hex_id,
        "status": app.status,
        "created": show_time(app.created_at),
        "updated": show_time(app.updated_at),
        **{name: getattr(app, name) for name in same.split()},
    }
