"""A database that refuses to be written to: after a failover, or with a full disk. Said in words, over by itself."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from jackfield.storage.embedded import EmbeddedServer
from support.client import PATIENCE, Client
from support.data_directory import DataDirectory
from support.service import Service, free_port, start_service
from support.waiting import until

INTEGRATIONS = "/v1/hubs/current/integrations"
WORDS = {"success": False, "data": None, "error": "Failed to save integration: Database connection failed"}

# what PostgreSQL raises when it cannot make a file larger, for whatever is created or saved
FULL = """
create function refuse() returns {kind} language plpgsql as $$
begin raise exception using errcode = '{state}', message = 'could not extend file'; end $$;
"""
FULL_DISK = """
{} create trigger refuse before insert on integration for each row execute function refuse();
create function refuse_tables() returns event_trigger language plpgsql as $$
begin raise exception using errcode = '{}', message = 'could not extend file'; end $$;
create event trigger refuse_tables on ddl_command_start execute function refuse_tables();
"""
ROOM = "drop event trigger refuse_tables; drop trigger refuse on integration; drop function refuse();"


@pytest.fixture
def external(data_directory: DataDirectory) -> Iterator[DataDirectory]:
    server = EmbeddedServer(data_directory.path)
    server.open()
    yield data_directory
    server.close()


@pytest.fixture
def service(external: DataDirectory, tmp_path: Path) -> Iterator[Service]:
    environment = {
        "JACKFIELD_DATABASE_URL": external.dsn,
        "JACKFIELD_MASTER_KEYS": external.key_file.read_text(),
    }
    with start_service(environment, tmp_path / "log", free_port()) as service:
        yield service
        assert service.stop() == 0


def readiness(service: Service) -> tuple[int, Any]:
    answer = requests.get(f"{service.url}/readyz", timeout=PATIENCE)
    return answer.status_code, answer.json().get("reason")


def check_refused(service: Service, external: DataDirectory, reason: str) -> None:
    """Writes are refused in every contract's words, the probe says why, and the log says it without a stack."""
    client = Client(service.url, external.key)
    until(client.save, lambda answer: answer.status_code == 500)
    for _ in range(20):
        answer = client.save()
        assert (answer.status_code, answer.json()) == (500, WORDS)
    bearer = {"Authorization": f"Bearer {external.key}"}
    answer = requests.post(
        f"{service.url}{INTEGRATIONS}",
        json={"vendor": "github", "name": str(uuid.uuid4()), "auth": {"api_key": "ghp_x"}},
        headers=bearer,
        timeout=PATIENCE,
    )
    assert answer.status_code == 503, answer.text
    assert answer.headers["retry-after"] == "1"
    assert until(lambda: readiness(service), lambda found: found[0] == 503) == (503, reason)


def check_log(service: Service, reason: str) -> None:
    entries = [json.loads(line) for line in service.read_log().splitlines()]
    assert not [entry for entry in entries if entry["event"] == "unexpected failure"]
    told = [entry for entry in entries if entry["event"] == "database away" and entry["reason"] == reason]
    assert len(told) == 1


def test_a_database_that_became_read_only_is_told_and_waited_for(service: Service, external: DataDirectory) -> None:
    client = Client(service.url, external.key)
    assert client.save().status_code == 200
    external.execute("alter database jackfield set default_transaction_read_only = on")
    # what a failover does: the connections there were end, and new ones find another server
    external.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'jackfield%'"
        " and pid <> pg_backend_pid()"
    )
    check_refused(service, external, "The database is read-only")
    # what only reads goes on
    bearer = {"Authorization": f"Bearer {external.key}"}
    assert requests.get(service.url + INTEGRATIONS, headers=bearer, timeout=PATIENCE).status_code == 200
    external.execute("set transaction read write; alter database jackfield reset default_transaction_read_only")
    until(lambda: client.save().status_code, lambda status: status == 200, 60)
    assert until(lambda: readiness(service), lambda found: found[0] == 200, 60) == (200, None)
    assert {client.save().status_code for _ in range(20)} == {200}
    check_log(service, "The database is read-only")


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("53100", "The database has no room left on its disk"),
        ("53200", "The database has run out of memory or connections"),
        ("58030", "The database cannot read or write its files"),
    ],
)
def test_a_database_without_room_is_told_and_waited_for(
    service: Service, external: DataDirectory, state: str, reason: str
) -> None:
    external.execute(FULL_DISK.format(FULL.format(kind="trigger", state=state), state))
    check_refused(service, external, reason)
    external.execute(ROOM)
    assert until(lambda: readiness(service), lambda found: found[0] == 200, 60) == (200, None)
    client = Client(service.url, external.key)
    assert {client.save().status_code for _ in range(20)} == {200}
    check_log(service, reason)
