"""The wire objects of version 1."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from jackfield.domain.integration import Status
from jackfield.web.dialects.integrations.schemas import (
    AuthData,
    IntegrationType,
    Metadata,
    Moment,
    Name,
    ScopeData,
    ShownAuthData,
    ShownMetadata,
    ShownScopeData,
)

#: far more than a list can hold, and small enough for every database
_MOST = 2**31 - 1


class CreateIntegration(Struct, kw_only=True):
    """What to create. unique_identifier: made from the type and the new id when empty."""

    name: Name
    integration_type: IntegrationType
    auth_data: AuthData
    scope_data: ScopeData
    metadata: Metadata
    unique_identifier: str
    created_by: str


class RenameIntegration(Struct, kw_only=True):
    name: Name


class ListQuery(Struct, kw_only=True):
    """integration_type: of another type than the contract's there are none. limit, offset: absent means all."""

    integration_type: str | None = None
    org_slug: str | None = None
    limit: Annotated[int, Meta(ge=1, le=_MOST)] | None = None
    offset: Annotated[int, Meta(ge=0, le=_MOST)] = 0


class SchemaListQuery(Struct, kw_only=True):
    """integration_type: of another type than the contract's there are none."""

    integration_type: str | None = None
    status: Status | None = None
    active: bool | None = None


class StatusQuery(Struct, kw_only=True):
    active: bool


class Integration(Struct, kw_only=True):
    """An integration. auth_data is in clear for who may manage; for others its tokens are null."""

    integration_id: Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
    name: str
    integration_type: IntegrationType
    auth_data: ShownAuthData
    scope_data: ShownScopeData
    metadata: ShownMetadata
    unique_identifier: str
    created_by: str
    status: Status
    active: bool
    created_at: Moment
    updated_at: Moment


class Envelope(Struct, kw_only=True):
    success: bool
    data: Integration
    error: None


class Listed(Struct, kw_only=True):
    status: Literal["success"]
    count: int
    integrations: dict[str, Integration]


class Connected(Struct, kw_only=True):
    status: Literal["success"]
    count: int
    connected_integrations: dict[str, Integration]


class SchemaListed(Struct, kw_only=True):
    success: bool
    count: int
    integrations: dict[str, Integration]
    error: None


class Got(Struct, kw_only=True):
    status: Literal["success"]
    integration: Integration


class DeletedIntegration(Struct, kw_only=True):
    integration_id: str
    name: str
    type: IntegrationType


class Deleted(Struct, kw_only=True):
    status: Literal["success"]
    message: str
    deleted_integration: DeletedIntegration


class Done(Struct, kw_only=True):
    status: Literal["success"]
    message: str


class ConnectionStatus(Struct, kw_only=True):
    """Whether the caller's newest active integration of the type has a credential that can be used.

    The rest is null where there is no such integration.
    """

    user_id: str
    is_connected: bool
    connected_at: Moment | None = None
    scope: str | None = None
    expires_at: Moment | None = None


class Revoked(Struct, kw_only=True):
    """revoked: how many integrations were revoked; 0 where the caller has none of the type that was not yet."""

    status: Literal["success"]
    message: str
    user_id: str
    revoked: int
