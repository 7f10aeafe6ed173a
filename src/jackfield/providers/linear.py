"""Linear, by personal API key or OAuth token.

GraphQL API: https://linear.app/developers/graphql . Errors come in the body, with status 200, 400 or 401.
"""

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
    RightMissing,
    SecretField,
    SettingField,
    Source,
    Unsupported,
    Verified,
)
from jackfield.providers._credentials import token
from jackfield.providers._endpoints import api_url
from jackfield.providers._http import Endpoints, HttpClient, Reply
from jackfield.providers._replies import (
    Text,
    decode,
    limited,
    raise_for_status,
    retry_after,
    seconds_until,
    unexpected,
    web_url,
)

_CHECKED: Final = date(2026, 11, 21)
_WHO: Final = "query { viewer { id name } organization { id name urlKey } }"
#: what personal keys start with; they go into the header as they are
_KEY: Final = "lin_api_"
_MILLISECONDS: Final = 0.001


class _Extensions(msgspec.Struct):
    code: str = ""


class _Error(msgspec.Struct):
    extensions: _Extensions | None = None


class _Errors(msgspec.Struct):
    errors: list[_Error] | None = None


class _User(msgspec.Struct):
    id: Text
    name: Text


class _Organization(msgspec.Struct, rename="camel"):
    id: Text
    name: Text
    url_key: str | None = None


class _Who(msgspec.Struct):
    viewer: _User
    organization: _Organization


class _Answer(msgspec.Struct):
    data: _Who


class Linear:
    manifest: ClassVar[Manifest] = Manifest(
        slug="linear",
        name="Linear",
        category=Category.ISSUE_TRACKING,
        url="https://linear.app",
        description="Issues of a team on Linear.",
        base_url="https://linear.app",
        # it has /graphql and /oauth below it
        api_url="https://api.linear.app",
        auth_methods=(AuthMethod(name="token", title="API key", secrets=("access_token",)),),
        secrets=(
            SecretField(
                name="access_token",
                auth_key="api_key",
                title="API key",
                help="A personal API key with the rights to read and write: Linear, Settings, Security & access, "
                "Personal API keys. It starts with lin_api_. An OAuth token does as well.",
                required=True,
                pattern=r"^\S{1,1000}$",
            ),
        ),
        configuration=(
            SettingField(
                name="team_id",
                title="Team",
                help="The team of new issues: its ID, by Copy model UUID in the command menu on the team's page, "
                "or its key, such as ENG.",
                needed_to_deliver=True,
                pattern=r"^[A-Za-z0-9-]{1,64}$",
            ),
            SettingField(
                name="project_id",
                title="Project",
                help="The project of new issues: its ID, by Copy model UUID in the command menu on its page.",
                pattern=r"^[A-Za-z0-9-]{1,64}$",
            ),
            SettingField(
                name="workspace_id",
                title="Workspace",
                help="The workspace: its name in Linear's addresses, or its ID.",
            ),
        ),
        features=("issues",),
        sources=(
            Source("authentication and errors", "https://linear.app/developers/graphql", _CHECKED),
            Source("revocation", "https://linear.app/developers/oauth-2-0-authentication", _CHECKED),
            Source("limits", "https://linear.app/developers/rate-limiting", _CHECKED),
        ),
    )

    def __init__(self, http: HttpClient, endpoints: Endpoints) -> None:
        self._http = http
        self._endpoints = endpoints

    async def verify(self, connection: Connection) -> Verified:
        """Asks for the viewer: whose key it is, and in which workspace."""
        reply = await self._http.request(
            "linear",
            "POST",
            f"{self._api_url()}/graphql",
            headers={"Authorization": _authorization(token(connection, "Linear", title="API key"))},
            json={"query": _WHO},
        )
        _raise_for_errors(reply)
        raise_for_status(reply, "Linear", "read")
        if reply.status != 200:
            raise unexpected(reply, "Linear")
        found = decode(reply, _Answer, "Linear").data
        key = found.organization.url_key
        return Verified(
            account=Account(
                # a person has one user in each workspace
                id=f"{found.organization.id}:{found.viewer.id}",
                name=f"{found.viewer.name} ({found.organization.name})",
                url=web_url(f"https://linear.app/{key}") if key else None,
            )
        )

    async def revoke(self, connection: Connection) -> None:
        """Ends OAuth tokens. 400 and 401 say that the token has ended already. Personal keys only a person can end."""
        secret = token(connection, "Linear", title="API key")
        if secret.startswith(_KEY):
            raise Unsupported("Linear lets only a person end a personal API key: Settings, Security & access")
        reply = await self._http.request(
            "linear",
            "POST",
            f"{self._api_url()}/oauth/revoke",
            headers={"Authorization": _authorization(secret)},
            form={"token": secret, "token_type_hint": "access_token"},
        )
        if reply.status in {400, 401}:
            return
        raise_for_status(reply, "Linear", "to end the token")
        if reply.status != 200:
            raise unexpected(reply, "Linear")

    def _api_url(self) -> str:
        return api_url(self._endpoints, "https://api.linear.app")


def _authorization(secret: str) -> str:
    return secret if secret.startswith(_KEY) else f"Bearer {secret}"


def _raise_for_errors(reply: Reply) -> None:
    """Raises what the errors in the body mean; a body that has none is left to the caller."""
    try:
        errors = msgspec.json.decode(reply.body, type=_Errors).errors
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    codes = {error.extensions.code.upper() for error in errors or () if error.extensions is not None}
    if codes & {"RATELIMITED", "RATE_LIMITED"}:
        reset = seconds_until(reply, "x-ratelimit-requests-reset", _MILLISECONDS)
        raise limited(reply, "Linear", reset if retry_after(reply) is None else None)
    if codes & {"AUTHENTICATION_ERROR", "UNAUTHENTICATED"}:
        raise CredentialRefused("Linear refuses the key: it is wrong, expired or revoked")
    if "FORBIDDEN" in codes:
        raise RightMissing("Linear takes the key, but it lacks the right read", "read")
    if errors and reply.status < 400:
        raise unexpected(reply, "Linear")


PROVIDER: Final = Linear
