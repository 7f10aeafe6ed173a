"""Connections to the database that lead nowhere any more: found, replaced and told, while new ones work.

What a firewall, NAT or load balancer does that forgot its state: nobody is told, and what is sent vanishes.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from jackfield.storage.embedded import EmbeddedServer
from support.client import PATIENCE, Client
from support.data_directory import DataDirectory
from support.hub import TOKEN, Hub
from support.operator import Operator
from support.processes import workers
from support.service import Service, free_port, start_service
from support.swallowing import SwallowingProxy
from support.vendor_server import VendorServer, taken
from support.waiting import until
from support.worker import start_worker

#: a ping, its deadline, and what a busy machine takes on top
NOTICED_SECONDS = 60.0


@pytest.fixture
def vendor() -> Iterator[VendorServer]:
    with VendorServer.start() as vendor:
        yield vendor


@pytest.fixture
def proxy(data_directory: DataDirectory) -> Iterator[SwallowingProxy]:
    """The way to a server that is another's."""
    server = EmbeddedServer(data_directory.path)
    server.open()
    with SwallowingProxy.start(server.dsn) as proxy:
        yield proxy
    server.close()


@pytest.fixture
def environment(proxy: SwallowingProxy, data_directory: DataDirectory, vendor: VendorServer) -> dict[str, str]:
    return {
        "JACKFIELD_DATABASE_URL": proxy.dsn,
        "JACKFIELD_MASTER_KEYS": data_directory.key_file.read_text(),
        "JACKFIELD_PROVIDERS__GITHUB__API_URL": vendor.url,
    }


def lines(log: Path, event: str) -> list[Any]:
    return [line for line in map(json.loads, log.read_text().splitlines()) if line.get("event") == event]


def engines(service: Service) -> dict[str, float]:
    text = requests.get(f"{service.url}/metrics", timeout=PATIENCE).text
    found = [line for line in text.splitlines() if line.startswith("jackfield_job_engines{")]
    return {line.split('"')[1]: float(line.split()[-1]) for line in found}


def test_jobs_of_a_serving_process_go_on_after_its_connections_were_swallowed(
    proxy: SwallowingProxy,
    environment: dict[str, str],
    data_directory: DataDirectory,
    vendor: VendorServer,
    tmp_path: Path,
) -> None:
    vendor.answer(TOKEN, taken)
    log = tmp_path / "log"
    with start_service(environment, log, free_port()) as service:
        hub = Hub(service, data_directory)
        integration = hub.connect()
        assert hub.end_of(hub.verify(integration)) == "completed"
        client = Client(service.url, data_directory.key)
        before = workers(service)
        # more than once: what was replaced can be forgotten as well
        for times in (1, 2):
            assert proxy.swallow() >= 3  # of the pool, of the jobs, of the revocations
            until(lambda: client.save().status_code, lambda status: status == 200, NOTICED_SECONDS)
            until(
                lambda: len(lines(log, "running jobs again")),
                lambda count, least=times: count >= least,
                NOTICED_SECONDS,
            )
            assert hub.end_of(hub.verify(integration), NOTICED_SECONDS) == "completed"
        assert requests.get(f"{service.url}/readyz", timeout=PATIENCE).status_code == 200
        assert engines(service) == {"working": 1.0, "not working": 0.0}
        assert workers(service) == before
        assert service.stop() == 0


def test_a_worker_goes_on_after_its_connections_were_swallowed_in_the_middle_of_a_job(
    proxy: SwallowingProxy,
    environment: dict[str, str],
    data_directory: DataDirectory,
    vendor: VendorServer,
    tmp_path: Path,
) -> None:
    vendor.answer(TOKEN, taken)
    log = tmp_path / "worker"
    with (
        start_service(environment, tmp_path / "log", free_port(), "--no-jobs") as service,
        start_worker(environment, log),
    ):
        hub = Hub(service, data_directory)
        integrations = [hub.connect() for _ in range(10)]
        assert {hub.end_of(hub.verify(one)) for one in integrations} == {"completed"}
        jobs = [hub.verify(one) for one in integrations]
        proxy.swallow()
        until(lambda: lines(log, "running jobs again"), bool, NOTICED_SECONDS)
        assert {hub.end_of(job, NOTICED_SECONDS) for job in jobs} == {"completed"}
        assert len(lines(log, "not running jobs for a moment")) == 1


def test_one_dead_connection_costs_one_wait_and_not_one_for_each_that_is_dead(
    proxy: SwallowingProxy, environment: dict[str, str], data_directory: DataDirectory, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with start_service(environment, log, free_port(), "--no-jobs") as service:
        client = Client(service.url, data_directory.key)
        # calls enough at once to open the whole pool
        with ThreadPoolExecutor(30) as threads:
            assert {one.status_code for one in threads.map(lambda _: client.list(), range(120))} == {200}
        proxy.swallow()
        client.save()  # whether this one is lucky is nobody's to say
        until(lambda: lines(log, "connections to the database do not answer: replacing all of them"), bool, 30)
        # from the moment on that it was noticed, nobody is given one that is dead
        assert [client.save().status_code for _ in range(30)] == [200] * 30
        assert service.stop() == 0


def test_a_call_that_takes_long_is_not_taken_for_a_dead_connection(
    environment: dict[str, str],
) -> None:
    with Operator.open(environment) as operator:
        assert operator.fetch("select pg_sleep(5), 7 as answer")[0]["answer"] == 7
        assert operator.house.database._watch is not None
        assert operator.house.database._watch.reason is None
