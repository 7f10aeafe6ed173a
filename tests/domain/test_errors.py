"""The error tree."""

from collections.abc import Iterator

import jackfield.vault  # noqa: F401  errors of their own stand there and in the rooms that it knows
from jackfield.domain import errors, ids, integration, organisation  # noqa: F401
from jackfield.domain.errors import JackfieldError, Kind


def tree(root: type[JackfieldError]) -> Iterator[type[JackfieldError]]:
    for branch in root.__subclasses__():
        yield branch
        yield from tree(branch)


def test_every_error_has_a_kind_and_a_code_of_its_own() -> None:
    found = list(tree(JackfieldError))
    assert len(found) > 10
    assert all(isinstance(one.kind, Kind) for one in found)
    codes = [one.code for one in found]
    assert sorted(set(codes)) == sorted(codes)


def test_no_error_of_the_core_knows_an_http_status() -> None:
    for one in tree(JackfieldError):
        assert not [name for name in vars(one) if "status" in name.lower()]
