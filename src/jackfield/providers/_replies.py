"""What a vendor's status says, the same for all that speak plain HTTP."""

from typing import Annotated, TypeVar

import msgspec

from jackfield.domain.provider import Budget, CredentialRefused, RightMissing, VendorLimited, VendorUnavailable
from jackfield.providers._errors import unknown
from jackfield.providers._http import Reply
from jackfield.providers._waits import retry_after

_T = TypeVar("_T")
#: for the fields of replies: a word that is one, and that every database and page can hold
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]


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
