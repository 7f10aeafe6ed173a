"""All that happened to one integration, as one story."""

from collections.abc import Sequence

from jackfield.domain.integration import IntegrationNotFound, Wanted
from jackfield.domain.ports import HotIntegrations, Timelines
from jackfield.domain.principal import Caller, Capability
from jackfield.domain.timeline import TimelineEntry, entry_of


class Timeline:
    def __init__(self, timelines: Timelines, integrations: HotIntegrations) -> None:
        self._timelines = timelines
        self._integrations = integrations

    async def list(
        self, caller: Caller, wanted: Wanted, before: int | None = None, limit: int = 50
    ) -> Sequence[TimelineEntry]:
        """A page, newest first, from the entry before the one with the id `before` on.

        Raises CapabilityMissing or IntegrationNotFound.
        """
        caller.require(Capability.VIEW)
        if await self._integrations.get_detail(caller.organisation_id, wanted.id) is None:
            raise IntegrationNotFound(wanted.reference)
        happenings = await self._timelines.list(caller.organisation_id, wanted.id, before, limit)
        return [entry_of(happening) for happening in happenings]
