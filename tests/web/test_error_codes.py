"""Every error code that a contract can answer with is documented, and every documented one can be answered."""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from starlette.responses import Response

from jackfield.domain.definition import FieldProblem
from jackfield.domain.errors import JackfieldError
from jackfield.domain.flaws import Flaw, Flawed
from jackfield.domain.oauth import OAuthError
from jackfield.web.app import DIALECTS
from jackfield.web.contract import Dialect, Operation
from jackfield.web.dialects.platform.errors import CLIENT
from jackfield.web.violations import InvalidRequest, Problem, Violation
from support.documented_answers import codes_in

#: problems that a contract's own types cannot have: no list in v1 and v2 is limited, no enumeration of filters is known
_NEVER: Final = {
    "integrations_v1": {Problem.TOO_FEW, Problem.TOO_MANY, Problem.UNKNOWN},
    "integrations_v2": {Problem.TOO_FEW, Problem.TOO_MANY, Problem.UNKNOWN},
    "platform": {Problem.TOO_FEW, Problem.TOO_MANY, Problem.UNKNOWN},
}
#: what the classes of errors know, so that each can be made whatever it is made of
_KNOWN: Final[dict[str, Any]] = {
    "offset": 0,
    "allowed": "GET",
    "capability": "a-capability",
    "scope": "a:scope",
    "reference": "1",
    "noun": "Thing",
    "problems": {"/items/0/key": "It is there twice"},
    "retry_after": 1,
    "seconds": 1,
}


def classes(of: type[JackfieldError]) -> Iterator[type[JackfieldError]]:
    for one in of.__subclasses__():
        if one.__module__.startswith("jackfield."):
            yield one
            yield from classes(one)


def errors(dialect: Dialect) -> Iterator[Exception]:
    """One of every kind of error that there is, and one that nobody foresaw."""
    yield RuntimeError("unforeseen")
    for problem in set(Problem) - _NEVER.get(dialect.name, set()):
        yield InvalidRequest([Violation(("body", "name"), problem, 1)])
    for missing in (True, False):
        yield FieldProblem(("auth", "api_key"), "is needed", missing=missing)
    # OAuthError is what its kinds have in common, and never raised itself
    for class_ in set(classes(JackfieldError)) - {InvalidRequest, FieldProblem, OAuthError}:
        if issubclass(class_, Flawed):
            error: JackfieldError = class_.__new__(class_)
            Flawed.__init__(error, [Flaw(("name",), "is not valid")])
        else:
            error = class_.__new__(class_)
            Exception.__init__(error, "what happened")
            vars(error).update(_KNOWN)
        yield error


def answered(dialect: Dialect) -> set[tuple[int, str]]:
    """The codes of all errors, outside of any operation and in one of each way to prove oneself."""
    operations: list[Operation | None] = [None]
    operations += {operation.scheme: operation for operation in dialect.operations}.values()
    found = set()
    for operation in operations:
        for error in errors(dialect):
            found |= {(status, code) for status, code in told(dialect.render(error, operation))}
    return found


def told(response: Response) -> Iterator[tuple[int, str]]:
    status = response.status_code
    for code in codes_in(status, json.loads(bytes(response.body))):
        yield status, code


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_the_codes_that_are_documented_are_those_that_are_answered(dialect: Dialect) -> None:
    documented = {(fault.status, fault.code) for fault in dialect.faults}
    seen = answered(dialect)
    assert seen - documented == set()
    assert documented - seen == set()


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_code_is_documented_once_with_a_meaning_and_a_remedy(dialect: Dialect) -> None:
    named = [(fault.status, fault.code, fault.meaning) for fault in dialect.faults]
    assert len(named) == len(set(named)) > 5
    for fault in dialect.faults:
        assert fault.meaning[0].isupper()
        assert fault.remedy[-1] in ".`"


def test_oauth_calls_answer_their_own_codes_alone() -> None:
    platform = next(dialect for dialect in DIALECTS if dialect.name == "platform")
    by_client = next(operation for operation in platform.operations if operation.scheme == CLIENT)
    for error in errors(platform):
        for status, code in told(platform.render(error, by_client)):
            assert not code.endswith("_error") or code == "server_error", (status, code)
