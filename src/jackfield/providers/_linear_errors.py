"""What Linear's errors mean. GraphQL errors have a `type` ("invalid input") and a `code` (INPUT_ERROR)."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec

from jackfield.domain.provider import KnownError, Meaning, ProviderError, Source
from jackfield.providers._errors import error_of, find, fit_to_show, unknown
from jackfield.providers._http import Reply
from jackfield.providers._waits import retry_after, seconds_until

_MILLISECONDS: Final = 0.001
#: headers with the moments at which Linear counts anew
_RESETS: Final = ("x-ratelimit-requests-reset", "x-ratelimit-complexity-reset", "x-ratelimit-endpoint-requests-reset")
_REMAINING: Final = (
    "x-ratelimit-requests-remaining",
    "x-ratelimit-complexity-remaining",
    "x-ratelimit-endpoint-requests-remaining",
)

_READ: Final = date(2026, 11, 30)
_TYPES: Final = "https://github.com/linear/linear/blob/master/packages/sdk/src/error.ts"
_DOCS: Final = "https://linear.app/developers/graphql"
_LIMITS: Final = "https://linear.app/developers/rate-limiting"
_CODES: Final = "https://www.apollographql.com/docs/apollo-server/data/errors"
_SCOPES: Final = "https://github.com/linear/linear/issues/895"

SOURCES: Final = (
    Source("types of errors", _TYPES, _READ),
    Source("codes of errors of Linear's GraphQL server", _CODES, _READ),
    Source("an error of scopes", _SCOPES, _READ),
)


def _known(name: str, meaning: Meaning, words: str, source: str, *, right: str | None = None) -> KnownError:
    return KnownError(name=name, meaning=meaning, words=f"Linear {words}", right=right, source=source)


#: by name as `kinds_of` writes it: capitals, and one underscore between words
ERRORS: Final = (
    _known("RATELIMITED", Meaning.LIMIT, "limits our calls", _LIMITS),
    _known("RATE_LIMITED", Meaning.LIMIT, "limits our calls for now", _LIMITS),
    _known("429", Meaning.LIMIT, "limits our calls (429)", _LIMITS),
    _known("AUTHENTICATION_ERROR", Meaning.CREDENTIAL, "refuses the key: it is wrong, expired or revoked", _TYPES),
    _known("UNAUTHENTICATED", Meaning.CREDENTIAL, "sees no valid key in the call: enter it again", _CODES),
    _known("401", Meaning.CREDENTIAL, "refuses the key (401): it is wrong, expired or revoked", _DOCS),
    _known("FORBIDDEN", Meaning.RIGHT, "takes the key, but it lacks the right", _TYPES, right="write"),
    _known("403", Meaning.RIGHT, "takes the key (403), but it lacks the right", _SCOPES, right="write"),
    _known("INVALID_INPUT", Meaning.ITEM, "does not take the issue: its team may have rules for issues", _TYPES),
    _known("INPUT_ERROR", Meaning.ITEM, "does not take what the issue has: its team may have rules for it", _DOCS),
    _known("USER_ERROR", Meaning.ITEM, "does not take the issue from this account", _TYPES),
    _known("ENTITY_NOT_FOUND", Meaning.ITEM, "does not know something that the issue names", _DOCS),
    _known(
        "USAGE_LIMIT_EXCEEDED",
        Meaning.ITEM,
        "takes no more issues, since the workspace has as many as its plan allows: archive some or change the plan",
        _TYPES,
    ),
    _known(
        "FEATURE_NOT_ACCESSIBLE",
        Meaning.ITEM,
        "does not take the issue, since the workspace's plan lacks something that it needs",
        _TYPES,
    ),
    _known("GRAPHQL_ERROR", Meaning.OURS, "says that this service asks in a wrong way", _TYPES),
    _known("GRAPHQL_VALIDATION_FAILED", Meaning.OURS, "says that this service asks for what there is not", _CODES),
    _known("GRAPHQL_PARSE_FAILED", Meaning.OURS, "cannot read what this service asks", _CODES),
    _known("BAD_USER_INPUT", Meaning.ITEM, "does not take the form of something in the issue", _CODES),
    _known("BAD_REQUEST", Meaning.OURS, "cannot read the call of this service", _CODES),
    _known("OPERATION_RESOLUTION_FAILURE", Meaning.OURS, "finds no one query in the call of this service", _CODES),
    _known("PERSISTED_QUERY_NOT_FOUND", Meaning.OURS, "does not know the query of this service", _CODES),
    _known("PERSISTED_QUERY_NOT_SUPPORTED", Meaning.OURS, "does not take queries by their name", _CODES),
    _known("INTERNAL_ERROR", Meaning.PASSING, "answered with an error of its own", _TYPES),
    _known("INTERNAL_SERVER_ERROR", Meaning.PASSING, "answered with an error of its server", _CODES),
    _known("NETWORK_ERROR", Meaning.PASSING, "answered with an error of its network", _TYPES),
    _known("BOOTSTRAP_ERROR", Meaning.PASSING, "answered with an error of its start", _TYPES),
    _known("LOCK_TIMEOUT", Meaning.PASSING, "was busy with the same issue for too long", _TYPES),
    _known("UNKNOWN", Meaning.PASSING, "answered with an error that it has no name for", _TYPES),
    _known("OTHER", Meaning.PASSING, "answered with an error that it does not explain", _TYPES),
    _known("500", Meaning.PASSING, "answered with an error of its own (500)", _DOCS),
    _known("502", Meaning.PASSING, "answered with an error of its own (502)", _DOCS),
    _known("503", Meaning.PASSING, "answered with an error of its own (503)", _DOCS),
    _known("504", Meaning.PASSING, "answered with an error of its own (504)", _DOCS),
)


class _Extensions(msgspec.Struct, rename="camel"):
    code: str = ""
    type: str = ""
    user_presentable_message: str | None = None


class GraphQLError(msgspec.Struct):
    message: str = ""
    extensions: _Extensions | None = None


class _Errors(msgspec.Struct):
    errors: list[GraphQLError] | None = None


def errors_of(reply: Reply) -> list[GraphQLError]:
    """Return the errors in the body, which come with status 200, 400 or 401; none of a body that has none."""
    try:
        return msgspec.json.decode(reply.body, type=_Errors).errors or []
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []


def kinds_of(errors: Sequence[GraphQLError]) -> list[str]:
    """Return the names of errors. Linear writes them in two members and in two ways; both say the same."""
    kinds: list[str] = []
    for error in errors:
        if error.extensions is not None:
            words = (error.extensions.type, error.extensions.code)
            kinds += ["_".join(word.upper().replace("-", " ").replace("_", " ").split()) for word in words if word]
    return list(dict.fromkeys(kinds))


def reason_of(errors: Sequence[GraphQLError]) -> str:
    """Return what a person reads of errors: Linear has a sentence for people beside the one for developers."""
    told = ((one.extensions.user_presentable_message if one.extensions else None) or one.message for one in errors[:3])
    return ", ".join(dict.fromkeys(part for part in told if part))


def refusal_of(errors: Sequence[GraphQLError], reply: Reply, right: str) -> ProviderError:
    """Return what to raise for errors of an answer. What is told of several, the first in the table counts."""
    kinds = kinds_of(errors)
    if "RATELIMITED" in kinds or "RATE_LIMITED" in kinds:
        kinds.sort(key=lambda kind: kind not in {"RATELIMITED", "RATE_LIMITED"})
    known = find(ERRORS, *kinds) if errors else find(ERRORS, reply.status)
    if known is None:
        name = kinds[0] if kinds else f"HTTP {reply.status}" if reply.status != 200 else "an error without a name"
        return unknown("Linear", f"{name} {fit_to_show(reason_of(errors))}".strip())
    if known.meaning is Meaning.RIGHT:
        # of one issue alone it says the same, without a word of scopes
        of_scopes = " by its scopes" if "scope" in reason_of(errors).lower() else ""
        known = msgspec.structs.replace(known, words=f"{known.words} {right}{of_scopes}")
    return error_of(known, reply=reply, seconds=_seconds(reply), right=right, reason=reason_of(errors))


def _seconds(reply: Reply) -> float | None:
    """How long a limit lasts where `Retry-After` does not tell: until what is spent is counted anew."""
    if retry_after(reply) is not None:
        return None
    spent = [
        reset
        for reset, remaining in zip(_RESETS, _REMAINING, strict=True)
        if reply.headers.get(remaining, "").strip() == "0"
    ]
    waits = [seconds_until(reply, reset, _MILLISECONDS) for reset in spent or _RESETS[:1]]
    return max((one for one in waits if one is not None), default=None)
