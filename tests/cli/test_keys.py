"""`jackfield keys`."""

import uuid

import pytest

from jackfield.domain import ids
from jackfield.domain.errors import KeyInvalid
from jackfield.domain.key import looks_like_key
from jackfield.domain.organisation import Organisation
from jackfield.domain.principal import Capability
from support.command import jackfield
from support.operator import Operator


@pytest.fixture
def organisation(operator: Operator) -> Organisation:
    return operator.create_organisation(f"Keys {uuid.uuid4().hex[:12]}")


def test_a_key_from_its_making_to_its_end(
    environment: dict[str, str], operator: Operator, organisation: Organisation
) -> None:
    made = jackfield(
        environment, "keys", "create", "--organisation", organisation.handle, "--user", "alice", "--json"
    ).json
    assert {"key", "id", "organisation", "user", "capabilities"} <= set(made)
    assert looks_like_key(made["key"])
    assert (made["organisation"], made["user"]) == (organisation.handle, "alice")
    assert made["capabilities"] == [
        "hubs-integrations-view",
        "hubs-integrations-manage",
        "credentials-reveal",
        "MANAGE_ORGANISATION",
    ]

    principal = operator.run(operator.house.services.access.authenticate(made["key"]))
    assert (principal.organisation_id, principal.user) == (organisation.id, "alice")
    assert principal.key_id == ids.parse_decimal(made["id"])

    listed = jackfield(environment, "keys", "list", "--organisation", organisation.handle, "--json")
    assert made["key"] not in listed.out
    [entry] = listed.json
    assert (entry["id"], entry["user"], entry["revoked_at"]) == (made["id"], "alice", None)

    assert jackfield(environment, "keys", "revoke", made["id"]).out == f"Revoked {made['id']}\n"
    with pytest.raises(KeyInvalid):
        operator.run(operator.house.services.access.authenticate(made["key"]))
    assert jackfield(environment, "keys", "revoke", made["id"]).complaint == f"Key not found: {made['id']}"


def test_for_people_the_key_stands_alone_on_standard_output(
    environment: dict[str, str], organisation: Organisation
) -> None:
    capability = Capability.VIEW.value
    made = jackfield(
        environment,
        "keys",
        "create",
        "--organisation",
        organisation.handle,
        "--user",
        "bob",
        "--capability",
        capability,
    )
    assert made.status == 0
    assert looks_like_key(made.out.rstrip("\n"))
    assert "cannot be shown again" in made.err
    table = jackfield(environment, "keys", "list", "--organisation", organisation.handle)
    heading, row = table.out.splitlines()
    assert heading.split() == ["ID", "ORGANISATION", "USER", "CAPABILITIES", "CREATED", "EXPIRES", "REVOKED"]
    assert row.split()[1:4] == [str(organisation.id), "bob", capability]
    assert row.split()[5:] == ["-", "-"]


def test_an_organisation_is_named_by_id_hub_id_handle_or_name(
    environment: dict[str, str], organisation: Organisation
) -> None:
    for reference in (str(organisation.id), ids.to_hex(organisation.id), organisation.handle):
        listed = jackfield(environment, "keys", "list", "--organisation", reference, "--json").json
        assert listed == []
    made = jackfield(
        environment,
        *("keys", "create", "--organisation", organisation.name, "--user", "bob", "--expires-in-days", "1", "--json"),
        *("--capability", "MANAGE_ORGANISATION", "--capability", "hubs-integrations-view"),
    ).json
    assert made["organisation"] == organisation.handle
    assert made["capabilities"] == ["hubs-integrations-view", "MANAGE_ORGANISATION"]
    assert made["expires_at"] > made["created_at"]


def test_what_cannot_be_is_refused_in_one_line(environment: dict[str, str], organisation: Organisation) -> None:
    create = ("keys", "create", "--organisation", organisation.handle, "--user")
    unknown = jackfield(environment, *create, "bob", "--capability", "fly").complaint
    assert unknown.startswith("No such capability: fly. There are: hubs-integrations-view, ")
    nowhere = jackfield(environment, "keys", "create", "--organisation", "no such", "--user", "bob").complaint
    assert nowhere == "Organisation not found: no such"
    assert jackfield(environment, "keys", "revoke", "+1").complaint == "Key not found: +1"


def test_a_user_that_is_not_utf_8_is_refused_in_one_line(
    environment: dict[str, str], organisation: Organisation
) -> None:
    create = ("keys", "create", "--organisation", organisation.handle, "--user", b"Ren\xe9")
    assert jackfield(environment, *create).complaint
