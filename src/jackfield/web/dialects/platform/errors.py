"""How the platform contract words what went wrong: a list, one item for each thing; OAuth's own form where OAuth is."""

from collections.abc import Mapping, Sequence
from typing import Final

from starlette.responses import Response

from jackfield.domain.errors import (
    Conflict,
    Forbidden,
    Invalid,
    JackfieldError,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from jackfield.domain.flaws import Flaw, Flawed
from jackfield.domain.oauth import InvalidClient, OAuthError, ScopeMissing, TokenInvalid
from jackfield.domain.session import TooManyFailures
from jackfield.web.contract import Answer, MethodNotAllowed, Operation, json_response
from jackfield.web.dialects.platform.reference import CODES, OAUTH_CODES
from jackfield.web.dialects.platform.schemas import ErrorAnswer, ErrorItem, OAuthErrorAnswer
from jackfield.web.form_body import MalformedForm
from jackfield.web.request_body import BodyTooLarge
from jackfield.web.tenant_address import TenantMismatch
from jackfield.web.violations import InvalidRequest, Problem, Violation

#: the name of the security scheme by which apps themselves call
CLIENT: Final = "client"
NO_STORE: Final[Mapping[str, str]] = {"cache-control": "no-store", "pragma": "no-cache"}

_INSIDE: Final = "Internal error; the log has the details under this request's id"
_PROBLEMS: Final[Mapping[Problem, str]] = {
    Problem.MISSING: "This field is required",
    Problem.NULL: "null is not allowed here",
    Problem.NOT_STRING: "This has to be a string",
    Problem.NOT_BOOLEAN: "This has to be true or false",
    Problem.NOT_INTEGER: "This has to be a whole number",
    Problem.NOT_OBJECT: "This has to be an object",
    Problem.NOT_LIST: "This has to be a list",
    Problem.NOT_DATETIME: "This has to be a date and time",
    Problem.NOT_MEMBER: "This is none of the values that are allowed",
    Problem.TOO_SHORT: "This has to have at least {} characters",
    Problem.TOO_LONG: "This can have at most {} characters",
    Problem.TOO_SMALL: "This has to be at least {}",
    Problem.TOO_LARGE: "This can be at most {}",
    Problem.UNUSABLE: "This cannot be used",
}
#: the first that fits: status and type
_KINDS: Final[tuple[tuple[type[Exception], int, str], ...]] = (
    (Unauthenticated, 401, "authentication_error"),
    (TooManyFailures, 429, "rate_limit_error"),
    (Forbidden, 403, "permission_error"),
    (NotFound, 404, "not_found_error"),
    (MethodNotAllowed, 405, "method_not_allowed_error"),
    (Conflict, 409, "conflict_error"),
    (BodyTooLarge, 413, "payload_too_large"),
    (Invalid, 400, "validation_error"),
)

SHARED_ANSWERS: Final[Mapping[int, Answer]] = {
    500: Answer("Internal error, or the service cannot answer right now.", ErrorAnswer, CODES, ["Retry-After"]),
}
INVALID_ANSWERS: Final[Mapping[int, Answer]] = {}
KEY_ANSWERS: Final[Mapping[int, Answer]] = {
    401: Answer("The key is missing, wrong, revoked or expired.", ErrorAnswer, CODES),
    403: Answer("The key may not do this, or the address is another organisation's.", ErrorAnswer, CODES),
}
TOKEN_ANSWERS: Final[Mapping[int, Answer]] = {
    401: Answer("The access token is missing, wrong, revoked or expired.", ErrorAnswer, CODES),
    403: Answer(
        "The token lacks the scope, or the address is another organisation's.",
        ErrorAnswer,
        CODES,
        ["WWW-Authenticate"],
    ),
}
INVALID: Final = Answer("Something in the request is not valid; every violation is listed.", ErrorAnswer, CODES)
BODY_ANSWERS: Final[Mapping[int, Answer]] = {
    400: INVALID,
    413: Answer("The body is larger than the service accepts.", ErrorAnswer, CODES),
}
OAUTH_ANSWERS: Final[Mapping[int, Answer]] = {
    400: Answer("Refused; `error` says why, as RFC 6749 §5.2 has it.", OAuthErrorAnswer, OAUTH_CODES),
    401: Answer("The client did not prove that it is itself.", OAuthErrorAnswer, OAUTH_CODES),
    403: Answer("The address is of another organisation than the client's.", OAuthErrorAnswer, OAUTH_CODES),
    413: Answer("The body is larger than the service accepts.", OAuthErrorAnswer, OAUTH_CODES),
    500: Answer(
        "Internal error, or the service cannot answer right now.", OAuthErrorAnswer, OAUTH_CODES, ["Retry-After"]
    ),
}


def render(error: Exception, operation: Operation | None) -> Response:
    """The answer to whatever went wrong."""
    if operation is not None and operation.scheme == CLIENT:
        return _render_oauth(error)
    if isinstance(error, InvalidRequest):
        where = error.violations[0].location[0]
        return _listed([to_flaw(violation) for violation in error.violations], str(where))
    if isinstance(error, Flawed):
        return _listed(error.flaws, "body")
    status, kind = next(
        ((status, kind) for known, status, kind in _KINDS if isinstance(error, known)), (500, "internal_error")
    )
    # what an unexpected error says goes to the log alone, since it may hold anything
    message = str(error) if isinstance(error, JackfieldError) else _INSIDE
    item = ErrorItem(type=kind, message=message, details=None)
    return json_response(status, ErrorAnswer(errors=[item]), _headers(error))


def to_flaw(violation: Violation) -> Flaw:
    return Flaw(violation.location[1:], _PROBLEMS[violation.problem].format(violation.limit))


def _listed(flaws: Sequence[Flaw], where: str) -> Response:
    items = [
        ErrorItem(type="validation_error", message=flaw.message, details=f"{where} {_pointed(flaw.path)}")
        for flaw in flaws
    ]
    return json_response(400, ErrorAnswer(errors=items))


def _pointed(path: tuple[str | int, ...]) -> str:
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


def _headers(error: Exception) -> dict[str, str]:
    headers: dict[str, str] = {}
    match error:
        case TokenInvalid():
            headers = {"www-authenticate": 'Bearer error="invalid_token"'}  # RFC 6750 §3.1
        case InvalidClient():
            headers = {"www-authenticate": 'Basic realm="jackfield"'}  # RFC 6749 §5.2
        case Unauthenticated():
            headers = {"www-authenticate": "Bearer"}
        case ScopeMissing():
            headers = {"www-authenticate": f'Bearer error="insufficient_scope", scope="{error.scope}"'}
        case MethodNotAllowed():
            headers = {"allow": error.allowed}
        case TooManyFailures():
            headers = {"retry-after": str(error.seconds)}
        case Unavailable():
            headers = {"retry-after": "1"}
    return headers


def _render_oauth(error: Exception) -> Response:
    status, code, description = 500, "server_error", _INSIDE
    match error:
        case InvalidClient():
            status, code, description = 401, error.code, str(error)
        case OAuthError():
            status, code, description = 400, error.code, str(error)
        case TooManyFailures():
            status, code, description = 429, "temporarily_unavailable", str(error)
        case TenantMismatch():
            status, code, description = 403, "unauthorized_client", str(error)
        case BodyTooLarge():
            status, code, description = 413, "invalid_request", str(error)
        case InvalidRequest():
            names = ", ".join(str(violation.location[-1]) for violation in error.violations)
            status, code, description = 400, "invalid_request", f"Missing or not valid: {names}"
        case MalformedForm():
            status, code, description = 400, "invalid_request", str(error)
        case JackfieldError():
            description = str(error)
    body = OAuthErrorAnswer(error=code, error_description=description)
    return json_response(status, body, {**NO_STORE, **_headers(error)})
