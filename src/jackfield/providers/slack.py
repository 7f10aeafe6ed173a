"""Slack, by bot or user token.

Web API: https://docs.slack.dev/apis/web-api/ . Errors come with status 200 and `"ok": false`.
"""

import re
from datetime import date
from typing import ClassVar, Final

import msgspec

from jackfield.domain.provider import (
    Account,
    AuthMethod,
    Category,
    Connection,
    CredentialRefused,
    Manifest,
    ProviderError,
    RightMissing,
    SecretField,
    SettingField,
    Source,
    VendorUnavailable,
    Verified,
)
from jackfield.providers._credentials import token
from jackfield.providers._endpoints import api_url
from jackfield.providers._http import Endpoints, HttpClient, Reply
from jackfield.providers._replies import Text, decode, limited, raise_for_status, unexpected, web_url

_CHECKED: Final = date(2026, 11, 21)
#: the token has ended
_GONE: Final = frozenset({"invalid_auth", "token_revoked", "token_expired", "account_inactive"})
#: the token is none for us, now or ever
_REFUSED: Final = _GONE | {
    "not_authed",
    "access_denied",
    "ekm_access_denied",
    "enterprise_is_restricted",
    "not_allowed_token_type",
    "not_bearer_token",
    "team_access_not_granted",
    "two_factor_setup_required",
}
_BROKEN: Final = frozenset({"fatal_error", "internal_error", "service_unavailable", "request_timeout"})
_RIGHT: Final = re.compile(r"[a-z0-9_.:,-]{1,200}")


class _Answer(msgspec.Struct):
    ok: bool
    error: str = ""
    needed: str = ""


class _Identity(msgspec.Struct):
    team_id: Text
    team: Text
    user_id: Text
    user: Text
    url: str | None = None


class _Revocation(msgspec.Struct):
    revoked: bool


class Slack:
    manifest: ClassVar[Manifest] = Manifest(
        slug="slack",
        name="Slack",
        category=Category.CHAT,
        url="https://slack.com",
        description="Messages in a channel on Slack.",
        base_url="https://slack.com",
        # methods are called below it: api_url + "/auth.test"
        api_url="https://slack.com/api",
        auth_methods=(AuthMethod(name="token", title="Bot token", secrets=("access_token",)),),
        secrets=(
            SecretField(
                name="access_token",
                auth_key="api_key",
                title="Bot token",
                help="Of a Slack app with the scope chat:write: api.slack.com/apps, the app, OAuth & Permissions, "
                "Bot User OAuth Token. It starts with xoxb-.",
                required=True,
                pattern=r"^\S{1,1000}$",
            ),
        ),
        configuration=(
            SettingField(
                name="channel",
                title="Channel",
                help="The channel's ID, at the bottom of its details in Slack, or its name; the app has to be in it.",
                needed_to_deliver=True,
                pattern=r"^[^\s,]{1,100}$",
            ),
            SettingField(
                name="workspace_id",
                title="Workspace ID",
                help="The ID of the workspace: it starts with T and stands in the address of Slack in a browser.",
            ),
        ),
        features=("messages",),
        sources=(
            Source("authentication", "https://docs.slack.dev/authentication/tokens", _CHECKED),
            Source("verification", "https://docs.slack.dev/reference/methods/auth.test", _CHECKED),
            Source("revocation", "https://docs.slack.dev/reference/methods/auth.revoke", _CHECKED),
            Source("limits", "https://docs.slack.dev/apis/web-api/rate-limits", _CHECKED),
        ),
    )

    def __init__(self, http: HttpClient, endpoints: Endpoints) -> None:
        self._http = http
        self._endpoints = endpoints

    async def verify(self, connection: Connection) -> Verified:
        """`auth.test`: whose token it is, in which workspace; the scopes stand in a header."""
        reply = await self._call(connection, "auth.test")
        answer = decode(reply, _Answer, "Slack")
        if not answer.ok:
            raise _error(answer, reply)
        found = decode(reply, _Identity, "Slack")
        scopes = reply.headers.get("x-oauth-scopes")
        return Verified(
            account=Account(
                # users are known within their workspace
                id=f"{found.team_id}:{found.user_id}",
                name=f"{found.user} ({found.team})",
                url=web_url(found.url),
            ),
            scopes=None if scopes is None else tuple(part.strip() for part in scopes.split(",") if part.strip()),
        )

    async def revoke(self, connection: Connection) -> None:
        """`auth.revoke`, which ends bot and user tokens alike."""
        reply = await self._call(connection, "auth.revoke")
        answer = decode(reply, _Answer, "Slack")
        if answer.error in _GONE:
            return
        if not answer.ok:
            raise _error(answer, reply)
        if not decode(reply, _Revocation, "Slack").revoked:
            raise VendorUnavailable("Slack did not revoke the token")

    async def _call(self, connection: Connection, method: str) -> Reply:
        reply = await self._http.request(
            "slack",
            "POST",
            f"{api_url(self._endpoints, 'https://slack.com/api', '/api')}/{method}",
            headers={"Authorization": f"Bearer {token(connection, 'Slack', title='bot token')}"},
        )
        raise_for_status(reply, "Slack", "to use this API")
        if reply.status != 200:
            raise unexpected(reply, "Slack")
        return reply


def _error(answer: _Answer, reply: Reply) -> ProviderError:
    if answer.error in _REFUSED:
        return CredentialRefused("Slack refuses the token: it is wrong, expired, revoked or not meant for this")
    if answer.error in {"missing_scope", "no_permission"}:
        right = answer.needed if _RIGHT.fullmatch(answer.needed) else "to use this API"
        return RightMissing(f"Slack takes the token, but it lacks the right {right}: add it to the app", right)
    if answer.error in {"ratelimited", "rate_limited"}:
        return limited(reply, "Slack")
    if answer.error in _BROKEN:
        return VendorUnavailable("Slack answered with an error of its own")
    return unexpected(reply, "Slack")


PROVIDER: Final = Slack
