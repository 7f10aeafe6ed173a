"""What a status says, whoever the vendor is: which thing a 403 is about, and where a redirect leads."""

import pytest

from jackfield.domain.health import Health, health_after
from jackfield.domain.provider import ConfigurationRejected, RightMissing, UnknownRefusal, VendorUnavailable
from jackfield.providers._http import Reply
from jackfield.providers._replies import raise_for_status, unexpected


def raised_for(status: int, body: bytes = b"", **headers: str) -> Exception:
    with pytest.raises(Exception) as raised:  # noqa: PT011  whatever it is, the test looks at it
        raise_for_status(Reply(status, headers, body), "Vendor", "to write issues")
    return raised.value


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("Resource protected by organization SAML enforcement. You must grant your token access.", "single sign-on"),
        ("You must sign in with Single Sign-On", "single sign-on"),
        ("Although you appear to have the correct authorization, the organization has an IP allow list enabled", "IP"),
        ("Your IP address 203.0.113.7 is not permitted to access this resource", "IP"),
        ("Not allowed from your IP", "IP"),
        ("You (@dev) must accept the Terms of Service in order to perform this action", "terms"),
        ("403 Forbidden - Your account has been blocked.", "blocked"),
        ("This user is suspended", "blocked"),
        ("Your account has been deactivated by your administrator", "blocked"),
        ("The organization forbids access via a fine-grained personal access tokens if the lifetime is over", "policy"),
        ("Personal access tokens are forbidden here", "policy"),
        ("Two-factor authentication is required", "two-factor"),
        ("Your password expired. Please access GitLab from a web browser to update your password.", "password"),
    ],
)
def test_a_403_says_what_it_is_about(said: str, word: str) -> None:
    for body in (said, said.upper(), f'{{"message": "{said}"}}', f"<html>\n  {said.replace(' ', '  ')}</html>"):
        error = raised_for(403, body.encode())
        assert isinstance(error, RightMissing)
        assert word in str(error)
        assert str(error).startswith("Vendor ")
        assert "lacks the right" not in str(error)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"Forbidden",
        b"<footer>Terms of Service | Privacy Policy</footer>",
        b'{"message": "Resource not accessible"}',
        b"\xff\xfe",
        b"x" * 10**6,
    ],
)
def test_a_403_without_a_reason_is_a_missing_right(body: bytes) -> None:
    error = raised_for(403, body)
    assert isinstance(error, RightMissing)
    assert str(error) == "Vendor takes the credential, but it lacks the right to write issues"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("https://git.example.com/api/v4/user?private_token=hunter2", "https://git.example.com"),
        ("https://GIT.example.com:8443/x", "https://git.example.com:8443"),
        ("http://git.example.com:80/x", "http://git.example.com"),
        ("/users/sign_in?token=hunter2", None),
        ("", None),
        ("javascript:alert(1)", None),
        ("https://user:hunter2@git.example.com/", None),
        ("https://git.example.com:99999/", None),
        ("https://" + "a" * 5000 + "/hunter2", None),
    ],
)
def test_a_redirect_is_a_setting_to_mend_and_names_the_server_to_enter(
    status: int, location: str, named: str | None
) -> None:
    error = raised_for(status, location=location)
    assert isinstance(error, ConfigurationRejected)
    assert health_after(error) is Health.MISCONFIGURED
    assert "hunter2" not in str(error)
    assert len(str(error)) < 500
    if named is None:
        assert "check the address" in str(error)
    else:
        assert f"redirects to {named}. Enter that address" in str(error)


@pytest.mark.parametrize("status", [400, 402, 409, 418, 422, 451])
def test_a_refusal_that_nobody_knows_is_called_by_its_status(status: int) -> None:
    error = unexpected(Reply(status, {}, b"hunter2"), "Vendor")
    assert isinstance(error, UnknownRefusal)
    assert error.name == f"HTTP {status}"


@pytest.mark.parametrize("status", [200, 204, 302, 500])
def test_an_answer_that_is_no_refusal_and_nothing_known_is_no_usable_answer(status: int) -> None:
    assert type(unexpected(Reply(status, {}, b""), "Vendor")) is VendorUnavailable
