"""Master keys that are missing: the service refuses, explains, and destroys nothing."""

import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jackfield.bootstrap import _master_keys
from jackfield.domain.credential import WrappedKey
from jackfield.settings import Settings
from jackfield.vault import MasterKeys, generate_master_key
from support.client import Client
from support.command import jackfield
from support.data_directory import DataDirectory
from support.operator import Operator
from support.service import free_port, start_service


def test_a_key_file_that_was_taken_away_is_asked_for_back(data_directory: DataDirectory, tmp_path: Path) -> None:
    with start_service(data_directory.environment, tmp_path / "log", free_port()) as service:
        saved = Client(service.url, data_directory.key).save().json()["data"]["integration_id"]
        assert service.stop() == 0

    away = data_directory.key_file.rename(tmp_path / "elsewhere")
    for command in (("serve", "--port", str(free_port())), ("keys", "list")):
        assert jackfield(data_directory.environment, *command).complaint == (
            f"The key file {data_directory.key_file} is gone, and without it the secrets in the database cannot be "
            "opened. Put it back (or set JACKFIELD_MASTER_KEYS to what was in it). Nothing was changed."
        )
    assert not data_directory.key_file.exists()
    assert [path.name for path in data_directory.path.glob("*key*")] == []

    # one that says nothing is not a reason to make another key: the database is sealed with the old one
    for nothing in ("", " \n\n"):
        data_directory.key_file.write_text(nothing)
        complaint = jackfield(data_directory.environment, "keys", "list").complaint
        assert f"The key file {data_directory.key_file} is empty" in complaint
        assert "Put it back" in complaint
        assert "vault generate" not in complaint
    data_directory.key_file.unlink()

    # what was in it is as good as the file
    with_variable = {**data_directory.environment, "JACKFIELD_MASTER_KEYS": away.read_text()}
    assert jackfield(with_variable, "vault", "status", "--json").json[0]["wraps"] == 2

    away.rename(data_directory.key_file)
    with start_service(data_directory.environment, tmp_path / "log", free_port()) as service:
        assert Client(service.url, data_directory.key).token(saved) == "token of Sentry"
        assert service.stop() == 0


def test_another_key_in_its_place_is_refused(data_directory: DataDirectory) -> None:
    data_directory.key_file.write_text(generate_master_key())
    complaint = jackfield(data_directory.environment, "serve", "--port", str(free_port())).complaint
    assert "'v1' is not the one that wrapped this database's keys" in complaint
    assert "Give the right one back; nothing was changed." in complaint


@pytest.fixture
def database(server_url: str) -> Iterator[str]:
    with Operator.database(server_url, f"jackfield_test_keys_{uuid.uuid4().hex[:12]}") as dsn:
        yield dsn


def test_an_external_database_needs_a_key_and_is_told_how_to_make_one(database: str, tmp_path: Path) -> None:
    environment = {"JACKFIELD_DATABASE_URL": database}
    complaint = jackfield(environment, "serve", "--port", str(free_port()), directory=tmp_path).complaint
    assert complaint == (
        "JACKFIELD_DATABASE_URL is set and JACKFIELD_MASTER_KEYS is not. Make one with `jackfield vault generate`, "
        "keep it safe, and set it as JACKFIELD_MASTER_KEYS for every process."
    )
    assert list(tmp_path.iterdir()) == []
    environment["JACKFIELD_MASTER_KEYS"] = jackfield({}, "vault", "generate").out
    with start_service(environment, tmp_path / "log", free_port()) as service:
        assert service.stop() == 0


def test_a_first_start_makes_a_key_file_for_its_owner_alone(empty_directory: DataDirectory) -> None:
    outcome = jackfield(empty_directory.environment, "organisations", "list", "--json")
    assert outcome.json == []
    assert empty_directory.key_file.stat().st_mode & 0o777 == 0o600
    keys = empty_directory.key_file.read_text()
    assert MasterKeys.parse(keys).ids == ("v1",)
    # said, and not shown
    assert "made a master key: keep a copy of this file" in outcome.err
    assert keys.strip() not in outcome.err


def test_the_loser_of_a_first_start_takes_the_winners_key(tmp_path: Path) -> None:
    """Of two first starts, one looks for the key file before, and for the pepper after, the other made both."""
    made = generate_master_key("winner")

    class Secrets:
        async def get(self, _: str) -> WrappedKey:
            (tmp_path / "master.keys").write_text(made)
            return MasterKeys.parse(made).wrap(1, b"k" * 32, "purpose")

    secrets: Any = Secrets()
    ring = asyncio.run(_master_keys(Settings(data_dir=tmp_path), secrets))
    assert ring.ids == ("winner",)
