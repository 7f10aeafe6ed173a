"""Between version 1's wire objects and the core."""

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from jackfield.domain import ids
from jackfield.domain.errors import KeyInvalid, NotFound, Unauthenticated
from jackfield.domain.integration import Integration as CoreIntegration
from jackfield.domain.integration import IntegrationNotFound, NewIntegration, Revealed, Wanted
from jackfield.web.contract import Operation, json_response
from jackfield.web.dialects.integrations import errors
from jackfield.web.dialects.integrations.schemas import (
    TYPE_OF,
    TYPES,
    Detail,
    NotFoundFailure,
)
from jackfield.web.dialects.integrations.translate import (
    show_auth,
    show_metadata,
    show_scope,
    to_metadata,
    to_scope,
    to_secrets,
    to_settings,
)
from jackfield.web.dialects.integrations_v1.schemas import (
    ConnectionStatus,
    CreateIntegration,
    Deleted,
    DeletedIntegration,
    Envelope,
    Integration,
)


def to_wanted(path_id: str) -> Wanted:
    """The integration that the path names, in any spelling. Raises IntegrationNotFound for what is no id."""
    try:
        return Wanted(ids.parse_any(path_id), path_id, TYPES)
    except ids.MalformedId:
        raise IntegrationNotFound(path_id) from None


def to_new_integration(body: CreateIntegration, sent: dict[str, Any]) -> NewIntegration:
    return NewIntegration(
        provider=body.integration_type.value,
        name=body.name,
        unique_identifier=body.unique_identifier or None,
        secrets=to_secrets(body.auth_data),
        configuration=to_scope(body.scope_data),
        settings=to_settings(body.auth_data, body.scope_data),
        metadata=to_metadata(sent["metadata"], body.name),
        created_by=body.created_by,
    )


def show(revealed: Revealed) -> Integration:
    integration = revealed.integration
    return Integration(
        integration_id=ids.to_uuid(integration.id),
        name=integration.name,
        integration_type=TYPE_OF[integration.provider],
        auth_data=show_auth(revealed.secrets),
        scope_data=show_scope(integration.configuration),
        metadata=show_metadata(integration.metadata, integration.name),
        unique_identifier=integration.unique_identifier,
        created_by=integration.created_by,
        status=integration.status,
        active=integration.enabled,
        created_at=integration.created_at,
        updated_at=integration.updated_at,
    )


def show_envelope(revealed: Revealed) -> Envelope:
    return Envelope(success=True, data=show(revealed), error=None)


def show_by_id(found: Sequence[Revealed]) -> dict[str, Integration]:
    shown = map(show, found)
    return {integration.integration_id: integration for integration in shown}


def show_deleted(deleted: CoreIntegration) -> Deleted:
    reference = ids.to_uuid(deleted.id)
    return Deleted(
        status="success",
        message=f"Integration deleted: {reference}",
        deleted_integration=DeletedIntegration(
            integration_id=reference, name=deleted.name, type=TYPE_OF[deleted.provider]
        ),
    )


def show_connection(user: str, found: tuple[Revealed, bool] | None) -> ConnectionStatus:
    if found is None:
        return ConnectionStatus(user_id=user, is_connected=False)
    newest, is_usable = found
    auth = show_auth(newest.secrets)
    return ConnectionStatus(
        user_id=user,
        is_connected=is_usable,
        connected_at=newest.integration.created_at,
        scope=auth.scope,
        expires_at=auth.expires_at,
    )


def render(error: Exception, operation: Operation | None) -> Response:
    if isinstance(error, Unauthenticated) and (operation is None or operation.authenticate is None):
        challenge = 'Bearer error="invalid_token"' if isinstance(error, KeyInvalid) else "Bearer"
        detail = errors.unauthenticated(error, "Bearer authentication is needed")
        return json_response(401, Detail(detail), {"www-authenticate": challenge})
    if isinstance(error, NotFound) and operation is not None and operation.path.startswith("/schema/"):
        return json_response(404, NotFoundFailure(False, None, str(error), str(error)))
    return errors.render(error, operation)
