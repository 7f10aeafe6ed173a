"""`jackfield definitions`."""

import re
import uuid

import pytest

from jackfield.domain import ids
from jackfield.domain.app import AppFields
from jackfield.domain.oauth import InvalidClient
from support.command import jackfield
from support.operator import Operator
from support.partner import caller_of


@pytest.fixture
def app(operator: Operator) -> tuple[int, str]:
    """The number of an app and of its organisation, as text."""
    organisation = operator.create_organisation(f"Apps {uuid.uuid4().hex[:12]}")
    fields = AppFields(identifier_field_path="a", name=f"Evil \x1b[31m{uuid.uuid4().hex}")
    registered = operator.run(operator.house.services.apps.register(caller_of(organisation), fields))
    return registered.app.id, str(organisation.id)


def test_an_app_from_its_registration_to_its_end(
    environment: dict[str, str], operator: Operator, app: tuple[int, str]
) -> None:
    number, organisation = app
    reference = ids.to_hex(number)
    listed = jackfield(environment, "definitions", "list", "--json").json
    [entry] = [one for one in listed if one["id"] == reference]
    assert (entry["organisation"], entry["status"]) == (organisation, "development")

    approved = jackfield(environment, "definitions", "approve", reference, "--json").json
    assert (approved["id"], approved["status"]) == (reference, "approved")
    again = jackfield(environment, "definitions", "approve", reference).complaint
    assert again == f"The definition {reference} is approved already"

    archived = jackfield(environment, "definitions", "archive", ids.to_decimal(number))
    assert archived.out.startswith(f"Archived {reference} (Evil ?[31m")
    assert "\x1b" not in archived.out

    entries = operator.fetch(
        "select action, actor, subject_ids from audit_entry where organisation_id = $1 and key_id is null order by id",
        int(organisation),
    )
    deeds = [(one["action"], one["actor"], one["subject_ids"]) for one in entries]
    assert deeds[1:] == [
        ("definition.approved", "operator", [number]),
        ("definition.archived", "operator", [number]),
    ]


def test_people_get_a_table(environment: dict[str, str], app: tuple[int, str]) -> None:
    table = jackfield(environment, "definitions", "list").out
    heading, *rows = table.splitlines()
    assert heading.split() == ["ID", "ORGANISATION", "NAME", "STATUS", "CREATED", "UPDATED"]
    [row] = [row for row in rows if row.startswith(ids.to_hex(app[0]))]
    assert "development" in row
    assert "\x1b" not in table


@pytest.mark.parametrize("reference", ["nonsense", "1", "0" * 24, "+1", ""])
def test_what_there_is_not_is_told_in_one_line(environment: dict[str, str], reference: str) -> None:
    assert (
        jackfield(environment, "definitions", "approve", reference).complaint == f"Integration not found: {reference}"
    )


def test_a_client_secret_is_replaced_and_shown_once(
    environment: dict[str, str], operator: Operator, app: tuple[int, str]
) -> None:
    number, organisation = app
    reference = ids.to_hex(number)
    replaced = jackfield(environment, "definitions", "client-secret", reference, "--json").json
    assert replaced["previous_secret_expires"]
    told = jackfield(environment, "definitions", "client-secret", reference, "--grace-hours", "0")
    # the secret alone, for whatever reads it
    secret = told.out.strip()
    assert re.fullmatch("[a-f0-9]{64}", secret)
    assert "no longer works" in told.err
    server = operator.house.services.oauth_server
    assert operator.run(server.authenticate_client(reference, secret)).definition_id == number
    with pytest.raises(InvalidClient):
        operator.run(server.authenticate_client(reference, replaced["client_secret"]))
    for hours in ("-1", "169", "x"):
        assert jackfield(environment, "definitions", "client-secret", reference, "--grace-hours", hours).status == 2
    nobody = jackfield(environment, "definitions", "client-secret", "0" * 24)
    assert (nobody.status, nobody.out) == (1, "")
    actions = "select action, actor from audit_entry where organisation_id = $1 and action like '%secret%'"
    assert [tuple(one) for one in operator.fetch(actions, int(organisation))] == [
        ("definition.client-secret-replaced", "operator")
    ] * 2
