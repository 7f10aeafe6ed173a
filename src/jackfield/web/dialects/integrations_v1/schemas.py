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
    """The integration to create.

    Attributes:
        name: What people call the integration.
        integration_type: The vendor.
        auth_data: The credential.
        scope_data: Which part of the vendor's account to use.
        metadata: Facts about the integration.
        unique_identifier: Your own id of the integration, unique within your organisation. Empty: one is made.
        created_by: The user that you create it for.
    """

    name: Name
    integration_type: IntegrationType
    auth_data: AuthData
    scope_data: ScopeData
    metadata: Metadata
    unique_identifier: str
    created_by: str


class RenameIntegration(Struct, kw_only=True):
    """The new name.

    Attributes:
        name: What people call the integration.
    """

    name: Name


class ListQuery(Struct, kw_only=True):
    """Which integrations to list.

    Attributes:
        integration_type: Only integrations of this vendor. There are none of a vendor that this contract does not have.
        org_slug: Only integrations of this organisation at the vendor.
        limit: At most this many integrations. Absent: all of them.
        offset: How many integrations to skip.
    """

    integration_type: str | None = None
    org_slug: str | None = None
    limit: Annotated[int, Meta(ge=1, le=_MOST)] | None = None
    offset: Annotated[int, Meta(ge=0, le=_MOST)] = 0


class SchemaListQuery(Struct, kw_only=True):
    """Which integrations to list.

    Attributes:
        integration_type: Only integrations of this vendor. There are none of a vendor that this contract does not have.
        status: Only integrations with this status.
        active: Only integrations that are switched on (`true`) or off (`false`).
    """

    integration_type: str | None = None
    status: Status | None = None
    active: bool | None = None


class StatusQuery(Struct, kw_only=True):
    """Whether to switch it on or off.

    Attributes:
        active: `true` switches the integration on, `false` off.
    """

    active: bool


class Integration(Struct, kw_only=True):
    """An integration.

    Attributes:
        integration_id: Identifies the integration.
        name: What people call it.
        integration_type: The vendor.
        auth_data: The credential, in clear for a key that may manage integrations.
        scope_data: Which part of the vendor's account is used.
        metadata: Facts about it.
        unique_identifier: Your own id of it.
        created_by: The user that it was created for.
        status: How it is.
        active: Whether it is switched on.
        created_at: When it was created.
        updated_at: When it was last changed.
    """

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
    """An integration.

    Attributes:
        success: Always true.
        data: The integration.
        error: Always null.
    """

    success: bool
    data: Integration
    error: None


class Listed(Struct, kw_only=True):
    """A list of integrations.

    Attributes:
        status: Always `success`.
        count: How many integrations the answer has.
        integrations: The integrations, by id.
    """

    status: Literal["success"]
    count: int
    integrations: dict[str, Integration]


class Connected(Struct, kw_only=True):
    """The integrations that are switched on.

    Attributes:
        status: Always `success`.
        count: How many integrations the answer has.
        connected_integrations: The integrations, by id.
    """

    status: Literal["success"]
    count: int
    connected_integrations: dict[str, Integration]


class SchemaListed(Struct, kw_only=True):
    """A list of integrations.

    Attributes:
        success: Always true.
        count: How many integrations the answer has.
        integrations: The integrations, by id.
        error: Always null.
    """

    success: bool
    count: int
    integrations: dict[str, Integration]
    error: None


class Got(Struct, kw_only=True):
    """An integration.

    Attributes:
        status: Always `success`.
        integration: The integration.
    """

    status: Literal["success"]
    integration: Integration


class DeletedIntegration(Struct, kw_only=True):
    """What was deleted.

    Attributes:
        integration_id: Identified the integration.
        name: What people called it.
        type: The vendor.
    """

    integration_id: str
    name: str
    type: IntegrationType


class Deleted(Struct, kw_only=True):
    """The integration was deleted.

    Attributes:
        status: Always `success`.
        message: What was done, for people.
        deleted_integration: What was deleted.
    """

    status: Literal["success"]
    message: str
    deleted_integration: DeletedIntegration


class Done(Struct, kw_only=True):
    """The change was made.

    Attributes:
        status: Always `success`.
        message: What was done, for people.
    """

    status: Literal["success"]
    message: str


class ConnectionStatus(Struct, kw_only=True):
    """Whether a user is connected to a vendor.

    Attributes:
        user_id: The user.
        is_connected: Whether the newest active integration of this vendor has a credential that can be used.
        connected_at: When that integration was made. Null if there is none.
        scope: What the vendor granted. Null if it is not known.
        expires_at: When the access token expires. Null if it is not known.
    """

    user_id: str
    is_connected: bool
    connected_at: Moment | None = None
    scope: str | None = None
    expires_at: Moment | None = None


class Revoked(Struct, kw_only=True):
    """What was revoked.

    Attributes:
        status: Always `success`.
        message: What was done, for people.
        user_id: The user.
        revoked: How many integrations were revoked.
    """

    status: Literal["success"]
    message: str
    user_id: str
    revoked: int
