"""Bringing items to vendors: what is due for an integration goes out until nothing is due any more.

One job at a time does this for an integration, so that an item's changes stay in order and an account is not asked by
several at once. See ADR 21.
"""

from typing import Final

from jackfield.domain.credential import Secrets
from jackfield.domain.health import Health, health_after
from jackfield.domain.integration import Detail, used
from jackfield.domain.job import JobState
from jackfield.domain.ports import Database, HotDeliveries, HotIntegrations, UnitOfWork, Vault
from jackfield.domain.provider import (
    AccountResting,
    ConfigurationRejected,
    Connection,
    Delivered,
    Delivery,
    PlaceMoved,
    ProviderError,
)
from jackfield.services.catalog import Catalog
from jackfield.services.deliveries import begin_deliveries
from jackfield.services.places import Places, Whereabouts
from jackfield.services.running import Later, Outcome, Retries, Run, TryAgain
from jackfield.services.sending import Sending, Target
from jackfield.services.vendor_calls import VendorCalls
from jackfield.services.verdicts import refusal

#: how often a place is looked up in one run, when the vendor says that it has moved
_LOOKS: Final = 3


class Delivering:
    """The handler of delivery jobs."""

    retries = Retries()

    def __init__(
        self,
        database: Database,
        integrations: HotIntegrations,
        deliveries: HotDeliveries,
        vault: Vault,
        catalog: Catalog,
        calls: VendorCalls,
        places: Places,
    ) -> None:
        self._database = database
        self._integrations = integrations
        self._deliveries = deliveries
        self._vault = vault
        self._catalog = catalog
        self._calls = calls
        self._places = places

    async def ask_for_due(self, most: int) -> int:
        """Queues the jobs of up to `most` integrations for which something has become due; returns how many."""
        async with self._database.transaction() as work:
            due = await work.deliveries.due(most)
        for organisation_id, integration_id in due:
            async with self._database.transaction() as work:
                found = await work.integrations.get_detail_for_update(organisation_id, integration_id)
                if found is not None:
                    await begin_deliveries(work, found)
        return len(due)

    async def perform(self, run: Run) -> Outcome:
        """Brings out what is due. Raises AccountResting when the vendor wants to be left alone first.

        Raises Later while something that another process had in hand may still be on its way.
        """
        wait = await self._deliveries.release(run.job)
        if wait is not None:
            raise Later(wait)
        await run.step(0)
        found = await self._integrations.get_detail(run.job.organisation_id, run.job.integration_id)
        if found is None or not found.is_workable:
            # what waits goes out when it is enabled or repaired
            return Outcome(output={"delivered": "0"})
        if not await self._deliveries.has_due(found):
            # the vendor is not asked anything for nothing
            return Outcome(output={"delivered": "0"}, effects=_all_out)
        secrets = Secrets({})
        if found.sealed_secrets is not None:
            secrets = await self._vault.open(found.secrets_place, found.sealed_secrets)
        sending = await self._send_all(run, found, secrets)
        if sending.was_taken and sending.integration.health is Health.UNKNOWN:
            await self._note_proof(sending.integration)
        if sending.refusal is not None:
            verifies, health = self._catalog.verifies(found.provider), health_after(sending.refusal)
            return refusal(sending.integration, str(sending.refusal), verifies=verifies, health=health)
        if sending.rest_seconds is not None:
            raise AccountResting(sending.rest_seconds)
        if run.is_stopping:
            raise TryAgain
        return Outcome(output={"delivered": str(sending.delivered), "failed": str(sending.failed)}, effects=_all_out)

    async def _send_all(self, run: Run, found: Detail, secrets: Secrets) -> Sending:
        """Brings out what is due; a place that moves meanwhile is looked up again, and the rest goes there.

        So it does when the vendor tells of the place only as it takes the first item.
        """
        delivered = failed = 0
        was_taken = False
        where = await self._places.find(found, secrets)
        for _ in range(_LOOKS):
            sending = Sending(run, await self._target(where, secrets), self._deliveries, self._calls)
            await sending.send_all()
            delivered, failed = delivered + sending.delivered, failed + sending.failed
            was_taken = was_taken or sending.was_taken
            if sending.told is not None and sending.refusal is None:
                where = await self._places.told(where.integration, sending.told)
                continue
            # what is wrong with a setting may be that the place has another name
            if (
                where.error is not None
                or where.place_id is None
                or not isinstance(sending.refusal, ConfigurationRejected)
            ):
                break
            before, where = where, await self._places.find(where.integration, secrets, anew=True)
            if where.error is None and not isinstance(sending.refusal, PlaceMoved) and _is_same(before, where):
                break
        sending.delivered, sending.failed, sending.was_taken = delivered, failed, was_taken
        return sending

    async def _target(self, where: Whereabouts, secrets: Secrets) -> Target:
        provider = where.integration.provider
        deliverer = await self._catalog.deliverer(provider)
        if where.error is not None and deliverer is not None:
            deliverer = _Unlocated(where.error)
        return Target(
            integration=where.integration,
            secrets=secrets,
            place=where.links,
            place_id=where.place_id,
            deliverer=deliverer,
            at_once=self._catalog.deliveries_at_once(provider),
        )

    async def _note_proof(self, asked_with: Detail) -> None:
        """What the vendor takes is proven, be it that nothing else proves it there."""
        async with self._database.transaction() as work:
            found = await work.integrations.get_detail_for_update(asked_with.organisation_id, asked_with.id)
            if found is not None and found.credential_version == asked_with.credential_version and not found.is_going:
                change = used(found)
                if change.fields:
                    await work.integrations.update(found, change)

    async def give_up(self, state: JobState, reason: str) -> Outcome:
        """What waits is begun again by the next job, and so is what this one had in hand."""
        return Outcome(state=state, error=reason, effects=_let_go)


class _Unlocated:
    """Sends nothing, since it could go to a place that has it already: each item waits as if it had been tried."""

    def __init__(self, error: ProviderError) -> None:
        self._error = error

    async def deliver(self, _connection: Connection, _delivery: Delivery) -> Delivered:
        raise self._error


def _is_same(before: Whereabouts, after: Whereabouts) -> bool:
    return (before.links, before.integration.configuration) == (after.links, after.integration.configuration)


async def _let_go(work: UnitOfWork, found: Detail | None) -> None:
    wait = None if found is None else await work.deliveries.let_go(found)
    if wait is not None:
        raise Later(wait)


async def _all_out(work: UnitOfWork, found: Detail | None) -> None:
    """The integration is locked, so a change that came since the last look is seen now, or begins a job of its own."""
    if found is not None and found.is_workable and await work.deliveries.has_due(found):
        raise TryAgain
