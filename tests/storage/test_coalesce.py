"""Calls that arrive together share one statement, and nothing else."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import asyncpg
import pytest

from jackfield.domain.errors import Unavailable
from jackfield.storage.coalesce import BATCH, LANES, Coalescer

Run = Callable[[Sequence[int]], Awaitable[Sequence[int]]]


class Statements:
    """Answers each number with its square, and remembers what was asked together.

    Stops at the gate, when there is one, and raises what `wrong` finds wrong with a batch.
    """

    def __init__(self, wrong: Callable[[Sequence[int]], BaseException | None] = lambda _: None) -> None:
        self.batches: list[list[int]] = []
        self.under_way = 0
        self.most_under_way = 0
        self.gate: asyncio.Event | None = None
        self._wrong = wrong

    async def run(self, numbers: Sequence[int]) -> list[int]:
        self.batches.append(list(numbers))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await (self.gate.wait() if self.gate else asyncio.sleep(0))
            if error := self._wrong(numbers):
                raise error
            return [number**2 for number in numbers]
        finally:
            self.under_way -= 1


def within_seconds(scenario: Coroutine[Any, Any, None]) -> None:
    """A question that is never answered fails its test instead of hanging it."""

    async def run() -> None:
        async with asyncio.timeout(2):
            await scenario

    asyncio.run(run())


def test_one_call_is_answered_at_once() -> None:
    async def scenario() -> None:
        statements = Statements()
        assert await Coalescer(statements.run).ask(3) == 9
        assert statements.batches == [[3]]

    within_seconds(scenario())


def test_calls_of_one_tick_share_a_statement_and_each_gets_its_own_answer() -> None:
    async def scenario() -> None:
        statements = Statements()
        coalescer = Coalescer(statements.run)
        answers = await asyncio.gather(*(coalescer.ask(number) for number in range(20)))
        assert answers == [number**2 for number in range(20)]
        assert statements.batches == [[*range(20)]]

    within_seconds(scenario())


def test_who_comes_while_the_lanes_are_busy_shares_the_next_statement() -> None:
    async def scenario() -> None:
        statements = Statements()
        statements.gate = asyncio.Event()
        coalescer = Coalescer(statements.run)
        tasks = []
        for number in range(LANES + 10):
            tasks.append(asyncio.create_task(coalescer.ask(number)))
            await asyncio.sleep(0.001)
        assert statements.batches == [[number] for number in range(LANES)]
        statements.gate.set()
        assert await asyncio.gather(*tasks) == [number**2 for number in range(LANES + 10)]
        assert statements.batches[LANES:] == [[*range(LANES, LANES + 10)]]
        assert statements.most_under_way == LANES

    within_seconds(scenario())


def test_a_statement_has_a_largest_size() -> None:
    async def scenario() -> None:
        statements = Statements()
        coalescer = Coalescer(statements.run)
        many = BATCH * 5 + 1
        assert await asyncio.gather(*(coalescer.ask(number) for number in range(many))) == [
            number**2 for number in range(many)
        ]
        assert [len(batch) for batch in statements.batches] == [BATCH] * 5 + [1]
        assert statements.most_under_way == LANES

    within_seconds(scenario())


def test_one_bad_row_fails_alone() -> None:
    async def scenario() -> None:
        bad = asyncpg.UniqueViolationError("7 is bad")
        statements = Statements(lambda numbers: bad if 7 in numbers else None)
        coalescer = Coalescer(statements.run)
        answers = await asyncio.gather(*(coalescer.ask(number) for number in range(10)), return_exceptions=True)
        assert answers == [bad if number == 7 else number**2 for number in range(10)]
        assert statements.batches == [[*range(10)], *([number] for number in range(10))]

    within_seconds(scenario())


def test_an_argument_of_the_wrong_type_fails_alone_too() -> None:
    async def scenario() -> None:
        bad = asyncpg.DataError("7 is bad")
        statements = Statements(lambda numbers: bad if 7 in numbers else None)
        coalescer = Coalescer(statements.run)
        answers = await asyncio.gather(*(coalescer.ask(number) for number in (6, 7, 8)), return_exceptions=True)
        assert answers == [36, bad, 64]

    within_seconds(scenario())


def test_a_database_that_went_away_is_told_to_all_and_nothing_runs_again() -> None:
    async def scenario() -> None:
        away = Unavailable("Database connection failed")
        statements = Statements(lambda _: away)
        coalescer = Coalescer(statements.run)
        answers = await asyncio.gather(*(coalescer.ask(number) for number in range(5)), return_exceptions=True)
        assert answers == [away] * 5
        assert len(statements.batches) == 1

    within_seconds(scenario())


def test_it_goes_on_after_failures() -> None:
    async def scenario() -> None:
        errors: list[BaseException | None] = [Unavailable("away"), asyncpg.UniqueViolationError("bad"), None]
        statements = Statements(lambda _: errors.pop(0) if errors else None)
        coalescer = Coalescer(statements.run)
        with pytest.raises(Unavailable):
            await coalescer.ask(1)
        with pytest.raises(asyncpg.UniqueViolationError):
            await coalescer.ask(2)
        assert await coalescer.ask(3) == 9

    within_seconds(scenario())


def test_who_has_gone_before_the_statement_is_left_out_of_it() -> None:
    async def scenario() -> None:
        statements = Statements()
        statements.gate = asyncio.Event()
        coalescer = Coalescer(statements.run)
        first = []
        for lane in range(LANES):
            first.append(asyncio.create_task(coalescer.ask(-lane)))
            await asyncio.sleep(0.001)
        later = [asyncio.create_task(coalescer.ask(number)) for number in range(4)]
        await asyncio.sleep(0.001)
        later[2].cancel()
        statements.gate.set()
        answers = await asyncio.gather(*later, return_exceptions=True)
        assert [answer for number, answer in enumerate(answers) if number != 2] == [0, 1, 9]
        assert isinstance(answers[2], asyncio.CancelledError)
        await asyncio.gather(*first)
        assert [0, 1, 3] in statements.batches

    within_seconds(scenario())


def test_who_goes_during_the_statement_does_not_disturb_the_others() -> None:
    async def scenario() -> None:
        statements = Statements()
        statements.gate = asyncio.Event()
        coalescer = Coalescer(statements.run)
        tasks = [asyncio.create_task(coalescer.ask(number)) for number in range(4)]
        await asyncio.sleep(0.001)
        tasks[1].cancel()
        await asyncio.sleep(0.001)
        statements.gate.set()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert (answers[0], answers[2], answers[3]) == (0, 4, 9)
        assert await coalescer.ask(5) == 25

    within_seconds(scenario())


def test_everybody_is_answered_when_a_row_fails_for_an_unforeseen_reason() -> None:
    async def scenario() -> None:
        def wrong(numbers: Sequence[int]) -> BaseException | None:
            if len(numbers) > 1:
                return asyncpg.UniqueViolationError("one of them is bad")
            return RuntimeError("not of the database") if numbers == [1] else None

        coalescer = Coalescer(Statements(wrong).run)
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        answers = await asyncio.gather(*(coalescer.ask(number) for number in range(4)), return_exceptions=True)
        assert isinstance(answers[1], RuntimeError)
        assert (answers[0], answers[2], answers[3]) == (0, 4, 9)

    within_seconds(scenario())


def test_everybody_is_answered_when_the_statement_answers_too_little() -> None:
    async def scenario() -> None:
        async def run(numbers: Sequence[int]) -> list[int]:
            return [number**2 for number in numbers[:-1]]

        coalescer = Coalescer(run)
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        answers = await asyncio.gather(*(coalescer.ask(number) for number in range(3)), return_exceptions=True)
        assert isinstance(answers[2], Exception)

    within_seconds(scenario())
