"""Looking at jobs."""

from collections.abc import Sequence

from jackfield.domain.job import Job, JobFilter, JobNotFound
from jackfield.domain.ports import Database
from jackfield.domain.principal import Caller, Capability


class Jobs:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, caller: Caller, job_id: int, reference: str) -> Job:
        """One job; `reference` is its id as the caller spelled it. Raises CapabilityMissing or JobNotFound."""
        caller.require(Capability.VIEW)
        async with self._database.transaction() as work:
            found = await work.jobs.get(caller.organisation_id, job_id)
        if found is None:
            raise JobNotFound(reference)
        return found

    async def list(self, caller: Caller, wanted: JobFilter) -> Sequence[Job]:
        """A page of the organisation's jobs. Raises CapabilityMissing."""
        caller.require(Capability.VIEW)
        async with self._database.transaction() as work:
            return await work.jobs.list(caller.organisation_id, wanted)

    async def latest(self, caller: Caller) -> Sequence[Job]:
        """The newest of each kind, newest first. Raises CapabilityMissing."""
        caller.require(Capability.VIEW)
        async with self._database.transaction() as work:
            found = await work.jobs.latest(caller.organisation_id)
        return sorted(found, key=lambda job: job.id, reverse=True)
