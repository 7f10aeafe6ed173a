"""Who may come in: keys are verified here, once every few seconds each, and forgotten at once when revoked."""

import hmac
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import msgspec

from jackfield.domain import key as api_key
from jackfield.domain.errors import KeyExpired, KeyInvalid
from jackfield.domain.ports import KeyLookup
from jackfield.domain.principal import Principal

#: how long a verified key is believed without asking again; a revocation does not wait for it
CACHE_SECONDS: Final = 5.0
_CACHE_SIZE: Final = 10_000


class _Verified(msgspec.Struct, frozen=True):
    digest: bytes
    principal: Principal
    until: float


class Access:
    """Verifies keys.

    A verified key is cached while `listening`, that is while this process hears of revocations. A key that was looked
    up while a revocation arrived is not cached, since the look-up may have seen the time before it.
    """

    def __init__(self, keys: KeyLookup, pepper: bytes, clock: Callable[[], float] = time.monotonic) -> None:
        self._keys = keys
        self._pepper = pepper
        self._clock = clock
        self._cache: OrderedDict[bytes, _Verified] = OrderedDict()
        self._listening = False
        self._revocations = 0

    async def authenticate(self, key: str) -> Principal:
        """The principal of a key. Raises KeyInvalid (wrong, revoked), KeyExpired or Unavailable (database away)."""
        if not api_key.looks_like_key(key):
            raise KeyInvalid
        digest = api_key.digest(self._pepper, key)
        principal = self._remembered(digest) or await self._look_up(digest)
        if principal.expires_at is not None and principal.expires_at <= datetime.now(UTC):
            raise KeyExpired
        return principal

    async def is_orphaned(self, key: str) -> bool:
        """Whether a key that was refused would be good if its organisation were not deleted. Raises Unavailable.

        Never cached: it opens nothing, and is asked by one contract alone, of a refused key.
        """
        if not api_key.looks_like_key(key):
            return False
        digest = api_key.digest(self._pepper, key)
        found = await self._keys.find_orphan(digest)
        return found is not None and hmac.compare_digest(found, digest)

    def start_listening(self) -> None:
        """From now on `forget_all` is called for every revocation."""
        self._listening = True
        # a look-up under way may have begun before a revocation that nobody told us of
        self.forget_all()

    def stop_listening(self) -> None:
        """Revocations may be missed from now on: believe nothing that was verified before."""
        self._listening = False
        self.forget_all()

    def forget_all(self) -> None:
        """A key was revoked somewhere. Revocations are rare and look-ups cheap, so every key is looked up again."""
        self._revocations += 1
        self._cache.clear()

    def _remembered(self, digest: bytes) -> Principal | None:
        verified = self._cache.get(digest)
        if verified is None or verified.until < self._clock():
            return None
        return verified.principal if hmac.compare_digest(verified.digest, digest) else None

    async def _look_up(self, digest: bytes) -> Principal:
        revocations = self._revocations
        found = await self._keys.find_principal(digest)
        if found is None or not hmac.compare_digest(found[0], digest):
            raise KeyInvalid
        principal = found[1]
        if self._listening and revocations == self._revocations:
            self._remember(digest, principal)
        return principal

    def _remember(self, digest: bytes, principal: Principal) -> None:
        self._cache[digest] = _Verified(digest, principal, self._clock() + CACHE_SECONDS)
        self._cache.move_to_end(digest)
        if len(self._cache) > _CACHE_SIZE:
            self._cache.popitem(last=False)
