"""How the organisations contract words what went wrong: the status, and one sentence."""

from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from jackfield.domain.definition import FieldProblem
from jackfield.domain.errors import JackfieldError, Kind, Unauthenticated, Unavailable
from jackfield.domain.integration import InvalidState
from jackfield.web.contract import Answer, MethodNotAllowed, Operation, json_response
from jackfield.web.dialects.organisations.schemas import Error
from jackfield.web.json_body import MalformedJson
from jackfield.web.request_body import BodyTooLarge

_STATUSES: Final[Mapping[Kind, int]] = {
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    # the contract has one status for whatever is wrong with a request
    Kind.CONFLICT: 400,
    Kind.INVALID: 400,
    Kind.UNAVAILABLE: 503,
    Kind.MISCONFIGURED: 500,
}
#: where the kind does not tell the status
_EXCEPTIONS: Final[Mapping[type[Exception], int]] = {BodyTooLarge: 413, MethodNotAllowed: 405, InvalidState: 400}
_UNEXPECTED: Final = "Internal error; the log has the details under this request's id"

SHARED_ANSWERS: Final[Mapping[int, Answer]] = {
    400: Answer("The organisation does not exist, or something in the request is not valid.", Error),
    401: Answer("The key is missing, wrong, revoked or expired.", Error),
    403: Answer("The key lacks `MANAGE_ORGANISATION` in the organisation that the call is about.", Error),
    500: Answer("Internal error.", Error),
    503: Answer("The service cannot answer right now; retry later.", Error),
}
NOT_FOUND: Final = Answer("There is no such integration.", Error)
TOO_LARGE: Final = Answer("The request body is larger than the service accepts.", Error)


def render(error: Exception, _: Operation | None) -> Response:
    """The answer to whatever went wrong."""
    if not isinstance(error, JackfieldError):
        # what an unexpected error says goes to the log alone, since it may hold anything
        return _answer(500, _UNEXPECTED)
    status = _EXCEPTIONS.get(type(error), _STATUSES[error.kind])
    return _answer(status, _sentence(error), _headers(error))


def _sentence(error: JackfieldError) -> str:
    if isinstance(error, FieldProblem):
        return f"{'.'.join(error.path)}: {error}"
    if isinstance(error, MalformedJson):
        return f"The body is not JSON: {error} (character {error.offset})"
    return str(error)


def _headers(error: JackfieldError) -> dict[str, str]:
    if isinstance(error, Unauthenticated):
        return {"www-authenticate": "Bearer"}
    if isinstance(error, MethodNotAllowed):
        return {"allow": error.allowed}
    if isinstance(error, Unavailable):
        return {"retry-after": "1"}
    return {}


def _answer(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    return json_response(status, Error(code=status, message=message), headers)
