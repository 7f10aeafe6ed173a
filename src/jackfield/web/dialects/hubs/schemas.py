"""The wire objects of the hubs contract."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from jackfield.domain.health import Health
from jackfield.domain.item import ItemType
from jackfield.domain.provider import Category, FieldType
from jackfield.web.openapi_schemas import NO_OTHERS

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
#: what each key of a credential stands for; no vendor has a key of another name
AUTH_TEXTS: Final[Mapping[str, str]] = {
    "region": "The vendor's region.",
    "namespace": "The account, organisation or site at the vendor.",
    "api_key": "An API key or access token.",
    "key_id": "The public half of a key pair, or a user name.",
    "secret": "The private half of a key pair, or a password.",
    "subscription_id": "A subscription or installation at the vendor.",
    "client_id": "The id of an OAuth client or app.",
    "base64_config": "A file, such as a private key, in Base64.",
}
AuthPairs = Annotated[
    Pairs,
    Meta(
        extra_json_schema={
            "properties": {
                key: {"anyOf": [{"type": "string"}, {"type": "null"}], "description": said}
                for key, said in AUTH_TEXTS.items()
            },
            NO_OTHERS: True,
        }
    ),
]


# --- what is asked ---


class MetaQuery(Struct, kw_only=True):
    """What to add to the answer.

    Attributes:
        meta: `definition` adds the catalogue entry of the vendor to each integration, as `meta.definition`.
    """

    meta: list[Literal["definition"]] = []


class ListQuery(Struct, kw_only=True):
    """Which integrations to list.

    A filter with several values matches integrations that have any of them. Send a list as repeated parameters or as
    one value with commas.

    Attributes:
        page_size: How many integrations a page has.
        page_number: Which page to get. The first is 1.
        state: Only integrations in one of these states. `active` is read as `live`. Without this filter, deleted
            integrations are left out.
        search: Only integrations whose name, identifier or vendor contains this text, in upper or lower case.
        vendor: Only integrations of one of these vendors.
        category: Only integrations of vendors in one of these categories.
        sort: What to sort by, most important first. A leading `-` sorts in descending order. By default the newest
            come first.
        meta: `definition` adds the catalogue entry of the vendor to each integration, as `meta.definition`.
    """

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
    """Which jobs to list.

    A filter with several values matches jobs that have any of them. Send a list as repeated parameters or as one
    value with commas.

    Attributes:
        page_size: How many jobs a page has.
        page_number: Which page to get. The first is 1.
        state: Only jobs in one of these states.
        search: Only jobs whose caption or queue contains this text.
        range_start: Only jobs queued at this time or later.
        range_end: Only jobs queued at this time or earlier.
        sort: What to sort by, most important first. A leading `-` sorts in descending order. By default the newest
            come first.
        include: `creators` adds who started the jobs, as `includes.creators`.
    """

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
    """What to add to the answer.

    Attributes:
        include: `creators` adds who started the jobs, as `includes.creators`.
    """

    include: list[Literal["creators"]] = []


class CreateIntegration(Struct, kw_only=True):
    """The integration to create.

    Look up in the catalogue which `auth` and `extra` keys the vendor takes. A member that is null counts as not sent.

    Attributes:
        vendor: The vendor to connect, as the catalogue names it.
        name: What people call the integration. Absent: the vendor's name.
        identifier: A short name for programs. Absent: made from the name.
        auth: The credential. Which keys a vendor takes is in the catalogue, under `fields.auth`.
        extra: The vendor's settings, such as a repository or a channel. Which keys a vendor takes is in the
            catalogue, under `fields.extra`.
        enabled: Whether changes to items are sent to the vendor. An integration of a vendor that can be verified
            cannot be enabled before it is `live`.
        item_type: Which type of items to send. `none` only stores the credential.
    """

    vendor: Text
    name: Text | None | UnsetType = UNSET
    identifier: Text | None | UnsetType = UNSET
    auth: AuthPairs | None | UnsetType = UNSET
    extra: Pairs | None | UnsetType = UNSET
    enabled: bool | None | UnsetType = UNSET
    item_type: ItemType | None | UnsetType = UNSET


class UpdateIntegration(Struct, kw_only=True):
    """What to change.

    Members that are absent or null keep their value. `auth` and `extra` are merged key by key: null clears that key,
    as in `{"extra": {"repository": null}}`.

    Attributes:
        name: What people call the integration.
        identifier: A short name for programs.
        auth: The keys of the credential to change. A masked value sent back unchanged keeps the secret.
        extra: The settings to change.
        enabled: Whether changes to items are sent to the vendor.
        item_type: Which type of items to send. `none` only stores the credential.
    """

    name: Text | None | UnsetType = UNSET
    identifier: Text | None | UnsetType = UNSET
    auth: AuthPairs | None | UnsetType = UNSET
    extra: Pairs | None | UnsetType = UNSET
    enabled: bool | None | UnsetType = UNSET
    item_type: ItemType | None | UnsetType = UNSET


class CreateTask(Struct, kw_only=True):
    """The job to start.

    Attributes:
        action: `verify` checks the credential at the vendor. `sync` brings the vendor into line with your items.
            `refresh` gets a new access token.
        dry_run: With `sync`: only report what would change. Absent or null: false. Ignored by the other actions.
    """

    action: Literal["verify", "sync", "refresh"]
    dry_run: bool | None | UnsetType = UNSET


# --- what is answered ---


class Field(Struct, kw_only=True):
    """One field of a form for a vendor's credential or settings.

    Attributes:
        name: The label to show.
        description: What to enter, and where to find it. Absent if there is nothing to add.
        required: Whether it has to be filled in.
        regex: A regular expression that the whole value has to match. Null: any value.
        type: Which form control fits.
        options: The values to choose from, where `type` is `select`; otherwise null.
    """

    name: str
    description: str | UnsetType = UNSET
    required: bool
    regex: str | None
    type: FieldType
    options: list[str] | None


class FieldGroups(Struct, kw_only=True):
    """The fields of a vendor's form, by the key under which you send them.

    Attributes:
        auth: The fields of the credential, sent in `auth`.
        extra: The fields of the settings, sent in `extra`.
    """

    auth: dict[str, Field]
    extra: dict[str, Field]


class AuthMethod(Struct, kw_only=True):
    """One complete way to authenticate with a vendor.

    Attributes:
        name: Name for programs.
        title: Name to show.
        auth: The keys of `auth` that this way needs.
        extra: The keys of `extra` that this way needs.
    """

    name: str
    title: str
    auth: list[str]
    extra: list[str]


class ExtendedConfiguration(Struct, kw_only=True):
    """The ways to connect a vendor that can be connected in several.

    Attributes:
        auth_methods: The same list as `auth_methods` beside it.
    """

    auth_methods: list[AuthMethod]


class IntegrationDefinition(Struct, kw_only=True):
    """A catalogue entry: a vendor that can be connected, and what it takes.

    `required` in the fields marks what every one of `auth_methods` needs. One of them has to be complete.

    Attributes:
        vendor: The vendor's name for programs, which you send as `vendor`.
        name: The vendor's name to show.
        url: The vendor's website, or an app's page. Absent for an app when the operator has not set the service's
            public address.
        public: Whether every organisation may connect it. An app in development is shown only to its own
            organisation.
        usable: Whether it can be connected now.
        editable: Whether an integration of it can be changed.
        deprecated: Whether it is being phased out. Do not connect it anew.
        supports_verification: Whether the service can check a credential at the vendor.
        supports_multiple: Whether an organisation can have more than one integration of it.
        category: What the vendor is for.
        features: What integrations of it can do, or null.
        extends: Which parts of a product it adds to, or null.
        fields: Every field that the vendor takes.
        required_fields: Only the fields that have to be filled in.
        auth_methods: The ways to authenticate, the usual one first.
        extended_configuration: The ways to authenticate where there are several; otherwise null.
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
    """The credential, masked. A value of more than 12 characters shows its first 5 and three dots; a shorter one only
    the dots. Keys that are not set are null.

    Attributes:
        region: The vendor's region.
        namespace: The account, organisation or site at the vendor.
        api_key: An API key or access token.
        key_id: The public half of a key pair, or a user name.
        secret: The private half of a key pair, or a password.
        subscription_id: A subscription or installation at the vendor.
        client_id: The id of an OAuth client or app.
        base64_config: A file, such as a private key, in Base64.
    """

    region: str | None = None
    namespace: str | None = None
    api_key: str | None = None
    key_id: str | None = None
    secret: str | None = None
    subscription_id: str | None = None
    client_id: str | None = None
    base64_config: str | None = None


class Creator(Struct, kw_only=True):
    """Who created something.

    Attributes:
        id: Identifies the API key or account.
        type: `api-key` for an API key, `account` for a person or the service itself.
    """

    id: Id
    type: Literal["api-key", "account"]


class StateError(Struct, kw_only=True):
    """Why something failed.

    Attributes:
        message: The reason, for people.
        time: When it failed.
    """

    message: str
    time: Moment


class IntegrationState(Struct, kw_only=True):
    """Where an integration is in its life.

    Attributes:
        current: `new`: not verified yet. `verifying`: being verified. `live`: verified. `deleting`: being deleted.
            `deleted`: deleted; it can be read for 30 days.
        changed: When it came into this state.
        error: Why the last verification failed. Absent if it did not.
    """

    current: StateName
    changed: Moment
    error: StateError | UnsetType = UNSET


class IntegrationEvents(Struct, kw_only=True):
    """When the integration was created, changed and deleted. `0001-01-01T00:00:00Z` stands for never.

    Attributes:
        created: When it was created.
        updated: When it was last changed.
        deleted: When it was deleted.
    """

    created: Moment
    updated: Moment
    deleted: Moment


class IntegrationMeta(Struct, kw_only=True):
    """What you asked for with `meta`.

    Attributes:
        definition: The vendor's catalogue entry. Null if the vendor is no longer in the catalogue.
    """

    definition: IntegrationDefinition | None


class IntegrationHealth(Struct, kw_only=True):
    """How well the integration works, as far as the service knows.

    Attributes:
        status: The health. It is `unknown` until the first proof.
        reason: Why it is not well, for people; otherwise null.
        since: Since when it has been so.
        next_check: When the service checks next by itself. Null if it does not.
        expires: When the credential expires unless it is refreshed before. Null if it does not, or if nobody knows.
    """

    status: Health
    reason: str | None
    since: Moment
    next_check: Moment | None
    expires: Moment | None


class IntegrationAccount(Struct, kw_only=True):
    """The vendor's account that the credential belongs to.

    Attributes:
        id: The vendor's id of the account.
        name: The vendor's name of the account.
    """

    id: str
    name: str


class Integration(Struct, kw_only=True):
    """An integration: a vendor connected for your organisation.

    Attributes:
        id: Identifies the integration.
        name: What people call it.
        vendor: The vendor's name for programs.
        identifier: A short name for programs. Several integrations can share one.
        auth: The credential, masked.
        extra: The vendor's settings.
        creator: Who created it.
        hub_id: The organisation that it belongs to.
        state: Where it is in its life.
        health: How well it works.
        account: The vendor's account that the credential belongs to. Null until it is verified.
        events: When it was created, changed and deleted.
        enabled: Whether changes to items are sent to the vendor.
        item_type: Which type of items is sent.
        meta: The vendor's catalogue entry, if you asked for it; otherwise absent.
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
    """Which token to get.

    Attributes:
        token_set: Which token to get from a vendor that grants several, such as `user`. Absent: the vendor's main
            token.
    """

    token_set: Annotated[str, Meta(max_length=32)] | None = None


class Credential(Struct, kw_only=True):
    """The access token, in clear.

    Attributes:
        access_token: The token to call the vendor with.
        token_type: How to send it, such as `Bearer`.
        expires_at: When it expires. Null if it does not, or if nobody knows.
        scopes: What the vendor granted. Null if the vendor did not say.
    """

    access_token: str
    token_type: str
    expires_at: Moment | None
    scopes: list[str] | None


class CredentialAnswer(Struct, kw_only=True):
    """A credential.

    Attributes:
        data: The credential.
    """

    data: Credential


class IntegrationEvent(Struct, kw_only=True):
    """A change in an integration's health.

    Attributes:
        id: Identifies the event.
        kind: `broken`: it stopped working and needs attention. `recovered`: it was proven to work again.
            `unproven`: its credential or a setting was changed, so it has to be verified.
        at: When it happened.
        health: The health after the change.
        detail: The reason, for people; null if there is none.
    """

    id: Id
    kind: Literal["broken", "recovered", "unproven"]
    at: Moment
    health: Health
    detail: str | None


class IntegrationEventList(Struct, kw_only=True):
    """A page of events.

    Attributes:
        data: The events, newest first.
    """

    data: list[IntegrationEvent]


class EventQuery(Struct, kw_only=True):
    """Which events to list.

    Attributes:
        page_size: How many events a page has.
        page_number: Which page to get. The first is 1.
    """

    page_size: PageSize = msgspec.field(name="page[size]", default=20)
    page_number: PageNumber = msgspec.field(name="page[number]", default=1)


class Notice(Struct, kw_only=True):
    """Something in the request that was accepted, but is probably not what you meant.

    Attributes:
        source: Where it is, as a JSON pointer into the body.
        detail: What is odd about it, for people.
    """

    source: str
    detail: str


class IntegrationAnswer(Struct, kw_only=True):
    """An integration.

    Attributes:
        data: The integration.
        warnings: What is odd about the request that created or changed it. Absent if nothing is.
    """

    data: Integration
    warnings: list[Notice] | UnsetType = UNSET


class IntegrationList(Struct, kw_only=True):
    """A page of integrations.

    Attributes:
        data: The integrations of this page. A page with fewer than `page[size]` is the last.
    """

    data: list[Integration]


class Available(Struct, kw_only=True):
    """The catalogue.

    Attributes:
        data: The catalogue entries, by category.
    """

    data: dict[Category, list[IntegrationDefinition]]


class Step(Struct, kw_only=True):
    """A step of a task.

    Attributes:
        caption: What the step does, in a few words.
        description: What the step does, in a sentence.
        started: When it started.
        completed: When it ended.
    """

    caption: str
    description: str
    started: Moment
    completed: Moment


class DescribedTask(Struct, kw_only=True):
    """A task of the new job.

    Attributes:
        caption: What the task does, in a few words.
        header: What the task does, for a heading.
        steps: The steps done so far.
        input: What the task works with, by name.
    """

    caption: str
    header: str
    steps: list[Step]
    input: dict[str, str]


class Parallel(Struct, kw_only=True):
    """How the job runs beside others.

    Attributes:
        sub_queue: Always null.
        tasks: Whether its tasks run at the same time.
    """

    sub_queue: None = None
    tasks: bool = False


class DescribedJob(Struct, kw_only=True):
    """The new job.

    Attributes:
        id: Identifies the job. Get the job to see how far it is.
        accepted: Whether the job was taken on. It was.
        queue: The queue that it is in.
        schedule: When it may start.
        parallel: How it runs beside others.
        tasks: What it does.
    """

    id: Id
    accepted: bool
    queue: str
    schedule: Moment
    parallel: Parallel
    tasks: list[DescribedTask]


class JobDescriptor(Struct, kw_only=True):
    """What was started.

    Attributes:
        action: What was asked for.
        job: The job that does it.
    """

    action: str
    job: DescribedJob


class JobDescriptorAnswer(Struct, kw_only=True):
    """A job that was started.

    Attributes:
        data: What was started.
    """

    data: JobDescriptor


class JobEvents(Struct, kw_only=True):
    """When something was queued, started and completed. `0001-01-01T00:00:00Z` stands for not yet.

    Attributes:
        queued: When it was queued.
        started: When it started.
        completed: When it ended.
    """

    queued: Moment
    started: Moment
    completed: Moment


class TaskState(Struct, kw_only=True):
    """How far a task is.

    Attributes:
        current: The state.
        changed: When it came into this state.
    """

    current: Literal["pending", "running", "completed", "error"]
    changed: Moment


class TaskError(Struct, kw_only=True):
    """Why a task failed.

    Attributes:
        message: The reason, for people.
    """

    message: str


class Task(Struct, kw_only=True):
    """One task of a job.

    Attributes:
        id: Identifies the task.
        caption: What the task does, in a few words.
        header: What the task does, for a heading.
        events: When it was queued, started and completed.
        steps: The steps done so far.
        state: How far it is.
        input: What the task works with, by name.
        output: What came of it so far, by name. Null if there is nothing yet.
        error: Why it failed. Null if it did not.
    """

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
    """How far a job is.

    Attributes:
        current: `new`, `scheduled`, `queued`: waiting. `running`: at work. `completed`: done. `error`: failed.
            `expired`: not started in time.
        changed: When it came into this state.
        error: Why it failed, or why its last attempt did. Null if it did not.
    """

    current: JobStateName
    changed: Moment
    error: StateError | None


class Job(Struct, kw_only=True):
    """A piece of work that the service does in the background.

    Attributes:
        id: Identifies the job.
        hub_id: The organisation that it belongs to.
        queue: The queue that it is in.
        caption: What it does, in a few words.
        events: When it was queued, started and completed.
        schedule: When it may start.
        tasks: What it does, task by task.
        expires: When it is given up if it has not ended.
        hash: Identical for jobs that do the same.
        limit_duplicates: Whether a second job that does the same is refused while this one is under way.
        creator: Who started it.
        state: How far it is.
    """

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
    """Who started a job.

    Attributes:
        id: Identifies the API key or account.
        name: The name to show.
    """

    id: Id
    name: str


class Creators(Struct, kw_only=True):
    """Who started the jobs, by id.

    Attributes:
        api_keys: The API keys.
        accounts: People, and the service itself.
    """

    api_keys: dict[str, CreatorShown]
    accounts: dict[str, CreatorShown]


class JobIncludes(Struct, kw_only=True):
    """What you asked for with `include`.

    Attributes:
        creators: Who started the jobs.
    """

    creators: Creators


class JobAnswer(Struct, kw_only=True):
    """A job.

    Attributes:
        data: The job.
        includes: What you asked for with `include`; otherwise absent.
    """

    data: Job
    includes: JobIncludes | UnsetType = UNSET


class JobList(Struct, kw_only=True):
    """A page of jobs.

    Attributes:
        data: The jobs.
        includes: What you asked for with `include`; otherwise absent.
    """

    data: list[Job]
    includes: JobIncludes | UnsetType = UNSET


class ErrorBody(Struct, kw_only=True):
    """What went wrong.

    Attributes:
        status: The HTTP status.
        code: The error code, for programs. New codes can be added; the first three digits are the status.
        title: What the code means, for people. The same for every error with this code.
        detail: What went wrong this time, for people.
        source: What is wrong: a JSON pointer into the body, or the name of a parameter or header. Absent if the error
            is about the call as a whole.
        extra: Further facts, by name. When several things are wrong, the detail of each by its source.
    """

    status: int
    code: str
    title: str
    detail: str | UnsetType = UNSET
    source: str | UnsetType = UNSET
    extra: dict[str, str] = {}


class ErrorAnswer(Struct, kw_only=True):
    """An error.

    Attributes:
        error: What went wrong.
        data: Always null.
    """

    error: ErrorBody
    data: None = None
