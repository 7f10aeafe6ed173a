"""The pool, on a real server: what counts as a database that is away, and what a unit of work leaves behind."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from jackfield.domain.errors import Misconfigured, Unavailable
from jackfield.storage.migrate import current_version
from jackfield.storage.pool import Pool
from support.service import free_port


def in_pool(dsn: str, scenario: Callable[[Pool], Awaitable[None]], size: int = 2) -> None:
    async def run() -> None:
        pool = Pool(dsn, None, size)
        await pool.open()
        try:
            await scenario(pool)
        finally:
            await pool.close()

    asyncio.run(run())


def test_a_server_that_is_not_there_is_unavailable() -> None:
    dsn = f"postgresql://user:hunter2@127.0.0.1:{free_port()}/db"
    with pytest.raises(Unavailable, match=r"^Database connection failed$"):
        asyncio.run(Pool(dsn, None, 2).open())
    with pytest.raises(Unavailable, match="Database connection failed"):
        asyncio.run(current_version(dsn))


@pytest.mark.parametrize("address", ["user:hunter2@localhost:99999/db", "user:hunter2@localhost/db?sslmode=nonsense"])
def test_an_address_that_leads_nowhere_is_said_without_its_password(address: str) -> None:
    with pytest.raises((Unavailable, Misconfigured)) as caught:
        asyncio.run(current_version(f"postgresql://{address}"))
    assert "hunter2" not in str(caught.value)


def test_a_database_that_is_not_there_is_the_operators_to_mend(server_url: str) -> None:
    # an embedded server's address ends in a query
    address, mark, query = server_url.partition("?")
    dsn = f"{address.rpartition('/')[0]}/no_such_database{mark}{query}"
    with pytest.raises(Misconfigured, match="no_such_database"):
        asyncio.run(current_version(dsn))


def test_a_pool_that_is_not_open_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        asyncio.run(Pool("postgresql://127.0.0.1/db", None, 2).fetch("select 1"))


def test_a_lost_connection_is_unavailable_once_and_replaced(server_url: str) -> None:
    async def scenario(pool: Pool) -> None:
        with pytest.raises(Unavailable):
            await pool.fetch("select pg_terminate_backend(pg_backend_pid())")
        assert (await pool.fetch("select 7"))[0][0] == 7
        await pool.ping()

    in_pool(server_url, scenario)


def test_a_statement_that_is_wrong_is_not_a_database_that_is_away(server_url: str) -> None:
    async def scenario(pool: Pool) -> None:
        with pytest.raises(asyncpg.DivisionByZeroError):
            await pool.fetch("select 1 / 0")
        with pytest.raises(asyncpg.DataError):
            await pool.fetch("select $1::bigint", "not a number")
        await pool.ping()

    in_pool(server_url, scenario)


def test_waiting_in_vain_for_a_connection_is_unavailable(server_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jackfield.storage.pool._CONNECT_SECONDS", 0.2)

    async def scenario(pool: Pool) -> None:
        async with pool.connection():
            busy = asyncio.create_task(pool.fetch("select pg_sleep(60)"))
            await asyncio.sleep(0.1)
            with pytest.raises(Unavailable):
                await pool.fetch("select 1")
            with pytest.raises(Unavailable):
                await pool.ping()
            with pytest.raises(Unavailable):
                async with pool.connection():
                    pass
            busy.cancel()
            await asyncio.gather(busy, return_exceptions=True)
        await pool.ping()

    in_pool(server_url, scenario)


def test_a_unit_of_work_happens_whole_or_not_at_all(server_url: str) -> None:
    async def scenario(pool: Pool) -> None:
        await pool.fetch("create temporary table deed (n int)")
        with contextlib.suppress(LookupError):
            async with pool.connection() as connection:
                await connection.execute("insert into deed values (1)")
                raise LookupError
        assert await pool.fetch("select n from deed") == []
        async with pool.connection() as connection:
            await connection.execute("insert into deed values (2)")
        assert [record[0] for record in await pool.fetch("select n from deed")] == [2]

    # one connection, which the temporary table belongs to
    in_pool(server_url, scenario, size=1)


def test_a_cancelled_unit_of_work_leaves_a_usable_connection(server_url: str) -> None:
    async def scenario(pool: Pool) -> None:
        async def deed() -> None:
            async with pool.connection() as connection:
                await connection.execute("select pg_sleep(60)")

        task = asyncio.create_task(deed())
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await pool.fetch("select 7"))[0][0] == 7

    in_pool(server_url, scenario, size=1)


def test_closing_does_not_wait_for_ever(server_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jackfield.storage.pool._CONNECT_SECONDS", 0.2)

    async def run() -> None:
        pool = Pool(server_url, None, 2)
        await pool.open()
        busy = asyncio.create_task(pool.fetch("select pg_sleep(60)"))
        await asyncio.sleep(0.1)
        async with asyncio.timeout(5):
            await pool.close()
        with pytest.raises(Unavailable):
            await busy

    asyncio.run(run())


def test_who_holds_a_lock_gets_one_more_connection_although_all_others_wait_for_it(server_url: str) -> None:
    async def scenario(pool: Pool) -> None:
        async def deed() -> None:
            async with pool.connection() as connection:
                await connection.execute("select pg_advisory_xact_lock(407)")
                # such as a data key that is read for the first time
                await pool.fetch("select pg_sleep(0.01)")

        await asyncio.gather(*(deed() for _ in range(12)))

    in_pool(server_url, scenario, size=4)
