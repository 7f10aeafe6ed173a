"""GitHub, by personal access token: github.com, or a GitHub Enterprise Server by its own base URL.

REST API, version 2022-11-28: https://docs.github.com/en/rest
"""

from datetime import UTC, date, datetime
from typing import ClassVar, Final

from jackfield.domain.provider import (
    Account,
    AuthMethod,
    Category,
    Connection,
    CredentialRefused,
    FieldType,
    Manifest,
    SecretField,
    SettingField,
    Source,
    Verified,
)
from jackfield.providers._endpoints import URL_PATTERN, own_base_url
from jackfield.providers._http import Endpoints, HttpClient, Reply
from jackfield.providers._replies import limited, raise_for_status, unexpected

_API_VERSION: Final = "2022-11-28"
_CHECKED: Final = date(2026, 11, 21)


class GitHub:
    manifest: ClassVar[Manifest] = Manifest(
        slug="github",
        name="GitHub",
        category=Category.SOURCE_CONTROL,
        url="https://github.com",
        description="Issues in a repository on GitHub or GitHub Enterprise Server.",
        base_url="https://github.com",
        api_url="https://api.github.com",
        auth_methods=(AuthMethod(name="token", title="Personal access token", secrets=("access_token",)),),
        secrets=(
            SecretField(
                name="access_token",
                auth_key="api_key",
                title="Personal access token",
                help="A fine-grained token with read and write access to the repository's issues: "
                "GitHub, Settings, Developer settings, Personal access tokens.",
                required=True,
                pattern=r"^\S{1,255}$",
            ),
        ),
        configuration=(
            SettingField(
                name="repository",
                title="Repository",
                help="The repository whose issues are used, as owner/name.",
                needed_to_deliver=True,
                pattern=r"^[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}$",
            ),
            SettingField(
                name="labels", title="Labels", help="Labels of new issues, separated by commas.", pattern=r"^.{0,1000}$"
            ),
            SettingField(
                name="base_url",
                title="Address",
                help="Only for GitHub Enterprise Server: its address, such as https://github.example.com.",
                destination=True,
                pattern=URL_PATTERN,
                type=FieldType.STRING,
            ),
            SettingField(
                name="org_slug", title="Organisation", help="The organisation that the token is for, if it is for one."
            ),
        ),
        features=("issues",),
        sources=(
            Source(
                "authentication",
                "https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api",
                _CHECKED,
            ),
            Source(
                "the user of a token",
                "https://docs.github.com/en/rest/users/users#get-the-authenticated-user",
                _CHECKED,
            ),
            Source(
                "limits", "https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api", _CHECKED
            ),
        ),
    )

    def __init__(self, http: HttpClient, endpoints: Endpoints) -> None:
        self._http = http
        self._endpoints = endpoints

    async def verify(self, connection: Connection) -> Verified:
        """GET /user: whose token it is; the scopes of a classic token stand in a header."""
        token = connection.secrets.get("access_token")
        if not token:
            raise CredentialRefused("There is no access token: set api_key")
        reply = await self._get(connection, "/user", token)
        if reply.status != 200:
            raise unexpected(reply, "GitHub")
        user = reply.json()
        scopes = reply.headers.get("x-oauth-scopes")
        return Verified(
            account=Account(id=str(user["id"]), name=user["login"], url=user.get("html_url")),
            scopes=None if scopes is None else tuple(part.strip() for part in scopes.split(",") if part.strip()),
            expires_at=_expiry(reply.headers.get("github-authentication-token-expiration")),
        )

    async def _get(self, connection: Connection, path: str, token: str) -> Reply:
        reply = await self._http.request(
            "github",
            "GET",
            self._api_url(connection) + path,
            headers={
                "Authorization": f"Bearer {token}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": _API_VERSION,
            },
        )
        # the secondary limits answer 403, and say by these headers that it is not about rights
        if reply.status == 403 and (
            "retry-after" in reply.headers or reply.headers.get("x-ratelimit-remaining") == "0"
        ):
            raise limited(reply, "GitHub")
        raise_for_status(reply, "GitHub", "to use this API")
        return reply

    def _api_url(self, connection: Connection) -> str:
        own = own_base_url(connection)
        if own is not None:
            return f"{own}/api/v3"
        return self._endpoints.api_url or "https://api.github.com"


def _expiry(text: str | None) -> datetime | None:
    """`2026-12-01 10:00:00 UTC`, or with an offset in place of the word."""
    for form in ("%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%d %H:%M:%S %z"):
        try:
            moment = datetime.strptime(text or "", form)  # noqa: DTZ007  the first form has its zone in words
        except ValueError:
            continue
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    return None


PROVIDER: Final = GitHub
