"""A limited account rests, for every process: nobody calls its vendor before the limit is over."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable

import pytest

from jackfield.domain.credential import Secrets
from jackfield.domain.integration import Detail
from jackfield.domain.job import JobKind
from jackfield.domain.provider import AccountResting, Connection, VendorLimited
from jackfield.services.vendor_calls import VendorCalls
from jackfield.storage.rests import RestTable
from support.vendor_server import VendorServer, limited, taken
from support.workbench import Workbench

SECRETS = Secrets({"access_token": "t"})


@pytest.fixture
def integration(bench: Workbench) -> Detail:
    found = bench.operator.run(
        bench.house.services.administration._hot.get_detail(bench.organisation.id, bench.integration())
    )
    assert found is not None
    return found


def calls_of(bench: Workbench) -> VendorCalls:
    """As another process would have it: nothing is shared but the database."""
    return VendorCalls(RestTable(bench.house.database))


def call(bench: Workbench, integration: Detail, deed: Callable[[Connection], Awaitable[str]]) -> str:
    return bench.operator.run(calls_of(bench).call(integration, SECRETS, deed))


def leaving(remaining: int | None, seconds: float | None) -> Callable[[Connection], Awaitable[str]]:
    async def deed(connection: Connection) -> str:
        await asyncio.sleep(0)
        connection.budget.note(remaining, seconds)
        return "done"

    return deed


def test_a_limit_that_one_process_hears_is_kept_by_the_others(bench: Workbench, integration: Detail) -> None:
    async def limits(_: Connection) -> str:
        raise VendorLimited("Too many", 20.0)

    with pytest.raises(VendorLimited, match="Too many"):
        call(bench, integration, limits)
    with pytest.raises(AccountResting) as resting:
        call(bench, integration, leaving(None, None))
    assert 15 < resting.value.seconds <= 20


@pytest.mark.parametrize(("remaining", "rests"), [(0, True), (1, False), (4999, False), (None, False)])
def test_a_budget_that_is_spent_is_waited_for_before_the_vendor_has_to_say_so(
    bench: Workbench, integration: Detail, remaining: int | None, rests: bool
) -> None:
    assert call(bench, integration, leaving(remaining, 30.0)) == "done"
    if rests:
        with pytest.raises(AccountResting):
            call(bench, integration, leaving(None, None))
    else:
        assert call(bench, integration, leaving(None, None)) == "done"


def test_another_integration_does_not_rest_with_it(bench: Workbench, integration: Detail) -> None:
    other = bench.operator.run(
        bench.house.services.administration._hot.get_detail(bench.organisation.id, bench.integration())
    )
    assert other is not None
    call(bench, integration, leaving(0, 30.0))
    assert call(bench, other, leaving(None, None)) == "done"


def test_of_two_limits_the_longer_one_counts(bench: Workbench, integration: Detail) -> None:
    rests = RestTable(bench.house.database)
    for seconds in (40.0, 5.0):
        bench.operator.run(rests.note(integration.organisation_id, integration.id, seconds))
    left = bench.operator.run(rests.seconds(integration.organisation_id, integration.id))
    assert left is not None
    assert left > 30


def test_a_job_of_a_resting_account_waits_without_calling_and_without_having_failed(
    bench: Workbench, vendors: VendorServer
) -> None:
    token = f"token-{uuid.uuid4()}"
    account = vendors.answer(token, limited(3), taken)
    integration_id = bench.integration("github", token)
    job_id = bench.queue(integration_id)
    assert bench.run(job_id) is not None
    assert len(account.asked) == 1
    # as a worker would that looks too early, or another job of the same account
    delay = bench.run(job_id)
    assert delay is not None
    assert 0 < delay < 10
    assert len(account.asked) == 1
    job = bench.job(job_id)
    assert (job["kind"], job["state"], job["failures"]) == (JobKind.VERIFY, "scheduled", 1)
    assert "limits this account" in job["error"]
