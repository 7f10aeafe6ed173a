"""GitLab, by access token: gitlab.com, or a GitLab of one's own by its base URL.

REST API, version 4: https://docs.gitlab.com/api/rest/
"""

from datetime import UTC, date, datetime, time
from typing import ClassVar, Final

import msgspec

from jackfield.domain.provider import (
    Account,
    AuthMethod,
    Category,
    ConfigurationRejected,
    Connection,
    Manifest,
    SecretField,
    SettingField,
    Source,
    Unsupported,
    Verified,
)
from jackfield.providers._credentials import token
from jackfield.providers._endpoints import URL_PATTERN, api_url, own_base_url
from jackfield.providers._http import Endpoints, HttpClient, Reply
from jackfield.providers._replies import Text, decode, raise_for_status, unexpected, web_url

_CHECKED: Final = date(2026, 11, 21)


class _User(msgspec.Struct):
    id: int
    username: Text
    web_url: str | None = None


class _Token(msgspec.Struct):
    scopes: list[Text]
    expires_at: date | None = None


class GitLab:
    manifest: ClassVar[Manifest] = Manifest(
        slug="gitlab",
        name="GitLab",
        category=Category.SOURCE_CONTROL,
        url="https://gitlab.com",
        description="Issues in a project on GitLab.",
        base_url="https://gitlab.com",
        api_url="https://gitlab.com/api/v4",
        auth_methods=(AuthMethod(name="token", title="Access token", secrets=("access_token",)),),
        secrets=(
            SecretField(
                name="access_token",
                auth_key="api_key",
                title="Access token",
                help="A personal, group or project access token with the scope api: "
                "GitLab, Edit profile, Access tokens, or the project's Settings, Access tokens.",
                required=True,
                pattern=r"^\S{1,1000}$",
            ),
        ),
        configuration=(
            SettingField(
                name="project",
                title="Project",
                help="The project whose issues are used: its path as in its address (group/name), or its number.",
                needed_to_deliver=True,
                pattern=r"^[A-Za-z0-9_./-]{1,500}$",
            ),
            SettingField(
                name="base_url",
                title="Address",
                help="Only for a GitLab of your own: its address, such as https://gitlab.example.com.",
                destination=True,
                pattern=URL_PATTERN,
            ),
            SettingField(
                name="org_slug", title="Group", help="The group that the token is for, if it is for one: its path."
            ),
            SettingField(name="project_id", title="Project ID", help="The number of the project, if it is known."),
        ),
        features=("issues",),
        sources=(
            Source("authentication", "https://docs.gitlab.com/api/rest/authentication/", _CHECKED),
            Source("the user of a token", "https://docs.gitlab.com/api/users/#get-the-current-user", _CHECKED),
            Source(
                "a token's scopes, end and revocation",
                "https://docs.gitlab.com/api/personal_access_tokens/",
                _CHECKED,
            ),
            Source("limits", "https://docs.gitlab.com/security/rate_limits/", _CHECKED),
        ),
    )

    def __init__(self, http: HttpClient, endpoints: Endpoints) -> None:
        self._http = http
        self._endpoints = endpoints

    async def verify(self, connection: Connection) -> Verified:
        """By reading the user of the token, then what the token tells of itself, which OAuth tokens cannot."""
        reply = await self._call(connection, "GET", "/user")
        raise_for_status(reply, "GitLab", "api")
        if reply.status == 404 and own_base_url(connection) is not None:
            raise ConfigurationRejected("GitLab is not at this address: check base_url", "base_url")
        if reply.status != 200:
            raise unexpected(reply, "GitLab")
        user = decode(reply, _User, "GitLab")
        account = Account(id=str(user.id), name=user.username, url=web_url(user.web_url))
        reply = await self._call(connection, "GET", "/personal_access_tokens/self")
        if reply.status != 200:
            return Verified(account=account)
        told = decode(reply, _Token, "GitLab")
        return Verified(account=account, scopes=tuple(told.scopes), expires_at=_midnight(told.expires_at))

    async def revoke(self, connection: Connection) -> None:
        """DELETE of the token itself: personal, group and project access tokens can; 401 says it has ended already."""
        reply = await self._call(connection, "DELETE", "/personal_access_tokens/self")
        if reply.status in {200, 204, 401}:
            return
        raise_for_status(reply, "GitLab", "api")
        if reply.status in {400, 404, 405}:
            raise Unsupported("GitLab cannot end this kind of token for us: revoke it in GitLab, under Access tokens")
        raise unexpected(reply, "GitLab")

    async def _call(self, connection: Connection, method: str, path: str) -> Reply:
        return await self._http.request(
            "gitlab",
            method,
            api_url(self._endpoints, "https://gitlab.com/api/v4", "/api/v4", own_base_url(connection)) + path,
            headers={"Authorization": f"Bearer {token(connection, 'GitLab')}"},
        )


def _midnight(day: date | None) -> datetime | None:
    """Tokens end with the start of their last day."""
    return None if day is None else datetime.combine(day, time(), UTC)


PROVIDER: Final = GitLab
