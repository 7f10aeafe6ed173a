"""What GitLab's errors mean. They are statuses with a sentence, or with what is wrong by the names of members."""

from datetime import date
from typing import Any, Final

import msgspec

from jackfield.domain.provider import KnownError, Manifest, Meaning, ProviderError, RightMissing, Source
from jackfield.providers._errors import find, fit_to_show, refusal, unknown
from jackfield.providers._http import Reply
from jackfield.providers._phrases import named_in
from jackfield.providers._waits import seconds_until

ROLE: Final = "to write issues in the project (the role Planner or Reporter)"
#: what a 403 says when it says nothing
_SAYS_NOTHING: Final = frozenset({"", "forbidden", "403 forbidden"})

_READ: Final = date(2026, 11, 30)
_DOCS: Final = "https://docs.gitlab.com"
_STATUSES: Final = f"{_DOCS}/api/rest/troubleshooting/"
_TOKENS: Final = f"{_DOCS}/api/rest/authentication/"
_USERS: Final = f"{_DOCS}/administration/moderate_users/"
_TERMS: Final = f"{_DOCS}/administration/settings/terms/"
_MAINTENANCE: Final = f"{_DOCS}/administration/maintenance_mode/"
_READ_ONLY: Final = f"{_DOCS}/user/read_only_namespaces/"
_LIMITS: Final = f"{_DOCS}/security/rate_limits/"
_DENIED: Final = "https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/gitlab/auth/user_access_denied_reason.rb"
_GUARD: Final = "https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/api/api_guard.rb"

SOURCES: Final = tuple(
    Source(facts, url, _READ)
    for facts, url in (
        ("errors", _STATUSES),
        ("errors of accounts", _DENIED),
        ("errors of tokens", _GUARD),
        ("blocked and deactivated users", _USERS),
        ("terms of service", _TERMS),
        ("maintenance", _MAINTENANCE),
        ("namespaces that are read-only", _READ_ONLY),
    )
)


def _known(
    name: str, meaning: Meaning, words: str, source: str, *, field: str | None = None, right: str | None = None
) -> KnownError:
    return KnownError(name=name, meaning=meaning, words=f"GitLab {words}", field=field, right=right, source=source)


_CREDENTIAL: Final = (
    _known(
        "must accept the Terms of Service",
        Meaning.CREDENTIAL,
        "asks the token's account to accept its terms of service: sign in to GitLab in a browser and accept them",
        _TERMS,
    ),
    _known(
        "pending approval from your administrator",
        Meaning.CREDENTIAL,
        "waits for an administrator to approve the token's account: ask them to do so",
        _DENIED,
    ),
    _known(
        "has been deactivated",
        Meaning.CREDENTIAL,
        "has the token's account deactivated: sign in to GitLab in a browser to activate it",
        _DENIED,
    ),
    _known(
        "email address is not confirmed",
        Meaning.CREDENTIAL,
        "wants the e-mail address of the token's account confirmed: follow the link in GitLab's e-mail",
        _DENIED,
    ),
    _known(
        "account has been blocked",
        Meaning.CREDENTIAL,
        "has the token's account blocked: ask an administrator of GitLab, or enter the token of another",
        _USERS,
    ),
    _known(
        "password expired",
        Meaning.CREDENTIAL,
        "says that the password of the token's account has expired: sign in to GitLab in a browser and set another",
        _DENIED,
    ),
    _known(
        "cannot be performed by internal users",
        Meaning.CREDENTIAL,
        "does not let internal accounts use its API: enter the token of another",
        _DENIED,
    ),
    _known(
        "two-factor authentication",
        Meaning.CREDENTIAL,
        "wants a second factor set up for the token's account: sign in to GitLab in a browser and set it up",
        _DENIED,
    ),
    _known(
        "Token is expired",
        Meaning.CREDENTIAL,
        "refuses the token: it has expired",
        _GUARD,
    ),
    _known("Token was revoked", Meaning.CREDENTIAL, "refuses the token: it was revoked", _GUARD),
    _known(
        "impersonation was disabled",
        Meaning.CREDENTIAL,
        "refuses the token: impersonation tokens are turned off there, enter another kind of token",
        _GUARD,
    ),
    _known("invalid_token", Meaning.CREDENTIAL, "refuses the token: it is wrong, expired or revoked", _GUARD),
    _known(
        "dpop_error",
        Meaning.CREDENTIAL,
        "wants the token's owner to prove each call (DPoP), which Jackfield cannot: turn it off, or enter another "
        "account's token",
        _GUARD,
    ),
    _known("401", Meaning.CREDENTIAL, "refuses the credential: it is wrong, expired or revoked", _STATUSES),
)
_RIGHTS: Final = (
    _known("insufficient_scope", Meaning.RIGHT, "takes the token, but it lacks the scope", _GUARD, right="api"),
    _known("403", Meaning.RIGHT, f"takes the credential, but it lacks the right {ROLE}", _STATUSES, right=ROLE),
)
_PLACES: Final = (
    _known(
        "read-only state",
        Meaning.CONFIGURATION,
        "has the group of this project read-only, since its plan allows no more members or storage: change the plan",
        _READ_ONLY,
        field="project",
    ),
    _known(
        "404",
        Meaning.CONFIGURATION,
        "cannot find this project, or the token has no access to it: check project",
        _STATUSES,
        field="project",
    ),
)
_ITEMS: Final = (
    _known("recognized as spam", Meaning.ITEM, "takes this item for spam: change its text, or ask GitLab", _STATUSES),
    _known("Spam detected", Meaning.ITEM, "says that this item is spam: change its text, or ask GitLab", _STATUSES),
    _known("400", Meaning.ITEM, "does not take the issue as it is", _STATUSES),
    _known("409", Meaning.ITEM, "does not take the issue, since something contradicts it", _STATUSES),
    _known("413", Meaning.ITEM, "finds what was sent for this item too large", _STATUSES),
    _known("422", Meaning.ITEM, "does not take the issue, although its form is right", _STATUSES),
)
_OURS: Final = tuple(
    _known(name, Meaning.OURS, f"says that this service calls it in a wrong way: {words}", source)
    for name, words, source in (
        ("405", "what it asks for cannot be done", _STATUSES),
        ("406", "it asks for a form that there is not", _STATUSES),
        ("415", "the body's type is not taken", _STATUSES),
        ("restricted_language_server_client_error", "it is taken for an editor", _GUARD),
    )
)
_PASSING: Final = (
    _known(
        "write operations on a read-only instance",
        Meaning.PASSING,
        "is in maintenance and takes no changes for now",
        _MAINTENANCE,
    ),
    _known("408", Meaning.PASSING, "took too long to answer (408)", _STATUSES),
    _known("412", Meaning.PASSING, "says that the issue was changed in between (412)", _STATUSES),
    _known("500", Meaning.PASSING, "answered with an error of its own (500)", _STATUSES),
    _known("502", Meaning.PASSING, "answered with an error of its own (502)", _STATUSES),
    _known("503", Meaning.PASSING, "is overloaded or in maintenance (503)", _STATUSES),
    _known("504", Meaning.PASSING, "answered with an error of its own (504)", _STATUSES),
)
_LIMITED: Final = (
    _known("requested too many times", Meaning.LIMIT, "limits how often this is called", _LIMITS),
    _known("429", Meaning.LIMIT, "limits our calls", _LIMITS),
)
ERRORS: Final = (*_PASSING, *_CREDENTIAL, *_RIGHTS, *_PLACES, *_ITEMS, *_OURS, *_LIMITED)


class _Refusal(msgspec.Struct):
    """`message` is a sentence or an object by the names of members."""

    message: Any = None
    error: Any = None
    error_description: Any = None
    scope: Any = None


def limit_of(manifest: Manifest, reply: Reply) -> ProviderError | None:
    """Return the limit that a reply tells; None when it tells none. Its words come with other statuses as well."""
    if reply.status < 400:
        return None
    limits = named_in(_LIMITED, _words(_refusal(reply)))
    if reply.status == 429:
        limits.append("429")
    if not limits:
        return None
    seconds = None if "retry-after" in reply.headers else seconds_until(reply, "ratelimit-reset")
    return refusal(manifest, *limits, reply=reply, seconds=seconds)


def refusal_of(manifest: Manifest, reply: Reply, right: str | None = None) -> ProviderError:
    """Return what to raise for a reply that is no success. `right` is the scope that the call needs."""
    limited = limit_of(manifest, reply)
    if limited is not None:
        return limited
    told = _refusal(reply)
    words = _words(told)
    if told.error == "insufficient_scope":
        return _lacks_scope(manifest, right, told)
    names = named_in(ERRORS, words)
    if isinstance(told.error, str):
        names.append(told.error)
    if find(ERRORS, *names) is None and reply.status == 403:
        if reply.body.strip()[:1] not in {b"", b"{"}:
            return unknown("GitLab", "HTTP 403")
        if words.strip().lower() not in _SAYS_NOTHING:
            # a restriction that nobody here has heard of, and not the lack of a right
            return unknown("GitLab", words)
    if find(ERRORS, *names, reply.status) is None:
        return unknown("GitLab", f"HTTP {reply.status} {fit_to_show(words)}".strip())
    return refusal(manifest, *names, reply.status, reply=reply, reason=words)


def _lacks_scope(manifest: Manifest, right: str | None, told: _Refusal) -> ProviderError:
    """The scope that is lacking is the call's, which is less than all that GitLab would take."""
    scopes = told.scope.split() if isinstance(told.scope, str) else []
    scope = right if right is not None and (right in scopes or not scopes) else next(iter(scopes), "api")
    known = find(manifest.errors, "insufficient_scope")
    assert known is not None  # noqa: S101  for mypy: it stands above
    return RightMissing(f"{known.words} {scope}", scope)


def _refusal(reply: Reply) -> _Refusal:
    try:
        return msgspec.json.decode(reply.body, type=_Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Refusal()


def _words(told: _Refusal) -> str:
    """All that GitLab wrote: its sentences, or the members that are wrong with what is wrong of them."""
    texts = (told.message, told.error, told.error_description)
    return " ".join(part for text in texts for part in [_flat(text, 0)] if part)


def _flat(value: Any, depth: int) -> str:
    if isinstance(value, str):
        return value
    if depth > 3:
        return ""
    if isinstance(value, dict):
        found = [(str(name), _flat(inner, depth + 1)) for name, inner in list(value.items())[:10]]
        return ", ".join(inner if name in {"error", "base"} else f"{name} {inner}" for name, inner in found if inner)
    if isinstance(value, list):
        return ", ".join(part for part in (_flat(inner, depth + 1) for inner in value[:10]) if part)
    return ""
