"""An integration's deliveries: what sends them on their way, looking at them, and letting held ones go on."""

from collections.abc import Sequence
from typing import Final

from jackfield.domain.audit import Action, by_caller
from jackfield.domain.delivery import (
    JOB_HEADER,
    JOB_SECONDS,
    JOB_STEPS,
    DeliveryFilter,
    DeliveryNotFound,
    DeliverySearch,
    DeliveryState,
    ItemDelivery,
    NamedDelivery,
)
from jackfield.domain.integration import Detail, IntegrationNotFound, InvalidState, Wanted
from jackfield.domain.job import SERVICE_USER, JobKind, NewJob
from jackfield.domain.ports import Database, UnitOfWork
from jackfield.domain.principal import Caller, Capability

#: of all that is held, what is let go in one transaction
_BATCH: Final = 500
_CAN_BE_RETRIED: Final = frozenset({DeliveryState.HELD, DeliveryState.PENDING})


async def begin_deliveries(work: UnitOfWork, found: Detail) -> None:
    """Queues the job that brings out what waits, if the integration, which is locked, can be worked with.

    To be called wherever an integration may have become workable: enabled, repaired, proven.
    """
    if found.is_workable and await work.deliveries.has_due(found):
        await work.jobs.add(
            NewJob(
                organisation_id=found.organisation_id,
                kind=JobKind.DELIVER,
                integration_id=found.id,
                header=JOB_HEADER,
                caption=found.name,
                steps=JOB_STEPS,
                seconds=JOB_SECONDS,
                creator_user=SERVICE_USER,
                creator_key_id=None,
            )
        )


class Deliveries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, caller: Caller, wanted: Wanted, which: DeliveryFilter) -> Sequence[ItemDelivery]:
        """A page of an integration's, newest first. Raises CapabilityMissing or IntegrationNotFound."""
        caller.require(Capability.VIEW)
        async with self._database.transaction() as work:
            return await work.deliveries.list(await _integration(work, caller, wanted), which)

    async def list_all(self, caller: Caller, wanted: DeliverySearch) -> Sequence[NamedDelivery]:
        """A page of all integrations', newest first. Raises CapabilityMissing."""
        caller.require(Capability.VIEW)
        async with self._database.transaction() as work:
            return await work.deliveries.search(caller.organisation_id, wanted)

    async def retry(self, caller: Caller, wanted: Wanted, delivery_id: int, reference: str) -> ItemDelivery:
        """Lets one that is held, or waits for its next try, go out at once.

        Raises CapabilityMissing, IntegrationNotFound, DeliveryNotFound or InvalidState.
        """
        caller.require(Capability.MANAGE)
        async with self._database.transaction() as work:
            integration = await _integration(work, caller, wanted)
            delivery = await work.deliveries.get_for_update(integration, delivery_id)
            if delivery is None:
                raise DeliveryNotFound(reference)
            if delivery.state not in _CAN_BE_RETRIED:
                raise InvalidState(f"The delivery is {delivery.state}: there is nothing to try again")
            await work.deliveries.retry(delivery)
            await _begin(work, caller, integration, delivery.id)
            retried = await work.deliveries.get_for_update(integration, delivery_id)
        return retried or delivery

    async def retry_held(self, caller: Caller, wanted: Wanted) -> int:
        """Lets all held ones go out at once; returns how many. Raises CapabilityMissing or IntegrationNotFound."""
        caller.require(Capability.MANAGE)
        async with self._database.transaction() as work:
            integration = await _integration(work, caller, wanted)
            count = await work.deliveries.retry_held(integration)
            if count:
                await _begin(work, caller, integration)
        return count

    async def retry_all_held(self, caller: Caller) -> int:
        """As `retry_held`, for every integration of the organisation, some at a time. Raises CapabilityMissing.

        Each is visited once, so that one which is held again meanwhile keeps nobody busy without end.
        """
        caller.require(Capability.MANAGE)
        count, last_id = 0, 0
        while True:
            async with self._database.transaction() as work:
                held = await work.deliveries.next_held(caller.organisation_id, last_id, _BATCH)
                count += await _retry_some(work, caller, held)
            if len(held) < _BATCH:
                return count
            last_id = held[-1][0]


async def _retry_some(work: UnitOfWork, caller: Caller, held: Sequence[tuple[int, int]]) -> int:
    """`held` are ids of deliveries and of their integrations, which are locked first, as everywhere."""
    integrations = await work.integrations.get_details_for_update(
        caller.organisation_id, sorted({integration_id for _, integration_id in held})
    )
    retried = await work.deliveries.retry_some(caller.organisation_id, [delivery_id for delivery_id, _ in held])
    for integration in integrations:
        if integration.id in retried:
            await _begin(work, caller, integration)
    return len(retried)


async def _integration(work: UnitOfWork, caller: Caller, wanted: Wanted) -> Detail:
    found = await work.integrations.get_detail_for_update(caller.organisation_id, wanted.id)
    if found is None:
        raise IntegrationNotFound(wanted.reference)
    return found


async def _begin(work: UnitOfWork, caller: Caller, integration: Detail, *delivery_ids: int) -> None:
    await begin_deliveries(work, integration)
    await work.audit.add(by_caller(caller, Action.DELIVERIES_RETRIED, (integration.id, *delivery_ids)))
