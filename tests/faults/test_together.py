"""Several processes on one database: first starts at once, one truth, one revocation."""

import contextlib
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from jackfield.vault import generate_master_key
from support.client import PATIENCE, Client
from support.command import jackfield
from support.data_directory import DataDirectory
from support.operator import Operator
from support.processes import start_together, workers
from support.service import free_port, start_service
from support.tenant import V1

TOTAL = re.compile(r'^jackfield_requests_total\{(?=.*route="/api/v1/integrations/list").*\} (\S+)$', re.MULTILINE)


def test_two_services_make_one_fresh_directory_theirs(empty_directory: DataDirectory, tmp_path: Path) -> None:
    environment = empty_directory.environment
    with contextlib.ExitStack() as stack:
        services = start_together(stack, environment, tmp_path, 2)
        assert [path.name for path in empty_directory.path.glob("*.keys*")] == ["master.keys"]
        assert list(empty_directory.path.glob(".master.keys*")) == []
        jackfield(environment, "organisations", "create", "Acme")
        made = jackfield(environment, "keys", "create", "--organisation", "acme", "--user", "alice", "--json").json
        first, second = clients = [Client(service.url, made["key"]) for service in services]
        saved = [client.save(f"{number}").json()["data"]["integration_id"] for number, client in enumerate(clients)]
        # one organisation's data key was made by the two of them
        assert first.token(saved[1]) == "token of 1"
        assert second.token(saved[0]) == "token of 0"

        assert jackfield(environment, "keys", "revoke", made["id"]).status == 0
        assert [client.list().status_code for client in clients] == [401, 401]

        assert services[0].stop() == 0
        # the other still has its database
        assert requests.get(f"{services[1].url}/readyz", timeout=PATIENCE).status_code == 200
        assert services[1].stop() == 0
    assert empty_directory.processes == []


@pytest.fixture
def database(server_url: str) -> Iterator[str]:
    with Operator.database(server_url, f"jackfield_test_together_{uuid.uuid4().hex[:12]}") as dsn:
        yield dsn


def test_four_services_make_one_empty_database_theirs(database: str, tmp_path: Path) -> None:
    environment = {"JACKFIELD_DATABASE_URL": database, "JACKFIELD_MASTER_KEYS": generate_master_key()}
    with contextlib.ExitStack() as stack:
        services = start_together(stack, environment, tmp_path, 4)
        with Operator.open(environment) as operator:
            key = operator.create_key(operator.create_organisation("Acme"))
            [counted] = operator.fetch("select (select count(*) from alembic_version), count(*) from service_secret")
            assert tuple(counted) == (1, 1)
        clients = [Client(service.url, key) for service in services]
        saved = [client.save(f"{number}").json()["data"]["integration_id"] for number, client in enumerate(clients)]
        for client in clients:
            assert [client.token(one) for one in saved] == [f"token of {number}" for number in range(4)]
        assert [service.stop() for service in services] == [0] * 4


def test_two_workers_of_one_service_count_and_revoke_together(data_directory: DataDirectory, tmp_path: Path) -> None:
    with start_service(data_directory.environment, tmp_path / "log", free_port(), "--workers", "2") as service:
        assert len(workers(service)) == 2
        made = jackfield(
            data_directory.environment, "keys", "create", "--organisation", "acme", "--user", "bob", "--json"
        ).json

        def answers(count: int) -> set[int]:
            """The statuses of calls over connections of their own, which both workers take."""
            return {
                requests.get(
                    f"{service.url}{V1}/list", headers={"Authorization": f"Bearer {made['key']}"}, timeout=PATIENCE
                ).status_code
                for _ in range(count)
            }

        assert answers(40) == {200}
        counted = set()
        for _ in range(20):
            exposed = requests.get(f"{service.url}/metrics", timeout=PATIENCE).text
            counted.add(sum(float(value) for value in TOTAL.findall(exposed)))
        assert counted == {40.0}

        assert jackfield(data_directory.environment, "keys", "revoke", made["id"]).status == 0
        assert answers(20) == {401}
        assert service.stop() == 0
