"""Calls that carry an Idempotency-Key: what tells one from another, the claim to perform it, the answer that is kept.

The rules are those of draft-ietf-httpapi-idempotency-key-header: the same call again has the same answer, another call
with the same key is refused, and so is one that comes while the first is under way.
"""

from datetime import datetime

import msgspec

from jackfield.domain.errors import Conflict, Invalid


class IdempotentCall(msgspec.Struct, frozen=True):
    """One call, as digests. The API key is a part of what it is known by: no caller meets another's answers."""

    organisation_id: int
    key_id: int
    digest: bytes
    request_digest: bytes


class Claim(msgspec.Struct, frozen=True):
    """The right to perform the call, until then. `until` is the fence: whoever takes the call over has a later one."""

    call: IdempotentCall
    until: datetime


class KeptAnswer(msgspec.Struct, frozen=True):
    """What a call was answered with: a status in the contract's words, and the body to the byte."""

    status: int
    body: bytes


class EarlierCall(msgspec.Struct, frozen=True):
    """The call that had the key before. Without an answer it is under way."""

    request_digest: bytes
    answer: KeptAnswer | None


class UnusableIdempotencyKey(Invalid):
    code = "unusable-idempotency-key"


class MalformedIdempotencyKey(UnusableIdempotencyKey):
    code = "malformed-idempotency-key"

    def __init__(self) -> None:
        super().__init__("This has to be one key of 1 to 255 visible ASCII characters")


class ReusedIdempotencyKey(UnusableIdempotencyKey):
    code = "reused-idempotency-key"

    def __init__(self) -> None:
        super().__init__("Another call came with this key; each call needs a key of its own")


class CallUnderWay(Conflict):
    """The first call with the key has no answer yet; the same call a moment later can have it."""

    code = "call-under-way"

    def __init__(self) -> None:
        super().__init__("The call with this Idempotency-Key is under way; ask again for its answer")
