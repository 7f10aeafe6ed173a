"""Confluence Cloud, by API token or OAuth token.

REST API: https://developer.atlassian.com/cloud/confluence/rest/v2/ , of whose first version the current user is left.
"""

from datetime import date
from typing import ClassVar, Final

import msgspec

from jackfield.domain.provider import (
    Account,
    Category,
    Connection,
    CredentialRefused,
    Manifest,
    SettingField,
    Source,
    Verified,
)
from jackfield.providers import _atlassian
from jackfield.providers._http import Endpoints, HttpClient
from jackfield.providers._replies import Text, decode, unexpected

_CHECKED: Final = date(2026, 11, 21)


class _Kind(msgspec.Struct):
    type: str | None = None


class _User(msgspec.Struct, rename="camel"):
    account_id: Text
    #: empty for whom the account hides its name from
    display_name: str | None = None
    public_name: str | None = None


class Confluence:
    manifest: ClassVar[Manifest] = Manifest(
        slug="confluence",
        name="Confluence",
        category=Category.KNOWLEDGE,
        url="https://www.atlassian.com/software/confluence",
        description="Pages of a space on Confluence Cloud.",
        # of the gateway; sites have addresses of their own
        api_url=_atlassian.GATEWAY,
        auth_methods=_atlassian.AUTH_METHODS,
        secrets=_atlassian.SECRETS,
        configuration=(
            SettingField(
                name="space_id",
                title="Space",
                help="The number of the space that new pages go to; the page /wiki/api/v2/spaces of the site lists it.",
                needed_to_deliver=True,
                pattern=r"^[0-9]{1,20}$",
            ),
            SettingField(
                name="parent_id",
                title="Parent page",
                help="The number of the page that new pages go below; it stands in the page's address.",
                pattern=r"^[0-9]{1,20}$",
            ),
            *_atlassian.PLACE,
        ),
        features=("pages",),
        sources=(
            Source(
                "the user of a token",
                "https://developer.atlassian.com/cloud/confluence/rest/v1/api-group-users/"
                "#api-wiki-rest-api-user-current-get",
                _CHECKED,
            ),
            *_atlassian.SOURCES,
        ),
    )

    def __init__(self, http: HttpClient, endpoints: Endpoints) -> None:
        self._site = _atlassian.Atlassian(http, endpoints, "confluence", "Confluence")

    async def verify(self, connection: Connection) -> Verified:
        """Reads the current user. A site that is open to all answers for nobody, too."""
        reply = await self._site.get(connection, "/wiki/rest/api/user/current", "read:confluence-user")
        if reply.status != 200:
            raise unexpected(reply, "Confluence")
        if decode(reply, _Kind, "Confluence").type == "anonymous":
            raise CredentialRefused("Confluence does not know the credential: check the token and the e-mail address")
        user = decode(reply, _User, "Confluence")
        name = user.display_name or user.public_name or user.account_id
        return Verified(account=Account(id=user.account_id, name=name))


PROVIDER: Final = Confluence
