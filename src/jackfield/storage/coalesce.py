"""Calls that arrive together share one statement.

A statement costs far more than a row of it: a round trip, a turn of the pool and, for a write, a flush of the log.
Whoever calls while the others' statement is under way waits for the next one; on an idle service each goes at once.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

import asyncpg

Question = TypeVar("Question")
Answer = TypeVar("Answer")

#: questions in one statement
BATCH: Final = 64
#: statements under way at once
LANES: Final = 2


class Coalescer(Generic[Question, Answer]):
    """Answers questions through `run`, which takes many at once and answers each in its place.

    A question is answered only after the statement that carried it has committed. When a statement of several fails
    for what is in it, each question is run again by itself, so that one bad row fails alone. When the database went
    away, nobody knows whether it committed: every question of it gets that error.
    """

    def __init__(self, run: Callable[[Sequence[Question]], Awaitable[Sequence[Answer]]]) -> None:
        self._run = run
        self._waiting: deque[tuple[Question, asyncio.Future[Answer]]] = deque()
        self._flushes: set[asyncio.Task[None]] = set()
        self._scheduled = False

    async def ask(self, question: Question) -> Answer:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((question, future))
        if not self._scheduled and len(self._flushes) < LANES:
            self._scheduled = True
            # at the end of this tick, when all that arrived in it have asked
            loop.call_soon(self._start)
        return await future

    def _start(self) -> None:
        self._scheduled = False
        while self._waiting and len(self._flushes) < LANES:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            flush = asyncio.get_running_loop().create_task(self._flush(batch))
            self._flushes.add(flush)
            flush.add_done_callback(self._finished)

    def _finished(self, flush: asyncio.Task[None]) -> None:
        self._flushes.discard(flush)
        self._start()

    async def _flush(self, batch: list[tuple[Question, asyncio.Future[Answer]]]) -> None:
        # who has gone away in the meantime (a closed connection) needs no answer
        batch = [(question, future) for question, future in batch if not future.done()]
        if not batch:
            return
        try:
            answers = await self._run([question for question, _ in batch])
            answered = list(zip(batch, answers, strict=True))
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            await self._flush_singly(batch, error)
        except Exception as error:  # noqa: BLE001  whoever asked gets it, and nobody waits for ever
            _fail(batch, error)
        except asyncio.CancelledError:
            _cancel(batch)
            raise
        else:
            for (_, future), answer in answered:
                if not future.done():
                    future.set_result(answer)

    async def _flush_singly(self, batch: list[tuple[Question, asyncio.Future[Answer]]], error: Exception) -> None:
        if len(batch) == 1:
            _fail(batch, error)
            return
        try:
            for single in batch:
                await self._flush([single])
        except asyncio.CancelledError:
            _cancel(batch)
            raise


def _cancel(batch: list[tuple[Question, asyncio.Future[Answer]]]) -> None:
    for _, future in batch:
        future.cancel()


def _fail(batch: list[tuple[Question, asyncio.Future[Answer]]], error: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
