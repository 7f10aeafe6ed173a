"""A data directory with its embedded database, for services that a test starts, kills and starts again."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg

from jackfield.bootstrap import open_house
from jackfield.domain.principal import Origin
from jackfield.settings import Settings
from jackfield.storage.embedded import EmbeddedServer

ORIGIN = Origin("test", "test-request")


@dataclass(frozen=True)
class DataDirectory:
    """`key` is a key of the organisation that is in the database; empty in a directory not made yet."""

    path: Path
    key: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a service that uses it."""
        return {"JACKFIELD_DATA_DIR": str(self.path)}

    @property
    def key_file(self) -> Path:
        return self.path / "master.keys"

    @property
    def dsn(self) -> str:
        return EmbeddedServer(self.path).dsn

    @property
    def server(self) -> int | None:
        """The process id of the database server; None when it does not run."""
        return EmbeddedServer(self.path).pid

    @property
    def processes(self) -> list[int]:
        """Every live process of the database, by its working directory (the code looks at names)."""
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdecimal() and (entry / "cwd").samefile(self.path / "postgres-18"):
                    found.append(int(entry.name))
        return found

    def kill_server(self) -> int:
        """Kills the database server as `kill -9` does, and returns what its process id was."""
        pid = self.server
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_until_stopped(self, seconds: float = 10.0) -> None:
        """Waits for the last process of the database; fails when it stays."""
        deadline = time.monotonic() + seconds
        while self.processes:
            assert time.monotonic() < deadline, f"the database still runs: {self.processes}"
            time.sleep(0.02)

    def fetch(self, sql: str, *arguments: object) -> list[Any]:
        """Asks the running database."""

        async def run() -> list[Any]:
            connection = await asyncpg.connect(self.dsn)
            try:
                return await connection.fetch(sql, *arguments)
            finally:
                await connection.close()

        return asyncio.run(run())

    def execute(self, script: str) -> None:
        """Runs several statements in the running database."""

        async def run() -> None:
            connection = await asyncpg.connect(self.dsn)
            try:
                await connection.execute(script)
            finally:
                await connection.close()

        asyncio.run(run())

    @contextlib.contextmanager
    def cleaned_up(self) -> Iterator["DataDirectory"]:
        """No process of the database may outlive the block, and none does."""
        try:
            yield self
            left = self.processes
            assert left == [], f"processes of the database outlived their users: {left}"
        finally:
            for pid in self.processes:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            place = Path(parse_qs(urlsplit(self.dsn).query)["host"][0])
            if place.parent != self.path and not place.is_symlink():
                shutil.rmtree(place, ignore_errors=True)
            shutil.rmtree(self.path, ignore_errors=True)  # pytest would keep 40 MB of each test


def make_template(path: Path) -> DataDirectory:
    """A data directory as the first start leaves it, with an organisation and a key; stopped, to be copied."""

    async def make() -> str:
        async with open_house(Settings(data_dir=path)) as house:
            organisations = house.services.organisations
            await organisations.create("Acme", ORIGIN)
            return (await organisations.create_key("acme", "alice", (), None, ORIGIN)).secret

    return DataDirectory(path, asyncio.run(make()))


@contextlib.contextmanager
def copy_of(template: DataDirectory, path: Path) -> Iterator[DataDirectory]:
    """A data directory of the block's own, with what is in the template."""
    subprocess.run(["/bin/cp", "-a", template.path, path], check=True)
    with DataDirectory(path, template.key).cleaned_up() as directory:
        yield directory
