"""Answering a call that carries an Idempotency-Key once, however often it comes."""

import hmac
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from jackfield.domain.errors import Unavailable
from jackfield.domain.idempotency import (
    CallUnderWay,
    Claim,
    EarlierCall,
    IdempotentCall,
    KeptAnswer,
    ReusedIdempotencyKey,
)
from jackfield.domain.ports import IdempotencyKeys
from jackfield.domain.principal import Principal

Answered = TypeVar("Answered")

#: how long the same call has the same answer
KEPT_HOURS: Final = 24
#: whoever has not answered by then is taken for dead; well over what a call waits for the database
CLAIM_SECONDS: Final = 60.0


class AnsweredCalls:
    """Keeps what calls were answered with, to answer them so again.

    The rule for what is kept: an answer holds no secret in clear, only its mask, since it lies in the database as it
    was sent. What a request held may be guessable, so its digest is a keyed one, as those of API keys are.

    A call is performed a second time when nobody can know how the first time ended: its process died, was cancelled,
    or failed inside after a part of the deed, or took longer than its claim. Then what was done before is done again.
    """

    def __init__(self, keys: IdempotencyKeys, pepper: bytes) -> None:
        self._keys = keys
        self._pepper = pepper

    def identify(self, principal: Principal, key: str, request: bytes) -> IdempotentCall:
        """The call with this key; `request` is all that makes it this one and no other."""
        return IdempotentCall(
            principal.organisation_id,
            principal.key_id,
            self._digest(b"idempotency-key", key.encode()),
            self._digest(b"idempotent-request", request),
        )

    async def answer_once(
        self,
        call: IdempotentCall,
        perform: Callable[[], Awaitable[Answered]],
        to_kept: Callable[[Answered], KeptAnswer | None],
    ) -> Answered | KeptAnswer:
        """What `perform` answers, or what it did answer when the call came before.

        `to_kept` is what to keep of an answer; None, for a failure inside, lets a retry run. Raises
        ReusedIdempotencyKey, CallUnderWay, Unavailable, or what `perform` raises.
        """
        claim = await self._keys.claim(call, CLAIM_SECONDS, KEPT_HOURS)
        if isinstance(claim, EarlierCall):
            return _answer_of(claim, call)
        try:
            answered = await perform()
        except BaseException:  # a cancelled call as well: nobody performs it any more
            await self._end(claim, None)
            raise
        await self._end(claim, to_kept(answered))
        return answered

    async def purge(self, most: int) -> int:
        """Forgets up to `most` answers that are old enough; returns how many."""
        return await self._keys.purge(KEPT_HOURS, most)

    async def _end(self, claim: Claim, kept: KeptAnswer | None) -> None:
        try:
            if kept is None:
                await self._keys.release(claim)
            else:
                await self._keys.keep(claim, kept)
        except Unavailable:
            return  # the deed is done or not all the same, and its caller is told; the claim runs out by itself

    def _digest(self, purpose: bytes, value: bytes) -> bytes:
        return hmac.digest(self._pepper, purpose + b"\n" + value, "sha256")


def _answer_of(earlier: EarlierCall, call: IdempotentCall) -> KeptAnswer:
    if not hmac.compare_digest(earlier.request_digest, call.request_digest):
        raise ReusedIdempotencyKey
    if earlier.answer is None:
        raise CallUnderWay
    return earlier.answer
