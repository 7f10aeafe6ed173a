"""The wire objects of the hubs contract."""

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from jackfield.domain.health import Health
from jackfield.domain.item import ItemType
from jackfield.domain.provider import Category, FieldType

#: what the contract writes for a time that is not set
NO_TIME: Final = datetime(1, 1, 1, tzinfo=UTC)
_LAST_PAGE: Final = 1_000_000

Id = Annotated[str, Meta(pattern="^[a-f0-9]{24}$", examples=["6930d8f0000033c4a1b2c3d4"])]
Moment = Annotated[datetime, Meta(extra_json_schema={"format": "date-time"})]
Text = Annotated[str, Meta(min_length=1, max_length=255)]
PageSize = Annotated[int, Meta(ge=1, le=100)]
PageNumber = Annotated[int, Meta(ge=1, le=_LAST_PAGE)]
Search = Annotated[str, Meta(max_length=255)]
StateName = Literal["new", "verifying", "live", "deleting", "deleted"]
JobStateName = Literal["new", "scheduled", "queued", "running", "completed", "error", "expired"]
Pairs = dict[str, str | None]


# --- what is asked ---


class MetaQuery(Struct, kw_only=True):
    meta: list[Literal["definition"]] = []


class ListQuery(Struct, kw_only=True):
    """Lists can be repeated or joined by commas. `active` is read as `live`."""

    page_size: PageSize = msgspec.field(name="page[size]", default=20)
    page_number: PageNumber = msgspec.field(name="page[number]", default=1)
    state: list[Literal["new", "verifying", "live", "active", "deleting", "deleted"]] = msgspec.field(
        name="filter[state]", default_factory=list
    )
    search: Search | None = msgspec.field(name="filter[search]", default=None)
    vendor: list[str] = msgspec.field(name="filter[vendor]", default_factory=list)
    category: list[str] = msgspec.field(name="filter[category]", default_factory=list)
    sort: list[
        Literal[
            "id", "-id", "name", "-name", "vendor", "-vendor", "identifier", "-identifier", "created", "-created",
            "updated", "-updated",
        ]
    ] = []  # fmt: skip
    meta: list[Literal["definition"]] = []


class JobListQuery(Struct, kw_only=True):
    """Lists can be repeated or joined by commas. The range is of the time at which a job was queued."""

    page_size: PageSize = msgspec.field(name="page[size]", default=20)
    page_number: PageNumber = msgspec.field(name="page[number]", default=1)
    state: list[JobStateName] = msgspec.field(name="filter[state]", default_factory=list)
    search: Search | None = msgspec.field(name="filter[search]", default=None)
    range_start: Moment | None = msgspec.field(name="filter[range-start]", default=None)
    range_end: Moment | None = msgspec.field(name="filter[range-end]", default=None)
    sort: list[
        Literal[
            "id", "-id", "queue", "-queue", "caption", "-caption", "state", "-state", "queued", "-queued", "started",
            "-started", "completed", "-completed",
        ]
    ] = []  # fmt: skip
    include: list[Literal["creators"]] = []


class IncludeQuery(Struct, kw_only=True):
    include: list[Literal["creators"]] = []


class CreateIntegration(Struct, kw_only=True):
    """name absent: the vendor's. identifier absent: made from the name. auth by the definition's keys.

    A member that is null counts as not sent.
    """

    vendor: Text
    name: Text | None | UnsetType = UNSET
    identifier: Text | None | UnsetType = UNSET
    auth: Pairs | None | UnsetType = UNSET
    extra: Pairs | None | UnsetType = UNSET
    enabled: bool | None | UnsetType = UNSET
    item_type: ItemType | None | UnsetType = UNSET


class UpdateIntegration(Struct, kw_only=True):
    """Only what is sent changes; a member that is null counts as not sent.

    auth and extra merge by key: null clears that key (`{"extra": {"repository": null}}`).
    """

    name: Text | None | UnsetType = UNSET
    identifier: Text | None | UnsetType = UNSET
    auth: Pairs | None | UnsetType = UNSET
    extra: Pairs | None | UnsetType = UNSET
    enabled: bool | None | UnsetType = UNSET
    item_type: ItemType | None | UnsetType = UNSET


class CreateTask(Struct, kw_only=True):
    """dry_run is of `sync` alone. Absent or null: false."""

    action: Literal["verify", "sync", "refresh"]
    dry_run: bool | None | UnsetType = UNSET


# --- what is answered ---


class Field(Struct, kw_only=True):
    name: str
    description: str | UnsetType = UNSET
    required: bool
    regex: str | None
    type: FieldType
    options: list[str] | None


class FieldGroups(Struct, kw_only=True):
    auth: dict[str, Field]
    extra: dict[str, Field]


class AuthMethod(Struct, kw_only=True):
    """One complete way to prove oneself: the keys of `auth` and `extra` that it takes."""

    name: str
    title: str
    auth: list[str]
    extra: list[str]


class ExtendedConfiguration(Struct, kw_only=True):
    """Where a vendor can be connected in several ways; the same list as `auth_methods`."""

    auth_methods: list[AuthMethod]


class IntegrationDefinition(Struct, kw_only=True):
    """`required` marks what every one of `auth_methods` needs; one of them has to be complete.

    url absent: an app's page, where the operator has not said at which address the service is. public false: an app in
    development, which only its own organisation sees.
    """

    vendor: str
    name: str
    url: str | UnsetType = UNSET
    public: bool
    usable: bool
    editable: bool
    deprecated: bool
    supports_verification: bool
    supports_multiple: bool
    category: Category
    features: list[str] | None
    extends: list[str] | None
    fields: FieldGroups
    required_fields: FieldGroups
    auth_methods: list[AuthMethod]
    extended_configuration: ExtendedConfiguration | None


class Auth(Struct, kw_only=True):
    """The credential, masked: the first 5 characters of what is longer than 12, and dots; null where unset."""

    region: str | None = None
    namespace: str | None = None
    api_key: str | None = None
    key_id: str | None = None
    secret: str | None = None
    subscription_id: str | None = None
    client_id: str | None = None
    base64_config: str | None = None


class Creator(Struct, kw_only=True):
    id: Id
    type: Literal["api-key", "account"]


class StateError(Struct, kw_only=True):
    message: str
    time: Moment


class IntegrationState(Struct, kw_only=True):
    current: StateName
    changed: Moment
    error: StateError | UnsetType = UNSET


class IntegrationEvents(Struct, kw_only=True):
    created: Moment
    updated: Moment
    deleted: Moment


class IntegrationMeta(Struct, kw_only=True):
    definition: IntegrationDefinition | None


class IntegrationHealth(Struct, kw_only=True):
    """How well it works, as far as is known. `expires`: when the credential ends if it is not refreshed before."""

    status: Health
    reason: str | None
    since: Moment
    next_check: Moment | None
    expires: Moment | None


class IntegrationAccount(Struct, kw_only=True):
    """Whose the credential is at the vendor."""

    id: str
    name: str


class Integration(Struct, kw_only=True):
    """health, account, enabled and item_type (which of the product's items trigger it) are ours.

    account null: it is not proven whose the credential is.
    """

    id: Id
    name: str
    vendor: str
    identifier: str
    auth: Auth
    extra: dict[str, str]
    creator: Creator
    hub_id: Id
    state: IntegrationState
    health: IntegrationHealth
    account: IntegrationAccount | None
    events: IntegrationEvents
    enabled: bool
    item_type: ItemType
    meta: IntegrationMeta | UnsetType = UNSET


class CredentialQuery(Struct, kw_only=True):
    """token_set: of a vendor that grants several tokens (such as `user`), which one; absent: its first."""

    token_set: Annotated[str, Meta(max_length=32)] | None = None


class Credential(Struct, kw_only=True):
    """A token in clear. expires_at null: it does not expire, or nobody knows. scopes null: nobody told."""

    access_token: str
    token_type: str
    expires_at: Moment | None
    scopes: list[str] | None


class CredentialAnswer(Struct, kw_only=True):
    data: Credential


class IntegrationEvent(Struct, kw_only=True):
    """`broken`: it stopped working, and somebody has to do something; `recovered`: it works again."""

    id: Id
    kind: Literal["broken", "recovered"]
    at: Moment
    health: Health
    detail: str | None


class IntegrationEventList(Struct, kw_only=True):
    data: list[IntegrationEvent]


class EventQuery(Struct, kw_only=True):
    page_size: PageSize = msgspec.field(name="page[size]", default=20)
    page_number: PageNumber = msgspec.field(name="page[number]", default=1)


class Notice(Struct, kw_only=True):
    """Something in the request that was accepted and is likely not meant. source: where, as a JSON pointer."""

    source: str
    detail: str


class IntegrationAnswer(Struct, kw_only=True):
    """warnings: of a creation or a change; absent when there is nothing to warn of."""

    data: Integration
    warnings: list[Notice] | UnsetType = UNSET


class IntegrationList(Struct, kw_only=True):
    data: list[Integration]


class Available(Struct, kw_only=True):
    data: dict[Category, list[IntegrationDefinition]]


class Step(Struct, kw_only=True):
    caption: str
    description: str
    started: Moment
    completed: Moment


class DescribedTask(Struct, kw_only=True):
    caption: str
    header: str
    steps: list[Step]
    input: dict[str, str]


class Parallel(Struct, kw_only=True):
    sub_queue: None = None
    tasks: bool = False


class DescribedJob(Struct, kw_only=True):
    id: Id
    accepted: bool
    queue: str
    schedule: Moment
    parallel: Parallel
    tasks: list[DescribedTask]


class JobDescriptor(Struct, kw_only=True):
    action: str
    job: DescribedJob


class JobDescriptorAnswer(Struct, kw_only=True):
    data: JobDescriptor


class JobEvents(Struct, kw_only=True):
    queued: Moment
    started: Moment
    completed: Moment


class TaskState(Struct, kw_only=True):
    current: Literal["pending", "running", "completed", "error"]
    changed: Moment


class TaskError(Struct, kw_only=True):
    message: str


class Task(Struct, kw_only=True):
    id: Id
    caption: str
    header: str
    events: JobEvents
    steps: list[Step]
    state: TaskState
    input: dict[str, str]
    output: dict[str, str] | None
    error: TaskError | None


class JobStateShown(Struct, kw_only=True):
    """error: why it failed, or why its last try did; null: it has not."""

    current: JobStateName
    changed: Moment
    error: StateError | None


class Job(Struct, kw_only=True):
    id: Id
    hub_id: Id
    queue: str
    caption: str
    events: JobEvents
    schedule: Moment
    tasks: list[Task]
    expires: Moment
    hash: Annotated[str, Meta(pattern="^[a-f0-9]{32}$")]
    limit_duplicates: bool
    creator: Creator
    state: JobStateShown


class CreatorShown(Struct, kw_only=True):
    id: Id
    name: str


class Creators(Struct, kw_only=True):
    """By id. accounts are people, and the service itself."""

    api_keys: dict[str, CreatorShown]
    accounts: dict[str, CreatorShown]


class JobIncludes(Struct, kw_only=True):
    creators: Creators


class JobAnswer(Struct, kw_only=True):
    data: Job
    includes: JobIncludes | UnsetType = UNSET


class JobList(Struct, kw_only=True):
    data: list[Job]
    includes: JobIncludes | UnsetType = UNSET


class ErrorBody(Struct, kw_only=True):
    """extra holds only strings; source points at what is wrong: a JSON pointer into the body, or a parameter."""

    status: int
    code: str
    title: str
    detail: str | UnsetType = UNSET
    source: str | UnsetType = UNSET
    extra: dict[str, str] = {}


class ErrorAnswer(Struct, kw_only=True):
    error: ErrorBody
    data: None = None
