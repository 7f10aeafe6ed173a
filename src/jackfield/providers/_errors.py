"""From a vendor's own name for an error to what it means, by the table in the manifest.

A provider finds out what the vendor called the error (a name, a code, a status) and asks here what to raise. What no
table has is an UnknownRefusal: shown under the vendor's own name, and held against nobody.
"""

import re
from collections.abc import Sequence
from typing import Final

from jackfield.domain.provider import (
    ApplicationRefused,
    ConfigurationRejected,
    CredentialRefused,
    ItemRejected,
    KnownError,
    Manifest,
    Meaning,
    ObjectRightMissing,
    ObjectVanished,
    OurFault,
    ProviderError,
    RightMissing,
    UnknownRefusal,
    VendorLimited,
    VendorUnavailable,
)
from jackfield.providers._http import Reply
from jackfield.providers._waits import retry_after

#: of what a vendor wrote, in characters
_LONGEST: Final = 100
#: long runs with a digit in them: they may be a token that the vendor repeats
_TOKEN_LIKE: Final = re.compile(r"(?=[^\s]*[0-9])[\w+/=.~-]{20,}")


def find(errors: Sequence[KnownError], *names: str | int) -> KnownError | None:
    """The entry of the first of the names that has one: say the most precise name first."""
    table = {error.name: error for error in errors}
    return next((table[str(name)] for name in names if str(name) in table), None)


def refusal(
    manifest: Manifest,
    *names: str | int,
    reply: Reply | None = None,
    seconds: float | None = None,
    right: str | None = None,
    reason: str = "",
) -> ProviderError:
    """What to raise for an error that the vendor called by these names, the most precise one first.

    `reply` tells how long a limit lasts, unless `seconds` do. `right` is the one that the vendor itself names. `reason`
    is what the vendor says of one item, in its own words, and is shown for errors that are about that item.
    """
    known = find(manifest.errors, *names)
    if known is None:
        return unknown(manifest.name, names[0] if names else "")
    return error_of(known, reply=reply, seconds=seconds, right=right, reason=reason)


def error_of(  # noqa: PLR0911  one for each meaning
    known: KnownError,
    *,
    reply: Reply | None = None,
    seconds: float | None = None,
    right: str | None = None,
    reason: str = "",
) -> ProviderError:
    """What to raise for an entry of a table; the arguments are those of `refusal`."""
    match known.meaning:
        case Meaning.CREDENTIAL:
            return CredentialRefused(known.words)
        case Meaning.RIGHT:
            return RightMissing(known.words, right or known.right or "")
        case Meaning.APPLICATION:
            return ApplicationRefused(known.words)
        case Meaning.CONFIGURATION:
            return ConfigurationRejected(known.words, known.field)
        case Meaning.ITEM:
            return ItemRejected(_with_reason(known.words, reason))
        case Meaning.OBJECT_RIGHT:
            return ObjectRightMissing(known.words, right or known.right)
        case Meaning.GONE:
            return ObjectVanished(known.words)
        case Meaning.OURS:
            return OurFault(_with_reason(known.words, reason))
        case Meaning.LIMIT:
            delay = retry_after(reply) if seconds is None and reply is not None else seconds
            return VendorLimited(known.words, delay)
        case Meaning.PASSING:
            return VendorUnavailable(known.words)


def unknown(vendor: str, name: str | int) -> UnknownRefusal:
    """A refusal that no table has, under the name that the vendor gave it."""
    shown = fit_to_show(str(name)) or "no name"
    return UnknownRefusal(f"{vendor} refuses this with an error that Jackfield does not know: {shown}", shown)


def fit_to_show(text: str) -> str:
    """What a vendor wrote, on one line, at most 100 characters of it, without what may be a token."""
    words = " ".join("".join(one if one.isprintable() else " " for one in text[: _LONGEST * 10]).split())
    words = _TOKEN_LIKE.sub("…", words)
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1].rstrip() + "…"


def _with_reason(words: str, reason: str) -> str:
    shown = fit_to_show(reason)
    return f"{words} ({shown})" if shown else words
