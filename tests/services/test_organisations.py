"""Organisations and their keys, on the real database."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jackfield.domain import ids
from jackfield.domain.errors import CapabilityMissing, Conflict, Invalid, KeyInvalid, NotFound
from jackfield.domain.organisation import HandleTaken, Organisation, OrganisationSettings
from jackfield.domain.principal import GRANTABLE, Caller, Capability, Principal
from jackfield.services.organisations import NewKey
from support.operator import ORIGIN, Operator


def unique_name() -> str:
    return f"Org {uuid.uuid4().hex[:12]}"


def create_key(operator: Operator, reference: str, user: str = "alice", *capabilities: str, **more: Any) -> NewKey:
    made = operator.house.services.organisations.create_key(
        reference, user, capabilities, more.get("expires_at"), ORIGIN
    )
    return operator.run(made)


def get(operator: Operator, reference: str) -> Organisation:
    return operator.run(operator.house.services.organisations.get(reference))


def delete(operator: Operator, reference: str) -> Organisation:
    return operator.run(operator.house.services.organisations.delete(reference, ORIGIN))


def enter(operator: Operator, key: str) -> Principal:
    return operator.run(operator.house.services.access.authenticate(key))


def audit(operator: Operator, organisation: Organisation) -> list[tuple[str, list[int]]]:
    records = operator.fetch(
        "select action, subject_ids, actor, address, request_id from audit_entry "
        "where organisation_id = $1 order by id",
        organisation.id,
    )
    assert {tuple(record)[2:] for record in records} == {("operator", ORIGIN.address, ORIGIN.request_id)}
    return [(record[0], record[1]) for record in records]


# Organisations


def test_an_organisation_is_found_by_each_of_its_names(operator: Operator) -> None:
    name = unique_name()
    made = operator.create_organisation(f"  {name} ")
    assert made.name == name
    for reference in (str(made.id), ids.to_hex(made.id), made.handle, name):
        assert get(operator, reference) == made


@pytest.mark.parametrize("reference", ["", "no such", "0", "9" * 18, "+1", "0" * 24, ids.to_hex(1), "x" * 10_000, "%"])
def test_what_there_is_not_is_not_found(operator: Operator, reference: str) -> None:
    with pytest.raises(NotFound, match="Organisation not found"):
        get(operator, reference)


@pytest.mark.parametrize("name", ["", "   ", "a" * 256, "a\0b", "a\nb"])
def test_a_bad_name_is_refused(operator: Operator, name: str) -> None:
    with pytest.raises(Invalid):
        operator.run(operator.house.services.organisations.create(name, ORIGIN))


def test_a_handle_is_taken_once(operator: Operator) -> None:
    name = unique_name()
    made = operator.create_organisation(name)
    for other in (name, name.upper(), name.replace(" ", " - "), made.handle):
        with pytest.raises(HandleTaken, match=made.handle):
            operator.create_organisation(other)


def test_a_handle_stays_taken_after_its_organisation_is_deleted(operator: Operator) -> None:
    made = operator.create_organisation(unique_name())
    delete(operator, made.handle)
    with pytest.raises(HandleTaken):
        operator.create_organisation(made.name)


def test_a_deleted_organisation_is_gone_from_everything(operator: Operator) -> None:
    made = operator.create_organisation(unique_name())
    assert delete(operator, str(made.id)).id == made.id
    for reference in (str(made.id), made.handle, made.name):
        with pytest.raises(NotFound):
            get(operator, reference)
        with pytest.raises(NotFound):
            delete(operator, reference)
        with pytest.raises(NotFound):
            create_key(operator, reference)
        with pytest.raises(NotFound):
            operator.run(operator.house.services.organisations.list_keys(reference))
    assert made.id not in {one.id for one in operator.run(operator.house.services.organisations.list())}


def test_a_name_that_several_have_is_refused_and_the_handles_are_told(operator: Operator) -> None:
    # two names of one look but different words, so that their handles differ
    name = unique_name()
    first = operator.create_organisation(name)
    second = operator.create_organisation(unique_name())
    operator.fetch("update organisation set name = $1 where id = $2", name, second.id)
    for deed in (get, delete, create_key):
        with pytest.raises(Conflict, match=f"{first.handle}, {second.handle}"):
            deed(operator, name)
    assert get(operator, first.handle).id == first.id
    delete(operator, first.handle)
    # now the name fits one alone
    assert get(operator, name).id == second.id


def test_a_handle_wins_over_a_name(operator: Operator) -> None:
    named = operator.create_organisation(unique_name())
    other = operator.create_organisation(unique_name())
    operator.fetch("update organisation set name = $1 where id = $2", named.handle, other.id)
    assert get(operator, named.handle).id == named.id


def test_an_organisation_named_with_a_number_is_not_taken_for_an_id(operator: Operator) -> None:
    other = operator.create_organisation(unique_name())
    named = operator.create_organisation(str(other.id))
    assert named.handle == f"organisation-{other.id}"
    assert get(operator, str(other.id)).id == other.id
    assert get(operator, named.handle).id == named.id


def test_organisations_are_listed_oldest_first(operator: Operator) -> None:
    made = [operator.create_organisation(unique_name()).id for _ in range(3)]
    listed = [one.id for one in operator.run(operator.house.services.organisations.list())]
    assert [one for one in listed if one in made] == made


# Keys


def test_a_key_opens_its_own_organisation_as_its_user(operator: Operator) -> None:
    made = operator.create_organisation(unique_name())
    new = create_key(operator, made.handle, "bob", Capability.VIEW)
    principal = enter(operator, new.secret)
    assert (principal.organisation_id, principal.user, principal.key_id) == (made.id, "bob", new.key.id)
    assert principal.capabilities == {Capability.VIEW}


def test_a_key_without_named_capabilities_has_them_all(operator: Operator) -> None:
    made = operator.create_organisation(unique_name())
    new = create_key(operator, made.handle)
    assert new.key.capabilities == GRANTABLE
    assert enter(operator, new.secret).capabilities == set(GRANTABLE) == set(Capability) - {Capability.OPERATE}


def test_no_key_operates_the_service(operator: Operator) -> None:
    made = operator.create_organisation(unique_name())
    with pytest.raises(Invalid, match="No such capability: operate"):
        create_key(operator, made.handle, "bob", Capability.VIEW, Capability.OPERATE)
    assert operator.run(operator.house.services.organisations.list_keys(made.handle)) == []


def test_capabilities_are_kept_once_each_in_one_order(operator: Operator) -> None:
    made = operator.create_organisation(unique_name())
    new = create_key(operator, made.handle, "bob", Capability.MANAGE, Capability.VIEW, Capability.MANAGE)
    assert new.key.capabilities == (Capability.VIEW, Capability.MANAGE)


def test_an_unknown_capability_is_refused_and_the_known_ones_are_told(operator: Operator) -> None:
    made = operator.create_organisation(unique_name())
    with pytest.raises(Invalid, match=r"No such capability: fly, swim\. There are: hubs-integrations-view, "):
        create_key(operator, made.handle, "bob", "swim", Capability.VIEW, "fly")
    assert operator.run(operator.house.services.organisations.list_keys(made.handle)) == []


@pytest.mark.parametrize("user", ["", " ", "a" * 256, "a\0"])
def test_a_key_needs_a_user(operator: Operator, user: str) -> None:
    made = operator.create_organisation(unique_name())
    with pytest.raises(Invalid):
        create_key(operator, made.handle, user)


def test_only_a_hash_of_a_key_is_kept(operator: Operator) -> None:
    made = operator.create_organisation(unique_name())
    new = create_key(operator, made.handle)
    [record] = operator.fetch("select digest, k::text from api_key k where organisation_id = $1", made.id)
    assert len(record[0]) == 32
    assert new.secret.removeprefix("jf_") not in record[1]


def test_a_revoked_key_is_dead_and_revoked_once(operator: Operator) -> None:
    made = operator.create_organisation(unique_name())
    new, kept = create_key(operator, made.handle), create_key(operator, made.handle)
    organisations = operator.house.services.organisations
    revoked = operator.run(organisations.revoke_key(new.key.id, ORIGIN))
    assert revoked.revoked_at is not None
    with pytest.raises(KeyInvalid):
        enter(operator, new.secret)
    assert enter(operator, kept.secret)
    with pytest.raises(NotFound, match="Key not found"):
        operator.run(organisations.revoke_key(new.key.id, ORIGIN))
    with pytest.raises(NotFound):
        operator.run(organisations.revoke_key(made.id, ORIGIN))


def test_an_expired_key_is_dead(operator: Operator) -> None:
    made = operator.create_organisation(unique_name())
    past, future = (datetime.now(UTC) + timedelta(minutes=minutes) for minutes in (-1, 1))
    with pytest.raises(KeyInvalid):
        enter(operator, create_key(operator, made.handle, expires_at=past).secret)
    assert enter(operator, create_key(operator, made.handle, expires_at=future).secret)


def test_the_keys_of_a_deleted_organisation_are_dead(operator: Operator) -> None:
    made = operator.create_organisation(unique_name())
    new = create_key(operator, made.handle)
    delete(operator, made.handle)
    with pytest.raises(KeyInvalid):
        enter(operator, new.secret)


def test_keys_are_listed_of_one_organisation_or_of_all(operator: Operator) -> None:
    first, second = (operator.create_organisation(unique_name()) for _ in range(2))
    keys = [create_key(operator, one.handle).key for one in (first, second, first)]
    organisations = operator.house.services.organisations
    operator.run(organisations.revoke_key(keys[0].id, ORIGIN))
    listed = operator.run(organisations.list_keys(first.handle))
    assert [key.id for key in listed] == [keys[0].id, keys[2].id]
    assert [key.revoked_at is None for key in listed] == [False, True]
    everywhere = {key.id for key in operator.run(organisations.list_keys(None))}
    assert {key.id for key in keys} <= everywhere


# Audit


def test_every_deed_of_the_operator_leaves_an_audit_entry(operator: Operator) -> None:
    made = operator.create_organisation(unique_name())
    new = create_key(operator, made.handle)
    operator.run(operator.house.services.organisations.revoke_key(new.key.id, ORIGIN))
    delete(operator, made.handle)
    assert audit(operator, made) == [
        ("organisation.created", [made.id]),
        ("key.created", [new.key.id]),
        ("key.revoked", [new.key.id]),
        ("organisation.deleted", [made.id]),
    ]


def test_what_was_refused_leaves_none(operator: Operator) -> None:
    made = operator.create_organisation(unique_name())
    with pytest.raises(HandleTaken):
        operator.create_organisation(made.name)
    with pytest.raises(Invalid):
        create_key(operator, made.handle, "bob", "fly")
    assert audit(operator, made) == [("organisation.created", [made.id])]


def test_where_customers_may_be_sent_back_to_is_the_organisations_own_to_say(operator: Operator) -> None:
    organisations = operator.house.services.organisations
    mine, other = (operator.create_organisation() for _ in range(2))
    principal = Principal(1, mine.id, "alice", frozenset({Capability.MANAGE_ORGANISATION}))
    caller = Caller(principal, ORIGIN)
    assert operator.run(organisations.settings(caller)) == OrganisationSettings(())
    saved = operator.run(organisations.save_settings(caller, ["https://app.example.com"] * 2))
    assert saved == operator.run(organisations.settings(caller)) == OrganisationSettings(("https://app.example.com",))
    assert operator.run(organisations.get_return_urls(mine.handle)) == saved.return_urls
    assert operator.run(organisations.get_return_urls(other.handle)) == ()
    wanted = "select action, actor from audit_entry where organisation_id = $1 order by id desc limit 1"
    assert tuple(operator.fetch(wanted, mine.id)[0]) == ("organisation.updated", "alice")
    with pytest.raises(Invalid):
        operator.run(organisations.save_settings(caller, ["http://app.example.com"]))
    powerless = Caller(Principal(1, mine.id, "bob", frozenset({Capability.MANAGE})), ORIGIN)
    for deed in (organisations.settings(powerless), organisations.save_settings(powerless, [])):
        with pytest.raises(CapabilityMissing):
            operator.run(deed)
