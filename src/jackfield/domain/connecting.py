"""Connect sessions: one-time links by which a customer connects a vendor, or connects it again, in a browser.

    open ─→ authorising ─→ choosing ─→ connected      the person is at the vendor; has to choose a site; is done
     ↑ ↑         │            │
     │ └─────────┤ denied     │
     └── failed ←┴────────────┘                       with the reason; may be begun again, until it has expired

A link, a browser and a way to the vendor and back are each known by a keyed hash alone. A link belongs to the first
browser that begins with it, so that what somebody approves elsewhere is never connected by it.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NoReturn

import msgspec

from jackfield.domain.authorization import Site
from jackfield.domain.credential import Place
from jackfield.domain.definition import Definition
from jackfield.domain.errors import Forbidden, Invalid, NotFound, Unauthenticated
from jackfield.domain.principal import Principal
from jackfield.domain.provider import Right

#: within this a link has to be begun with
LINK_LIFETIME: Final = timedelta(minutes=30)
#: within this the browser has to come back from the vendor
STATE_LIFETIME: Final = timedelta(minutes=10)
#: within this one of several sites has to be chosen
CHOICE_LIFETIME: Final = timedelta(minutes=10)
#: after this nothing happens with a link any more, whatever was begun with it
LONGEST_LIFETIME: Final = timedelta(hours=1)
#: in which the hosted pages are written
LOCALES: Final = ("en", "de", "fr", "es")
#: where vendors send browsers back to, at the address of this service
CALLBACK_PATH: Final = "/connect/callback"
SCOPES_LIMIT: Final = 50

_RANDOM_BYTES: Final = 32
_FORM: Final = re.compile(r"jfc_[A-Za-z0-9_-]{43}")
_STATE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
#: RFC 6749 §3.3, without what some vendors divide scopes by
_SCOPE: Final = re.compile(r"[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]{1,200}")


class ConnectState(StrEnum):
    """How far a connect session is.

    - `open`: the link has not been used.
    - `authorising`: the customer is at the vendor.
    - `choosing`: the customer is choosing settings.
    - `connected`: done.
    - `failed`: the last attempt failed.
    - `expired`: the link was not used in time.
    """

    OPEN = "open"
    AUTHORISING = "authorising"
    CHOOSING = "choosing"
    CONNECTED = "connected"
    FAILED = "failed"
    EXPIRED = "expired"


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller wants a customer to connect.

    `vendor` None: that of `integration_id`, which is connected again. `scopes` empty: those of the manifest. `name` is
    of a new integration; None: the vendor's.
    """

    vendor: str | None = None
    integration_id: int | None = None
    scopes: tuple[str, ...] = ()
    return_url: str | None = None
    locale: str | None = None
    name: str | None = None


class NewConnectSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session to be. `digest` is of its link's token."""

    organisation_id: int
    digest: bytes
    provider: str
    integration_id: int | None
    scopes: tuple[str, ...]
    return_url: str | None
    locale: str | None
    name: str | None
    creator_user: str
    creator_key_id: int


class ConnectSession(msgspec.Struct, frozen=True, kw_only=True):
    """`integration_id` is the one that is connected again (`reconnects`), or the one that came of it; else None.

    `error` is why the latest try failed, for the customer. `browser_digest` None: nobody has begun yet. `sealed_way`
    is what the vendor's answer is checked against, `sealed_grant` what it granted, while a person chooses a site.
    """

    organisation_id: int
    id: int
    provider: str
    integration_id: int | None
    reconnects: bool
    scopes: tuple[str, ...]
    return_url: str | None
    locale: str | None
    name: str | None
    creator_user: str
    creator_key_id: int
    state: ConnectState
    error: str | None
    created_at: datetime
    expires_at: datetime
    browser_digest: bytes | None = None
    sealed_way: bytes | None = None
    sealed_grant: bytes | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing can be begun with it any more."""
        return self.state in {ConnectState.CONNECTED, ConnectState.EXPIRED}

    @property
    def way_place(self) -> Place:
        return Place(self.organisation_id, "connect_session", self.id, "way")

    @property
    def grant_place(self) -> Place:
        return Place(self.organisation_id, "connect_session", self.id, "grant")

    @property
    def principal(self) -> Principal:
        """Who made the link: what a customer does by it, they do for them."""
        return Principal(self.creator_key_id, self.organisation_id, self.creator_user, frozenset())


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What the page of a link shows.

    `integration_name` is of the one that is connected again; None: a new one will be. `by_oauth`, `by_form`: the ways
    there are; both may be. `rights` are what is asked for by OAuth. `settings` are the values that the
    form begins with, by name. `sites` are to be chosen from, by their index, in the state choosing. `account_name` is
    whose account is connected, when it is and the vendor told. `error` is the session's.
    """

    session: ConnectSession
    definition: Definition
    organisation_name: str
    integration_name: str | None
    by_oauth: bool
    by_form: bool
    rights: tuple[Right, ...]
    settings: Mapping[str, str] = {}
    sites: tuple[Site, ...] = ()
    account_name: str | None = None

    @property
    def error(self) -> str | None:
        return self.session.error


class ConnectStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How far a session is, for who has its link."""

    state: ConnectState
    integration_id: int | None
    error: str | None


class Outcome:
    """What came of a step: the session as it is now. `denied`: the person did not approve at the vendor, or not yet.

    `token` is the link's, so that the browser can be led back to `/connect/{token}`; nothing here prints it.
    """

    __slots__ = ("denied", "session", "token")

    def __init__(self, token: str, session: ConnectSession, *, denied: bool = False) -> None:
        self.token = token
        self.session = session
        self.denied = denied

    @property
    def path(self) -> str:
        """Where the browser goes on."""
        return link_path(self.token)

    @property
    def state(self) -> ConnectState:
        return self.session.state

    @property
    def error(self) -> str | None:
        return self.session.error

    @property
    def integration_id(self) -> int | None:
        return self.session.integration_id

    def __repr__(self) -> str:
        return f"<Outcome {self.session.id} {self.state}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a link in clear is not to be pickled")


class ConnectLinkInvalid(Unauthenticated):
    """No such link, or it was used, or its time is over, or who made it may not any more."""

    code = "connect-link-invalid"

    def __init__(self) -> None:
        super().__init__("This link has been used already or has expired: ask for a new one where you got it")


class OpenedElsewhere(Forbidden):
    """Another browser has begun with the link."""

    code = "connect-link-opened-elsewhere"

    def __init__(self) -> None:
        super().__init__("Another browser has begun with this link: go on there, or ask for a new one")


class BrowserUnknown(Forbidden):
    """The browser did not bring the cookie by which it is known."""

    code = "connect-browser-unknown"

    def __init__(self) -> None:
        super().__init__(
            "Your browser did not bring the cookie by which it is known here: allow cookies, and try again"
        )


class StateInvalid(Forbidden):
    """The way back from a vendor is not one that was begun here, or was gone before, or took too long."""

    code = "connect-state-invalid"

    def __init__(self) -> None:
        super().__init__(
            "This answer does not belong to a connection that is under way: it came twice, or too late, "
            "or was begun again meanwhile. Open the link once more"
        )


class NotOffered(Invalid):
    """The session's vendor cannot be connected in this way, or nothing is to be chosen."""

    code = "connect-not-offered"


class NotConnected(Invalid):
    """The vendor does not take what was approved or filled in, or it does not belong here: a sentence for the customer.

    `field` is the setting that has to be changed, "" for none.
    """

    code = "not-connected"

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class FormProblems(Invalid):
    """What is wrong with a form: `problems` are sentences by the field's name, "" for the form as a whole."""

    code = "connect-form-problems"

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = dict(problems)


class ConnectSessionNotFound(NotFound):
    code = "connect-session-not-found"

    def __init__(self, reference: str) -> None:
        super().__init__("Connect session", reference)


def generate_link_token() -> str:
    return f"jfc_{secrets.token_urlsafe(_RANDOM_BYTES)}"


def looks_like_link(text: str) -> bool:
    return _FORM.fullmatch(text) is not None


def link_path(token: str) -> str:
    """Where a link leads, at the address of the service."""
    return f"/connect/{token}"


def generate_state() -> str:
    return secrets.token_urlsafe(_RANDOM_BYTES)


def looks_like_state(text: str) -> bool:
    return _STATE.fullmatch(text) is not None


def generate_verifier() -> str:
    """RFC 7636 §4.1."""
    return secrets.token_urlsafe(_RANDOM_BYTES)


def challenge_of(verifier: str) -> str:
    """RFC 7636 §4.2, S256."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def is_scope(text: str) -> bool:
    return _SCOPE.fullmatch(text) is not None
