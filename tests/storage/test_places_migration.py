"""A database that was filled by a version which knew places by their settings alone, and is migrated."""

import asyncio
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest

import jackfield
from jackfield.domain.organisation import Organisation
from jackfield.domain.submission import Submission
from jackfield.settings import ProviderSettings
from jackfield.storage.migrate import current_version
from jackfield.vault import generate_master_key
from support.command import jackfield as command
from support.operator import Operator
from support.repository import Repository
from support.vendor_server import VendorServer, taken
from support.workbench import Workbench

#: the last version without the table `place`
BEFORE: Final = "0011"
#: an organisation with two items, which an integration has brought to its repository
FILL: Final = """
with organisation as (
    insert into organisation (handle, name) values ('acme', 'Acme') returning id
), integration as (
    insert into integration (organisation_id, provider, name, identifier, unique_identifier, configuration, created_by,
        creator_user, creator_key_id, state, status, item_type, verified_at, verification_due_at)
    select id, 'github', 'GitHub', 'github', 'github-1', jsonb_build_object('repository', $1::text), 'alice', 'alice',
        1, 'live', 'active', 'work_item', now(), now() + interval '23 hours'
    from organisation returning organisation_id, id
), item as (
    insert into item (organisation_id, type, key, title, body, status, labels, fields, occurred_at)
    select id, 'work_item', n::text, 'Item ' || n, '', 'open', '[]', '{}', now()
    from organisation, generate_series(1, 2) n returning organisation_id, id, key
)
insert into link (organisation_id, integration_id, item_id, place, vendor_id, delivered_version, delivered_at,
    delivered_content, delivered_status, vendor_status)
select t.organisation_id, i.id, t.id, $2, t.key, 1, now(), '\\x00', 'open', 'open' from item t, integration i
"""


@pytest.fixture
def repository(vendors: VendorServer) -> Repository:
    repository = vendors.repository()
    for number in (1, 2):
        repository.answer("POST", f"/repos/{repository.name}/issues", {"title": f"Item {number}", "body": ""})
    return repository


@pytest.fixture
def old(server_url: str, tmp_path: Path, repository: Repository) -> Iterator[dict[str, str]]:
    """The environment of a database that that version filled."""
    package = tmp_path / "jackfield"
    shutil.copytree(Path(jackfield.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (package / "storage" / "migrations" / "versions").glob("[0-9]*"):
        if file.name > f"{BEFORE}~":
            file.unlink()
    with Operator.database(server_url, f"jackfield_test_places_{uuid.uuid4().hex[:12]}") as dsn:
        environment = {"JACKFIELD_DATABASE_URL": dsn, "JACKFIELD_MASTER_KEYS": generate_master_key()}
        path = f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
        assert command({**environment, "PYTHONPATH": path}, "migrate").status == 0
        assert asyncio.run(current_version(dsn)) == BEFORE
        asyncio.run(fill(dsn, repository.name))
        yield environment


async def fill(dsn: str, name: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(FILL, name, digest(name))
    await connection.close()


def digest(name: str) -> bytes:
    """As that version made it: of the settings by which GitHub is delivered to, in the order of their names."""
    settings = json.dumps([["base_url", ""], ["repository", name]], separators=(",", ":"))
    return hashlib.blake2b(settings.encode(), digest_size=16).digest()


@pytest.fixture
def bench(old: dict[str, str], vendors: VendorServer) -> Iterator[Workbench]:
    """A service of this version on the database."""
    with Operator.open(old, providers={"github": ProviderSettings(api_url=vendors.url)}) as operator:
        [row] = operator.fetch("select id, handle, name, created_at from organisation")
        bench = Workbench(operator, Organisation(*row))
        token = f"ghp_{uuid.uuid4().hex}"
        vendors.answer(token, taken)
        integration = the_integration(bench)
        # that the vault opens what it sealed is told elsewhere
        bench.change(integration, sealed_secrets=bench.sealed(integration, {"access_token": token}))
        yield bench


def the_integration(bench: Workbench) -> int:
    [row] = bench.operator.fetch("select id from integration where organisation_id = $1", bench.organisation.id)
    number: int = row["id"]
    return number


def synchronised(bench: Workbench) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(bench.sync(the_integration(bench))["output"])
    return told


def test_what_was_brought_before_is_known_and_nothing_comes_anew(bench: Workbench, repository: Repository) -> None:
    assert synchronised(bench)["unchanged"] == "2"
    bench.put("1", title="Changed")
    bench.deliver(the_integration(bench))
    assert repository.titles() == ["Changed", "Item 2"]
    [place] = bench.places(the_integration(bench))
    assert (place["vendor_id"], place["links"]) == (str(repository.id), digest(repository.name))


def test_what_is_live_is_verified_again_within_the_hour(bench: Workbench) -> None:
    row = bench.row(the_integration(bench))
    assert row["verification_due_at"] < datetime.now(UTC) + timedelta(hours=1, minutes=1)


def test_a_verification_learns_the_place(bench: Workbench, repository: Repository) -> None:
    assert bench.verify(the_integration(bench))["state"] == "completed"
    [place] = bench.places(the_integration(bench))
    assert (place["vendor_id"], place["links"]) == (str(repository.id), digest(repository.name))


def test_a_place_that_was_renamed_before_is_found_by_its_old_name(
    bench: Workbench, vendors: VendorServer, repository: Repository
) -> None:
    vendors.rename(repository, name := f"acme/{uuid.uuid4().hex}")
    bench.verify(the_integration(bench))
    assert json.loads(bench.row(the_integration(bench))["configuration"]) == {"repository": name}
    assert synchronised(bench)["unchanged"] == "2"
    assert len(repository.issues) == 2


def test_who_enters_the_new_name_first_gets_nothing_again(
    bench: Workbench, vendors: VendorServer, repository: Repository
) -> None:
    vendors.rename(repository, name := f"acme/{uuid.uuid4().hex}")
    bench.update(the_integration(bench), Submission(extra={"repository": name}))
    bench.verify(the_integration(bench))
    assert synchronised(bench)["unchanged"] == "2"
    assert len(repository.issues) == 2
