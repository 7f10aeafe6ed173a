"""GitHub, by personal access token or as a GitHub App: github.com, or an own GitHub Enterprise by its base URL.

REST API, version 2022-11-28: https://docs.github.com/en/rest
"""

import base64
import binascii
import time
from datetime import UTC, date, datetime
from typing import ClassVar, Final
from urllib.parse import urlsplit

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from jackfield.domain.provider import (
    Account,
    AuthMethod,
    Category,
    ConfigurationRejected,
    Connection,
    CredentialRefused,
    FieldType,
    Manifest,
    SecretField,
    SettingField,
    Source,
    Verified,
)
from jackfield.providers._credentials import member, token
from jackfield.providers._endpoints import URL_PATTERN, api_url, own_base_url
from jackfield.providers._http import Endpoints, HttpClient, Reply
from jackfield.providers._replies import Text, decode, limited, raise_for_status, seconds_until, unexpected, web_url

_API_VERSION: Final = "2022-11-28"
_API_URL: Final = "https://api.github.com"
_CHECKED: Final = date(2026, 11, 21)
#: an app's own token may live 10 minutes; it starts earlier, since clocks differ
_APP_TOKEN_SECONDS: Final = 9 * 60
_CLOCK_SECONDS: Final = 60


class _User(msgspec.Struct):
    id: int
    login: Text
    html_url: str | None = None


class _Installation(msgspec.Struct):
    account: _User
    suspended_at: str | None = None


class _InstallationToken(msgspec.Struct):
    token: Text
    permissions: dict[Text, Text] | None = None


class GitHub:
    manifest: ClassVar[Manifest] = Manifest(
        slug="github",
        name="GitHub",
        category=Category.SOURCE_CONTROL,
        url="https://github.com",
        description="Issues in a repository on GitHub or GitHub Enterprise.",
        base_url="https://github.com",
        api_url=_API_URL,
        auth_methods=(
            AuthMethod(name="token", title="Personal access token", secrets=("access_token",)),
            AuthMethod(
                name="app", title="GitHub App", secrets=("app_id", "private_key"), configuration=("installation_id",)
            ),
        ),
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
            SecretField(
                name="app_id",
                auth_key="client_id",
                title="App ID",
                help="Of a GitHub App, in place of a token: on the app's page, General, About.",
                pattern=r"^[A-Za-z0-9.]{1,64}$",
            ),
            SecretField(
                name="private_key",
                auth_key="base64_config",
                title="Private key of the app",
                help="Of a GitHub App: the .pem file from the app's page, General, Private keys.",
                type=FieldType.BLOB,
            ),
        ),
        configuration=(
            SettingField(
                name="repository",
                title="Repository",
                help="The repository whose issues are used, as owner/name.",
                needed_to_deliver=True,
                pattern=r"^[A-Za-z0-9_-]{1,39}/[A-Za-z0-9._-]{1,100}$",
            ),
            SettingField(
                name="labels",
                title="Labels",
                help="Labels of new issues, separated by commas.",
                pattern=r"^\S.{0,999}$",
            ),
            SettingField(
                name="installation_id",
                title="Installation ID",
                help="Of a GitHub App: the number at the end of the address of its installation, under the "
                "organisation's Settings, GitHub Apps, Configure.",
                pattern=r"^[0-9]{1,20}$",
            ),
            SettingField(
                name="base_url",
                title="Address",
                help="Only for GitHub Enterprise: its address, such as https://github.example.com.",
                destination=True,
                pattern=URL_PATTERN,
            ),
            SettingField(
                name="org_slug",
                title="Organisation",
                help="The organisation that the token is for, if it is for one: its name in GitHub's addresses.",
                pattern=r"^[A-Za-z0-9_-]{1,39}$",
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
                "an app's own token",
                "https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/"
                "generating-a-json-web-token-jwt-for-a-github-app",
                _CHECKED,
            ),
            Source("installations", "https://docs.github.com/en/rest/apps/apps", _CHECKED),
            Source(
                "limits", "https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api", _CHECKED
            ),
        ),
    )

    def __init__(self, http: HttpClient, endpoints: Endpoints) -> None:
        self._http = http
        self._endpoints = endpoints

    async def verify(self, connection: Connection) -> Verified:
        """By GET /user, or as an app by exchanging its own token for an installation's."""
        if member(connection, "access_token") is None and member(connection, "private_key") is not None:
            return await self._verify_app(connection)
        reply = await self._call(connection, "GET", "/user", token(connection, "GitHub"))
        if reply.status != 200:
            raise _not_found(connection, reply)
        user = decode(reply, _User, "GitHub")
        # of a classic token; fine-grained ones are silent about theirs
        scopes = reply.headers.get("x-oauth-scopes")
        return Verified(
            account=_account(user),
            scopes=None if scopes is None else tuple(part.strip() for part in scopes.split(",") if part.strip()),
            expires_at=_expiry(reply.headers.get("github-authentication-token-expiration")),
        )

    async def _verify_app(self, connection: Connection) -> Verified:
        number = connection.configuration.get("installation_id", "").strip()
        if not (number.isascii() and number.isdigit()):
            raise ConfigurationRejected("GitHub needs the number of the app's installation", "installation_id")
        own = _app_token(token(connection, "GitHub", "app_id", "app ID"), member(connection, "private_key") or "")
        reply = await self._call(connection, "GET", f"/app/installations/{number}", own)
        if reply.status == 404:
            raise ConfigurationRejected("GitHub does not know this installation of the app", "installation_id")
        if reply.status != 200:
            raise unexpected(reply, "GitHub")
        installation = decode(reply, _Installation, "GitHub")
        if installation.suspended_at is not None:
            raise CredentialRefused("GitHub has this installation suspended: its owner has to unsuspend it")
        reply = await self._call(connection, "POST", f"/app/installations/{number}/access_tokens", own)
        if reply.status != 201:
            raise unexpected(reply, "GitHub")
        permissions = decode(reply, _InstallationToken, "GitHub").permissions
        return Verified(
            account=_account(installation.account),
            scopes=None if permissions is None else tuple(f"{on}:{what}" for on, what in sorted(permissions.items())),
        )

    async def _call(self, connection: Connection, method: str, path: str, bearer: str) -> Reply:
        reply = await self._http.request(
            "github",
            method,
            self._api_url(connection) + path,
            headers={
                "Authorization": f"Bearer {bearer}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": _API_VERSION,
            },
        )
        exhausted = reply.headers.get("x-ratelimit-remaining") == "0"
        # the limits answer 403 as well as 429, and say by these headers that it is not about rights
        if reply.status in {403, 429} and (exhausted or "retry-after" in reply.headers):
            reset = seconds_until(reply, "x-ratelimit-reset") if "retry-after" not in reply.headers else None
            raise limited(reply, "GitHub", reset)
        raise_for_status(reply, "GitHub", "to use this API")
        return reply

    def _api_url(self, connection: Connection) -> str:
        """github.com and its tenants have the API at a host of its own, a server below its address."""
        address = own_base_url(connection)
        if address is None and self._endpoints.api_url is None:
            address = self._endpoints.base_url
        host = (urlsplit(address or "").hostname or "").lower()
        if address is None or host in {"github.com", "www.github.com"}:
            return self._endpoints.api_url.rstrip("/") if self._endpoints.api_url else _API_URL
        if host.endswith(".ghe.com"):
            return f"https://api.{host}"
        return api_url(self._endpoints, _API_URL, "/api/v3", address.rstrip("/"))


def _account(user: _User) -> Account:
    return Account(id=str(user.id), name=user.login, url=web_url(user.html_url))


def _not_found(connection: Connection, reply: Reply) -> Exception:
    if reply.status == 404 and own_base_url(connection) is not None:
        return ConfigurationRejected("GitHub Enterprise has no API at this address: check it", "base_url")
    return unexpected(reply, "GitHub")


def _app_token(app_id: str, private_key: str) -> str:
    """What an app proves itself with. Raises CredentialRefused when its key is none."""
    now = int(time.time())
    claims = {"iss": app_id, "iat": now - _CLOCK_SECONDS, "exp": now + _APP_TOKEN_SECONDS}
    try:
        return jwt.encode({"alg": "RS256"}, claims, RSAKey.import_key(_pem(private_key)))
    except (JoseError, ValueError, TypeError):
        raise CredentialRefused("GitHub cannot have such a private key: enter the whole .pem file of the app") from None


def _pem(text: str) -> str:
    """The key as it was downloaded, or as hubs carries it: in base64."""
    if "-----BEGIN" not in text:
        try:
            text = base64.b64decode("".join(text.split()), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise ValueError("neither PEM nor PEM in base64") from None
    # environment files have the line breaks in two characters
    return text.replace("\\n", "\n")


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
