"""The hubs contract: the catalogue, integrations with states, tasks and jobs. The native contract."""

from typing import Final

from jackfield.domain.principal import Capability
from jackfield.web.contract import Answer, Call, Dialect, Operation
from jackfield.web.dialects.hubs import errors, reference
from jackfield.web.dialects.hubs.connect_routes import CONNECT_OPERATIONS
from jackfield.web.dialects.hubs.item_routes import OPERATIONS
from jackfield.web.dialects.hubs.schemas import (
    Available,
    CreateIntegration,
    CreateTask,
    CredentialAnswer,
    CredentialQuery,
    ErrorAnswer,
    EventQuery,
    IncludeQuery,
    IntegrationAnswer,
    IntegrationEventList,
    IntegrationList,
    JobAnswer,
    JobDescriptorAnswer,
    JobList,
    JobListQuery,
    ListQuery,
    MetaQuery,
    UpdateIntegration,
)
from jackfield.web.dialects.hubs.translate import (
    show,
    show_available,
    show_credential,
    show_descriptor,
    show_event,
    show_includes,
    show_job,
    show_warnings,
    to_job_filter,
    to_job_id,
    to_listing,
    to_submission,
    to_wanted,
)
from jackfield.web.security import by_bearer_in_hub


async def list_(call: Call[None, ListQuery]) -> IntegrationList:
    wanted = await to_listing(call.query, call.services.catalog)
    found = await call.services.administration.list(call.caller, wanted)
    return IntegrationList(data=[show(one, call.query.meta) for one in found])


async def create(call: Call[CreateIntegration, MetaQuery]) -> IntegrationAnswer:
    created = await call.services.administration.create(call.caller, call.body.vendor, to_submission(call.body))
    return IntegrationAnswer(data=show(created, call.query.meta), warnings=show_warnings(call.body, created.definition))


async def available(call: Call[None, None]) -> Available:
    return Available(data=show_available(await call.services.catalog.available(call.caller.organisation_id)))


async def get(call: Call[None, MetaQuery]) -> IntegrationAnswer:
    found = await call.services.administration.get(call.caller, to_wanted(call.path["integrationId"]))
    return IntegrationAnswer(data=show(found, call.query.meta))


async def update(call: Call[UpdateIntegration, MetaQuery]) -> IntegrationAnswer:
    wanted = to_wanted(call.path["integrationId"])
    updated = await call.services.administration.update(call.caller, wanted, to_submission(call.body))
    return IntegrationAnswer(data=show(updated, call.query.meta), warnings=show_warnings(call.body, updated.definition))


async def delete(call: Call[None, None]) -> JobDescriptorAnswer:
    job = await call.services.administration.delete(call.caller, to_wanted(call.path["integrationId"]))
    return show_descriptor(job)


async def create_task(call: Call[CreateTask, None]) -> JobDescriptorAnswer:
    wanted = to_wanted(call.path["integrationId"])
    match call.body.action:
        case "verify":
            return show_descriptor(await call.services.verification.ask(call.caller, wanted))
        case "sync":
            dry_run = call.body.dry_run is True
            return show_descriptor(await call.services.synchronisation.ask(call.caller, wanted, dry_run=dry_run))
        case "refresh":
            return show_descriptor(await call.services.refreshing.ask(call.caller, wanted))


async def get_credential(call: Call[None, CredentialQuery]) -> CredentialAnswer:
    wanted = to_wanted(call.path["integrationId"])
    return show_credential(await call.services.fetching.fetch(call.caller, wanted, call.query.token_set))


async def list_events(call: Call[None, EventQuery]) -> IntegrationEventList:
    wanted, query = to_wanted(call.path["integrationId"]), call.query
    found = await call.services.events.list(
        call.caller, wanted, query.page_size, (query.page_number - 1) * query.page_size
    )
    return IntegrationEventList(data=[show_event(event) for event in found])


async def list_jobs(call: Call[None, JobListQuery]) -> JobList:
    found = await call.services.jobs.list(call.caller, to_job_filter(call.query))
    return JobList(data=[show_job(job) for job in found], includes=show_includes(found, call.query.include))


async def latest_jobs(call: Call[None, IncludeQuery]) -> JobList:
    found = await call.services.jobs.latest(call.caller)
    return JobList(data=[show_job(job) for job in found], includes=show_includes(found, call.query.include))


async def get_job(call: Call[None, IncludeQuery]) -> JobAnswer:
    reference = call.path["jobId"]
    job = await call.services.jobs.get(call.caller, to_job_id(reference), reference)
    return JobAnswer(data=show_job(job), includes=show_includes([job], call.query.include))


async def retry_job(call: Call[None, None]) -> JobDescriptorAnswer:
    reference = call.path["jobId"]
    return show_descriptor(await call.services.jobs.retry(call.caller, to_job_id(reference), reference))


_NO_INTEGRATION: Final = Answer("There is no such integration.", ErrorAnswer, ["404.hub.integration"])
_INTEGRATIONS: Final = "/hubs/current/integrations"

DIALECT: Final = Dialect(
    name="hubs",
    title="Hubs API",
    version="1.0.0",
    description=reference.DESCRIPTION,
    tags=reference.TAGS,
    path_parameters=reference.PATH_PARAMETERS,
    faults=errors.FAULTS,
    errors_text=reference.ERRORS_TEXT,
    prefix="/v1",
    authenticate=by_bearer_in_hub,
    security_scheme={
        "type": "http",
        "scheme": "bearer",
        "description": "An API key of your organisation.",
    },
    optional_security={
        "hub": {
            "type": "apiKey",
            "in": "header",
            "name": "X-Hub-Id",
            "description": "The id of your organisation. A key of another organisation is then refused.",
        }
    },
    json_only=True,
    filters="filter",
    shared_answers=errors.SHARED_ANSWERS,
    invalid_answers=errors.INVALID_ANSWERS,
    idempotency_answers=errors.IDEMPOTENCY_ANSWERS,
    render=errors.render,
    operations=[
        Operation(
            name="listIntegrations",
            method="GET",
            path=_INTEGRATIONS,
            summary="List integrations",
            description="The newest come first unless you sort otherwise.",
            tag="Integrations",
            handler=list_,
            failure="Failed to list integrations",
            answers={200: Answer("A page of integrations.", IntegrationList)},
            query=ListQuery,
        ),
        Operation(
            name="createIntegration",
            method="POST",
            path=_INTEGRATIONS,
            summary="Create an integration",
            description=(
                "The integration starts as `new`. Start a `verify` task to check its credential and make it live."
            ),
            tag="Integrations",
            handler=create,
            capability=Capability.MANAGE,
            failure="Failed to create integration",
            success=201,
            answers={201: Answer("The new integration.", IntegrationAnswer), **errors.BODY_ANSWERS},
            body=CreateIntegration,
            query=MetaQuery,
        ),
        Operation(
            name="getAvailableIntegrations",
            method="GET",
            path=f"{_INTEGRATIONS}/available",
            summary="List the vendors that can be connected",
            description="Each entry says which `auth` and `extra` keys its vendor takes, for a form or for a program.",
            tag="Catalogue",
            handler=available,
            capability=None,
            failure="Failed to list what is available",
            answers={200: Answer("Definitions by category.", Available)},
        ),
        Operation(
            name="getIntegration",
            method="GET",
            path=f"{_INTEGRATIONS}/{{integrationId}}",
            summary="Get an integration",
            description="A deleted integration can be read for 30 days.",
            tag="Integrations",
            handler=get,
            failure="Failed to get integration",
            answers={200: Answer("The integration.", IntegrationAnswer), 404: _NO_INTEGRATION},
            query=MetaQuery,
        ),
        Operation(
            name="updateIntegration",
            method="PATCH",
            path=f"{_INTEGRATIONS}/{{integrationId}}",
            summary="Change an integration",
            description=(
                "Only the members that you send change. A new credential takes effect at once; start a `verify` "
                "task to check it."
            ),
            tag="Integrations",
            handler=update,
            capability=Capability.MANAGE,
            failure="Failed to update integration",
            answers={
                200: Answer("The integration as it is now.", IntegrationAnswer),
                404: _NO_INTEGRATION,
                **errors.BODY_ANSWERS,
            },
            body=UpdateIntegration,
            query=MetaQuery,
        ),
        Operation(
            name="deleteIntegration",
            method="DELETE",
            path=f"{_INTEGRATIONS}/{{integrationId}}",
            summary="Delete an integration",
            description=(
                "A job revokes the credential at the vendor where that is possible, and erases it. The "
                "integration is in state `deleting` until then."
            ),
            tag="Integrations",
            handler=delete,
            capability=Capability.MANAGE,
            failure="Failed to delete integration",
            success=202,
            answers={202: Answer("The job that deletes it.", JobDescriptorAnswer), 404: _NO_INTEGRATION},
        ),
        Operation(
            name="createIntegrationTask",
            method="POST",
            path=f"{_INTEGRATIONS}/{{integrationId}}/tasks",
            summary="Start a job for an integration",
            description="If the same job is already waiting or running, that one is returned.",
            tag="Integrations",
            handler=create_task,
            capability=Capability.MANAGE,
            failure="Failed to create the task",
            success=202,
            answers={
                202: Answer("The job.", JobDescriptorAnswer),
                404: _NO_INTEGRATION,
                **errors.BODY_ANSWERS,
            },
            body=CreateTask,
        ),
        Operation(
            name="getIntegrationCredential",
            method="GET",
            reveals=True,
            path=f"{_INTEGRATIONS}/{{integrationId}}/credential",
            summary="Get the access token of an integration",
            description=(
                "The token is good for at least another minute; it is refreshed first if needed. Each call is "
                "recorded in the audit log."
            ),
            tag="Credentials",
            handler=get_credential,
            capability=Capability.REVEAL_CREDENTIALS,
            failure="Failed to get the credential",
            answers={200: Answer("The token, in clear; audited.", CredentialAnswer), 404: _NO_INTEGRATION},
            query=CredentialQuery,
            headers={"cache-control": "no-store"},
        ),
        Operation(
            name="listIntegrationEvents",
            method="GET",
            path=f"{_INTEGRATIONS}/{{integrationId}}/events",
            summary="List when an integration broke and recovered",
            description="The newest come first.",
            tag="Integrations",
            handler=list_events,
            failure="Failed to list events",
            answers={200: Answer("A page of events.", IntegrationEventList), 404: _NO_INTEGRATION},
            query=EventQuery,
        ),
        Operation(
            name="listJobs",
            method="GET",
            path="/jobs",
            summary="List jobs",
            description="The newest come first unless you sort otherwise.",
            tag="Jobs",
            handler=list_jobs,
            failure="Failed to list jobs",
            answers={200: Answer("A page of jobs.", JobList)},
            query=JobListQuery,
        ),
        Operation(
            name="getLatestJobs",
            method="GET",
            path="/jobs/latest",
            summary="Get the latest job of each queue",
            description="One job for each queue that has had any.",
            tag="Jobs",
            handler=latest_jobs,
            failure="Failed to list jobs",
            answers={200: Answer("The newest job of each queue.", JobList)},
            query=IncludeQuery,
        ),
        Operation(
            name="getJob",
            method="GET",
            path="/jobs/{jobId}",
            summary="Get a job",
            description="Poll it to see how far the job is. The id can be given in hexadecimal or decimal.",
            tag="Jobs",
            handler=get_job,
            failure="Failed to get job",
            answers={
                200: Answer("The job.", JobAnswer),
                404: Answer("There is no such job.", ErrorAnswer, ["404.job"]),
            },
            query=IncludeQuery,
        ),
        Operation(
            name="retryJob",
            method="POST",
            path="/jobs/{jobId}/retry",
            summary="Retry a job now",
            description="For a job that is waiting for its next try. A try that you ask for does not count as one.",
            tag="Jobs",
            handler=retry_job,
            capability=Capability.MANAGE,
            failure="Failed to retry the job",
            success=202,
            answers={
                202: Answer("The job.", JobDescriptorAnswer),
                404: Answer("There is no such job.", ErrorAnswer, ["404.job"]),
            },
        ),
        *CONNECT_OPERATIONS,
        *OPERATIONS,
    ],
)
