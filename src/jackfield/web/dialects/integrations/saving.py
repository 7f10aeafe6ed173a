"""Saving: the one call that both versions have."""

from typing import Any, Final

from jackfield.domain import ids
from jackfield.domain.integration import NewIntegration, Revealed
from jackfield.domain.principal import Caller, Capability
from jackfield.web.contract import Answer, Call, Operation
from jackfield.web.dialects.integrations import errors
from jackfield.web.dialects.integrations.schemas import (
    TYPE_OF,
    AuthData,
    Saved,
    SavedIntegration,
    SaveIntegration,
)
from jackfield.web.dialects.integrations.translate import (
    show_metadata,
    show_scope,
    to_enabled,
    to_metadata,
    to_scope,
    to_secrets,
    to_settings,
)


async def save(call: Call[SaveIntegration, None]) -> Saved:
    """Save an integration: create it, or replace the one that has its unique_identifier."""
    new = to_new_integration(call.body, call.sent, call.caller)
    return show_saved(await call.services.integrations.save(call.caller, new))


def to_new_integration(body: SaveIntegration, sent: dict[str, Any], caller: Caller) -> NewIntegration:
    return NewIntegration(
        provider=body.integration_type.value,
        name=body.name,
        unique_identifier=body.unique_identifier or None,
        secrets=to_secrets(body.auth_data) if isinstance(body.auth_data, AuthData) else body.auth_data,
        configuration=to_scope(body.scope_data),
        settings=to_settings(body.auth_data, body.scope_data),
        metadata=to_metadata(sent.get("metadata"), body.name),
        created_by=caller.principal.user,
        status=body.status,
        enabled=to_enabled(body.active),
    )


def show_saved(saved: Revealed) -> Saved:
    integration, secrets = saved.integration, saved.secrets
    scope = show_scope(integration.configuration)
    return Saved(
        success=True,
        data=SavedIntegration(
            integration_id=ids.to_uuid(integration.id),
            name=integration.name,
            integration_type=TYPE_OF[integration.provider],
            status=integration.status,
            active=integration.enabled,
            unique_identifier=integration.unique_identifier,
            created_by=integration.created_by,
            created_at=integration.created_at.replace(tzinfo=None).isoformat(timespec="microseconds"),
            has_auth_data=bool(secrets and secrets.get("access_token")),
            has_scope_data=bool(scope.org_slug or scope.workspace_id),
            metadata=show_metadata(integration.metadata, integration.name),
        ),
        error=None,
    )


SAVE: Final = Operation(
    name="saveIntegration",
    method="POST",
    path="/save",
    summary="Save an integration",
    description="Creates the integration, or replaces the one that has this `unique_identifier`.",
    tag="Integrations",
    handler=save,
    body=SaveIntegration,
    capability=Capability.MANAGE,
    failure="Failed to save integration",
    answers={
        200: Answer("The integration as saved.", Saved),
        409: errors.CONFLICT,
        413: errors.TOO_LARGE,
    },
)
