"""`jackfield organisations`."""

import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from jackfield.domain import ids
from jackfield.domain.app import AppFields
from support.command import jackfield
from support.operator import Operator
from support.partner import caller_of


def test_an_organisation_from_its_making_to_its_end(environment: dict[str, str]) -> None:
    name = f"Société {uuid.uuid4().hex[:12]}"
    made = jackfield(environment, "organisations", "create", name, "--json").json
    assert list(made) == ["id", "hub_id", "handle", "name", "created_at"]
    number = ids.parse_decimal(made["id"])
    assert made["hub_id"] == ids.to_hex(number)
    assert made["handle"] == name.lower().replace("é", "e").replace(" ", "-")
    assert made["name"] == name
    created = datetime.fromisoformat(made["created_at"])
    assert abs(created - datetime.now(UTC)) < timedelta(minutes=1)

    listed = jackfield(environment, "organisations", "list", "--json").json
    assert made in listed

    again = jackfield(environment, "organisations", "create", name).complaint
    assert (
        again
        == f"The handle {made['handle']!r} is taken, or was once; handles are unique for ever. Choose another one."
    )

    assert jackfield(environment, "organisations", "delete", made["hub_id"], "--yes", "--json").json["id"] == made["id"]
    assert (
        jackfield(environment, "organisations", "delete", name, "--yes").complaint == f"Organisation not found: {name}"
    )


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_nothing_is_deleted_where_nobody_can_be_asked(environment: dict[str, str], arguments: tuple[str, ...]) -> None:
    handle = jackfield(environment, "organisations", "create", f"Kept {uuid.uuid4().hex[:12]}", "--json").json["handle"]
    refused = jackfield(environment, "organisations", "delete", handle, *arguments)
    assert refused.status == 1
    assert "--yes" in refused.complaint
    assert f"  {handle}  " in jackfield(environment, "organisations", "list").out


def test_for_people_it_says_what_to_do_next(environment: dict[str, str]) -> None:
    name = f"People {uuid.uuid4().hex[:12]}"
    made = jackfield(environment, "organisations", "create", name)
    assert (made.status, made.err) == (0, "")
    handle = name.lower().replace(" ", "-")
    assert f"Created {name} with the handle {handle} and the id " in made.out
    assert f"jackfield keys create --organisation {handle} --user NAME" in made.out
    table = jackfield(environment, "organisations", "list")
    assert table.out.splitlines()[0].split() == ["ID", "HANDLE", "NAME", "CREATED"]
    assert f"  {handle}  {name}  " in re.sub(" {2,}", "  ", table.out)
    gone = jackfield(environment, "organisations", "delete", handle, "--yes")
    assert (gone.status, gone.out) == (0, f"Deleted {name} ({handle})\n")


@pytest.mark.parametrize("name", ["株式会社サンプル", "Ромашка", "مثال", "예시 회사", "💥", "..."])
def test_an_organisation_may_have_a_name_in_any_script(environment: dict[str, str], name: str) -> None:
    # Cyrillic, Arabic, Korean, Japanese, and none at all; twice, since two companies may have one name
    for _ in range(2):
        made = jackfield(environment, "organisations", "create", name, "--json").json
        assert made["name"] == name
        assert re.fullmatch(r"organisation-[0-9a-f]{8}", made["handle"])
        found = jackfield(environment, "keys", "create", "--organisation", made["handle"], "--user", "a", "--json").json
        assert found["key"].startswith("jf_")


def test_a_handle_may_be_chosen(environment: dict[str, str]) -> None:
    handle = f"chosen-{uuid.uuid4().hex[:12]}"
    made = jackfield(environment, "organisations", "create", "株式会社", "--handle", handle, "--json").json
    assert (made["name"], made["handle"]) == ("株式会社", handle)
    taken = jackfield(environment, "organisations", "create", "Another", "--handle", handle)
    assert "is taken" in taken.complaint
    refused = jackfield(environment, "organisations", "create", "Another", "--handle", "Not One")
    assert "Example: acme-corp" in refused.complaint


def test_an_organisation_is_renamed_and_keeps_its_handle(environment: dict[str, str]) -> None:
    made = jackfield(environment, "organisations", "create", f"Before {uuid.uuid4().hex[:12]}", "--json").json
    renamed = jackfield(environment, "organisations", "rename", made["handle"], " Après ", "--json").json
    assert renamed == {**made, "name": "Après"}
    assert (
        jackfield(environment, "organisations", "rename", made["id"], "Again").out
        == f"Renamed {made['handle']} to Again\n"
    )
    assert "A name has 1 to" in jackfield(environment, "organisations", "rename", made["handle"], " ").complaint
    assert "not found" in jackfield(environment, "organisations", "rename", "nobody-at-all", "X").complaint


def test_a_name_that_is_not_utf_8_is_refused_in_one_line(environment: dict[str, str]) -> None:
    assert "name" in jackfield(environment, "organisations", "create", b"Caf\xe9").complaint


def test_where_customers_may_be_sent_back_to_is_set_and_shown(environment: dict[str, str]) -> None:
    handle = jackfield(environment, "organisations", "create", f"Back {uuid.uuid4().hex[:12]}", "--json").json["handle"]

    def return_urls(*arguments: str) -> list[str]:
        found: list[str] = jackfield(environment, "organisations", "return-urls", handle, *arguments, "--json").json
        return found

    wanted = ["https://app.example.com/settings", "http://localhost:3000"]
    assert return_urls() == []
    assert return_urls("--set", wanted[0], "--set", wanted[1]) == wanted
    assert return_urls() == wanted
    shown = jackfield(environment, "organisations", "return-urls", handle)
    assert shown.out.splitlines() == wanted
    bad = jackfield(environment, "organisations", "return-urls", handle, "--set", "http://app.example.com")
    assert "https" in bad.complaint
    assert return_urls() == wanted
    assert return_urls("--set", "") == []


def test_deleting_an_organisation_names_the_apps_that_are_not_told(
    environment: dict[str, str], operator: Operator
) -> None:
    organisation = operator.create_organisation(f"Tells {uuid.uuid4().hex[:12]}")
    caller = caller_of(organisation)
    services = operator.house.services
    fields = AppFields(
        identifier_field_path="a", name="Parts \x1b[31mFinder", uninstallation_url="https://partner.example.com/gone"
    )
    app = operator.run(services.apps.register(caller, fields)).app
    # without a callback, so that it is complete at once
    installed = operator.run(services.installations.create(caller, app.id, {}))
    told = jackfield(environment, "organisations", "delete", organisation.handle, "--yes")
    assert told.status == 0
    assert f"Parts ?[31mFinder ({ids.to_hex(installed.id)})" in told.err
    assert "not told" in told.err
    assert "\x1b" not in told.err
    entries = operator.fetch(
        "select subject_ids from audit_entry where organisation_id = $1 and action = $2",
        organisation.id,
        "installation.uninstallation-failed",
    )
    assert [one[0] for one in entries] == [[installed.id]]
