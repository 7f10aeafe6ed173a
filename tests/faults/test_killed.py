"""kill -9: what was acknowledged is there, nothing is half there, and nobody is left behind."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import requests

from jackfield.domain import ids
from support.client import Client
from support.data_directory import DataDirectory
from support.processes import children, lives, runs, wait_until, workers
from support.service import bare_environment, free_port, start_service

CLIENTS = 200


def test_every_acknowledged_save_outlives_a_kill_and_none_is_half_there(
    data_directory: DataDirectory, tmp_path: Path
) -> None:
    acknowledged: dict[str, str] = {}
    unanswered = threading.Semaphore(0)
    begin = threading.Barrier(CLIENTS + 1)

    def keep_saving(client: Client, number: int) -> None:
        begin.wait()
        for turn in range(1000):
            name = f"integration {number}-{turn}"
            try:
                answer = client.save(name)
            except requests.RequestException:
                unanswered.release()
                return
            assert answer.status_code == 200, answer.text
            acknowledged[answer.json()["data"]["integration_id"]] = name

    log = tmp_path / "log"
    with start_service(data_directory.environment, log, free_port()) as service:
        client = Client(service.url, data_directory.key)
        threads = [threading.Thread(target=keep_saving, args=(client, number)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        begin.wait()
        while len(acknowledged) < CLIENTS * 2:
            time.sleep(0.001)
        service.kill()
        for thread in threads:
            thread.join()
    # every one of them was in the middle of a save
    assert all(unanswered.acquire(blocking=False) for _ in range(CLIENTS))

    with start_service(data_directory.environment, log, free_port()) as service:
        client = Client(service.url, data_directory.key)
        answer = client.list()
        assert answer.status_code == 200, answer.text
        found = answer.json()["integrations"]
        assert set(acknowledged) <= set(found)
        for integration in found.values():
            assert integration["auth_data"]["access_token"] == f"token of {integration['name']}"
        assert {one: found[one]["name"] for one in acknowledged} == acknowledged
        one = next(iter(acknowledged))
        assert client.token(one) == f"token of {acknowledged[one]}"

        rows = {record[0] for record in data_directory.fetch("select id from integration")}
        created = data_directory.fetch("select subject_ids from audit_entry where action = 'integration.created'")
        assert all(len(record[0]) == 1 for record in created)
        assert sorted(record[0][0] for record in created) == sorted(rows)
        assert rows == {ids.parse_uuid(integration_id) for integration_id in found}
        assert service.stop() == 0
    assert data_directory.processes == []


def test_after_a_killed_main_process_nobody_is_left_and_the_next_start_is_as_ever(
    data_directory: DataDirectory, tmp_path: Path
) -> None:
    with start_service(data_directory.environment, tmp_path / "log", free_port()) as service:
        saved = Client(service.url, data_directory.key).save().json()["data"]["integration_id"]
        [worker] = workers(service)
        os.kill(service.process.pid, signal.SIGKILL)
        service.process.wait()
        wait_until(lambda: not lives(worker), 8, "the worker stops by itself")
        data_directory.wait_until_stopped()
    with start_service(data_directory.environment, tmp_path / "log", free_port()) as service:
        assert Client(service.url, data_directory.key).token(saved) == "token of Sentry"
        assert service.stop() == 0


def test_a_worker_whose_main_process_is_killed_during_the_start_stops_too(
    data_directory: DataDirectory, tmp_path: Path
) -> None:
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jackfield", "serve", "--port", str(free_port())],
            env={**bare_environment(), **data_directory.environment},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        # granian starts its workers by multiprocessing; before that, the database's programs are its children
        wait_until(lambda: [one for one in children(process.pid) if runs(one, b"spawn_main")], 15, "a worker")
        [worker] = [one for one in children(process.pid) if runs(one, b"spawn_main")]
        # it has heard what to do by now, and is far from doing it
        time.sleep(0.1)
        process.kill()
        process.wait()
        wait_until(lambda: not lives(worker), 10, "the worker stops by itself")
        data_directory.wait_until_stopped()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_killed_worker_is_replaced(data_directory: DataDirectory, tmp_path: Path) -> None:
    with start_service(data_directory.environment, tmp_path / "log", free_port()) as service:
        saved = Client(service.url, data_directory.key).save().json()["data"]["integration_id"]
        [worker] = workers(service)
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: set(workers(service)) - {worker}, 10, "another worker")
        service.wait_until_ready()
        assert Client(service.url, data_directory.key).token(saved) == "token of Sentry"
        assert service.stop() == 0


def test_a_kill_of_everything_at_once_is_recovered_from(data_directory: DataDirectory, tmp_path: Path) -> None:
    with start_service(data_directory.environment, tmp_path / "log", free_port()) as service:
        saved = Client(service.url, data_directory.key).save().json()["data"]["integration_id"]
        # as when the power fails: what had to be on disk is on disk
        data_directory.kill_server()
        service.kill()
    with start_service(data_directory.environment, tmp_path / "log", free_port()) as service:
        assert Client(service.url, data_directory.key).token(saved) == "token of Sentry"
        assert service.stop() == 0
