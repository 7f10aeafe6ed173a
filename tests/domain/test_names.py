"""Names of organisations and integrations, and what is made from them."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jackfield.domain.errors import Invalid
from jackfield.domain.organisation import checked_handle, checked_name, handle_from, random_handle
from jackfield.domain.text import identifier_from, words

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@pytest.mark.parametrize(
    ("name", "handle"),
    [
        ("Acme", "acme"),
        ("  Acme  Corp. ", "acme-corp"),
        ("Société Générale", "societe-generale"),
        ("Straße", "strasse"),
        ("\uff21\uff23\uff2d\uff25", "acme"),
        ("--a--b--", "a-b"),
        ("xn--caf-dma", "xn-caf-dma"),
        ("a" * 63, "a" * 63),
        ("a" * 64, "a" * 63),
        ("a" * 62 + " b", "a" * 62),
        ("42", "organisation-42"),
        ("4 2", "4-2"),
        ("9" * 80, "organisation-" + "9" * 50),
        ("💥 boom", "boom"),
    ],
)
def test_a_handle_is_made_from_the_name(name: str, handle: str) -> None:
    assert handle_from(name) == handle


@pytest.mark.parametrize("name", ["", " ", "-", "株式会社", "💥", "..."])
def test_a_name_without_latin_letters_and_digits_makes_no_handle(name: str) -> None:
    assert handle_from(name) is None


def test_a_handle_for_a_name_that_makes_none_is_its_own() -> None:
    handles = {random_handle() for _ in range(50)}
    assert len(handles) == 50
    assert all(checked_handle(handle) == handle for handle in handles)


@pytest.mark.parametrize("handle", ["a", "acme-corp", "1a", "a" * 63, "xn--caf-dma"])
def test_a_handle_may_be_chosen(handle: str) -> None:
    assert checked_handle(handle) == handle


@pytest.mark.parametrize("handle", ["", "-a", "a-", "A", "a b", "a_b", "a.b", "é", "42", "a" * 64, "a\n", "株式会社"])
def test_what_is_no_handle_is_refused_with_an_example(handle: str) -> None:
    with pytest.raises(Invalid, match="Example: acme-corp"):
        checked_handle(handle)


@given(st.text(max_size=300))
@settings(deadline=None)
def test_every_handle_is_a_lower_case_dns_label_and_no_number(name: str) -> None:
    handle = handle_from(name)
    if handle is None:
        assert words(name) == []
        return
    assert LABEL.fullmatch(handle)
    assert not handle.isdecimal()
    # a handle of a handle is itself: it can be given wherever a name can
    assert handle_from(handle) == handle


@pytest.mark.parametrize("name", ["x", " x ", "é", "a" * 255, "  " + "a" * 255, "with 'quotes' and 💥"])
def test_a_good_name_is_kept_without_surrounding_blanks(name: str) -> None:
    assert checked_name(name) == name.strip()


@pytest.mark.parametrize("name", ["", " ", "\n", "a" * 256, "a\0b", "a\nb", "a\x1bb", "a\x7fb"])
def test_a_name_is_not_empty_nor_long_nor_full_of_control_characters(name: str) -> None:
    with pytest.raises(Invalid, match="1 to 255"):
        checked_name(name)


def test_a_name_that_cannot_be_stored_is_refused() -> None:
    # what the command line makes of a byte that is not UTF-8
    with pytest.raises(Invalid):
        checked_name("a\udcff")


@pytest.mark.parametrize(
    ("name", "identifier"),
    [("My Sentry", "my-sentry"), ("Überraschung!", "uberraschung"), ("株式会社", "sentry"), ("", "sentry")],
)
def test_an_identifier_is_made_from_the_name_or_falls_back(name: str, identifier: str) -> None:
    assert identifier_from(name, "sentry") == identifier


@given(st.text())
@settings(deadline=None)
def test_words_are_lower_case_ascii(name: str) -> None:
    assert all(re.fullmatch("[a-z0-9]+", word) for word in words(name))
