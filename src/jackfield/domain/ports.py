"""What services need from outside: storage, the vault, the news of revoked keys. Bootstrap decides who provides it."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from jackfield.domain.audit import AuditEntry
from jackfield.domain.credential import Place, Secrets, WrappedKey
from jackfield.domain.definition import AuthoredDefinition
from jackfield.domain.integration import Change, Detail, Filter, Integration, IntegrationRow, Listing, Wanted
from jackfield.domain.job import Job, JobFilter, JobState, NewJob, Running, Step
from jackfield.domain.key import ApiKey
from jackfield.domain.organisation import Organisation
from jackfield.domain.principal import Principal


class Vault(Protocol):
    """Seals secrets to the place they live in, and opens them there only."""

    async def seal(self, place: Place, secrets: Secrets) -> bytes: ...

    async def open(self, place: Place, sealed: bytes) -> Secrets: ...

    async def open_all(self, sealed_values: Sequence[tuple[Place, bytes]]) -> Sequence[Secrets]:
        """As `open`, for many, in their order."""
        ...

    async def add_data_key(self, organisation_id: int) -> int:
        """Gives the organisation a new data key, which seals from now on; returns its id. Older ones still open."""
        ...


class DataKeyStore(Protocol):
    """Every organisation's data keys, wrapped."""

    async def newest(self, organisation_id: int) -> WrappedKey | None: ...

    async def get(self, organisation_id: int, key_id: int) -> WrappedKey | None: ...

    async def add(self, organisation_id: int, key: WrappedKey) -> None:
        """Stores the key unless one with this id is there already."""
        ...

    async def not_wrapped_by(self, master_key_id: str, most: int) -> Sequence[tuple[int, WrappedKey]]:
        """Some of the keys that another master key wraps, each with its organisation."""
        ...

    async def replace(self, organisation_id: int, old: WrappedKey, new: WrappedKey) -> None:
        """Stores the key as wrapped anew, unless someone else did."""
        ...


class ServiceSecretStore(Protocol):
    """Secrets of the service itself, wrapped like data keys."""

    async def get(self, name: str) -> WrappedKey | None: ...

    async def add(self, name: str, key: WrappedKey) -> None:
        """Stores the secret unless one with this name is there already."""
        ...

    async def not_wrapped_by(self, master_key_id: str) -> Sequence[tuple[str, WrappedKey]]: ...

    async def replace(self, name: str, old: WrappedKey, new: WrappedKey) -> None: ...


class HotIntegrations(Protocol):
    """The calls that carry the load. Each is atomic by itself, with its audit entry, and answers after its commit."""

    async def reserve_id(self) -> int: ...

    async def create(self, row: IntegrationRow, entry: AuditEntry) -> Integration | None:
        """None when the unique_identifier is taken."""
        ...

    async def get(self, organisation_id: int, wanted: Wanted) -> Integration | None: ...

    async def get_for_reveal(self, wanted: Wanted, entry: AuditEntry) -> Integration | None:
        """As `get` in the entry's organisation; the entry is written if there are secrets to show."""
        ...

    async def get_detail(self, organisation_id: int, integration_id: int) -> Detail | None:
        """Whatever its state."""
        ...

    async def list_details(self, organisation_id: int, wanted: Listing) -> Sequence[Detail]: ...

    async def list(self, organisation_id: int, wanted: Filter) -> Sequence[Integration]: ...

    async def list_for_reveal(self, wanted: Filter, entry: AuditEntry) -> Sequence[Integration]:
        """As `list` in the entry's organisation; one entry names every integration with secrets to show."""
        ...


class IntegrationTable(Protocol):
    """Integrations inside a unit of work. What is being deleted is not seen here."""

    async def get_for_update(self, organisation_id: int, wanted: Wanted) -> Integration | None: ...

    async def find_for_update(self, organisation_id: int, unique_identifier: str) -> Integration | None: ...

    async def list_for_update(self, organisation_id: int, wanted: Filter) -> Sequence[Integration]: ...

    async def get_detail_for_update(self, organisation_id: int, integration_id: int) -> Detail | None:
        """Whatever its state, locked until the end of the unit of work."""
        ...

    async def create_only_one(self, row: IntegrationRow) -> Detail | None:
        """Writes the row unless the organisation has an integration of its provider already."""
        ...

    async def update(self, integration: Integration, change: Change) -> Detail: ...

    async def due_for_verification(self, most: int) -> Sequence[tuple[int, int]]:
        """Organisation and id of live integrations whose proof has aged, the oldest first."""
        ...

    async def purge(self, days: int, most: int) -> int:
        """Deletes up to `most` rows of integrations that were deleted so many days ago; returns how many."""
        ...

    async def delete_all(self, organisation_id: int) -> None: ...

    async def list_sealed_before(
        self, organisation_id: int, key_id: int, after_id: int, most: int
    ) -> Sequence[Integration]:
        """The next integrations whose secrets an older data key sealed, by id, locked."""
        ...

    async def reseal(self, integration: Integration, sealed_secrets: bytes) -> None:
        """Replaces the ciphertext by another one of the same secrets."""
        ...


class JobTable(Protocol):
    """Jobs inside a unit of work; workers hear of what was queued when it commits."""

    async def add(self, new: NewJob) -> tuple[Job, bool]:
        """Queues the job, or finds the one of its kind that is alive for the integration; True if it was queued."""
        ...

    async def get(self, organisation_id: int, job_id: int) -> Job | None: ...

    async def latest(self, organisation_id: int) -> Sequence[Job]:
        """The newest of each kind."""
        ...

    async def list(self, organisation_id: int, wanted: JobFilter) -> Sequence[Job]: ...

    async def finish(
        self, running: Running, state: JobState, error: str | None, steps: Sequence[Step], output: dict[str, str] | None
    ) -> bool:
        """Says how it went. False, and nothing is written, when someone else has taken it over."""
        ...

    async def expire(self, most: int) -> Sequence[Running]:
        """Takes up to `most` jobs that nobody finished in time, so that nobody else does."""
        ...

    async def purge(self, days: int, most: int) -> int: ...

    async def purge_queue(self, days: int) -> None: ...


class HotJobs(Protocol):
    """What happens to every job. Each is atomic by itself."""

    async def begin(self, organisation_id: int, job_id: int) -> Running | None:
        """Fences the job for who asks, or None when there is nothing to do any more."""
        ...

    async def finish(
        self, running: Running, state: JobState, error: str | None, steps: Sequence[Step], output: dict[str, str] | None
    ) -> bool: ...

    async def note_steps(self, running: Running, steps: Sequence[Step]) -> None: ...

    async def note_progress(self, running: Running, progress: Mapping[str, int]) -> bool:
        """Whoever takes the job over goes on from there. False when someone has."""
        ...

    async def put_off(self, running: Running, seconds: float, reason: str | None, *, failed: bool) -> None:
        """The job waits for its next try; `failed` counts against the tries that it has."""
        ...


class Rests(Protocol):
    """Which integrations' accounts their vendors limit; the same for every process."""

    async def seconds(self, organisation_id: int, integration_id: int) -> float | None:
        """How long the vendor wants no more calls for the integration; None when it takes them."""
        ...

    async def note(self, organisation_id: int, integration_id: int, seconds: float) -> None: ...

    async def purge(self) -> None: ...


class DefinitionTable(Protocol):
    """Definitions that tenants authored."""

    async def get(self, definition_id: int) -> AuthoredDefinition | None:
        """Whatever its status and whoever's it is."""
        ...

    async def list_ids(self) -> Sequence[int]:
        """Of every status."""
        ...

    async def list_approved(self) -> Sequence[AuthoredDefinition]: ...


class AuditTable(Protocol):
    async def add(self, entry: AuditEntry) -> None: ...


class OrganisationTable(Protocol):
    async def create(self, handle: str, name: str) -> Organisation | None:
        """None when the handle is, or was ever, taken."""
        ...

    async def find(self, reference: str) -> list[Organisation]:
        """By id in decimal or hex, by handle, by name: the first of these that finds any."""
        ...

    async def list(self) -> Sequence[Organisation]: ...

    async def mark_deleted(self, organisation_id: int) -> None: ...


class KeyTable(Protocol):
    async def create(
        self,
        organisation_id: int,
        user: str,
        capabilities: Sequence[str],
        digest: bytes,
        expires_at: datetime | None,
    ) -> ApiKey: ...

    async def list(self, organisation_id: int | None) -> Sequence[ApiKey]: ...

    async def revoke(self, key_id: int) -> ApiKey | None:
        """Marks the key revoked and tells every process; None when there is no such unrevoked key."""
        ...

    async def announce_revocation(self) -> None:
        """Tells every process, when this unit of work commits, to forget the keys it has verified."""
        ...


class DeliveryTable(Protocol):
    """Changes of items on their way to integrations' vendors, inside a unit of work."""

    async def has_due(self, integration: Detail) -> bool:
        """Whether something is to be brought to the integration's vendor now."""
        ...


class UnitOfWork(Protocol):
    """One transaction: all of it happens, or none."""

    @property
    def integrations(self) -> IntegrationTable: ...

    @property
    def jobs(self) -> JobTable: ...

    @property
    def deliveries(self) -> DeliveryTable: ...

    @property
    def definitions(self) -> DefinitionTable: ...

    @property
    def audit(self) -> AuditTable: ...

    @property
    def organisations(self) -> OrganisationTable: ...

    @property
    def keys(self) -> KeyTable: ...

    @property
    def data_keys(self) -> "DataKeyTable": ...


class Database(Protocol):
    def transaction(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Commits at the end of the block, rolls back when it raises. Raises Unavailable when the database is away.

        Workers are woken for what was queued in it, after the commit.
        """
        ...


class DataKeyTable(Protocol):
    async def erase(self, organisation_id: int) -> None:
        """Destroys the organisation's data keys: what they sealed can never be opened again."""
        ...


class KeyLookup(Protocol):
    async def find_principal(self, digest: bytes) -> tuple[bytes, Principal] | None:
        """The digest as stored and the principal of a key that is neither revoked nor of a deleted organisation."""
        ...
