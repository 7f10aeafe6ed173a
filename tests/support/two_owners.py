"""Delivery jobs whose every statement and call waits until the test lets it through, in whatever order and way.

No time is waited for: `pass_time` moves the clocks of the processes and, with the rows, that of the database.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from jackfield.domain import send_lease
from jackfield.domain.delivery import Outgoing, Settlement
from jackfield.domain.errors import Unavailable
from jackfield.domain.integration import Detail
from jackfield.domain.job import JobKind, Running
from jackfield.domain.provider import Connection, Delivered, Delivery, VendorUnavailable
from jackfield.domain.send_lease import LeaseTimes
from jackfield.providers.github import GitHub
from jackfield.services.catalog import Catalog
from jackfield.services.delivering import Delivering
from jackfield.services.places import Places
from jackfield.services.running import Overtaken, Runner
from jackfield.services.vendor_calls import VendorCalls
from jackfield.storage.deliveries import HotDeliveries
from jackfield.storage.hot_integrations import HotIntegrations
from jackfield.storage.jobs import HotJobs
from jackfield.storage.places import HotPlaces
from jackfield.storage.rests import RestTable
from jackfield.vault import Vault
from support.workbench import Workbench

#: of the event loop, without anything under way in the database: then everybody waits for the test
_IDLE_TURNS = 25
_PASS = """
update delivery set due_at = due_at - make_interval(secs => $3), leased_until = leased_until - make_interval(secs => $4)
where organisation_id = $1 and integration_id = $2 and ended_at is null
"""


class Way(StrEnum):
    """What becomes of a statement."""

    DONE = "done"
    REFUSED = "refused"
    #: it is done, and nobody hears of it
    UNHEARD = "unheard"


@dataclass(eq=False)
class Step:
    """Something that one owner is about to do. `is_statement`: the database does it."""

    owner: int
    is_statement: bool
    deed: Callable[[], Awaitable[Any]]
    way: "asyncio.Future[Way]"


@dataclass(eq=False)
class Request:
    """A call that has left at `at`. `answer` is waited for by its owner, if that lives."""

    owner: int
    kind: str
    marker: str
    at: float
    answer: "asyncio.Future[str | None]"
    said: str | None = None
    has_acted: bool = False


@dataclass
class Vendor:
    """Keeps an object for each creation, by marker."""

    created: Counter[str] = field(default_factory=Counter)

    def act(self, request: Request) -> None:
        request.has_acted = True
        if request.kind == "create":
            self.created[request.marker] += 1
        request.said = request.marker if self.created[request.marker] else None


class World:
    """Owners of one integration's deliveries, by number, and what each of them is about to do."""

    def __init__(self, bench: Workbench, integration: int) -> None:
        self.bench = bench
        self.integration = integration
        self.vendor = Vendor()
        self.steps: list[Step] = []
        self.requests: list[Request] = []
        self.owners: dict[int, asyncio.Task[Any]] = {}
        self.times = LeaseTimes(clock=lambda: self._passed)
        self._passed = 0.0
        self._looked_at = time.monotonic()
        self.in_database = 0

    # what happens

    async def begin(self, owner: int, job_id: int) -> None:
        """The owner takes the job upon itself, whoever else has it."""
        await self._shift(0.0)
        runner = self._runner(owner)

        async def run() -> None:
            with contextlib.suppress(Overtaken):
                await runner.run(self.bench.organisation.id, job_id)

        self.owners[owner] = asyncio.get_running_loop().create_task(run())
        await self.settle()

    async def let(self, step: Step, way: Way) -> None:
        await self._shift(0.0)
        self.steps.remove(step)
        step.way.set_result(way)
        await self.settle()

    async def advance(self, owner: int) -> None:
        """What the owner waits for happens, but what it has sent to change something is still on its way."""
        step = next((one for one in self.steps if one.owner == owner), None)
        look = next((one for one in self.requests if one.owner == owner and one.kind == "look"), None)
        if step is not None:
            await self.let(step, Way.DONE)
        elif look is not None:
            await self.act(look, answers=True)

    async def crash(self, owner: int) -> None:
        """kill -9: what it has sent is on its way all the same."""
        self.steps = [one for one in self.steps if one.owner != owner]
        task = self.owners.pop(owner)
        task.cancel()
        await asyncio.wait({task})
        await self.settle()

    async def act(self, request: Request, *, answers: bool | None) -> None:
        """The vendor does what it is asked, and answers, breaks off (False), or takes its time to answer (None)."""
        if self.is_late(request):
            return
        if not request.has_acted:
            self.vendor.act(request)
        await self._answer(request, answers)

    async def break_off(self, request: Request) -> None:
        """The vendor does nothing, and says nothing."""
        await self._answer(request, answers=False)

    async def pass_time(self, seconds: float) -> None:
        """For everybody; who has waited for the vendor for too long gives up."""
        self._passed += seconds
        await self._shift(seconds)
        await self.bench.house.database.fetch("delete from rest where organisation_id = $1", self.bench.organisation.id)
        for request in [one for one in self.requests if self.is_late(one)]:
            await self._answer(request, answers=False)

    def is_late(self, request: Request) -> bool:
        """Whether the vendor has had its time, and does nothing more of it."""
        return self.times.clock() > request.at + self.times.call_seconds

    async def settle(self) -> None:
        """Until everybody waits for the test."""
        idle = 0
        while idle < _IDLE_TURNS:
            await asyncio.sleep(0 if self.in_database == 0 else 0.0005)
            idle = 0 if self.in_database else idle + 1
        self.owners = {owner: task for owner, task in self.owners.items() if not task.done()}

    async def _shift(self, seconds: float) -> None:
        """So much time has gone by for the database, and of leases not that which the test itself has taken."""
        now = time.monotonic()
        taken, self._looked_at = now - self._looked_at, now
        key = (self.bench.organisation.id, self.integration)
        await self.bench.house.database.fetch(_PASS, *key, seconds, seconds - taken)

    async def _answer(self, request: Request, answers: bool | None) -> None:
        if answers is None:
            return
        self.requests.remove(request)
        if not request.answer.done():
            if answers:
                request.answer.set_result(request.said)
            else:
                request.answer.set_exception(VendorUnavailable("broke off"))
                request.answer.exception()  # nobody may be left to hear of it
        await self.settle()

    # what owners do

    async def pause(self, owner: int, deed: Callable[[], Awaitable[Any]], *, is_statement: bool = True) -> Any:
        """The deed, once the test lets it through."""
        step = Step(owner, is_statement, deed, asyncio.get_running_loop().create_future())
        self.steps.append(step)
        try:
            way = await step.way
        finally:
            # who is stopped does not take it any more
            if step in self.steps:
                self.steps.remove(step)
        if way is Way.REFUSED:
            raise Unavailable("the database is away")
        result = await deed()
        if way is Way.UNHEARD:
            raise Unavailable("the connection is lost")
        return result

    async def call(self, owner: int, kind: str, marker: str) -> str | None:
        """What the HTTP client does: it asks whether it may, connects, asks again, and sends."""
        await send_lease.hold()

        async def connect() -> None:
            send_lease.check()

        await self.pause(owner, connect, is_statement=False)
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self.requests.append(Request(owner, kind, marker, self.times.clock(), answer))
        return await answer

    def _runner(self, owner: int) -> Runner:
        database: Any = _Counted(self)
        catalog = Catalog(database, {"github": _Sender(self, owner)}, lambda _: None, "")  # type: ignore[dict-item]
        calls = VendorCalls(RestTable(database))
        delivering = Delivering(
            database,
            HotIntegrations(database),
            _Paused(self, owner, database),
            Vault(self.bench.house.master_keys, self.bench.house.data_keys),
            catalog,
            calls,
            Places(database, HotPlaces(database), catalog, calls),
        )
        return Runner(HotJobs(database), database, {JobKind.DELIVER: delivering})


class _Counted:
    """The database; it counts what is under way in it, and does one after the other, in the order of asking."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._database = world.bench.house.database
        self._turn = asyncio.Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    async def fetch(self, sql: str, *arguments: object) -> Any:
        self._world.in_database += 1
        try:
            async with self._turn:
                return await self._database.fetch(sql, *arguments)
        finally:
            self._world.in_database -= 1

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        self._world.in_database += 1
        try:
            async with self._database.transaction() as work:
                yield work
        finally:
            self._world.in_database -= 1


class _Paused(HotDeliveries):
    """Every statement about what is claimed waits for the test."""

    def __init__(self, world: World, owner: int, database: Any) -> None:
        super().__init__(database, world.times)
        self._world = world
        self._owner = owner

    async def release(self, running: Running) -> float | None:
        waits: float | None = await self._world.pause(self._owner, lambda: HotDeliveries.release(self, running))
        return waits

    async def claim(self, running: Running, integration: Detail, place: bytes, most: int) -> list[Outgoing]:
        claimed: list[Outgoing] = await self._world.pause(
            self._owner, lambda: HotDeliveries.claim(self, running, integration, place, most)
        )
        return claimed

    async def renew(self, running: Running, outgoing: Outgoing) -> bool:
        renewed: bool = await self._world.pause(self._owner, lambda: HotDeliveries.renew(self, running, outgoing))
        return renewed

    async def settle(self, running: Running, place: bytes, settlements: Any) -> None:
        ended: list[Settlement] = list(settlements)
        await self._world.pause(self._owner, lambda: HotDeliveries.settle(self, running, place, ended))


class _Sender:
    """A provider that looks for what may have arrived before it creates anything."""

    manifest = GitHub.manifest

    def __init__(self, world: World, owner: int) -> None:
        self._world = world
        self._owner = owner

    async def deliver(self, _: Connection, delivery: Delivery) -> Delivered:
        known = delivery.vendor_id
        if known is None and delivery.retried:
            known = await self._world.call(self._owner, "look", delivery.marker)
        kind = "create" if known is None else "update"
        return Delivered(vendor_id=await self._world.call(self._owner, kind, delivery.marker) or "")
