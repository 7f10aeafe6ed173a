"""What goes over the wire. Texts that only pass through are not parsed: a date stays the text that it was."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Raw, Struct

Provider = Literal["sentry", "github", "slack", "jira", "linear", "confluence"]
Status = Literal["active", "inactive", "pending", "error"]


class AuthData(Struct):
    access_token: str | None = None
    refresh_token: str | None = None
    token_type: str | None = None
    expires_at: str | None = None
    scope: str | None = None
    code: str | None = None


class ScopeData(Struct):
    org_slug: str | None = None
    installation_id: str | None = None
    workspace_id: str | None = None
    project_id: str | None = None


class Save(Struct):
    name: Annotated[str, Meta(min_length=1, max_length=255)]
    integration_type: Provider
    auth_data: AuthData
    scope_data: ScopeData
    metadata: dict[str, Any]
    status: Status = "active"
    active: bool = True


class SavedIntegration(Struct):
    integration_id: str
    name: str
    integration_type: str
    status: str
    active: bool
    unique_identifier: str
    created_by: str
    created_at: str
    has_auth_data: bool
    has_scope_data: bool
    metadata: Raw


class Saved(Struct):
    success: bool
    data: SavedIntegration
    error: None


class Integration(Struct):
    integration_id: str
    name: str
    integration_type: str
    auth_data: AuthData
    scope_data: ScopeData
    metadata: Raw
    unique_identifier: str
    created_by: str
    status: str
    active: bool
    created_at: datetime
    updated_at: datetime


class Got(Struct):
    status: str
    integration: Integration


class Listed(Struct):
    status: str
    count: int
    integrations: dict[str, Integration]
