"""The refresh protocol walked one step at a time, by whoever may be there at once, with a crash after any step.

Two refreshers, a person who authorises it anew, another who changes a setting, one who deletes it. No clock is waited
for: a lease runs out when the model says so, which it does only for owners that are dead or have given up.
"""

from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from jackfield.domain.health import Health
from jackfield.domain.provider import VendorLimited, VendorUnavailable
from jackfield.domain.refresh import Result
from jackfield.services.refresh_attempt import Attempt, Step
from support.grants import RotatingVendor, attempt, events_of, granted, secrets_of
from support.workbench import Workbench

AUTHORISE = """
update integration set sealed_secrets = $3, credential_version = credential_version + 1,
    granted_at = clock_timestamp(), grant_refused_at = null, health = 'active', health_reason = null, status = 'active'
where organisation_id = $1 and id = $2
"""
CHANGE = "update integration set credential_version = credential_version + 1 where organisation_id = $1 and id = $2"
EXPIRE = "update refresh_lease set until = now() - interval '1 second' where organisation_id = $1 and until > now()"


class Crash(Exception):
    """The process ends in the middle of the vendor's answer."""


class Protocol(RuleBasedStateMachine):
    """`attempts` are those under way, by who has them."""

    bench: ClassVar[Workbench]

    def __init__(self) -> None:
        super().__init__()
        self.vendor = RotatingVendor()
        self.integration = granted(self.bench, self.vendor.authorise())
        self.attempts: dict[int, Attempt] = {}
        self.deleted = False
        #: an answer of the vendor was lost with its process since the last authorisation
        self.lost = False
        #: a new token is with an owner that lives, and not stored yet
        self.in_hand: dict[int, str] = {}

    # --- what happens ---

    @rule(kills=st.booleans())
    @precondition(lambda self: not self.attempts)
    def choose_vendor(self, kills: bool) -> None:
        """Some end a whole family when a spent token comes again."""
        self.vendor.kills = kills

    @rule()
    @precondition(lambda self: len(self.attempts) < 2)
    def begin(self) -> None:
        stored = secrets_of(self.bench, self.integration).get("access_token")

        def needs(found: Any, secrets: Any, now: Any) -> bool:
            return bool(secrets.get("access_token") == stored)

        who = min({0, 1} - set(self.attempts))
        self.attempts[who] = attempt(self.bench, self.vendor, self.integration, needs)

    @rule()
    @precondition(lambda self: 0 in self.attempts)
    def advance_one(self) -> None:
        self._advance(0)

    @rule()
    @precondition(lambda self: 1 in self.attempts)
    def advance_the_other(self) -> None:
        self._advance(1)

    @rule(data=st.data(), count=st.integers(2, 4))
    @precondition(lambda self: self.attempts)
    def advance_far(self, data: Any, count: int) -> None:
        who = self._one_of(data)
        for _ in range(count):
            self._advance(who)

    @rule(data=st.data())
    @precondition(lambda self: any(one.next is Step.ASK for one in self.attempts.values()))
    def ask(self, data: Any) -> None:
        self._advance(self._one_of(data, Step.ASK))

    @rule(data=st.data())
    @precondition(lambda self: self._is_deep)
    def crash(self, data: Any) -> None:
        """kill -9 between two steps."""
        who = self._one_of(data)
        del self.attempts[who]
        if self.in_hand.pop(who, None) is not None:
            self.lost = True

    @rule(data=st.data())
    @precondition(lambda self: any(one.next is Step.ASK for one in self.attempts.values()))
    def crash_in_the_answer(self, data: Any) -> None:
        """kill -9 when the vendor has rotated, and nobody has heard of it."""
        who = self._one_of(data, Step.ASK)
        self.vendor.after = self._fail(Crash())
        try:
            self._advance(who)
        except Crash:
            self.lost = True
        self.vendor.after = None
        self.attempts.pop(who, None)
        self.in_hand.pop(who, None)

    @rule(data=st.data(), error=st.sampled_from(["silent", "limited", "late"]))
    @precondition(lambda self: any(one.next is Step.ASK for one in self.attempts.values()))
    def fail(self, data: Any, error: str) -> None:
        """The vendor does not answer, limits us, or rotates and does not answer."""
        who = self._one_of(data, Step.ASK)
        raised = VendorLimited("limited") if error == "limited" else VendorUnavailable("no answer")
        if error == "late":
            self.lost = self.lost or self.vendor.is_good({"refresh_token": self.attempts[who]._spent})
            self.vendor.after = self._fail(raised)
        else:
            self.vendor.before = self._fail(raised)
        self._advance(who)
        self.vendor.before = self.vendor.after = None

    @rule()
    @precondition(lambda self: self._is_deep)
    def lease_runs_out(self) -> None:
        """Only of who is dead, or has stood still for so long that it will not ask any more."""
        for one in self.attempts.values():
            one._may_ask_until = 0.0
        # who asks after an owner that stands still spends the token once more, which such a vendor punishes
        self.lost = self.lost or (self.vendor.kills and bool(self.in_hand))
        self.bench.operator.fetch(EXPIRE, self.bench.organisation.id)

    @rule(ends=st.booleans())
    @precondition(lambda self: self._is_deep and not self.deleted)
    def authorise_again(self, ends: bool) -> None:
        """`ends`: the vendor ends what it granted before."""
        before = self.vendor.families[-1]
        fresh = self.vendor.authorise()
        before.dead = before.dead or ends
        sealed = self.bench.sealed(self.integration, fresh)
        self.bench.operator.fetch(AUTHORISE, self.bench.organisation.id, self.integration, sealed)
        self.lost = False

    @rule()
    @precondition(lambda self: self._is_deep and not self.deleted)
    def change_a_setting(self) -> None:
        """As by hubs' PATCH of `extra`: the credential's version is another one, and the credential is the same."""
        self.bench.operator.fetch(CHANGE, self.bench.organisation.id, self.integration)

    @rule()
    @precondition(lambda self: self._is_deep and not self.deleted)
    def delete(self) -> None:
        self.bench.change(self.integration, state="deleting")
        self.deleted = True

    # --- what always holds ---

    @invariant()
    def no_two_are_asking(self) -> None:
        assert self.vendor.most_at_once <= 1
        live = [one for one in self.attempts.values() if one.next is Step.ASK and one._may_ask_until > 0.0]
        assert len(live) <= 1, "two live refreshes in flight"

    @invariant()
    def no_valid_token_is_lost(self) -> None:
        """The newest family's newest token is stored, or in the hand of somebody who lives, or its answer was lost."""
        if self.deleted or self.lost:
            return
        family = self.vendor.families[-1]
        stored = secrets_of(self.bench, self.integration)["refresh_token"]
        assert not family.dead, "a living grant was ended"
        assert family.good == stored or family.good in self.in_hand.values(), "a valid token is lost"

    @invariant()
    def nothing_is_broken_without_cause(self) -> None:
        row = self.bench.row(self.integration)
        if row["health"] == Health.NEEDS_REAUTHORISATION and not self.deleted:
            # until who has the token in hand has stored it
            assert self.lost or self.in_hand, row["health_reason"]

    @invariant()
    def breaks_and_recoveries_take_turns(self) -> None:
        kinds = events_of(self.bench, self.integration)
        assert kinds == ["broken", "recovered"] * (len(kinds) // 2) + ["broken"] * (len(kinds) % 2)

    def teardown(self) -> None:
        """Left alone, everybody comes to an end, and what came for nobody was ended at the vendor."""
        for _ in range(60):
            for who in list(self.attempts):
                self._advance(who)
            if not self.attempts:
                break
            if all(one.is_waiting for one in self.attempts.values()):
                self.bench.operator.fetch(EXPIRE, self.bench.organisation.id)
        assert not self.attempts
        assert not self.in_hand
        self.no_valid_token_is_lost()
        if self.deleted and not self.lost:
            stored = secrets_of(self.bench, self.integration)
            newest = self.vendor.families[-1]
            assert newest.dead or newest.good == stored["refresh_token"], "an orphan token lives on"

    def _advance(self, who: int) -> None:
        one = self.attempts.get(who)
        if one is None:
            return
        before = one.next
        self.bench.operator.run(one.advance())
        if one._granted is not None and before is Step.ASK:
            self.in_hand[who] = one._granted.secrets["refresh_token"] or ""
        if one.is_done:
            del self.attempts[who]
            self.in_hand.pop(who, None)
            assert one.answer.result in set(Result)

    @property
    def _is_deep(self) -> bool:
        """Whether somebody has read, and acts on it."""
        return any(one.next not in {Step.ACQUIRE, Step.READ, Step.RELEASE} for one in self.attempts.values())

    def _one_of(self, data: Any, step: Step | None = None) -> int:
        there = sorted(who for who, one in self.attempts.items() if step is None or one.next is step)
        who: int = data.draw(st.sampled_from(there))
        return who

    @staticmethod
    def _fail(error: Exception) -> Any:
        def fail() -> None:
            raise error

        return fail


def test_no_interleaving_loses_a_valid_token(bench: Workbench) -> None:
    machine = type("Here", (Protocol,), {"bench": bench})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=250,
            stateful_step_count=35,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
