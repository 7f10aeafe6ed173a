"""Proving that an integration's credential works: asked for, run as a job, and what its outcome means."""

import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from jackfield.domain.audit import Action, by_caller
from jackfield.domain.credential import Secrets
from jackfield.domain.definition import Definition, FieldProblem
from jackfield.domain.health import Health, health_after
from jackfield.domain.integration import (
    Change,
    Detail,
    IntegrationNotFound,
    InvalidState,
    State,
    Wanted,
    proven,
    undecided,
)
from jackfield.domain.job import SERVICE_USER, Job, JobKind, JobState, NewJob, Running, Step
from jackfield.domain.ports import Database, UnitOfWork, Vault
from jackfield.domain.principal import Caller, Capability
from jackfield.domain.provider import (
    ConfigurationRejected,
    CredentialRefused,
    ItemRejected,
    ProviderError,
    VendorUnavailable,
    Verified,
)
from jackfield.services.catalog import Catalog
from jackfield.services.places import Places, at, learn
from jackfield.services.running import Outcome, Retries, Run, TryAgain
from jackfield.services.vendor_calls import VendorCalls
from jackfield.services.verdicts import refusal, verdict

#: a verification that is not over by then is of no use to who asked for it
_EXPIRES_SECONDS: Final = 15 * 60.0
#: a live integration is asked about again after a day, a few hours sooner or later
_AGAIN_SECONDS: Final = 24 * 3600.0
#: or after this, when its vendor could not be asked
_SOON_SECONDS: Final = 3600.0

_GONE: Final = "The integration was deleted before it could be verified"


class Verification:
    """The handler of verification jobs, and the ways to ask for one."""

    retries = Retries()

    def __init__(self, database: Database, vault: Vault, catalog: Catalog, calls: VendorCalls, places: Places) -> None:
        self._database = database
        self._vault = vault
        self._catalog = catalog
        self._calls = calls
        self._places = places

    async def ask(self, caller: Caller, wanted: Wanted) -> Job:
        """Queues a verification, or finds the one under way.

        Raises CapabilityMissing, IntegrationNotFound, InvalidState (deleting), or FieldProblem when the vendor's
        definition has nothing to verify.
        """
        caller.require(Capability.MANAGE)
        async with self._database.transaction() as work:
            found = await work.integrations.get_detail_for_update(caller.organisation_id, wanted.id)
            if found is None:
                raise IntegrationNotFound(wanted.reference)
            if found.is_going:
                raise InvalidState("The integration is being deleted, or is: it cannot be verified")
            name = _verified_name(found, await self._catalog.get(found.provider, work))
            job, queued = await begin_verification(work, found, name, caller.principal.user, caller.principal.key_id)
            if queued:
                await work.audit.add(by_caller(caller, Action.INTEGRATION_VERIFIED, (found.id,)))
        return job

    async def ask_for_due(self, most: int) -> int:
        """Queues verifications of up to `most` live integrations whose proof has aged; returns how many."""
        async with self._database.transaction() as work:
            due = await work.integrations.due_for_verification(most)
        queued = 0
        for organisation_id, integration_id in due:
            async with self._database.transaction() as work:
                found = await work.integrations.get_detail_for_update(organisation_id, integration_id)
                if found is None or found.state is not State.LIVE:
                    continue
                definition = await self._catalog.get(found.provider, work)
                if definition is None or not definition.supports_verification:
                    # nothing to ask any more, as when a provider's package was removed
                    await work.integrations.update(found, Change(verification_due_at=None))
                    continue
                queued += (await begin_verification(work, found, definition.name))[1]
        return queued

    async def perform(self, run: Run) -> Outcome:
        """Calls the vendor with the credential as it is now. Raises ProviderError, or TryAgain if it changed."""
        await run.step(0)
        found = await self._begin(run.job)
        if found is None:
            return Outcome(state=JobState.ERROR, error=_GONE)
        provider = await self._catalog.verifier(found.provider)
        if provider is None:
            reason = "The provider of this vendor is not installed, so its credential cannot be verified"
            return refusal(found, reason, verifies=True, health=Health.MISCONFIGURED)
        place_id = await self._places.known_id(found)
        secrets = Secrets({})
        try:
            secrets = await self._secrets(found)
            await run.step(1)
            verified = await self._calls.call(found, secrets, at(place_id, provider.verify))
            if verified.place is None:
                await self._places.find(found, secrets)
            elif place_id is None:
                await self._places.locate_former(found, secrets)
        except (VendorUnavailable, ItemRejected):
            # no word on the credential: what was proven before stands
            raise
        except ConfigurationRejected as error:
            if place_id is not None and await self._places.followed(found, secrets):
                # the place has another name now, and the settings have it as well
                raise TryAgain from None
            return refusal(found, str(error), verifies=True, health=health_after(error))
        except ProviderError as error:
            return refusal(found, str(error), verifies=True, health=health_after(error))
        return Outcome(
            output=_to_output(verified),
            effects=verdict(
                found,
                lambda stored, now: proven(stored, now, due_again(now), verified.account),
                self._settled(verified),
            ),
        )

    def _settled(self, verified: Verified) -> Callable[[UnitOfWork, Detail], Awaitable[Detail]]:
        """Keeps where the settings lead."""

        async def settle(work: UnitOfWork, found: Detail) -> Detail:
            definition = await self._catalog.get(found.provider, work)
            if verified.place is None or definition is None:
                return found
            return (await learn(work, found, definition, verified.place))[0]

        return settle

    async def give_up(self, state: JobState, reason: str) -> Outcome:
        """The vendor could not be asked, and will not be any more."""

        async def effects(work: UnitOfWork, found: Detail | None) -> None:
            if found is not None and found.state is State.VERIFYING:
                now = datetime.now(UTC)
                due_at = now + timedelta(seconds=_jittered(_SOON_SECONDS))
                await work.integrations.update(found, undecided(found, now, due_at, reason))

        return Outcome(state=state, error=reason, effects=effects)

    async def _begin(self, job: Running) -> Detail | None:
        """The integration as it is now, marked as being verified; None when it is going or gone."""
        async with self._database.transaction() as work:
            found = await work.integrations.get_detail_for_update(job.organisation_id, job.integration_id)
            if found is None or found.is_going:
                return None
            if found.state is State.VERIFYING:
                return found
            # its credential was changed after the verification was asked for: that one is verified
            return await work.integrations.update(found, Change(state=State.VERIFYING, error=None, error_at=None))

    async def _secrets(self, found: Detail) -> Secrets:
        if found.sealed_secrets is None:
            raise CredentialRefused("There is no credential yet: set one, and verify again")
        return await self._vault.open(found.secrets_place, found.sealed_secrets)


async def begin_verification(
    work: UnitOfWork, found: Detail, vendor: str, user: str = SERVICE_USER, key_id: int | None = None
) -> tuple[Job, bool]:
    """Queues a verification of the integration, which is locked, or finds the one under way; True if it was queued.

    `vendor` is the vendor's name.
    """
    job, queued = await work.jobs.add(
        NewJob(
            organisation_id=found.organisation_id,
            kind=JobKind.VERIFY,
            integration_id=found.id,
            header=f"Verify {vendor}",
            caption=found.name,
            steps=(
                Step("Read", "Read the stored credential"),
                Step("Ask", f"Ask {vendor} whether it takes the credential"),
                Step("Record", "Record the answer"),
            ),
            seconds=_EXPIRES_SECONDS,
            creator_user=user,
            creator_key_id=key_id,
        )
    )
    if found.state is not State.VERIFYING:
        await work.integrations.update(found, Change(state=State.VERIFYING, error=None, error_at=None))
    return job, queued


def _verified_name(found: Detail, definition: Definition | None) -> str:
    if definition is None:
        raise FieldProblem(("action",), f"No provider for {found.provider} is installed here")
    if not definition.supports_verification:
        raise FieldProblem(("action",), f"{definition.name} has nothing to verify: the integration is live as it is")
    return definition.name


def due_again(now: datetime) -> datetime:
    """When what was proven now is asked about again."""
    return now + timedelta(seconds=_jittered(_AGAIN_SECONDS))


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(0.9, 1.1)  # noqa: S311  no secret


def _to_output(verified: Verified) -> dict[str, str]:
    output = {"account_id": verified.account.id, "account_name": verified.account.name}
    if verified.account.url:
        output["account_url"] = verified.account.url
    if verified.scopes is not None:
        output["scopes"] = ",".join(verified.scopes)
    if verified.expires_at is not None:
        output["expires_at"] = verified.expires_at.isoformat().replace("+00:00", "Z")
    return output
