"""What the document of the platform contract says beyond its types."""

from collections.abc import Mapping, Sequence
from typing import Final

from jackfield.web.contract import Fault, PathParameter

DESCRIPTION: Final = """\
Publish apps that other organisations install, and let your app's server work with its installations by OAuth.

Developers authenticate with an API key of their organisation, apps with their `client_id` and `client_secret`, and
installations with an access token. Every path can also be called below `/tenants/{handle}`, and a slash at its end
makes no difference. Members that you do not know can be added to answers at any time: ignore them."""

ERRORS_TEXT: Final = """\
An error is an object with `errors`, a list of everything that is wrong; each has a `type`, which is the code, a
`message` for people, and `details`, which says where it is. The OAuth calls answer `error` and `error_description`
instead, as RFC 6749 wants it."""

TAGS: Final[Mapping[str, str]] = {
    "Apps": "Your organisation's apps.",
    "Installations": "Apps that organisations have installed.",
    "OAuth": "Tokens of installations.",
}

_WAIT: Final = "Retry later. If it persists, report the `X-Request-Id`."

FAULTS: Final[Sequence[Fault]] = (
    Fault(400, "validation_error", "A value is missing or not valid", "Correct what `details` names."),
    Fault(
        401,
        "authentication_error",
        "The API key or access token is missing, wrong, revoked or expired",
        "Send a valid one. Refresh an access token that has expired.",
    ),
    Fault(
        403,
        "permission_error",
        "The key lacks a capability, the token lacks a scope, or the address is another organisation's",
        "Use the key, token or address that `message` asks for.",
    ),
    Fault(404, "not_found_error", "App, installation or path not found", "Check the address and the ids in it."),
    Fault(
        405,
        "method_not_allowed_error",
        "The path does not support this method",
        "Use one of the methods in the `Allow` header.",
    ),
    Fault(409, "conflict_error", "The state of the resource does not allow this", "Get it to see its state."),
    Fault(413, "payload_too_large", "The body is too large", "Send less at once."),
    Fault(429, "rate_limit_error", "Too many calls", "Wait as long as `Retry-After` says, then retry."),
    Fault(500, "internal_error", "Internal error, or the service cannot answer right now", _WAIT),
)
#: what the OAuth calls answer
OAUTH_FAULTS: Final[Sequence[Fault]] = (
    Fault(
        400,
        "invalid_request",
        "A field is missing, given twice or not valid",
        "Correct what `error_description` names. Send a form, not JSON.",
    ),
    Fault(
        400,
        "invalid_grant",
        "The code or refresh token is wrong, expired, used or revoked",
        "Use the newest refresh token, or have the app installed again.",
    ),
    Fault(400, "invalid_scope", "A scope was asked for that was not granted", "Ask only for scopes that were granted."),
    Fault(
        400,
        "unsupported_grant_type",
        "There is no such grant type",
        "Send `authorization_code` or `refresh_token`.",
    ),
    Fault(401, "invalid_client", "The app did not authenticate", "Send the right `client_id` and `client_secret`."),
    Fault(
        403,
        "unauthorized_client",
        "The address is another organisation's than the app's",
        "Use the address of the organisation that owns the app, or none.",
    ),
    Fault(413, "invalid_request", "The body is too large", "Send less at once."),
    Fault(429, "temporarily_unavailable", "Too many calls", "Wait as long as `Retry-After` says, then retry."),
    Fault(500, "server_error", "Internal error, or the service cannot answer right now", _WAIT),
)
OAUTH_CODES: Final = tuple(dict.fromkeys(fault.code for fault in OAUTH_FAULTS))
CODES: Final = tuple(fault.code for fault in FAULTS)


def _id(of: str, example: str) -> PathParameter:
    return PathParameter(f"The id of the {of}.", {"type": "string", "pattern": "^[a-f0-9]{24}$", "examples": [example]})


PATH_PARAMETERS: Final[Mapping[str, PathParameter]] = {
    "id": _id("app", "697dd2a9000bf5ea0a0b3c4d"),
    "handle": PathParameter(
        "The handle of the organisation.",
        {"type": "string", "pattern": "^[a-z0-9-]{1,63}$", "examples": ["acme-motors"]},
    ),
    "installation_id": _id("installation", "697dd2a9000bf5ea0a0b3c4e"),
}
