"""Providers that packages bring are in the catalogue like those of the house, and their definitions are kept to."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.checked_tenant import CheckedTenant
from support.command import jackfield
from support.operator import Operator
from support.service import free_port, start_service

PACKAGE = """
from datetime import date

from jackfield.domain.provider import (
    Account, AuthMethod, Category, CredentialRefused, FieldType, Manifest, SecretField, SettingField, Source, Verified,
)


class Silent:
    def __init__(self, http, endpoints):
        pass


def manifest(slug, **more):
    facts = {
        "slug": slug, "name": slug.title(), "category": Category.CHAT, "url": "https://vendor.example",
        "description": "For tests.", "sources": (Source("all", "https://vendor.example", date(2026, 11, 21)),),
        "secrets": (SecretField(name="access_token", auth_key="secret", title="Token", help="Any.", required=True),),
        "auth_methods": (AuthMethod(name="token", title="Token", secrets=("access_token",)),),
    }
    return Manifest(**{**facts, **more})


class Plain(Silent):
    manifest = manifest(
        "plain",
        secrets=(
            SecretField(
                name="access_token", auth_key="secret", title="Token", help="Any.", required=True, pattern="^t-[0-9]+$"
            ),
        ),
        configuration=(
            SettingField(name="size", title="Size", help="", required=True, type=FieldType.SELECT, options=("s", "l")),
            SettingField(name="count", title="Count", help="How many.", type=FieldType.INT),
            SettingField(name="code", title="Code", help="Three letters.", pattern="^[A-Z]{3}$"),
        ),
    )

    async def verify(self, connection):
        if connection.secrets["access_token"] == "t-0":
            raise CredentialRefused("Plain refuses the token")
        return Verified(account=Account(id="7", name=connection.configuration["size"]))


class Only(Silent):
    manifest = manifest("only", supports_multiple=False)


class Fixed(Silent):
    manifest = manifest("fixed", editable=False)


class Old(Silent):
    manifest = manifest("old", deprecated=True)


class Closed(Silent):
    manifest = manifest("closed", usable=False)
"""
SLUGS = ("plain", "only", "fixed", "old", "closed")


@pytest.fixture(scope="module")
def installed(shared_directory: Path) -> dict[str, str]:
    """The environment of a process that has the package."""
    place = shared_directory / f"package-{uuid.uuid4().hex[:8]}"
    about = place / "odd_vendors-1.0.dist-info"
    about.mkdir(parents=True)
    (place / "odd_vendors.py").write_text(PACKAGE)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: odd-vendors\nVersion: 1.0\n")
    lines = [f"{slug} = odd_vendors:{slug.title()}" for slug in SLUGS]
    (about / "entry_points.txt").write_text("\n".join(["[jackfield.providers]", *lines, ""]))
    return {"PYTHONPATH": os.pathsep.join([str(place), *filter(None, [os.environ.get("PYTHONPATH")])])}


@pytest.fixture(scope="module")
def shared(
    installed: dict[str, str], environment: dict[str, str], server_url: str, shared_directory: Path
) -> Iterator[CheckedTenant]:
    """A service with the package, and a database of its own: the other services would not know its jobs."""
    name = f"jackfield_test_package_{uuid.uuid4().hex[:8]}"
    with Operator.database(server_url, name) as dsn:
        own = {**environment, "JACKFIELD_DATABASE_URL": dsn}
        log = shared_directory / f"{name}.log"
        with Operator.open(own) as operator, start_service({**own, **installed}, log, free_port()) as service:
            yield CheckedTenant.create_checked(operator, service)


@pytest.fixture
def tenant(shared: CheckedTenant) -> CheckedTenant:
    return CheckedTenant.create_checked(shared.operator, shared.service)


def create(tenant: CheckedTenant, vendor: str, value: str = "t-1", **extra: str) -> Any:
    return tenant.hubs("POST", "", json={"vendor": vendor, "auth": {"secret": value}, "extra": extra})


def code(answer: Any) -> str:
    told: str = answer.json()["error"]["code"]
    return told


def test_they_are_available_with_what_their_definitions_say(tenant: CheckedTenant) -> None:
    chat = {one["vendor"]: one for one in tenant.hubs("GET", "/available").json()["data"]["chat"]}
    assert set(SLUGS) < set(chat)
    told = {name: [chat[slug][name] for slug in SLUGS] for name in ("supports_multiple", "editable", "deprecated")}
    assert told["supports_multiple"] == [True, False, True, True, True]
    assert told["editable"] == [True, True, False, True, True]
    assert told["deprecated"] == [False, False, False, True, False]
    assert [chat[slug]["supports_verification"] for slug in SLUGS] == [True, False, False, False, False]
    assert [chat[slug]["usable"] for slug in SLUGS] == [True, True, True, True, False]
    assert chat["plain"]["fields"]["extra"]["size"] == {
        "name": "Size",
        "required": True,
        "regex": None,
        "type": "select",
        "options": ["s", "l"],
    }
    assert chat["plain"]["fields"]["extra"]["code"]["regex"] == "^[A-Z]{3}$"
    assert set(chat["plain"]["required_fields"]["extra"]) == {"size"}


def test_the_command_line_lists_and_shows_them(installed: dict[str, str]) -> None:
    listed = {one["slug"]: one for one in jackfield(installed, "providers", "list", "--json").json}
    assert set(SLUGS) < set(listed)
    assert (listed["plain"]["can"], listed["only"]["can"]) == (["verify"], [])
    shown = jackfield(installed, "providers", "show", "plain", "--json").json
    assert shown["manifest"]["name"] == "Plain"
    assert "plain" not in {one["slug"] for one in jackfield({}, "providers", "list", "--json").json}


def test_a_packages_vendor_is_verified_by_its_own_code(tenant: CheckedTenant) -> None:
    made = create(tenant, "plain", size="l").json()["data"]["id"]
    job = tenant.finished(tenant.verification(made))
    assert job["tasks"][0]["output"] == {"account_id": "7", "account_name": "l"}
    assert tenant.hub_read(made)["state"]["current"] == "live"
    refused = create(tenant, "plain", "t-0", size="l").json()["data"]["id"]
    assert tenant.verified(refused)["state"]["error"]["message"] == "Plain refuses the token"


@pytest.mark.parametrize(
    ("token", "extra", "source"),
    [
        ("t-x", {"size": "s"}, "/auth/secret"),
        ("t- 1", {"size": "s"}, "/auth/secret"),
        ("t-1", {}, "/extra/size"),
        ("t-1", {"size": "m"}, "/extra/size"),
        ("t-1", {"size": "s", "count": "1.5"}, "/extra/count"),
        ("t-1", {"size": "s", "count": "٣"}, "/extra/count"),
        ("t-1", {"size": "s", "count": "1\n2"}, "/extra/count"),
        ("t-1", {"size": "s", "code": "ABCD"}, "/extra/code"),
        ("t-1", {"size": "s", "code": "AB\nC"}, "/extra/code"),
    ],
)
def test_a_value_has_to_fit_its_field(tenant: CheckedTenant, token: str, extra: dict[str, str], source: str) -> None:
    answer = create(tenant, "plain", token, **extra)
    assert (answer.status_code, answer.json()["error"]["source"]) == (422, source)


def test_a_value_that_fits_is_taken(tenant: CheckedTenant) -> None:
    extra = {"size": "s", "count": "-12", "code": "ABC"}
    assert create(tenant, "plain", **extra).json()["data"]["extra"] == extra


def test_a_value_is_taken_without_the_blanks_that_were_copied_with_it(tenant: CheckedTenant) -> None:
    made = create(tenant, "plain", "t-1\n", size="s", count=" -12\n", code='"ABC"').json()["data"]
    assert made["extra"] == {"size": "s", "count": "-12", "code": "ABC"}
    assert tenant.finished(tenant.verification(made["id"]))["state"]["current"] == "completed"


def test_a_required_setting_is_not_asked_for_again(tenant: CheckedTenant) -> None:
    made = create(tenant, "plain", size="s").json()["data"]["id"]
    answer = tenant.hubs("PATCH", f"/{made}", json={"extra": {"count": "3"}})
    assert answer.json()["data"]["extra"] == {"size": "s", "count": "3"}


def test_of_a_vendor_that_there_can_be_only_once_there_is_no_second(tenant: CheckedTenant) -> None:
    first = create(tenant, "only").json()["data"]["id"]
    answer = create(tenant, "only")
    assert (answer.status_code, code(answer), answer.json()["error"]["source"]) == (
        422,
        "422.already-exists",
        "/vendor",
    )
    assert tenant.hubs("DELETE", f"/{first}").status_code == 202
    assert create(tenant, "only").status_code == 201


def test_nor_are_there_two_when_many_are_made_at_once(tenant: CheckedTenant) -> None:
    answers = tenant.at_once([lambda one: create(one, "only")] * 8)
    assert sorted(answer.status_code for answer in answers) == [201] + [422] * 7


def test_another_organisations_one_does_not_count(tenant: CheckedTenant, shared: CheckedTenant) -> None:
    create(shared, "only")
    assert create(tenant, "only").status_code == 201


def test_what_is_not_editable_is_not_changed(tenant: CheckedTenant) -> None:
    made = create(tenant, "fixed").json()["data"]
    answer = tenant.hubs("PATCH", f"/{made['id']}", json={"name": "New"})
    assert (answer.status_code, code(answer)) == (403, "403.invalid-state")
    assert tenant.hub_read(made["id"]) == made
    assert tenant.hubs("DELETE", f"/{made['id']}").status_code == 202


@pytest.mark.parametrize("vendor", ["old", "closed"])
def test_what_is_deprecated_or_not_usable_is_not_connected(tenant: CheckedTenant, vendor: str) -> None:
    answer = create(tenant, vendor)
    assert (answer.status_code, code(answer)) == (422, "422.invalid-argument")
    assert answer.json()["error"]["source"] == "/vendor"
