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
    """What to save.

    unique_identifier: made from the type and the new id when absent, null or empty; when it is there already, that
    integration is replaced. auth_data and scope_data: absent keeps what is stored, null clears it.
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
