"""Version 1 of the integrations contract, by Bearer key."""

from typing import Final

import msgspec

from jackfield.domain import ids
from jackfield.domain.errors import AnotherUser, NotFound
from jackfield.domain.integration import Change, Filter
from jackfield.domain.principal import Capability
from jackfield.web.contract import Answer, Call, Dialect, Operation
from jackfield.web.dialects.integrations import errors
from jackfield.web.dialects.integrations import reference as shared
from jackfield.web.dialects.integrations.saving import SAVE
from jackfield.web.dialects.integrations.schemas import TYPES, Detail, NotFoundFailure
from jackfield.web.dialects.integrations_v1 import reference
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
from jackfield.web.security import by_api_key_header, by_bearer


async def create(call: Call[CreateIntegration, None]) -> Envelope:
    new = to_new_integration(call.body, call.sent)
    return show_envelope(await call.services.integrations.create(call.caller, new))


async def list_(call: Call[None, ListQuery]) -> Listed:
    query = call.query
    wanted = Filter(
        providers=_providers(query.integration_type),
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
    return show_deleted(await call.services.integrations.delete(call.caller, wanted))


async def set_active(call: Call[None, StatusQuery]) -> Done:
    wanted = to_wanted(call.path["id"])
    await call.services.integrations.update(call.caller, wanted, Change(enabled=call.query.active))
    word = "active" if call.query.active else "inactive"
    return Done(status="success", message=f"Integration is now {word}: {ids.to_uuid(wanted.id)}")


async def list_schema(call: Call[None, SchemaListQuery]) -> SchemaListed:
    query = call.query
    wanted = Filter(
        providers=_providers(query.integration_type),
        status=query.status,
        enabled=query.active,
    )
    found = show_by_id(await call.services.integrations.reveal_list(call.caller, wanted))
    return SchemaListed(success=True, count=len(found), integrations=found, error=None)


async def get_schema(call: Call[None, None]) -> Envelope:
    return show_envelope(await call.services.integrations.reveal(call.caller, to_wanted(call.path["id"])))


async def rename(call: Call[RenameIntegration, None]) -> Envelope:
    renamed = await call.services.integrations.rename(call.caller, to_wanted(call.path["id"]), call.body.name)
    return show_envelope(renamed)


async def delete_schema(call: Call[None, None]) -> Envelope:
    return show_envelope(await call.services.integrations.delete_revealing(call.caller, to_wanted(call.path["id"])))


async def connection_status(call: Call[None, None]) -> ConnectionStatus:
    user, provider = call.path["user_id"], _known(call.path["provider"])
    if user != call.caller.principal.user:
        raise AnotherUser("Cannot access other users' integration status")
    return show_connection(user, await call.services.integrations.connection_of_caller(call.caller, provider))


async def revoke(call: Call[None, None]) -> Revoked:
    user, provider = call.path["user_id"], _known(call.path["provider"])
    if user != call.caller.principal.user:
        raise AnotherUser("Cannot revoke other users' integrations")
    revoked = await call.services.integrations.revoke_of_caller(call.caller, provider)
    message = f"Access to {provider} is revoked" if revoked else f"There was no access to {provider} to revoke"
    return Revoked(status="success", message=message, user_id=user, revoked=revoked)


def _providers(integration_type: str | None) -> tuple[str, ...]:
    """The types to list: all, one, or none where it is not a type of this contract."""
    return TYPES if integration_type is None else tuple({integration_type} & {*TYPES})


def _known(provider: str) -> str:
    if provider not in TYPES:
        raise NotFound("Integration type", provider)
    return provider


_NOT_FOUND: Final = Answer("There is no such integration.", Detail)
_NOT_FOUND_ENVELOPE: Final = Answer("There is no such integration.", NotFoundFailure)

DIALECT: Final = Dialect(
    name="integrations_v1",
    title="Integrations API, version 1",
    version="1.0.0",
    description=reference.DESCRIPTION,
    tags=reference.TAGS,
    path_parameters=reference.PATH_PARAMETERS,
    faults=shared.FAULTS,
    errors_text=shared.ERRORS_TEXT,
    prefix="/api/v1/integrations",
    authenticate=by_bearer,
    security_scheme={
        "type": "http",
        "scheme": "bearer",
        "description": "An API key of your organisation.",
    },
    shared_answers=errors.SHARED_ANSWERS,
    invalid_answers=errors.INVALID_ANSWERS,
    render=render,
    other_schemes={"apiKey": errors.API_KEY_SCHEME},
    operations=[
        msgspec.structs.replace(SAVE, authenticate=by_api_key_header, scheme="apiKey"),
        Operation(
            name="createIntegration",
            method="POST",
            path="/create",
            summary="Create an integration",
            description=(
                "Fails with 409 if an integration has this `unique_identifier` already. To replace it instead, "
                "save it with version 2 of this API."
            ),
            tag="Integrations",
            handler=create,
            capability=Capability.MANAGE,
            failure="Failed to create integration",
            answers={
                200: Answer("The new integration.", Envelope),
                409: errors.CONFLICT,
                413: errors.TOO_LARGE,
            },
            body=CreateIntegration,
        ),
        Operation(
            name="listIntegrations",
            method="GET",
            reveals=True,
            path="/list",
            summary="List integrations",
            description="The newest come first. All of them, unless you set a limit.",
            tag="Integrations",
            handler=list_,
            failure="Failed to list integrations",
            answers={200: Answer("The integrations by id.", Listed)},
            query=ListQuery,
        ),
        Operation(
            name="listConnectedIntegrations",
            method="GET",
            reveals=True,
            path="/connected",
            summary="List the integrations that are switched on",
            description="The newest come first.",
            tag="Integrations",
            handler=connected,
            failure="Failed to list connected integrations",
            answers={200: Answer("The active integrations by id.", Connected)},
        ),
        Operation(
            name="listIntegrationSchemas",
            method="GET",
            reveals=True,
            path="/schema/list",
            summary="List integrations by status",
            description=(
                "The same integrations as the plain list, with other filters and in the success, data and error form."
            ),
            tag="Integrations",
            handler=list_schema,
            failure="Failed to list integrations",
            answers={200: Answer("The integrations by id.", SchemaListed)},
            query=SchemaListQuery,
        ),
        Operation(
            name="getIntegrationSchema",
            method="GET",
            reveals=True,
            path="/schema/{id}",
            summary="Get an integration in the success, data and error form",
            description="The same integration as the plain call returns.",
            tag="Integrations",
            handler=get_schema,
            failure="Failed to get integration",
            answers={200: Answer("The integration.", Envelope), 404: _NOT_FOUND_ENVELOPE},
        ),
        Operation(
            name="renameIntegration",
            method="PUT",
            path="/schema/{id}",
            summary="Rename an integration",
            description="Nothing but the name changes.",
            tag="Integrations",
            handler=rename,
            capability=Capability.MANAGE,
            failure="Failed to update integration",
            answers={
                200: Answer("The renamed integration.", Envelope),
                404: _NOT_FOUND_ENVELOPE,
                413: errors.TOO_LARGE,
            },
            body=RenameIntegration,
        ),
        Operation(
            name="deleteIntegrationSchema",
            method="DELETE",
            path="/schema/{id}",
            summary="Delete an integration and return it",
            description="The credential is revoked at the vendor where that is possible, and erased.",
            tag="Integrations",
            handler=delete_schema,
            capability=Capability.MANAGE,
            failure="Failed to delete integration",
            answers={200: Answer("The integration as it was.", Envelope), 404: _NOT_FOUND_ENVELOPE},
        ),
        Operation(
            name="getIntegration",
            method="GET",
            reveals=True,
            path="/{id}",
            summary="Get an integration",
            description=(
                "The credential is in clear for a key that may manage integrations, and that is recorded in the "
                "audit log."
            ),
            tag="Integrations",
            handler=get,
            failure="Failed to get integration",
            answers={200: Answer("The integration.", Got), 404: _NOT_FOUND},
        ),
        Operation(
            name="deleteIntegration",
            method="DELETE",
            path="/{id}",
            summary="Delete an integration",
            description="The credential is revoked at the vendor where that is possible, and erased.",
            tag="Integrations",
            handler=delete,
            capability=Capability.MANAGE,
            failure="Failed to delete integration",
            answers={200: Answer("What was deleted.", Deleted), 404: _NOT_FOUND},
        ),
        Operation(
            name="setIntegrationActive",
            method="PATCH",
            path="/{id}/status",
            summary="Switch an integration on or off",
            description="An integration that is off keeps its credential and sends nothing.",
            tag="Integrations",
            handler=set_active,
            capability=Capability.MANAGE,
            failure="Failed to update integration status",
            answers={200: Answer("The integration was switched.", Done), 404: _NOT_FOUND},
            query=StatusQuery,
        ),
        Operation(
            name="getConnectionStatus",
            method="GET",
            path="/{provider}/status/{user_id}",
            summary="Tell whether a user is connected to a vendor",
            description="Only the user that the key belongs to can be asked about.",
            tag="Connections",
            handler=connection_status,
            failure="Failed to get integration status",
            answers={200: Answer("Whether, and since when.", ConnectionStatus), 404: _NOT_FOUND},
        ),
        Operation(
            name="revokeConnections",
            method="DELETE",
            path="/{provider}/revoke/{user_id}",
            summary="Disconnect a user from a vendor",
            description=(
                "Switches off all integrations of the user with this vendor and erases their tokens. Only for "
                "the user that the key belongs to."
            ),
            tag="Connections",
            handler=revoke,
            capability=Capability.MANAGE,
            failure="Failed to revoke access",
            answers={200: Answer("The user is disconnected.", Revoked), 404: _NOT_FOUND},
        ),
    ],
)
