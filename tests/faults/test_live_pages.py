"""Pages that are left open: they hold up no stop, cost nothing once they are gone, and outlive the database."""

import contextlib
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jackfield.domain import ids
from support.data_directory import DataDirectory
from support.processes import wait_until
from support.service import Service, free_port, start_service
from support.visitor import SESSION, Visitor

PAGES = 50
#: a look a second, and some more on a busy machine
SOON = 10.0

#: as another process would end it, of the one organisation; $1 is the integration it was about
END_JOB = """
insert into job (organisation_id, kind, integration_id, header, caption, steps, creator_user, expires_at, state)
select id, 'verify', $1::bigint, 'Verify', 'Pumps', '[]', 'alice', now() + interval '1 hour', 'completed'
from organisation
"""
#: when somebody looked at the jobs for open pages last, as far as it can still be seen
LOOKED = """
select extract(epoch from clock_timestamp() - max(query_start))::float8 from pg_stat_activity
where query like '%o(organisation_id) cross join unnest($2::text[]) s(state)%' and pid <> pg_backend_pid()
"""


class LivePage:
    """A connection as an open page has it."""

    def __init__(self, service: Service, cookie: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", service.port), timeout=SOON)
        head = f"GET /console/live HTTP/1.1\r\nHost: 127.0.0.1:{service.port}\r\nCookie: {SESSION}={cookie}\r\n\r\n"
        self._socket.sendall(head.encode())
        self._received = b""

    def wait_for(self, text: bytes) -> None:
        while text not in self._received:
            received = self._socket.recv(65536)
            assert received, f"it ended before {text!r} came: {self._received!r}"
            self._received += received

    def wait_for_end(self) -> None:
        with contextlib.suppress(ConnectionResetError):
            while self._socket.recv(65536):
                pass

    def close(self) -> None:
        self._socket.close()


@contextlib.contextmanager
def open_pages(service: Service, key: str) -> Iterator[list[LivePage]]:
    """All of one administrator; all are listening."""
    cookie = Visitor(service).signed_in(key).cookie(SESSION)
    with contextlib.ExitStack() as stack:
        pages = [stack.enter_context(contextlib.closing(LivePage(service, cookie))) for _ in range(PAGES)]
        for page in pages:
            page.wait_for(b"200 OK")
            page.wait_for(b"retry: ")
        yield pages


def tell_of(directory: DataDirectory, pages: list[LivePage], integration: int) -> None:
    """Ends a job, of which all pages hear."""
    directory.fetch(END_JOB, integration)
    for page in pages:
        page.wait_for(ids.to_hex(integration).encode())


def age_of_last_look(directory: DataDirectory) -> float:
    """In seconds; without any, very long."""
    [record] = directory.fetch(LOOKED)
    return float("inf") if record[0] is None else float(record[0])


@pytest.mark.parametrize("options", [(), ("--no-jobs",)], ids=["with jobs", "without jobs"])
def test_a_stop_does_not_wait_for_open_pages(
    data_directory: DataDirectory, tmp_path: Path, options: tuple[str, ...]
) -> None:
    with (
        start_service(data_directory.environment, tmp_path / "log", free_port(), *options) as service,
        open_pages(service, data_directory.key) as pages,
    ):
        tell_of(data_directory, pages, 1)
        started = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        for page in pages:
            page.wait_for_end()
        assert service.process.wait(10) == 0
        assert time.monotonic() - started < 5
    assert "Traceback" not in service.read_log()
    assert data_directory.processes == []


def test_nobody_looks_for_pages_that_are_gone(data_directory: DataDirectory, tmp_path: Path) -> None:
    with start_service(data_directory.environment, tmp_path / "log", free_port()) as service:
        with open_pages(service, data_directory.key) as pages:
            tell_of(data_directory, pages, 1)
            wait_until(lambda: age_of_last_look(data_directory) < 1, SOON, "somebody looks")
        wait_until(lambda: age_of_last_look(data_directory) > 3, SOON, "nobody looks any more")
        # and who comes later hears of what happens then
        with open_pages(service, data_directory.key) as pages:
            tell_of(data_directory, pages, 2)
        assert service.stop() == 0


def test_open_pages_outlive_the_database(data_directory: DataDirectory, tmp_path: Path) -> None:
    with (
        start_service(data_directory.environment, tmp_path / "log", free_port()) as service,
        open_pages(service, data_directory.key) as pages,
    ):
        tell_of(data_directory, pages, 1)
        killed = data_directory.kill_server()
        wait_until(lambda: data_directory.server not in {None, killed}, 20, "the database is back")
        service.wait_until_ready()
        tell_of(data_directory, pages, 2)
        assert service.stop() == 0
