"""Keys as an organisation's own administrator manages them."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jackfield.domain.errors import CapabilityMissing, Invalid, KeyInvalid, NotFound
from jackfield.domain.key import ApiKey
from jackfield.domain.principal import Capability
from jackfield.services.organisations import NewKey
from support.callers import allowed, lacking
from support.operator import ORIGIN
from support.workbench import Workbench

BOTH = (Capability.MANAGE_ORGANISATION, Capability.VIEW)


def create(bench: Workbench, *capabilities: str, **more: Any) -> NewKey:
    caller = more.pop("caller", None) or allowed(bench, *BOTH)
    made = bench.house.services.keys.create(caller, more.pop("user", "bob"), capabilities, **more)
    return bench.operator.run(made)


def keys(bench: Workbench, **more: Any) -> Sequence[ApiKey]:
    return bench.operator.run(bench.house.services.keys.list(allowed(bench, *BOTH), **more))


def revoke(bench: Workbench, key_id: int) -> ApiKey:
    return bench.operator.run(bench.house.services.keys.revoke(allowed(bench, *BOTH), key_id, "as spelled"))


def test_a_key_that_was_made_opens_the_door(bench: Workbench) -> None:
    end = datetime.now(UTC) + timedelta(days=1)
    made = create(bench, Capability.VIEW, expires_at=end)
    principal = bench.operator.run(bench.house.services.access.authenticate(made.secret))
    assert (principal.organisation_id, principal.user) == (bench.organisation.id, "bob")
    assert principal.capabilities == {Capability.VIEW}
    assert principal.expires_at == end
    assert made.organisation == bench.organisation
    assert made.secret not in repr(made)


def test_keys_are_listed_newest_first_page_by_page(bench: Workbench) -> None:
    made = [create(bench, Capability.VIEW).key for _ in range(5)]
    first = keys(bench, limit=3)
    assert [*first, *keys(bench, before=first[-1].id, limit=3)] == list(reversed(made))


def test_a_revoked_key_is_dead_and_still_listed(bench: Workbench) -> None:
    made = create(bench, Capability.VIEW)
    assert revoke(bench, made.key.id).id == made.key.id
    with pytest.raises(KeyInvalid):
        bench.operator.run(bench.house.services.access.authenticate(made.secret))
    [listed] = keys(bench)
    assert listed.revoked_at is not None
    with pytest.raises(NotFound, match="as spelled"):
        revoke(bench, made.key.id)


def test_both_are_audited_without_the_key(bench: Workbench) -> None:
    made = create(bench, Capability.VIEW)
    revoke(bench, made.key.id)
    wanted = (
        "select action, actor, subject_ids, fields from audit_entry where organisation_id = $1 and action like 'key.%'"
    )
    assert [tuple(record) for record in bench.operator.fetch(wanted + " order by id", bench.organisation.id)] == [
        ("key.created", "alice", [made.key.id], ["user", "capabilities"]),
        ("key.revoked", "alice", [made.key.id], []),
    ]


def test_a_key_of_another_organisation_is_not_found_and_lives(bench: Workbench) -> None:
    other = Workbench(bench.operator)
    made = create(other, Capability.VIEW)
    with pytest.raises(NotFound):
        revoke(bench, made.key.id)
    assert keys(bench) == []
    assert bench.operator.run(bench.house.services.access.authenticate(made.secret)).user == "bob"


def test_a_key_can_do_no_more_than_who_makes_it(bench: Workbench) -> None:
    with pytest.raises(CapabilityMissing, match=Capability.REVEAL_CREDENTIALS):
        create(bench, Capability.VIEW, Capability.REVEAL_CREDENTIALS)
    assert keys(bench) == []


def test_nobody_is_given_the_operators_part(bench: Workbench) -> None:
    with pytest.raises(Invalid):
        create(bench, Capability.OPERATE, caller=bench.caller)
    assert keys(bench) == []


@pytest.mark.parametrize("named", [(), ("no-such",)], ids=["none", "unknown"])
def test_capabilities_have_to_be_named(bench: Workbench, named: tuple[str, ...]) -> None:
    with pytest.raises(Invalid):
        create(bench, *named)


@pytest.mark.parametrize("user", ["", "  ", "a\0b", "a" * 256])
def test_a_key_is_somebodys(bench: Workbench, user: str) -> None:
    with pytest.raises(Invalid):
        create(bench, Capability.VIEW, user=user)


def test_a_key_does_not_end_before_it_begins(bench: Workbench) -> None:
    with pytest.raises(Invalid, match="later"):
        create(bench, Capability.VIEW, expires_at=datetime.now(UTC) - timedelta(seconds=1))


def test_only_who_manages_the_organisation_may(bench: Workbench) -> None:
    caller = lacking(bench, Capability.MANAGE_ORGANISATION)
    service = bench.house.services.keys
    for deed in (
        service.list(caller),
        service.create(caller, "bob", (Capability.VIEW,)),
        service.revoke(caller, 1, "1"),
    ):
        with pytest.raises(CapabilityMissing):
            bench.operator.run(deed)


def test_the_operators_keys_are_of_the_same_kind(bench: Workbench) -> None:
    organisations = bench.house.services.organisations
    made = bench.operator.run(organisations.create_key(bench.organisation.handle, "carol", (), None, ORIGIN))
    assert len(base64.urlsafe_b64decode(made.secret.removeprefix("jf_") + "=")) == 32
    assert [key.user for key in keys(bench)] == ["carol"]


@pytest.mark.parametrize("user", ["operator", " Service ", "jackfield", "app:parts-finder"])
def test_nobody_is_called_as_the_audit_calls_no_person(bench: Workbench, user: str) -> None:
    with pytest.raises(Invalid, match="no person"):
        create(bench, Capability.VIEW, user=user)
