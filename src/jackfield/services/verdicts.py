"""What a vendor's word on a credential means for the integration: written together with the end of the job."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import msgspec

from jackfield.domain.health import Health
from jackfield.domain.integration import Change, Detail, refused
from jackfield.domain.job import JobState
from jackfield.domain.ports import UnitOfWork
from jackfield.services.deliveries import begin_deliveries
from jackfield.services.running import Effects, Outcome, TryAgain


async def _as_it_is(_: UnitOfWork, found: Detail) -> Detail:
    return found


def verdict(
    asked_with: Detail,
    change: Callable[[Detail, datetime], Change],
    settle: Callable[[UnitOfWork, Detail], Awaitable[Detail]] = _as_it_is,
) -> Effects:
    """Writes the change, unless what the vendor was asked with is no more what is stored: then it is asked again.

    `settle` writes what else the vendor told, and gives back the integration as it is then.
    """

    async def effects(work: UnitOfWork, found: Detail | None) -> None:
        if found is None or found.is_going:
            return
        if found.credential_version != asked_with.credential_version:
            raise TryAgain
        updated = await work.integrations.update(found, change(found, datetime.now(UTC)))
        await begin_deliveries(work, await settle(work, updated))

    return effects


def refusal(
    asked_with: Detail, reason: str, *, verifies: bool, health: Health = Health.NEEDS_REAUTHORISATION
) -> Outcome:
    """The vendor did not take the credential: the integration says why, and is not worked with until it is mended.

    `verifies`: whether a verification has to prove it again.
    """

    def change(found: Detail, now: datetime) -> Change:
        told = refused(found, now, reason, health)
        return told if verifies else msgspec.structs.replace(told, state=msgspec.UNSET)

    return Outcome(state=JobState.ERROR, error=reason, effects=verdict(asked_with, change))
