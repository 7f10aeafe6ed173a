"""What Jira and Confluence have in common: two ways to a site of Atlassian Cloud, and one kind of account.

With the e-mail address of an account its API token goes to the site itself, by basic authentication; an OAuth token
goes to the gateway, below the site's cloud ID: https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/
"""

import base64
import contextlib
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, ClassVar, Final

import msgspec

from jackfield.domain.authorization import CodeExchange, Granted, Site
from jackfield.domain.provider import (
    AuthMethod,
    ConfigurationRejected,
    Connection,
    CredentialRefused,
    GrantRefused,
    OAuth,
    RightMissing,
    SecretField,
    SettingField,
    Source,
    TokenSet,
)
from jackfield.providers._credentials import member, token
from jackfield.providers._endpoints import ENDS_OF_ADDRESSES, URL_PATTERN, own_base_url
from jackfield.providers._http import Endpoints, HttpClient, Reply
from jackfield.providers._oauth2 import AuthorizesByCode, Flow
from jackfield.providers._replies import Text, decode, note_budget, raise_for_status, unexpected

GATEWAY: Final = "https://api.atlassian.com"
_CHECKED: Final = date(2026, 11, 21)
_CLOUD_ID_PATTERN: Final = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
_CLOUD_ID: Final = re.compile(_CLOUD_ID_PATTERN)

AUTH_METHODS: Final = (
    AuthMethod(name="basic", title="API token", secrets=("access_token", "username"), configuration=("base_url",)),
    AuthMethod(name="oauth", title="OAuth", secrets=("access_token",), configuration=("cloud_id",)),
)
SECRETS: Final = (
    SecretField(
        name="access_token",
        auth_key="api_key",
        title="API token",
        help="Of an Atlassian account: id.atlassian.com, Security, API tokens.",
        required=True,
        pattern=r"^\S{1,8000}$",
        example="ATATT3xFfGF0AbCdEf",
    ),
    SecretField(
        name="username",
        auth_key="client_id",
        title="E-mail address",
        help="Of the account that the API token belongs to.",
        required=True,
        pattern=r"^[^\s:@]{1,200}@[^\s:@]{1,200}$",
        example="you@example.com",
    ),
)
#: which site it is
PLACE: Final = (
    SettingField(
        name="base_url",
        title="Site",
        help="The site's address, such as https://example.atlassian.net.",
        required=True,
        destination=True,
        pattern=URL_PATTERN,
        example="https://example.atlassian.net",
        ends_before=ENDS_OF_ADDRESSES,
    ),
    SettingField(
        name="cloud_id",
        title="Cloud ID",
        help="Only with OAuth: the site's ID, which the page /_edge/tenant_info of the site shows.",
        destination=True,
        pattern=_CLOUD_ID_PATTERN,
        example="11223344-a1b2-3b33-c444-def123456789",
    ),
    SettingField(
        name="workspace_id", title="Workspace ID", help="The ID of the workspace at Atlassian, if it is known."
    ),
)
SOURCES: Final = (
    Source(
        "basic authentication",
        "https://developer.atlassian.com/cloud/jira/platform/basic-auth-for-rest-apis/",
        _CHECKED,
    ),
    Source("OAuth and the gateway", "https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/", _CHECKED),
    Source("refresh tokens", "https://developer.atlassian.com/cloud/oauth/getting-started/refresh-tokens/", _CHECKED),
    Source(
        "the sites of a grant",
        "https://developer.atlassian.com/cloud/oauth/getting-started/making-calls-to-api",
        _CHECKED,
    ),
    Source("limits", "https://developer.atlassian.com/cloud/jira/platform/rate-limiting/", _CHECKED),
)

STEPS: Final = (
    "Log in at id.atlassian.com with the account that is to work on the site.",
    "Open Security, Create and manage API tokens, and create one without scopes: those with scopes work elsewhere.",
    "Copy the token: it is shown once. It goes with the account's e-mail address.",
    "Or, with OAuth: take an access token of an app, and the cloud ID, which the site's page /_edge/tenant_info shows.",
)
LIFETIME: Final = "An API token until the date chosen with it, at most a year; an OAuth access token 1 hour."
REFRESH: Final = "With the scope offline_access; each refresh gives a new refresh token, and ends the old one."
LIMITS: Final = (
    "Points an hour for OAuth apps, bursts a second for all, and at Jira writes to one issue; "
    "told in X-RateLimit-Remaining and X-RateLimit-Reset, 429 with Retry-After."
)


_OFFLINE: Final = "offline_access"
#: of both products
_SCOPE_WORDS: Final = {
    "offline_access": "Stay connected when nobody is signed in",
    "read:me": "Read the profile of the Atlassian account",
}


class _Message(msgspec.Struct):
    message: str = ""


class _Resource(msgspec.Struct):
    id: Text
    name: Text
    url: str | None = None
    scopes: list[str] = []


def oauth(*scopes: str, words: Mapping[str, str]) -> OAuth:
    """What OAuth is for one of the products; `words` are of the scopes that it has for itself."""
    return OAuth(
        registration="https://developer.atlassian.com/console/myapps/",
        scopes=(*scopes, _OFFLINE),
        scope_words={**words, **_SCOPE_WORDS},
        # nowhere documented
        pkce=False,
        refreshes=True,
        rotates=True,
        token_sets=(TokenSet(lifetime_seconds=3600.0),),
    )


class AuthorizesAtSites(AuthorizesByCode):
    """A grant opens every site that the person has allowed the application, of which an integration works with one."""

    flow: ClassVar[Flow] = Flow(
        site="https://auth.atlassian.com",
        authorize_at="{site}/authorize",
        tokens_at="{site}/oauth/token",
        parameters={"audience": "api.atlassian.com", "prompt": "consent"},
        # without it there is no refresh token
        always=(_OFFLINE,),
        json=True,
        # of a refresh token that it does not know it also says that the client is not authorised
        refused_because=("refresh_token is invalid", "unknown or invalid refresh token"),
        # of a wrong client secret
        misregistrations=frozenset({"access_denied"}),
    )

    async def exchange(self, exchange: CodeExchange) -> Granted:
        """The tokens, and the site, or the sites to choose from. An integration that has a site keeps it.

        Raises ConfigurationRejected when that one was not granted, and GrantRefused when none was.
        """
        granted = await super().exchange(exchange)
        sites = await self._sites(str(granted.secrets["access_token"]))
        kept = exchange.configuration.get("cloud_id", "").strip()
        if kept:
            sites = [site for site in sites if site.configuration["cloud_id"] == kept]
            if not sites:
                raise ConfigurationRejected(
                    f"{self.manifest.name} was not granted for the site that is set: choose that one when asked",
                    "cloud_id",
                )
        if not sites:
            raise GrantRefused(f"{self.manifest.name} was granted for no site: choose one when asked")
        if len(sites) == 1:
            return msgspec.structs.replace(granted, configuration=sites[0].configuration)
        return msgspec.structs.replace(granted, sites=tuple(sites))

    async def _sites(self, access_token: str) -> list[Site]:
        """Those where the product was granted: the list is of every product's, a site once for each."""
        name = self.manifest.name
        reply = await self._http.request(
            self.manifest.slug,
            "GET",
            f"{(self._endpoints.api_url or GATEWAY).rstrip('/')}/oauth/token/accessible-resources",
            headers={"Authorization": f"Bearer {access_token}"},
        )
        raise_for_status(reply, name, "to list sites")
        if reply.status != 200:
            raise unexpected(reply, name)
        sites: dict[str, Site] = {}
        for found in decode(reply, list[_Resource], name):
            if _CLOUD_ID.fullmatch(found.id) and any(self.manifest.slug in scope for scope in found.scopes):
                sites[found.id] = _site(found)
        return list(sites.values())


def _site(found: _Resource) -> Site:
    url = (found.url or "").rstrip("/")
    configuration = {"cloud_id": found.id}
    if re.fullmatch(URL_PATTERN, url) and url.isprintable() and len(url) <= 1000:
        configuration["base_url"] = url
    return Site(name=found.name, url=configuration.get("base_url", ""), configuration=configuration)


class Atlassian:
    """Calls one of the products on a site."""

    def __init__(self, http: HttpClient, endpoints: Endpoints, slug: str, vendor: str) -> None:
        self._http = http
        self._endpoints = endpoints
        self._slug = slug
        self._vendor = vendor

    async def get(self, connection: Connection, path: str, right: str) -> Reply:
        """The answer to a GET of `path` on the site; `right` is the OAuth scope that it takes.

        Raises ConfigurationRejected when nothing says which site, and what the status means but for other 4xx.
        """
        reply = await self.call(connection, "GET", path, right)
        if reply.status == 404:
            raise self.nowhere(connection)
        return reply

    async def call(
        self,
        connection: Connection,
        method: str,
        path: str,
        right: str,
        *,
        query: Mapping[str, str] | None = None,
        json: Any = None,
    ) -> Reply:
        """As `get`, but leaves 404 as well to the caller, who knows what is not there."""
        url, authorization = self._way(connection)
        reply = await self._http.request(
            self._slug, method, url + path, headers={"Authorization": authorization}, query=query, json=json
        )
        _note(connection, reply)
        if reply.status == 401 and _lacks_scope(reply):
            raise RightMissing(f"{self._vendor} takes the token, but it lacks the right {right}", right)
        if reply.status == 403 and "AUTHENTICATION_DENIED" in reply.headers.get("x-seraph-loginreason", ""):
            raise CredentialRefused(
                f"{self._vendor} asks for a CAPTCHA after too many refused logins: log in with a browser once"
            )
        raise_for_status(reply, self._vendor, right)
        return reply

    def nowhere(self, connection: Connection) -> ConfigurationRejected:
        """For a 404 that does not come from the product."""
        field = "cloud_id" if f"/ex/{self._slug}/" in self._way(connection)[0] else "base_url"
        return ConfigurationRejected(f"{self._vendor} is not at this site: check {field}", field)

    def site(self, connection: Connection) -> str | None:
        """The address that people know the site by; None when there is but a cloud ID."""
        url = own_base_url(connection) or self._endpoints.base_url
        # pages of Confluence are below /wiki, and so are addresses copied there
        return url.rstrip("/").removesuffix("/wiki") if url else None

    def _way(self, connection: Connection) -> tuple[str, str]:
        """Where the call goes, and its Authorization."""
        secret = token(connection, self._vendor, title="API token")
        user = member(connection, "username")
        site = self.site(connection)
        cloud_id = connection.configuration.get("cloud_id", "").strip()
        if cloud_id and not _CLOUD_ID.fullmatch(cloud_id):
            raise ConfigurationRejected(f"{self._vendor} has no such cloud ID: it is a UUID", "cloud_id")
        if user is not None:
            if site is None and not cloud_id:
                raise ConfigurationRejected(f"{self._vendor} needs the address of the site", "base_url")
            basic = base64.b64encode(f"{user}:{secret}".encode()).decode()
            return site or self._gateway(cloud_id), f"Basic {basic}"
        if cloud_id:
            return self._gateway(cloud_id), f"Bearer {secret}"
        if site is not None:
            raise CredentialRefused(
                f"{self._vendor} needs the e-mail address of the token's account, and there is none: enter it"
            )
        raise ConfigurationRejected(f"{self._vendor} needs the address of the site", "base_url")

    def _gateway(self, cloud_id: str) -> str:
        return f"{(self._endpoints.api_url or GATEWAY).rstrip('/')}/ex/{self._slug}/{cloud_id}"


def _lacks_scope(reply: Reply) -> bool:
    """The gateway answers 401 both for a dead token and for a live one without the scope."""
    try:
        return "scope does not match" in msgspec.json.decode(reply.body, type=_Message).message.lower()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def from_product(reply: Reply) -> bool:
    """Whether the product itself answers, with the errors that it has in JSON, and not something before it."""
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return isinstance(msgspec.json.decode(reply.body), dict)
    return False


def setting(connection: Connection, name: str, vendor: str, pattern: str, what: str) -> str:
    """A setting that a delivery cannot do without. Raises ConfigurationRejected, naming it."""
    value = connection.configuration.get(name, "").strip()
    if not re.fullmatch(pattern, value):
        raise ConfigurationRejected(f"{vendor} needs {what}", name)
    return value


def _note(connection: Connection, reply: Reply) -> None:
    """The headers of https://developer.atlassian.com/cloud/jira/platform/rate-limiting/: the reset is a date."""
    seconds = None
    with contextlib.suppress(ValueError, OverflowError):
        reset = datetime.fromisoformat(reply.headers.get("x-ratelimit-reset", ""))
        reset = reset if reset.tzinfo else reset.replace(tzinfo=UTC)
        seconds = max(0.0, (reset - datetime.now(UTC)).total_seconds())
    note_budget(connection.budget, reply, "x-ratelimit-remaining", seconds)
