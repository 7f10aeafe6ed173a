"""`jackfield serve`: the service itself."""

import asyncio
import contextlib
import errno
import multiprocessing
import os
import resource
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Annotated, NoReturn

import structlog
import typer
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.server import MPServer

from jackfield import logs
from jackfield.bootstrap import open_ground
from jackfield.cli.console import fail
from jackfield.settings import Settings, read_settings
from jackfield.storage.embedded import EmbeddedServer

_log = structlog.get_logger(__name__)

#: how long a stopping worker may take to finish what it is doing
_DRAIN_SECONDS = 30
#: how long a port is waited for that another process holds
_PORT_SECONDS = 3.0
_PORT_PAUSE_SECONDS = 0.1
#: request line and headers together
_MAX_HEADER_BYTES = 64 * 1024
#: connections that the system keeps until there is room for them
_BACKLOG = 1024
#: what a process needs beside its clients' connections: the database, vendors, files
_OTHER_FILES = 512
_FEWEST_CONNECTIONS = 16


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8400,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Serving processes.")] = 1,
    no_jobs: Annotated[bool, typer.Option("--no-jobs", help="Leave jobs to `jackfield worker`.")] = False,
) -> None:
    """Serve until told to stop. Starts and migrates the database as needed; ready when /readyz answers 200."""
    settings = read_settings()
    logs.configure(settings.log_level)
    address = _check_address(host, port)
    # until the server takes signals over, a stop goes the way of an exception, which closes what is open
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # asyncio's own handler only cancels, which is lost when the work ends in the same moment
    signal.signal(signal.SIGINT, _interrupted)
    # a forked worker would inherit our hold on the embedded server, and our metrics
    multiprocessing.set_start_method("spawn", force=True)
    # held for as long as we run, so that the database does not stop between our workers
    server = EmbeddedServer(settings.data_dir.absolute()) if settings.database_url is None else None
    if server is not None:
        server.open()
    try:
        asyncio.run(_check(settings))
        if no_jobs:
            # the serving processes are started with nothing but an environment
            os.environ["JACKFIELD_SERVE_JOBS"] = "false"
        with _shared_metrics(workers):
            _granian(address, port, workers, settings).serve()
    finally:
        if server is not None:
            server.close()


def _interrupted(*_: object) -> NoReturn:
    raise KeyboardInterrupt


@contextlib.contextmanager
def _shared_metrics(workers: int) -> Iterator[None]:
    """Where several workers count together; one counts in its own memory."""
    if workers == 1:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="jackfield-metrics-") as directory:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = directory
        yield


async def _check(settings: Settings) -> None:
    """What can go wrong goes wrong here, once and in words, rather than in every worker."""
    async with open_ground(settings):
        pass


def _granian(address: str, port: int, workers: int, settings: Settings) -> MPServer:
    return MPServer(
        "jackfield.asgi:serve_app",
        factory=True,
        address=address,
        port=port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        workers=workers,
        respawn_failed_workers=True,
        workers_kill_timeout=_DRAIN_SECONDS,
        # one version has one limit of headers, and no browser speaks another without TLS, which a proxy does
        http=HTTPModes.http1,
        # the time counts from the end of the answer before, or from the connection's first moment
        http1_settings=HTTP1Settings(
            max_buffer_size=_MAX_HEADER_BYTES, header_read_timeout=settings.idle_timeout_seconds * 1000
        ),
        websockets=False,
        backlog=_BACKLOG,
        backpressure=_allowed_connections(settings.max_connections),
        log_enabled=False,
    )


def _allowed_connections(wanted: int) -> int:
    """Return how many connections the system lets a process have, at most those wanted, and allow as many files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = wanted + _OTHER_FILES
    if hard != resource.RLIM_INFINITY and hard < files:
        _log.warning("the system allows fewer open files than JACKFIELD_MAX_CONNECTIONS needs", allowed=hard)
        files = hard
    if soft != resource.RLIM_INFINITY and soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return max(files - _OTHER_FILES, _FEWEST_CONNECTIONS)


def _check_address(host: str, port: int) -> str:
    """The numeric address of the host; ends the program, saying why, when we cannot listen there.

    Whoever is started again at once finds the port held by the one that ends, and waits for it.
    """
    deadline = time.monotonic() + _PORT_SECONDS
    while True:
        try:
            family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
            return str(address[0])
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() >= deadline:
                fail(f"cannot listen on {host}:{port}: {error.strerror}. Choose another with --port.")
        time.sleep(_PORT_PAUSE_SECONDS)
