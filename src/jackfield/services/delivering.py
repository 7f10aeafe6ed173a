"""Bringing items to vendors: what is due for an integration goes out, in order, until nothing is due any more."""

from typing import Final

from jackfield.domain.integration import Detail
from jackfield.domain.job import SERVICE_USER, JobKind, NewJob, Step
from jackfield.domain.ports import UnitOfWork

#: it ends by itself when nothing is due; an account that rests for longer than that is looked after by the next job
EXPIRES_SECONDS: Final = 24 * 3600.0
HEADER: Final = "Deliver items"
STEPS: Final = (Step("Deliver", "Bring to the vendor every change that waits for it"),)


async def begin_deliveries(work: UnitOfWork, found: Detail) -> None:
    """Queues the job that brings out what waits, if the integration, which is locked, can be worked with again.

    To be called wherever an integration may have become workable: enabled, repaired, proven.
    """
    if found.is_workable and await work.deliveries.has_due(found):
        await work.jobs.add(
            NewJob(
                organisation_id=found.organisation_id,
                kind=JobKind.DELIVER,
                integration_id=found.id,
                header=HEADER,
                caption=found.name,
                steps=STEPS,
                seconds=EXPIRES_SECONDS,
                creator_user=SERVICE_USER,
                creator_key_id=None,
            )
        )
