"""What Jira and Confluence have in common: two ways to a site of Atlassian Cloud, and one kind of account.

An API token goes with the e-mail address of its account, by basic authentication: to the gateway, below the site's
cloud ID, where that is known, and else to the site. Tokens with scopes, and all tokens of service accounts, work at the
gateway alone; some others at the site alone, so whoever refuses the login, the other one is asked as well. An OAuth
token goes to the gateway: https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/
"""

import base64
import contextlib
import hashlib
import re
from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from jackfield.domain.authorization import CodeExchange, Granted, Site
from jackfield.domain.provider import (
    AuthMethod,
    ConfigurationRejected,
    Connection,
    CredentialRefused,
    GrantRefused,
    Manifest,
    Meaning,
    OAuth,
    RightMissing,
    SecretField,
    SettingField,
    Source,
    TokenSet,
)
from jackfield.providers import _atlassian_errors
from jackfield.providers._atlassian_errors import names_of, reset_of, text_of, wait_of
from jackfield.providers._credentials import member, token
from jackfield.providers._endpoints import ENDS_OF_ADDRESSES, URL_PATTERN, own_base_url
from jackfield.providers._errors import error_of, find
from jackfield.providers._http import Endpoints, HttpClient, Reply
from jackfield.providers._oauth2 import AuthorizesByCode, Flow
from jackfield.providers._places import place_id
from jackfield.providers._replies import Text, decode, note_budget, raise_for_status, unexpected

GATEWAY: Final = "https://api.atlassian.com"
_CHECKED: Final = date(2026, 11, 21)
_CLOUD_ID_PATTERN: Final = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
_CLOUD_ID: Final = re.compile(_CLOUD_ID_PATTERN)
#: a product of a site at the gateway, as the documentation of tokens with scopes writes it
_AT_GATEWAY: Final = re.compile(
    rf"(https?://\S+?)/ex/(?:jira|confluence)/({_CLOUD_ID_PATTERN.strip('^$')})(?:/\S*)?", re.IGNORECASE
)
#: sites have no path at these hosts
_CLOUD_HOSTS: Final = (".atlassian.net", ".jira.com")
#: logins of which it is remembered where they work
_MOST_REMEMBERED: Final = 1000
_LACKS_SCOPE: Final = frozenset(
    {"FAILURE_CLIENT_SCOPE_CHECK", "scope does not match", "missing scope grants", "insufficient_scope"}
)

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
        help="For OAuth and API tokens with scopes: the site's ID, which the site's page /_edge/tenant_info shows.",
        destination=True,
        identifies=True,
        pattern=_CLOUD_ID_PATTERN,
        example="11223344-a1b2-3b33-c444-def123456789",
    ),
    SettingField(
        name="workspace_id",
        verified=False,
        title="Workspace ID",
        help="The ID of the workspace at Atlassian, if it is known.",
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
    *_atlassian_errors.SOURCES,
)

STEPS: Final = (
    "Log in at id.atlassian.com with the account that is to work on the site.",
    "Open Security, Create and manage API tokens, and create one, with or without scopes.",
    "Copy the token: it is shown once. It goes with the account's e-mail address.",
    "If the token has scopes, enter the site's cloud ID as well. The site's page /_edge/tenant_info shows it.",
    "Or, with OAuth: take an access token of an app, and the cloud ID.",
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


class _Tenant(msgspec.Struct, rename="camel"):
    cloud_id: Text


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
            placed=True,
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


class _Way(NamedTuple):
    """One address of a product on a site, and the Authorization that goes there.

    `field` is the setting that it is from. `placed`: the host in it is the operator's or the vendor's, not a tenant's.
    """

    url: str
    authorization: str
    field: str
    at_gateway: bool
    placed: bool


class Atlassian:
    """Calls one of the products on a site."""

    def __init__(self, http: HttpClient, endpoints: Endpoints, manifest: Manifest) -> None:
        self._http = http
        self._endpoints = endpoints
        self._manifest = manifest
        self._slug = manifest.slug
        self._vendor = manifest.name
        #: digests of the logins that the gateway refused and the site took
        self._only_at_sites: set[bytes] = set()

    async def get(self, connection: Connection, path: str, right: str) -> Reply:
        """Get `path` on the site; `right` is the OAuth scope that it takes.

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
        of_one: bool = False,
    ) -> Reply:
        """As `get`, but leaves 404 as well to the caller, who knows what is not there.

        `of_one`: the call is about one object, so a 403 without a reason that concerns all is the caller's, too.
        """
        ways = self._ways(connection)
        way, reply = ways[0], await self._ask(ways[0], method, path, query, json)
        if len(ways) > 1 and _login_refused(reply):
            other = await self._ask(ways[1], method, path, query, json)
            if not _login_refused(other):
                self._remember(ways[0])
                way, reply = ways[1], other
        note_budget(connection.budget, reply, "x-ratelimit-remaining", reset_of(reply))
        self._check(reply, right, needs_cloud_id=not way.at_gateway and len(ways) == 1, of_one=of_one)
        return reply

    def nowhere(self, connection: Connection) -> ConfigurationRejected:
        """For a 404 that does not come from the product."""
        field = self._ways(connection)[0].field
        return ConfigurationRejected(f"{self._vendor} is not at this site: check {field}", field)

    def site(self, connection: Connection) -> str | None:
        """The address that people know the site by; None when there is but a cloud ID, or the gateway's address."""
        url = own_base_url(connection) or self._endpoints.base_url
        if not url or _AT_GATEWAY.fullmatch(url) or url.rstrip("/").lower() == self._gateway().lower():
            return None
        return _site_address(url)

    async def place_id(self, connection: Connection, number: str) -> str:
        """The id of a place on the site: its number there, after the site's cloud ID, which stays when the site gets
        another address. Without a cloud ID the site is asked for it, which takes no login."""
        gateway = self._at_gateway(connection)
        site = self.site(connection)
        if gateway is not None:
            return f"{gateway[0].rpartition('/')[2].lower()}/{number}"
        placed = own_base_url(connection) is None
        reply = await self._http.request(self._slug, "GET", f"{site}/_edge/tenant_info", placed=placed)
        if reply.status == 429 or reply.status >= 500:
            raise_for_status(reply, self._vendor, "")
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            found = msgspec.json.decode(reply.body, type=_Tenant).cloud_id if reply.status == 200 else ""
            if _CLOUD_ID.fullmatch(found):
                return f"{found.lower()}/{number}"
        return place_id(site, number)

    async def _ask(self, way: _Way, method: str, path: str, query: Mapping[str, str] | None, json: Any) -> Reply:
        headers = {"Authorization": way.authorization}
        return await self._http.request(
            self._slug, method, way.url + path, headers=headers, query=query, json=json, placed=way.placed
        )

    def _check(self, reply: Reply, right: str, *, needs_cloud_id: bool, of_one: bool) -> None:
        """Raises what the answer says of itself, and else what its status means."""
        known = find(self._manifest.errors, *names_of(reply))
        if known is not None and known.meaning is Meaning.RIGHT and known.right is None:
            raise RightMissing(f"{known.words}: {right}", right)
        refused = known.meaning is Meaning.CREDENTIAL if known is not None else reply.status == 401
        if refused and needs_cloud_id and not _asks_for_captcha(reply):
            words = known.words if known is not None else f"{self._vendor} refuses the credential"
            raise CredentialRefused(f"{words}. If the API token has scopes, enter the site's cloud ID as well")
        if known is not None:
            raise error_of(known, reply=reply, seconds=wait_of(reply), reason=text_of(reply))
        if not (of_one and reply.status == 403):
            raise_for_status(reply, self._vendor, right)

    def _ways(self, connection: Connection) -> list[_Way]:
        """Where a call can go, the likely way first; the second is for a login that the first one refuses."""
        secret = token(connection, self._vendor, title="API token")
        user = member(connection, "username")
        site, gateway = self.site(connection), self._at_gateway(connection)
        ours = own_base_url(connection) is None
        if site is None and gateway is None:
            raise ConfigurationRejected(f"{self._vendor} needs the address of the site", "base_url")
        if user is None:
            if gateway is None:
                raise CredentialRefused(
                    f"{self._vendor} needs the e-mail address of the token's account, and there is none: enter it"
                )
            return [_Way(gateway[0], f"Bearer {secret}", gateway[1], True, ours or gateway[1] == "cloud_id")]
        basic = f"Basic {base64.b64encode(f'{user}:{secret}'.encode()).decode()}"
        ways: list[_Way] = []
        if gateway is not None:
            ways.append(_Way(gateway[0], basic, gateway[1], True, ours or gateway[1] == "cloud_id"))
        if site is not None:
            ways.append(_Way(site, basic, "base_url", False, ours))
        if len(ways) > 1 and _digest(ways[0]) in self._only_at_sites:
            ways.reverse()
        return ways

    def _at_gateway(self, connection: Connection) -> tuple[str, str] | None:
        """The product's address at the gateway, and the setting that it is from; None without a cloud ID.

        A cloud ID counts more than the gateway's address in the field for the site.
        """
        cloud_id = connection.configuration.get("cloud_id", "").strip()
        if cloud_id and not _CLOUD_ID.fullmatch(cloud_id):
            raise ConfigurationRejected(f"{self._vendor} has no such cloud ID: it is a UUID", "cloud_id")
        if cloud_id:
            return f"{self._gateway()}/ex/{self._slug}/{cloud_id}", "cloud_id"
        found = _AT_GATEWAY.fullmatch(own_base_url(connection) or self._endpoints.base_url or "")
        # the address of one product is taken for that of the other
        return (f"{found[1]}/ex/{self._slug}/{found[2]}", "base_url") if found is not None else None

    def _gateway(self) -> str:
        return (self._endpoints.api_url or GATEWAY).rstrip("/")

    def _remember(self, refusing: _Way) -> None:
        """Keeps which way a login works: repeated refused logins end in a CAPTCHA."""
        if not refusing.at_gateway:
            # the site took it once, and the gateway does now
            self._only_at_sites.clear()
            return
        if len(self._only_at_sites) >= _MOST_REMEMBERED:
            self._only_at_sites.clear()
        self._only_at_sites.add(_digest(refusing))


def _site_address(url: str) -> str:
    """The site of an address. At Atlassian's own hosts it has no path; pages of Confluence are below /wiki."""
    parts = urlsplit(url)
    if (parts.hostname or "").endswith(_CLOUD_HOSTS):
        return f"https://{parts.hostname}"
    return url.rstrip("/").removesuffix("/wiki")


def _login_refused(reply: Reply) -> bool:
    """Whether it is worth trying the other way: a login that is refused, or a cloud ID that the gateway lacks."""
    if reply.status == 404:
        return not from_product(reply)
    return reply.status == 401 and not any(name in _LACKS_SCOPE for name in names_of(reply))


def _asks_for_captcha(reply: Reply) -> bool:
    return any(name in _atlassian_errors.CAPTCHA for name in names_of(reply))


def _digest(way: _Way) -> bytes:
    """What stands for a login here, so that no secret is kept."""
    return hashlib.blake2b(f"{way.url} {way.authorization}".encode(), digest_size=16).digest()


def from_product(reply: Reply) -> bool:
    """Whether the product itself answers, with the errors that it has in JSON, and not something before it."""
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = msgspec.json.decode(reply.body)
        # the gateway has JSON of its own for what it does not know
        return isinstance(said, dict) and not ({"timestamp", "path"} <= set(said) or set(said) == {"code", "message"})
    return False


def setting(connection: Connection, name: str, vendor: str, pattern: str, what: str) -> str:
    """A setting that a delivery cannot do without. Raises ConfigurationRejected, naming it."""
    value = connection.configuration.get(name, "").strip()
    if not re.fullmatch(pattern, value):
        raise ConfigurationRejected(f"{vendor} needs {what}", name)
    return value
