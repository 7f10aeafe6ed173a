"""Connections to the one PostgreSQL, embedded or not.

A database that is away raises Unavailable, whatever way it went; it is asked again with the next call, and the
embedded server is started again when it was its death that was noticed.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final, TypeAlias

import asyncpg
import structlog
from asyncpg.pool import PoolConnectionProxy

from jackfield.domain.errors import Misconfigured, Unavailable
from jackfield.storage.away import AWAY, AWAY_REASON, READ_ONLY_REASON, reason_for
from jackfield.storage.connections import CONNECT_SECONDS, SERVER_SIDE, connect, notice_silence
from jackfield.storage.embedded import EmbeddedServer
from jackfield.storage.watch import READ_ONLY, Watch

# in quotes: asyncpg's classes are generic only in its stubs
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

#: Each statement here is written for one plan: a look-up, or a walk along an index in the order asked for. The planner
#: is kept to it, whatever it believes of a tenant's size: a large tenant is to it like an average one, which it would
#: rather sort. And it plans once, not at every call.
_SESSION: Final = {
    "application_name": "jackfield",
    "timezone": "UTC",
    "plan_cache_mode": "force_generic_plan",
    "enable_sort": "off",
    "jit": "off",
    **SERVER_SIDE,
}
#: system.py knows those who run jobs by this name
_QUEUE_SESSION: Final = {"application_name": "jackfield jobs", "jit": "off", **SERVER_SIDE}
_QUEUE_SECONDS: Final = 10.0
_CONNECT_SECONDS: Final = CONNECT_SECONDS
_STATEMENT_SECONDS: Final = 30.0
_RESTART_PAUSE_SECONDS: Final = 0.5
#: left to single statements: who is in a transaction may need one more, such as to read a data key, while all others
#: wait for the row that it has locked
_RESERVED: Final = 1

_log = structlog.get_logger(__name__)


class Pool:
    """One PostgreSQL, embedded or not, behind a pool of at most `size` connections."""

    def __init__(self, dsn: str, server: EmbeddedServer | None, size: int) -> None:
        self.dsn = dsn
        self._server = server
        self._size = size
        self._transactions = asyncio.Semaphore(max(1, size - _RESERVED))
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._restart: asyncio.Task[None] | None = None
        self._watch: Watch | None = None
        self._watching: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Opens the pool. Raises Unavailable when the database cannot be reached."""
        with self._unavailable():
            pool = asyncpg.create_pool(
                self.dsn,
                min_size=1,
                max_size=self._size,
                init=self._begin,
                # no statement relies on session state, so nothing has to be undone; see ADR 3
                reset=_keep_session,
                timeout=_CONNECT_SECONDS,
                command_timeout=_STATEMENT_SECONDS,
                server_settings=_SESSION,
            )
            self._watch = Watch(self.dsn, pool)
            self._pool = await pool
        self._watching = asyncio.get_running_loop().create_task(self._watch.run())

    async def close(self) -> None:
        for task in (self._restart, self._watching):
            if task is not None:
                task.cancel()
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), _CONNECT_SECONDS)
            except AWAY:
                self._pool.terminate()
            self._pool = None

    async def _begin(self, connection: Any) -> None:
        notice_silence(connection)
        if self._watch is not None:
            await self._watch.begin(connection)

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Runs one statement, which is its own transaction."""
        with self._unavailable():
            async with self._acquire() as connection:
                records: list[asyncpg.Record] = await connection.fetch(sql, *arguments)
                return records

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection inside a transaction: committed at the end of the block, rolled back when the block raises."""
        with self._unavailable():
            async with self._turn(), self._acquire() as connection, connection.transaction():
                yield connection

    async def ping(self) -> None:
        """Raises Unavailable, with the reason, unless the database answers within seconds and can be written to."""
        try:
            with self._unavailable():
                async with asyncio.timeout(_CONNECT_SECONDS):
                    [[is_read_only]] = await self.fetch(READ_ONLY)
        except Unavailable as error:
            raise Unavailable(self._reason() or AWAY_REASON) from error
        if is_read_only:
            raise Unavailable(READ_ONLY_REASON)
        # it answered just now, whatever was before
        if self._reason() not in {None, AWAY_REASON}:
            raise Unavailable(str(self._reason()))

    def _reason(self) -> str | None:
        return None if self._watch is None else self._watch.reason

    async def connect_for_jobs(self) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection outside the pool, by which the queue is worked; whoever asked closes it."""
        return await connect(self.dsn, command_seconds=_QUEUE_SECONDS, settings=_QUEUE_SESSION)

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Waits until a transaction leaves enough connections for the statements of those that are open."""
        async with asyncio.timeout(_CONNECT_SECONDS):
            await self._transactions.acquire()
        try:
            yield
        finally:
            self._transactions.release()

    def _acquire(self) -> Any:  # asyncpg's own context manager, which its stubs do not name
        if self._pool is None:
            raise asyncpg.InterfaceError("the pool is not open")
        return self._pool.acquire(timeout=_CONNECT_SECONDS)

    def notice_loss(self) -> None:
        """The connection was lost, to whomever: looks at the others, and starts the embedded server again, once."""
        if self._watch is not None:
            self._watch.suspect()
        if self._server is not None and (self._restart is None or self._restart.done()):
            self._restart = asyncio.get_running_loop().create_task(self._restart_server(self._server))

    @contextlib.contextmanager
    def _unavailable(self) -> Iterator[None]:
        """Tells what is the database's fault from what is the statement's."""
        try:
            yield
        except (*AWAY, asyncpg.PostgresError) as error:
            reason = reason_for(error)
            if reason is None:
                raise
            self._failed(error, reason)
            # callers are told in the contract's words, the operator with the reason
            raise Unavailable(AWAY_REASON) from error

    def _failed(self, error: Exception, reason: str) -> None:
        if self._watch is not None:
            self._watch.note(error, reason)
        if isinstance(error, AWAY) and not isinstance(error, asyncpg.TooManyConnectionsError):
            self.notice_loss()

    async def _restart_server(self, server: EmbeddedServer) -> None:
        try:
            await asyncio.to_thread(server.ensure)
        except Misconfigured as error:
            _log.error("embedded database does not start", reason=str(error))
        # many calls notice one loss; the pause keeps them from asking again and again
        await asyncio.sleep(_RESTART_PAUSE_SECONDS)


async def _keep_session(_: object) -> None:
    """Takes the place of the pool's reset query."""
