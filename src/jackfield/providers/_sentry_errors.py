"""What Sentry's errors mean. They are statuses with a `detail`: a sentence, or a code with a sentence."""

from datetime import date
from typing import Any, Final

import msgspec

from jackfield.domain.provider import KnownError, Manifest, Meaning, ProviderError, Source
from jackfield.providers._errors import error_of, find, fit_to_show, refusal, unknown
from jackfield.providers._http import Reply
from jackfield.providers._phrases import named_in
from jackfield.providers._waits import seconds_until

WRITE: Final = "event:write"
#: what a comment says that Sentry has already: a lost answer was one of success
REPEATED: Final = "already posted that comment"
#: what a 403 says when it says nothing
_SAYS_NOTHING: Final = frozenset({"", "forbidden"})

_READ: Final = date(2026, 11, 30)
_RIGHTS_PAGE: Final = "https://docs.sentry.io/api/permissions/"
_AUTH: Final = "https://docs.sentry.io/api/auth/"
_LIMITS: Final = "https://docs.sentry.io/api/ratelimits/"
_REQUESTS: Final = "https://docs.sentry.io/api/requests/"
_UPDATE: Final = "https://docs.sentry.io/api/events/update-an-issue/"
_EXCEPTIONS: Final = "https://github.com/getsentry/sentry/blob/master/src/sentry/api/exceptions.py"
_NOTES: Final = "https://github.com/getsentry/sentry/blob/master/src/sentry/issues/endpoints/group_notes.py"

SOURCES: Final = (
    Source("errors with a code", _EXCEPTIONS, _READ),
    Source("errors of requests", _REQUESTS, _READ),
)


def _known(
    name: str, meaning: Meaning, words: str, source: str, *, field: str | None = None, right: str | None = None
) -> KnownError:
    return KnownError(name=name, meaning=meaning, words=f"Sentry {words}", field=field, right=right, source=source)


_CREDENTIAL: Final = (
    _known(
        "sso-required",
        Meaning.CREDENTIAL,
        "wants single sign-on for this organisation: the token's owner has to sign in by it, or enter the "
        "token of an internal integration",
        _EXCEPTIONS,
    ),
    _known(
        "2fa-required",
        Meaning.CREDENTIAL,
        "wants a second factor in this organisation: set it up for the token's account, or enter the token of an "
        "internal integration",
        _EXCEPTIONS,
    ),
    _known(
        "member-disabled-over-limit",
        Meaning.CREDENTIAL,
        "has the token's account disabled, since the organisation has more members than its plan allows",
        _EXCEPTIONS,
    ),
    _known(
        "primary-email-verification-required",
        Meaning.CREDENTIAL,
        "wants the e-mail address of the token's account verified: follow the link in Sentry's e-mail",
        _EXCEPTIONS,
    ),
    _known(
        "sudo-required",
        Meaning.CREDENTIAL,
        "wants the password for this, which a token has not: enter the token of an internal integration",
        _EXCEPTIONS,
    ),
    _known(
        "superuser-required",
        Meaning.CREDENTIAL,
        "lets administrators of the server alone do this: enter another token",
        _EXCEPTIONS,
    ),
    _known(
        "staff-required",
        Meaning.CREDENTIAL,
        "lets its own staff alone do this: enter another token",
        _EXCEPTIONS,
    ),
    _known(
        "data-secrecy",
        Meaning.CREDENTIAL,
        "keeps this organisation's data from accounts that are no members: enter a member's token",
        _EXCEPTIONS,
    ),
    _known(
        "User inactive or deleted",
        Meaning.CREDENTIAL,
        "says that the token's account is inactive or deleted: enter the token of another",
        _AUTH,
    ),
    _known("Invalid token", Meaning.CREDENTIAL, "does not know the token: it is wrong or was revoked", _AUTH),
    _known("Token expired", Meaning.CREDENTIAL, "says that the token has expired", _AUTH),
    _known("Token has expired", Meaning.CREDENTIAL, "refuses the token, which has expired", _AUTH),
    _known(
        "credentials were not provided",
        Meaning.CREDENTIAL,
        "takes no notice of the token: it has another form than Sentry's",
        _AUTH,
    ),
    _known(
        "doesn't have permission to create Note",
        Meaning.CREDENTIAL,
        "lets no organisation token comment: enter the token of an internal integration",
        _NOTES,
    ),
    _known("401", Meaning.CREDENTIAL, "refuses the credential: it is wrong, expired or revoked", _AUTH),
)
_RIGHTS: Final = (
    _known(
        "do not have permission to perform this action",
        Meaning.RIGHT,
        "takes the token, but it lacks the right",
        _RIGHTS_PAGE,
        right=WRITE,
    ),
    _known("403", Meaning.RIGHT, "takes the credential, but it lacks the right", _RIGHTS_PAGE, right=WRITE),
)
_OTHERS: Final = (
    _known(
        "404",
        Meaning.CONFIGURATION,
        "cannot find this organisation, or the token has no access to it: check org_slug",
        _REQUESTS,
        field="org_slug",
    ),
    _known(REPEATED, Meaning.ITEM, "has had the same comment within an hour, and does not show it", _NOTES),
    _known("400", Meaning.ITEM, "does not take the comment or the issue's new state", _UPDATE),
    _known("413", Meaning.ITEM, "finds what was sent for this item too large", _REQUESTS),
    _known("422", Meaning.ITEM, "does not take this item, although its form is right", _REQUESTS),
    _known("405", Meaning.OURS, "says that this service asks for what cannot be done", _REQUESTS),
    _known("415", Meaning.OURS, "says that this service sends the wrong type of body", _REQUESTS),
    _known("too frequently", Meaning.LIMIT, "limits how often this is called", _LIMITS),
    _known("429", Meaning.LIMIT, "limits our calls", _LIMITS),
    _known("408", Meaning.PASSING, "took too long to answer (408)", _REQUESTS),
    _known("409", Meaning.PASSING, "is changing the issue just now (409)", _EXCEPTIONS),
    _known("500", Meaning.PASSING, "answered with an error of its own (500)", _REQUESTS),
    _known("502", Meaning.PASSING, "answered with an error of its own (502)", _REQUESTS),
    _known("503", Meaning.PASSING, "is overloaded or in maintenance (503)", _REQUESTS),
    _known("504", Meaning.PASSING, "answered with an error of its own (504)", _REQUESTS),
)
ERRORS: Final = (*_CREDENTIAL, *_RIGHTS, *_OTHERS)


class _Detail(msgspec.Struct):
    code: str = ""
    message: str = ""


class _Refusal(msgspec.Struct):
    detail: _Detail | str | None = None


def words_of(reply: Reply) -> str:
    """Return what Sentry wrote: its sentence, or the members that are wrong with what is wrong of them."""
    detail = _detail(reply)
    if isinstance(detail, _Detail):
        return detail.message
    if detail is not None:
        return detail
    try:
        wrong = msgspec.json.decode(reply.body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    parts = [(name, value if isinstance(value, list) else [value]) for name, value in list(wrong.items())[:5]]
    return ", ".join(f"{name} {one}" for name, values in parts for one in values[:3] if isinstance(one, str))


def limit_of(manifest: Manifest, reply: Reply) -> ProviderError | None:
    """Return the limit that a reply tells; None when it tells none. Its words come with other statuses as well."""
    if reply.status < 400:
        return None
    limits = [name for name in named_in(ERRORS, words_of(reply)) if name == "too frequently"]
    if reply.status == 429:
        limits.append("429")
    if not limits:
        return None
    seconds = None if "retry-after" in reply.headers else seconds_until(reply, "x-sentry-rate-limit-reset")
    return refusal(manifest, *limits, reply=reply, seconds=seconds)


def refusal_of(manifest: Manifest, reply: Reply, right: str | None = None) -> ProviderError:
    """Return what to raise for a reply that is no success. `right` is what a 403 lacks."""
    limited = limit_of(manifest, reply)
    if limited is not None:
        return limited
    detail, words = _detail(reply), words_of(reply)
    code = detail.code if isinstance(detail, _Detail) else ""
    names = [code, *named_in(ERRORS, words)]
    if find(ERRORS, *names) is None and reply.status == 403:
        if reply.body.strip()[:1] not in {b"", b"{"}:
            return unknown("Sentry", "HTTP 403")
        if code or words.strip().lower() not in _SAYS_NOTHING:
            # a restriction that nobody here has heard of, and not the lack of a right
            return unknown("Sentry", f"{code} {words}".strip())
    known = find(ERRORS, *names, reply.status)
    if known is None:
        return unknown("Sentry", f"HTTP {reply.status} {code} {fit_to_show(words)}".strip())
    if known.meaning is Meaning.RIGHT:
        known = msgspec.structs.replace(known, words=f"{known.words} {right or WRITE}")
    return error_of(known, reply=reply, right=right, reason=words)


def _detail(reply: Reply) -> _Detail | str | None:
    try:
        return msgspec.json.decode(reply.body, type=_Refusal).detail
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
