"""Sentry, by auth token: sentry.io, or a Sentry of one's own by its base URL.

Web API, version 0: https://docs.sentry.io/api/
"""

import re
from datetime import date
from typing import ClassVar, Final

import msgspec

from jackfield.domain.provider import (
    Account,
    AuthMethod,
    Category,
    ConfigurationRejected,
    Connection,
    Manifest,
    RightMissing,
    SecretField,
    SettingField,
    Source,
    Verified,
)
from jackfield.providers._credentials import token
from jackfield.providers._endpoints import URL_PATTERN, api_url, own_base_url
from jackfield.providers._http import Endpoints, HttpClient, Reply
from jackfield.providers._replies import Text, decode, limited, raise_for_status, seconds_until, unexpected, web_url

_CHECKED: Final = date(2026, 11, 21)
_SLUG_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$"
_SLUG: Final = re.compile(_SLUG_PATTERN)
#: of several organisations, the account is named after so many
_NAMES: Final = 3


class _Links(msgspec.Struct, rename="camel"):
    organization_url: str | None = None


class _Organization(msgspec.Struct):
    id: Text
    name: Text
    links: _Links | None = None
    #: what the token may do there; only in the answer about one
    access: list[Text] | None = None


class Sentry:
    manifest: ClassVar[Manifest] = Manifest(
        slug="sentry",
        name="Sentry",
        category=Category.ERROR_MONITORING,
        url="https://sentry.io",
        description="Issues of the projects of an organisation on Sentry.",
        base_url="https://sentry.io",
        api_url="https://sentry.io/api/0",
        auth_methods=(AuthMethod(name="token", title="Auth token", secrets=("access_token",)),),
        secrets=(
            SecretField(
                name="access_token",
                auth_key="api_key",
                title="Auth token",
                help="Of an internal integration with the rights org:read and event:write: "
                "Sentry, Settings, Custom Integrations. A personal token does as well.",
                required=True,
                pattern=r"^\S{1,1000}$",
            ),
        ),
        configuration=(
            SettingField(
                name="org_slug",
                title="Organisation",
                help="Its name in Sentry's addresses: Settings, General Settings, Organization Slug.",
                needed_to_deliver=True,
                pattern=_SLUG_PATTERN,
            ),
            SettingField(
                name="project_slug",
                title="Project",
                help="Its name in Sentry's addresses: the project's Settings, General, Slug.",
                pattern=_SLUG_PATTERN,
            ),
            SettingField(
                name="base_url",
                title="Address",
                help="Only for a Sentry of your own or a region: its address, such as https://sentry.example.com.",
                destination=True,
                pattern=URL_PATTERN,
            ),
            SettingField(
                name="installation_id",
                title="Installation ID",
                help="Of a public integration: the ID that Sentry gave to its installation.",
            ),
            SettingField(name="project_id", title="Project ID", help="The number of the project, if it is known."),
        ),
        features=("issues",),
        sources=(
            Source("authentication", "https://docs.sentry.io/api/auth/", _CHECKED),
            Source("one organisation", "https://docs.sentry.io/api/organizations/retrieve-an-organization/", _CHECKED),
            Source("all organisations", "https://docs.sentry.io/api/organizations/list-your-organizations/", _CHECKED),
            Source("rights", "https://docs.sentry.io/api/permissions/", _CHECKED),
            Source("limits", "https://docs.sentry.io/api/ratelimits/", _CHECKED),
        ),
    )

    def __init__(self, http: HttpClient, endpoints: Endpoints) -> None:
        self._http = http
        self._endpoints = endpoints

    async def verify(self, connection: Connection) -> Verified:
        """By reading the organisation that is set, else the organisations that the token sees."""
        slug = connection.configuration.get("org_slug", "").strip()
        if not slug:
            return await self._verify_any(connection)
        if not _SLUG.fullmatch(slug):
            raise ConfigurationRejected("Sentry has no organisation of such a name: check org_slug", "org_slug")
        reply = await self._get(connection, f"/organizations/{slug}/")
        if reply.status == 404:
            raise ConfigurationRejected(
                "Sentry does not know this organisation, or does not show it to the token: check org_slug", "org_slug"
            )
        if reply.status != 200:
            raise unexpected(reply, "Sentry")
        found = decode(reply, _Organization, "Sentry")
        return Verified(account=_account([found]), scopes=None if found.access is None else tuple(found.access))

    async def _verify_any(self, connection: Connection) -> Verified:
        reply = await self._get(connection, "/organizations/")
        if reply.status == 404 and own_base_url(connection) is not None:
            raise ConfigurationRejected("Sentry is not at this address: check base_url", "base_url")
        if reply.status != 200:
            raise unexpected(reply, "Sentry")
        found = decode(reply, list[_Organization], "Sentry")
        if not found:
            raise RightMissing("Sentry takes the token, but shows it no organisation: give it org:read", "org:read")
        return Verified(account=_account(found))

    async def _get(self, connection: Connection, path: str) -> Reply:
        reply = await self._http.request(
            "sentry",
            "GET",
            api_url(self._endpoints, "https://sentry.io/api/0", "/api/0", own_base_url(connection)) + path,
            headers={"Authorization": f"Bearer {token(connection, 'Sentry', title='auth token')}"},
        )
        if reply.status == 429 and "retry-after" not in reply.headers:
            raise limited(reply, "Sentry", seconds_until(reply, "x-sentry-rate-limit-reset"))
        raise_for_status(reply, "Sentry", "org:read")
        return reply


def _account(found: list[_Organization]) -> Account:
    """Of several organisations the oldest is the account: it stays the same when others come."""
    found = sorted(found, key=lambda one: (len(one.id), one.id))
    more = f" and {len(found) - _NAMES} more" if len(found) > _NAMES else ""
    links = found[0].links
    return Account(
        id=found[0].id,
        name=", ".join(one.name for one in found[:_NAMES]) + more,
        url=web_url(links.organization_url) if links is not None else None,
    )


PROVIDER: Final = Sentry
