"""Tokens are kept fresh: what is asked of the vendor, what is stored, and what an integration is after it."""

import asyncio
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jackfield.domain import fetching
from jackfield.domain.definition import FieldProblem
from jackfield.domain.errors import CapabilityMissing, Unavailable
from jackfield.domain.fetching import Fetched, NothingToFetch
from jackfield.domain.integration import Wanted
from jackfield.domain.job import JobKind
from jackfield.domain.principal import Caller, Capability, Principal
from jackfield.domain.submission import Submission
from jackfield.settings import ProviderSettings
from jackfield.vault import generate_master_key
from support.grants import events_of, granted, secrets_of
from support.operator import ORIGIN, Operator
from support.token_server import Grant, TokenServer
from support.vendor_server import Behaviour, Gate, broken, limited, resets, say, web_page
from support.workbench import Workbench


@pytest.fixture(scope="module")
def tokens() -> Iterator[TokenServer]:
    with TokenServer.start() as tokens:
        yield tokens


@pytest.fixture(scope="module")
def refresh_operator(server_url: str, tokens: TokenServer) -> Iterator[Operator]:
    placed = {slug: ProviderSettings(**one) for slug, one in tokens.settings().items()}
    with Operator.database(server_url, f"jackfield_refresh_{uuid.uuid4().hex[:8]}") as dsn:
        environment = {"JACKFIELD_DATABASE_URL": dsn, "JACKFIELD_MASTER_KEYS": generate_master_key()}
        with Operator.open(environment, providers=placed) as operator:
            yield operator


@pytest.fixture
def bench(refresh_operator: Operator) -> Workbench:
    return Workbench(refresh_operator)


def until(**time: float) -> datetime:
    return datetime.now(UTC) + timedelta(**time)


def text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def connected(bench: Workbench, grant: Grant, expires: datetime | None = None, **columns: Any) -> int:
    """A live integration with GitLab, by OAuth; an hour is left of its token unless said otherwise."""
    ends = expires or until(hours=1)
    known = {
        "token_expires_at": ends,
        "fresh_until": ends - timedelta(minutes=5),
        "refresh_due_at": until(minutes=-1),
        **columns,
    }
    return granted(bench, {**grant.secrets, "expires_at": text(ends)}, "gitlab", **known)


def tend(bench: Workbench) -> None:
    bench.operator.run(bench.house.upkeep.tend())


def job_of(bench: Workbench, integration: int, kind: str = "refresh") -> int:
    [job] = [one for one in bench.jobs_of(integration) if one["kind"] == kind and not one["completed_at"]]
    number: int = job["id"]
    return number


def refresh(bench: Workbench, integration: int) -> Any:
    """Its time has come, the upkeep has seen it, and the job has run to its end; the job."""
    bench.change(integration, refresh_due_at=until(minutes=-1))
    tend(bench)
    return bench.run_to_its_end(job_of(bench, integration))


def verify(bench: Workbench, integration: int) -> Any:
    return bench.run_to_its_end(bench.queue(integration, JobKind.VERIFY))


def fetch(bench: Workbench, integration: int, name: str | None = None) -> Fetched:
    wanted = Wanted(integration, "the test's")
    return bench.operator.run(bench.house.services.fetching.fetch(bench.caller, wanted, name))


def fetches_audited(bench: Workbench, integration: int) -> int:
    count = "select count(*) from audit_entry where organisation_id = $1 and action = $2 and $3 = any(subject_ids)"
    found: int = bench.operator.fetch(count, bench.organisation.id, "credential.fetched", integration)[0][0]
    return found


# Before it expires


def test_what_is_due_is_refreshed_once_and_due_again_before_its_end(bench: Workbench, tokens: TokenServer) -> None:
    grant = tokens.grant()
    integration = connected(bench, grant)
    tend(bench)
    tend(bench)
    job = bench.run_to_its_end(job_of(bench, integration))
    assert (job["state"], job["creator_user"], job["creator_key_id"]) == ("completed", "jackfield", None)
    stored, row = secrets_of(bench, integration), bench.row(integration)
    assert {name: stored[name] for name in grant.secrets} == grant.secrets
    assert (grant.asked, grant.refreshes) == (1, 1)
    assert until(seconds=7100) < row["token_expires_at"] < until(seconds=7300)
    assert until(seconds=0.68 * 7200) < row["refresh_due_at"] < until(seconds=0.87 * 7200)
    assert stored["expires_at"] == text(row["token_expires_at"])
    assert (row["health"], row["status"], row["state"]) == ("active", "active", "live")
    assert row["credential_version"] == 2


def test_what_is_not_due_and_what_somebody_brought_is_left_alone(bench: Workbench, tokens: TokenServer) -> None:
    grant = tokens.grant()
    later = connected(bench, grant, refresh_due_at=until(minutes=5))
    brought = bench.integration("gitlab", "brought", state="live")
    tend(bench)
    assert (bench.jobs_of(later), bench.jobs_of(brought), grant.asked) == ([], [], 0)


def test_a_job_that_comes_late_does_not_refresh_again(bench: Workbench, tokens: TokenServer) -> None:
    grant = tokens.grant()
    integration = connected(bench, grant)
    tend(bench)
    bench.change(integration, refresh_due_at=until(minutes=50))
    assert bench.run_to_its_end(job_of(bench, integration))["state"] == "completed"
    assert grant.asked == 0


def test_a_person_can_ask_for_it(bench: Workbench, tokens: TokenServer) -> None:
    grant = tokens.grant()
    integration = connected(bench, grant, refresh_due_at=until(minutes=50))
    job = bench.operator.run(bench.house.services.refreshing.ask(bench.caller, Wanted(integration, "x")))
    assert bench.run_to_its_end(job.id)["state"] == "completed"
    assert (grant.refreshes, secrets_of(bench, integration)["access_token"]) == (1, grant.access)


@pytest.mark.parametrize("provider", ["gitlab", "teams", "sentry"])
def test_where_nothing_was_granted_there_is_nothing_to_ask_for(bench: Workbench, provider: str) -> None:
    integration = bench.integration(provider, "token")
    with pytest.raises(FieldProblem):
        bench.operator.run(bench.house.services.refreshing.ask(bench.caller, Wanted(integration, "x")))


def test_tokens_that_somebody_brings_are_not_refreshed_any_more(bench: Workbench, tokens: TokenServer) -> None:
    integration = connected(bench, tokens.grant())
    administration = bench.house.services.administration
    sent = Submission(name="x", identifier="x", auth={"api_key": "brought"}, extra={}, enabled=True)
    bench.operator.run(administration.update(bench.caller, Wanted(integration, "x"), sent))
    row = bench.row(integration)
    assert (row["granted_at"], row["token_expires_at"], row["refresh_due_at"]) == (None, None, None)


# A vendor that does not answer


@pytest.mark.parametrize(
    "behaviour",
    [broken, web_page, resets, limited(3), say(200, {"error": "temporarily_unavailable"}), say(200, [])],
    ids=["broken", "web page", "reset", "limited", "error in a 200", "no object"],
)
def test_no_usable_answer_degrades_and_breaks_nothing(
    bench: Workbench, tokens: TokenServer, behaviour: Behaviour
) -> None:
    grant = tokens.grant()
    integration = connected(bench, grant)
    grant.script = [behaviour] * 8
    job = refresh(bench, integration)
    row = bench.row(integration)
    assert job["state"] == "error"
    assert (row["health"], row["status"], row["state"]) == ("degraded", "active", "live")
    assert row["health_reason"] == job["error"]
    assert until(minutes=4) < row["refresh_due_at"] < until(minutes=11)
    grant.script = []
    assert refresh(bench, integration)["state"] == "completed"
    assert verify_queued(bench, integration)["state"] == "completed"
    assert (bench.row(integration)["health"], events_of(bench, integration)) == ("active", [])


def a_day_later(bench: Workbench, integration: int) -> None:
    """As when the first try without a usable answer had been so long ago, and the integration been granted before."""
    bench.operator.fetch(
        "update refresh_lease set asked_at = asked_at - interval '25 hours' "
        "where organisation_id = $1 and integration_id = $2",
        bench.organisation.id,
        integration,
    )
    bench.change(integration, granted_at=until(days=-3))


NEVER_HEARD_OF = say(401, {"message": "nope", "code": "E_NO"})


@pytest.mark.parametrize(
    "refusal",
    [NEVER_HEARD_OF, say(403, {"error": "forbidden_by_policy"}), say(404, {}), say(409, [])],
    ids=["401", "403", "404", "409"],
)
def test_a_refusal_in_words_nobody_knows_asks_the_customer_after_a_day(
    bench: Workbench, tokens: TokenServer, refusal: Behaviour
) -> None:
    grant = tokens.grant()
    integration = connected(bench, grant, expires=until(minutes=-1))
    grant.script = [refusal] * 80
    refresh(bench, integration)
    refresh(bench, integration)
    row = bench.row(integration)
    assert (row["health"], row["status"]) == ("degraded", "active")
    a_day_later(bench, integration)
    refresh(bench, integration)
    row = bench.row(integration)
    assert (row["health"], row["status"]) == ("needs_reauthorisation", "error")
    assert "for a day" in row["health_reason"]
    assert "connect it once more" in row["health_reason"]
    assert "was lost" not in row["health_reason"]
    assert events_of(bench, integration) == ["broken"]


def test_nobody_is_asked_while_the_access_token_lasts(bench: Workbench, tokens: TokenServer) -> None:
    grant = tokens.grant()
    integration = connected(bench, grant, expires=until(hours=2))
    grant.script = [NEVER_HEARD_OF] * 80
    refresh(bench, integration)
    a_day_later(bench, integration)
    refresh(bench, integration)
    assert bench.row(integration)["health"] == "degraded"
    grant.script = []
    assert refresh(bench, integration)["state"] == "completed"


def test_an_outage_of_a_day_that_ends_in_a_strange_word_breaks_nothing(bench: Workbench, tokens: TokenServer) -> None:
    grant = tokens.grant()
    integration = connected(bench, grant, expires=until(minutes=-1))
    grant.script = [broken] * 8
    refresh(bench, integration)
    a_day_later(bench, integration)
    grant.script = [NEVER_HEARD_OF] * 8
    refresh(bench, integration)
    assert (bench.row(integration)["health"], bench.row(integration)["status"]) == ("degraded", "active")
    grant.script = []
    assert refresh(bench, integration)["state"] == "completed"


def verify_queued(bench: Workbench, integration: int) -> Any:
    return bench.run_to_its_end(job_of(bench, integration, "verify"))


def test_a_vendor_that_is_down_for_a_day_breaks_nothing(bench: Workbench, tokens: TokenServer) -> None:
    grant = tokens.grant()
    integration = connected(bench, grant, expires=until(minutes=-1))
    for _ in range(24):
        grant.script = [broken] * 8
        refresh(bench, integration)
        row = bench.row(integration)
        assert (row["health"], row["status"]) == ("degraded", "active")
    grant.script = []
    refresh(bench, integration)
    verify_queued(bench, integration)
    assert bench.row(integration)["health"] == "active"
    assert events_of(bench, integration) == []
    assert fetch(bench, integration).access_token == grant.access


def test_a_lost_answer_ends_in_one_retry_and_the_true_reason(bench: Workbench, tokens: TokenServer) -> None:
    grant = tokens.grant()
    integration = connected(bench, grant)
    grant.instead = resets
    began = datetime.now(UTC)
    job = refresh(bench, integration)
    row = bench.row(integration)
    assert grant.asked == 2
    assert (row["health"], row["status"]) == ("needs_reauthorisation", "error")
    assert "was lost" in row["health_reason"]
    assert f"begun at {text(began)[:16]}" in row["health_reason"]
    assert (job["state"], row["error"], row["refresh_due_at"]) == ("error", row["health_reason"], None)
    assert events_of(bench, integration) == ["broken"]


# A vendor that refuses


def test_a_revoked_grant_is_seen_within_one_check(bench: Workbench, tokens: TokenServer) -> None:
    grant = tokens.grant()
    integration = connected(bench, grant, refresh_due_at=until(minutes=50))
    grant.is_over = True
    job = verify(bench, integration)
    row = bench.row(integration)
    assert (row["health"], row["status"], row["state"]) == ("needs_reauthorisation", "error", "new")
    assert "was lost" not in row["health_reason"]
    assert job["error"] == row["health_reason"]
    assert events_of(bench, integration) == ["broken"]
    with pytest.raises(NothingToFetch, match="connected once more"):
        fetch(bench, integration)
    # seen again, and told once
    verify(bench, integration)
    assert events_of(bench, integration) == ["broken"]


def test_an_operators_registration_that_is_refused_is_not_the_customers_fault(
    bench: Workbench, tokens: TokenServer
) -> None:
    grant = tokens.grant()
    integration = connected(bench, grant)
    grant.script = [say(401, {"error": "invalid_client"})]
    job = refresh(bench, integration)
    row = bench.row(integration)
    assert (job["state"], row["health"], row["status"]) == ("error", "misconfigured", "active")
    assert "operator" in row["health_reason"]
    assert row["refresh_due_at"] > until(minutes=25)
    assert fetch(bench, integration).access_token == grant.access
    refresh(bench, integration)
    verify_queued(bench, integration)
    assert bench.row(integration)["health"] == "active"
    assert events_of(bench, integration) == ["broken", "recovered"]


def test_a_token_that_is_dead_before_its_time_is_refreshed_and_the_call_done_once_more(
    bench: Workbench, tokens: TokenServer
) -> None:
    grant = tokens.grant()
    integration = connected(bench, grant, refresh_due_at=until(minutes=50))
    tokens.end_access(grant)
    job = verify(bench, integration)
    assert (job["state"], bench.row(integration)["health"]) == ("completed", "active")
    assert (grant.refreshes, secrets_of(bench, integration)["access_token"]) == (1, grant.access)


def test_an_account_whose_newest_token_is_refused_is_believed_after_one_refresh(
    bench: Workbench, tokens: TokenServer
) -> None:
    grant = tokens.grant()
    integration = connected(bench, grant, refresh_due_at=until(minutes=50))
    grant.is_suspended = True
    job = verify(bench, integration)
    row = bench.row(integration)
    assert (job["state"], row["health"], row["status"]) == ("error", "needs_reauthorisation", "error")
    assert grant.refreshes == 1
    assert events_of(bench, integration) == ["broken"]


# Somebody comes in between


def test_what_came_for_a_deleted_integration_is_ended_at_the_vendor(bench: Workbench, tokens: TokenServer) -> None:
    grant = tokens.grant()
    integration = connected(bench, grant)
    gate = Gate(say(200, {}))
    grant.script = [gate]
    tend(bench)
    running = bench.operator.start(bench.house.runner.run(bench.organisation.id, job_of(bench, integration)))
    gate.wait()
    wanted = Wanted(integration, "x")
    bench.operator.run(bench.house.services.administration.delete(bench.caller, wanted))
    gate.open()
    running.result(20)
    assert tokens.revoked[-1] == grant.access
    assert grant.is_over
    assert bench.row(integration)["state"] == "deleting"


def test_a_person_who_authorises_it_meanwhile_is_not_overwritten(bench: Workbench, tokens: TokenServer) -> None:
    grant, newer = tokens.grant(), tokens.grant()
    integration = connected(bench, grant)
    gate = Gate(say(200, {}))
    grant.script = [gate]
    tend(bench)
    running = bench.operator.start(bench.house.runner.run(bench.organisation.id, job_of(bench, integration)))
    gate.wait()
    bench.change(
        integration,
        sealed_secrets=bench.sealed(integration, newer.secrets),
        credential_version=2,
        granted_at=datetime.now(UTC),
    )
    gate.open()
    running.result(20)
    assert secrets_of(bench, integration)["refresh_token"] == newer.refresh
    assert (grant.is_over, newer.is_over) == (True, False)


def test_a_setting_that_changes_meanwhile_costs_no_token(bench: Workbench, tokens: TokenServer) -> None:
    grant = tokens.grant()
    integration = connected(bench, grant)
    gate = Gate(say(200, {}))
    grant.script = [gate]
    tend(bench)
    running = bench.operator.start(bench.house.runner.run(bench.organisation.id, job_of(bench, integration)))
    gate.wait()
    bench.change(integration, configuration='{"project": "acme/other"}', credential_version=2)
    gate.open()
    running.result(20)
    row = bench.row(integration)
    assert secrets_of(bench, integration)["refresh_token"] == grant.refresh
    assert (row["credential_version"], row["configuration"]) == (3, '{"project": "acme/other"}')
    assert not grant.is_over


# Two tokens


def test_slacks_two_tokens_are_refreshed_separately(bench: Workbench, tokens: TokenServer) -> None:
    bot, user = tokens.grant("bot"), tokens.grant("user")
    ends, user_ends = until(minutes=1), until(hours=10)
    secrets = {
        **bot.secrets,
        **user.secrets,
        "expires_at": text(ends),
        "user_expires_at": text(user_ends),
        "scope": "chat:write",
        "user_scope": "search:read",
    }
    known = {"token_expires_at": ends, "fresh_until": ends, "refresh_due_at": until(minutes=-1)}
    integration = granted(bench, secrets, "slack", **known)
    assert refresh(bench, integration)["state"] == "completed"
    assert (bot.refreshes, user.refreshes) == (1, 0)
    stored = secrets_of(bench, integration)
    assert (stored["access_token"], stored["user_access_token"]) == (bot.access, user.access)
    assert fetch(bench, integration, "user").access_token == user.access
    bench.change(integration, fresh_until=until(seconds=-1))
    sealed = bench.sealed(integration, {**stored, "user_expires_at": text(until(seconds=20))})
    bench.change(integration, sealed_secrets=sealed)
    found = fetch(bench, integration, "user")
    assert (found.access_token, user.refreshes, bot.refreshes) == (user.access, 1, 1)
    with pytest.raises(fetching.UnknownTokenSet):
        fetch(bench, integration, "shop")


# Fetching


def test_a_fresh_token_is_handed_out_as_it_is(bench: Workbench, tokens: TokenServer) -> None:
    grant = tokens.grant()
    integration = connected(bench, grant)
    found = fetch(bench, integration)
    assert (found.access_token, found.token_type, grant.asked) == (grant.access, "Bearer", 0)
    assert found.expires_at is not None
    assert fetches_audited(bench, integration) == 1


def test_a_token_about_to_end_is_refreshed_once_for_all_who_ask(bench: Workbench, tokens: TokenServer) -> None:
    grant = tokens.grant()
    integration = connected(bench, grant, expires=until(seconds=30))

    async def at_once() -> list[Fetched]:
        wanted = Wanted(integration, "x")
        service = bench.house.services.fetching
        return list(await asyncio.gather(*(service.fetch(bench.caller, wanted, None) for _ in range(100))))

    found = bench.operator.run(at_once())
    assert {one.access_token for one in found} == {grant.access}
    assert grant.asked == 1
    assert all(one.expires_at is not None and one.expires_at > until(seconds=60) for one in found)
    assert fetches_audited(bench, integration) == 100


def test_what_is_left_is_handed_out_while_the_vendor_is_away(bench: Workbench, tokens: TokenServer) -> None:
    grant = tokens.grant()
    integration = connected(bench, grant, expires=until(minutes=3), fresh_until=until(seconds=-5))
    grant.script = [broken]
    assert fetch(bench, integration).access_token == grant.access
    assert (grant.asked, grant.refreshes) == (1, 0)


def test_what_does_not_last_a_minute_is_not(bench: Workbench, tokens: TokenServer) -> None:
    grant = tokens.grant()
    integration = connected(bench, grant, expires=until(seconds=50))
    grant.script = [broken]
    with pytest.raises(Unavailable, match="error of its own"):
        fetch(bench, integration)
    assert fetches_audited(bench, integration) == 0


def test_who_lacks_the_capability_gets_nothing(bench: Workbench, tokens: TokenServer) -> None:
    integration = connected(bench, tokens.grant())
    less = frozenset(Capability) - {Capability.REVEAL_CREDENTIALS}
    caller = Caller(Principal(1, bench.organisation.id, "alice", less), ORIGIN)
    with pytest.raises(CapabilityMissing):
        bench.operator.run(bench.house.services.fetching.fetch(caller, Wanted(integration, "x"), None))


def test_of_a_disabled_integration_nothing_is_handed_out(bench: Workbench, tokens: TokenServer) -> None:
    integration = connected(bench, tokens.grant(), enabled=False)
    with pytest.raises(NothingToFetch, match="not enabled"):
        fetch(bench, integration)


def test_a_brought_token_is_handed_out_unless_it_says_that_it_has_ended(bench: Workbench) -> None:
    integration = bench.integration("gitlab", "brought", state="live")
    assert fetch(bench, integration).access_token == "brought"
    old = {"access_token": "brought", "expires_at": text(until(seconds=-1))}
    bench.change(integration, sealed_secrets=bench.sealed(integration, old))
    with pytest.raises(NothingToFetch, match="bring a newer one"):
        fetch(bench, integration)
    bench.change(integration, sealed_secrets=None)
    with pytest.raises(NothingToFetch, match="no credential"):
        fetch(bench, integration)


# Clocks


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_clock_that_is_ten_minutes_off_does_no_harm(bench: Workbench, tokens: TokenServer, minutes: int) -> None:
    """The vendor counts a token's life otherwise than we: what it says of a token is believed."""
    grant = tokens.grant()
    ends = until(minutes=12 + minutes)
    integration = connected(bench, grant, expires=ends, refresh_due_at=until(minutes=5))
    tokens.end_access(grant)
    assert verify(bench, integration)["state"] == "completed"
    row = bench.row(integration)
    assert (row["health"], row["status"]) == ("active", "active")
    assert fetch(bench, integration).access_token == grant.access
    assert grant.refreshes == 1
