"""Looks after a pool from beside it, so that the calls themselves pay nothing.

Three things go wrong with pooled connections without anybody saying so: the network forgets some of them, the server
they lead to becomes read-only, and its disk fills up. What is found is told once in the log, and once more when it is
over.
"""

import asyncio
import contextlib
import time
from typing import Any, Final

import asyncpg
import structlog
from prometheus_client import Counter

from jackfield.storage.away import AWAY, AWAY_REASON, READ_ONLY_REASON, is_lasting
from jackfield.storage.connections import connect

LOOK_SECONDS: Final = 1.0
#: a call that holds a connection for so long is asked about: what calls do takes milliseconds
LONG_SECONDS: Final = 2.0
#: a transaction that the server waits in for so long has lost whoever began it
_ABANDONED_SECONDS: Final = 10.0
_ANSWER_SECONDS: Final = 2.0

REPLACED: Final = Counter(
    "jackfield_database_connections_replaced_total", "Connections that led nowhere any more, and were replaced."
)

# what the server is doing for each of our connections; another server knows none of them
_SESSIONS: Final = """
select pid, state, extract(epoch from clock_timestamp() - state_change)::double precision,
    coalesce(wait_event = 'ClientRead', false)
from pg_stat_activity
where pid = any($1::integer[]) and application_name = 'jackfield'
"""
_END_SESSIONS: Final = """
select pg_terminate_backend(pid) from pg_stat_activity where pid = any($1::integer[]) and application_name = 'jackfield'
"""
READ_ONLY: Final = "select current_setting('transaction_read_only') = 'on'"
# a new file with a page in it, which goes again: what a full disk refuses
_TAKE_ROOM: Final = "create temporary table jackfield_room on commit drop as select repeat('x', 1000) as filling"

_log = structlog.get_logger(__name__)


class _RoomTaken(Exception):
    """Undoes the attempt to write."""


class Watch:
    """`pool` is asyncpg's own. `reason` is why the database cannot serve at the moment, None when it can."""

    def __init__(self, dsn: str, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._dsn = dsn
        self._pool = pool
        self._suspicious = asyncio.Event()
        #: by the hold of one caller: when it began, and when to ask about it
        self._held: dict[Any, tuple[float, float]] = {}
        #: whether the numbers that connections have are those of the server; not so behind a pooler
        self._numbers_are_true = True
        #: whether some connections were opened while the server was read-only: they stay so
        self._are_read_only = False
        self._since = 0.0
        self.reason: str | None = None

    async def run(self) -> None:
        """Look every second until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._suspicious.wait(), LOOK_SECONDS)
            try:
                await self._look()
            except (*AWAY, asyncpg.PostgresError):
                # told by whoever calls; here it is only looked at again
                await asyncio.sleep(LOOK_SECONDS)
            except Exception:  # noqa: BLE001  whatever it was, connections have to be looked after
                _log.exception("looking after connections failed")
                await asyncio.sleep(LOOK_SECONDS)

    async def begin(self, connection: Any) -> None:
        """Learn about a new connection of the pool, before it is used."""
        try:
            number = await connection.fetchval("select pg_backend_pid()", timeout=_ANSWER_SECONDS)
        except BaseException:
            # asyncpg would end it politely, and wait for the answer for ever
            connection.terminate()
            raise
        self._numbers_are_true = self._numbers_are_true and number == connection.get_server_pid()

    def suspect(self) -> None:
        """Somebody lost a connection: look at those that nobody uses at once."""
        self._suspicious.set()

    def note(self, error: BaseException, reason: str) -> None:
        """A call failed because of the database: tell it, unless that is told already."""
        if not is_lasting(error):
            _log.warning("the database ended a call", reason=type(error).__name__)
            return
        if isinstance(error, asyncpg.ReadOnlySQLTransactionError):
            self._are_read_only = True
        if self.reason is None:
            self._since = time.monotonic()
        if self.reason != reason:
            self.reason = reason
            _log.warning("database away", reason=reason, error=type(error).__name__)

    async def _look(self) -> None:
        if self._are_read_only:
            self._are_read_only = False
            self.empty()
        if self._suspicious.is_set():
            self._suspicious.clear()
            await self._ask_idle()
        await self._ask_long_held()
        if self.reason is not None:
            await self._try_again()

    async def _ask_idle(self) -> None:
        """Ask every connection that nobody uses. When one does not answer, the others are not waited for."""
        idle = self._pool.get_idle_size()
        answers = await asyncio.gather(*(self._answers() for _ in range(idle)))
        if not all(answers):
            self._empty(answers.count(False))

    async def _answers(self) -> bool:
        try:
            async with self._pool.acquire(timeout=_ANSWER_SECONDS) as connection:
                return await _answers(connection)
        except AWAY:
            # nothing is known of a connection that there is none of
            return True

    async def _ask_long_held(self) -> None:
        """Find calls that wait for an answer which the server does not owe them."""
        now = time.monotonic()
        holders = {holder._proxy: holder for holder in self._pool._holders if holder._in_use}  # type: ignore[attr-defined]  # noqa: SLF001
        self._held = {hold: self._held.get(hold, (now, now + LONG_SECONDS)) for hold in holders}
        asked = [hold for hold, (_, due) in self._held.items() if due <= now]
        if not asked or not self._numbers_are_true:
            return
        for hold in asked:
            began, _ = self._held[hold]
            self._held[hold] = began, now + (now - began)
        numbers = {hold._con.get_server_pid(): hold for hold in asked}  # noqa: SLF001
        other = await connect(self._dsn, command_seconds=_ANSWER_SECONDS, connect_seconds=_ANSWER_SECONDS)
        try:
            sessions = {record[0]: record[1:] for record in await other.fetch(_SESSIONS, list(numbers))}
            dead = [number for number, hold in numbers.items() if _is_dead(sessions.get(number), hold)]
            # an answer may have come meanwhile
            dead = [number for number in dead if holders[numbers[number]]._proxy is numbers[number]]  # noqa: SLF001
            for number in dead:
                holders[numbers[number]].terminate()
            if dead:
                self._empty(len(dead))
                # the server waits for us there, and so does everybody for what it has locked
                await other.fetch(_END_SESSIONS, dead)
        finally:
            other.terminate()

    def _empty(self, silent: int) -> None:
        """Replace every connection: those that nobody uses now, the others when they are given back."""
        REPLACED.inc(silent)
        _log.warning("connections to the database do not answer: replacing all of them", silent=silent)
        self.empty()

    def empty(self) -> None:
        """Let nobody be given a connection that is open now."""
        self._pool._generation += 1  # type: ignore[attr-defined]  # noqa: SLF001  what `expire_connections` does
        for holder in self._pool._holders:  # type: ignore[attr-defined]  # noqa: SLF001
            # closed politely, it would be waited for
            if not holder._in_use:  # noqa: SLF001
                holder.terminate()

    async def _try_again(self) -> None:
        async with self._pool.acquire(timeout=_ANSWER_SECONDS) as connection:
            if await connection.fetchval(READ_ONLY, timeout=_ANSWER_SECONDS):
                self.note(asyncpg.ReadOnlySQLTransactionError(), READ_ONLY_REASON)
                return
            if self.reason != AWAY_REASON:
                await _undone(connection, _TAKE_ROOM)
        _log.info("the database serves again", reason=self.reason, seconds=round(time.monotonic() - self._since, 1))
        self.reason = None


def _is_dead(session: Any, hold: Any) -> bool:
    """Tell a connection that leads nowhere from one whose call takes long.

    `session` is its state at the server, for how many seconds, and whether the server waits for us to send something;
    None: the server knows no such connection.
    """
    if session is None:
        return True
    state, seconds, awaits_us = session
    # whoever holds a connection is in a transaction, or waits for an answer
    if state == "idle" or (state == "active" and awaits_us and seconds >= LONG_SECONDS):
        return True
    waits = hold._con._stmt_exclusive_section._acquired  # noqa: SLF001
    return bool(str(state).startswith("idle in transaction") and (waits or seconds >= _ABANDONED_SECONDS))


async def _answers(connection: Any) -> bool:
    try:
        await connection.execute("select 1", timeout=_ANSWER_SECONDS)
    except AWAY:
        connection.terminate()
        return False
    return True


async def _undone(connection: Any, sql: str) -> None:
    with contextlib.suppress(_RoomTaken):
        async with connection.transaction():
            await connection.execute(sql, timeout=_ANSWER_SECONDS)
            raise _RoomTaken
