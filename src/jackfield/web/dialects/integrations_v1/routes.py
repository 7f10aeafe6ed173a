"""Version 1 of the integrations contract, by Bearer key."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from jackfield.domain.errors import AnotherUser, NotFound
from jackfield.domain.integration import Change, Filter
from jackfield.domain.principal import Capability
from jackfield.web.contract import Answer, Call, Dialect, Operation
from jackfield.web.dialects.integrations import errors
from jackfield.web.dialects.integrations.schemas import TYPES, Detail, NotFoundFailure
from jackfield.web.dialects.integrations_v1.schemas import (
    Connected,
    ConnectionStatus,
    CreateIntegration,
    Deleted,
    Done,
    Envelope,
    Got,
    Listed,
    ListQuery,
    RenameIntegration,
    Revoked,
    SchemaListed,
    SchemaListQuery,
    StatusQuery,
)
from jackfield.web.dialects.integrations_v1.translate import (
    render,
    show,
    show_by_id,
    show_connection,
    show_deleted,
    show_envelope,
    to_new_integration,
    to_wanted,
)
from jackfield.web.security import by_bearer


async def create(call: Call[CreateIntegration, None]) -> Envelope:
    new = to_new_integration(call.body, call.sent)
    return show_envelope(await call.services.integrations.create(call.caller, new))


async def list_(call: Call[None, ListQuery]) -> Listed:
    query = call.query
    wanted = Filter(
        providers=(query.integration_type.value,) if query.integration_type else TYPES,
        org_slug=query.org_slug,
        limit=query.limit,
        offset=query.offset,
    )
    found = show_by_id(await call.services.integrations.reveal_list(call.caller, wanted))
    return Listed(status="success", count=len(found), integrations=found)


async def connected(call: Call[None, None]) -> Connected:
    wanted = Filter(providers=TYPES, enabled=True)
    found = show_by_id(await call.services.integrations.reveal_list(call.caller, wanted))
    return Connected(status="success", count=len(found), connected_integrations=found)


async def get(call: Call[None, None]) -> Got:
    wanted = to_wanted(call.path["id"])
    return Got(
        status="success",
        integration=show(await call.services.integrations.reveal(call.caller, wanted)),
    )


async def delete(call: Call[None, None]) -> Deleted:
    wanted = to_wanted(call.path["id"])
    return show_deleted(await call.services.integrations.delete(call.caller, wanted), wanted.reference)


async def set_active(call: Call[None, StatusQuery]) -> Done:
    wanted = to_wanted(call.path["id"])
    await call.services.integrations.update(call.caller, wanted, Change(enabled=call.query.active))
    word = "active" if call.query.active else "inactive"
    return Done(status="success", message=f"Integration is now {word}: {wanted.reference}")


async def list_schema(call: Call[None, SchemaListQuery]) -> SchemaListed:
    query = call.query
    wanted = Filter(
        providers=(query.integration_type.value,) if query.integration_type else TYPES,
        status=query.status,
        enabled=query.active,
    )
    found = show_by_id(await call.services.integrations.reveal_list(call.caller, wanted))
    return SchemaListed(success=True, count=len(found), integrations=found, error=None)


async def get_schema(call: Call[None, None]) -> Envelope:
    return show_envelope(await call.services.integrations.reveal(call.caller, to_wanted(call.path["id"])))


async def rename(call: Call[RenameIntegration, None]) -> Envelope:
    change = Change(name=call.body.name)
    return show_envelope(
        await call.services.integrations.update_revealing(call.caller, to_wanted(call.path["id"]), change)
    )


async def delete_schema(call: Call[None, None]) -> Envelope:
    return show_envelope(await call.services.integrations.delete_revealing(call.caller, to_wanted(call.path["id"])))


async def connection_status(call: Call[None, None]) -> ConnectionStatus:
    user, provider = call.path["user_id"], _known(call.path["provider"])
    if user != call.caller.principal.user:
        raise AnotherUser("Cannot access other users' integration status")
    return show_connection(user, await call.services.integrations.newest_of_caller(call.caller, provider))


async def revoke(call: Call[None, None]) -> Revoked:
    user, provider = call.path["user_id"], _known(call.path["provider"])
    if user != call.caller.principal.user:
        raise AnotherUser("Cannot revoke other users' integrations")
    await call.services.integrations.revoke_of_caller(call.caller, provider)
    return Revoked(status="success", message=f"Access to {provider} is revoked", user_id=user)


def _known(provider: str) -> str:
    if provider not in TYPES:
        raise NotFound("Integration type", provider)
    return provider


def _operation(
    name: str,
    method: str,
    path: str,
    summary: str,
    handler: Callable[[Any], Awaitable[Any]],
    answers: Mapping[int, Answer],
    *,
    capability: Capability = Capability.VIEW,
    failure: str,
    body: type | None = None,
    query: type | None = None,
) -> Operation:
    return Operation(
        name=name,
        method=method,
        path=path,
        summary=summary,
        handler=handler,
        answers=answers,
        capability=capability,
        failure=f"Failed to {failure}",
        body=body,
        query=query,
    )


_NOT_FOUND: Final = Answer("There is no such integration.", Detail)
_NOT_FOUND_ENVELOPE: Final = Answer("There is no such integration.", NotFoundFailure)

DIALECT: Final = Dialect(
    name="integrations_v1",
    title="Integrations API, version 1",
    version="1.0.0",
    description="Create, read, list, rename, switch and delete an organisation's integrations.",
    prefix="/api/v1/integrations",
    authenticate=by_bearer,
    security_scheme={"type": "http", "scheme": "bearer"},
    shared_answers=errors.SHARED_ANSWERS,
    render=render,
    operations=[
        _operation(
            "createIntegration",
            "POST",
            "/create",
            "Create an integration",
            create,
            {
                200: Answer("The new integration.", Envelope),
                409: errors.CONFLICT,
                413: errors.TOO_LARGE,
            },
            capability=Capability.MANAGE,
            failure="create integration",
            body=CreateIntegration,
        ),
        _operation(
            "listIntegrations",
            "GET",
            "/list",
            "List integrations, newest first",
            list_,
            {200: Answer("The integrations by id.", Listed)},
            failure="list integrations",
            query=ListQuery,
        ),
        _operation(
            "listConnectedIntegrations",
            "GET",
            "/connected",
            "List the active integrations, newest first",
            connected,
            {200: Answer("The active integrations by id.", Connected)},
            failure="list connected integrations",
        ),
        _operation(
            "listIntegrationSchemas",
            "GET",
            "/schema/list",
            "List integrations in the envelope, newest first",
            list_schema,
            {200: Answer("The integrations by id.", SchemaListed)},
            failure="list integrations",
            query=SchemaListQuery,
        ),
        _operation(
            "getIntegrationSchema",
            "GET",
            "/schema/{id}",
            "Get an integration in the envelope",
            get_schema,
            {200: Answer("The integration.", Envelope), 404: _NOT_FOUND_ENVELOPE},
            failure="get integration",
        ),
        _operation(
            "renameIntegration",
            "PUT",
            "/schema/{id}",
            "Rename an integration",
            rename,
            {
                200: Answer("The renamed integration.", Envelope),
                404: _NOT_FOUND_ENVELOPE,
                413: errors.TOO_LARGE,
            },
            capability=Capability.MANAGE,
            failure="update integration",
            body=RenameIntegration,
        ),
        _operation(
            "deleteIntegrationSchema",
            "DELETE",
            "/schema/{id}",
            "Delete an integration and return it",
            delete_schema,
            {200: Answer("The integration as it was.", Envelope), 404: _NOT_FOUND_ENVELOPE},
            capability=Capability.MANAGE,
            failure="delete integration",
        ),
        _operation(
            "getIntegration",
            "GET",
            "/{id}",
            "Get an integration",
            get,
            {200: Answer("The integration.", Got), 404: _NOT_FOUND},
            failure="get integration",
        ),
        _operation(
            "deleteIntegration",
            "DELETE",
            "/{id}",
            "Delete an integration",
            delete,
            {200: Answer("What was deleted.", Deleted), 404: _NOT_FOUND},
            capability=Capability.MANAGE,
            failure="delete integration",
        ),
        _operation(
            "setIntegrationActive",
            "PATCH",
            "/{id}/status",
            "Switch an integration on or off",
            set_active,
            {200: Answer("Done.", Done), 404: _NOT_FOUND},
            capability=Capability.MANAGE,
            failure="update integration status",
            query=StatusQuery,
        ),
        _operation(
            "getConnectionStatus",
            "GET",
            "/{provider}/status/{user_id}",
            "Tell whether the caller is connected to a type of integration",
            connection_status,
            {200: Answer("Whether, and since when.", ConnectionStatus), 404: _NOT_FOUND},
            failure="get integration status",
        ),
        _operation(
            "revokeConnections",
            "DELETE",
            "/{provider}/revoke/{user_id}",
            "Switch off the caller's integrations of a type and erase their tokens",
            revoke,
            {200: Answer("Done.", Revoked), 404: _NOT_FOUND},
            capability=Capability.MANAGE,
            failure="revoke access",
        ),
    ],
)
