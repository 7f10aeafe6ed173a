"""What recorded replies do not show of issues at MantisBT: the forms of its enumerations, its own statuses."""

from typing import Any

import pytest

from jackfield.domain.item import ItemStatus
from jackfield.providers.mantisbt import _Issue, _Named, _names, _status_of

MEMBERS = [{"id": 10, "name": "new", "label": "neu"}, {"id": 80, "name": "resolved", "label": "erledigt"}]


@pytest.mark.parametrize(
    "configs",
    [
        [{"option": "status_enum_string", "value": MEMBERS}],
        [{"option": "status_enum_string", "value": {str(one["id"]): one for one in MEMBERS}}],
        {"status_enum_string": MEMBERS},
        {"status_enum_string": {str(one["id"]): one for one in MEMBERS}},
        {"status_enum_string": "10:new,80:resolved"},
    ],
)
def test_the_names_of_an_enumeration_in_each_form(configs: Any) -> None:
    assert _names(configs, "status_enum_string") == ["new", "resolved"]
    assert _names(configs, "resolution_enum_string") == []


@pytest.mark.parametrize("configs", [None, 5, [], {}, [None], [{"option": []}], {"status_enum_string": [5, None]}])
def test_an_enumeration_that_is_none_has_no_names(configs: Any) -> None:
    assert _names(configs, "status_enum_string") == []


@pytest.mark.parametrize(
    ("number", "name", "status"),
    [
        (10, "new", ItemStatus.OPEN),
        (20, "feedback", ItemStatus.OPEN),
        (30, "acknowledged", ItemStatus.OPEN),
        (40, "confirmed", ItemStatus.OPEN),
        (50, "assigned", ItemStatus.IN_PROGRESS),
        (80, "resolved", ItemStatus.CLOSED),
        (90, "closed", ItemStatus.CLOSED),
        (45, "triaged", ItemStatus.OPEN),
        (60, "in review", ItemStatus.IN_PROGRESS),
        (85, "verified", ItemStatus.CLOSED),
    ],
)
def test_what_each_status_means(number: int, name: str, status: ItemStatus) -> None:
    assert _status_of(_Issue(id=1, status=_Named(id=number, name=name))) is status


def test_an_issue_without_a_status_is_open() -> None:
    assert _status_of(_Issue(id=1)) is ItemStatus.OPEN
