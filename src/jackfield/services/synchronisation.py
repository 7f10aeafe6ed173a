"""Bringing a vendor into line with all of an organisation's items: what was missed is found, and sent.

Items are compared page by page; each page is written together with how far the job has come, so that whoever takes it
over goes on from there. What is missing at the vendor or stale goes out as deliveries, the same way as changes do.
What somebody changed at the vendor is read and kept, and not sent back; see ADR 21.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from jackfield.domain.audit import Action, by_caller
from jackfield.domain.credential import Secrets
from jackfield.domain.delivery import Compared, Found
from jackfield.domain.health import health_after
from jackfield.domain.integration import Detail, IntegrationNotFound, Wanted
from jackfield.domain.item import ItemStatus, StoredItem
from jackfield.domain.job import CURSOR, Job, JobKind, JobState, NewJob, Step
from jackfield.domain.ports import Database, HotIntegrations, HotLinks, UnitOfWork, Vault
from jackfield.domain.principal import Caller, Capability
from jackfield.domain.provider import (
    Connection,
    ProviderError,
    VendorState,
    VendorUnavailable,
    concerns_the_integration,
)
from jackfield.services.catalog import Catalog
from jackfield.services.deliveries import begin_deliveries
from jackfield.services.places import Places, Whereabouts, at
from jackfield.services.running import Later, Outcome, Retries, Run
from jackfield.services.vendor_calls import VendorCalls
from jackfield.services.verdicts import refusal

#: a vendor that lets little through takes its time with many items
_EXPIRES_SECONDS: Final = 7 * 24 * 3600.0
#: items in one page, which most vendors read in one call
_PAGE: Final = 100
_DRY_RUN: Final = "dry_run"
#: seconds between looks at what is still on its way; after the last one others may have our place for a while
_LOOKS: Final = (0.1, 0.2, 0.5, *([1.0] * 10))
_LATER_SECONDS: Final = 5.0
#: together some ten minutes: who waits for longer looks at the deliveries
_MOST_RETURNS: Final = 40


class Tally(msgspec.Struct, kw_only=True):
    """How far it came: `done` of `total` items, of which some were found to be missing at the vendor, or stale there.

    `waiting` ones were on their way already; of `vanished` ones the vendor's object is gone; `changed` ones were
    changed at the vendor since they were read last.
    """

    total: int = 0
    done: int = 0
    unchanged: int = 0
    missing: int = 0
    stale: int = 0
    waiting: int = 0
    vanished: int = 0
    changed: int = 0
    cursor: int = 0

    def to_progress(self) -> dict[str, int]:
        return msgspec.structs.asdict(self)

    def to_output(self) -> dict[str, str]:
        return {name: str(count) for name, count in self.to_progress().items() if name != CURSOR}


class Page(msgspec.Struct, frozen=True):
    """What came of comparing some items: what was read of them in that place, and which it lacks or has stale."""

    place: bytes
    read: Sequence[Found]
    lacking: Sequence[StoredItem]


class Synchronisation:
    """The handler of synchronisation jobs, and the ways to ask for one."""

    retries = Retries(tries=30, first_seconds=5.0, longest_seconds=3600.0)

    def __init__(
        self,
        database: Database,
        integrations: HotIntegrations,
        links: HotLinks,
        vault: Vault,
        catalog: Catalog,
        calls: VendorCalls,
        places: Places,
    ) -> None:
        self._database = database
        self._integrations = integrations
        self._links = links
        self._vault = vault
        self._catalog = catalog
        self._calls = calls
        self._places = places

    async def ask(self, caller: Caller, wanted: Wanted, *, dry_run: bool = False) -> Job:
        """Queues a synchronisation, or finds the one under way. A dry run only reports.

        Raises CapabilityMissing, IntegrationNotFound, or InvalidState when the integration is not worked with.
        """
        caller.require(Capability.MANAGE)
        async with self._database.transaction() as work:
            found = await work.integrations.get_detail_for_update(caller.organisation_id, wanted.id)
            if found is None:
                raise IntegrationNotFound(wanted.reference)
            vendor = await self._catalog.name(found.provider, work)
            return await begin_synchronisation(work, caller, found, vendor, dry_run=dry_run)

    async def perform(self, run: Run) -> Outcome:
        """Compares what is left to compare, then waits for the deliveries. Raises ProviderError or Later."""
        found = await self._integrations.get_detail(run.job.organisation_id, run.job.integration_id)
        if found is None or not found.is_workable:
            return Outcome(state=JobState.ERROR, error=_why_not(found))
        if run.job.progress is None:
            tally = Tally(total=await self._links.count_items(found))
        else:
            tally = msgspec.convert(dict(run.job.progress), Tally)
        await run.step(0)
        try:
            await self._compare_all(run, found, tally)
        except VendorUnavailable:
            raise
        except ProviderError as error:
            if concerns_the_integration(error):
                verifies = self._catalog.verifies(found.provider)
                return refusal(found, str(error), verifies=verifies, health=health_after(error))
            raise
        await run.step(1)
        return await self._wait(run, tally)

    async def give_up(self, state: JobState, reason: str) -> Outcome:
        """What was found missing until then goes out all the same."""
        return Outcome(state=state, error=reason)

    async def _compare_all(self, run: Run, found: Detail, tally: Tally) -> None:
        if tally.cursor and not await self._links.page(found, await self._places.last_links(found), tally.cursor, 1):
            # all was compared, and only deliveries are waited for: the vendor is not asked again for that
            return
        secrets = Secrets({})
        if found.sealed_secrets is not None:
            secrets = await self._vault.open(found.secrets_place, found.sealed_secrets)
        where = await self._places.find(found, secrets)
        if where.error is not None:
            raise where.error
        found = where.integration
        while page := await self._links.page(found, where.links, tally.cursor, _PAGE):
            if run.is_stopping:
                raise Later(0.0)
            read = await self._read(where, secrets, page)
            lacking = _compare(page, read, tally)
            tally.cursor = page[-1].item.id
            tally.done += len(page)
            # items may come and go meanwhile
            tally.total = max(tally.total, tally.done)
            if _DRY_RUN in run.job.input:
                await run.note_progress(tally.to_progress())
            else:
                await self._write(run, found, Page(where.links, read, lacking), tally)

    async def _read(self, where: Whereabouts, secrets: Secrets, page: Sequence[Compared]) -> Sequence[Found]:
        """How the vendor's objects are now; nothing, where the vendor does not tell."""
        found = where.integration
        reader = await self._catalog.reader(found.provider)
        there = {one.known.vendor_id: one for one in page if one.known.vendor_id is not None and not one.under_way}
        if reader is None or not there:
            return []

        async def deed(connection: Connection) -> Mapping[str, VendorState]:
            return await reader.read_back(connection, list(there))

        states = await self._calls.call(found, secrets, at(where.place_id, deed))
        return [
            Found(
                item_id=one.item.id,
                vendor_id=vendor_id,
                delivered_version=one.known.delivered_version,
                state=self._as_believed(found, one, states.get(vendor_id)),
            )
            for vendor_id, one in there.items()
        ]

    def _as_believed(self, found: Detail, one: Compared, state: VendorState | None) -> VendorState | None:
        """What is in progress is merely not closed to some vendors, which is no news of it."""
        if state is None or state.status is not ItemStatus.OPEN or self._catalog.tells_progress(found.provider):
            return state
        if one.known.vendor_status is not ItemStatus.IN_PROGRESS:
            return state
        return msgspec.structs.replace(state, status=ItemStatus.IN_PROGRESS)

    async def _write(self, run: Run, found: Detail, page: Page, tally: Tally) -> None:
        """The page and the place after it, both or none."""
        async with self._database.transaction() as work:
            # the integration before the job, as everyone locks them who asks for a job
            integration = await work.integrations.get_detail_for_update(found.organisation_id, found.id)
            if integration is None or not await work.jobs.note_progress(run.job, tally.to_progress()):
                raise Later(_LATER_SECONDS)  # someone else runs this job now
            await work.links.note_read(found, page.place, page.read)
            if page.lacking:
                await work.links.deliver(found, page.lacking, run.job.id)
                await begin_deliveries(work, integration)

    async def _wait(self, run: Run, tally: Tally) -> Outcome:
        """Until everything that was found missing has gone out, or failed; but not for as long as an account rests."""
        for seconds in _LOOKS:
            progress = await self._links.count_deliveries(run.job)
            if not progress.under_way or run.job.returns > _MOST_RETURNS:
                counts = msgspec.structs.asdict(progress)
                return Outcome(output={**tally.to_output(), **{name: str(count) for name, count in counts.items()}})
            found = await self._integrations.get_detail(run.job.organisation_id, run.job.integration_id)
            if found is None or not found.is_workable:
                return Outcome(state=JobState.ERROR, error=_why_not(found))
            if run.is_stopping:
                raise Later(0.0)
            await asyncio.sleep(seconds)
        raise Later(_LATER_SECONDS)


def _compare(page: Sequence[Compared], read: Sequence[Found], tally: Tally) -> list[StoredItem]:
    """Counts the page's items by what was found of them, and returns those that the vendor lacks or has stale."""
    found = {one.item_id: one for one in read}
    lacking = []
    for one in page:
        kind = _kind_of(one, found.get(one.item.id))
        setattr(tally, kind, getattr(tally, kind) + 1)
        if kind in {"missing", "stale"}:
            lacking.append(one.item)
    return lacking


def _kind_of(one: Compared, read: Found | None) -> str:
    if one.under_way:
        return "waiting"
    if one.known.vendor_id is None and not one.known.vanished:
        return "missing"
    if one.known.delivered_version != one.item.version or one.known.not_done is not None:
        return "stale"
    if one.known.vanished if read is None else read.state is None:
        return "vanished"
    if read is not None and read.state is not None and read.state.status is not one.known.vendor_status:
        return "changed"
    return "unchanged"


def _why_not(found: Detail | None) -> str:
    if found is None or found.is_going:
        return "The integration was deleted before it could be synchronised"
    return found.error or "The integration is not enabled and active any more: there is nothing to synchronise"


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
            input={_DRY_RUN: "true"} if dry_run else {},
        )
    )
    if queued:
        await work.audit.add(by_caller(caller, Action.INTEGRATION_SYNCHRONISED, (found.id,)))
    return job
