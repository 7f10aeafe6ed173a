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
Flag = bool | Literal["true", "false", "True", "False", 1, 0]


class IntegrationType(StrEnum):
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
    """Credentials of the integration; every member may be null.

    The members after `code` are those that some vendors need beside a token. They are kept and used, and not shown.
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
    """Credentials of the integration, every member there, null where unset."""

    access_token: str | None
    refresh_token: str | None
    token_type: str | None
    expires_at: Moment | None
    scope: str | None
    code: str | None


class ScopeData(Struct, kw_only=True):
    """Which part of the vendor's account the integration is about; every member may be null.

    The members after `project_id` are those that some vendors need to be sent items. They are kept and used, and not
    shown; what is not sent of them stays as it is.
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
    """Which part of the vendor's account the integration is about, every member there, null where unset."""

    org_slug: str | None
    installation_id: str | None
    workspace_id: str | None
    project_id: str | None


class Metadata(Struct, kw_only=True):
    """About the integration itself; further members are kept and returned.

    instance_name: the integration's name when absent or empty. tags: null is none.
    """

    instance_name: str = ""
    created_via: str = "manual"
    version: str | None = None
    description: str | None = None
    tags: list[str] | None = []


class ShownMetadata(Struct, kw_only=True):
    """About the integration itself, with every further member that was sent."""

    instance_name: str
    created_via: str
    version: str | None
    description: str | None
    tags: list[str]


class SaveIntegration(Struct, kw_only=True):
    """What to save.

    unique_identifier: made from the type and the new id when absent, null or empty; when it is there already, that
    integration is replaced. auth_data and scope_data: absent keeps what is stored, null clears it.
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
    """The integration as saved; credentials and scope are never shown, only whether they are there."""

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
    success: bool
    data: SavedIntegration
    error: None


class ErrorItem(Struct, omit_defaults=True):
    """One thing wrong with the request; `ctx` holds the limit that was overstepped, if any."""

    loc: list[str | int]
    msg: str
    type: str
    ctx: dict[str, int] | msgspec.UnsetType = msgspec.UNSET


class ValidationErrors(Struct):
    detail: list[ErrorItem]


class Detail(Struct):
    detail: str


class Failure(Struct):
    """Why nothing was done."""

    success: bool
    data: None
    error: str


class NotFoundFailure(Struct):
    success: bool
    data: None
    error: str
    detail: str
