"""One try to get newer tokens for an integration, in steps that can be told apart: the protocol of ADR 29.

    acquire ─→ read ─→ announce ─→ ask ─→ keep ─→ done
       ↑        │                   │      │
       │        │                   │      └─→ acquire    the credential or the owner is another: read again
       │        │                   └────────→ acquire    refused: read again before it is believed
       │        ├──→ condemn ─→ done                      refused, and what was refused is still what is stored
       │        └──→ release ─→ revoke ─→ done            nothing to do; or a token in hand that nobody wants any more

What is written at each step, and why no valid token is lost or overwritten, is in docs/operations.md. Each step makes
at most one call, of the database or of the vendor, and may be repeated when its answer did not come.
"""

import asyncio
import random
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec
import structlog

from jackfield.domain.authorization import Application, Authorizes, Granted
from jackfield.domain.credential import Secrets
from jackfield.domain.errors import JackfieldError
from jackfield.domain.freshness import LEAST_SECONDS, by_database_clock, expiry_of, freshness_of, to_text
from jackfield.domain.integration import Detail, refused, to_configuration
from jackfield.domain.ports import Database, HotIntegrations, RefreshLeases, Vault
from jackfield.domain.provider import (
    Connection,
    GrantRefused,
    ProviderError,
    Revokes,
    TokenSet,
    UnknownRefusal,
    VendorLimited,
    VendorUnavailable,
)
from jackfield.domain.refresh import Kept, Lease, Refreshed, Result

#: an owner that is not heard of for so long is taken for dead
LEASE_SECONDS: Final = 60.0
#: an owner that waits for so long gives up, long before somebody else may ask
ASK_SECONDS: Final = 25.0
_NOT_CONFIGURED: Final = "The operator has not registered this service at the vendor: its tokens cannot be refreshed"

_log = structlog.get_logger(__name__)

#: whether newer tokens are wanted, given what is stored and the database's time
Needs = Callable[[Detail, Secrets, datetime], bool]


class Step(StrEnum):
    ACQUIRE = "acquire"
    READ = "read"
    ANNOUNCE = "announce"
    ASK = "ask"
    KEEP = "keep"
    CONDEMN = "condemn"
    RELEASE = "release"
    REVOKE = "revoke"
    DONE = "done"


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """How a vendor's tokens are refreshed. `application` None: the operator has none there."""

    provider: Authorizes
    application: Application | None
    token_sets: tuple[TokenSet, ...]
    revoker: Revokes | None
    verifies: bool


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """What an attempt works with."""

    integrations: HotIntegrations
    leases: RefreshLeases
    database: Database
    vault: Vault


class Attempt:
    """`next` is the step to come; `is_waiting` tells that somebody else has the lease, and the step is to be repeated.

    `answer` is what came of it, once it is done.
    """

    def __init__(
        self, means: Means, way: Way, organisation_id: int, integration_id: int, token_set: TokenSet, needs: Needs
    ) -> None:
        self._means = means
        self._way = way
        self._organisation_id = organisation_id
        self._integration_id = integration_id
        self._token_set = token_set
        self._needs = needs
        self._owner = str(uuid.uuid4())
        self._lease: Lease | None = None
        self._found: Detail | None = None
        self._secrets = Secrets({})
        #: the refresh token that the vendor is asked with
        self._spent: str | None = None
        #: since when an answer is missing, by what the database remembers
        self._missing_since: datetime | None = None
        #: the same, once this attempt has asked; and what the database is to remember at its end
        self._asked_at: datetime | None = None
        self._still_missing: datetime | None = None
        #: since when an answer was missing before the vendor refused
        self._lost_at: datetime | None = None
        self._may_ask_until = 0.0
        self._granted: Granted | None = None
        self._refusal: GrantRefused | None = None
        self.next = Step.ACQUIRE
        self.is_waiting = False
        self.answer = Refreshed(result=Result.BUSY)

    @property
    def is_done(self) -> bool:
        return self.next is Step.DONE

    @property
    def has_token_in_hand(self) -> bool:
        """Whether a token would be lost if this ended now."""
        return self._granted is not None and self.next is not Step.DONE

    async def advance(self) -> None:
        """Takes the next step. Raises Unavailable when the database is away: the step can be repeated."""
        self.is_waiting = False
        steps = {
            Step.ACQUIRE: self._acquire,
            Step.READ: self._read,
            Step.ANNOUNCE: self._announce,
            Step.ASK: self._ask,
            Step.KEEP: self._keep,
            Step.CONDEMN: self._condemn,
            Step.RELEASE: self._release,
            Step.REVOKE: self._revoke,
        }
        self.next = await steps[self.next]()

    async def _acquire(self) -> Step:
        self._lease = await self._means.leases.acquire(
            self._organisation_id, self._integration_id, self._token_set.access, self._owner, LEASE_SECONDS
        )
        self.is_waiting = self._lease is None
        return Step.ACQUIRE if self._lease is None else Step.READ

    async def _read(self) -> Step:
        """What is stored now, under the lease: whoever had it before has written what it had to write."""
        found = await self._means.integrations.get_detail(self._organisation_id, self._integration_id)
        self._found = found
        self._secrets = Secrets({})
        if found is not None and found.sealed_secrets is not None and not found.is_going:
            self._secrets = await self._means.vault.open(found.secrets_place, found.sealed_secrets)
        stored = self._secrets.get(self._token_set.refresh)
        if self._granted is not None:
            return self._with_token(self._granted, stored)
        if self._refusal is not None and self._spent is not None and stored == self._spent:
            return Step.CONDEMN
        # a sibling or a person was faster, if the vendor refused: what is stored now is another grant's
        self._refusal = None
        return self._decide(found, stored)

    def _with_token(self, granted: Granted, stored: str | None) -> Step:
        """A token in hand replaces the one it came of, and nothing else."""
        if self._secrets.get(self._token_set.access) == granted.secrets.get(self._token_set.access):
            # it is stored: only the answer of the database did not come
            return self._end(Refreshed(result=Result.REFRESHED, found=self._found, secrets=self._secrets))
        if stored is not None and stored == self._spent:
            return Step.KEEP
        result = Result.FRESH if self._secrets else Result.GONE
        return self._end(Refreshed(result=result, found=self._found, secrets=self._secrets or None))

    def _decide(self, found: Detail | None, stored: str | None) -> Step:
        if found is None or found.granted_at is None or stored is None:
            return self._end(Refreshed(result=Result.GONE, found=found))
        lease = self._held
        is_missing = lease.asked_at is not None and lease.asked_at > found.granted_at
        self._missing_since = lease.asked_at if is_missing else None
        if not self._needs(found, self._secrets, lease.clock.now()):
            return self._end(Refreshed(result=Result.FRESH, found=found, secrets=self._secrets))
        if self._way.application is None:
            error = ApplicationMissing(_NOT_CONFIGURED)
            return self._end(Refreshed(result=Result.MISCONFIGURED, found=found, error=error))
        self._spent = stored
        return Step.ANNOUNCE

    async def _announce(self) -> Step:
        """From here on an answer can be lost; whoever comes next must know."""
        self._may_ask_until = time.monotonic() + LEASE_SECONDS - ASK_SECONDS
        since = await self._means.leases.announce(self._held, LEASE_SECONDS, self._missing_since)
        if since is None:
            return self._again()
        # what was missing before stays missing when the vendor only limits us
        self._asked_at = since
        return Step.ASK

    async def _ask(self) -> Step:
        found, application = self._found, self._way.application
        if found is None or application is None or time.monotonic() > self._may_ask_until:
            # this process stood still: somebody else may ask by now
            return self._again()
        connection = Connection(self._secrets, to_configuration(found))
        try:
            async with asyncio.timeout(ASK_SECONDS):
                self._granted = await self._way.provider.refresh(application, connection, self._token_set)
        except TimeoutError:
            return self._not_granted(found, VendorUnavailable(_NO_ANSWER))
        except ProviderError as error:
            return self._not_granted(found, error)
        return Step.KEEP

    def _not_granted(self, found: Detail, error: ProviderError) -> Step:
        if isinstance(error, UnknownRefusal) and self._is_refused_for_good(found, error):
            error = GrantRefused(_REFUSED_FOR_A_DAY.format(error))
            # nothing was lost: every answer came
            self._missing_since = None
        match error:
            case GrantRefused():
                self._refusal = error
                self._lost_at, self._missing_since = self._missing_since, None
                return Step.ACQUIRE
            case VendorLimited():
                return self._end(Refreshed(result=Result.UNANSWERED, found=found, error=error), self._missing_since)
            case VendorUnavailable():
                return self._end(Refreshed(result=Result.UNANSWERED, found=found, error=error), self._asked_at)
            case _:
                return self._end(Refreshed(result=Result.MISCONFIGURED, found=found, error=error), self._missing_since)

    def _is_refused_for_good(self, found: Detail, error: UnknownRefusal) -> bool:
        """Whether no refresh came through for a day, what it was to renew has ended, and the refusal, which we cannot
        read, is the one that the last job ended with: an outage that ends in another word breaks nothing."""
        now, since = self._held.clock.now(), self._missing_since
        expires_at = expiry_of(self._secrets, self._token_set)
        has_ended = expires_at is None or expires_at <= now
        is_the_same = found.health_reason == str(error)
        return has_ended and is_the_same and since is not None and now - since >= _PATIENCE

    async def _keep(self) -> Step:
        found, granted, now = self._found, self._granted, self._held.clock.now()
        if found is None or granted is None:
            raise LookupError("there is nothing to keep")
        newer = by_database_clock(granted.secrets, (self._token_set,), now)
        secrets = Secrets({**self._secrets, **newer})
        freshness = freshness_of(secrets, self._way.token_sets, now, random.random())  # noqa: S311  no secret
        kept = Kept(
            found=found,
            sealed=await self._means.vault.seal(found.secrets_place, secrets),
            freshness=freshness,
        )
        stored = await self._means.leases.keep(self._held, kept)
        if stored is None:
            return self._again()
        self.answer = Refreshed(result=Result.REFRESHED, found=stored, secrets=secrets)
        return Step.DONE

    async def _condemn(self) -> Step:
        """Nobody else can mend it: a person has to authorise it anew, and is told the true reason."""
        read, refusal = self._found, self._refusal
        if read is None or refusal is None:
            raise LookupError("there is nothing to condemn")
        reason = str(refusal) if self._lost_at is None else _LOST.format(to_text(self._lost_at))
        async with self._means.database.transaction() as work:
            if not await work.refresh_leases.hold(self._held):
                return self._again()
            found = await work.integrations.get_detail_for_update(self._organisation_id, self._integration_id)
            if found is None or found.credential_version != read.credential_version or found.is_going:
                return self._again()
            told = refused(found, self._held.clock.now(), reason)
            if not self._way.verifies:
                told = msgspec.structs.replace(told, state=msgspec.UNSET)
            told = msgspec.structs.replace(told, refresh_due_at=None, grant_refused_at=told.error_at)
            found = await work.integrations.update(found, told)
            await work.refresh_leases.release(self._held)
        self.answer = Refreshed(result=Result.REFUSED, found=found, error=GrantRefused(reason))
        return Step.DONE

    async def _release(self) -> Step:
        await self._means.leases.release(self._held, self._still_missing)
        return Step.REVOKE if self._is_orphan else Step.DONE

    async def _revoke(self) -> Step:
        """A token that came for a credential that is no more is ended, so that nobody has it."""
        granted = Secrets({}) if self._granted is None else self._granted.secrets
        configuration = {} if self._found is None else to_configuration(self._found)
        try:
            async with asyncio.timeout(ASK_SECONDS):
                if self._way.revoker is not None:
                    await self._way.revoker.revoke(Connection(granted, configuration))
        except (ProviderError, TimeoutError) as error:
            reason = str(error) if isinstance(error, JackfieldError) else _NO_ANSWER
            _log.warning("an orphan token was not revoked", integration_id=self._integration_id, reason=reason)
        return Step.DONE

    @property
    def _held(self) -> Lease:
        if self._lease is None:
            raise LookupError("there is no lease")
        return self._lease

    @property
    def _is_orphan(self) -> bool:
        return self._granted is not None and self.answer.result is not Result.REFRESHED

    def _again(self) -> Step:
        return Step.ACQUIRE

    def _end(self, answer: Refreshed, still_missing: datetime | None = None) -> Step:
        self.answer = msgspec.structs.replace(answer, at=self._held.clock.now())
        self._still_missing = still_missing
        return Step.RELEASE


class ApplicationMissing(ProviderError):
    code = "application-missing"


_NEW: Final = timedelta(minutes=1)
_NO_ANSWER: Final = "The vendor did not answer in time"
#: for how long a refusal in words that we do not know may be a passing one
_PATIENCE: Final = timedelta(days=1)
_REFUSED_FOR_A_DAY: Final = "{}. It has done so for a day, and the access token has ended: connect it once more"
_LOST: Final = (
    "The answer to a refresh begun at {} was lost, and with it the newest token; "
    "the vendor does not take the one before any more: connect it once more"
)


def expires_soon(token_set: TokenSet) -> Needs:
    """Wanted unless what is stored lasts."""

    def needs(found: Detail, secrets: Secrets, now: datetime) -> bool:
        expires_at = expiry_of(secrets, token_set)
        if expires_at is None:
            return False
        margin = LEAST_SECONDS
        if found.token_expires_at is not None and found.fresh_until is not None:
            margin = (found.token_expires_at - found.fresh_until).total_seconds()
        return (expires_at - now).total_seconds() <= margin

    return needs


def is_due(found: Detail, secrets: Secrets, now: datetime) -> bool:
    """Wanted unless somebody has refreshed it since it became due."""
    del secrets
    return found.refresh_due_at is not None and found.refresh_due_at <= now


def is_dead(token_set: TokenSet, access_token: str | None) -> Needs:
    """Wanted unless what is stored is another token than that one, which the vendor refused.

    A token that the vendor refuses as soon as it has given it is no better for another refresh.
    """

    def needs(found: Detail, secrets: Secrets, now: datetime) -> bool:
        is_new = found.refreshed_at is not None and now - found.refreshed_at < _NEW
        return bool(secrets.get(token_set.access) == access_token) and not is_new

    return needs


def is_still(token_set: TokenSet, access_token: str | None) -> Needs:
    """Wanted unless what is stored is another token than that one."""

    def needs(found: Detail, secrets: Secrets, now: datetime) -> bool:
        del found, now
        return bool(secrets.get(token_set.access) == access_token)

    return needs
