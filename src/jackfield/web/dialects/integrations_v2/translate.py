"""Between version 2's wire objects and the core."""

from typing import Any

from starlette.responses import Response

from jackfield.domain import ids
from jackfield.domain.errors import KeyInvalid, Unauthenticated
from jackfield.domain.integration import NewIntegration, Revealed
from jackfield.domain.principal import Caller
from jackfield.web.contract import Operation, json_response
from jackfield.web.dialects.integrations import errors
from jackfield.web.dialects.integrations.schemas import TYPE_OF, AuthData, Detail, ScopeData
from jackfield.web.dialects.integrations.translate import (
    show_metadata,
    show_scope,
    to_metadata,
    to_scope,
    to_secrets,
)
from jackfield.web.dialects.integrations_v2.schemas import Saved, SavedIntegration, SaveIntegration


def to_new_integration(body: SaveIntegration, sent: dict[str, Any], caller: Caller) -> NewIntegration:
    return NewIntegration(
        provider=body.integration_type.value,
        name=body.name,
        unique_identifier=body.unique_identifier or None,
        secrets=to_secrets(body.auth_data) if isinstance(body.auth_data, AuthData) else body.auth_data,
        configuration=to_scope(body.scope_data) if isinstance(body.scope_data, ScopeData) else body.scope_data,
        metadata=to_metadata(sent.get("metadata"), body.name),
        created_by=caller.principal.user,
        status=body.status,
        enabled=body.active,
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


def render(error: Exception, operation: Operation | None) -> Response:
    if isinstance(error, Unauthenticated):
        # this contract has one sentence for keys that are wrong, revoked or expired
        detail = "Invalid API key" if isinstance(error, KeyInvalid) else str(error)
        return json_response(401, Detail(detail), {"www-authenticate": "ApiKey"})
    return errors.render(error, operation)
