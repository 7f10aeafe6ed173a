"""Looking at jobs, and trying one again before its time."""

from collections.abc import Sequence

from jackfield.domain.audit import Action, by_caller
from jackfield.domain.job import Job, JobFilter, JobNotFound, JobNotWaiting
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

    async def retry(self, caller: Caller, job_id: int, reference: str) -> Job:
        """Lets a job that waits for its next try run now; that try is not counted.

        Raises CapabilityMissing, JobNotFound or JobNotWaiting.
        """
        caller.require(Capability.MANAGE)
        async with self._database.transaction() as work:
            found = await work.jobs.get(caller.organisation_id, job_id)
            if found is None:
                raise JobNotFound(reference)
            if not await work.jobs.hasten(caller.organisation_id, job_id):
                raise JobNotWaiting
            await work.audit.add(by_caller(caller, Action.JOB_RETRIED, (found.integration_id, job_id)))
        return found

    async def latest(self, caller: Caller) -> Sequence[Job]:
        """The newest of each kind, newest first. Raises CapabilityMissing."""
        caller.require(Capability.VIEW)
        async with self._database.transaction() as work:
            found = await work.jobs.latest(caller.organisation_id)
        return sorted(found, key=lambda job: job.id, reverse=True)
