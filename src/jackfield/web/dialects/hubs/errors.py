"""How the hubs contract words what went wrong: one error, with a code, and where in the request it is."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import UNSET, UnsetType
from starlette.responses import Response

from jackfield.domain.connecting import ConnectSessionNotFound
from jackfield.domain.definition import FieldProblem
from jackfield.domain.delivery import DeliveryNotFound
from jackfield.domain.errors import (
    CapabilityMissing,
    Conflict,
    Forbidden,
    JackfieldError,
    KeyExpired,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from jackfield.domain.idempotency import CallUnderWay, UnusableIdempotencyKey
from jackfield.domain.integration import IntegrationNotFound, InvalidState
from jackfield.domain.item import BatchProblem, ItemNotFound
from jackfield.domain.job import JobNotFound
from jackfield.services.new_integration import OnlyOne
from jackfield.web import idempotency
from jackfield.web.contract import (
    Answer,
    BodyTooLarge,
    MethodNotAllowed,
    NotJson,
    Operation,
    json_response,
)
from jackfield.web.dialects.hubs.schemas import ErrorAnswer, ErrorBody
from jackfield.web.json_body import MalformedJson
from jackfield.web.security import HubMismatch
from jackfield.web.violations import InvalidRequest, Problem, Violation

_TITLES: Final[Mapping[str, str]] = {
    "400.invalid-syntax": "The body is not JSON",
    "401.auth-invalid": "The key is missing, wrong or revoked",
    "401.auth-expired": "The key has expired",
    "403.permissions": "The key may not do this",
    "403.mismatch": "The key belongs to another hub",
    "403.invalid-state": "The resource is in a state in which this cannot be done",
    "404.hub.integration": "There is no such integration",
    "404.job": "There is no such job",
    "404.hub.item": "There is no such item",
    "404.hub.delivery": "There is no such delivery",
    "404.hub.connect-session": "There is no such connect session",
    "404.uri": "There is no such path",
    "405.method": "The path does not know this method",
    "409.duplicate-found": "There is such a resource already",
    "409.under-way": "The same call is under way",
    "415.invalid-content-type": "The body has to be JSON",
    "422.missing-argument": "Something that is needed is missing",
    "422.invalid-argument": "Something is not valid",
    "422.already-exists": "There can be only one",
    "422.max-exceeded": "A limit is exceeded",
    "500.unknown": "Failure inside",
    "503.not-ready": "The service is not ready",
}
_PROBLEMS: Final[Mapping[Problem, str]] = {
    Problem.MISSING: "This field is required",
    Problem.NULL: "null is not allowed here",
    Problem.NOT_STRING: "This has to be a string",
    Problem.NOT_BOOLEAN: "This has to be true or false",
    Problem.NOT_INTEGER: "This has to be a whole number",
    Problem.NOT_OBJECT: "This has to be an object",
    Problem.NOT_LIST: "This has to be a list",
    Problem.NOT_DATETIME: "This has to be a date and time such as 2026-01-31T10:00:00Z",
    Problem.NOT_MEMBER: "This is none of the values that are allowed",
    Problem.TOO_SHORT: "This has to have at least {} characters",
    Problem.TOO_LONG: "This can have at most {} characters",
    Problem.TOO_FEW: "This has to have at least {} members",
    Problem.TOO_MANY: "This can have at most {} members",
    Problem.TOO_SMALL: "This has to be at least {}",
    Problem.TOO_LARGE: "This can be at most {}",
    Problem.UNUSABLE: "This cannot be used",
    Problem.UNKNOWN: "There is no such filter here; {}",
}
_PROBLEM_CODES: Final[Mapping[Problem, str]] = {
    Problem.MISSING: "422.missing-argument",
    Problem.TOO_LONG: "422.max-exceeded",
    Problem.TOO_MANY: "422.max-exceeded",
}
#: where the status is all that tells the code
_SIMPLE: Final[tuple[tuple[type[Exception], str], ...]] = (
    (KeyExpired, "401.auth-expired"),
    (Unauthenticated, "401.auth-invalid"),
    (HubMismatch, "403.mismatch"),
    (InvalidState, "403.invalid-state"),
    (Forbidden, "403.permissions"),
    (IntegrationNotFound, "404.hub.integration"),
    (JobNotFound, "404.job"),
    (ItemNotFound, "404.hub.item"),
    (DeliveryNotFound, "404.hub.delivery"),
    (ConnectSessionNotFound, "404.hub.connect-session"),
    (NotFound, "404.uri"),
    (MethodNotAllowed, "405.method"),
    (CallUnderWay, "409.under-way"),
    (Conflict, "409.duplicate-found"),
    (MalformedJson, "400.invalid-syntax"),
    (UnusableIdempotencyKey, "422.invalid-argument"),
    (NotJson, "415.invalid-content-type"),
    (Unavailable, "503.not-ready"),
)

SHARED_ANSWERS: Final[Mapping[int, Answer]] = {
    401: Answer("The key is missing, wrong, revoked or expired.", ErrorAnswer),
    403: Answer("The key may not do this, or belongs to another hub.", ErrorAnswer),
    500: Answer("Failure inside.", ErrorAnswer),
    503: Answer("The service is not ready; the same call can succeed later.", ErrorAnswer),
}
INVALID_ANSWERS: Final = {422: Answer("Something in the request is not valid; `source` says where.", ErrorAnswer)}
#: of operations that take an Idempotency-Key
IDEMPOTENCY_ANSWERS: Final[Mapping[int, Answer]] = {
    409: Answer("The call with this Idempotency-Key is under way; it can be asked again for its answer.", ErrorAnswer),
    **INVALID_ANSWERS,
}
#: of operations that read a body
BODY_ANSWERS: Final[Mapping[int, Answer]] = {
    400: Answer("The body is not JSON.", ErrorAnswer),
    413: Answer("The body is larger than the service accepts.", ErrorAnswer),
    415: Answer("The body is not sent as JSON.", ErrorAnswer),
}


def render(error: Exception, _: Operation | None) -> Response:
    """The answer to whatever went wrong."""
    match error:
        case InvalidRequest():
            return _violations(error.violations)
        case FieldProblem():
            code = "422.missing-argument" if error.missing else "422.invalid-argument"
            return _answer(code, str(error), source=pointer(error.path))
        case BatchProblem():
            return _answer("422.invalid-argument", str(error), source=next(iter(error.problems)), extra=error.problems)
        case OnlyOne():
            return _answer("422.already-exists", str(error), source="/vendor")
        case BodyTooLarge():
            # what is left of the body is not read, so the connection cannot be used again
            return _answer("422.max-exceeded", str(error), status=413, headers={"connection": "close"})
    code = next((code for kind, code in _SIMPLE if isinstance(error, kind)), "500.unknown")
    # what an unexpected error says goes to the log alone, since it may hold anything
    known = isinstance(error, JackfieldError)
    detail = str(error) if known else "Internal error; the log has the details under this request's id"
    source = idempotency.HEADER if isinstance(error, UnusableIdempotencyKey) else UNSET
    extra = {"capability": str(error.capability)} if isinstance(error, CapabilityMissing) else {}
    return _answer(code, detail, source=source, extra=extra, headers=_headers(error))


def pointer(path: tuple[str | int, ...]) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def _headers(error: Exception) -> dict[str, str]:
    if isinstance(error, Unauthenticated):
        return {"www-authenticate": "Bearer"}
    if isinstance(error, MethodNotAllowed):
        return {"allow": error.allowed}
    if isinstance(error, Unavailable | CallUnderWay):
        return {"retry-after": "1"}
    return {}


def _violations(violations: Sequence[Violation]) -> Response:
    """The first is told; where there are several, `extra` has all of them."""
    first = violations[0]
    extra = {_source(one) or "/": _detail(one) for one in violations} if len(violations) > 1 else {}
    code = _PROBLEM_CODES.get(first.problem, "422.invalid-argument")
    return _answer(code, _detail(first), source=_source(first) or UNSET, extra=extra)


def _source(violation: Violation) -> str:
    where, *path = violation.location
    # of a parameter that is a list, the parameter; its parts have no names
    return pointer(tuple(path)) if where == "body" or not path else str(path[0])


def _detail(violation: Violation) -> str:
    if violation.problem is Problem.UNKNOWN:
        there = f"there are {', '.join(violation.known)}" if violation.known else "there are none"
        return _PROBLEMS[Problem.UNKNOWN].format(there)
    return _PROBLEMS[violation.problem].format(violation.limit)


def _answer(
    code: str,
    detail: str,
    *,
    status: int | None = None,
    source: str | UnsetType = UNSET,
    extra: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    number = int(code[:3]) if status is None else status
    body = ErrorBody(status=number, code=code, title=_TITLES[code], detail=detail, source=source, extra=extra or {})
    return json_response(number, ErrorAnswer(error=body), headers)
