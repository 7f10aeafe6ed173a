"""Until when tokens are good, by the database's clock whatever our own says; and what errors mean for health."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jackfield.domain.credential import Secrets
from jackfield.domain.errors import Unavailable
from jackfield.domain.freshness import by_database_clock, expiry_of, freshness_of, read_moment, to_text
from jackfield.domain.health import Health, health_after
from jackfield.domain.provider import (
    ApplicationRefused,
    ConfigurationRejected,
    CredentialRefused,
    GrantRefused,
    ItemRejected,
    RightMissing,
    TokenSet,
    UnknownRefusal,
    Unsupported,
    VendorLimited,
    VendorUnavailable,
)

SETS = (TokenSet(), TokenSet(access="user_access_token", refresh="user_refresh_token", expires_at="user_expires_at"))


@pytest.mark.parametrize("minutes", [-10, 0, 10])
def test_a_wrong_clock_of_ours_does_not_move_an_expiry(minutes: int) -> None:
    here = datetime.now(UTC)
    database = here + timedelta(minutes=minutes)
    told = Secrets({"access_token": "a", "expires_at": to_text(here + timedelta(hours=1)), "scope": "all"})
    moved = by_database_clock(told, SETS, database)
    ends = expiry_of(moved, SETS[0])
    assert ends is not None
    assert abs((ends - database).total_seconds() - 3600) < 3
    assert (moved["access_token"], moved["scope"]) == ("a", "all")


@given(lives=st.lists(st.integers(1, 10**7), min_size=1, max_size=2), chance=st.floats(0, 1))
def test_newer_ones_are_due_before_the_first_ends_and_it_is_fresh_until_then(lives: list[int], chance: float) -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    secrets = Secrets(
        {one.expires_at: to_text(now + timedelta(seconds=life)) for one, life in zip(SETS, lives, strict=False)}
    )
    found = freshness_of(secrets, SETS, now, chance)
    assert found.token_expires_at == now + timedelta(seconds=min(lives))
    assert found.fresh_until is not None
    assert found.refresh_due_at is not None
    assert now < found.refresh_due_at < found.token_expires_at
    assert timedelta() < found.token_expires_at - found.fresh_until <= timedelta(minutes=5)
    # unless it lives for less than half an hour, it is refreshed before anybody has to wait for that
    assert min(lives) < 2000 or found.refresh_due_at < found.fresh_until


def test_what_does_not_end_is_never_due() -> None:
    found = freshness_of(Secrets({"access_token": "a"}), SETS, datetime.now(UTC), 0.5)
    assert (found.token_expires_at, found.fresh_until, found.refresh_due_at) == (None, None, None)


@pytest.mark.parametrize("text", [None, "", "soon", "2026", "9999-99-99T00:00:00Z", "0001-01-01T00:00:00+23:59", "1.5"])
def test_what_a_client_wrote_need_not_be_a_time(text: str | None) -> None:
    moment = read_moment(text)
    assert moment is None or moment.tzinfo is UTC


@pytest.mark.parametrize(
    ("error", "health"),
    [
        (VendorUnavailable("x"), Health.DEGRADED),
        (VendorLimited("x", 3), Health.DEGRADED),
        (UnknownRefusal("x", "name"), Health.DEGRADED),
        (ItemRejected("x"), Health.DEGRADED),
        (Unavailable("x"), Health.DEGRADED),
        (CredentialRefused("x"), Health.NEEDS_REAUTHORISATION),
        (RightMissing("x", "repo"), Health.NEEDS_REAUTHORISATION),
        (GrantRefused("x"), Health.NEEDS_REAUTHORISATION),
        (ApplicationRefused("x"), Health.MISCONFIGURED),
        (ConfigurationRejected("x", "project"), Health.MISCONFIGURED),
        (Unsupported("x"), Health.MISCONFIGURED),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Exception) else one.value,
)
def test_the_class_of_an_error_decides(error: Exception, health: Health) -> None:
    assert health_after(error) is health
