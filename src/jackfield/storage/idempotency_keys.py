"""The answers to calls that carried an Idempotency-Key, and who performs which of them now.

Each statement is a transaction of its own: a claim has to be seen by others while the call that it is for is performed.
"""

from typing import Final

import asyncpg

from jackfield.domain.idempotency import Claim, EarlierCall, IdempotentCall, KeptAnswer
from jackfield.storage.pool import Pool

# it can be had by the first who asks, when all that is known of it is too old, and when whoever had it is dead
CLAIM: Final = """
insert into idempotency_key as k (organisation_id, key_id, digest, request_digest, claimed_until)
values ($1, $2, $3, $4, now() + make_interval(secs => $5))
on conflict (organisation_id, key_id, digest) do update set
    request_digest = excluded.request_digest, claimed_until = excluded.claimed_until, created_at = excluded.created_at,
    status = null, answer = null
where k.created_at <= now() - make_interval(hours => $6)
    or (k.status is null and k.claimed_until <= now() and k.request_digest = excluded.request_digest)
returning claimed_until
"""

EARLIER: Final = """
select request_digest, status, answer from idempotency_key
where organisation_id = $1 and key_id = $2 and digest = $3
"""

# the fence: whoever took the call over has another time, and only who claimed it last may say how it was answered
KEEP: Final = """
update idempotency_key set status = $5, answer = $6
where organisation_id = $1 and key_id = $2 and digest = $3 and claimed_until = $4 and status is null
returning key_id
"""

RELEASE: Final = """
delete from idempotency_key
where organisation_id = $1 and key_id = $2 and digest = $3 and claimed_until = $4 and status is null
"""

# the age twice: a row that is claimed anew while this runs is looked at once more, and only the outer one counts then
PURGE: Final = """
delete from idempotency_key
where created_at <= now() - make_interval(hours => $1) and (organisation_id, key_id, digest) in (
    select organisation_id, key_id, digest from idempotency_key
    where created_at <= now() - make_interval(hours => $1) limit $2
)
returning key_id
"""


class IdempotencyKeyTable:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def claim(self, call: IdempotentCall, seconds: float, kept_hours: int) -> Claim | EarlierCall:
        """The right to perform the call for so many seconds; or, if it is not to be had, what has the key."""
        while True:
            values = (call.organisation_id, call.key_id, call.digest, call.request_digest)
            claimed = await self._pool.fetch(CLAIM, *values, seconds, kept_hours)
            if claimed:
                return Claim(call, claimed[0][0])
            earlier = await self._pool.fetch(EARLIER, call.organisation_id, call.key_id, call.digest)
            if earlier:
                return _to_earlier(earlier[0])
            # it was released between the two statements, so now it can be had

    async def keep(self, claim: Claim, answer: KeptAnswer) -> bool:
        """Keeps the answer. False, and nothing is written, when someone else has taken the call over."""
        return bool(await self._pool.fetch(KEEP, *_place(claim), answer.status, answer.body))

    async def release(self, claim: Claim) -> None:
        """Forgets the call, unless someone else has taken it over."""
        await self._pool.fetch(RELEASE, *_place(claim))

    async def purge(self, hours: int, most: int) -> int:
        """Deletes up to `most` rows of calls that began so many hours ago; returns how many."""
        return len(await self._pool.fetch(PURGE, hours, most))


def _place(claim: Claim) -> tuple[object, ...]:
    return (claim.call.organisation_id, claim.call.key_id, claim.call.digest, claim.until)


def _to_earlier(record: asyncpg.Record) -> EarlierCall:
    """The row of EARLIER."""
    request_digest, status, body = record
    return EarlierCall(request_digest, None if status is None else KeptAnswer(status, body))
