"""`jackfield console-link`."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from jackfield.domain.organisation import Organisation
from jackfield.domain.principal import Capability
from jackfield.domain.session import looks_like_link
from support.command import jackfield
from support.operator import ORIGIN, Operator


@pytest.fixture
def organisation(operator: Operator) -> Organisation:
    return operator.create_organisation(f"Links {uuid.uuid4().hex[:12]}")


def test_the_link_opens_a_session_once(
    environment: dict[str, str], operator: Operator, organisation: Organisation
) -> None:
    public = {**environment, "JACKFIELD_PUBLIC_URL": "https://jackfield.example.com/"}
    arguments = ("console-link", "--organisation", organisation.name, "--user", "carol")
    made = jackfield(public, *arguments, "--capability", Capability.MANAGE.value, "--json").json
    assert (made["organisation"], made["user"]) == (organisation.handle, "carol")
    assert made["capabilities"] == [Capability.MANAGE.value]
    expires = datetime.fromisoformat(made["expires_at"])
    assert timedelta(minutes=9) < expires - datetime.now(UTC) <= timedelta(minutes=10)
    address, _, token = made["url"].rpartition("/")
    assert address == "https://jackfield.example.com/console/link"
    assert looks_like_link(token)
    opened = operator.run(operator.house.services.sessions.open_by_link(token, ORIGIN))
    assert (opened.session.organisation_id, opened.session.user) == (organisation.id, "carol")


def test_for_people_the_address_stands_alone_on_standard_output(
    environment: dict[str, str], operator: Operator, organisation: Organisation
) -> None:
    made = jackfield(environment, "console-link", "--organisation", organisation.handle, "--user", "carol")
    assert made.status == 0
    assert made.out.startswith("http://127.0.0.1:8400/console/link/jfl_")
    assert made.out.count("\n") == 1
    assert made.out.strip() not in made.err
    assert "opens one session, until 20" in made.err
    [entry] = operator.fetch(
        "select actor, address from audit_entry where organisation_id = $1 and action = 'console-link.created'",
        organisation.id,
    )
    assert entry["actor"] == "operator"
    assert entry["address"].startswith("cli:")


def test_an_operator_is_made_by_saying_so(
    environment: dict[str, str], operator: Operator, organisation: Organisation
) -> None:
    arguments = ("console-link", "--organisation", organisation.handle, "--user", "olga", "--json")
    assert "operate" not in jackfield(environment, *arguments).json["capabilities"]
    made = jackfield(environment, *arguments, "--capability", Capability.VIEW.value, "--operator").json
    assert made["capabilities"] == [Capability.VIEW, Capability.OPERATE]
    refused = jackfield(environment, *arguments, "--capability", Capability.OPERATE.value)
    assert "No such capability: operate" in refused.complaint


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--organisation", "nobody", "--user", "carol"), "Organisation not found: nobody"),
        (("--organisation", "{}", "--user", " "), "name"),
        (("--organisation", "{}", "--user", "carol", "--capability", "rule"), "No such capability: rule"),
    ],
    ids=["organisation", "user", "capability"],
)
def test_what_cannot_be_is_told_in_a_line(
    environment: dict[str, str], organisation: Organisation, arguments: tuple[str, ...], complaint: str
) -> None:
    given = [one.format(organisation.handle) for one in arguments]
    assert complaint in jackfield(environment, "console-link", *given).complaint
