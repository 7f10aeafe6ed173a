"""What a third party is to us: the manifest of its facts, and what its code can do and can say went wrong.

A provider returns facts or raises one of these errors; what follows from them (retries, states, notices) is for the
services:

    ProviderError
    ├── CredentialRefused         the vendor does not take the credential: a person has to replace it
    │   └── RightMissing          it takes it, but the credential may not do what is needed: the right is named
    ├── GrantRefused              the vendor does not take the grant (code, refresh token): it is spent or revoked
    ├── ApplicationRefused        the vendor does not take the operator's registration: nothing a customer can mend
    ├── ConfigurationRejected     a setting is wrong or missing (`field` names it), or the vendor set up wrongly
    │   └── PlaceMoved            the place has another name now: ask where the settings lead, and send again
    ├── ItemRejected              the vendor does not take this one item; the others are not concerned
    │   ├── ObjectRightMissing    the credential may do it, but not to this one object
    │   └── OurFault              the vendor says that we asked in a wrong way: only a developer can mend it
    ├── ObjectVanished            what was delivered before is not there any more
    ├── VendorUnavailable         no usable answer: worth another try
    │   ├── UnknownRefusal        a refusal that no table knows: worth another try for some hours, and nobody's fault
    │   └── VendorLimited         too many calls: worth another try after `retry_after` seconds
    │       └── AccountResting    not even called, since an earlier call was limited: a wait, and no failure
    └── Unsupported               the provider cannot do this at all
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar, Final, Protocol, runtime_checkable

import msgspec

from jackfield.domain.copied import tidy_address, tidy_reference, tidy_text, tidy_token
from jackfield.domain.credential import Secrets
from jackfield.domain.errors import JackfieldError, Kind
from jackfield.domain.item import Item, ItemStatus

_SLUG: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}")
#: names under which the hubs contract can carry a secret
AUTH_KEYS: Final = (
    "region",
    "namespace",
    "api_key",
    "key_id",
    "secret",
    "subscription_id",
    "client_id",
    "base64_config",
)


def _is_address(pattern: str | None) -> bool:
    """Whether what matches is an http(s) address."""
    return (pattern or "").startswith("^http")


class Category(StrEnum):
    """What a vendor is for."""

    ERROR_MONITORING = "error-monitoring"
    SOURCE_CONTROL = "source-control"
    ISSUE_TRACKING = "issue-tracking"
    KNOWLEDGE = "knowledge"
    CHAT = "chat"
    APPS = "apps"


class FieldType(StrEnum):
    """Which form control fits a field."""

    SELECT = "select"
    STRING = "string"
    INT = "int"
    BLOB = "blob"


class SettingField(msgspec.Struct, frozen=True, kw_only=True):
    """One setting that is not secret, by its canonical name.

    `destination`: it decides where secrets are sent, so changing it asks for every secret again.
    `needed_to_deliver`: asked for when the integration is enabled for items. `verified`: verification reads it, so what
    was proven does not hold once it changes. `pattern`: what all of the value matches.
    `example`: a value that fits, for people whose own does not. `copied`: patterns of other forms in which people copy
    it, each with one group that is the value. `ends_before`: of an address, the paths of the API and of pages that are
    not part of it. `identifies`: the vendor's own id of a destination, which stays when its address changes.
    """

    name: str
    title: str
    help: str
    required: bool = False
    needed_to_deliver: bool = False
    destination: bool = False
    verified: bool = True
    identifies: bool = False
    pattern: str | None = None
    type: FieldType = FieldType.STRING
    options: tuple[str, ...] | None = None
    default: str | None = None
    example: str | None = None
    copied: tuple[str, ...] = ()
    ends_before: tuple[str, ...] = ()

    @property
    def is_address(self) -> bool:
        return _is_address(self.pattern)

    def tidied(self, text: str) -> str:
        """The value that is meant by what a person copied."""
        if self.is_address:
            return tidy_address(text, self.ends_before)
        return text if self.type is FieldType.BLOB else tidy_reference(text, self.copied)


class SecretField(msgspec.Struct, frozen=True, kw_only=True):
    """One member of the credential, by its canonical name; `auth_key` is the name the hubs contract has for it.

    `pattern` and `example` are as a setting's. `keeps_query`: of an address, its query belongs to it.
    """

    name: str
    auth_key: str
    title: str
    help: str
    required: bool = False
    pattern: str | None = None
    type: FieldType = FieldType.STRING
    example: str | None = None
    ends_before: tuple[str, ...] = ()
    keeps_query: bool = False

    @property
    def is_address(self) -> bool:
        return _is_address(self.pattern)

    def tidied(self, text: str) -> str:
        """The value that is meant by what a person copied. A block of lines is left to who reads it."""
        if self.type is FieldType.BLOB:
            return text
        if self.is_address:
            return tidy_address(text, self.ends_before, keeps_query=self.keeps_query)
        return tidy_token(text) if self.pattern else tidy_text(text)


class AuthMethod(msgspec.Struct, frozen=True, kw_only=True):
    """One complete way to prove oneself: the canonical names of all it takes.

    `of_account` False: it is nobody's, such as a webhook, and a new one is another one.
    """

    name: str
    title: str
    secrets: tuple[str, ...]
    configuration: tuple[str, ...] = ()
    of_account: bool = True


class Source(msgspec.Struct, frozen=True):
    """Where the vendor documents a group of facts, and when it was read last."""

    facts: str
    url: str
    checked_at: date


class Meaning(StrEnum):
    """What one of a vendor's errors is about, which decides what follows from it and who has to act."""

    #: the credential: a person replaces it
    CREDENTIAL = "credential"
    #: a right that the credential lacks everywhere
    RIGHT = "right"
    #: the operator's registration at the vendor
    APPLICATION = "application"
    #: a setting of the integration, or how the vendor's side is set up for it
    CONFIGURATION = "configuration"
    #: this one item, which is held
    ITEM = "item"
    #: a right that is lacking for this one object, whose delivery is held
    OBJECT_RIGHT = "object_right"
    #: what was delivered before is not there any more, or cannot be changed any more
    GONE = "gone"
    #: too many calls
    LIMIT = "limit"
    #: it goes by itself
    PASSING = "passing"
    #: we sent something wrong
    OURS = "ours"


class KnownError(msgspec.Struct, frozen=True, kw_only=True):
    """One error that the vendor documents.

    `name` is the vendor's own: its name, code or status, as text. `words` are one plain sentence for the person who has
    to act, which starts with the vendor's name. `field` is the setting that has to be changed, `right` the right that
    is lacking. `source` is the URL of the page that documents it: one of the manifest's `sources`.
    """

    name: str
    meaning: Meaning
    words: str
    field: str | None = None
    right: str | None = None
    source: str


class Check(StrEnum):
    """What, besides recorded replies, what we send to the vendor is checked against in our tests."""

    #: a program of somebody else's that behaves as the vendor does
    EMULATOR = "emulator"
    #: what the vendor itself publishes for programs: a schema, or types
    DESCRIPTION = "description"


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a person has to know of the vendor's credentials and limits, in sentences.

    `steps` lead to the credential. `rights` are what it needs. None: the vendor has no such thing.
    """

    steps: tuple[str, ...]
    rights: tuple[str, ...] = ()
    lifetime: str
    refresh: str | None = None
    revocation: str | None = None
    webhook_signature: str | None = None
    limits: str

    @property
    def told(self) -> list[tuple[str, str]]:
        """Everything but the steps, as (title, sentence), in the order in which a person reads it."""
        facts = (
            ("It needs", ", ".join(self.rights)),
            ("It lasts", self.lifetime),
            ("Refresh", self.refresh),
            ("Revocation", self.revocation or "The vendor has none."),
            ("Webhooks are signed by", self.webhook_signature),
            ("Limits", self.limits),
        )
        return [(title, text) for title, text in facts if text]


class TokenSet(msgspec.Struct, frozen=True, kw_only=True):
    """One token that a grant gives, by the canonical names of its members; a vendor may give several.

    `lifetime_seconds` is taken where the vendor does not tell; None: such a token does not expire. A scope that is
    asked for this token rather than for the first starts with `scope_prefix`.
    """

    access: str = "access_token"
    refresh: str = "refresh_token"
    expires_at: str = "expires_at"
    scope: str = "scope"
    scope_prefix: str = ""
    lifetime_seconds: float | None = None


class Right(msgspec.Struct, frozen=True):
    """A scope, and what it allows, in a few words of English; None: the manifest has no words for it."""

    scope: str
    words: str | None = None


class OAuth(msgspec.Struct, frozen=True, kw_only=True):
    """That customers connect the vendor by OAuth, with the operator's own registration there.

    `registration` is where the operator gets it. `scopes` are asked for unless a caller asks for others. `scope_words`
    say what a scope allows, to the person who is asked for it; they have those of `scopes`, and others that are well
    known. `rotates`: a refresh ends the old refresh token. `ends_at_once`: it ends the old access token as well.
    `token_sets` are refreshed separately. `verified_by` are scopes of which one is needed to see whose account it is;
    none: that needs no scope.
    """

    registration: str
    scopes: tuple[str, ...]
    scope_words: Mapping[str, str] = {}
    pkce: bool
    refreshes: bool
    rotates: bool = False
    ends_at_once: bool = False
    token_sets: tuple[TokenSet, ...] = (TokenSet(),)
    verified_by: tuple[str, ...] = ()

    def complaint_of(self, scopes: Sequence[str]) -> str | None:
        """Why a customer who grants these scopes would still not be connected; None: nothing is known against them."""
        nameless = {token_set.scope_prefix for token_set in self.token_sets} & set(scopes)
        if nameless:
            return f"{min(nameless)} is the beginning of a scope: its name has to follow"
        if scopes and self.verified_by and not set(scopes) & set(self.verified_by):
            return f"Nobody could tell whose account it is: add one of {', '.join(self.verified_by)}"
        return None

    def rights(self, scopes: Sequence[str] = ()) -> tuple[Right, ...]:
        """What is asked for, in words: the caller's `scopes`, or where there are none the manifest's."""
        return tuple(Right(scope, self.scope_words.get(scope)) for scope in scopes or self.scopes)


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The declared facts of one provider. `base_url` and `api_url` are the vendor's own; an operator may replace them.

    The first of `auth_methods` is what `required` marks in the fields. `features` are words for the catalogue.
    `unprovable` says why the credential cannot be proven without a trace, where it cannot. `tracks` tells whether the
    vendor's objects have a state that can be read back, `tells_progress` whether that tells items in progress from
    others that are open. `deliveries_at_once` is how many items may be on their way for one integration. `checks` are
    claims that our tests have to show. `errors` are all that the vendor documents for the calls that are made.
    """

    slug: str
    name: str
    category: Category
    url: str
    description: str
    secrets: tuple[SecretField, ...]
    configuration: tuple[SettingField, ...] = ()
    auth_methods: tuple[AuthMethod, ...]
    features: tuple[str, ...] = ()
    supports_multiple: bool = True
    editable: bool = True
    usable: bool = True
    deprecated: bool = False
    base_url: str | None = None
    api_url: str | None = None
    facts: Facts | None = None
    tracks: bool = False
    tells_progress: bool = True
    deliveries_at_once: int = 8
    unprovable: str | None = None
    oauth: OAuth | None = None
    checks: tuple[Check, ...] = ()
    errors: tuple[KnownError, ...] = ()
    sources: tuple[Source, ...]

    def __post_init__(self) -> None:
        """Raises ValueError for a manifest that contradicts itself, when the provider is loaded."""
        if not _SLUG.fullmatch(self.slug):
            raise ValueError(f"{self.slug!r} is no slug: lower-case letters, digits, _ and -")
        unknown = {secret.auth_key for secret in self.secrets} - set(AUTH_KEYS)
        if unknown:
            raise ValueError(f"{self.slug}: the hubs contract has no auth key {', '.join(sorted(unknown))}")
        names = [*(secret.name for secret in self.secrets), *(setting.name for setting in self.configuration)]
        keys = [secret.auth_key for secret in self.secrets]
        if len(set(names)) != len(names) or len(set(keys)) != len(keys):
            raise ValueError(f"{self.slug}: two fields have the same name")
        for method in self.auth_methods:
            missing = {*method.secrets, *method.configuration} - set(names)
            if missing:
                raise ValueError(f"{self.slug}: {method.name} takes {', '.join(sorted(missing))}, which is no field")
        if len({error.name for error in self.errors}) != len(self.errors):
            raise ValueError(f"{self.slug}: two errors have the same name")
        strange = {error.field for error in self.errors} - {None, *names}
        if strange:
            raise ValueError(f"{self.slug}: errors name {', '.join(sorted(map(str, strange)))}, which is no field")


class Budget:
    """How many calls the vendor says are left for an account, noted by the provider from each reply that tells.

    `remaining` None: the vendor did not tell. `seconds` is the time until the count begins anew.
    """

    __slots__ = ("remaining", "seconds")

    def __init__(self) -> None:
        self.remaining: int | None = None
        self.seconds: float | None = None

    def note(self, remaining: int | None, seconds: float | None) -> None:
        """What the latest reply tells; a reply that tells nothing leaves what an earlier one told."""
        if remaining is not None:
            self.remaining = max(0, remaining)
            self.seconds = seconds


class Connection(msgspec.Struct, frozen=True):
    """What a provider works with: the integration's credential in clear, its configuration, and what it may spend.

    `place_id` is the `id` of the place to which these settings led when they were looked up last; None: nobody knows.
    """

    secrets: Secrets
    configuration: Mapping[str, str]
    budget: Budget = msgspec.field(default_factory=Budget)
    place_id: str | None = None


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Whose credential it is, as the vendor tells."""

    id: str
    name: str
    url: str | None = None


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where items go, such as a repository, as the vendor itself knows it.

    `id` is the vendor's own: it stays when the place gets another name, and no other place of the integration's vendor
    ever has it. `name` is what the vendor calls it now. `settings` are new values of those settings that lead there
    under an old name only, and may lead elsewhere tomorrow.
    """

    id: str
    name: str | None = None
    settings: Mapping[str, str] = {}


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """The vendor took the credential. `scopes` None: the vendor does not tell them.

    `place` None: the settings name none, or the vendor does not tell which one it is.
    """

    account: Account
    scopes: tuple[str, ...] | None = None
    expires_at: datetime | None = None
    place: Place | None = None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One item to be brought to the vendor.

    `vendor_id` is what an earlier delivery of this item returned; None: there was none, or nobody knows. `marker` is
    the same for every delivery of the item by this integration, and of nothing else: 32 lower-case hex digits.
    `retried`: an earlier try, the first `since` then, may have reached the vendor without our hearing of it.
    """

    item: Item
    marker: str
    vendor_id: str | None = None
    retried: bool = False
    since: datetime | None = None


class Delivered(msgspec.Struct, frozen=True, kw_only=True):
    """The vendor's object. `vendor_id` is all that the provider needs to find it again, `url` where a person does.

    `not_done` says in one plain sentence what the vendor did not do of it, and why: then the item is not in line, and
    is sent again with its next change and by a synchronisation. `status` is the one that the object has, where the
    vendor left it at another than the one that was asked for. `place` is where a new object is, for vendors that cannot
    be asked before.
    """

    vendor_id: str
    url: str | None = None
    not_done: str | None = None
    status: ItemStatus | None = None
    place: Place | None = None


class VendorState(msgspec.Struct, frozen=True, kw_only=True):
    """How the vendor's object is now; `assignee` is a name there."""

    status: ItemStatus
    assignee: str | None = None
    url: str | None = None


class Provider(Protocol):
    """Code for one third party. What else it can do is shown by the protocols below that it satisfies."""

    manifest: ClassVar[Manifest]


@runtime_checkable
class Verifies(Protocol):
    async def verify(self, connection: Connection) -> Verified:
        """Proves the credential by a call that changes nothing at the vendor. Raises ProviderError."""
        ...


@runtime_checkable
class Locates(Protocol):
    """The vendor has an id of its own for the place that the settings name.

    `names_are_reused`: a name can come to mean another place while nobody changes the setting, so each run asks anew.
    """

    names_are_reused: ClassVar[bool]

    async def locate(self, connection: Connection) -> Place | None:
        """The place, also when the settings have an old name of it, with as few calls as the vendor allows.

        None when the settings name none, or the vendor does not tell which one it is. Raises ProviderError.
        """
        ...


@runtime_checkable
class Revokes(Protocol):
    async def revoke(self, connection: Connection) -> None:
        """Ends the credential at the vendor; also when it has ended already. Raises ProviderError."""
        ...


@runtime_checkable
class Uninstalls(Protocol):
    async def uninstall(self, installation_id: str, client_secret: str) -> None:
        """Tells an app's own server that an installation of it is gone; may be repeated. Raises ProviderError."""
        ...


@runtime_checkable
class Delivers(Protocol):
    async def deliver(self, connection: Connection, delivery: Delivery) -> Delivered:
        """Creates the vendor's object of the item, or brings the one that is there into line.

        May be repeated: a `retried` delivery looks for the marker before it creates, where the vendor lets it. Raises
        ObjectVanished when `vendor_id` is there no more, or another ProviderError.
        """
        ...


@runtime_checkable
class ReadsBack(Protocol):
    async def read_back(self, connection: Connection, vendor_ids: Sequence[str]) -> Mapping[str, VendorState]:
        """The state of each object that is still there, by its id, with as few calls as the vendor allows.

        Raises ProviderError.
        """
        ...


class ProviderError(JackfieldError):
    """`str(error)` is a sentence for the person who has to act on it; it never quotes what the vendor was sent."""

    kind = Kind.INVALID
    code = "provider-error"


class CredentialRefused(ProviderError):
    code = "credential-refused"


class RightMissing(CredentialRefused):
    code = "right-missing"

    def __init__(self, message: str, right: str) -> None:
        super().__init__(message)
        self.right = right


class GrantRefused(ProviderError):
    """RFC 6749's `invalid_grant`, whatever the vendor calls it."""

    code = "grant-refused"


class ApplicationRefused(ProviderError):
    """RFC 6749's `invalid_client` and its like: the client ID, the client secret, or what was registered with them."""

    code = "application-refused"


class ConfigurationRejected(ProviderError):
    """`field` is the setting that has to be changed before anything goes; None: what has to be changed is no setting
    of ours, such as an address that must not be called, or a restriction at the vendor."""

    code = "configuration-rejected"

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class PlaceMoved(ConfigurationRejected):
    """The vendor says that the place is called otherwise now: worth another try once it is located."""

    code = "place-moved"


class ItemRejected(ProviderError):
    """The vendor does not take this one item as it is. Its delivery is held; the others go on."""

    code = "item-rejected"


class ObjectRightMissing(ItemRejected):
    code = "object-right-missing"

    def __init__(self, message: str, right: str | None = None) -> None:
        super().__init__(message)
        self.right = right


class OurFault(ItemRejected):
    code = "our-fault"


class ObjectVanished(ProviderError):
    code = "object-vanished"


class VendorUnavailable(ProviderError):
    kind = Kind.UNAVAILABLE
    code = "vendor-unavailable"


class UnknownRefusal(VendorUnavailable):
    """`name` is the vendor's own for it, made fit to be shown."""

    code = "unknown-refusal"

    def __init__(self, message: str, name: str) -> None:
        super().__init__(message)
        self.name = name


class VendorLimited(VendorUnavailable):
    code = "vendor-limited"

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class AccountResting(VendorLimited):
    code = "account-resting"

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The vendor limits this account: the next call is in {seconds:.0f} s", seconds)
        self.seconds = seconds


class Unsupported(ProviderError):
    code = "unsupported"


def concerns_the_integration(error: ProviderError) -> bool:
    """Whether somebody has to mend the integration before anything goes; else it is about what was sent alone."""
    return isinstance(error, CredentialRefused | GrantRefused | ApplicationRefused | ConfigurationRejected)
