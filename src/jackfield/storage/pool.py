"""Connections to the one PostgreSQL, embedded or not.

A database that is away raises Unavailable, whatever way it went; it is asked again with the next call, and the
embedded server is started again when it was its death that was noticed.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Final, TypeAlias

import asyncpg
import structlog
from asyncpg.pool import PoolConnectionProxy

from jackfield.domain.errors import Misconfigured, Unavailable
from jackfield.storage.embedded import EmbeddedServer

# in quotes: asyncpg's classes are generic only in its stubs
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

#: what asyncpg raises while a server is away, starting, stopping, or was killed under a query
AWAY: Final = (
    OSError,
    TimeoutError,
    asyncpg.CannotConnectNowError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
#: Each statement here is written for one plan: a look-up, or a walk along an index in the order asked for. The planner
#: is kept to it, whatever it believes of a tenant's size: a large tenant is to it like an average one, which it would
#: rather sort. And it plans once, not at every call.
_SESSION: Final = {
    "application_name": "jackfield",
    "timezone": "UTC",
    "plan_cache_mode": "force_generic_plan",
    "enable_sort": "off",
    "jit": "off",
}
_CONNECT_SECONDS: Final = 5.0
_STATEMENT_SECONDS: Final = 30.0
_RESTART_PAUSE_SECONDS: Final = 0.5

_log = structlog.get_logger(__name__)


class Pool:
    """One PostgreSQL, embedded or not, behind a pool of at most `size` connections."""

    def __init__(self, dsn: str, server: EmbeddedServer | None, size: int) -> None:
        self.dsn = dsn
        self._server = server
        self._size = size
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._restart: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Opens the pool. Raises Unavailable when the database cannot be reached."""
        with _unavailable(self.notice_loss):
            self._pool = await asyncpg.create_pool(
                self.dsn,
                min_size=1,
                max_size=self._size,
                # no statement relies on session state, so nothing has to be undone; see ADR 3
                reset=_keep_session,
                timeout=_CONNECT_SECONDS,
                command_timeout=_STATEMENT_SECONDS,
                server_settings=_SESSION,
            )

    async def close(self) -> None:
        if self._restart is not None:
            self._restart.cancel()
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), _CONNECT_SECONDS)
            except AWAY:
                self._pool.terminate()
            self._pool = None

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Runs one statement, which is its own transaction."""
        with _unavailable(self.notice_loss):
            async with self._acquire() as connection:
                records: list[asyncpg.Record] = await connection.fetch(sql, *arguments)
                return records

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection inside a transaction: committed at the end of the block, rolled back when the block raises."""
        with _unavailable(self.notice_loss):
            async with self._acquire() as connection, connection.transaction():
                yield connection

    async def ping(self) -> None:
        """Raises Unavailable unless the database answers within seconds."""
        with _unavailable(self.notice_loss):
            async with asyncio.timeout(_CONNECT_SECONDS):
                await self.fetch("select 1")

    def _acquire(self) -> Any:  # asyncpg's own context manager, which its stubs do not name
        if self._pool is None:
            raise asyncpg.InterfaceError("the pool is not open")
        return self._pool.acquire(timeout=_CONNECT_SECONDS)

    def notice_loss(self) -> None:
        """The connection was lost, to whomever: starts the embedded server again, once however many notice."""
        if self._server is not None and (self._restart is None or self._restart.done()):
            self._restart = asyncio.get_running_loop().create_task(self._restart_server(self._server))

    async def _restart_server(self, server: EmbeddedServer) -> None:
        try:
            await asyncio.to_thread(server.ensure)
        except Misconfigured as error:
            _log.error("embedded database does not start", reason=str(error))
        # many calls notice one loss; the pause keeps them from asking again and again
        await asyncio.sleep(_RESTART_PAUSE_SECONDS)


@contextlib.contextmanager
def _unavailable(notice_loss: Callable[[], None]) -> Iterator[None]:
    try:
        yield
    except AWAY as error:
        if isinstance(error, ValueError):
            raise  # asyncpg's word for an argument of the wrong type: the fault is ours, not the database's
        _log.warning("database away", reason=type(error).__name__)
        notice_loss()
        raise Unavailable("Database connection failed") from error


async def _keep_session(_: object) -> None:
    """Takes the place of the pool's reset query."""
