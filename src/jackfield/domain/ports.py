"""What services need from outside: storage, the vault, the news of revoked keys. Bootstrap decides who provides it."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Protocol

from jackfield.domain.app import App, AppFields, AppStatus
from jackfield.domain.audit import AuditEntry, AuditFilter, AuditRecord
from jackfield.domain.connecting import ConnectSession, ConnectState, NewConnectSession
from jackfield.domain.count import Count
from jackfield.domain.credential import Place, Secrets, WrappedKey
from jackfield.domain.definition import AuthoredDefinition
from jackfield.domain.delivery import (
    Compared,
    DeliveryFilter,
    DeliverySearch,
    Found,
    ItemDelivery,
    NamedDelivery,
    Outgoing,
    Progress,
    Settlement,
)
from jackfield.domain.event import IntegrationEvent
from jackfield.domain.fetching import Fetch, Fetchable
from jackfield.domain.idempotency import Claim, EarlierCall, IdempotentCall, KeptAnswer
from jackfield.domain.installation import InstallationRow, InstallationStatus, NewInstallation, UntoldApp
from jackfield.domain.integration import (
    Change,
    Detail,
    Filter,
    Integration,
    IntegrationRow,
    JsonObject,
    Listing,
    Owner,
    Wanted,
)
from jackfield.domain.item import ItemFilter, ItemType, Link, NewItem, Put, StoredItem
from jackfield.domain.job import Job, JobFilter, JobState, NewJob, Running, Step
from jackfield.domain.key import ApiKey
from jackfield.domain.oauth import Client, ClientRow, Exchange, Granted, Holder, NewGrant, NewTokens, TokenFacts
from jackfield.domain.organisation import Organisation
from jackfield.domain.overview import OverviewFacts
from jackfield.domain.place import KnownPlace
from jackfield.domain.principal import Principal
from jackfield.domain.refresh import Kept, Lease
from jackfield.domain.send_lease import LeaseTimes
from jackfield.domain.session import NewLink, NewSession, Session
from jackfield.domain.sign_in import Arrival, Claims, Departure, NewAttempt
from jackfield.domain.system import Backlog, DatabaseFacts, Worker
from jackfield.domain.timeline import Happening


class Vault(Protocol):
    """Seals secrets to the place they live in, and opens them there only."""

    async def seal(self, place: Place, secrets: Secrets) -> bytes: ...

    async def open(self, place: Place, sealed: bytes) -> Secrets: ...

    async def open_all(self, sealed_values: Sequence[tuple[Place, bytes]]) -> Sequence[Secrets]:
        """As `open`, for many, in their order."""
        ...

    async def open_readable(self, sealed_values: Sequence[tuple[Place, bytes]]) -> Sequence[Secrets | None]:
        """As `open_all`, with None for what does not open, so that one broken value does not hide the others."""
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


class Fetches(Protocol):
    """Credentials that are handed out. Atomic by itself, with its audit entry, and answers after its commit."""

    async def get(self, wanted: Fetch) -> Fetchable | None:
        """The credential as it is stored; None when there is no such integration, or it is being deleted.

        The entry is written if it is ready.
        """
        ...


class IntegrationTable(Protocol):
    """Integrations inside a unit of work. What is being deleted is not seen here."""

    async def get_for_update(self, organisation_id: int, wanted: Wanted) -> Integration | None: ...

    async def find_for_update(self, organisation_id: int, unique_identifier: str) -> Integration | None: ...

    async def list_for_update(self, organisation_id: int, wanted: Filter) -> Sequence[Integration]: ...

    async def get_detail_for_update(self, organisation_id: int, integration_id: int) -> Detail | None:
        """Whatever its state, locked until the end of the unit of work."""
        ...

    async def get_details_for_update(self, organisation_id: int, integration_ids: Sequence[int]) -> Sequence[Detail]:
        """As `get_detail_for_update`, for several, by id."""
        ...

    async def create(self, row: IntegrationRow) -> Detail:
        """Writes the row, whose unique_identifier nobody else has."""
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

    async def hasten(self, organisation_id: int, job_id: int) -> bool:
        """Lets a job that waits for its next try run now, and not count as one of its tries; False if none waits."""
        ...

    async def latest(self, organisation_id: int) -> Sequence[Job]:
        """The newest of each kind."""
        ...

    async def list(self, organisation_id: int, wanted: JobFilter) -> Sequence[Job]: ...

    async def finish(
        self, running: Running, state: JobState, error: str | None, steps: Sequence[Step], output: dict[str, str] | None
    ) -> bool:
        """Says how it went. False, and nothing is written, when someone else has taken it over."""
        ...

    async def note_progress(self, running: Running, progress: Mapping[str, int]) -> bool:
        """Whoever takes the job over goes on from there. False, and nothing is written, when someone has."""
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

    async def put_off(self, running: Running, seconds: float, reason: str | None, *, failed: bool) -> bool:
        """The job waits for its next try; `failed` counts against the tries that it has.

        False, and nothing is written, when someone else has taken it over.
        """
        ...


class Rests(Protocol):
    """Which integrations' accounts their vendors limit; the same for every process."""

    async def seconds(self, organisation_id: int, integration_id: int) -> float | None:
        """How long the vendor wants no more calls for the integration; None when it takes them."""
        ...

    async def note(self, organisation_id: int, integration_id: int, seconds: float) -> None: ...

    async def purge(self) -> None: ...


class RefreshLeases(Protocol):
    """Who may refresh an integration's tokens; the same for every process. Each call is atomic by itself."""

    async def acquire(
        self, organisation_id: int, integration_id: int, token_set: str, owner: str, seconds: float
    ) -> Lease | None:
        """The lease, for so many seconds; None while somebody else has it."""
        ...

    async def announce(self, lease: Lease, seconds: float, since: datetime | None) -> datetime | None:
        """The vendor is about to be asked; returns since when an answer is missing. None: somebody else has the lease.

        `since`: an answer is missing already. The lease lasts for so many seconds from now on.
        """
        ...

    async def keep(self, lease: Lease, kept: Kept) -> Detail | None:
        """Writes newer tokens and gives the lease back. None, and nothing is written, when the credential is not the
        one that was read any more, or somebody else has the lease."""
        ...

    async def release(self, lease: Lease, asked_at: datetime | None) -> None:
        """Gives the lease back, unless somebody else has it. `asked_at`: an answer is missing since then."""
        ...


class RefreshLeaseTable(Protocol):
    """Leases inside a unit of work."""

    async def hold(self, lease: Lease) -> bool:
        """Whether the lease is still its owner's, until the end of the unit of work; to be asked first of all."""
        ...

    async def release(self, lease: Lease) -> None:
        """Gives the lease back; no answer is missing."""
        ...

    async def due(self, most: int) -> Sequence[tuple[int, int]]:
        """Organisation and id of integrations whose tokens have to be refreshed, the longest due first."""
        ...


class IntegrationEvents(Protocol):
    async def list(
        self, organisation_id: int, integration_id: int, limit: int, offset: int
    ) -> Sequence[IntegrationEvent]:
        """Of one integration, newest first."""
        ...


class IdempotencyKeys(Protocol):
    """Answers to calls that carried an Idempotency-Key, and claims to perform them. Each is atomic by itself."""

    async def claim(self, call: IdempotentCall, seconds: float, kept_hours: int) -> Claim | EarlierCall:
        """The right to perform the call for so many seconds; or, if it is not to be had, what has the key.

        It is to be had anew when what is known is older than `kept_hours`, or when a claim to the same call ran out.
        """
        ...

    async def keep(self, claim: Claim, answer: KeptAnswer) -> bool:
        """Keeps the answer. False, and nothing is written, when someone else has taken the call over."""
        ...

    async def release(self, claim: Claim) -> None:
        """Forgets the call, unless someone else has taken it over."""
        ...

    async def purge(self, hours: int, most: int) -> int:
        """Deletes up to `most` rows of calls that began so many hours ago; returns how many."""
        ...


class DefinitionTable(Protocol):
    """Definitions that tenants authored."""

    async def get(self, definition_id: int) -> AuthoredDefinition | None:
        """Whatever its status and whoever's it is."""
        ...

    async def list_ids(self) -> Sequence[int]:
        """Of every status."""
        ...

    async def list_available(self, organisation_id: int) -> Sequence[AuthoredDefinition]: ...

    async def create(self, organisation_id: int, fields: AppFields, secret_digest: bytes) -> App: ...

    async def get_app(self, definition_id: int) -> App | None:
        """Whatever its status and whoever's it is."""
        ...

    async def get_app_for_installation(self, definition_id: int) -> App | None:
        """As `get_app`, unless its owner is deleted; it stays as it is until the end of the unit of work."""
        ...

    async def get_own_for_update(self, organisation_id: int, definition_id: int) -> App | None: ...

    async def update(self, app: App, fields: AppFields) -> App:
        """Writes what is said, which is something."""
        ...

    async def list_own(self, organisation_id: int, before_id: int | None, most: int) -> Sequence[App]:
        """The newest first, from the one before `before_id` on."""
        ...

    async def list_apps(self) -> Sequence[App]:
        """Everybody's, the oldest first."""
        ...

    async def set_status(self, app: App, status: AppStatus) -> App: ...

    async def get_client(self, definition_id: int) -> ClientRow | None:
        """The app as an OAuth client; None when there is none, or its owner is deleted."""
        ...

    async def replace_secret(self, app: App, secret_digest: bytes, grace: timedelta) -> datetime | None:
        """Gives the app another client secret; the one it had is good for so long. Returns when that one ends."""
        ...


class InstallationTable(Protocol):
    """What makes integrations installations of apps."""

    async def lock_id(self, integration_id: int) -> None:
        """Whoever makes an installation with this id at the same time waits until the end of the unit of work."""
        ...

    async def create(self, new: NewInstallation) -> None:
        """Makes the integration, which is there, an installation."""
        ...

    async def get(self, organisation_id: int, integration_id: int) -> InstallationRow | None:
        """None also when it is being uninstalled, or is."""
        ...

    async def latest_of_session(
        self, organisation_id: int, session_id: int, owner_id: int, definition_id: int
    ) -> InstallationRow | None:
        """The newest one of the app, which is its owner's, that was made in the browser's session."""
        ...

    async def pending_of_person(
        self, organisation_id: int, owner_id: int, definition_id: int, user: str
    ) -> Sequence[int]:
        """Ids of those that the person began and that were never complete, which nobody else looks for meanwhile."""
        ...

    async def abandoned(self, age: timedelta, most: int) -> Sequence[tuple[int, int]]:
        """Organisation and id of those that were begun so long ago and were never complete, the oldest first."""
        ...

    async def untold(self, organisation_id: int) -> Sequence[UntoldApp]:
        """The organisation's installations, also those under way to their end, whose apps want to be told of that."""
        ...

    async def was_complete(self, organisation_id: int, integration_id: int) -> bool:
        """Whether its app ever called it complete, also of one that is being uninstalled."""
        ...

    async def set_status(self, organisation_id: int, integration_id: int, status: InstallationStatus) -> None: ...


class GrantTable(Protocol):
    """Codes and tokens by their keyed hashes. Nothing of what is being uninstalled is good."""

    async def create(self, grant: NewGrant) -> None: ...

    async def exchange(self, client: Client, code_digest: bytes, tokens: NewTokens) -> Exchange:
        """Spends the client's code for the tokens, once.

        A code that comes again revokes its whole family, unless it was spent within the last moments.
        """
        ...

    async def rotate(self, client: Client, refresh_digest: bytes, tokens: NewTokens) -> Granted | None:
        """Spends the client's refresh token for the new ones, once; None when it is not good."""
        ...

    async def granted_to(self, client: Client, refresh_digest: bytes) -> tuple[str, ...] | None:
        """What was granted to the holder of a good refresh token; None when it is not good."""
        ...

    async def revoke_family_of_spent(self, client: Client, refresh_digest: bytes) -> bool:
        """Revokes all that a spent refresh token belongs to, unless it was spent just now; True if it did."""
        ...

    async def revoke(self, client: Client, digest: bytes) -> None:
        """An access token alone, a refresh token with its family; nothing when it is none of the client's."""
        ...

    async def find_holder(self, digest: bytes) -> Holder | None:
        """Who has the access token; None when it is not good."""
        ...

    async def find_facts(self, client: Client, digest: bytes) -> TokenFacts | None:
        """What is to be told of a good token of the client's; None when it is not good."""
        ...

    async def has_been_exchanged(self, organisation_id: int, installation_id: int) -> bool:
        """Whether the app got tokens for the installation, and so has heard of it."""
        ...

    async def erase(self, organisation_id: int, installation_id: int) -> None:
        """Deletes every code and token of the installation."""
        ...

    async def purge(self, days: int, most: int) -> int:
        """Deletes up to `most` tokens that expired so many days ago, and grants without any; returns how many."""
        ...


class SessionTable(Protocol):
    """Sessions of administrators and the links that open them, by their keyed hashes."""

    async def create_link(self, link: NewLink) -> int: ...

    async def open_by_link(self, link_digest: bytes, digest: bytes) -> Session | None:
        """Uses the link, once, for a session; None when it is not good, or not any more."""
        ...

    async def create(self, new: NewSession) -> Session: ...

    async def find(self, digest: bytes) -> Session | None:
        """None when it is not good: ended, expired, its key revoked or expired, its organisation deleted."""
        ...

    async def list(self, organisation_id: int, user: str | None, most: int) -> Sequence[Session]:
        """The good ones of the organisation, or of one user of it, the last seen first."""
        ...

    async def get(self, organisation_id: int, session_id: int) -> Session | None:
        """None when it is not good, or of another organisation."""
        ...

    async def renew(self, session: Session) -> None:
        """Its time begins anew, up to the longest that a session can live."""
        ...

    async def revoke(self, session: Session) -> bool:
        """Ends it; False when it had ended already."""
        ...

    async def purge(self, days: int, most: int) -> int: ...


class SignInAttemptTable(Protocol):
    """Browsers on their way to the OpenID provider and back, by their keyed hashes."""

    async def add(self, attempt: NewAttempt) -> None: ...

    async def take(self, digest: bytes, browser_digest: bytes) -> str | None:
        """The page to go on to, once; None when it is not this browser's, or not good any more."""
        ...

    async def purge(self, most: int) -> int:
        """Deletes up to `most` that are over; returns how many."""
        ...


class IdentityProvider(Protocol):
    """The operator's OpenID provider."""

    async def authorize_url(self, departure: Departure) -> str:
        """The page where people sign in. Raises IdentityProviderAway."""
        ...

    async def identify(self, arrival: Arrival) -> Claims:
        """What is proven of who came back; `sub` is a text fit to be kept.

        Raises IdentityUnproven, or IdentityProviderAway when there is no usable answer.
        """
        ...


class ConnectSessionTable(Protocol):
    """Links by which customers connect, by their keyed hashes, inside a unit of work."""

    async def now(self) -> datetime:
        """The database's time."""
        ...

    async def create(self, new: NewConnectSession) -> ConnectSession: ...

    async def get(self, organisation_id: int, session_id: int) -> ConnectSession | None: ...

    async def find(self, digest: bytes) -> ConnectSession | None:
        """By its link, for an hour after its end; None also when its maker may not any more."""
        ...

    async def bind(self, session: ConnectSession, browser_digest: bytes) -> ConnectSession | None:
        """From now on it is that browser's; None when it is another's, or over."""
        ...

    async def begin(
        self, session: ConnectSession, browser_digest: bytes, way_digest: bytes, sealed_way: bytes
    ) -> tuple[bool, bytes | None]:
        """Binds it and notes the way, the only one from now on; False when it is another browser's, or over.

        With it what was granted before, and not chosen from.
        """
        ...

    async def come_back(self, way_digest: bytes) -> ConnectSession | None:
        """Uses the way, once; None when it is not good, or not any more."""
        ...

    async def tell(self, session: ConnectSession, state: ConnectState, error: str | None) -> ConnectSession | None:
        """How the latest try went; None, and nothing is written, when it was begun again or connected since."""
        ...

    async def keep_grant(self, session: ConnectSession, sealed_grant: bytes) -> ConnectSession | None:
        """Until a site is chosen; None when it was begun again or connected since."""
        ...

    async def take_grant(self, session: ConnectSession) -> bytes | None:
        """What was granted, for one who has chosen; None when another has, or the time is over."""
        ...

    async def finish(self, session: ConnectSession, integration_id: int) -> ConnectSession | None:
        """It is connected, once; None when it was already."""
        ...

    async def take_unchosen(self, most: int) -> Sequence[ConnectSession]:
        """Up to `most` whose time was over before a site was chosen, each with what was granted, for the last time."""
        ...

    async def purge(self, days: int, most: int) -> int: ...


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

    async def rename(self, organisation_id: int, name: str) -> None: ...

    async def mark_deleted(self, organisation_id: int) -> None: ...

    async def get_return_urls(self, organisation_id: int) -> Sequence[str]: ...

    async def set_return_urls(self, organisation_id: int, return_urls: Sequence[str]) -> None: ...


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

    async def list_page(self, organisation_id: int, before: int | None, most: int) -> Sequence[ApiKey]:
        """Newest first, from the key before the one with the id `before` on."""
        ...

    async def revoke_own(self, organisation_id: int, key_id: int) -> ApiKey | None:
        """As `revoke`, of the organisation's keys alone."""
        ...

    async def revoke(self, key_id: int) -> ApiKey | None:
        """Marks the key revoked and tells every process; None when there is no such unrevoked key."""
        ...

    async def announce_revocation(self) -> None:
        """Tells every process, when this unit of work commits, to forget the keys it has verified."""
        ...


class HotItems(Protocol):
    """What the product does all day. Each is atomic by itself, and workers hear of what was queued."""

    async def put(self, organisation_id: int, item: NewItem) -> Put:
        """Writes what the product says of it, with the deliveries that follow from it."""
        ...

    async def get(self, organisation_id: int, item_type: ItemType, key: str) -> StoredItem | None: ...

    async def list(self, organisation_id: int, wanted: ItemFilter) -> Sequence[StoredItem]: ...

    async def list_links(self, organisation_id: int, item_ids: Sequence[int]) -> Sequence[Link]:
        """What the items are at the vendors of integrations that are there."""
        ...


class ItemTable(Protocol):
    """Items inside a unit of work; workers hear of what was queued when it commits."""

    async def put_all(self, organisation_id: int, items: Sequence[NewItem]) -> Sequence[Put]:
        """As the hot `put`, for many, each of which is named once."""
        ...

    async def delete(self, organisation_id: int, item_type: ItemType, key: str) -> StoredItem | None:
        """Marks it deleted, with the deliveries that follow from it; None when there is none."""
        ...

    async def erase(self, organisation_id: int) -> None:
        """Deletes every item of the organisation, with its links and deliveries."""
        ...

    async def purge(self, days: int, most: int) -> int: ...


class DeliveryTable(Protocol):
    """Changes of items on their way to integrations' vendors, inside a unit of work."""

    async def has_due(self, integration: Detail) -> bool:
        """Whether something is to be brought to the integration's vendor now."""
        ...

    async def due(self, most: int) -> Sequence[tuple[int, int]]:
        """Organisation and id of integrations for which something is due and nobody is at it."""
        ...

    async def list(self, integration: Detail, wanted: DeliveryFilter) -> Sequence[ItemDelivery]: ...

    async def get_for_update(self, integration: Detail, delivery_id: int) -> ItemDelivery | None: ...

    async def retry(self, delivery: ItemDelivery) -> None:
        """One that is held or waits is due at once, with all its attempts before it."""
        ...

    async def retry_held(self, integration: Detail) -> int:
        """As `retry`, for all held ones; returns how many there were."""
        ...

    async def search(self, organisation_id: int, wanted: DeliverySearch) -> Sequence[NamedDelivery]:
        """Of all of the organisation's integrations."""
        ...

    async def count_held(self, integration: Detail) -> Count: ...

    async def next_held(self, organisation_id: int, after_id: int, most: int) -> Sequence[tuple[int, int]]:
        """Ids of held deliveries and of their integrations, by the delivery's id."""
        ...

    async def retry_some(self, organisation_id: int, delivery_ids: Sequence[int]) -> Sequence[int]:
        """As `retry`, for those that are still held; returns the id of the integration of each."""
        ...

    async def cancel_all(self, integration: Detail) -> None:
        """Whatever has not ended will not be brought out any more."""
        ...

    async def let_go(self, integration: Detail) -> float | None:
        """What nobody has in hand any more is pending again; the job that had it has ended.

        Returns after how many seconds that can be said of the rest, which may still be on its way; None: there is none.
        """
        ...

    async def purge(self, days: int, most: int) -> int: ...


class HotDeliveries(Protocol):
    """What happens to every delivery of a job. Each is atomic by itself, and done only by who runs the job."""

    times: LeaseTimes

    async def release(self, running: Running) -> float | None:
        """What an earlier run of the job had in hand is pending again, or held if it never came to an end.

        Returns after how many seconds to ask again, since some may still be on its way; None: nothing is.
        """
        ...

    async def has_due(self, integration: Detail) -> bool:
        """Whether something is to be brought to the integration's vendor now."""
        ...

    async def claim(self, running: Running, integration: Detail, place: bytes, most: int) -> Sequence[Outgoing]:
        """Up to `most` that are due, the longest due first, one of each item. `place` is where they go.

        Nobody else sends them for `times.wait_seconds`, whatever becomes of this process.

        None when the integration is not worked with any more, or differs from what it was in what it sends or where.
        """
        ...

    async def renew(self, running: Running, outgoing: Outgoing) -> bool:
        """As if it were claimed now. False when it is somebody else's by now, or not to be sent any more."""
        ...

    async def settle(self, running: Running, place: bytes, settlements: Sequence[Settlement]) -> None:
        """Writes what came of them in that place."""
        ...


class LinkTable(Protocol):
    """What items are at vendors, inside a unit of work."""

    async def note_read(self, integration: Detail, place: bytes, found: Sequence[Found]) -> None:
        """Keeps what was read of the vendor's objects, unless a delivery has changed them since."""
        ...

    async def deliver(self, integration: Detail, items: Sequence[StoredItem], job_id: int) -> None:
        """Has the items brought to the integration's vendor, unless they are on their way."""
        ...


class HotLinks(Protocol):
    """What a synchronisation looks at, outside of any unit of work."""

    async def count_items(self, integration: Detail) -> int:
        """How many items trigger the integration."""
        ...

    async def page(self, integration: Detail, place: bytes, after_id: int, most: int) -> Sequence[Compared]:
        """The next items that trigger the integration, by id, each with what is known of it in that place.

        Deleted ones are among them as long as the vendor has not heard of it.
        """
        ...

    async def count_deliveries(self, running: Running) -> Progress:
        """How far the job's deliveries are."""
        ...


class PlaceTable(Protocol):
    """Where the items of integrations went and go, inside a unit of work."""

    async def list(self, integration: Integration) -> Sequence[KnownPlace]:
        """Every place that the integration ever had items in, and perhaps where they go now."""
        ...

    async def put(self, integration: Integration, place: KnownPlace) -> None:
        """Keeps the place; when it has settings, the others are not where items go now."""
        ...

    async def put_former(self, integration: Integration, settings: bytes, configuration: JsonObject) -> None:
        """Keeps the settings of a place that has items in it and was not located yet; no more than that."""
        ...

    async def drop(self, integration: Integration, links: bytes) -> None:
        """Forgets the place."""
        ...


class HotPlaces(Protocol):
    """What a run looks at before it sends, outside of any unit of work."""

    async def list(self, integration: Integration) -> Sequence[KnownPlace]:
        """As `PlaceTable.list`."""
        ...


class UnitOfWork(Protocol):
    """One transaction: all of it happens, or none."""

    @property
    def integrations(self) -> IntegrationTable: ...

    @property
    def jobs(self) -> JobTable: ...

    @property
    def items(self) -> ItemTable: ...

    @property
    def links(self) -> LinkTable: ...

    @property
    def places(self) -> PlaceTable: ...

    @property
    def deliveries(self) -> DeliveryTable: ...

    @property
    def definitions(self) -> DefinitionTable: ...

    @property
    def installations(self) -> InstallationTable: ...

    @property
    def grants(self) -> GrantTable: ...

    @property
    def refresh_leases(self) -> RefreshLeaseTable: ...

    @property
    def sessions(self) -> SessionTable: ...

    @property
    def sign_in_attempts(self) -> SignInAttemptTable: ...

    @property
    def connect_sessions(self) -> ConnectSessionTable: ...

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

    async def find_orphan(self, digest: bytes) -> bytes | None:
        """The digest as stored of a key that would be good if its organisation were not deleted."""
        ...


class OwnerLookup(Protocol):
    """Whose an integration is, by its id alone, which is unique among all organisations."""

    async def find(self, wanted: Wanted) -> Owner | None:
        """The owner of an integration of one of the providers wanted, whatever its state and whoever's it is."""
        ...

    async def exists(self, organisation_id: int) -> bool:
        """Whether there is such an organisation; a deleted one is none."""
        ...


class OverviewFigures(Protocol):
    async def get(self, organisation_id: int) -> OverviewFacts: ...


class Timelines(Protocol):
    async def list(
        self, organisation_id: int, integration_id: int, before: int | None, most: int
    ) -> Sequence[Happening]:
        """Newest first, from the one before the one with the id `before` on."""
        ...


class AuditRecords(Protocol):
    """The audit as it is read, each page by itself."""

    async def list(
        self, organisation_id: int, wanted: AuditFilter, before: int | None, most: int
    ) -> Sequence[AuditRecord]:
        """Newest first, from the record before the one with the id `before` on."""
        ...


class JobChanges(Protocol):
    """Jobs of several organisations at a time."""

    async def recent(
        self, organisation_ids: Sequence[int], seconds: float, most: int, known: Sequence[tuple[int, int]]
    ) -> Sequence[Job]:
        """Those that run, those that came into another state within so many seconds, and those that are known.

        Of each organisation and state at most so many, the latest; `known` are ids of organisations and jobs. A job may
        come twice.
        """
        ...


class SystemFigures(Protocol):
    """The whole installation, for the operator."""

    async def database(self) -> DatabaseFacts: ...

    async def backlog(self) -> Sequence[Backlog]:
        """What is in the queue, by kind."""
        ...

    async def workers(self) -> Sequence[Worker]:
        """The processes that run jobs, the longest running first."""
        ...

    async def count_by_master_key(self) -> Mapping[str, int]:
        """How many stored keys each master key wraps."""
        ...

    async def count_by_data_key(self) -> Mapping[int, int]:
        """How many organisations have which newest data key."""
        ...

    async def count_organisations(self) -> int: ...

    async def count_resting(self) -> int:
        """Integrations whose accounts their vendors limit now."""
        ...


class KeyRing(Protocol):
    """The master keys that this process was given."""

    @property
    def newest_id(self) -> str: ...

    @property
    def ids(self) -> Sequence[str]:
        """Newest first."""
        ...
