"""The wire objects as pydantic models."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Provider = Literal["sentry", "github", "slack", "jira", "linear", "confluence"]
Status = Literal["active", "inactive", "pending", "error"]


class AuthData(BaseModel):
    access_token: str | None = None
    refresh_token: str | None = None
    token_type: str | None = None
    expires_at: datetime | None = None
    scope: str | None = None
    code: str | None = None


class ScopeData(BaseModel):
    org_slug: str | None = None
    installation_id: str | None = None
    workspace_id: str | None = None
    project_id: str | None = None


class Metadata(BaseModel):
    model_config = ConfigDict(extra="allow")

    instance_name: str = ""
    created_via: str = "manual"
    version: str | None = None
    description: str | None = None
    tags: list[str] = []


class Save(BaseModel):
    name: str = Field(min_length=1, max_length=255)
    integration_type: Provider
    auth_data: AuthData
    scope_data: ScopeData
    metadata: Metadata
    status: Status = "active"
    active: bool = True


class SavedIntegration(BaseModel):
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
    metadata: Metadata


class Saved(BaseModel):
    success: bool
    data: SavedIntegration
    error: None = None


class Integration(BaseModel):
    integration_id: str
    name: str
    integration_type: str
    auth_data: AuthData
    scope_data: ScopeData
    metadata: Metadata
    unique_identifier: str
    created_by: str
    status: str
    active: bool
    created_at: datetime
    updated_at: datetime


class Got(BaseModel):
    status: str
    integration: Integration


class Listed(BaseModel):
    status: str
    count: int
    integrations: dict[str, Integration]
