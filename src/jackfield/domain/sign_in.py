"""Signing in by the word of an OpenID provider (https://openid.net/specs/openid-connect-core-1_0.html).

A browser is sent to the provider with a `state`, and comes back with it and a code. Nonce and PKCE verifier follow from
the state and the service's pepper, so neither is kept anywhere. What the provider says of a person are claims; the
operator's rules make of them an organisation and what they may do there.
"""

import base64
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec

from jackfield.domain.audit import checked_user
from jackfield.domain.errors import Forbidden, Invalid, Unauthenticated, Unavailable
from jackfield.domain.principal import Capability

#: in which a person has to have signed in at the provider
ATTEMPT_LIFETIME: Final = timedelta(minutes=10)
_RANDOM_BYTES: Final = 32
_HANDLE: Final = re.compile(r"[a-z0-9-]{1,63}")
_STATE: Final = re.compile(r"[A-Za-z0-9_-]{43}")

#: what a provider says of a person
Claims = Mapping[str, Any]


class SignInRules(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the operator lets in, and where.

    `organisation` is an id, handle or name; None: the claim `organisation_claim` has its handle. `roles` are what each
    value of the claim `roles_claim` gives. Both claims may be paths with dots. `label` is what people know the provider
    by, `issuer` its address.
    """

    issuer: str
    label: str
    organisation: str | None
    organisation_claim: str | None
    roles_claim: str
    roles: Mapping[str, Sequence[str]]


class NewAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that is sent to the provider: keyed hashes of the state and of its cookie."""

    digest: bytes
    browser_digest: bytes
    next_page: str


class Departure(msgspec.Struct, frozen=True, kw_only=True):
    """What goes along to the provider. `challenge` is PKCE's S256 one (RFC 7636). Never printed."""

    redirect_uri: str
    state: str
    nonce: str
    challenge: str

    def __repr__(self) -> str:
        return "<Departure>"


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """What came back, with what it is checked against. Never printed."""

    redirect_uri: str
    code: str
    nonce: str
    verifier: str

    def __repr__(self) -> str:
        return "<Arrival>"


class Admitted(msgspec.Struct, frozen=True, kw_only=True):
    """Who may come in: `subject` is for ever, `user` what they are called."""

    organisation_id: int
    user: str
    subject: str
    capabilities: tuple[str, ...]


class SignInExpired(Unauthenticated):
    code = "sign-in-expired"

    def __init__(self) -> None:
        super().__init__("This sign-in took too long, was finished before, or began in another browser")


class SignInDeclined(Forbidden):
    """The provider sent the browser back without a code: it, or the person, did not want to. `reason`: for the log."""

    code = "sign-in-declined"

    def __init__(self, reason: str) -> None:
        super().__init__("You were not signed in there, so you are not signed in here either")
        self.reason = reason


class IdentityUnproven(Unauthenticated):
    """What the provider sent does not prove who comes. `reason` is for the log."""

    code = "identity-unproven"

    def __init__(self, reason: str) -> None:
        super().__init__("What came back does not prove who you are; the log says why, under this request's id")
        self.reason = reason


class NotAdmitted(Forbidden):
    """Known, and still not let in. `reason` is for the log."""

    code = "not-admitted"

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class IdentityProviderAway(Unavailable):
    """No usable answer, or it does not know this service. `reason` is for the log."""

    code = "identity-provider-away"

    def __init__(self, reason: str) -> None:
        super().__init__("The service that signs you in gives no usable answer at the moment: try again later")
        self.reason = reason


def generate_state() -> str:
    return secrets.token_urlsafe(_RANDOM_BYTES)


def looks_like_state(text: str) -> bool:
    return _STATE.fullmatch(text) is not None


def nonce_of(pepper: bytes, state: str) -> str:
    return _derived(pepper, "nonce", state)


def verifier_of(pepper: bytes, state: str) -> str:
    """43 characters, the fewest that RFC 7636 §4.1 takes, which hold 256 bits."""
    return _derived(pepper, "verifier", state)


def browser_digest(pepper: bytes, browser_token: str) -> bytes:
    return hmac.digest(pepper, f"sign-in browser\n{browser_token}".encode(), "sha256")


def user_of(claims: Claims) -> str:
    """What the person is called: the first name that can be one. Raises NotAdmitted."""
    names = [claims.get("preferred_username")]
    # some providers leave the claim out, and some write it as a text; whatever else it is, it does not say "verified"
    verified = claims.get("email_verified", True)
    if verified is True or verified == "true":
        names.append(claims.get("email"))
    for name in (*names, claims.get("sub")):
        if isinstance(name, str):
            try:
                return checked_user(name)
            except Invalid:
                continue
    raise NotAdmitted("You have no name there by which you could be known here", "no claim is fit for a name")


def capabilities_of(rules: SignInRules, claims: Claims) -> tuple[str, ...]:
    """What all roles together give, in the order of Capability. Raises NotAdmitted when that is nothing."""
    held = texts_at(claims, rules.roles_claim)
    given = {one for role in held for one in rules.roles.get(role, ())}
    if not given:
        raise NotAdmitted(
            "You are known, but none of your roles may come in here: ask who manages your roles for one",
            f"none of {len(held)} role(s) in the claim {rules.roles_claim} is mapped to capabilities",
        )
    return tuple(one.value for one in Capability if one in given)


def handle_of(rules: SignInRules, claims: Claims) -> str:
    """The organisation that the claim names. Raises NotAdmitted unless it is exactly one."""
    named = texts_at(claims, rules.organisation_claim or "")
    if len(named) != 1 or not _HANDLE.fullmatch(named[0]):
        raise NotAdmitted(
            "You are known, but not as a member of one organisation: ask who manages your account there",
            f"the claim {rules.organisation_claim} does not have one handle",
        )
    return named[0]


def texts_at(claims: Claims, path: str) -> tuple[str, ...]:
    """The text, or texts, of a claim; nothing where there are none.

    A claim of exactly this name goes first: names with dots in them are common, as https://example.com/roles is.
    """
    found: Any = claims
    for name in (path,) if path in claims else path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        return (found,)
    return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list) else ()


def _derived(pepper: bytes, purpose: str, state: str) -> str:
    derived = hmac.digest(pepper, f"sign-in {purpose}\n{state}".encode(), "sha256")
    return base64.urlsafe_b64encode(derived).rstrip(b"=").decode()
