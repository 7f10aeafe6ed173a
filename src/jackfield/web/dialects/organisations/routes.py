"""The organisations contract: an organisation's integrations, their configuration and synchronisation."""

from typing import Final

from jackfield.domain.principal import Capability
from jackfield.web.contract import Answer, Call, Dialect, Operation
from jackfield.web.dialects.organisations import errors, reference
from jackfield.web.dialects.organisations.schemas import (
    CreateIntegration,
    Integration,
    ListQuery,
    SyncStarted,
    UpdateIntegration,
)
from jackfield.web.dialects.organisations.security import by_bearer_or_gone
from jackfield.web.dialects.organisations.translate import (
    show,
    show_job,
    to_listing,
    to_organisation_id,
    to_submission,
    to_wanted,
)


async def list_(call: Call[None, ListQuery]) -> list[Integration]:
    organisation_id = to_organisation_id(call.path["organisation_id"])
    found = await call.services.organisation_integrations.list(call.caller, organisation_id, to_listing(call.query))
    return [show(one) for one in found]


async def create(call: Call[CreateIntegration, None]) -> Integration:
    organisation_id = to_organisation_id(call.path["organisation_id"])
    sent = to_submission(call.body)
    service = call.services.organisation_integrations
    return show(await service.create(call.caller, organisation_id, call.body.provider, sent))


async def get(call: Call[None, None]) -> Integration:
    wanted = to_wanted(call.path["integration_id"])
    return show(await call.services.organisation_integrations.get(call.caller, wanted))


async def update(call: Call[UpdateIntegration, None]) -> Integration:
    wanted = to_wanted(call.path["integration_id"])
    return show(await call.services.organisation_integrations.update(call.caller, wanted, to_submission(call.body)))


async def synchronise(call: Call[None, None]) -> SyncStarted:
    wanted = to_wanted(call.path["integration_id"])
    return show_job(await call.services.organisation_integrations.synchronise(call.caller, wanted))


async def delete(call: Call[None, None]) -> None:
    await call.services.organisation_integrations.delete(call.caller, to_wanted(call.path["integration_id"]))


_ONE: Final = "/integrations/{integration_id}"
_ALL: Final = "/organisations/{organisation_id}/integrations"

DIALECT: Final = Dialect(
    name="organisations",
    title="Organisations API",
    version="1.0.0",
    description=reference.DESCRIPTION,
    tags=reference.TAGS,
    path_parameters=reference.PATH_PARAMETERS,
    faults=reference.FAULTS,
    errors_text=reference.ERRORS_TEXT,
    prefix="",
    areas=("/integrations/", "/organisations/"),
    authenticate=by_bearer_or_gone,
    security_scheme={
        "type": "http",
        "scheme": "bearer",
        "description": "An API key of your organisation.",
    },
    shared_answers=errors.SHARED_ANSWERS,
    invalid_answers={},
    render=errors.render,
    operations=[
        Operation(
            name="listOrganisationIntegrations",
            method="GET",
            path=_ALL,
            summary="List the integrations of an organisation",
            description="The newest come first. All of them, unless you set a limit.",
            tag="Integrations",
            handler=list_,
            capability=Capability.MANAGE_ORGANISATION,
            failure="Failed to list integrations",
            answers={200: Answer("The integrations.", list[Integration])},
            query=ListQuery,
        ),
        Operation(
            name="createOrganisationIntegration",
            method="POST",
            path=_ALL,
            summary="Create an integration",
            description="An integration that is enabled sends every change to items of its type to the vendor.",
            tag="Integrations",
            handler=create,
            capability=Capability.MANAGE_ORGANISATION,
            failure="Failed to create integration",
            success=201,
            answers={201: Answer("The new integration.", Integration), 413: errors.TOO_LARGE},
            body=CreateIntegration,
        ),
        Operation(
            name="getIntegration",
            method="GET",
            path=_ONE,
            summary="Get an integration",
            description="Secrets in its configuration are masked.",
            tag="Integrations",
            handler=get,
            capability=Capability.MANAGE_ORGANISATION,
            failure="Failed to get integration",
            answers={200: Answer("The integration.", Integration), 404: errors.NOT_FOUND},
        ),
        Operation(
            name="updateIntegration",
            method="PATCH",
            path=_ONE,
            summary="Change an integration",
            description="Only the members that you send change.",
            tag="Integrations",
            handler=update,
            capability=Capability.MANAGE_ORGANISATION,
            failure="Failed to update integration",
            answers={
                200: Answer("The integration as it is now.", Integration),
                404: errors.NOT_FOUND,
                413: errors.TOO_LARGE,
            },
            body=UpdateIntegration,
        ),
        Operation(
            name="deleteIntegration",
            method="DELETE",
            path=_ONE,
            summary="Delete an integration",
            description="A job revokes the credential at the vendor where that is possible, and erases it.",
            tag="Integrations",
            handler=delete,
            capability=Capability.MANAGE_ORGANISATION,
            failure="Failed to delete integration",
            success=204,
            answers={204: Answer("It is deleted."), 404: errors.NOT_FOUND},
        ),
        Operation(
            name="syncIntegration",
            method="POST",
            path=f"{_ONE}/sync",
            summary="Synchronise an integration",
            description=(
                "Brings the vendor into line with the organisation's items. If a synchronisation is already "
                "waiting or running, that one is returned."
            ),
            tag="Synchronisation",
            handler=synchronise,
            capability=Capability.MANAGE_ORGANISATION,
            failure="Failed to start the synchronisation",
            success=202,
            answers={202: Answer("The job that does it.", SyncStarted), 404: errors.NOT_FOUND},
        ),
    ],
)
