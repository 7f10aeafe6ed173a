"""Jobs under faults: a worker is killed, the database restarts, processes stop. Nothing is lost, nothing ends twice."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from support.client import PATIENCE
from support.data_directory import DataDirectory
from support.hub import INTEGRATIONS, TAKEOVER_SECONDS, TOKEN, Hub
from support.processes import wait_until
from support.service import Service, free_port, start_service
from support.vendor_server import Gate, VendorServer, say, taken
from support.waiting import until
from support.worker import start_worker

# every end of a job, also of one that would end a second time
WATCH_ENDS = """
create table ended (job_id bigint not null, state text not null);
create function note_end() returns trigger language plpgsql as $$
begin
    insert into ended values (new.id, new.state);
    return new;
end
$$;
create trigger note_end after update on job for each row
    when (new.state in ('completed', 'error', 'expired') and new.completed_at is distinct from old.completed_at)
    execute function note_end();
"""


@pytest.fixture
def vendor() -> Iterator[VendorServer]:
    with VendorServer.start() as vendor:
        yield vendor


def environment_of(directory: DataDirectory, vendor: VendorServer) -> dict[str, str]:
    return {**directory.environment, "JACKFIELD_PROVIDERS__GITHUB__API_URL": vendor.url}


def test_a_killed_workers_job_is_finished_by_another_one_and_once(
    data_directory: DataDirectory, vendor: VendorServer, tmp_path: Path
) -> None:
    gate = Gate(taken)
    account = vendor.answer(TOKEN, gate, taken)
    environment = environment_of(data_directory, vendor)
    with start_service(environment, tmp_path / "log", free_port(), "--no-jobs") as service:
        hub = Hub(service, data_directory)
        data_directory.execute(WATCH_ENDS)
        job = hub.verify(integration := hub.connect())
        assert hub.job(job)["state"]["current"] == "queued"
        with start_worker(environment, tmp_path / "first") as first:
            gate.wait()
            assert hub.job(job)["state"]["current"] == "running"
            os.killpg(first.pid, signal.SIGKILL)
            first.wait()
        with start_worker(environment, tmp_path / "second") as second:
            assert hub.end_of(job) == "completed"
            second.send_signal(signal.SIGTERM)
            assert second.wait(30) == 0
        gate.open()
        assert hub.call("GET", f"{INTEGRATIONS}/{integration}")["state"]["current"] == "live"
        # asking whose token it is changes nothing at the vendor; it was asked by each of the two, and no more
        assert len(account.asked) == 2
        assert [record["state"] for record in data_directory.fetch("select state from ended")] == ["completed"]


def test_a_database_that_restarts_loses_no_job_and_lets_none_end_twice(
    data_directory: DataDirectory, vendor: VendorServer, tmp_path: Path
) -> None:
    vendor.answer(TOKEN, taken)
    environment = environment_of(data_directory, vendor)
    with start_service(environment, tmp_path / "log", free_port()) as service:
        hub = Hub(service, data_directory)
        data_directory.execute(WATCH_ENDS)
        integrations = [hub.connect() for _ in range(60)]
        jobs: list[str] = []
        for number, integration in enumerate(integrations):
            if number == 30:
                data_directory.kill_server()
                wait_until(lambda: _is_ready(service), TAKEOVER_SECONDS, "the service is ready again")
            jobs.append(_verify(hub, integration))
        assert {hub.end_of(job, 2 * TAKEOVER_SECONDS) for job in jobs} == {"completed"}
        states = {hub.call("GET", f"{INTEGRATIONS}/{one}")["state"]["current"] for one in integrations}
        assert states == {"live"}
        ended = data_directory.fetch("select job_id, count(*) as times from ended group by job_id")
        assert len(ended) == len(jobs)
        assert {record["times"] for record in ended} == {1}
        waiting = "select count(*) as left_over from pgqueuer"
        wait_until(lambda: data_directory.fetch(waiting)[0]["left_over"] == 0, TAKEOVER_SECONDS, "an empty queue")


def test_a_worker_that_is_told_to_stop_finishes_what_it_has_begun(
    data_directory: DataDirectory, vendor: VendorServer, tmp_path: Path
) -> None:
    gate = Gate(taken)
    vendor.answer(TOKEN, gate)
    environment = environment_of(data_directory, vendor)
    with start_service(environment, tmp_path / "log", free_port(), "--no-jobs") as service:
        hub = Hub(service, data_directory)
        with start_worker(environment, tmp_path / "worker") as worker:
            job = hub.verify(hub.connect())
            gate.wait()
            worker.send_signal(signal.SIGTERM)
            gate.open()
            assert worker.wait(30) == 0
        assert hub.job(job)["state"]["current"] == "completed"


def test_a_job_that_waits_for_its_next_try_is_not_lost_with_its_process(
    data_directory: DataDirectory, vendor: VendorServer, tmp_path: Path
) -> None:
    vendor.answer(TOKEN, say(500, {}), taken)
    environment = environment_of(data_directory, vendor)
    port = free_port()
    with start_service(environment, tmp_path / "log", port) as service:
        hub = Hub(service, data_directory)
        job = hub.verify(hub.connect())
        until(lambda: hub.job(job), lambda one: one["state"]["current"] == "scheduled")
        service.kill()
    with start_service(environment, tmp_path / "log", port) as service:
        assert Hub(service, data_directory).end_of(job) == "completed"


def _verify(hub: Hub, integration: str) -> str:
    """As a client asks: once more, where the answer was that the database is away, as it may be over one connection."""

    def asked() -> str:
        try:
            return hub.verify(integration)
        except AssertionError as refused:
            if "503.not-ready" not in str(refused):
                raise
            return ""

    return until(asked, bool, TAKEOVER_SECONDS)


def _is_ready(service: Service) -> bool:
    try:
        return requests.get(f"{service.url}/readyz", timeout=PATIENCE).status_code == 200
    except requests.RequestException:
        return False
