"""Jira Cloud, by API token or OAuth token.

REST API, version 3: https://developer.atlassian.com/cloud/jira/platform/rest/v3/
"""

from datetime import date
from typing import ClassVar, Final

import msgspec

from jackfield.domain.provider import Account, Category, Connection, Manifest, SettingField, Source, Verified
from jackfield.providers import _atlassian
from jackfield.providers._http import Endpoints, HttpClient
from jackfield.providers._replies import Text, decode, unexpected

_CHECKED: Final = date(2026, 11, 21)


class _User(msgspec.Struct, rename="camel"):
    account_id: Text
    display_name: Text


class Jira:
    manifest: ClassVar[Manifest] = Manifest(
        slug="jira",
        name="Jira",
        category=Category.ISSUE_TRACKING,
        url="https://www.atlassian.com/software/jira",
        description="Issues of a project on Jira Cloud.",
        # of the gateway; sites have addresses of their own
        api_url=_atlassian.GATEWAY,
        auth_methods=_atlassian.AUTH_METHODS,
        secrets=_atlassian.SECRETS,
        configuration=(
            SettingField(
                name="project_key",
                title="Project",
                help="The key of the project, which its issues start with, such as ENG.",
                needed_to_deliver=True,
                pattern=r"^[A-Za-z][A-Za-z0-9_]{0,254}$",
            ),
            SettingField(
                name="issue_type",
                title="Issue type",
                help="The type of new issues, by its name in the project.",
                pattern=r"^\S.{0,254}$",
                default="Task",
            ),
            *_atlassian.PLACE,
        ),
        features=("issues",),
        sources=(
            Source(
                "the user of a token",
                "https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-myself/",
                _CHECKED,
            ),
            *_atlassian.SOURCES,
        ),
    )

    def __init__(self, http: HttpClient, endpoints: Endpoints) -> None:
        self._site = _atlassian.Atlassian(http, endpoints, "jira", "Jira")

    async def verify(self, connection: Connection) -> Verified:
        """Reads the account that the token belongs to."""
        reply = await self._site.get(connection, "/rest/api/3/myself", "read:jira-user")
        if reply.status != 200:
            raise unexpected(reply, "Jira")
        user = decode(reply, _User, "Jira")
        return Verified(account=Account(id=user.account_id, name=user.display_name))


PROVIDER: Final = Jira
