"""`jackfield vault`, from the first master key to the second."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from jackfield.vault import MasterKeys
from support.client import Client
from support.command import jackfield
from support.data_directory import DataDirectory
from support.operator import Operator
from support.service import free_port, start_service


@pytest.fixture
def database(server_url: str) -> Iterator[str]:
    with Operator.database(server_url, f"jackfield_test_vault_{uuid.uuid4().hex[:12]}") as dsn:
        yield dsn


def test_generated_keys_are_good_and_new_each_time() -> None:
    first, second = (jackfield({}, "vault", "generate", *more).out for more in ((), ("--id", "2026-11")))
    assert MasterKeys.parse(first).ids == ("v1",)
    assert MasterKeys.parse(second).ids == ("2026-11",)
    assert first.partition(":")[2] != second.partition(":")[2]


def test_an_id_that_no_process_would_take_is_refused() -> None:
    outcome = jackfield({}, "vault", "generate", "--id", "a b")
    assert outcome.status != 0
    assert outcome.out == ""


def test_the_master_key_is_rotated_and_the_old_one_not_needed(database: str) -> None:
    old, new = (jackfield({}, "vault", "generate", "--id", key_id).out.strip() for key_id in ("v1", "v2"))

    def with_keys(keys: str) -> dict[str, str]:
        return {"JACKFIELD_DATABASE_URL": database, "JACKFIELD_MASTER_KEYS": keys}

    # the service's own secret is all that there is
    assert jackfield(with_keys(old), "vault", "status", "--json").json == [
        {"id": "v1", "newest": True, "given": True, "wraps": 1}
    ]
    refused = jackfield(with_keys(new), "vault", "status").complaint
    assert refused == (
        "The database's keys are wrapped by the master key 'v1', which is not among those given (v2). "
        "Give it back; nothing was changed."
    )
    both = with_keys(f"{new},{old}")
    table = jackfield(both, "vault", "status").out.splitlines()
    assert [line.split() for line in table] == [
        ["MASTER", "KEY", "NEWEST", "GIVEN", "WRAPS"],
        ["v2", "yes", "yes", "0"],
        ["v1", "no", "yes", "1"],
    ]
    assert jackfield(both, "vault", "rotate").out == "Wrapped 1 keys by the newest master key\n"
    assert jackfield(with_keys(new), "vault", "status", "--json").json == [
        {"id": "v2", "newest": True, "given": True, "wraps": 1}
    ]
    wrong = jackfield({}, "vault", "generate", "--id", "v2").out.strip()
    refused = jackfield(with_keys(wrong), "vault", "status").complaint
    assert "'v2' is not the one that wrapped this database's keys" in refused
    assert wrong.partition(":")[2] not in refused


def test_keys_rotate_while_the_service_runs(data_directory: DataDirectory, tmp_path: Path) -> None:
    old, new = data_directory.key_file.read_text(), jackfield({}, "vault", "generate", "--id", "v2").out
    data_directory.key_file.write_text(new + old)
    with start_service(data_directory.environment, tmp_path / "log", free_port()) as service:
        client = Client(service.url, data_directory.key)
        saved = [client.save(f"Sentry {number}").json()["data"]["integration_id"] for number in range(3)]
        rotated = jackfield(data_directory.environment, "vault", "rotate", "--data-keys")
        # wrapped anew: the service's own secret, as the organisation's first data key is of the new master key
        assert rotated.out.splitlines() == [
            "Wrapped 1 keys by the newest master key",
            "Sealed 3 credentials by new data keys",
        ]
        assert [client.token(one) for one in saved] == [f"token of Sentry {number}" for number in range(3)]
        assert client.save("later").status_code == 200
        status = jackfield(data_directory.environment, "vault", "status", "--json").json
        assert [(one["id"], one["wraps"]) for one in status] == [("v2", 3), ("v1", 0)]
        assert service.stop() == 0
    data_directory.key_file.write_text(new)
    with start_service(data_directory.environment, tmp_path / "log", free_port()) as service:
        client = Client(service.url, data_directory.key)
        assert [client.token(one) for one in saved] == [f"token of Sentry {number}" for number in range(3)]
        assert client.list().json()["count"] == 4
        assert service.stop() == 0
