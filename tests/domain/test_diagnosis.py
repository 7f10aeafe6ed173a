"""Every state with every health has an answer to: why does it not work, and what do I do?"""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jackfield.domain.count import Count
from jackfield.domain.definition import Definition
from jackfield.domain.diagnosis import Diagnosis, Facts, Remedy, Severity, diagnose
from jackfield.domain.health import Health
from jackfield.domain.integration import EMPTY_OBJECT, Detail, State, Status
from jackfield.domain.item import ItemType
from jackfield.domain.provider import Category

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=30)


def definition(**more: Any) -> Definition:
    return Definition(
        **{
            "vendor": "acme",
            "name": "Acme",
            "url": "https://acme.example.com",
            "category": Category.APPS,
            "supports_verification": True,
            **more,
        }
    )


def integration(**more: Any) -> Detail:
    """One that works, unless said otherwise."""
    fields: dict[str, Any] = {
        "id": 1,
        "organisation_id": 1,
        "provider": "acme",
        "name": "Ours",
        "unique_identifier": "ours",
        "sealed_secrets": b"sealed",
        "configuration": EMPTY_OBJECT,
        "metadata": EMPTY_OBJECT,
        "status": Status.ACTIVE,
        "enabled": True,
        "created_by": "alice",
        "created_at": LONG_AGO,
        "updated_at": LONG_AGO,
        "identifier": "ours",
        "item_type": ItemType.WORK_ITEM,
        "state": State.LIVE,
        "state_changed_at": LONG_AGO,
        "error": None,
        "error_at": None,
        "verified_at": LONG_AGO,
        "credential_version": 1,
        "creator_user": "alice",
        "creator_key_id": 1,
        "deleted_at": None,
        "health": Health.ACTIVE,
    }
    return Detail(**{**fields, **more})


def diagnosed(facts: Facts | None = None, of: Definition | None = None, **more: Any) -> Diagnosis:
    return diagnose(integration(**more), of or definition(), facts or Facts(), NOW)


#: what each state and health comes to, of an integration that is otherwise well
BY_STATE_AND_HEALTH: dict[tuple[State, Health], tuple[Severity, tuple[Remedy, ...]]] = {
    (State.NEW, Health.UNKNOWN): (Severity.NOTE, (Remedy.VERIFY,)),
    (State.VERIFYING, Health.UNKNOWN): (Severity.NOTE, (Remedy.WAIT,)),
    # of a vendor that cannot be asked
    (State.LIVE, Health.UNKNOWN): (Severity.NOTE, ()),
    (State.NEW, Health.ACTIVE): (Severity.NOTE, (Remedy.VERIFY,)),
    (State.NEW, Health.DEGRADED): (Severity.BROKEN, (Remedy.WAIT, Remedy.VERIFY)),
    (State.VERIFYING, Health.ACTIVE): (Severity.NOTE, (Remedy.WAIT,)),
    (State.VERIFYING, Health.DEGRADED): (Severity.NOTE, (Remedy.WAIT,)),
    (State.LIVE, Health.ACTIVE): (Severity.FINE, ()),
    (State.LIVE, Health.DEGRADED): (Severity.WARNING, (Remedy.WAIT, Remedy.VERIFY)),
    **{
        (state, Health.NEEDS_REAUTHORISATION): (Severity.BROKEN, (Remedy.EDIT, Remedy.VERIFY))
        for state in (State.NEW, State.VERIFYING, State.LIVE)
    },
    **{
        (state, Health.MISCONFIGURED): (Severity.BROKEN, (Remedy.EDIT, Remedy.VERIFY, Remedy.ASK_OPERATOR))
        for state in (State.NEW, State.VERIFYING, State.LIVE)
    },
    **{(State.DELETING, health): (Severity.NOTE, (Remedy.WAIT,)) for health in Health},
    **{(State.DELETED, health): (Severity.NOTE, ()) for health in Health},
}


@pytest.mark.parametrize(
    ("state", "health"),
    [pair for pair in itertools.product(State, Health) if pair[1] is not Health.REVOKED],
    ids=str,
)
def test_every_state_with_every_health_has_an_answer(state: State, health: Health) -> None:
    found = diagnosed(state=state, health=health, health_reason="The token expired on Monday.")
    assert (found.severity, found.steps) == BY_STATE_AND_HEALTH[state, health]
    assert found.headline
    assert found.explanation.endswith(".")
    if health is not Health.ACTIVE and state in {State.NEW, State.LIVE}:
        assert "The token expired on Monday." in found.explanation


@pytest.mark.parametrize("state", [State.NEW, State.VERIFYING, State.LIVE])
def test_what_was_revoked_is_connected_again(state: State) -> None:
    found = diagnosed(state=state, status=Status.INACTIVE, sealed_secrets=None)
    assert (found.severity, found.steps) == (Severity.BROKEN, (Remedy.RECONNECT,))


def test_what_its_vendor_granted_is_granted_again() -> None:
    found = diagnosed(health=Health.NEEDS_REAUTHORISATION, granted_at=LONG_AGO)
    assert found.steps == (Remedy.RECONNECT,)
    assert "Acme" in found.headline


def test_what_cannot_be_edited_is_not_sent_to_be_edited() -> None:
    app = definition(editable=False, supports_verification=False)
    for health in (Health.NEEDS_REAUTHORISATION, Health.MISCONFIGURED):
        steps = diagnosed(of=app, health=health).steps
        assert steps
        assert not {Remedy.EDIT, Remedy.VERIFY} & set(steps)


def test_what_cannot_be_verified_is_not_sent_to_be_verified() -> None:
    assert diagnosed(of=definition(supports_verification=False), state=State.NEW).steps == ()


def test_what_has_no_credential_is_connected_first() -> None:
    found = diagnosed(state=State.NEW, status=Status.PENDING, sealed_secrets=None)
    assert (found.severity, found.steps) == (Severity.BROKEN, (Remedy.CONNECT, Remedy.EDIT))


def test_an_unproven_one_that_is_not_worked_with_is_broken() -> None:
    assert diagnosed(state=State.NEW, status=Status.PENDING).severity is Severity.BROKEN


def test_what_is_switched_off_is_enabled() -> None:
    found = diagnosed(enabled=False)
    assert (found.severity, found.steps) == (Severity.NOTE, (Remedy.ENABLE,))


def test_what_the_product_marked_inactive_is_said_to_be() -> None:
    found = diagnosed(status=Status.INACTIVE)
    assert found.severity is Severity.NOTE
    assert "inactive" in found.headline


def test_what_the_product_reports_as_broken_is_verified() -> None:
    found = diagnosed(status=Status.ERROR, error="It says so")
    assert (found.severity, found.steps) == (Severity.BROKEN, (Remedy.VERIFY, Remedy.EDIT))
    assert "It says so." in found.explanation


def test_a_wrong_credential_comes_before_the_switch() -> None:
    found = diagnosed(health=Health.NEEDS_REAUTHORISATION, enabled=False)
    assert found.steps[0] is Remedy.EDIT


def test_a_provider_that_is_gone_is_the_operators() -> None:
    found = diagnose(integration(), None, Facts(), NOW)
    assert (found.severity, found.steps) == (Severity.BROKEN, (Remedy.ASK_OPERATOR,))


def test_held_deliveries_are_let_go_by_a_person() -> None:
    found = diagnosed(Facts(held=Count(1)))
    assert (found.severity, found.steps) == (Severity.WARNING, (Remedy.RETRY_HELD,))
    assert found.explanation.startswith("1 delivery waits")


@pytest.mark.parametrize("state", [State.NEW, State.VERIFYING, State.LIVE])
@pytest.mark.parametrize("health", [Health.DEGRADED, Health.NEEDS_REAUTHORISATION, Health.MISCONFIGURED])
def test_held_deliveries_are_let_go_after_what_breaks_them_is_mended(state: State, health: Health) -> None:
    found = diagnosed(Facts(held=Count(1000, more=True)), state=state, health=health)
    assert found.steps[-1] is Remedy.RETRY_HELD
    assert len(found.steps) > 1
    assert "1,000+ deliveries wait" in found.explanation


@pytest.mark.parametrize(("days", "severity"), [(-1, Severity.WARNING), (3, Severity.WARNING), (30, Severity.FINE)])
def test_a_credential_that_ends_is_spoken_of_in_time(days: int, severity: Severity) -> None:
    found = diagnosed(token_expires_at=NOW + timedelta(days=days))
    assert found.severity is severity


def test_a_credential_that_is_renewed_by_itself_is_not_spoken_of() -> None:
    soon = NOW + timedelta(hours=1)
    assert diagnosed(granted_at=LONG_AGO, token_expires_at=soon, refresh_due_at=soon).severity is Severity.FINE


def test_a_granted_access_that_ends_is_connected_again() -> None:
    found = diagnosed(granted_at=LONG_AGO, token_expires_at=NOW + timedelta(hours=1))
    assert found.steps == (Remedy.RECONNECT,)


@pytest.mark.parametrize(("seconds", "spoken"), [(0.2, "1 s"), (60, "60 s"), (600, "10 min")])
def test_an_account_that_its_vendor_limits_is_waited_for(seconds: float, spoken: str) -> None:
    found = diagnosed(Facts(resting_seconds=seconds))
    assert (found.severity, found.steps) == (Severity.NOTE, (Remedy.WAIT,))
    assert f"another {spoken};" in found.explanation


def test_one_that_hears_of_no_items_can_be_told_of_some() -> None:
    found = diagnosed(item_type=ItemType.NONE)
    assert (found.severity, found.steps) == (Severity.FINE, (Remedy.CHOOSE_ITEMS,))


def test_an_app_that_is_not_set_up_yet_is_not_broken() -> None:
    app = definition(editable=False, supports_verification=False)
    found = diagnosed(of=app, state=State.NEW, status=Status.PENDING)
    assert (found.severity, found.steps) == (Severity.NOTE, (Remedy.WAIT,))
    assert found.headline == "Acme has not said yet that it is set up"
