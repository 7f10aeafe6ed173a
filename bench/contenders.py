"""Who runs: each one serving process on 127.0.0.1, its own database, the same rows in it."""

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.database import Server
from bench.process import Running, free_port, running
from bench.seed import Seeded


@dataclass(frozen=True)
class Contender:
    name: str
    title: str
    command: Callable[[int], list[str]]
    environment: Callable[[str, Seeded], Mapping[str, str]]


def _python(*arguments: str) -> list[str]:
    return [sys.executable, "-m", *arguments]


def _uvicorn(app: str, port: int, *options: str) -> list[str]:
    server = ("--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--loop", "uvloop", "--http", "httptools")
    return _python("uvicorn", app, *server, "--no-access-log", *options)


def _own(dsn: str, seeded: Seeded) -> Mapping[str, str]:
    return {"JACKFIELD_DATABASE_URL": dsn, "JACKFIELD_MASTER_KEYS": seeded.master_keys}


def _given(dsn: str, seeded: Seeded) -> Mapping[str, str]:
    return {"BENCH_DSN": dsn, **seeded.environment}


JACKFIELD: Final = Contender(
    "jackfield",
    "Jackfield, `jackfield serve`",
    lambda port: _python("jackfield", "serve", "--port", str(port)),
    _own,
)
WITHOUT_JOBS: Final = Contender(
    "without_jobs",
    "Jackfield, its jobs left to others",
    lambda port: _python("jackfield", "serve", "--no-jobs", "--port", str(port)),
    _own,
)
FLOOR: Final = Contender(
    "floor",
    "the floor: raw ASGI on granian, asyncpg",
    lambda port: _python(
        *("granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
        *("--loop", "uvloop", "--no-access-log", "bench.floor.app:app"),
    ),
    _given,
)
CONVENTIONAL: Final = Contender(
    "conventional",
    "FastAPI, pydantic, SQLAlchemy on uvicorn",
    lambda port: _uvicorn("bench.conventional.app:app", port),
    _given,
)
ON_UVICORN: Final = Contender(
    "on_uvicorn",
    "Jackfield's application on uvicorn",
    lambda port: _uvicorn("jackfield.asgi:serve_app", port, "--factory"),
    _own,
)
CONTENDERS: Final = (JACKFIELD, FLOOR, CONVENTIONAL, ON_UVICORN)


@contextlib.contextmanager
def serving(contender: Contender, server: Server, seeded: Seeded, logs: Path) -> Iterator[Running]:
    """The contender on a database of its own, a copy of the seeded one."""
    database = f"{seeded.database}_{contender.name}"
    server.create(database, seeded.database)
    port = free_port()
    environment = contender.environment(server.dsn(database), seeded)
    try:
        with running(contender.command(port), environment, logs / f"{database}.log", port) as process:
            yield process
    finally:
        server.drop(database)
