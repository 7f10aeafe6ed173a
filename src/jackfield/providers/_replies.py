"""What a vendor's status says, the same for all that speak plain HTTP."""

import re
from typing import Annotated, Final, TypeVar

import msgspec

from jackfield.domain.provider import (
    Budget,
    ConfigurationRejected,
    CredentialRefused,
    RightMissing,
    VendorLimited,
    VendorUnavailable,
)
from jackfield.providers._errors import unknown
from jackfield.providers._http import Reply, origin_of
from jackfield.providers._waits import retry_after

_T = TypeVar("_T")
#: for the fields of replies: a word that is one, and that every database and page can hold
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]


#: of a refusal's body, in bytes
_LONGEST_REASON: Final = 10_000
#: what a 403 is about besides a right, by words that vendors use, and what has to be done; the first that fits
_FORBIDDEN: Final = (
    (
        re.compile(r"\bsaml\b|single sign-?on|\bsso\b"),
        "wants the token authorised for the organisation's single sign-on (SAML SSO): authorise it there",
    ),
    (
        re.compile(
            r"\bip (address )?(allow|white)[ -]?list|allowed ip|not (allowed|permitted) from (this|your) (ip|network)"
            r"|\bip[ -]?address\b.{0,80}\b(allow|permit|block|restrict)"
        ),
        "does not let this server's IP address in: add it to the organisation's IP allow list",
    ),
    (
        re.compile(r"\baccept\b.{0,60}\bterms\b|\bterms\b.{0,60}\baccept"),
        "wants the account to accept its terms first: sign in there with a browser and accept them",
    ),
    (
        re.compile(
            r"(account|user)\b.{0,40}\b(blocked|suspended|deactivated|disabled|locked|banned)"
            r"|(blocked|suspended|deactivated|disabled|locked|banned) (account|user)"
        ),
        "has the account blocked or suspended: ask whoever administers it there, or connect another account",
    ),
    (
        re.compile(
            r"(token|pat)s?\b.{0,80}\b(forbid|forbids|forbidden|policy|policies|lifetime|disabled)"
            r"|(forbids|policy|policies|prohibits)\b.{0,80}\btoken"
        ),
        "has a policy of the organisation against this token: ask an owner there to approve it, or enter another type",
    ),
    (
        re.compile(r"two[- ]factor|\b(2fa|mfa)\b"),
        "wants the account to set up two-factor authentication first",
    ),
    (
        re.compile(r"password.{0,40}(expired|change|reset)"),
        "wants the account to change its password first: sign in there with a browser",
    ),
)


def raise_for_status(reply: Reply, vendor: str, right: str) -> None:
    """Raises what the status means, in words that start with the vendor's name; `right` is what a 403 lacks.

    Leaves 404 and other 4xx to the caller, who knows which setting they speak of.
    """
    if reply.status == 429:
        raise limited(reply, vendor)
    if reply.status == 401:
        raise CredentialRefused(f"{vendor} refuses the credential: it is wrong, expired or revoked")
    if reply.status == 403:
        raise forbidden(reply, vendor, right)
    if reply.status >= 500:
        raise VendorUnavailable(f"{vendor} answered with an error of its own ({reply.status})")
    if 300 <= reply.status < 400:
        raise moved(reply, vendor)


def decode(reply: Reply, type_: type[_T], vendor: str) -> _T:
    """The body as that type. Raises VendorUnavailable when it is something else: replies may lie."""
    try:
        return msgspec.json.decode(reply.body, type=type_)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise unexpected(reply, vendor) from None


def web_url(text: str | None) -> str | None:
    """An address from a reply if a page can link to it; a vendor's own server may be anybody's."""
    if text is None or len(text) > 1000 or not text.startswith(("https://", "http://")):
        return None
    return text if text.isprintable() else None


def moved(reply: Reply, vendor: str) -> ConfigurationRejected:
    """A redirect, which is not followed: a secret would go where nobody entered it. Names the server to enter."""
    there = _origin(reply.headers.get("location", ""))
    if there is None:
        return ConfigurationRejected(f"{vendor} answers with a redirect ({reply.status}): check the address")
    return ConfigurationRejected(
        f"{vendor} is at another address: it redirects to {there}. Enter that address, "
        "or ask whoever runs the server why it redirects"
    )


def forbidden(reply: Reply, vendor: str, right: str) -> RightMissing:
    """What a 403 is about, as far as the vendor's words tell; without any, a right is missing."""
    words = " ".join(reply.body[:_LONGEST_REASON].decode("utf-8", "replace").lower().split())
    for pattern, remedy in _FORBIDDEN:
        if pattern.search(words):
            return RightMissing(f"{vendor} {remedy}", right)
    return RightMissing(f"{vendor} takes the credential, but it lacks the right {right}", right)


def _origin(location: str) -> str | None:
    """Where a redirect leads, without the path, which may hold a secret; None when it is no whole address."""
    try:
        origin = origin_of(location)
    except ConfigurationRejected:
        return None
    scheme, _, rest = origin.partition("://")
    usual = ":443" if scheme == "https" else ":80"
    return f"{scheme}://{rest.removesuffix(usual)}" if origin.isascii() and len(origin) <= 300 else None


def unexpected(reply: Reply, vendor: str) -> VendorUnavailable:
    """For an answer that the vendor's documentation does not have: a refusal (4xx), or no usable answer."""
    if 400 <= reply.status < 500:
        return unknown(vendor, f"HTTP {reply.status}")
    return VendorUnavailable(f"{vendor} answered in a way we do not know ({reply.status})")


def limited(reply: Reply, vendor: str, seconds: float | None = None) -> VendorLimited:
    """Too many calls; `seconds` where the vendor tells the delay elsewhere than in `Retry-After`."""
    delay = retry_after(reply) if seconds is None else seconds
    wait = f" for {delay:.0f} s" if delay is not None else ""
    return VendorLimited(f"{vendor} limits our calls{wait}", delay)


def note_budget(budget: Budget, reply: Reply, remaining: str, seconds: float | None) -> None:
    """Notes how many calls the header of that name says are left, for so many seconds."""
    text = reply.headers.get(remaining, "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        budget.note(int(text), seconds)
