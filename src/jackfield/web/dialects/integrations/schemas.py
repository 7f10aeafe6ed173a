"""The objects that both versions send and receive."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from jackfield.domain.integration import Status

Name = Annotated[str, Meta(min_length=1, max_length=255, examples=["Production Sentry"])]
# msgspec's own schema of a datetime says no more than that it is a string
Moment = Annotated[datetime, Meta(extra_json_schema={"format": "date-time"})]


#: a Unix time, in seconds, or in milliseconds where seconds would be after the year 2603
UnixTime = Annotated[float, Meta(ge=0, le=253_402_300_799_999)]
#: what clients send for yes and no
Flag = bool | Literal["true", "false", "True", "False"]


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
        expires_at: When the access token expires: a date and time, or a Unix time in seconds or milliseconds. Null: not
            known. A time without a zone is taken as UTC.
        scope: What the vendor granted.
        code: An authorisation code of the vendor.
        username: The account that the token belongs to, where the vendor asks for it. Kept and used, not shown.
        app_id: The ID of an app that signs in with its own key. Kept and used, not shown.
        private_key: The private key of that app. Kept and used, not shown.
        base_url: The address of a server of your own. Kept and used, not shown.
        cloud_id: The ID of the site at the vendor. Kept and used, not shown.
    """

    access_token: str | None = None
    refresh_token: str | None = None
    token_type: str | None = "Bearer"
    expires_at: Moment | UnixTime | None = None
    scope: str | None = None
    code: str | None = None
    username: str | None = None
    app_id: str | None = None
    private_key: str | None = None
    base_url: str | None = None
    cloud_id: str | None = None


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
        base_url: The address of a server of your own. Kept and used, not shown, as are those that follow. A member
            that is not sent keeps what is stored.
        cloud_id: The ID of the site at the vendor.
        repository: The repository that items are sent to, as `owner/name`.
        labels: Labels of new issues, separated by commas.
        channel: The channel that items are sent to.
        project_slug: The project that items are sent to, by its name in addresses.
        project_key: The key of the project that items are sent to.
        issue_type: The type of new issues.
        team_id: The team that items are sent to.
        space_id: The space that items are sent to.
        parent_id: The page below which new pages are made.
    """

    org_slug: str | None = None
    installation_id: str | None = None
    workspace_id: str | None = None
    project_id: str | None = None
    base_url: str | None = None
    cloud_id: str | None = None
    repository: str | None = None
    labels: str | None = None
    channel: str | None = None
    project_slug: str | None = None
    project_key: str | None = None
    issue_type: str | None = None
    team_id: str | None = None
    space_id: str | None = None
    parent_id: str | None = None


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
        tags: Words to find it by. Null: none.
    """

    instance_name: str = ""
    created_via: str = "manual"
    version: str | None = None
    description: str | None = None
    tags: list[str] | None = []


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


class SaveIntegration(Struct, kw_only=True):
    """The integration to save. If one has this `unique_identifier` already, it is replaced.

    Attributes:
        name: What people call the integration.
        integration_type: The vendor.
        status: How the integration is.
        active: Whether it is switched on.
        unique_identifier: Your own id of the integration, unique within your organisation. Absent, null or empty: a
            new integration is created, with an identifier that is made for it.
        auth_data: The credential. Absent: the stored one is kept. Null: it is erased.
        scope_data: Which part of the vendor's account to use. Absent: what is stored is kept. Null: it is erased.
        metadata: Facts about the integration.
    """

    name: Name
    integration_type: IntegrationType
    status: Status = Status.ACTIVE
    active: Flag = True
    unique_identifier: str | None = None
    auth_data: AuthData | None | msgspec.UnsetType = msgspec.UNSET
    scope_data: ScopeData | None | msgspec.UnsetType = msgspec.UNSET
    metadata: Metadata | None = None


class SavedIntegration(Struct, kw_only=True):
    """The integration as it was saved. Credentials are never shown.

    Attributes:
        integration_id: Identifies the integration.
        name: What people call it.
        integration_type: The vendor.
        status: How it is.
        active: Whether it is switched on.
        unique_identifier: Your own id of it.
        created_by: The user that it was created for.
        created_at: When it was created, in UTC, without a zone.
        has_auth_data: Whether an access token is stored.
        has_scope_data: Whether it is set which part of the vendor's account is used.
        metadata: Facts about it.
    """

    integration_id: Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
    name: str
    integration_type: IntegrationType
    status: Status
    active: bool
    unique_identifier: str
    created_by: str
    created_at: Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$")]
    has_auth_data: bool
    has_scope_data: bool
    metadata: ShownMetadata


class Saved(Struct, kw_only=True):
    """The integration was saved.

    Attributes:
        success: Always true.
        data: The integration.
        error: Always null.
    """

    success: bool
    data: SavedIntegration
    error: None


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
