"""A cell that a spreadsheet would compute stays the text that it is."""

import pytest

from jackfield.web.console.audit_export import _harmless as harmless


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
@pytest.mark.parametrize("before", ["", " ", "a;", "a; ", "a,", "a\t", "a\n"])
def test_no_cell_and_no_part_of_one_begins_as_a_formula(before: str, sign: str) -> None:
    assert harmless(f"{before}{sign}1+1") == f"{before}'{sign}1+1"


@pytest.mark.parametrize("text", ["", "plain - text", "me@example.com", "a=b", "2026-12-01T00:00:00.000+00:00"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert harmless(text) == text
