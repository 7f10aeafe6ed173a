"""Addresses that strangers name."""

import pytest

from jackfield.domain.web_address import complaint_of_contact, complaint_of_url, with_query


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com/callback?with=query&of=its%20own",
        "HTTPS://EXAMPLE.com:8443/",
        "https://[2001:db8::1]:8443/x",
        "https://192.0.2.1/",
        "http://localhost:3000/callback",
        "http://app.localhost/",
        "http://127.0.0.1:8000",
        "http://127.9.9.9/",
        "http://[::1]/",
        "https://xn--bcher-kva.example/",
        "https://internal_host/",
    ],
)
def test_a_good_address_is_taken(url: str) -> None:
    assert complaint_of_url(url, allow_http=False) is None


@pytest.mark.parametrize(
    "url", ["http://example.com/", "http://10.0.0.1/", "http://localhost.example.com/", "http://[::]/"]
)
def test_plain_http_to_other_machines_is_the_operators_to_allow(url: str) -> None:
    assert "https" in (complaint_of_url(url, allow_http=False) or "")
    assert complaint_of_url(url, allow_http=True) is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "https:example.com",
        "https:/example.com",
        "https://",
        "https://?",
        "https://:443/",
        "https://a@b/",
        "https://@b/",
        "https://exa mple.com/",
        "https://exa\tmple.com/",
        "https://example.com/\r\nx",
        "https://example.com\\x",
        "https://example.com/é",
        "https://bücher.example/",
        "https://example.com:0/",
        "https://example.com:-1/",
        "https://example.com:²/",
        "https://[::1",
        "https://[v1.x]/",
        "https://ex%61mple.com/",
        "https://example.com/#x",
        "javascript://example.com/%0aalert(1)",
        " https://example.com/",
    ],
)
def test_a_bad_address_is_refused_whatever_is_allowed(url: str) -> None:
    assert complaint_of_url(url, allow_http=True)


@pytest.mark.parametrize(
    "contact", ["a@example.com", "first.last+tag@sub.example.com", "https://example.com/help", "http://example.com"]
)
def test_a_contact_is_an_address_of_either_kind(contact: str) -> None:
    assert complaint_of_contact(contact) is None


@pytest.mark.parametrize(
    "contact", ["nobody", "a@", "@b", "a@b@c", "a b@c", "javascript:alert(1)", "https://u:p@example.com/", "mailto:"]
)
def test_what_is_neither_is_refused(contact: str) -> None:
    assert complaint_of_contact(contact)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.com", "https://example.com?code=x"),
        ("https://example.com/a/", "https://example.com/a/?code=x"),
        ("https://example.com/a?b=c", "https://example.com/a?b=c&code=x"),
        ("https://example.com/a?code=y", "https://example.com/a?code=y&code=x"),
    ],
)
def test_a_parameter_comes_behind_those_that_are_there(url: str, expected: str) -> None:
    assert with_query(url, "code", "x") == expected
