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
    """Credentials of the integration; every member may be null."""

    access_token: str | None = None
    refresh_token: str | None = None
    token_type: str | None = "Bearer"
    expires_at: Moment | None = None
    scope: str | None = None
    code: str | None = None


class ShownAuthData(Struct, kw_only=True):
    """Credentials of the integration, every member there, null where unset."""

    access_token: str | None
    refresh_token: str | None
    token_type: str | None
    expires_at: Moment | None
    scope: str | None
    code: str | None


class ScopeData(Struct, kw_only=True):
    """Which part of the vendor's account the integration is about."""

    org_slug: str | None = None
    installation_id: str | None = None
    workspace_id: str | None = None
    project_id: str | None = None


class ShownScopeData(Struct, kw_only=True):
    """Which part of the vendor's account the integration is about, every member there, null where unset."""

    org_slug: str | None
    installation_id: str | None
    workspace_id: str | None
    project_id: str | None


class Metadata(Struct, kw_only=True):
    """About the integration itself; further members are kept and returned.

    instance_name: the integration's name when absent or empty.
    """

    instance_name: str = ""
    created_via: str = "manual"
    version: str | None = None
    description: str | None = None
    tags: list[str] = []


class ShownMetadata(Struct, kw_only=True):
    """About the integration itself, with every further member that was sent."""

    instance_name: str
    created_via: str
    version: str | None
    description: str | None
    tags: list[str]


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
