"""What an organisation's administrator sees first."""

from jackfield.domain.overview import OverviewFacts
from jackfield.domain.ports import OverviewFigures
from jackfield.domain.principal import Caller, Capability


class Overview:
    def __init__(self, figures: OverviewFigures) -> None:
        self._figures = figures

    async def get(self, caller: Caller) -> OverviewFacts:
        """The organisation's figures as of now. Raises CapabilityMissing."""
        caller.require(Capability.VIEW)
        return await self._figures.get(caller.organisation_id)
