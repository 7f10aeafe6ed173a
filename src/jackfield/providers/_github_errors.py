"""What GitHub's errors mean. REST has statuses with a sentence, GraphQL types; some limits are told in words alone."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec

from jackfield.domain.provider import KnownError, Manifest, Meaning, ProviderError, Source
from jackfield.providers._errors import find, fit_to_show, refusal, unknown
from jackfield.providers._http import Reply
from jackfield.providers._phrases import named_in
from jackfield.providers._waits import seconds_until

ISSUES: Final = "Issues: read and write"
#: a limit that is told in words alone: "wait for at least one minute"
_SECONDARY_SECONDS: Final = 60.0
#: what a 403 says when it says nothing
_SAYS_NOTHING: Final = frozenset({"", "forbidden", "403 forbidden"})

_READ: Final = date(2026, 11, 30)
_DOCS: Final = "https://docs.github.com/en"
_TROUBLE: Final = f"{_DOCS}/rest/using-the-rest-api/troubleshooting-the-rest-api"
_LIMITS: Final = f"{_DOCS}/rest/using-the-rest-api/rate-limits-for-the-rest-api"
_ISSUES_API: Final = f"{_DOCS}/rest/issues/issues"
_LOGIN: Final = f"{_DOCS}/rest/authentication/authenticating-to-the-rest-api"
_SAML: Final = (
    f"{_DOCS}/enterprise-cloud@latest/authentication/authenticating-with-single-sign-on/"
    "authorizing-a-personal-access-token-for-use-with-single-sign-on"
)
_TOKENS: Final = (
    f"{_DOCS}/organizations/managing-programmatic-access-to-your-organization/"
    "setting-a-personal-access-token-policy-for-your-organization"
)
_ADDRESSES: Final = (
    f"{_DOCS}/enterprise-cloud@latest/organizations/keeping-your-organization-secure/"
    "managing-security-settings-for-your-organization/managing-allowed-ip-addresses-for-your-organization"
)
_APPS: Final = (
    f"{_DOCS}/organizations/managing-oauth-access-to-your-organizations-data/about-oauth-app-access-restrictions"
)
_SUSPENDED: Final = f"{_DOCS}/apps/maintaining-github-apps/suspending-a-github-app-installation"
_ARCHIVED: Final = f"{_DOCS}/repositories/archiving-a-github-repository/archiving-repositories"
_TAKEDOWN: Final = f"{_DOCS}/site-policy/content-removal-policies/dmca-takedown-policy"
_QUERIES: Final = f"{_DOCS}/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api"
_TOO_QUICKLY: Final = "https://github.com/cli/cli/issues/4801"

SOURCES: Final = tuple(
    Source(facts, url, _READ)
    for facts, url in (
        ("errors", _TROUBLE),
        ("errors of limits", _LIMITS),
        ("errors of issues", _ISSUES_API),
        ("failed logins", _LOGIN),
        ("single sign-on by SAML", _SAML),
        ("organisations' policies for tokens", _TOKENS),
        ("organisations' lists of addresses", _ADDRESSES),
        ("organisations' restrictions of OAuth apps", _APPS),
        ("suspended installations", _SUSPENDED),
        ("archived repositories", _ARCHIVED),
        ("repositories that are blocked for legal reasons", _TAKEDOWN),
        ("errors of queries", _QUERIES),
        ("a limit that is told as a wrong field", _TOO_QUICKLY),
    )
)


def _known(
    name: str, meaning: Meaning, words: str, source: str, *, field: str | None = None, right: str | None = None
) -> KnownError:
    return KnownError(name=name, meaning=meaning, words=f"GitHub {words}", field=field, right=right, source=source)


_CREDENTIAL: Final = (
    _known(
        "401",
        Meaning.CREDENTIAL,
        "refuses the credential: it is wrong, expired or revoked",
        _TROUBLE,
    ),
    _known("Bad credentials", Meaning.CREDENTIAL, "refuses the credential: it is wrong, expired or revoked", _LOGIN),
    _known(
        "Requires authentication",
        Meaning.CREDENTIAL,
        "refuses the credential: there is none, or it is wrong, expired or revoked",
        _LOGIN,
    ),
    _known(
        "Must specify two-factor authentication OTP code",
        Meaning.CREDENTIAL,
        "asks for a second factor, which a password needs: enter a personal access token",
        _LOGIN,
    ),
    _known(
        "A JSON web token could not be decoded",
        Meaning.CREDENTIAL,
        "does not take the app's private key: check that app ID and key belong together",
        _LOGIN,
    ),
    _known(
        "X-GitHub-SSO",
        Meaning.CREDENTIAL,
        "wants single sign-on: authorize the token for the organisation at Settings, Developer settings, Configure SSO",
        _SAML,
    ),
    _known(
        "SAML enforcement",
        Meaning.CREDENTIAL,
        "protects the organisation by SAML single sign-on: authorize the token for it at Settings, Developer "
        "settings, Configure SSO",
        _SAML,
    ),
    _known(
        "forbids access via a personal access token (classic)",
        Meaning.CREDENTIAL,
        "says that the organisation forbids classic tokens: enter a fine-grained token, or use a GitHub App",
        _TOKENS,
    ),
    _known(
        "forbids access via a personal access token with fine-grained permissions",
        Meaning.CREDENTIAL,
        "says that the organisation forbids fine-grained tokens: use a GitHub App or connect by OAuth",
        _TOKENS,
    ),
    _known(
        "token's lifetime is greater than",
        Meaning.CREDENTIAL,
        "says that the token lives longer than the organisation allows: give it an earlier end, or make another",
        _TOKENS,
    ),
    _known(
        "forbids access via a fine-grained personal access token",
        Meaning.CREDENTIAL,
        "says that the organisation does not let fine-grained tokens in: use a GitHub App or connect by OAuth",
        _TOKENS,
    ),
    _known(
        "account was suspended",
        Meaning.CREDENTIAL,
        "has suspended the account of the credential: its owner has to write to GitHub Support",
        _TROUBLE,
    ),
    _known(
        "account is suspended",
        Meaning.CREDENTIAL,
        "has the account of the credential suspended: its owner has to write to GitHub Support",
        _TROUBLE,
    ),
    _known(
        "account has been suspended",
        Meaning.CREDENTIAL,
        "has put the account of the credential out of use: its owner has to write to GitHub Support",
        _TROUBLE,
    ),
    _known(
        "installation has been suspended",
        Meaning.CREDENTIAL,
        "has this installation of the app suspended: the organisation's owner has to unsuspend it",
        _SUSPENDED,
    ),
)
_RIGHTS: Final = (
    _known("403", Meaning.RIGHT, f"takes the credential, but it lacks the right {ISSUES}", _TROUBLE, right=ISSUES),
    _known(
        "Resource not accessible by personal access token",
        Meaning.RIGHT,
        f"takes the token, but it lacks the right {ISSUES}, or an owner of the organisation has not approved it yet",
        _TROUBLE,
        right=ISSUES,
    ),
    _known(
        "Resource not accessible by integration",
        Meaning.RIGHT,
        f"takes the app, but it lacks the right {ISSUES}: give it, and let the organisation's owner approve it",
        _TROUBLE,
        right=ISSUES,
    ),
    _known(
        "FORBIDDEN",
        Meaning.RIGHT,
        f"takes the credential, but it may not read issues: {ISSUES}",
        _QUERIES,
        right=ISSUES,
    ),
    _known(
        "INSUFFICIENT_SCOPES",
        Meaning.RIGHT,
        "takes the token, but its scopes do not let it read issues: give it repo",
        _QUERIES,
        right="repo",
    ),
    _known(
        "Must have admin rights to Repository",
        Meaning.OBJECT_RIGHT,
        "does not let this account change the issue, which another account made: give it the role Triage",
        _ISSUES_API,
    ),
    _known(
        "issue is locked",
        Meaning.OBJECT_RIGHT,
        "has this issue locked: unlock it there, or give the account write access",
        _ISSUES_API,
    ),
)
_PLACES: Final = (
    _known(
        "IP allow list",
        Meaning.CONFIGURATION,
        "lets only listed addresses into the organisation: its owner has to add this service's to the IP allow list",
        _ADDRESSES,
    ),
    _known(
        "OAuth App access restrictions",
        Meaning.CONFIGURATION,
        "says that the organisation lets approved OAuth apps in alone: its owner has to approve this one",
        _APPS,
    ),
    _known(
        "Although you appear to have the correct authorization credentials",
        Meaning.CONFIGURATION,
        "takes the credential, but the organisation restricts where it is used from: its owner has to allow it",
        _APPS,
    ),
    _known(
        "archived so is read-only",
        Meaning.CONFIGURATION,
        "has this repository archived: unarchive it, or choose another",
        _ARCHIVED,
        field="repository",
    ),
    _known(
        "Repository access blocked",
        Meaning.CONFIGURATION,
        "has blocked this repository for everybody: its owner has to write to GitHub Support, or choose another",
        _TAKEDOWN,
        field="repository",
    ),
    _known(
        "451",
        Meaning.CONFIGURATION,
        "has blocked this repository for legal reasons: choose another",
        _TAKEDOWN,
        field="repository",
    ),
    _known(
        "locked for migration",
        Meaning.CONFIGURATION,
        "has locked this repository, since it is being moved: enter its new place when that is done",
        _TROUBLE,
        field="repository",
    ),
    _known(
        "404",
        Meaning.CONFIGURATION,
        "cannot find this repository, or the credential has no access to it: check repository",
        _TROUBLE,
        field="repository",
    ),
    _known(
        "410",
        Meaning.CONFIGURATION,
        "has issues turned off in this repository: turn them on under Settings, General, Features",
        _ISSUES_API,
        field="repository",
    ),
    _known(
        "issues has been disabled",
        Meaning.CONFIGURATION,
        "says that issues are turned off in this repository: turn them on under Settings, General, Features",
        _ISSUES_API,
        field="repository",
    ),
)
_ITEM_WORDS: Final = {
    "missing": "does not take the issue: something that it names is not there",
    "missing_field": "does not take the issue: a member of it is missing",
    "invalid": "does not take the issue: a member of it has the wrong form",
    "already_exists": "does not take the issue: something in it is there already",
    "unprocessable": "does not take the issue: a member of it makes no sense to it",
    "custom": "does not take the issue",
}
_ITEMS: Final = (
    *(_known(code, Meaning.ITEM, words, _TROUBLE) for code, words in _ITEM_WORDS.items()),
    _known("422", Meaning.ITEM, "does not take the issue as it is", _ISSUES_API),
    _known("400", Meaning.ITEM, "does not take what was sent for this item", _TROUBLE),
    _known("413", Meaning.ITEM, "finds what was sent for this item too large", _TROUBLE),
    _known("Label", Meaning.ITEM, "does not take one of the item's labels", _ISSUES_API),
    _known("This issue was deleted", Meaning.GONE, "does not have the issue any more: it was deleted", _ISSUES_API),
)
_OURS: Final = tuple(
    _known(name, Meaning.OURS, f"says that this service calls it in a wrong way: {words}", source)
    for name, words, source in (
        ("Problems parsing JSON", "the body is no JSON", _TROUBLE),
        ("Body should be a JSON object", "the body is no object", _TROUBLE),
        ("Invalid request", "a member is missing or of the wrong type", _TROUBLE),
        ("is not a supported version", "the version of the API has ended", _TROUBLE),
        ("Request forbidden by administrative rules", "it does not say who calls", _TROUBLE),
        ("415", "the body's type is not taken", _TROUBLE),
        ("MAX_NODE_LIMIT_EXCEEDED", "the query asks for too much", _QUERIES),
        ("undefinedField", "the query asks for what there is not", _QUERIES),
    )
)
_LIMITED: Final = (
    _known("429", Meaning.LIMIT, "limits our calls", _LIMITS),
    _known("API rate limit exceeded", Meaning.LIMIT, "limits our calls: those of this hour are spent", _LIMITS),
    _known("secondary rate limit", Meaning.LIMIT, "limits our calls: too many in too short a time", _LIMITS),
    _known("abuse detection", Meaning.LIMIT, "limits our calls: so many at once look like abuse to it", _LIMITS),
    _known("was submitted too quickly", Meaning.LIMIT, "limits how quickly issues are written", _TOO_QUICKLY),
    _known("endpoint has been spammed", Meaning.LIMIT, "limits our calls: it takes so many for spam", _ISSUES_API),
    _known("login attempts exceeded", Meaning.LIMIT, "limits our calls after several wrong credentials", _LOGIN),
    _known("RATE_LIMITED", Meaning.LIMIT, "limits our queries", _QUERIES),
    _known("RATE_LIMIT", Meaning.LIMIT, "limits our queries: those of this hour are spent", _QUERIES),
)
_PASSING: Final = tuple(
    _known(name, Meaning.PASSING, f"answered with an error of its own ({name})", source)
    for name, source in (
        ("408", _TROUBLE),
        ("500", _TROUBLE),
        ("502", _TROUBLE),
        ("503", _TROUBLE),
        ("504", _TROUBLE),
        ("RESOURCE_LIMITS_EXCEEDED", _QUERIES),
        ("SERVICE_UNAVAILABLE", _QUERIES),
        ("INTERNAL", _QUERIES),
    )
)
ERRORS: Final = (*_CREDENTIAL, *_RIGHTS, *_PLACES, *_ITEMS, *_OURS, *_LIMITED, *_PASSING)


class WrongField(msgspec.Struct):
    """One of the errors of a 422. `value` is what GitHub does not take, where it tells."""

    resource: str | None = None
    field: str | None = None
    code: str | None = None
    message: str | None = None
    value: object = None

    @property
    def is_label(self) -> bool:
        return self.resource == "Label" or self.field in {"labels", "label"}


class _Refusal(msgspec.Struct):
    message: str = ""
    errors: list[WrongField | str] | str | None = None


def wrong_fields(reply: Reply) -> list[WrongField]:
    """Return what a 422 says of the members of a request."""
    errors = _refusal(reply).errors
    return [error for error in errors if isinstance(error, WrongField)] if isinstance(errors, list) else []


def limit_of(manifest: Manifest, reply: Reply) -> ProviderError | None:
    """Return the limit that a reply tells; None when it tells none.

    Limits answer 403 as well as 429, with headers or in words, and one of them 422.
    """
    if reply.status not in {403, 422, 429}:
        return None
    limits = [name for name in named_in(ERRORS, _words(reply)) if _means(name, Meaning.LIMIT)]
    if reply.status == 429:
        limits.append("429")
    elif reply.status == 403 and (
        "retry-after" in reply.headers or reply.headers.get("x-ratelimit-remaining", "").strip() == "0"
    ):
        limits.append("secondary rate limit" if "retry-after" in reply.headers else "API rate limit exceeded")
    return refusal(manifest, *limits, reply=reply, seconds=_seconds(reply)) if limits else None


def refusal_of(manifest: Manifest, reply: Reply, right: str | None = None) -> ProviderError:
    """Return what to raise for a reply that is no success. `right` is what a 403 lacks, where the caller knows."""
    limited = limit_of(manifest, reply)
    if limited is not None:
        return limited
    words = _words(reply)
    names = [*named_in(ERRORS, words), *_codes(reply)]
    if reply.status in {403, 404} and reply.headers.get("x-github-sso", "").startswith("required"):
        names.insert(0, "X-GitHub-SSO")
    if not names and reply.status == 403 and (_is_strange(reply) or words.strip().lower() not in _SAYS_NOTHING):
        # a restriction that nobody here has heard of, or something between us and GitHub: not the lack of a right
        return unknown("GitHub", words or "HTTP 403")
    if find(ERRORS, *names, reply.status) is None:
        return unknown("GitHub", f"HTTP {reply.status} {fit_to_show(words)}".strip())
    return refusal(manifest, *names, reply.status, reply=reply, right=right, reason=_reason(reply))


def query_refusal(manifest: Manifest, types: Sequence[str], messages: Sequence[str], reply: Reply) -> ProviderError:
    """Return what to raise for the errors of a GraphQL answer."""
    names = [*named_in(ERRORS, " ".join(messages)), *types]
    return refusal(manifest, *names, reply=reply, seconds=_seconds(reply))


def _means(name: str, meaning: Meaning) -> bool:
    known = find(ERRORS, name)
    return known is not None and known.meaning is meaning


def _seconds(reply: Reply) -> float | None:
    """How long a limit lasts; None: as `Retry-After` says."""
    if "retry-after" in reply.headers:
        return None
    if reply.headers.get("x-ratelimit-remaining", "").strip() == "0":
        return seconds_until(reply, "x-ratelimit-reset")
    return _SECONDARY_SECONDS


def _refusal(reply: Reply) -> _Refusal:
    try:
        return msgspec.json.decode(reply.body, type=_Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Refusal()


def _is_strange(reply: Reply) -> bool:
    """Whether the body is none of GitHub's, such as the page of a firewall."""
    return reply.body.strip()[:1] not in {b"", b"{"}


def _words(reply: Reply) -> str:
    """All that GitHub wrote of an error: the sentence, and that of each wrong member."""
    told = _refusal(reply)
    if not isinstance(told.errors, list):
        return f"{told.message} {told.errors or ''}".strip()
    parts = [told.message, *(one if isinstance(one, str) else one.message or "" for one in told.errors[:10])]
    return " ".join(part for part in parts if part)


def _codes(reply: Reply) -> list[str]:
    """The codes of the members that are wrong."""
    wrong = wrong_fields(reply)
    return [*("Label" for error in wrong if error.is_label), *(error.code for error in wrong if error.code)]


def _reason(reply: Reply) -> str:
    """What a person reads of it: the members that are wrong, else the sentence."""
    told = _refusal(reply)
    if not isinstance(told.errors, list):
        return told.errors or told.message
    parts = [
        error
        if isinstance(error, str)
        else " ".join(part for part in (error.field, error.message or error.code) if part)
        for error in told.errors[:5]
    ]
    return ", ".join(part for part in parts if part) or told.message
