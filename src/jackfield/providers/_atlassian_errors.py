"""What the sites and the gateway of Atlassian Cloud say when they refuse a call, the same for all products.

One status stands for many things here: a 403 may be a CAPTCHA, an IP allow list, a blocked token or a missing licence.
Headers and sentences of the answer say which. An expired token is answered as if nobody had sent one: with 404, or with
200 and an empty list. Then only the header `X-Seraph-LoginReason` tells.
"""

import contextlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any, Final

import msgspec

from jackfield.domain.provider import KnownError, Meaning, Source
from jackfield.providers._http import Reply
from jackfield.providers._waits import retry_after

_READ_AT: Final = date(2026, 11, 30)
LOGINS: Final = "https://developer.atlassian.com/cloud/jira/software/jira-rest-api-cookie-based-authentication"
LIMITS: Final = "https://developer.atlassian.com/cloud/jira/platform/build-an-app-that-respects-rate-limits/"
SCOPES: Final = (
    "https://support.atlassian.com/atlassian-cloud/kb/"
    "401-unauthorized-error-when-service-account-accesses-jira-or-confluence-api"
)
ALLOWED: Final = "https://confluence.atlassian.com/pages/viewpage.action?pageId=1384133808"
BLOCKED: Final = "https://support.atlassian.com/security-and-access-policies/docs/set-api-token-access/"
GATEWAY: Final = "https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/"
PRODUCT: Final = "https://support.atlassian.com/user-management/docs/manage-api-tokens-for-service-accounts"
DEACTIVATED: Final = (
    "https://community.atlassian.com/forums/Jira-questions/Recover-a-Jira-product-that-has-disappeared/qaq-p/3030032"
)
SOURCES: Final = (
    Source("what a refused login says", LOGINS, _READ_AT),
    Source("which limit was reached", LIMITS, _READ_AT),
    Source("tokens with scopes", SCOPES, _READ_AT),
    Source("IP allowlists", ALLOWED, _READ_AT),
    Source("blocked API tokens", BLOCKED, _READ_AT),
    Source("accounts without the product", PRODUCT, _READ_AT),
    Source("deactivated sites", DEACTIVATED, _READ_AT),
)

#: sentences by which an answer is known, in lower case; each is the name of an entry
_SENTENCES: Final = (
    "scope does not match",
    "missing scope grants",
    "insufficient_scope",
    "ip address has been rejected",
    "not on the allowed list",
    "app is not installed on this instance",
    "token has been blocked",
    "blocked by an admin",
    "blocked by your admin",
    "not permitted to use",
    "site has been suspended",
    "site has been deactivated",
    "subscription has been deactivated",
    "client must be authenticated to access this resource",
    "failed to parse connect session auth token",
    "requested api has been removed",
)
CAPTCHA: Final = ("CAPTCHA_CHALLENGE", "AUTHENTICATION_DENIED")
#: bytes of an answer that are looked at
_READ: Final = 20_000
#: sentences of one answer
_MOST: Final = 20


def errors(vendor: str) -> tuple[KnownError, ...]:
    """What is documented for every product; `vendor` is the product's name."""

    def known(
        meaning: Meaning, source: str, words: str, *names: str, right: str | None = None
    ) -> tuple[KnownError, ...]:
        return tuple(
            KnownError(name=name, meaning=meaning, words=f"{vendor} {words}", right=right, source=source)
            for name in names
        )

    return (
        *known(
            Meaning.CREDENTIAL,
            LOGINS,
            "asks for a CAPTCHA after too many failed logins: log in with a browser once",
            *CAPTCHA,
        ),
        *known(
            Meaning.CREDENTIAL,
            LOGINS,
            "refuses the credential: it is wrong, expired or revoked",
            "AUTHENTICATED_FAILED",
            "client must be authenticated to access this resource",
            "failed to parse connect session auth token",
        ),
        *known(
            Meaning.RIGHT,
            PRODUCT,
            "is not open to this account: give it access to the product in Atlassian Administration",
            "AUTHORISATION_FAILED",
            "not permitted to use",
            right="product access",
        ),
        *known(
            Meaning.RIGHT,
            SCOPES,
            "takes the token, but it lacks a scope",
            "FAILURE_CLIENT_SCOPE_CHECK",
            "scope does not match",
            "missing scope grants",
            "insufficient_scope",
        ),
        *known(
            Meaning.CONFIGURATION,
            ALLOWED,
            "rejects the IP address of this service: have it added to the organisation's IP allowlist",
            "ip address has been rejected",
            "not on the allowed list",
        ),
        *known(
            Meaning.CONFIGURATION,
            BLOCKED,
            "is closed to this token: an administrator of the organisation has blocked API tokens of such accounts",
            "token has been blocked",
            "blocked by an admin",
            "blocked by your admin",
        ),
        *known(
            Meaning.CREDENTIAL,
            GATEWAY,
            "does not know this app at the site any more: connect again",
            "app is not installed on this instance",
        ),
        *known(
            Meaning.CONFIGURATION,
            DEACTIVATED,
            "is suspended or deactivated at this site: an administrator has to reactivate it in Atlassian",
            "site has been suspended",
            "site has been deactivated",
            "subscription has been deactivated",
        ),
        *known(
            Meaning.LIMIT,
            LIMITS,
            "limits our calls",
            "jira-burst-based",
            "jira-per-issue-on-write",
            "jira-quota-global-based",
            "jira-quota-tenant-based",
            "429",
        ),
        *known(Meaning.PASSING, LOGINS, "answered with an error of its own", "500", "502", "503", "504"),
        *known(
            Meaning.OURS,
            GATEWAY,
            "does not have this part of its API any more: update Jackfield",
            "requested api has been removed",
        ),
    )


def names_of(reply: Reply) -> Iterator[str]:
    """What an answer says of itself beyond its status, in the words that the table has, the most precise one first."""
    yield reply.headers.get("x-authentication-denied-reason", "").partition(";")[0].strip().upper()
    for reason in reply.headers.get("x-seraph-loginreason", "")[:200].upper().split(","):
        yield reason.strip()
    if reply.status < 400:
        return
    yield reply.headers.get("x-failure-category", "").strip().upper()
    yield reply.headers.get("ratelimit-reason", "").strip().lower()
    said = text_of(reply).lower()
    yield from (sentence for sentence in _SENTENCES if sentence in said)
    if reply.status == 429 or reply.status >= 500:
        yield str(reply.status)


def text_of(reply: Reply) -> str:
    """The sentences of an answer, whichever of Atlassian's shapes it has; of a page all that it has."""
    body = reply.body[:_READ]
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return " ".join(_sentences(msgspec.json.decode(reply.body)))[:_READ]
    return body.decode("utf-8", "replace")


def wait_of(reply: Reply) -> float | None:
    """The seconds to wait after a limit: `Retry-After`, or the moment at which the count begins anew."""
    told = retry_after(reply)
    return reset_of(reply) if told is None else told


def reset_of(reply: Reply) -> float | None:
    """The seconds until the moment of `X-RateLimit-Reset`, which is a date in ISO 8601; None when there is none."""
    with contextlib.suppress(ValueError, OverflowError):
        reset = datetime.fromisoformat(reply.headers.get("x-ratelimit-reset", ""))
        reset = reset if reset.tzinfo else reset.replace(tzinfo=UTC)
        return max(0.0, (reset - datetime.now(UTC)).total_seconds())
    return None


def _sentences(value: Any) -> Iterator[str]:
    """`message`, `errorMessages`, the values of `errors`, and `title` and `detail` of each of a list of `errors`."""
    if not isinstance(value, dict):
        return
    parts = [value.get("message"), value.get("error"), value.get("error_description"), value.get("reason")]
    for name in ("errorMessages", "errors"):
        found = value.get(name)
        members = list(found.values()) if isinstance(found, dict) else found if isinstance(found, list) else []
        parts += members[:_MOST]
    for part in parts:
        if isinstance(part, dict):
            yield " ".join(str(part[name]) for name in ("code", "title", "detail") if isinstance(part.get(name), str))
        elif isinstance(part, str):
            yield part
