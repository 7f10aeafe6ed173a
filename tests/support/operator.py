"""The operator: the house opened in the test's own process, on an event loop in a thread."""

import asyncio
import contextlib
import threading
import uuid
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from pydantic import SecretStr

from jackfield.bootstrap import House, open_house
from jackfield.domain.organisation import Organisation
from jackfield.domain.principal import Capability, Origin
from jackfield.settings import Settings

Result = TypeVar("Result")
ORIGIN = Origin("test", "test-request")


class Operator:
    def __init__(self, loop: asyncio.AbstractEventLoop, house: House) -> None:
        self._loop = loop
        self.house = house

    @classmethod
    @contextlib.contextmanager
    def open(cls, environment: dict[str, str], **more: Any) -> Iterator["Operator"]:
        """The house of this environment's database and keys; `more` are further settings."""
        settings = Settings(
            database_url=SecretStr(environment["JACKFIELD_DATABASE_URL"]),
            master_keys=SecretStr(environment["JACKFIELD_MASTER_KEYS"]),
            **more,
        )
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        house = open_house(settings)
        try:
            opened = asyncio.run_coroutine_threadsafe(house.__aenter__(), loop).result()
            yield cls(loop, opened)
            asyncio.run_coroutine_threadsafe(house.__aexit__(None, None, None), loop).result()
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    @staticmethod
    @contextlib.contextmanager
    def database(server_url: str, name: str) -> Iterator[str]:
        """A database made for the block, and dropped after it; yields its address."""

        async def execute(sql: str) -> None:
            connection = await asyncpg.connect(server_url)
            await connection.execute(sql)
            await connection.close()

        def run(sql: str) -> None:
            # in a thread: that of the test may have a loop already, as with a browser
            with ThreadPoolExecutor(1) as thread:
                thread.submit(lambda: asyncio.run(execute(sql))).result()

        run(f'create database "{name}"')
        parts = urlsplit(server_url)
        try:
            yield urlunsplit(parts._replace(path=f"/{name}"))
        finally:
            run(f'drop database "{name}" with (force)')

    def run(self, deed: Coroutine[Any, Any, Result]) -> Result:
        return self.start(deed).result(60)

    def start(self, deed: Coroutine[Any, Any, Result]) -> Future[Result]:
        """Runs it while the test goes on."""
        return asyncio.run_coroutine_threadsafe(deed, self._loop)

    def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        return self.run(self.house.database.fetch(sql, *arguments))

    def create_organisation(self, name: str | None = None) -> Organisation:
        return self.run(self.house.services.organisations.create(name or f"Test {uuid.uuid4()}", ORIGIN))

    def create_key(
        self, organisation: Organisation, user: str = "alice", *capabilities: Capability, **more: Any
    ) -> str:
        """A key in clear; all capabilities when none is named."""
        made = self.run(
            self.house.services.organisations.create_key(
                organisation.handle, user, capabilities, more.get("expires_at"), ORIGIN
            )
        )
        return made.secret
