"""Keeping tokens fresh: before they expire, when somebody needs one that lasts, and when a vendor says one is dead.

Tokens that a vendor granted us by OAuth are refreshed here; those that somebody brought are that one's. A process has
at most one refresh of a token set under way, which everybody in it waits for; among processes a lease decides (ADR 29).
"""

import asyncio
import random
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from jackfield.domain.audit import Action, by_caller
from jackfield.domain.credential import Secrets
from jackfield.domain.definition import FieldProblem
from jackfield.domain.errors import Unavailable
from jackfield.domain.freshness import Freshness, expiry_of
from jackfield.domain.health import Health
from jackfield.domain.integration import Change, Detail, IntegrationNotFound, InvalidState, Wanted, degraded, merged
from jackfield.domain.job import SERVICE_USER, Job, JobKind, JobState, NewJob, Step
from jackfield.domain.ports import UnitOfWork
from jackfield.domain.principal import Caller, Capability
from jackfield.domain.provider import TokenSet, VendorUnavailable
from jackfield.domain.refresh import Refreshed, Result
from jackfield.services.catalog import Catalog
from jackfield.services.refresh_attempt import Attempt, Means, Needs, Way, is_dead, is_due, is_still
from jackfield.services.running import Later, Outcome, Retries, Run
from jackfield.services.verification import begin_verification

_EXPIRES_SECONDS: Final = 15 * 60.0
#: how long somebody who needs a token waits for another process that refreshes it
_PATIENCE_SECONDS: Final = 20.0
#: how long a token in hand is held when the database is away or another process is in the way
_HOLD_SECONDS: Final = 300.0
#: how long a stopping process waits for its refreshes
_FINISH_SECONDS: Final = 20.0
_POLL_SECONDS: Final = (0.05, 0.15)
#: after a vendor gave no usable answer to several tries
_AGAIN_SECONDS: Final = (300.0, 600.0)
#: after a fault of the operator's or of a setting
_MISCONFIGURED_SECONDS: Final = (1800.0, 3600.0)
#: token sets that end within so many seconds of the first are refreshed together
_TOGETHER_SECONDS: Final = 900.0
#: what the service asks for by itself, which somebody else may have done by then
_DUE: Final[Mapping[str, str]] = {"reason": "due"}
_GONE: Final = "There is nothing to refresh any more: the integration was deleted, or its credential replaced"
_BUSY: Final = "Another process is refreshing the credential; the same call can succeed in a moment"

_log = structlog.get_logger(__name__)


class RefreshUnderWay(Unavailable):
    """The vendor, or another process that asks it, has not answered yet."""

    code = "refresh-under-way"


class Refreshing:
    """The handler of refresh jobs, and the ways to have a credential refreshed."""

    retries = Retries(tries=4, first_seconds=5.0, longest_seconds=60.0, patience_seconds=300.0)

    def __init__(self, means: Means, catalog: Catalog) -> None:
        self._means = means
        self._catalog = catalog
        self._under_way: dict[tuple[int, int, str], asyncio.Task[Refreshed]] = {}

    async def ask(self, caller: Caller, wanted: Wanted) -> Job:
        """Queues a refresh, or finds the one under way.

        Raises CapabilityMissing, IntegrationNotFound, InvalidState (deleting), or FieldProblem when there is nothing
        to refresh.
        """
        caller.require(Capability.MANAGE)
        async with self._means.database.transaction() as work:
            found = await work.integrations.get_detail_for_update(caller.organisation_id, wanted.id)
            if found is None:
                raise IntegrationNotFound(wanted.reference)
            if found.is_going:
                raise InvalidState("The integration is being deleted, or is: it cannot be refreshed")
            vendor = await self._vendor(work, found)
            if await self.way(found.provider) is None:
                raise FieldProblem(("action",), f"{vendor} offers nothing to refresh")
            if found.granted_at is None:
                reason = "The credential was not granted here by OAuth: who brought it has to replace it"
                raise FieldProblem(("action",), reason)
            job, queued = await self._queue(work, found, vendor, caller)
            if queued:
                await work.audit.add(by_caller(caller, Action.INTEGRATION_REFRESHED, (found.id,)))
        return job

    async def ask_for_due(self, most: int) -> int:
        """Queues refreshes of up to `most` integrations whose tokens are about to expire; returns how many."""
        async with self._means.database.transaction() as work:
            due = await work.refresh_leases.due(most)
        queued = 0
        for organisation_id, integration_id in due:
            async with self._means.database.transaction() as work:
                found = await work.integrations.get_detail_for_update(organisation_id, integration_id)
                if found is None or found.is_going or found.refresh_due_at is None:
                    continue
                if await self.way(found.provider) is None:
                    # nobody to ask any more, as when a provider's package was removed
                    await work.integrations.update(found, Change(refresh_due_at=None))
                    continue
                queued += (await self._queue(work, found, await self._vendor(work, found), None))[1]
        return queued

    async def perform(self, run: Run) -> Outcome:
        """Refreshes what ends first. Raises VendorUnavailable, or Later while another process does it."""
        await run.step(0)
        found = await self._means.integrations.get_detail(run.job.organisation_id, run.job.integration_id)
        way = None if found is None else await self.way(found.provider)
        if found is None or way is None or found.is_going or found.granted_at is None or found.sealed_secrets is None:
            return Outcome(state=JobState.ERROR, error=_GONE)
        secrets = await self._means.vault.open(found.secrets_place, found.sealed_secrets)
        await run.step(1)
        done = 0
        needs: Needs | None = is_due if run.job.input == _DUE else None
        for token_set in _ending_first(secrets, way.token_sets):
            still = is_still(token_set, secrets.get(token_set.access))
            answer = await self.refresh(found, token_set, needs or still)
            needs = None
            match answer.result:
                case Result.UNANSWERED:
                    raise answer.error or VendorUnavailable(_BUSY)
                case Result.BUSY:
                    raise Later(5.0)
                case Result.MISCONFIGURED:
                    return _misconfigured(str(answer.error))
                case Result.REFUSED:
                    return Outcome(state=JobState.ERROR, error=str(answer.error))
                case Result.GONE:
                    return Outcome(state=JobState.ERROR, error=_GONE)
                case Result.FRESH:
                    break
            done += answer.result is Result.REFRESHED
        return Outcome(output={"refreshed": str(done)}, effects=self._check_again)

    async def give_up(self, state: JobState, reason: str) -> Outcome:
        """The vendor gave no usable answer: it will be asked again, and that breaks nothing."""

        async def effects(work: UnitOfWork, found: Detail | None) -> None:
            if found is not None and found.granted_at is not None and not found.is_going:
                change = merged(degraded(found, reason), _again(found, _AGAIN_SECONDS))
                if change.fields:
                    await work.integrations.update(found, change)

        return Outcome(state=state, error=reason, effects=effects)

    async def renewed(self, found: Detail, secrets: Secrets) -> Secrets | None:
        """What is stored in place of a credential that the vendor refused; refreshed, if it is the same one.

        None: there is nothing newer to be had. Raises GrantRefused with the true reason, or VendorUnavailable.
        """
        way = await self.way(found.provider)
        if way is None or found.granted_at is None or found.is_going:
            return None
        token_set = way.token_sets[0]
        dead = secrets.get(token_set.access)
        answer = await self.refresh(found, token_set, is_dead(token_set, dead))
        if _has(answer, token_set, dead):
            # the refresh under way may have been somebody's who did not know that it is dead
            answer = await self.refresh(found, token_set, is_dead(token_set, dead))
        if _has(answer, token_set, dead):
            return None
        match answer.result:
            case Result.REFRESHED | Result.FRESH:
                return answer.secrets
            case Result.GONE:
                return None
            case Result.REFUSED if answer.error is not None:
                raise answer.error
        raise VendorUnavailable(str(answer.error or _BUSY))

    async def refresh(self, found: Detail, token_set: TokenSet, needs: Needs) -> Refreshed:
        """What is stored, refreshed if `needs` says so of it. Whoever asks meanwhile in this process shares the answer.

        Raises Unavailable when the database is away.
        """
        way = await self.way(found.provider)
        if way is None:
            return Refreshed(result=Result.GONE, found=found)
        key = (found.organisation_id, found.id, token_set.access)
        task = self._under_way.get(key)
        if task is None:
            attempt = Attempt(self._means, way, found.organisation_id, found.id, token_set, needs)
            task = asyncio.get_running_loop().create_task(drive(attempt))
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))
        # whoever gives up waiting does not end it: a token may be on its way
        return await asyncio.shield(task)

    async def finish(self) -> None:
        """Waits for what is under way: a token that is on its way must not be lost because the process stops."""
        if self._under_way:
            await asyncio.wait(self._under_way.values(), timeout=_FINISH_SECONDS)

    async def way(self, vendor: str) -> Way | None:
        """How the vendor's tokens are refreshed; None when they are not."""
        provider, oauth = self._catalog.authorizer(vendor), self._catalog.oauth(vendor)
        if provider is None or oauth is None or not oauth.refreshes:
            return None
        return Way(
            provider=provider,
            application=self._catalog.application(vendor),
            token_sets=oauth.token_sets,
            revoker=await self._catalog.revoker(vendor),
            verifies=self._catalog.verifies(vendor),
        )

    def _forget(self, key: tuple[int, int, str], task: asyncio.Task[Refreshed]) -> None:
        if self._under_way.get(key) is task:
            del self._under_way[key]
        if not task.cancelled() and task.exception() is not None:
            _log.warning(
                "a refresh did not come to an end", integration_id=key[1], reason=type(task.exception()).__name__
            )

    async def _vendor(self, work: UnitOfWork, found: Detail) -> str:
        definition = await self._catalog.get(found.provider, work)
        return definition.name if definition else found.provider

    async def _queue(self, work: UnitOfWork, found: Detail, vendor: str, caller: Caller | None) -> tuple[Job, bool]:
        return await work.jobs.add(
            NewJob(
                organisation_id=found.organisation_id,
                kind=JobKind.REFRESH,
                integration_id=found.id,
                header=f"Refresh {vendor}",
                caption=found.name,
                steps=(
                    Step("Read", "Read the stored credential"),
                    Step("Refresh", f"Ask {vendor} for newer tokens, and store them"),
                ),
                seconds=_EXPIRES_SECONDS,
                creator_user=SERVICE_USER if caller is None else caller.principal.user,
                creator_key_id=None if caller is None else caller.principal.key_id,
                input=_DUE if caller is None else {},
            )
        )

    async def _check_again(self, work: UnitOfWork, found: Detail | None) -> None:
        """Newer tokens may have mended what was wrong: the vendor tells."""
        if found is None or found.is_going or found.health is Health.ACTIVE:
            return
        if self._catalog.verifies(found.provider):
            await begin_verification(work, found, await self._vendor(work, found))
        else:
            await work.integrations.update(found, Change(health=Health.ACTIVE, health_reason=None))


async def drive(attempt: Attempt) -> Refreshed:
    """Takes the attempt's steps to the end; one that waits for somebody else is over when patience is.

    A token in hand is held for longer: what a vendor gave must not be lost because the database is away for a moment.
    """
    began = time.monotonic()
    while not attempt.is_done:
        patience = _HOLD_SECONDS if attempt.has_token_in_hand else _PATIENCE_SECONDS
        is_late = time.monotonic() - began > patience
        try:
            await attempt.advance()
        except Unavailable:
            if is_late or not attempt.has_token_in_hand:
                raise
            await asyncio.sleep(1.0)
        if attempt.is_waiting:
            if is_late:
                break
            await asyncio.sleep(random.uniform(*_POLL_SECONDS))  # noqa: S311  no secret
    if attempt.has_token_in_hand:
        _log.error("a new token could not be stored, since another process has the lease")
    return attempt.answer


def granted_change(freshness: Freshness, now: datetime) -> Change:
    """What is to be written with the secrets that a vendor granted to a person just now; see domain/freshness.py."""
    return Change(
        granted_at=now,
        token_expires_at=freshness.token_expires_at,
        fresh_until=freshness.fresh_until,
        refresh_due_at=freshness.refresh_due_at,
    )


def _has(answer: Refreshed, token_set: TokenSet, access_token: str | None) -> bool:
    return answer.secrets is not None and answer.secrets.get(token_set.access) == access_token


def _ending_first(secrets: Secrets, token_sets: tuple[TokenSet, ...]) -> list[TokenSet]:
    """The token set that ends first and those that end soon after it; those without an end only if all are."""
    there = [one for one in token_sets if secrets.get(one.refresh)]
    ends = {one.access: expiry for one in there if (expiry := expiry_of(secrets, one)) is not None}
    if not ends:
        return there
    soon = min(ends.values()) + timedelta(seconds=_TOGETHER_SECONDS)
    return [one for one in there if one.access in ends and ends[one.access] <= soon]


def _misconfigured(reason: str) -> Outcome:
    """It is not the customer's fault, and may be mended without the customer: it is tried again."""

    async def effects(work: UnitOfWork, found: Detail | None) -> None:
        if found is not None and not found.is_going:
            told = Change(health=Health.MISCONFIGURED, health_reason=reason)
            await work.integrations.update(found, merged(told, _again(found, _MISCONFIGURED_SECONDS)))

    return Outcome(state=JobState.ERROR, error=reason, effects=effects)


def _again(found: Detail, between: tuple[float, float]) -> Change:
    """When the next try is due, of tokens that end at all."""
    if found.refresh_due_at is None:
        return Change()
    seconds = random.uniform(*between)  # noqa: S311  no secret
    return Change(refresh_due_at=datetime.now(UTC) + timedelta(seconds=seconds))
