"""Where customers may be sent back to."""

import pytest

from jackfield.domain.errors import Invalid
from jackfield.domain.return_url import LIST_LIMIT, checked_return_urls, complaint_of_return_url, is_allowed

ALLOWED = ("https://app.example.com/settings/", "https://other.example.com", "http://localhost:3000/done")


@pytest.mark.parametrize(
    "url",
    [
        "https://app.example.com/settings",
        "https://app.example.com/settings/",
        "https://app.example.com/settings/integrations?x=1&y=//",
        "https://APP.example.com:443/settings/a",
        "https://other.example.com",
        "https://other.example.com/anything/at?all",
        "http://localhost:3000/done/x",
    ],
)
def test_what_is_below_an_entry_is_allowed(url: str) -> None:
    assert complaint_of_return_url(url) is None
    assert is_allowed(url, ALLOWED)


@pytest.mark.parametrize(
    "url",
    [
        "https://app.example.com",
        "https://app.example.com/settings-old",
        "https://app.example.com/Settings",
        "https://app.example.com.evil.example/settings",
        "https://evil.example/https://app.example.com/settings",
        "https://app.example.com:8443/settings",
        "https://sub.app.example.com/settings",
        "http://localhost:3001/done",
        "http://localhost/done",
    ],
)
def test_what_is_elsewhere_is_not(url: str) -> None:
    assert complaint_of_return_url(url) is None
    assert not is_allowed(url, ALLOWED)


@pytest.mark.parametrize(
    "url",
    [
        "https://app.example.com/settings/../admin",
        "https://app.example.com/settings/%2e%2E/admin",
        "https://app.example.com/settings/..%2fadmin",
        "https://app.example.com/settings/./x",
        "https://app.example.com\\@evil.example/settings",
        "https://user@app.example.com/settings",
        "https://app.example.com/settings#fragment",
        "http://app.example.com/settings",
        "javascript:alert(1)",
        "//app.example.com/settings",
        "/settings",
        "",
        "https://app.example.com/set tings",
        "https://app.example.com/settings\n",
    ],
)
def test_what_a_browser_could_take_for_something_else_is_none(url: str) -> None:
    assert complaint_of_return_url(url) is not None


def test_nothing_is_allowed_where_nothing_is_said() -> None:
    assert not is_allowed("https://app.example.com", ())


def test_a_list_is_kept_without_doubles_or_refused_as_a_whole() -> None:
    assert checked_return_urls(ALLOWED + ALLOWED) == ALLOWED
    for bad in ("http://app.example.com", "https://app.example.com/?x=1", "ftp://x", ""):
        with pytest.raises(Invalid):
            checked_return_urls([*ALLOWED, bad])
    with pytest.raises(Invalid, match="at most"):
        checked_return_urls(["https://app.example.com"] * (LIST_LIMIT + 1))
