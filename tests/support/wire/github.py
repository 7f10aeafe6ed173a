"""GitHub's errors as its REST and GraphQL APIs say them."""

from typing import Final

from jackfield.domain.provider import KnownError, Meaning
from support.vendor import Answer
from support.wire import Said

#: names that are types of GraphQL's errors
_QUERY_TYPES: Final = {
    "FORBIDDEN",
    "INSUFFICIENT_SCOPES",
    "MAX_NODE_LIMIT_EXCEEDED",
    "undefinedField",
    "RATE_LIMITED",
    "RATE_LIMIT",
    "RESOURCE_LIMITS_EXCEEDED",
    "SERVICE_UNAVAILABLE",
    "INTERNAL",
}
_CODES: Final = ("missing", "missing_field", "invalid", "already_exists", "unprocessable", "custom")
#: of a 422, what is wrong
_WRONG: Final[dict[str, dict[str, str]]] = {
    **{code: {"resource": "Issue", "field": "title", "code": code, "message": ""} for code in _CODES},
    "Label": {"resource": "Label", "field": "name", "code": "invalid", "value": "brakes"},
    "was submitted too quickly": {
        "resource": "Issue",
        "code": "custom",
        "field": "base",
        "message": "was submitted too quickly",
    },
}
#: under which status a sentence comes
_STATUSES: Final = {
    "Bad credentials": 401,
    "Requires authentication": 401,
    "Must specify two-factor authentication OTP code": 401,
    "A JSON web token could not be decoded": 401,
    "issues has been disabled": 410,
    "This issue was deleted": 410,
    "Problems parsing JSON": 400,
    "Body should be a JSON object": 400,
    "is not a supported version": 400,
    "Invalid request": 422,
    "endpoint has been spammed": 422,
}


def said(known: KnownError) -> Said:
    name = known.name
    if name in _QUERY_TYPES:
        return Said("read_back_states", Answer.of({"data": None, "errors": [{"type": name, "message": "no"}]}))
    if name.isdigit():
        return Said("deliver_created", Answer.of({"message": "Forbidden" if name == "403" else ""}, int(name)))
    if name == "X-GitHub-SSO":
        url = "required; url=https://github.com/orgs/acme/sso?authorization_request=AAB"
        return Said("deliver_created", Answer.of({"message": "Forbidden"}, 403, {"X-GitHub-SSO": url}))
    if name in _WRONG:
        return Said("deliver_created", Answer.of({"message": "Validation Failed", "errors": [_WRONG[name]]}, 422))
    changes = known.meaning in {Meaning.OBJECT_RIGHT, Meaning.GONE}
    sentence = f"Sorry: the `acme` organization says that {name}, at https://docs.github.com."
    return Said(
        "deliver_updated" if changes else "deliver_created",
        Answer.of({"message": sentence}, _STATUSES.get(name, 403)),
    )
