"""Browsers on their way to the OpenID provider and back: keyed hashes, each good once."""

from typing import Final

from jackfield.domain.sign_in import ATTEMPT_LIFETIME, NewAttempt
from jackfield.storage.pool import Connection

ADD: Final = """
insert into sign_in_attempt (digest, browser_digest, next_page, expires_at) values ($1, $2, $3, now() + $4::interval)
"""
# one statement, so that of two who come back with one state, one is let in
TAKE: Final = """
delete from sign_in_attempt where digest = $1 and browser_digest = $2 and expires_at > now() returning next_page
"""
PURGE: Final = """
delete from sign_in_attempt where digest in (select digest from sign_in_attempt where expires_at < now() limit $1)
"""


class SignInAttemptTable:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, attempt: NewAttempt) -> None:
        await self._connection.execute(ADD, attempt.digest, attempt.browser_digest, attempt.next_page, ATTEMPT_LIFETIME)

    async def take(self, digest: bytes, browser_digest: bytes) -> str | None:
        """The page to go on to, once; None when it is not this browser's, or not good any more."""
        found: str | None = await self._connection.fetchval(TAKE, digest, browser_digest)
        return found

    async def purge(self, most: int) -> int:
        """Deletes up to `most` that are over; returns how many."""
        status = await self._connection.execute(PURGE, most)
        return int(status.rpartition(" ")[2])
