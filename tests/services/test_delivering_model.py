"""The lease protocol of deliveries walked one step at a time, by two owners of which neither knows of the other.

Statements are done, refused, or done without an answer, in any order; each may wait while time passes, as when the
database stands still. Owners die at any step, and what they have sent reaches the vendor all the same, as long as a
call may take. A job is taken over at any moment, from whoever has it.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from jackfield.domain.delivery import marker_of
from jackfield.services import sending
from support.two_owners import Way, World
from support.workbench import Workbench

ITEMS = 3
WAYS = st.sampled_from([Way.DONE, Way.DONE, Way.DONE, Way.REFUSED, Way.UNHEARD])
JOB = """
select id from job where organisation_id = $1 and integration_id = $2 and kind = 'deliver' and completed_at is null
"""
OPEN = "select from delivery where organisation_id = $1 and integration_id = $2 and ended_at is null"
COPIES = "select id, key from item where organisation_id = $1"


class Protocol(RuleBasedStateMachine):
    """`put` are the keys of what the product was told that we have."""

    bench: ClassVar[Workbench]
    #: how far the first owner is at the beginning: with three steps, its first creation is on its way
    head_start: ClassVar[int] = 3

    def __init__(self) -> None:
        super().__init__()
        bench = self.bench = Workbench(type(self).bench.operator)  # type: ignore[misc]  # an organisation of its own
        self.integration = bench.integration("github", None, {"repository": "a/b"}, item_type="work_item", state="live")
        self.world = World(bench, self.integration)
        self.put: dict[str, int] = {}
        self.put_item("0")
        #: whether anything has happened since time passed last
        self.has_moved = True
        # whatever is to go wrong needs something under way
        self.take_over(0, self.head_start)

    # --- what happens ---

    @rule(key=st.sampled_from([str(number) for number in range(ITEMS)]))
    def put_item(self, key: str) -> None:
        """A new one, or another version of one."""
        self.put[key] = self.put.get(key, 0) + 1
        self.bench.put(key, title=f"Version {self.put[key]}")

    @rule(owner=st.sampled_from([0, 1]), count=st.integers(0, 6))
    @precondition(lambda self: len(self.world.owners) < 2)
    def take_over(self, owner: int, count: int) -> None:
        """The successor gets as far as it may, whatever the other one and the vendor are about."""
        job = self._fetch(JOB)
        if job and owner not in self.world.owners:
            self._run(self.world.begin(owner, job[0]["id"]))
            self._advance(owner, count)

    @rule(data=st.data(), way=WAYS)
    @precondition(lambda self: any(one.is_statement for one in self.world.steps))
    def tell_the_database(self, data: Any, way: Way) -> None:
        step = _one_of(data, [one for one in self.world.steps if one.is_statement])
        self._run(self.world.let(step, way))

    @rule(data=st.data(), count=st.integers(1, 6))
    @precondition(lambda self: self.world.steps)
    def go_far(self, data: Any, count: int) -> None:
        """To the vendor's door, through it, or through the database with what came of it."""
        owner = _one_of(data, sorted({one.owner for one in self.world.steps}))
        self._advance(owner, count)

    @rule(data=st.data())
    @precondition(lambda self: not all(one.is_statement for one in self.world.steps))
    def connect(self, data: Any) -> None:
        step = _one_of(data, [one for one in self.world.steps if not one.is_statement])
        self._run(self.world.let(step, Way.DONE))

    @rule(data=st.data(), answers=st.sampled_from([True, True, False, None]))
    @precondition(lambda self: self.world.requests)
    def vendor_acts(self, data: Any, answers: bool | None) -> None:
        self._run(self.world.act(_one_of(data, self.world.requests), answers=answers))

    @rule(data=st.data())
    @precondition(lambda self: self.world.requests)
    def vendor_breaks_off(self, data: Any) -> None:
        self._run(self.world.break_off(_one_of(data, self.world.requests)))

    @rule(seconds=st.sampled_from([0.6, 3.1, 6.1, 9.1, 12.1, 25.3]))
    @precondition(lambda self: self.has_moved and (self.world.steps or self.world.requests))
    def pass_time(self, seconds: float) -> None:
        """By steps whose sums are never the end of a lease: which side of it a statement falls on would be chance."""
        self._run(self.world.pass_time(seconds))
        self.has_moved = False

    @rule(data=st.data())
    @precondition(lambda self: (self.world.requests and self.world.owners) or len(self.world.steps) > 1)
    def crash(self, data: Any) -> None:
        self._run(self.world.crash(_one_of(data, sorted(self.world.owners))))

    @rule(data=st.data())
    @precondition(lambda self: any(one.is_statement for one in self.world.steps))
    def database_dies(self, data: Any) -> None:
        """Whatever was under way there is done or not, and nobody hears of it."""
        for step in [one for one in self.world.steps if one.is_statement]:
            if step in self.world.steps:
                way = data.draw(st.sampled_from([Way.REFUSED, Way.UNHEARD]))
                self._run(self.world.let(step, way))

    @rule()
    @precondition(lambda self: not self.world.owners)
    def tend(self) -> None:
        self.bench.operator.run(self.bench.house.upkeep.tend())

    # --- what always holds ---

    @invariant()
    def nothing_is_created_twice(self) -> None:
        assert max(self.world.vendor.created.values(), default=0) <= 1

    def teardown(self) -> None:
        """With nobody in the way, everything that was told arrives, and once."""
        for _ in range(60):
            self.tend()
            for owner in (0, 1)[: 2 if self.world.owners else 1]:
                self.take_over(owner, 0)
            self._finish()
            if not self._fetch(OPEN) and not self._fetch(JOB):
                break
            self.pass_time(40.0)
        assert not self._fetch(OPEN), "something waits for ever"
        assert not self._fetch(JOB), "a job never ends"
        items = self.bench.operator.fetch(COPIES, self.bench.organisation.id)
        assert {one["key"] for one in items} == set(self.put)
        assert self.world.vendor.created == {marker_of(self.integration, one["id"]): 1 for one in items}
        for key in self.put:
            linked = self.bench.item(key)
            assert all(link.is_in_line(linked.item) for link in linked.links)

    def _finish(self) -> None:
        while self.world.steps or self.world.requests:
            for step in list(self.world.steps):
                if step in self.world.steps:
                    self._run(self.world.let(step, Way.DONE))
            for request in list(self.world.requests):
                self._run(self.world.act(request, answers=True))

    def _fetch(self, sql: str) -> list[Any]:
        return self.bench.operator.fetch(sql, self.bench.organisation.id, self.integration)

    def _advance(self, owner: int, count: int) -> None:
        for _ in range(count):
            self._run(self.world.advance(owner))

    def _run(self, deed: Any) -> None:
        self.has_moved = True
        self.bench.operator.run(deed)


def _one_of(data: Any, there: Sequence[Any]) -> Any:
    return there[data.draw(st.integers(0, len(there) - 1))]


def test_no_interleaving_creates_an_item_twice_or_forgets_it(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    # by the test's clock, no time is waited for
    monkeypatch.setattr(sending, "_SETTLE_PAUSES", (0.0, 0.0))
    machine = type("Here", (Protocol,), {"bench": bench})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=60,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("is_killed", [False, True], ids=["lives", "killed"])
@pytest.mark.parametrize(
    ("head_start", "sends_after"), [(2, None), (3, None), (2, 9.1)], ids=["about to send", "has sent", "has sent late"]
)
def test_a_successor_at_any_time_creates_nothing_twice(
    bench: Workbench, head_start: int, sends_after: float | None, is_killed: bool
) -> None:
    """What the random walk above rarely finds, walked in full: when the successor comes, and when the vendor acts."""
    machine = type("Here", (Protocol,), {"bench": bench, "head_start": head_start})
    for seconds in (0.0, 0.6, 3.1, 6.1, 9.1, 12.1, 25.3):
        for acts_before in range(1, 4):
            protocol = machine()
            world, run = protocol.world, bench.operator.run
            if sends_after is not None:
                run(world.pass_time(sends_after))
                run(world.advance(0))
            if is_killed:
                run(world.crash(0))
            run(world.pass_time(seconds))
            # the successor frees and claims, looks, and creates; the old one goes on; the vendor acts on all it has
            for moment, (owner, count) in enumerate([(1, 0), (1, 4), (1, 2), (0, 3)]):
                if moment == acts_before:
                    _act_on_all(protocol, 0)
                if owner not in world.owners:
                    protocol.take_over(owner, count)
                else:
                    protocol._advance(owner, count)
            _act_on_all(protocol, 0)
            _act_on_all(protocol, 1)
            protocol.nothing_is_created_twice()
            protocol.teardown()


def _act_on_all(protocol: Protocol, owner: int) -> None:
    for request in [one for one in protocol.world.requests if one.owner == owner]:
        protocol._run(protocol.world.act(request, answers=None))
