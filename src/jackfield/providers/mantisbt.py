"""MantisBT, by API token, always on a server of one's own.

REST API: https://mantisbt.org/docs/master/en-US/Developers_Guide/html/restapi.html
It answers 403, not 401, to a token that it does not know, and nothing tells that from a lack of rights.
"""

from datetime import date
from typing import ClassVar, Final

import msgspec

from jackfield.domain.provider import (
    Account,
    AuthMethod,
    Category,
    ConfigurationRejected,
    Connection,
    CredentialRefused,
    Manifest,
    SecretField,
    SettingField,
    Source,
    Verified,
)
from jackfield.providers._credentials import token
from jackfield.providers._endpoints import URL_PATTERN, api_url, own_base_url
from jackfield.providers._http import Endpoints, HttpClient, Reply
from jackfield.providers._replies import Text, decode, raise_for_status, unexpected

_CHECKED: Final = date(2026, 11, 21)
#: the second is for web servers that do not rewrite addresses
_PATHS: Final = ("/users/me", "/index.php/users/me")


class _User(msgspec.Struct):
    id: int
    name: Text


class MantisBT:
    manifest: ClassVar[Manifest] = Manifest(
        slug="mantisbt",
        name="MantisBT",
        category=Category.ISSUE_TRACKING,
        url="https://mantisbt.org",
        description="Issues of a project on a MantisBT of your own.",
        auth_methods=(
            AuthMethod(name="token", title="API token", secrets=("access_token",), configuration=("base_url",)),
        ),
        secrets=(
            SecretField(
                name="access_token",
                auth_key="api_key",
                title="API token",
                help="MantisBT, My Account, API Tokens, Create API Token.",
                required=True,
                pattern=r"^\S{1,1000}$",
            ),
        ),
        configuration=(
            SettingField(
                name="base_url",
                title="Address",
                help="Of your MantisBT, such as https://mantis.example.com or https://example.com/mantis.",
                required=True,
                needed_to_deliver=True,
                destination=True,
                pattern=URL_PATTERN,
            ),
            SettingField(
                name="project",
                title="Project",
                help="The project of new issues: its name or number, as under Manage, Projects.",
                needed_to_deliver=True,
                pattern=r"^\S.{0,127}$",
            ),
            SettingField(
                name="category",
                title="Category",
                help="The category of new issues in the project, if the project asks for one.",
                pattern=r"^\S.{0,127}$",
            ),
            SettingField(name="project_id", title="Project ID", help="The number of the project, if it is known."),
        ),
        features=("issues",),
        sources=(
            Source(
                "authentication",
                "https://mantisbt.org/docs/master/en-US/Developers_Guide/html/restapi.html",
                _CHECKED,
            ),
            Source(
                "the user of a token",
                "https://documenter.getpostman.com/view/29959/mantis-bug-tracker-rest-api/7Lt6zkP",
                _CHECKED,
            ),
            Source(
                "its refusals",
                "https://github.com/mantisbt/mantisbt/blob/master/api/rest/restcore/AuthMiddleware.php",
                _CHECKED,
            ),
        ),
    )

    def __init__(self, http: HttpClient, endpoints: Endpoints) -> None:
        self._http = http
        self._endpoints = endpoints

    async def verify(self, connection: Connection) -> Verified:
        """Reads the user of the token."""
        reply = await self._first(connection)
        if reply.status == 404:
            raise ConfigurationRejected("MantisBT has no REST API at this address: check base_url", "base_url")
        if reply.status in {401, 403}:
            raise CredentialRefused("MantisBT refuses the token: it is wrong or revoked, or its user is disabled")
        raise_for_status(reply, "MantisBT", "to use this API")
        if reply.status != 200:
            raise unexpected(reply, "MantisBT")
        if reply.headers.get("x-mantis-loginmethod") == "anonymous":
            raise ConfigurationRejected(
                "MantisBT does not see the token: its web server has to pass the header Authorization on"
            )
        user = decode(reply, _User, "MantisBT")
        return Verified(account=Account(id=str(user.id), name=user.name))

    async def _first(self, connection: Connection) -> Reply:
        """The first answer that is not 404, else the last."""
        own = own_base_url(connection)
        if own is None and self._endpoints == Endpoints():
            raise ConfigurationRejected("MantisBT needs the address of your server", "base_url")
        base = api_url(self._endpoints, "", "/api/rest", own)
        headers = {"Authorization": token(connection, "MantisBT", title="API token")}
        reply = await self._http.request("mantisbt", "GET", base + _PATHS[0], headers=headers)
        if reply.status == 404:
            reply = await self._http.request("mantisbt", "GET", base + _PATHS[1], headers=headers)
        return reply


PROVIDER: Final = MantisBT
