"""What a person who signs in is called: by an e-mail address only where nothing says that it is not theirs."""

from typing import Any

import pytest

from jackfield.domain.sign_in import user_of

CLAIMS = {"sub": "f3b0-subject", "email": "boss@example.com"}


@pytest.mark.parametrize("verified", [True, "true"])
def test_a_verified_address_is_a_name(verified: Any) -> None:
    assert user_of({**CLAIMS, "email_verified": verified}) == "boss@example.com"


@pytest.mark.parametrize("verified", [None, False, "false", 0, 1, 1.0, "", "yes", "True", [], {}, [True]], ids=repr)
def test_whatever_else_the_claim_is_the_address_is_not_verified(verified: Any) -> None:
    assert user_of({**CLAIMS, "email_verified": verified}) == "f3b0-subject"


def test_a_provider_that_leaves_the_claim_out_is_believed() -> None:
    assert user_of(CLAIMS) == "boss@example.com"
