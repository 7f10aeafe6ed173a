"""API keys: their form, and that only a keyed hash of one is of use."""

import base64
import hmac

import pytest

from jackfield.domain import key


def test_a_key_is_a_prefix_and_32_random_bytes() -> None:
    made = {key.generate() for _ in range(1000)}
    assert len(made) == 1000
    for one in made:
        assert key.looks_like_key(one)
        assert one.startswith("jf_")
        assert len(base64.urlsafe_b64decode(one.removeprefix("jf_") + "=")) == 32


@pytest.mark.parametrize(
    "text",
    [
        "",
        "jf_",
        "jf_" + "a" * 42,
        "jf_" + "a" * 44,
        "JF_" + "a" * 43,
        "jf_" + "a" * 42 + "=",
        "jf_" + "a" * 42 + "é",
        "jf_" + "a" * 43 + "\n",
        " jf_" + "a" * 43,
    ],
)
def test_what_cannot_be_a_key_is_told_at_once(text: str) -> None:
    assert not key.looks_like_key(text)


def test_the_digest_is_an_hmac_under_the_pepper() -> None:
    made = key.generate()
    assert key.digest(b"pepper", made) == hmac.new(b"pepper", made.encode(), "sha256").digest()
    assert key.digest(b"pepper", made) != key.digest(b"another", made)
