"""Hears of revoked keys, on a connection of its own, for as long as the process serves."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import asyncpg
import structlog

from jackfield.storage.away import AWAY
from jackfield.storage.connections import connect
from jackfield.storage.keys import REVOCATIONS

_RECONNECT_SECONDS: Final = 0.5
#: a connection that a network swallowed says nothing: it is asked this often
_PING_SECONDS: Final = 2.0

_log = structlog.get_logger(__name__)


class RevocationListener:
    """Calls `revoked` for each revocation, between `listening` and `deaf`; `lost` when the database went away.

    Its connection is the one that is always there, so it notices a loss even while nobody calls.
    """

    def __init__(
        self,
        dsn: str,
        listening: Callable[[], None],
        deaf: Callable[[], None],
        revoked: Callable[[], None],
        lost: Callable[[], None],
    ) -> None:
        self._dsn = dsn
        self._listening = listening
        self._deaf = deaf
        self._revoked = revoked
        self._lost = lost

    async def run(self) -> None:
        """Runs until cancelled; connects again whenever the connection is lost."""
        while True:
            try:
                await self._listen()
            except (*AWAY, asyncpg.PostgresError) as error:
                _log.warning("not hearing of revoked keys: no key is cached", reason=type(error).__name__)
                self._lost()
            finally:
                self._deaf()
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _listen(self) -> None:
        connection = await connect(self._dsn, command_seconds=_PING_SECONDS, connect_seconds=_PING_SECONDS)
        try:
            await connection.add_listener(REVOCATIONS, self._heard)
            self._listening()
            while True:
                await asyncio.sleep(_PING_SECONDS)
                await connection.execute("select 1")
        finally:
            connection.terminate()

    def _heard(self, *_: Any) -> None:
        self._revoked()
