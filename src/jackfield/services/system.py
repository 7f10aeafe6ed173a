"""What the operator sees of the whole installation."""

import platform

from jackfield import __version__
from jackfield.domain.ports import KeyRing, SystemFigures
from jackfield.domain.principal import Caller, Capability
from jackfield.domain.system import SystemFacts
from jackfield.services.key_ring import master_key_uses


class System:
    def __init__(self, figures: SystemFigures, ring: KeyRing) -> None:
        self._figures = figures
        self._ring = ring

    async def get(self, caller: Caller) -> SystemFacts:
        """As of now. Raises CapabilityMissing."""
        caller.require(Capability.OPERATE)
        figures = self._figures
        return SystemFacts(
            jackfield_version=__version__,
            python_version=platform.python_version(),
            database=await figures.database(),
            backlog=tuple(await figures.backlog()),
            workers=tuple(await figures.workers()),
            key_ring=master_key_uses(self._ring, await figures.count_by_master_key()),
            data_keys=await figures.count_by_data_key(),
            organisations=await figures.count_organisations(),
            resting=await figures.count_resting(),
        )
