"""The wire objects of version 2."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from jackfield.domain.integration import Status
from jackfield.web.dialects.integrations.schemas import (
    AuthData,
    IntegrationType,
    Metadata,
    Name,
    ScopeData,
    ShownMetadata,
)


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
    active: bool = True
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
