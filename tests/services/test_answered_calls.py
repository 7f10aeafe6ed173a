"""Calls with an Idempotency-Key, below HTTP: what is kept, what is released, and who takes over from whom."""

import asyncio
from typing import Any

import pytest

from jackfield.domain.errors import Unavailable
from jackfield.domain.idempotency import CallUnderWay, Claim, IdempotentCall, KeptAnswer, ReusedIdempotencyKey
from jackfield.services.answered_calls import AnsweredCalls
from jackfield.storage.idempotency_keys import IdempotencyKeyTable
from support.workbench import Workbench

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
REQUEST = b"POST\n/v1/things\n\n{}"


class Scene:
    """One call of the bench's caller, and what it does: it counts, and answers with its count."""

    def __init__(self, bench: Workbench, calls: AnsweredCalls | None = None) -> None:
        self.bench = bench
        self.calls = calls or bench.house.services.answered_calls
        self.performed = 0

    def call(self, request: bytes = REQUEST) -> IdempotentCall:
        return self.calls.identify(self.bench.caller.principal, KEY, request)

    async def perform(self) -> str:
        self.performed += 1
        return f"answer {self.performed}"

    async def answer(self, **more: Any) -> str | KeptAnswer:
        wanted = {"call": self.call(), "perform": self.perform, "to_kept": to_kept, **more}
        answered: str | KeptAnswer = await self.calls.answer_once(**wanted)
        return answered

    def answered(self, **more: Any) -> str | KeptAnswer:
        return self.bench.operator.run(self.answer(**more))

    def rows(self) -> list[Any]:
        wanted = "select * from idempotency_key where organisation_id = $1"
        return self.bench.operator.fetch(wanted, self.bench.organisation.id)

    async def let_the_claim_run_out(self) -> None:
        change = "update idempotency_key set claimed_until = now() where organisation_id = $1"
        await self.bench.house.database.fetch(change, self.bench.organisation.id)


def to_kept(answer: str) -> KeptAnswer:
    return KeptAnswer(200, answer.encode())


@pytest.fixture
def scene(bench: Workbench) -> Scene:
    return Scene(bench)


def test_what_was_answered_is_answered_again(scene: Scene) -> None:
    assert scene.answered() == "answer 1"
    assert scene.answered() == scene.answered() == KeptAnswer(200, b"answer 1")
    assert scene.performed == 1


def test_another_request_with_the_key_is_refused(scene: Scene) -> None:
    scene.answered()
    with pytest.raises(ReusedIdempotencyKey):
        scene.answered(call=scene.call(REQUEST + b" "))
    assert scene.performed == 1


def test_neither_the_key_nor_the_request_is_in_the_database(scene: Scene) -> None:
    scene.answered(call=scene.call(b"a secret"))
    [row] = scene.rows()
    assert KEY not in str(dict(row))
    assert "a secret" not in str(dict(row))
    # and nobody without the pepper can try what it may have been
    other = AnsweredCalls(IdempotencyKeyTable(scene.bench.house.database), b"another pepper")
    tried = other.identify(scene.bench.caller.principal, KEY, b"a secret")
    assert {tried.digest, tried.request_digest}.isdisjoint({row["digest"], row["request_digest"]})


# How a call can end without an answer


def test_a_failure_releases_the_call(scene: Scene) -> None:
    async def fail() -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        scene.answered(perform=fail)
    assert scene.rows() == []
    assert scene.answered() == "answer 1"


def test_an_answer_that_is_not_to_be_kept_releases_the_call(scene: Scene) -> None:
    assert scene.answered(to_kept=lambda _: None) == "answer 1"
    assert scene.rows() == []
    assert scene.answered() == "answer 2"


def test_a_cancelled_call_is_released(scene: Scene) -> None:
    begun = asyncio.Event()

    async def wait() -> str:
        begun.set()
        await asyncio.sleep(60)
        return "never"

    async def cancel_one() -> None:
        task = asyncio.create_task(scene.answer(perform=wait))
        await begun.wait()
        with pytest.raises(CallUnderWay):
            await scene.answer()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    scene.bench.operator.run(cancel_one())
    assert scene.rows() == []
    assert scene.answered() == "answer 1"


class GoneAfterTheClaim(IdempotencyKeyTable):
    """The database goes away while the call is performed."""

    async def keep(self, *_: object) -> bool:
        raise Unavailable("Database connection failed")

    async def release(self, *_: object) -> None:
        raise Unavailable("Database connection failed")


@pytest.mark.parametrize("kept", [KeptAnswer(200, b"answer 1"), None], ids=["to be kept", "to be released"])
def test_who_performed_it_is_answered_even_if_the_database_is_away_since(
    bench: Workbench, kept: KeptAnswer | None
) -> None:
    scene = Scene(bench, AnsweredCalls(GoneAfterTheClaim(bench.house.database), b"pepper"))
    assert scene.answered(to_kept=lambda _: kept) == "answer 1"
    # a retry waits until the claim has run out, since nobody can know
    with pytest.raises(CallUnderWay):
        scene.answered()
    bench.operator.run(scene.let_the_claim_run_out())
    assert scene.answered() == "answer 2"


# Who takes over


def test_a_claim_that_ran_out_is_taken_over_by_the_same_request_alone(scene: Scene) -> None:
    table = IdempotencyKeyTable(scene.bench.house.database)
    dead = scene.bench.operator.run(table.claim(scene.call(), 60.0, 24))
    assert isinstance(dead, Claim)
    with pytest.raises(CallUnderWay):
        scene.answered()
    scene.bench.operator.run(scene.let_the_claim_run_out())
    with pytest.raises(ReusedIdempotencyKey):
        scene.answered(call=scene.call(b"another"))
    assert scene.answered() == "answer 1"
    assert scene.answered() == KeptAnswer(200, b"answer 1")


@pytest.mark.parametrize("kept", [KeptAnswer(200, b"late"), None], ids=["an answer", "a failure"])
def test_who_was_taken_for_dead_and_comes_back_changes_nothing(scene: Scene, kept: KeptAnswer | None) -> None:
    async def be_overtaken() -> str:
        await scene.let_the_claim_run_out()
        assert await scene.answer() == "answer 1"
        return "late"

    assert scene.answered(perform=be_overtaken, to_kept=lambda _: kept) == "late"
    assert scene.answered() == KeptAnswer(200, b"answer 1")


@pytest.mark.parametrize("kept", [KeptAnswer(200, b"late"), None], ids=["an answer", "a failure"])
def test_nor_while_the_other_is_still_under_way(scene: Scene, kept: KeptAnswer | None) -> None:
    table = IdempotencyKeyTable(scene.bench.house.database)

    async def be_overtaken() -> str:
        await scene.let_the_claim_run_out()
        assert isinstance(await table.claim(scene.call(), 60.0, 24), Claim)
        return "late"

    scene.answered(perform=be_overtaken, to_kept=lambda _: kept)
    with pytest.raises(CallUnderWay):
        scene.answered()


# Old answers


def fill(scene: Scene, count: int, age: str) -> None:
    insert = f"""
    insert into idempotency_key (organisation_id, key_id, digest, request_digest, claimed_until, status, answer,
        created_at)
    select $1, n, 'd', 'r', now(), 200, 'a', now() - interval '{age}' from generate_series(1, $2::integer) n
    """
    scene.bench.operator.fetch(insert, scene.bench.organisation.id, count)


@pytest.mark.parametrize(("age", "left"), [("23 hours 59 minutes", 1100), ("24 hours", 0)])
def test_answers_are_forgotten_after_a_day_however_many(scene: Scene, age: str, left: int) -> None:
    fill(scene, 1100, age)
    scene.bench.operator.run(scene.bench.house.upkeep.purge())
    assert len(scene.rows()) == left
