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
    Fault,
    MethodNotAllowed,
    NotJson,
    Operation,
    json_response,
)
from jackfield.web.dialects.hubs.schemas import ErrorAnswer, ErrorBody
from jackfield.web.json_body import MalformedJson
from jackfield.web.request_body import BodyTooLarge
from jackfield.web.security import HubMismatch
from jackfield.web.violations import InvalidRequest, Problem, Violation

#: every error code, with what a caller can do about it
FAULTS: Final[Sequence[Fault]] = (
    Fault(400, "400.invalid-syntax", "The body is not valid JSON", "Send valid JSON in UTF-8."),
    Fault(401, "401.auth-invalid", "The API key is missing, wrong or revoked", "Send a valid key."),
    Fault(401, "401.auth-expired", "The API key has expired", "Create a new key."),
    Fault(
        403,
        "403.permissions",
        "The key lacks a capability",
        "Use a key that has the capability; `extra.capability` names it.",
    ),
    Fault(403, "403.mismatch", "The key belongs to another organisation", "Correct `X-Hub-Id`, or use another key."),
    Fault(
        403,
        "403.invalid-state",
        "The state of the resource does not allow this",
        "Get the resource to see its state. What is being deleted cannot be changed.",
    ),
    Fault(
        404, "404.hub.integration", "Integration not found", "Check the id. List integrations to see those there are."
    ),
    Fault(404, "404.job", "Job not found", "Check the id. Old jobs are removed."),
    Fault(404, "404.hub.item", "Item not found", "Check the type and key, or send the item first."),
    Fault(404, "404.hub.delivery", "Delivery not found", "Check the id, and that it belongs to this integration."),
    Fault(404, "404.hub.connect-session", "Connect session not found", "Check the id, or create a new session."),
    Fault(404, "404.uri", "There is no such path", "Check the address against this reference."),
    Fault(405, "405.method", "The path does not support this method", "Use one of the methods in the `Allow` header."),
    Fault(
        409, "409.duplicate-found", "There is such a resource already", "Use the one that is there, or another name."
    ),
    Fault(
        409,
        "409.under-way",
        "A call with this Idempotency-Key is still running",
        "Wait as long as `Retry-After` says, then send the same call again for its answer.",
    ),
    Fault(413, "422.max-exceeded", "The body is too large", "Send less at once."),
    Fault(
        415, "415.invalid-content-type", "The body is not declared as JSON", "Send `Content-Type: application/json`."
    ),
    Fault(422, "422.missing-argument", "A required value is missing", "Send what `source` points at."),
    Fault(422, "422.invalid-argument", "A value is not valid", "Correct what `source` points at, as `detail` says."),
    Fault(
        422,
        "422.already-exists",
        "The vendor can be connected only once, and is",
        "Change the integration that there is, or delete it first.",
    ),
    Fault(
        422, "422.max-exceeded", "A value is over its limit", "Shorten what `source` points at; `detail` has the limit."
    ),
    Fault(500, "500.unknown", "Internal error", "Retry later. If it persists, report the `X-Request-Id`."),
    Fault(
        503,
        "503.not-ready",
        "The service cannot answer right now",
        "Wait as long as `Retry-After` says, then retry.",
    ),
)
_TITLES: Final[Mapping[tuple[int, str], str]] = {(fault.status, fault.code): fault.meaning for fault in FAULTS}
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
    500: Answer("Internal error.", ErrorAnswer),
    503: Answer("The service cannot answer right now; retry later.", ErrorAnswer),
}
INVALID_ANSWERS: Final = {422: Answer("Something in the request is not valid; `source` says where.", ErrorAnswer)}
#: of operations that take an Idempotency-Key
IDEMPOTENCY_ANSWERS: Final[Mapping[int, Answer]] = {
    409: Answer("A call with this Idempotency-Key is still running.", ErrorAnswer, headers=["Retry-After"]),
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
            return _answer("422.max-exceeded", str(error), status=413)
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
    body = ErrorBody(
        status=number, code=code, title=_TITLES[number, code], detail=detail, source=source, extra=extra or {}
    )
    return json_response(number, ErrorAnswer(error=body), headers)
