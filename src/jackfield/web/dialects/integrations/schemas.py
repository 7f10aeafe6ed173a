"""The objects that both versions send and receive."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

Name = Annotated[str, Meta(min_length=1, max_length=255, examples=["Production Sentry"])]
# msgspec's own schema of a datetime says no more than that it is a string
Moment = Annotated[datetime, Meta(extra_json_schema={"format": "date-time"})]


class IntegrationType(StrEnum):
    """The vendor of an integration."""

    SENTRY = "sentry"
    GITHUB = "github"
    SLACK = "slack"
    JIRA = "jira"
    LINEAR = "linear"
    CONFLUENCE = "confluence"


#: integrations of other types do not exist in this contract
TYPES = tuple(kind.value for kind in IntegrationType)
#: a look-up here costs a quarter of `IntegrationType(value)`
TYPE_OF = {kind.value: kind for kind in IntegrationType}


class AuthData(Struct, kw_only=True):
    """The credential. Every member can be null.

    Attributes:
        access_token: The token that the vendor is called with.
        refresh_token: The token that gets a new access token.
        token_type: How the access token is sent.
        expires_at: When the access token expires. Null: not known. A time without a zone is taken as UTC.
        scope: What the vendor granted.
        code: An authorisation code of the vendor.
    """

    access_token: str | None = None
    refresh_token: str | None = None
    token_type: str | None = "Bearer"
    expires_at: Moment | None = None
    scope: str | None = None
    code: str | None = None


class ShownAuthData(Struct, kw_only=True):
    """The credential. Members that are not set are null.

    Attributes:
        access_token: The token that the vendor is called with. Null for a key that may not manage integrations.
        refresh_token: The token that gets a new access token. Null for a key that may not manage integrations.
        token_type: How the access token is sent.
        expires_at: When the access token expires. Null: not known.
        scope: What the vendor granted.
        code: An authorisation code of the vendor. Null for a key that may not manage integrations.
    """

    access_token: str | None
    refresh_token: str | None
    token_type: str | None
    expires_at: Moment | None
    scope: str | None
    code: str | None


class ScopeData(Struct, kw_only=True):
    """Which part of the vendor's account to use. Every member can be null.

    Attributes:
        org_slug: The organisation at the vendor.
        installation_id: The installation of an app at the vendor.
        workspace_id: The workspace at the vendor.
        project_id: The project at the vendor.
    """

    org_slug: str | None = None
    installation_id: str | None = None
    workspace_id: str | None = None
    project_id: str | None = None


class ShownScopeData(Struct, kw_only=True):
    """Which part of the vendor's account is used. Members that are not set are null.

    Attributes:
        org_slug: The organisation at the vendor.
        installation_id: The installation of an app at the vendor.
        workspace_id: The workspace at the vendor.
        project_id: The project at the vendor.
    """

    org_slug: str | None
    installation_id: str | None
    workspace_id: str | None
    project_id: str | None


class Metadata(Struct, kw_only=True):
    """Facts about the integration. Further members are kept and returned.

    Attributes:
        instance_name: The name of this instance. Absent or empty: the name of the integration.
        created_via: How the integration was made.
        version: The version of whatever made it.
        description: What the integration is for.
        tags: Words to find it by.
    """

    instance_name: str = ""
    created_via: str = "manual"
    version: str | None = None
    description: str | None = None
    tags: list[str] = []


class ShownMetadata(Struct, kw_only=True):
    """Facts about the integration, with every further member that was sent.

    Attributes:
        instance_name: The name of this instance.
        created_via: How the integration was made.
        version: The version of whatever made it. Null if it is not set.
        description: What the integration is for. Null if it is not set.
        tags: Words to find it by.
    """

    instance_name: str
    created_via: str
    version: str | None
    description: str | None
    tags: list[str]


class ErrorItem(Struct, omit_defaults=True):
    """One thing that is wrong with the request.

    Attributes:
        loc: Where it is: `body` or `query`, then the names and positions that lead there.
        msg: What is wrong, for people.
        type: The error code, for programs.
        ctx: The limit that was exceeded, as `limit_value`. Absent if there is none.
    """

    loc: list[str | int]
    msg: str
    type: str
    ctx: dict[str, int] | msgspec.UnsetType = msgspec.UNSET


class ValidationErrors(Struct):
    """Everything that is wrong with the request.

    Attributes:
        detail: The problems, in the order of the members.
    """

    detail: list[ErrorItem]


class Detail(Struct):
    """An error.

    Attributes:
        detail: What went wrong, for people.
    """

    detail: str


class Failure(Struct):
    """Why nothing was done.

    Attributes:
        success: Always false.
        data: Always null.
        error: What went wrong, for people.
    """

    success: bool
    data: None
    error: str


class NotFoundFailure(Struct):
    """Nothing was found.

    Attributes:
        success: Always false.
        data: Always null.
        error: What was not found, for people.
        detail: The same as `error`.
    """

    success: bool
    data: None
    error: str
    detail: str
