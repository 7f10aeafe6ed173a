"""Taking an integration away: hidden at once, ended at the vendor where that can be done, then erased.

Of an app's installation, the second half is in uninstalling.py.
"""

from typing import Final

from jackfield.domain import ids
from jackfield.domain.audit import Action, by_caller, by_service
from jackfield.domain.credential import Secrets
from jackfield.domain.integration import Change, Detail, Integration, State
from jackfield.domain.job import SERVICE_USER, Job, JobKind, JobState, NewJob, Running, Step
from jackfield.domain.ports import HotIntegrations, UnitOfWork, Vault
from jackfield.domain.principal import Caller
from jackfield.domain.provider import ProviderError, VendorUnavailable
from jackfield.services.catalog import Catalog
from jackfield.services.running import Outcome, Retries, Run
from jackfield.services.shared_grants import SharedGrants
from jackfield.services.vendor_calls import VendorCalls

#: long enough for any outage of the workers; a deletion is never given up
_EXPIRES_SECONDS: Final = 30 * 24 * 3600.0


class Deletion:
    """The handler of deletion jobs."""

    retries = Retries(patience_seconds=60.0)

    def __init__(self, hot: HotIntegrations, vault: Vault, catalog: Catalog, calls: VendorCalls) -> None:
        self._calls = calls
        self._hot = hot
        self._vault = vault
        self._catalog = catalog
        self._grants = SharedGrants(hot, vault, catalog)

    async def perform(self, run: Run) -> Outcome:
        """Revokes the credential at the vendor, where that can be done, and erases the secrets.

        Raises VendorUnavailable.
        """
        await run.step(0)
        told = await self._take_leave(run.job)
        return Outcome(output={"revocation": told}, effects=_erase)

    async def give_up(self, state: JobState, reason: str) -> Outcome:
        """The vendor does not answer: what can be done without it is done, and the reason kept."""
        del state  # the deletion itself succeeds
        return Outcome(output={"revocation": f"failed: {reason}"}, effects=_erase)

    async def _take_leave(self, job: Running) -> str:
        found = await self._hot.get_detail(job.organisation_id, job.integration_id)
        if found is None or found.sealed_secrets is None:
            return "not needed: there was no credential"
        secrets = await self._vault.open(found.secrets_place, found.sealed_secrets)
        return await self._revoke(found, secrets)

    async def _revoke(self, found: Detail, secrets: Secrets) -> str:
        provider = await self._catalog.revoker(found.provider)
        if provider is None:
            return "not offered by the vendor"
        others = await self._grants.count_sharing(found.organisation_id, found.provider, secrets)
        if others:
            return f"not done: {others} other integration(s) of this organisation use the same credential"
        try:
            await self._calls.call(found, secrets, provider.revoke)
        except VendorUnavailable:
            raise
        except ProviderError as error:
            return f"refused: {error}"
        return "done"


async def begin_deletion(work: UnitOfWork, caller: Caller | None, found: Integration, vendor: str) -> Job:
    """Hides the integration from now on, and queues the rest; `found` is locked. Caller None: the service does it."""
    going = await work.integrations.update(found, Change(state=State.DELETING))
    await work.deliveries.cancel_all(going)
    action, subjects = Action.INTEGRATION_DELETED, (found.id,)
    entry = (
        by_service(found.organisation_id, action, subjects) if caller is None else by_caller(caller, action, subjects)
    )
    await work.audit.add(entry)
    is_app = ids.is_hex(found.provider)
    job, _ = await work.jobs.add(
        NewJob(
            organisation_id=found.organisation_id,
            kind=JobKind.UNINSTALL if is_app else JobKind.DELETE,
            integration_id=found.id,
            header=f"Uninstall {vendor}" if is_app else f"Delete {vendor}",
            caption=found.name,
            steps=_steps_of_app(vendor) if is_app else _steps(vendor),
            seconds=_EXPIRES_SECONDS,
            creator_user=SERVICE_USER if caller is None else caller.principal.user,
            creator_key_id=None if caller is None else caller.principal.key_id,
        )
    )
    return job


def _steps(vendor: str) -> tuple[Step, ...]:
    return (
        Step("Revoke", f"End the credential at {vendor}, where that can be done"),
        Step("Erase", "Erase the stored credential"),
    )


def _steps_of_app(vendor: str) -> tuple[Step, ...]:
    return (
        Step("Tell", f"Tell {vendor} to delete what it keeps, if it wants to know"),
        Step("Erase", "Erase what is stored of the installation"),
    )


async def _erase(work: UnitOfWork, found: Detail | None) -> None:
    if found is not None and found.state is State.DELETING:
        await work.integrations.update(found, Change(state=State.DELETED, sealed_secrets=None))
