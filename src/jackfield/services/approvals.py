"""The operator's decisions about what developers publish, from the console."""

from collections.abc import Sequence

from jackfield.domain.app import App, AppStatus
from jackfield.domain.audit import by_caller
from jackfield.domain.ports import Database
from jackfield.domain.principal import Caller, Capability
from jackfield.services.apps import DECISIONS, decide


class Approvals:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_all(self, caller: Caller) -> Sequence[App]:
        """Every organisation's, the oldest first. Raises CapabilityMissing."""
        caller.require(Capability.OPERATE)
        async with self._database.transaction() as work:
            return await work.definitions.list_apps()

    async def approve(self, caller: Caller, reference: str) -> App:
        """From now on every organisation can install it. Raises CapabilityMissing, AppNotFound or AppHasStatus."""
        return await self._decide(caller, reference, AppStatus.APPROVED)

    async def archive(self, caller: Caller, reference: str) -> App:
        """From now on nobody can install it; what is installed stays. Raises as `approve`."""
        return await self._decide(caller, reference, AppStatus.ARCHIVED)

    async def _decide(self, caller: Caller, reference: str, status: AppStatus) -> App:
        """The app's organisation reads that the operator did it, the operator's own who it was."""
        caller.require(Capability.OPERATE)
        async with self._database.transaction() as work:
            app = await decide(work, reference, status, caller.origin)
            await work.audit.add(by_caller(caller, DECISIONS[status], (app.id,), ("status",)))
        return app
