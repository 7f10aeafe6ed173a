"""How both versions word what went wrong: the 422 list, the `detail` of refusals, the envelope of failures."""

from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from jackfield.domain.definition import FieldProblem
from jackfield.domain.errors import Conflict, Forbidden, JackfieldError, KeyInvalid, NotFound, Unauthenticated
from jackfield.web.contract import Answer, MethodNotAllowed, Operation, UnknownPath, json_response
from jackfield.web.dialects.integrations.schemas import Detail, ErrorItem, Failure, ValidationErrors
from jackfield.web.json_body import MalformedJson
from jackfield.web.request_body import BodyTooLarge
from jackfield.web.violations import InvalidRequest, Problem, Violation

_WORDS: Final[Mapping[Problem, tuple[str, str]]] = {
    Problem.MISSING: ("field required", "value_error.missing"),
    Problem.NULL: ("none is not an allowed value", "type_error.none.not_allowed"),
    Problem.NOT_STRING: ("str type expected", "type_error.str"),
    Problem.NOT_BOOLEAN: ("value could not be parsed to a boolean", "type_error.bool"),
    Problem.NOT_INTEGER: ("value is not a valid integer", "type_error.integer"),
    Problem.NOT_OBJECT: ("value is not a valid dict", "type_error.dict"),
    Problem.NOT_LIST: ("value is not a valid list", "type_error.list"),
    Problem.NOT_DATETIME: ("invalid datetime format", "value_error.datetime"),
    Problem.NOT_MEMBER: ("value is not a valid enumeration member", "type_error.enum"),
    Problem.TOO_SHORT: (
        "ensure this value has at least {} characters",
        "value_error.any_str.min_length",
    ),
    Problem.TOO_LONG: (
        "ensure this value has at most {} characters",
        "value_error.any_str.max_length",
    ),
    Problem.TOO_SMALL: (
        "ensure this value is greater than or equal to {}",
        "value_error.number.not_ge",
    ),
    Problem.TOO_LARGE: (
        "ensure this value is less than or equal to {}",
        "value_error.number.not_le",
    ),
    Problem.UNUSABLE: ("value is not usable", "value_error"),
}

#: how version 2, and saving in version 1, are called
API_KEY_SCHEME: Final = {
    "type": "apiKey",
    "in": "header",
    "name": "x-api-key",
    "description": "An API key of your organisation.",
}
#: statuses that every operation of both versions can answer with
SHARED_ANSWERS: Final[Mapping[int, Answer]] = {
    401: Answer("The key is missing, wrong, revoked or expired.", Detail),
    403: Answer("The key lacks the capability that the call needs.", Detail),
    500: Answer("Internal error, or the service cannot answer right now.", Failure),
}
INVALID_ANSWERS: Final = {422: Answer("The request is not valid; every problem is listed.", ValidationErrors)}
TOO_LARGE: Final = Answer("The request body is larger than the service accepts.", Detail)
CONFLICT: Final = Answer("The unique_identifier belongs to another integration.", Failure)


def render(error: Exception, operation: Operation | None) -> Response:
    """The answer to everything; a 401 is worded for calls by `x-api-key`."""
    match error:
        case Unauthenticated():
            return json_response(
                401, Detail(unauthenticated(error, "API key is required")), {"www-authenticate": "ApiKey"}
            )
        case InvalidRequest() | MalformedJson() | FieldProblem():
            return json_response(422, ValidationErrors(_items(error)))
        case BodyTooLarge():
            return json_response(413, Detail(str(error)))
        case Forbidden() | NotFound():
            detail = "Not Found" if isinstance(error, UnknownPath) else str(error)
            return json_response(403 if isinstance(error, Forbidden) else 404, Detail(detail))
        case Conflict():
            return json_response(409, Failure(False, None, str(error)))
    return _no_operation(error) or failure(error, operation)


def _no_operation(error: Exception) -> Response | None:
    if isinstance(error, MethodNotAllowed):
        return json_response(405, Detail("Method Not Allowed"), {"allow": error.allowed})
    return None


def failure(error: Exception, operation: Operation | None) -> Response:
    """500 in plain words; what an unexpected error says goes to the log alone, since it may hold anything."""
    cause = (
        str(error)
        if isinstance(error, JackfieldError)
        else "Internal error; the log has the details under this request's id"
    )
    sentence = operation.failure if operation else "Failed to answer"
    return json_response(500, Failure(False, None, f"{sentence}: {cause}"))


def unauthenticated(error: Unauthenticated, missing: str) -> str:
    """One sentence for keys that are wrong, revoked or expired, and `missing` for none."""
    return "Invalid API key" if isinstance(error, KeyInvalid) else missing


def _items(error: InvalidRequest | MalformedJson | FieldProblem) -> list[ErrorItem]:
    match error:
        case MalformedJson():
            return [ErrorItem(["body", error.offset], str(error), "value_error.jsondecode")]
        case FieldProblem():
            return [ErrorItem(["body", *error.path], str(error), "value_error")]
    return [_item(violation) for violation in error.violations]


def _item(violation: Violation) -> ErrorItem:
    message, kind = _WORDS[violation.problem]
    item = ErrorItem(list(violation.location), message.format(violation.limit), kind)
    if violation.limit is not None:
        item.ctx = {"limit_value": violation.limit}
    return item
