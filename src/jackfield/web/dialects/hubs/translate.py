"""Between the hubs contract's wire objects and the core."""

import difflib
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Literal

from msgspec import UNSET, UnsetType

from jackfield.domain import ids
from jackfield.domain.definition import Definition
from jackfield.domain.event import IntegrationEvent
from jackfield.domain.fetching import Fetched
from jackfield.domain.integration import Detail, IntegrationNotFound, Listing, State, Wanted
from jackfield.domain.item import ItemType
from jackfield.domain.job import CURSOR, Job, JobFilter, JobNotFound, JobState
from jackfield.domain.job import Step as CoreStep
from jackfield.domain.provider import Category, SecretField, SettingField
from jackfield.domain.submission import Submission, to_texts
from jackfield.services.administration import Administered
from jackfield.services.catalog import Catalog
from jackfield.web.dialects.hubs import schemas
from jackfield.web.dialects.hubs.errors import pointer
from jackfield.web.dialects.hubs.schemas import NO_TIME
from jackfield.web.sent import sent
from jackfield.web.violations import InvalidRequest, Problem, Violation

#: of a name that others are compared with
_NAME_LIMIT: Final = 64
#: the creator of what the service does by itself
_SERVICE: Final = "0" * 24
_TASK_STATES: Final[Mapping[JobState, Literal["pending", "running", "completed", "error"]]] = {
    JobState.NEW: "pending",
    JobState.QUEUED: "pending",
    JobState.SCHEDULED: "pending",
    JobState.RUNNING: "running",
    JobState.COMPLETED: "completed",
    JobState.ERROR: "error",
    JobState.EXPIRED: "error",
}


def to_wanted(path_id: str) -> Wanted:
    """The integration that the path names. Raises IntegrationNotFound for what is not an id of this contract."""
    try:
        return Wanted(ids.parse_hex(path_id), path_id)
    except ids.MalformedId:
        raise IntegrationNotFound(path_id) from None


def to_job_id(path_id: str) -> int:
    """Hex or decimal. Raises JobNotFound for what is neither."""
    for parse in (ids.parse_hex, ids.parse_decimal):
        try:
            return parse(path_id)
        except ids.MalformedId:
            continue
    raise JobNotFound(path_id)


def to_submission(body: schemas.CreateIntegration | schemas.UpdateIntegration) -> Submission:
    """What was sent. A member that is null was not: typed clients write null for what their program left alone."""
    return Submission(
        name=sent(body.name),
        identifier=sent(body.identifier),
        auth=sent(body.auth),
        extra=sent(body.extra),
        enabled=sent(body.enabled),
        item_type=sent(body.item_type),
    )


async def to_listing(query: schemas.ListQuery, catalog: Catalog) -> Listing:
    return Listing(
        states=tuple(dict.fromkeys(State("live" if state == "active" else state) for state in query.state)),
        providers=await _to_providers(query, catalog),
        search=query.search or None,
        order=_to_order(query.sort),
        limit=query.page_size,
        offset=(query.page_number - 1) * query.page_size,
    )


def to_job_filter(query: schemas.JobListQuery) -> JobFilter:
    return JobFilter(
        states=[JobState(state) for state in query.state],
        search=query.search or None,
        queued_from=to_utc(query.range_start, "filter[range-start]"),
        queued_until=to_utc(query.range_end, "filter[range-end]"),
        order=_to_order(query.sort),
        limit=query.page_size,
        offset=(query.page_number - 1) * query.page_size,
    )


def show(administered: Administered, meta: Sequence[str]) -> schemas.Integration:
    integration, definition = administered.integration, administered.definition
    shown_meta: schemas.IntegrationMeta | UnsetType = UNSET
    if "definition" in meta:
        shown_meta = schemas.IntegrationMeta(definition=show_definition(definition) if definition else None)
    return schemas.Integration(
        id=ids.to_hex(integration.id),
        name=integration.name,
        vendor=integration.provider,
        identifier=integration.identifier,
        auth=_show_auth(administered.masks, definition),
        extra=to_texts(integration.configuration),
        creator=schemas.Creator(
            id=ids.to_hex(integration.creator_key_id), type="account" if integration.creator_is_account else "api-key"
        ),
        hub_id=ids.to_hex(integration.organisation_id),
        state=_show_state(integration),
        health=_show_health(integration),
        account=_show_account(integration),
        events=schemas.IntegrationEvents(
            created=integration.created_at,
            updated=integration.updated_at,
            deleted=integration.deleted_at or NO_TIME,
        ),
        enabled=integration.enabled,
        item_type=ItemType(integration.item_type),
        meta=shown_meta,
    )


def show_warnings(
    body: schemas.CreateIntegration | schemas.UpdateIntegration, definition: Definition | None
) -> list[schemas.Notice] | UnsetType:
    """What was sent in `extra` that the vendor makes no use of: it is kept, and may be a misspelt name."""
    if definition is None or not body.extra:
        return UNSET
    known = [field.name for field in definition.configuration]
    unused = [name for name, value in body.extra.items() if value is not None and name not in known]
    return [_unused(name, known, definition.name) for name in unused] or UNSET


def _unused(name: str, known: Sequence[str], vendor: str) -> schemas.Notice:
    near = difflib.get_close_matches(name.lower()[:_NAME_LIMIT], known, n=1)
    meant = f". Did you mean {near[0]}?" if near else f". {vendor} uses: {', '.join(known) or 'nothing'}"
    return schemas.Notice(
        source=pointer(("extra", name)), detail=f"{vendor} does not use this setting; it is stored as it is{meant}"
    )


def show_definition(definition: Definition) -> schemas.IntegrationDefinition:
    return schemas.IntegrationDefinition(
        vendor=definition.vendor,
        name=definition.name,
        url=definition.url or UNSET,
        public=definition.public,
        usable=definition.usable,
        editable=definition.editable,
        deprecated=definition.deprecated,
        supports_verification=definition.supports_verification,
        supports_multiple=definition.supports_multiple,
        category=definition.category,
        features=list(definition.features) or None,
        extends=None,
        fields=_show_fields(definition, only_required=False),
        required_fields=_show_fields(definition, only_required=True),
        auth_methods=_show_ways(definition),
        extended_configuration=schemas.ExtendedConfiguration(auth_methods=_show_ways(definition))
        if len(definition.auth_methods) > 1
        else None,
    )


def show_available(
    found: Mapping[Category, Sequence[Definition]],
) -> dict[Category, list[schemas.IntegrationDefinition]]:
    return {category: [show_definition(one) for one in definitions] for category, definitions in found.items()}


def show_descriptor(job: Job) -> schemas.JobDescriptorAnswer:
    described = schemas.DescribedJob(
        id=ids.to_hex(job.id),
        accepted=True,
        queue=job.kind.value,
        schedule=job.scheduled_for or NO_TIME,
        parallel=schemas.Parallel(),
        tasks=[
            schemas.DescribedTask(
                caption=job.header, header=_header(job), steps=_show_steps(job.steps), input=_show_input(job)
            )
        ],
    )
    return schemas.JobDescriptorAnswer(data=schemas.JobDescriptor(action=job.kind.value, job=described))


def show_job(job: Job) -> schemas.Job:
    events = schemas.JobEvents(
        queued=job.queued_at, started=job.started_at or NO_TIME, completed=job.completed_at or NO_TIME
    )
    return schemas.Job(
        id=ids.to_hex(job.id),
        hub_id=ids.to_hex(job.organisation_id),
        queue=job.kind.value,
        caption=job.caption,
        events=events,
        schedule=job.scheduled_for or NO_TIME,
        tasks=[_show_task(job, events)],
        expires=job.expires_at,
        hash=hashlib.blake2b(f"{job.kind}/{job.integration_id}".encode(), digest_size=16).hexdigest(),
        limit_duplicates=True,
        creator=_show_creator(job),
        state=schemas.JobStateShown(
            current=job.state.value,
            changed=job.state_changed_at,
            error=None if job.error is None else schemas.StateError(message=job.error, time=job.state_changed_at),
        ),
    )


def show_credential(fetched: Fetched) -> schemas.CredentialAnswer:
    return schemas.CredentialAnswer(
        data=schemas.Credential(
            access_token=fetched.access_token,
            token_type=fetched.token_type,
            expires_at=fetched.expires_at,
            scopes=None if fetched.scopes is None else list(fetched.scopes),
        )
    )


def show_event(event: IntegrationEvent) -> schemas.IntegrationEvent:
    return schemas.IntegrationEvent(
        id=ids.to_hex(event.id), kind=event.kind.value, at=event.at, health=event.health, detail=event.detail
    )


def show_includes(jobs: Sequence[Job], include: Sequence[str]) -> schemas.JobIncludes | UnsetType:
    if "creators" not in include:
        return UNSET
    creators = schemas.Creators(api_keys={}, accounts={})
    for job in jobs:
        creator = _show_creator(job)
        group = creators.api_keys if creator.type == "api-key" else creators.accounts
        group[creator.id] = schemas.CreatorShown(id=creator.id, name=job.creator_user)
    return schemas.JobIncludes(creators=creators)


async def _to_providers(query: schemas.ListQuery, catalog: Catalog) -> tuple[str, ...] | None:
    """The vendors that both filters leave; None: any."""
    providers = set(query.vendor) if query.vendor else None
    if query.category:
        # a category that is none of ours has no vendors
        known = [Category(one) for one in query.category if one in set(Category)]
        of_categories = {vendor for category in known for vendor in await catalog.of_category(category)}
        providers = of_categories if providers is None else providers & of_categories
    return None if providers is None else tuple(sorted(providers))


def _to_order(sort: Sequence[str]) -> tuple[tuple[str, bool], ...]:
    return tuple((key.removeprefix("-"), key.startswith("-")) for key in sort) or (("id", True),)


def to_utc(moment: datetime | None, parameter: str) -> datetime | None:
    """As UTC; a time without a zone is taken to be that. Raises InvalidRequest for what is no time there."""
    if moment is None:
        return None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise InvalidRequest([Violation(("query", parameter), Problem.NOT_DATETIME)]) from None


def _show_auth(masks: Mapping[str, str], definition: Definition | None) -> schemas.Auth:
    keys = {} if definition is None else {field.auth_key: masks.get(field.name) for field in definition.secrets}
    return schemas.Auth(**keys)


def _show_state(integration: Detail) -> schemas.IntegrationState:
    error: schemas.StateError | UnsetType = UNSET
    if integration.error is not None:
        error = schemas.StateError(message=integration.error, time=integration.error_at or integration.state_changed_at)
    return schemas.IntegrationState(current=integration.state.value, changed=integration.state_changed_at, error=error)


def _show_health(integration: Detail) -> schemas.IntegrationHealth:
    condition = integration.condition
    return schemas.IntegrationHealth(
        status=condition.health,
        reason=condition.reason,
        since=condition.since,
        next_check=condition.next_check,
        expires=condition.expires,
    )


def _show_account(integration: Detail) -> schemas.IntegrationAccount | None:
    if integration.account_id is None:
        return None
    return schemas.IntegrationAccount(
        id=integration.account_id, name=integration.account_name or integration.account_id
    )


def _show_fields(definition: Definition, *, only_required: bool) -> schemas.FieldGroups:
    return schemas.FieldGroups(
        auth={
            field.auth_key: _show_field(field, None, definition)
            for field in definition.secrets
            if definition.always_needs(field) or not only_required
        },
        extra={
            field.name: _show_field(field, field.options, definition)
            for field in definition.configuration
            if definition.always_needs(field) or not only_required
        },
    )


def _show_field(
    field: SecretField | SettingField, options: Sequence[str] | None, definition: Definition
) -> schemas.Field:
    return schemas.Field(
        name=field.title,
        description=field.help or UNSET,
        required=definition.always_needs(field),
        regex=field.pattern,
        type=field.type,
        options=None if options is None else list(options),
    )


def _show_ways(definition: Definition) -> list[schemas.AuthMethod]:
    keys = {field.name: field.auth_key for field in definition.secrets}
    return [
        schemas.AuthMethod(
            name=method.name,
            title=method.title,
            auth=[keys[name] for name in method.secrets],
            extra=list(method.configuration),
        )
        for method in definition.auth_methods
    ]


def _show_task(job: Job, events: schemas.JobEvents) -> schemas.Task:
    return schemas.Task(
        id=ids.to_hex_of_part(job.id),
        caption=job.header,
        header=_header(job),
        events=events,
        steps=_show_steps(job.steps),
        state=schemas.TaskState(current=_TASK_STATES[job.state], changed=job.state_changed_at),
        input=_show_input(job),
        output=_show_output(job),
        error=None if job.error is None else schemas.TaskError(message=job.error),
    )


def _header(job: Job) -> str:
    """What kind of task it is, for programs; its caption says it to people."""
    return f"hub.integration.task.{job.kind.value}"


def _show_input(job: Job) -> dict[str, str]:
    return {"integration_id": ids.to_hex(job.integration_id), **job.input}


def _show_output(job: Job) -> dict[str, str] | None:
    """What came of it, or what has come of it so far."""
    if job.output is not None:
        return dict(job.output)
    return (
        None if job.progress is None else {name: str(count) for name, count in job.progress.items() if name != CURSOR}
    )


def _show_steps(steps: Sequence[CoreStep]) -> list[schemas.Step]:
    return [
        schemas.Step(
            caption=step.caption,
            description=step.description,
            started=step.started or NO_TIME,
            completed=step.completed or NO_TIME,
        )
        for step in steps
    ]


def _show_creator(job: Job) -> schemas.Creator:
    if job.creator_key_id is None:
        return schemas.Creator(id=_SERVICE, type="account")
    return schemas.Creator(id=ids.to_hex(job.creator_key_id), type="api-key")
