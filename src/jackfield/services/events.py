"""Looking at what the service noticed of an integration."""

from collections.abc import Sequence

from jackfield.domain.event import IntegrationEvent
from jackfield.domain.integration import IntegrationNotFound, Wanted
from jackfield.domain.ports import HotIntegrations, IntegrationEvents
from jackfield.domain.principal import Caller, Capability


class Events:
    def __init__(self, events: IntegrationEvents, integrations: HotIntegrations) -> None:
        self._events = events
        self._integrations = integrations

    async def list(self, caller: Caller, wanted: Wanted, limit: int, offset: int) -> Sequence[IntegrationEvent]:
        """A page, newest first. Raises CapabilityMissing or IntegrationNotFound."""
        caller.require(Capability.VIEW)
        if await self._integrations.get_detail(caller.organisation_id, wanted.id) is None:
            raise IntegrationNotFound(wanted.reference)
        return await self._events.list(caller.organisation_id, wanted.id, limit, offset)
