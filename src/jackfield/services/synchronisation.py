"""Bringing a vendor into line with all of an organisation's items: what was missed is found, and sent."""

from typing import Final

from jackfield.domain.audit import Action, by_caller
from jackfield.domain.integration import Detail
from jackfield.domain.job import Job, JobKind, NewJob, Step
from jackfield.domain.ports import UnitOfWork
from jackfield.domain.principal import Caller

#: a vendor that lets little through takes its time with many items
_EXPIRES_SECONDS: Final = 7 * 24 * 3600.0


async def begin_synchronisation(
    work: UnitOfWork, caller: Caller, found: Detail, vendor: str, *, dry_run: bool = False
) -> Job:
    """Queues a synchronisation of the integration, which is locked, or finds the one under way.

    `vendor` is the vendor's name. A `dry_run` only reports. Raises InvalidState when the integration is not worked
    with: it is disabled, or its status is not active.
    """
    found.require_workable()
    job, queued = await work.jobs.add(
        NewJob(
            organisation_id=found.organisation_id,
            kind=JobKind.SYNC,
            integration_id=found.id,
            header=f"Synchronise {vendor}",
            caption=found.name,
            steps=(
                Step("Compare", f"Compare the items with what {vendor} has of them, and read back what changed there"),
                Step("Deliver", f"Bring to {vendor} what it lacks"),
            ),
            seconds=_EXPIRES_SECONDS,
            creator_user=caller.principal.user,
            creator_key_id=caller.principal.key_id,
            input={"dry_run": "true"} if dry_run else {},
        )
    )
    if queued:
        await work.audit.add(by_caller(caller, Action.INTEGRATION_SYNCHRONISED, (found.id,)))
    return job
