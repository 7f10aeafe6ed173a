"""Whose an integration is, by its id alone: found in a time that does not grow with what all organisations have."""

from typing import Any

import msgspec

from jackfield.domain.integration import Owner, Wanted
from jackfield.storage.owners import FIND_OWNER, OwnerLookup
from support.operator import ORIGIN, Operator

SEED = """
insert into integration (organisation_id, provider, name, identifier, unique_identifier, created_by, creator_user,
    creator_key_id)
select $1, 'github', 'n', 'n', n::text, 'u', 'u', 1 from generate_series(1, $2::integer) n returning id
"""
NOBODYS = 1 << 62


def seeded(operator: Operator, size: int = 1) -> tuple[int, int]:
    """A new organisation, and one of its integrations."""
    organisation = operator.create_organisation()
    return organisation.id, operator.fetch(SEED, organisation.id, size)[-1]["id"]


def find(operator: Operator, integration_id: int, *providers: str) -> Owner | None:
    wanted = Wanted(integration_id, str(integration_id), providers)
    return operator.run(OwnerLookup(operator.house.database).find(wanted))


def exists(operator: Operator, organisation_id: int) -> bool:
    return operator.run(OwnerLookup(operator.house.database).exists(organisation_id))


def test_the_owner_is_found_by_the_id_alone(operator: Operator) -> None:
    (organisation_id, integration_id), (other_id, others) = seeded(operator), seeded(operator)
    assert find(operator, integration_id, "github") == Owner(organisation_id, is_going=False)
    assert find(operator, others, "github", "slack") == Owner(other_id, is_going=False)
    assert find(operator, integration_id, "slack") is None
    assert find(operator, NOBODYS, "github") is None


def test_what_is_being_deleted_still_has_its_owner(operator: Operator) -> None:
    organisation_id, integration_id = seeded(operator)
    operator.fetch("update integration set state = 'deleting' where id = $1", integration_id)
    assert find(operator, integration_id, "github") == Owner(organisation_id, is_going=True)


def test_a_deleted_organisation_is_there_no_more(operator: Operator) -> None:
    organisation_id, integration_id = seeded(operator)
    assert exists(operator, organisation_id)
    operator.run(operator.house.services.organisations.delete(str(organisation_id), ORIGIN))
    assert not exists(operator, organisation_id)
    assert not exists(operator, NOBODYS)
    assert find(operator, integration_id, "github") == Owner(organisation_id, is_going=True)


def test_the_owner_is_found_without_looking_through_all(operator: Operator) -> None:
    _, integration_id = seeded(operator, 3000)
    for wanted in (integration_id, NOBODYS):
        plan = operator.fetch(f"explain (analyze, format json) {FIND_OWNER}", wanted, ["github"])[0][0]
        assert _rows_read(msgspec.json.decode(plan)[0]["Plan"]) <= 1


def _rows_read(node: dict[str, Any]) -> float:
    read: float = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return max(read, *(_rows_read(child) for child in node.get("Plans", [])), 0)
