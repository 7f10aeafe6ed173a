"""Taking an integration away: hidden at once, ended at the vendor where that can be done, then erased."""

from typing import Final

from jackfield.domain import ids
from jackfield.domain.audit import Action, by_caller, by_service
from jackfield.domain.credential import Secrets
from jackfield.domain.installation import CLIENT_SECRET
from jackfield.domain.integration import Change, Detail, Integration, State
from jackfield.domain.job import Job, JobKind, JobState, NewJob, Running, Step
from jackfield.domain.ports import HotIntegrations, UnitOfWork, Vault
from jackfield.domain.principal import Caller
from jackfield.domain.provider import ProviderError, VendorUnavailable
from jackfield.services.catalog import Catalog
from jackfield.services.running import Outcome, Retries, Run
from jackfield.services.shared_grants import SharedGrants
from jackfield.services.vendor_calls import VendorCalls

#: long enough for any outage of the workers; a deletion is never given up
_EXPIRES_SECONDS: Final = 30 * 24 * 3600.0
_REFUSED: Final = "refused: "


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
        """Revokes the credential at the vendor, or tells the app, where that can be done, and erases the secrets.

        Raises VendorUnavailable.
        """
        await run.step(0)
        told = await self._take_leave(run.job)
        return Outcome(output={"revocation": told}, effects=_erase_refused if told.startswith(_REFUSED) else _erase)

    async def give_up(self, state: JobState, reason: str) -> Outcome:
        """The vendor does not answer: what can be done without it is done, and the reason kept."""
        del state  # the deletion itself succeeds
        return Outcome(output={"revocation": f"failed: {reason}"}, effects=_erase_refused)

    async def _take_leave(self, job: Running) -> str:
        found = await self._hot.get_detail(job.organisation_id, job.integration_id)
        if found is None or found.sealed_secrets is None:
            return "not needed: there was no credential"
        secrets = await self._vault.open(found.secrets_place, found.sealed_secrets)
        if ids.is_hex(found.provider) and CLIENT_SECRET in secrets:
            return await self._uninstall(found, secrets)
        return await self._revoke(found, secrets)

    async def _uninstall(self, found: Detail, secrets: Secrets) -> str:
        app = await self._catalog.uninstaller(found.provider)
        if app is None:
            return "not wanted by the app"
        client_secret = secrets.get(CLIENT_SECRET) or ""
        try:
            await self._calls.call(found, secrets, lambda _: app.uninstall(ids.to_hex(found.id), client_secret))
        except VendorUnavailable:
            raise
        except ProviderError as error:
            return f"{_REFUSED}{error}"
        return "done"

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
            return f"{_REFUSED}{error}"
        return "done"


async def begin_deletion(work: UnitOfWork, caller: Caller, found: Integration, vendor: str) -> Job:
    """Hides the integration from now on, and queues the rest; `found` is locked."""
    going = await work.integrations.update(found, Change(state=State.DELETING))
    await work.deliveries.cancel_all(going)
    await work.audit.add(by_caller(caller, Action.INTEGRATION_DELETED, (found.id,)))
    job, _ = await work.jobs.add(
        NewJob(
            organisation_id=found.organisation_id,
            kind=JobKind.DELETE,
            integration_id=found.id,
            header=f"Delete {vendor}",
            caption=found.name,
            steps=(
                Step("Revoke", f"End the credential at {vendor}, where that can be done"),
                Step("Erase", "Erase the stored credential"),
            ),
            seconds=_EXPIRES_SECONDS,
            creator_user=caller.principal.user,
            creator_key_id=caller.principal.key_id,
        )
    )
    return job


async def _erase_refused(work: UnitOfWork, found: Detail | None) -> None:
    """As `_erase`; that an app's server has not heard of it is kept, since nobody will tell it any more."""
    await _erase(work, found)
    if found is not None and ids.is_hex(found.provider):
        action = Action.INSTALLATION_NOT_UNINSTALLED
        await work.audit.add(by_service(found.organisation_id, action, (found.id,)))


async def _erase(work: UnitOfWork, found: Detail | None) -> None:
    if found is not None and found.state is State.DELETING:
        await work.integrations.update(found, Change(state=State.DELETED, sealed_secrets=None))
