"""What a vendor's status says, the same for all that speak plain HTTP."""

import email.utils
import time
from datetime import UTC, datetime
from typing import Annotated, Final, TypeVar

import msgspec

from jackfield.domain.provider import Budget, CredentialRefused, RightMissing, VendorLimited, VendorUnavailable
from jackfield.providers._http import Reply

_T = TypeVar("_T")
#: for the fields of replies: a word that is one, and that every database and page can hold
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]
#: asked to wait longer than this, nobody waits: the job says so instead
_LONGEST_WAIT: Final = 7 * 24 * 3600.0


def raise_for_status(reply: Reply, vendor: str, right: str) -> None:
    """Raises what the status means, in words that start with the vendor's name; `right` is what a 403 lacks.

    Leaves 404 and other 4xx to the caller, who knows which setting they speak of.
    """
    if reply.status == 429:
        raise limited(reply, vendor)
    if reply.status == 401:
        raise CredentialRefused(f"{vendor} refuses the credential: it is wrong, expired or revoked")
    if reply.status == 403:
        raise RightMissing(f"{vendor} takes the credential, but it lacks the right {right}", right)
    if reply.status >= 500:
        raise VendorUnavailable(f"{vendor} answered with an error of its own ({reply.status})")
    if reply.status >= 300 and reply.status < 400:
        raise VendorUnavailable(
            f"{vendor} answered with a redirect ({reply.status}), which is not followed: check the address"
        )


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


def unexpected(reply: Reply, vendor: str) -> VendorUnavailable:
    """For a status that the vendor's documentation does not have."""
    return VendorUnavailable(f"{vendor} answered in a way we do not know ({reply.status})")


def limited(reply: Reply, vendor: str, seconds: float | None = None) -> VendorLimited:
    """Too many calls; `seconds` where the vendor tells the delay elsewhere than in `Retry-After`."""
    delay = retry_after(reply) if seconds is None else seconds
    wait = f" for {delay:.0f} s" if delay is not None else ""
    return VendorLimited(f"{vendor} limits our calls{wait}", delay)


def seconds_until(reply: Reply, header: str, unit: float = 1.0) -> float | None:
    """The time from now to the moment in a header, which counts from 1970 in units of so many seconds."""
    text = reply.headers.get(header, "").strip()
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        return None
    return min(max(0.0, int(text) * unit - time.time()), _LONGEST_WAIT)


def note_budget(budget: Budget, reply: Reply, remaining: str, seconds: float | None) -> None:
    """Notes how many calls the header of that name says are left, for so many seconds."""
    text = reply.headers.get(remaining, "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        budget.note(int(text), seconds)


def retry_after(reply: Reply) -> float | None:
    """The delay of `Retry-After` in seconds (RFC 9110 §10.2.3: a number or a date); None when there is none."""
    text = reply.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        # more digits than a float has are infinite, and still the longest wait
        return min(float(text), _LONGEST_WAIT)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - datetime.now(UTC)).total_seconds()), _LONGEST_WAIT)
