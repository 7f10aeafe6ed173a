"""Signed-in administrators: sessions of a browser, and the links that open one.

A session is opened by a one-time link, which the operator makes, with an API key, and dies with that key, or by the
word of the organisation's OpenID provider. What a browser or a link carries is known by a keyed hash alone.
"""

import hmac
import re
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from jackfield.domain.errors import Forbidden, NotFound, Unauthenticated
from jackfield.domain.principal import Principal

#: without a call for so long, the administrator has to sign in again
IDLE_LIFETIME: Final = timedelta(hours=12)
#: and after this whatever they do
LONGEST_LIFETIME: Final = timedelta(days=7)
LINK_LIFETIME: Final = timedelta(minutes=10)
#: how far what is known of the last call may lag behind, so that not every page writes
SEEN_EVERY: Final = timedelta(minutes=1)

_RANDOM_BYTES: Final = 32
_FORM: Final = re.compile(r"(?P<kind>jfs|jfl|jfv)_[A-Za-z0-9_-]{43}")


class Opening(StrEnum):
    """How a session was opened."""

    LINK = "link"
    KEY = "key"
    OIDC = "oidc"


class NewSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session to be. `key_id`: of the key that opens it; `subject`: how the OpenID provider calls its user."""

    organisation_id: int
    digest: bytes
    user: str
    capabilities: tuple[str, ...]
    opened_by: Opening
    key_id: int | None = None
    subject: str | None = None


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in administrator. `handle` is the organisation's; `renewed`: its time has just been extended."""

    organisation_id: int
    id: int
    user: str
    capabilities: tuple[str, ...]
    opened_by: Opening
    key_id: int | None
    created_at: datetime
    expires_at: datetime
    seen_at: datetime
    handle: str
    organisation_name: str
    renewed: bool = False

    @property
    def principal(self) -> Principal:
        """Who acts. Without a key, the session itself stands for it: ids are unique among both."""
        key_id = self.id if self.key_id is None else self.key_id
        capabilities = frozenset(self.capabilities)
        return Principal(key_id, self.organisation_id, self.user, capabilities, session_id=self.id)


class NewLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link to be."""

    organisation_id: int
    digest: bytes
    user: str
    capabilities: tuple[str, ...]


class SessionInvalid(Unauthenticated):
    code = "session-invalid"

    def __init__(self) -> None:
        super().__init__("You are not signed in, or not any more")


class SessionNotFound(NotFound):
    code = "session-not-found"

    def __init__(self, session_id: int) -> None:
        super().__init__("Session", str(session_id))


class LinkInvalid(Unauthenticated):
    code = "link-invalid"

    def __init__(self) -> None:
        super().__init__("This link has been used already or has expired: ask for a new one")


class FormRefused(Forbidden):
    """A form that this service did not give to this browser, or gave to an earlier session of it."""

    code = "form-refused"

    def __init__(self) -> None:
        super().__init__("This form is not of your present session: open the page again, and send it from there")


class TooManyFailures(Forbidden):
    code = "too-many-failures"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many attempts have failed: wait {seconds} seconds")
        self.seconds = seconds


def generate_session_token() -> str:
    return f"jfs_{secrets.token_urlsafe(_RANDOM_BYTES)}"


def generate_link_token() -> str:
    return f"jfl_{secrets.token_urlsafe(_RANDOM_BYTES)}"


def generate_visitor_token() -> str:
    """For a browser that has no session yet, so that its forms can be told from others'."""
    return f"jfv_{secrets.token_urlsafe(_RANDOM_BYTES)}"


def looks_like_session(text: str) -> bool:
    return _kind(text) == "jfs"


def looks_like_link(text: str) -> bool:
    return _kind(text) == "jfl"


def looks_like_visitor(text: str) -> bool:
    return _kind(text) == "jfv"


def form_token(pepper: bytes, browser_token: str, purpose: str) -> str:
    """What a form of this browser carries, by which it is known again; it tells nothing of the browser's token."""
    return hmac.digest(pepper, f"form\n{purpose}\n{browser_token}".encode(), "sha256").hex()


def _kind(text: str) -> str | None:
    found = _FORM.fullmatch(text)
    return found["kind"] if found else None
