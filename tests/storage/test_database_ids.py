"""Ids as the database makes them."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import asyncpg

from jackfield.domain import ids
from support.operator import Operator

SEQUENCE = 2**22


def make_ids(dsn: str, connections: int, statements: int, each: int) -> list[list[int]]:
    """Ids made by several connections at once, in many statements; one list for each connection."""

    async def writer(begin: asyncio.Event) -> list[int]:
        connection = await asyncpg.connect(dsn)
        try:
            await begin.wait()
            made: list[int] = []
            for _ in range(statements):
                records = await connection.fetch("select new_id() from generate_series(1, $1)", each)
                made += [record[0] for record in records]
            return made
        finally:
            await connection.close()

    async def run() -> list[list[int]]:
        begin = asyncio.Event()
        writers = [asyncio.create_task(writer(begin)) for _ in range(connections)]
        await asyncio.sleep(0.1)
        begin.set()
        return await asyncio.gather(*writers)

    return asyncio.run(run())


def test_ids_of_several_connections_at_once_are_unique_in_order_and_of_now(
    operator: Operator, environment: dict[str, str]
) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    made = make_ids(environment["JACKFIELD_DATABASE_URL"], connections=8, statements=25, each=50)
    after = datetime.now(UTC)
    every = [number for writer in made for number in writer]
    assert len(every) == 10_000
    assert len(set(every)) == 10_000
    assert all(0 < number <= ids.MAXIMUM for number in every)
    assert all(before <= ids.created_at(number) <= after for number in every)
    # each writer's come in order, save where the sequence begins anew
    for writer in made:
        steps_back = sum(later < earlier for earlier, later in pairwise(writer))
        assert steps_back <= 1


def test_the_time_in_an_id_is_its_rows(operator: Operator) -> None:
    organisation = operator.create_organisation()
    apart = abs(ids.created_at(organisation.id) - organisation.created_at)
    assert apart < timedelta(seconds=1)


def test_ids_stay_unique_where_the_sequence_begins_anew(operator: Operator, environment: dict[str, str]) -> None:
    operator.fetch("select setval('id_sequence', $1)", SEQUENCE - 5)
    [made] = make_ids(environment["JACKFIELD_DATABASE_URL"], connections=1, statements=1, each=10)
    assert len(set(made)) == 10
    assert [number % SEQUENCE for number in made] == [*range(SEQUENCE - 4, SEQUENCE), *range(6)]


def test_an_id_of_the_far_future_still_fits(operator: Operator) -> None:
    # the largest id is of the year 2094, and PostgreSQL's bigint holds it
    [record] = operator.fetch("select $1::bigint", ids.MAXIMUM)
    assert record[0] == ids.MAXIMUM
    assert ids.created_at(ids.MAXIMUM).year == 2094
