"""What a place's id is made of: one server has one spelling, and a redirect names a place and never a server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jackfield.providers._http import Reply
from jackfield.providers._places import moved_to, number_of, place_id

PATHS = st.from_regex(r"\A(/[a-z]{1,8}){0,2}\Z")
HOSTS = st.from_regex(r"\A[a-z]{1,8}(\.[a-z]{1,8}){1,2}\Z")


@given(HOSTS, PATHS, st.sampled_from(["http", "https", "HTTPS"]), st.booleans(), st.integers(0, 2))
def test_one_server_has_one_id_however_its_address_is_written(
    host: str, path: str, scheme: str, is_upper: bool, slashes: int
) -> None:
    written = f"{scheme}://{host.upper() if is_upper else host}{path}{'/' * slashes}"
    plain = f"https://{host}{path}"
    assert place_id(written, 42) == place_id(plain, 42)
    assert number_of(place_id(written, 42), plain) == "42"


@pytest.mark.parametrize(
    "other", ["https://b.example.com", "https://a.example.com:8443", "https://a.example.com/b", "https://example.com"]
)
def test_the_same_number_on_another_server_is_another_place(other: str) -> None:
    here = place_id("https://a.example.com", 42)
    assert place_id(other, 42) != here
    assert number_of(here, other) is None
    assert number_of(here, None) is None
    assert place_id(None, 42) == "42"


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("https://api.example.com/repositories/42", "/repositories/42"),
        ("https://elsewhere.example.net/x/repositories/42", "/repositories/42"),
        ("/repositories/42", "/repositories/42"),
        ("https://api.example.com/repositories/42/../../users", None),
        ("https://api.example.com/repositories/x", None),
        ("https://api.example.com/login?to=/repositories/42", None),
        ("http://[", None),
        ("", None),
    ],
)
def test_of_a_redirect_only_the_number_of_a_place_is_used(location: str, expected: str | None) -> None:
    reply = Reply(301, {"location": location}, b"")
    assert moved_to(reply, r"/repositories/[0-9]{1,20}") == expected
    assert moved_to(Reply(200, {"location": location}, b""), r"/repositories/[0-9]{1,20}") is None
