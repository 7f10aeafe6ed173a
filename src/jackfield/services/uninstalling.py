"""Taking an app's installation away: its tokens are dead already, its server is told, then everything is erased.

The app has to delete what it keeps, so it is told as long as deliveries are tried: over days, and by hand in between.
What was filled in is erased before the first call; the secret that signs the call is erased when it is not needed any
more.
"""

from typing import Final

from jackfield.domain import ids
from jackfield.domain.audit import Action, by_service
from jackfield.domain.credential import Secrets
from jackfield.domain.delivery import TRIES
from jackfield.domain.installation import CLIENT_SECRET, CONFIGURATION
from jackfield.domain.integration import Change, Detail, State
from jackfield.domain.job import JobState, Running
from jackfield.domain.ports import Database, HotIntegrations, UnitOfWork, Vault
from jackfield.domain.provider import ProviderError, Uninstalls, VendorUnavailable
from jackfield.services.catalog import Catalog
from jackfield.services.running import Outcome, Retries, Run
from jackfield.services.vendor_calls import VendorCalls

#: what the job's output tells of
_TOLD: Final = "revocation"


class Uninstallation:
    """The handler of uninstallation jobs. It tries as often as deliveries do, for three and a half days."""

    retries = Retries(tries=TRIES, first_seconds=30.0, longest_seconds=6 * 3600.0)

    def __init__(
        self, hot: HotIntegrations, database: Database, vault: Vault, catalog: Catalog, calls: VendorCalls
    ) -> None:
        self._hot = hot
        self._database = database
        self._vault = vault
        self._catalog = catalog
        self._calls = calls

    async def perform(self, run: Run) -> Outcome:
        """Tells the app's server, where it wants to know, and erases the rest. Raises VendorUnavailable."""
        await run.step(0)
        found = await self._hot.get_detail(run.job.organisation_id, run.job.integration_id)
        if found is None or found.sealed_secrets is None:
            return Outcome(output={_TOLD: "not needed: there was no credential"}, effects=_erase)
        secrets = await self._vault.open(found.secrets_place, found.sealed_secrets)
        app = await self._catalog.uninstaller(found.provider)
        if app is None or CLIENT_SECRET not in secrets:
            return Outcome(output={_TOLD: "not wanted by the app"}, effects=_erase)
        if not await self._is_known_to_app(run.job):
            return Outcome(output={_TOLD: "not needed: the app never heard of it"}, effects=_erase)
        secrets = await self._keep_signing_secret_alone(found, secrets)
        try:
            await self._tell(app, found, secrets)
        except VendorUnavailable:
            raise
        except ProviderError as error:
            return await self.give_up(JobState.ERROR, str(error))
        return Outcome(output={_TOLD: "done"}, effects=_erase)

    async def give_up(self, state: JobState, reason: str) -> Outcome:
        """The app was not told, which the job and the audit say; the installation is gone all the same."""
        return Outcome(state=state, error=reason, output={_TOLD: f"failed: {reason}"}, effects=_erase_untold)

    async def _tell(self, app: Uninstalls, found: Detail, secrets: Secrets) -> None:
        client_secret = secrets.get(CLIENT_SECRET) or ""
        await self._calls.call(found, secrets, lambda _: app.uninstall(ids.to_hex(found.id), client_secret))

    async def _is_known_to_app(self, job: Running) -> bool:
        """Whether the app can know of the installation: it got tokens for it, or never needs any."""
        async with self._database.transaction() as work:
            if await work.installations.was_complete(job.organisation_id, job.integration_id):
                return True
            return await work.grants.has_been_exchanged(job.organisation_id, job.integration_id)

    async def _keep_signing_secret_alone(self, found: Detail, secrets: Secrets) -> Secrets:
        """Erases what was filled in, which nobody needs any more, however long telling the app may take."""
        if CONFIGURATION not in secrets:
            return secrets
        kept = Secrets({CLIENT_SECRET: secrets.get(CLIENT_SECRET)})
        # before the unit of work: a first seal makes a data key, which is a unit of its own
        sealed = await self._vault.seal(found.secrets_place, kept)
        async with self._database.transaction() as work:
            now = await work.integrations.get_detail_for_update(found.organisation_id, found.id)
            if now is not None and now.state is State.DELETING and now.sealed_secrets is not None:
                await work.integrations.update(now, Change(sealed_secrets=sealed))
        return kept


async def _erase_untold(work: UnitOfWork, found: Detail | None) -> None:
    await _erase(work, found)
    if found is not None:
        await work.audit.add(by_service(found.organisation_id, Action.INSTALLATION_NOT_UNINSTALLED, (found.id,)))


async def _erase(work: UnitOfWork, found: Detail | None) -> None:
    if found is not None and found.state is State.DELETING:
        await work.grants.erase(found.organisation_id, found.id)
        await work.integrations.update(found, Change(state=State.DELETED, sealed_secrets=None))
