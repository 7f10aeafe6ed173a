"""SIGTERM: what was begun is finished, nothing new is, and the exit status is 0."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import pytest
import requests

from support.client import Client
from support.data_directory import DataDirectory
from support.processes import wait_until
from support.service import Service, bare_environment, free_port, start_service

#: saves that wait for the lock; pg_stat_activity would answer the same again and again in one transaction
WAITING = """
select count(*) from pg_locks
where relation = 'integration'::regclass and mode = 'RowExclusiveLock' and not granted
"""


def refuses(service: Service) -> bool:
    """Whether a new connection is refused, so that a load balancer goes elsewhere at once."""
    try:
        socket.create_connection(("127.0.0.1", service.port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    except (TimeoutError, ConnectionResetError):
        # a handshake begun in the instant the listener closed is dropped, or reset; the next one tells
        return False
    return False


def test_a_save_under_way_is_answered_before_the_service_stops(data_directory: DataDirectory, tmp_path: Path) -> None:
    async def scenario(service: Service, client: Client) -> requests.Response:
        connection = await asyncpg.connect(data_directory.dsn)
        try:
            async with connection.transaction():
                await connection.execute("lock table integration in share mode")
                save = asyncio.create_task(asyncio.to_thread(client.save, "under way"))
                while await connection.fetchval(WAITING) == 0:
                    assert not save.done(), (await save).text
                    await asyncio.sleep(0.02)
                service.process.send_signal(signal.SIGTERM)
                await asyncio.to_thread(wait_until, lambda: refuses(service), 5, "no new connections")
                assert service.process.poll() is None
                assert not save.done(), (await save).text
            return await save
        finally:
            connection.terminate()

    with start_service(data_directory.environment, tmp_path / "log", free_port()) as service:
        client = Client(service.url, data_directory.key)
        client.save("before")
        answer = asyncio.run(scenario(service, client))
        assert answer.status_code == 200
        saved = answer.json()["data"]["integration_id"]
        assert service.process.wait(10) == 0
    assert data_directory.processes == []

    with start_service(data_directory.environment, tmp_path / "log", free_port()) as service:
        assert Client(service.url, data_directory.key).token(saved) == "token of under way"
        # idle, although a client keeps a connection open
        started = time.monotonic()
        assert service.stop() == 0
        assert time.monotonic() - started < 5
    assert data_directory.processes == []


def test_ctrl_c_stops_it_as_well(data_directory: DataDirectory, tmp_path: Path) -> None:
    with start_service(data_directory.environment, tmp_path / "log", free_port()) as service:
        # a terminal sends it to the whole group
        os.killpg(service.process.pid, signal.SIGINT)
        assert service.process.wait(30) == 0
    assert data_directory.processes == []
    assert "Traceback" not in service.read_log()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("keys", "list")], ids=["serve", "keys list"])
def test_a_stop_during_the_start_leaves_no_database_behind(
    data_directory: DataDirectory, tmp_path: Path, command: tuple[str, ...], number: signal.Signals
) -> None:
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jackfield", *(str(free_port()) if one == "0" else one for one in command)],
            env={**bare_environment(), **data_directory.environment},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait_until(lambda: data_directory.server, 10, "the database is being started")
        process.send_signal(number)
        process.wait(15)
        data_directory.wait_until_stopped(5)
    finally:
        process.kill()
        process.wait()
    assert b"Traceback" not in (tmp_path / "log").read_bytes()
