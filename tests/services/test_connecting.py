"""A customer's way through a connect session, and everything that can go wrong on it."""

import asyncio
import copy
import json
import pickle
import uuid
from collections.abc import Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import pytest

from jackfield.domain import freshness
from jackfield.domain.connecting import (
    BrowserUnknown,
    ConnectLinkInvalid,
    ConnectState,
    FormProblems,
    NotOffered,
    OpenedElsewhere,
    Outcome,
    StateInvalid,
    Wish,
)
from jackfield.domain.definition import FieldProblem, place_of
from jackfield.domain.integration import Wanted
from jackfield.domain.job import JobKind
from jackfield.domain.session import generate_visitor_token
from jackfield.providers import _oauth2
from jackfield.services.connect_links import MadeConnectLink
from jackfield.services.connecting import Connecting
from jackfield.settings import ProviderSettings
from jackfield.vault import generate_master_key
from support.code_server import LIFETIME, CodeServer, cloud_id, user
from support.grants import events_of, secrets_of
from support.operator import ORIGIN, Operator
from support.vendor_server import Behaviour, Gate, broken, hangs, resets, say, web_page
from support.workbench import Workbench

PUBLIC_URL: Final = "https://jackfield.example.com"


@pytest.fixture(scope="module")
def codes() -> Iterator[CodeServer]:
    with CodeServer.start() as codes:
        yield codes


@pytest.fixture(scope="module")
def connect_operator(server_url: str, codes: CodeServer) -> Iterator[Operator]:
    placed = {slug: ProviderSettings(**one) for slug, one in codes.settings().items()}
    with Operator.database(server_url, f"jackfield_connect_{uuid.uuid4().hex[:8]}") as dsn:
        environment = {"JACKFIELD_DATABASE_URL": dsn, "JACKFIELD_MASTER_KEYS": generate_master_key()}
        with Operator.open(environment, providers=placed, public_url=PUBLIC_URL) as operator:
            yield operator


@pytest.fixture
def bench(connect_operator: Operator) -> Workbench:
    return Workbench(connect_operator)


@pytest.fixture
def connecting(bench: Workbench) -> Connecting:
    return bench.house.services.connecting


class Customer:
    """Somebody with a link and a browser."""

    def __init__(self, bench: Workbench, made: MadeConnectLink, browser: str | None = None) -> None:
        self.token = made.token
        self.id = made.session.id
        self.browser = browser or generate_visitor_token()
        self._bench = bench
        self._connecting = bench.house.services.connecting

    def run(self, deed: Coroutine[Any, Any, Any]) -> Any:
        return self._bench.operator.run(deed)

    def begin(self) -> str:
        return str(self.run(self._connecting.begin(self.token, self.browser)))

    def come_back(self, parameters: dict[str, str], browser: str | None = None) -> Outcome:
        known = self.browser if browser is None else browser
        outcome: Outcome = self.run(self._connecting.come_back(known, parameters, ORIGIN))
        return outcome

    def choose(self, index: int) -> Outcome:
        outcome: Outcome = self.run(self._connecting.choose(self.token, self.browser, index, ORIGIN))
        return outcome

    def submit(self, **values: str) -> Outcome:
        outcome: Outcome = self.run(self._connecting.submit(self.token, self.browser, values, ORIGIN))
        return outcome

    def show(self, browser: str | None = None) -> Any:
        return self.run(self._connecting.show(self.token, self.browser if browser is None else browser))

    def status(self) -> Any:
        return self.run(self._connecting.status(self.token))


def customer(bench: Workbench, vendor: str | None = "gitlab", again: int | None = None, **wish: Any) -> Customer:
    wanted = Wish(vendor=vendor, integration_id=again, **wish)
    return Customer(bench, bench.operator.run(bench.house.services.connect_links.create(bench.caller, wanted)))


def connect(
    bench: Workbench, codes: CodeServer, person: str = "alice", again: int | None = None, **how: Any
) -> Outcome:
    """All of the way."""
    who = customer(bench, again=again)
    return who.come_back(codes.approve(who.begin(), person, **how))


def integrations(bench: Workbench) -> list[Any]:
    wanted = "select * from integration where organisation_id = $1 order by id"
    return bench.operator.fetch(wanted, bench.organisation.id)


def session_row(bench: Workbench, who: Customer) -> Any:
    wanted = "select * from connect_session where organisation_id = $1 and id = $2"
    return bench.operator.fetch(wanted, bench.organisation.id, who.id)[0]


def age(bench: Workbench, assignments: str) -> None:
    bench.operator.fetch(f"update connect_session set {assignments} where organisation_id = $1", bench.organisation.id)


def actions(bench: Workbench) -> list[str]:
    wanted = "select action from audit_entry where organisation_id = $1 and action not like 'organisation%' order by id"
    return [row[0] for row in bench.operator.fetch(wanted, bench.organisation.id)]


# The good way


def test_who_approves_at_the_vendor_has_a_live_integration(bench: Workbench, codes: CodeServer) -> None:
    who = customer(bench, name="Code of the shop", scopes=("read_api", "api"))
    shown = who.show()
    assert (shown.by_oauth, shown.by_form) == (True, True)
    assert [right.scope for right in shown.rights] == ["read_api", "api"]
    assert all(right.words for right in shown.rights)
    assert (shown.organisation_name, shown.integration_name) == (bench.organisation.name, None)
    address = who.begin()
    assert "scope=read_api+api" in address
    assert f"redirect_uri={PUBLIC_URL}/connect/callback".replace(":", "%3A").replace("/", "%2F") in address
    assert who.status().state is ConnectState.AUTHORISING
    came_back = codes.approve(address)
    outcome = who.come_back(came_back)
    assert (outcome.state, outcome.token, outcome.path) == ("connected", who.token, f"/connect/{who.token}")
    [row] = integrations(bench)
    assert (row["id"], row["name"], row["state"], row["status"]) == (
        *(outcome.integration_id, "Code of the shop"),
        *("live", "active"),
    )
    assert (row["account_id"], row["account_name"], row["health"]) == ("7", "alice", "active")
    assert None not in {row["granted_at"], row["token_expires_at"], row["refresh_due_at"], row["verified_at"]}
    stored = secrets_of(bench, row["id"])
    assert stored["access_token"] == codes.approval(came_back).token
    assert stored["refresh_token"] == f"refresh-{stored['access_token']}"
    assert actions(bench) == ["connect-session.created", "integration.connected"]
    assert (who.status().state, who.status().integration_id) == ("connected", row["id"])
    # the link is used; whoever used it may still see how it went, nobody else
    assert who.show().session.state is ConnectState.CONNECTED
    with pytest.raises(ConnectLinkInvalid):
        who.show(generate_visitor_token())
    for again in (who.begin, who.submit):
        with pytest.raises(ConnectLinkInvalid):
            again()


def test_a_person_connects_again_and_the_integration_keeps_its_id(bench: Workbench, codes: CodeServer) -> None:
    first = connect(bench, codes).integration_id
    assert first is not None
    before = secrets_of(bench, first)
    bench.change(first, health="needs_reauthorisation", health_reason="gone", status="error", name="Renamed")
    who = customer(bench, vendor=None, again=first)
    assert who.show().integration_name == "Renamed"
    outcome = who.come_back(codes.approve(who.begin()))
    assert (outcome.state, outcome.integration_id) == ("connected", first)
    [row] = integrations(bench)
    assert (row["name"], row["state"], row["status"], row["health"]) == ("Renamed", "live", "active", "active")
    assert secrets_of(bench, first)["access_token"] != before["access_token"]
    assert events_of(bench, first) == ["broken", "recovered"]
    assert actions(bench)[2:] == ["connect-session.created", "integration.reconnected"]


def test_what_a_person_brings_a_link_for_is_stored_nowhere(bench: Workbench, codes: CodeServer) -> None:
    made = bench.operator.run(bench.house.services.connect_links.create(bench.caller, Wish(vendor="gitlab")))
    assert made.url == f"{PUBLIC_URL}/connect/{made.token}"
    who = Customer(bench, made)
    address = who.begin()
    state = address.split("state=")[1].split("&", 1)[0]
    stored = repr(dict(session_row(bench, who)))
    for secret in (made.token, who.browser, state):
        assert secret not in stored
    outcome = who.come_back(codes.approve(address))
    assert made.token not in f"{made!r} {outcome!r} {made.session!r}"
    for one in (made, outcome):
        with pytest.raises(TypeError):
            pickle.dumps(one)


# Links


def test_looking_uses_and_binds_nothing(bench: Workbench) -> None:
    who = customer(bench)
    for browser in ("", "no browser", generate_visitor_token(), generate_visitor_token()):
        assert who.show(browser).session.state is ConnectState.OPEN
    assert session_row(bench, who)["browser_digest"] is None


def test_who_begins_first_has_the_link(bench: Workbench, codes: CodeServer) -> None:
    who = customer(bench)
    address = who.begin()
    thief = copy.copy(who)
    thief.browser = generate_visitor_token()
    for deed in (thief.show, thief.begin, thief.submit, lambda: thief.choose(0)):
        with pytest.raises(OpenedElsewhere):
            deed()
    assert who.come_back(codes.approve(address)).state == "connected"


def test_without_a_cookie_nothing_is_begun(bench: Workbench) -> None:
    who = customer(bench)
    for browser in ("", "x" * 47, "jfv_short"):
        who.browser = browser
        for deed in (who.begin, who.submit):
            with pytest.raises(BrowserUnknown):
                deed()
    assert session_row(bench, who)["browser_digest"] is None


def test_of_two_who_begin_at_once_with_one_link_one_does(bench: Workbench, connecting: Connecting) -> None:
    who = customer(bench)

    async def begin() -> str:
        try:
            await connecting.begin(who.token, generate_visitor_token())
        except OpenedElsewhere:
            return "refused"
        return "begun"

    async def all_begin() -> list[str]:
        return await asyncio.gather(*(begin() for _ in range(8)))

    assert sorted(bench.operator.run(all_begin())) == ["begun"] + ["refused"] * 7


def test_of_two_forms_of_one_link_at_once_one_makes_an_integration(
    bench: Workbench, codes: CodeServer, connecting: Connecting
) -> None:
    token = f"glpat-{uuid.uuid4()}"
    codes.brought[token] = user("alice")
    who = customer(bench)

    async def submit() -> str:
        try:
            await connecting.submit(who.token, who.browser, {"api_key": token}, ORIGIN)
        except ConnectLinkInvalid:
            return "refused"
        return "connected"

    async def all_submit() -> list[str]:
        return await asyncio.gather(*(submit() for _ in range(4)))

    assert sorted(bench.operator.run(all_submit())) == ["connected"] + ["refused"] * 3
    assert len(integrations(bench)) == 1


@pytest.mark.parametrize("token", ["", "jfc_", "jfc_" + "A" * 43, "jfl_" + "A" * 43, "jfc_" + "A" * 43 + "\n"])
def test_what_is_no_link_opens_nothing(bench: Workbench, connecting: Connecting, token: str) -> None:
    browser = generate_visitor_token()
    for deed in (connecting.show(token, browser), connecting.begin(token, browser), connecting.status(token)):
        with pytest.raises(ConnectLinkInvalid):
            bench.operator.run(deed)  # type: ignore[arg-type]


def test_a_link_lives_for_half_an_hour(bench: Workbench) -> None:
    who = customer(bench)
    row = session_row(bench, who)
    assert row["expires_at"] - row["created_at"] == timedelta(minutes=30)
    age(bench, "expires_at = now()")
    for deed in (who.show, who.begin, who.submit):
        with pytest.raises(ConnectLinkInvalid):
            deed()
    # who polls is told
    assert who.status().state is ConnectState.EXPIRED
    age(bench, "expires_at = now() - interval '61 minutes'")
    with pytest.raises(ConnectLinkInvalid):
        who.status()


def test_a_link_dies_with_the_key_that_made_it_and_with_its_organisation(bench: Workbench) -> None:
    operator = bench.operator
    made = operator.run(
        bench.house.services.organisations.create_key(bench.organisation.handle, "alice", (), None, ORIGIN)
    )
    who = customer(bench)
    age(bench, f"creator_key_id = {made.key.id}")
    assert who.show().session.id == who.id
    operator.run(bench.house.services.organisations.revoke_key(made.key.id, ORIGIN))
    with pytest.raises(ConnectLinkInvalid):
        who.show()
    other = customer(bench)
    operator.run(bench.house.services.organisations.delete(bench.organisation.handle, ORIGIN))
    with pytest.raises(ConnectLinkInvalid):
        other.show()


# States


def test_a_state_is_good_once(bench: Workbench, codes: CodeServer) -> None:
    who = customer(bench)
    came_back = codes.approve(who.begin())
    assert who.come_back(came_back).state == "connected"
    with pytest.raises(StateInvalid):
        who.come_back(came_back)
    assert len(integrations(bench)) == 1


def test_of_two_who_come_back_with_one_state_one_goes_on(
    bench: Workbench, codes: CodeServer, connecting: Connecting
) -> None:
    who = customer(bench)
    came_back = codes.approve(who.begin())

    async def come() -> str:
        try:
            return str((await connecting.come_back(who.browser, came_back, ORIGIN)).state)
        except StateInvalid:
            return "refused"

    async def all_come() -> list[str]:
        return await asyncio.gather(*(come() for _ in range(8)))

    assert sorted(bench.operator.run(all_come())) == ["connected"] + ["refused"] * 7
    assert len(integrations(bench)) == 1


@pytest.mark.parametrize("browser", ["", "another"], ids=["without-the-cookie", "another-browser"])
def test_a_way_back_belongs_to_the_browser_that_left(bench: Workbench, codes: CodeServer, browser: str) -> None:
    """A stranger's approval, brought by a link that they forwarded, is not connected."""
    who = customer(bench)
    came_back = codes.approve(who.begin(), "bob")
    with pytest.raises(OpenedElsewhere if browser else BrowserUnknown):
        who.come_back(came_back, generate_visitor_token() if browser else "")
    # and is worth nothing any more to anybody
    with pytest.raises(StateInvalid):
        who.come_back(came_back)
    assert integrations(bench) == []
    assert who.come_back(codes.approve(who.begin())).state == "connected"


def test_a_state_is_good_for_ten_minutes(bench: Workbench, codes: CodeServer) -> None:
    who = customer(bench)
    came_back = codes.approve(who.begin())
    row = session_row(bench, who)
    assert timedelta(minutes=9) < row["way_expires_at"] - datetime.now(UTC) <= timedelta(minutes=10)
    age(bench, "way_expires_at = now()")
    with pytest.raises(StateInvalid):
        who.come_back(came_back)


def test_who_left_in_time_comes_back_in_time(bench: Workbench, codes: CodeServer) -> None:
    who = customer(bench)
    came_back = codes.approve(who.begin())
    age(bench, "expires_at = now()")
    assert who.come_back(came_back).state == "connected"


def test_beginning_again_makes_the_earlier_way_worthless(bench: Workbench, codes: CodeServer) -> None:
    who = customer(bench)
    earlier = codes.approve(who.begin(), "bob")
    later = codes.approve(who.begin())
    with pytest.raises(StateInvalid):
        who.come_back(earlier)
    assert who.come_back(later).state == "connected"
    [row] = integrations(bench)
    assert row["account_name"] == "alice"


@pytest.mark.parametrize("state", [None, "", "x" * 43, "x" * 5000, "é" * 43, "\x00"])
def test_a_strangers_state_is_none(bench: Workbench, state: str | None) -> None:
    who = customer(bench)
    who.begin()
    with pytest.raises(StateInvalid):
        who.come_back({"code": "code"} if state is None else {"code": "code", "state": state})


def test_a_state_of_another_organisation_is_that_ones(bench: Workbench, codes: CodeServer) -> None:
    other = Workbench(bench.operator)
    theirs, ours = customer(other), customer(bench)
    ours.begin()
    with pytest.raises(OpenedElsewhere):
        ours.come_back(codes.approve(theirs.begin()))
    assert integrations(bench) == integrations(other) == []


# What the vendor says


def test_who_does_not_approve_can_try_again(bench: Workbench, codes: CodeServer) -> None:
    who = customer(bench)
    came_back = codes.approve(who.begin())
    outcome = who.come_back({"error": "access_denied", "state": came_back["state"]})
    assert (outcome.denied, outcome.state, outcome.error) == (True, "open", None)
    assert who.come_back(codes.approve(who.begin())).state == "connected"


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"error": "server_error"}, "an error of its own"),
        ({"error": "invalid_scope"}, "the operator has to check"),
        ({"error": "<script>"}, "the operator has to check"),
        ({}, "without a code"),
        ({"code": "x" * 5000}, "without a code"),
        ({"code": "a\x00b"}, "without a code"),
        ({"code": "never given"}, "does not take the code"),
    ],
    ids=["outage", "scope", "nonsense", "no-code", "long-code", "odd-code", "foreign-code"],
)
def test_what_else_comes_back_is_told_and_can_be_tried_again(
    bench: Workbench, codes: CodeServer, parameters: dict[str, str], told: str
) -> None:
    who = customer(bench)
    state = codes.approve(who.begin())["state"]
    outcome = who.come_back({**parameters, "state": state})
    assert outcome.state == "failed"
    assert told in (outcome.error or "")
    assert "script" not in (outcome.error or "")
    assert who.show().error == outcome.error == who.status().error
    assert who.come_back(codes.approve(who.begin())).state == "connected"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (say(200, {"error": "invalid_grant"}), "does not take the code"),
        (say(200, {"error": "invalid_client"}), "the operator has to check"),
        (web_page, "which nobody has"),
        (broken, "which nobody has"),
        (resets, "which nobody has"),
        (say(200, {"token": "?"}), "which nobody has"),
        (say(429, {}, {"Retry-After": "5"}), "Wait a moment"),
    ],
    ids=["error-in-200", "client-in-200", "html", "500", "reset", "no-token", "limited"],
)
def test_an_exchange_that_fails_says_why(bench: Workbench, codes: CodeServer, answer: Behaviour, told: str) -> None:
    who = customer(bench)
    outcome = who.come_back(codes.approve(who.begin(), before=answer))
    assert outcome.state == "failed"
    assert told in (outcome.error or "")
    assert integrations(bench) == []
    assert who.come_back(codes.approve(who.begin())).state == "connected"


def test_an_answer_that_is_lost_after_the_vendor_granted_is_told_honestly(bench: Workbench, codes: CodeServer) -> None:
    who = customer(bench)
    came_back = codes.approve(who.begin(), instead=hangs)
    outcome = who.come_back(came_back)
    assert codes.approval(came_back).token
    assert outcome.state == "failed"
    assert "It may have given access all the same, which nobody has" in (outcome.error or "")
    assert integrations(bench) == []


def test_a_new_integration_is_verified_later_when_the_vendor_cannot_tell_now(
    bench: Workbench, codes: CodeServer
) -> None:
    who = customer(bench)
    came_back = codes.approve(who.begin(), seen=broken)
    assert who.come_back(came_back).state == "connected"
    [row] = integrations(bench)
    assert (row["state"], row["status"], row["account_id"]) == ("verifying", "pending", None)
    assert row["granted_at"] is not None
    codes.approval(came_back).seen = None
    [job] = bench.jobs_of(row["id"])
    assert bench.run_to_its_end(job["id"])["state"] == "completed"
    row = bench.row(row["id"])
    assert (row["state"], row["status"], row["account_id"], row["account_name"]) == ("live", "active", "7", "alice")


def test_a_token_that_does_not_work_is_not_kept(bench: Workbench, codes: CodeServer) -> None:
    who = customer(bench)
    came_back = codes.approve(who.begin(), seen=say(403, {"message": "403 Forbidden", "error": "insufficient_scope"}))
    outcome = who.come_back(came_back)
    assert outcome.state == "failed"
    assert codes.approval(came_back).token in codes.revoked
    assert integrations(bench) == []


# Connecting again


def test_another_account_than_before_is_refused_naming_both(bench: Workbench, codes: CodeServer) -> None:
    first = connect(bench, codes, "alice").integration_id
    assert first is not None
    before = bench.row(first)
    who = customer(bench, again=first)
    came_back = codes.approve(who.begin(), "bob")
    outcome = who.come_back(came_back)
    assert outcome.state == "failed"
    assert "connected as alice (7); this is bob (8)" in (outcome.error or "")
    # bob's grant is ended, alice's is as it was
    assert codes.approval(came_back).token in codes.revoked
    assert bench.row(first) == before
    assert secrets_of(bench, first)["access_token"] not in codes.revoked
    assert who.come_back(codes.approve(who.begin(), "alice")).state == "connected"


def test_whose_it_is_becomes_known_when_it_is_verified(bench: Workbench, codes: CodeServer) -> None:
    first = connect(bench, codes).integration_id
    assert first is not None
    bench.change(first, account_id=None, account_name=None)
    assert bench.run_to_its_end(bench.queue(first, JobKind.VERIFY))["state"] == "completed"
    assert bench.row(first)["account_id"] == "7"


def test_of_an_account_that_nobody_knows_any_is_taken(bench: Workbench, codes: CodeServer) -> None:
    integration = bench.integration("gitlab", "an old token")
    assert connect(bench, codes, "bob", again=integration).state == "connected"
    assert bench.row(integration)["account_name"] == "bob"


def test_it_is_not_replaced_when_the_vendor_cannot_tell_whose_it_is(bench: Workbench, codes: CodeServer) -> None:
    first = connect(bench, codes).integration_id
    assert first is not None
    before = bench.row(first)
    who = customer(bench, again=first)
    came_back = codes.approve(who.begin(), seen=broken)
    outcome = who.come_back(came_back)
    assert (outcome.state, "Try again" in (outcome.error or "")) == ("failed", True)
    assert bench.row(first) == before
    assert codes.revoked.count(codes.approval(came_back).token) == 1


def test_a_token_that_a_vendor_gives_again_is_not_ended(bench: Workbench, codes: CodeServer) -> None:
    """Slack gives a workspace's bot the same token however often it is installed."""
    first = connect(bench, codes).integration_id
    assert first is not None
    token = secrets_of(bench, first)["access_token"]
    who = customer(bench, again=first)
    outcome = who.come_back(codes.approve(who.begin(), token=token, seen=broken))
    assert outcome.state == "failed"
    assert token not in codes.revoked


def test_of_what_there_can_be_one_a_second_is_refused(
    bench: Workbench, codes: CodeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = bench.house.services.catalog
    only = msgspec.structs.replace(catalog._built_in["gitlab"], supports_multiple=False)
    monkeypatch.setitem(catalog._built_in, "gitlab", only)
    assert connect(bench, codes).state == "connected"
    who = customer(bench)
    came_back = codes.approve(who.begin())
    outcome = who.come_back(came_back)
    assert (outcome.state, "there can be only one" in (outcome.error or "")) == ("failed", True)
    assert codes.approval(came_back).token in codes.revoked
    assert len(integrations(bench)) == 1


def _interrupted(bench: Workbench, codes: CodeServer, integration: int, deed: Any) -> tuple[Outcome, str]:
    """The deed happens while the vendor is asked whose it is; what came of it, and the token that was granted."""
    gate = Gate(user("alice"))
    who = customer(bench, again=integration)
    came_back = codes.approve(who.begin(), seen=gate)
    running = bench.operator.start(bench.house.services.connecting.come_back(who.browser, came_back, ORIGIN))
    gate.wait()
    deed()
    gate.open()
    return running.result(30), codes.approval(came_back).token


def test_an_integration_that_is_deleted_meanwhile_stays_deleted(bench: Workbench, codes: CodeServer) -> None:
    first = connect(bench, codes).integration_id
    assert first is not None
    administration = bench.house.services.administration

    def delete() -> None:
        bench.operator.run(administration.delete(bench.caller, Wanted(first, "the test's")))

    outcome, token = _interrupted(bench, codes, first, delete)
    assert (outcome.state, "deleted meanwhile" in (outcome.error or "")) == ("failed", True)
    assert token in codes.revoked
    assert bench.row(first)["state"] == "deleting"


def test_a_credential_that_somebody_else_set_meanwhile_stays(bench: Workbench, codes: CodeServer) -> None:
    first = connect(bench, codes).integration_id
    assert first is not None

    def replace() -> None:
        sealed = bench.sealed(first, {"access_token": "somebody's"})
        bench.change(first, sealed_secrets=sealed, granted_at=None, credential_version=99)

    outcome, token = _interrupted(bench, codes, first, replace)
    assert (outcome.state, "Somebody else" in (outcome.error or "")) == ("failed", True)
    assert token in codes.revoked
    assert secrets_of(bench, first) == {"access_token": "somebody's"}


def test_a_refresh_meanwhile_is_nobodys_change(bench: Workbench, codes: CodeServer) -> None:
    first = connect(bench, codes).integration_id
    assert first is not None

    def refresh() -> None:
        bench.change(first, refreshed_at=datetime.now(UTC), credential_version=99)

    outcome, token = _interrupted(bench, codes, first, refresh)
    assert outcome.state == "connected"
    assert secrets_of(bench, first)["access_token"] == token


def test_one_that_was_revoked_here_is_active_again(bench: Workbench, codes: CodeServer) -> None:
    first = connect(bench, codes).integration_id
    assert first is not None
    bench.change(first, status="inactive", enabled=False, sealed_secrets=None, granted_at=None)
    assert connect(bench, codes, again=first).state == "connected"
    row = bench.row(first)
    assert (row["status"], row["enabled"], row["state"]) == ("active", True, "live")


def test_a_deletion_ends_a_grant_that_nobody_else_has_and_no_other(bench: Workbench, codes: CodeServer) -> None:
    first = connect(bench, codes).integration_id
    assert first is not None
    secrets = secrets_of(bench, first)
    sharing = bench.integration("gitlab")
    bench.change(sharing, sealed_secrets=bench.sealed(sharing, {"access_token": secrets["access_token"]}))
    told = []
    for integration in (sharing, first):
        bench.change(integration, state="deleting")
        told.append(bench.run_to_its_end(bench.queue(integration, JobKind.DELETE))["output"])
    assert "1 other integration(s)" in told[0]
    assert '"done"' in told[1]
    assert codes.revoked.count(secrets["access_token"]) == 1


def test_an_integration_at_a_server_of_its_own_is_not_connected_by_oauth(bench: Workbench) -> None:
    own = bench.integration("gitlab", "glpat", {"base_url": "https://gitlab.shop.example"})
    who = customer(bench, again=own)
    shown = who.show()
    assert (shown.by_oauth, shown.by_form, shown.rights) == (False, True, ())
    assert shown.settings == {"base_url": "https://gitlab.shop.example"}


# Sites


def test_a_person_chooses_of_several_sites(bench: Workbench, codes: CodeServer) -> None:
    who = customer(bench, "jira")
    came_back = codes.approve(who.begin(), sites=("shop", "garage"))
    outcome = who.come_back(came_back)
    assert outcome.state == "choosing"
    assert codes.approval(came_back).token not in repr(dict(session_row(bench, who)))
    shown = who.show()
    names = [site.name for site in shown.sites]
    assert sorted(names) == ["garage", "shop"]
    for index in (-1, 2):
        with pytest.raises(NotOffered):
            who.choose(index)
    outcome = who.choose(names.index("garage"))
    assert outcome.state == "connected"
    [row] = integrations(bench)
    assert cloud_id("garage") in row["configuration"]
    assert (row["account_name"], row["state"]) == ("alice", "live")
    assert session_row(bench, who)["sealed_grant"] is None
    with pytest.raises(ConnectLinkInvalid):
        who.choose(0)


def test_one_site_is_not_asked_for(bench: Workbench, codes: CodeServer) -> None:
    who = customer(bench, "jira")
    assert who.come_back(codes.approve(who.begin(), sites=("shop",))).state == "connected"
    [row] = integrations(bench)
    assert cloud_id("shop") in row["configuration"]
    # connected again it stays at its site, whichever else is approved
    again = customer(bench, again=row["id"], vendor=None)
    assert again.come_back(codes.approve(again.begin(), sites=("shop", "garage"))).state == "connected"
    other = customer(bench, again=row["id"], vendor=None)
    outcome = other.come_back(codes.approve(other.begin(), sites=("garage",)))
    assert (outcome.state, "choose that one" in (outcome.error or "")) == ("failed", True)


def test_another_site_than_that_of_a_token_is_refused(bench: Workbench, codes: CodeServer) -> None:
    token = bench.integration("jira", "token", {"base_url": "https://shop.atlassian.net"})
    who = customer(bench, again=token, vendor=None)
    outcome = who.come_back(codes.approve(who.begin(), sites=("garage",)))
    assert (outcome.state, "is at https://shop.atlassian.net" in (outcome.error or "")) == ("failed", True)
    assert who.come_back(codes.approve(who.begin(), sites=("shop",))).state == "connected"


def test_a_site_that_got_another_address_is_the_same_by_its_cloud_id(bench: Workbench, codes: CodeServer) -> None:
    first = customer(bench, "jira")
    integration = first.come_back(codes.approve(first.begin(), sites=("shop",))).integration_id
    assert integration is not None
    again = customer(bench, again=integration, vendor=None)
    assert again.come_back(codes.approve(again.begin(), sites=("shop@store",))).state == "connected"
    settings = json.loads(bench.row(integration)["configuration"])
    assert settings == {"base_url": "https://store.atlassian.net", "cloud_id": cloud_id("shop")}
    assert len(integrations(bench)) == 1
    # the account still counts
    other = customer(bench, again=integration, vendor=None)
    outcome = other.come_back(codes.approve(other.begin(), "bob", sites=("shop@mart",)))
    assert (outcome.state, "connected as alice" in (outcome.error or "")) == ("failed", True)
    assert json.loads(bench.row(integration)["configuration"]) == settings


def located(bench: Workbench, cloud: str) -> int:
    """An integration by token that knows of its site by the place where its items go alone."""
    integration = bench.integration("jira", "token", {"base_url": "https://shop.atlassian.net", "project_key": "ENG"})
    definition = bench.operator.run(bench.house.services.catalog.get("jira"))
    settings = place_of(definition, {"base_url": "https://shop.atlassian.net", "project_key": "ENG"})
    insert = """insert into place (organisation_id, integration_id, links, vendor_id, settings, credential_version)
        select organisation_id, id, $2, $3, $2, credential_version from integration where id = $1"""
    bench.operator.fetch(insert, integration, settings, f"{cloud}/10000")
    return integration


def test_a_site_that_is_known_by_its_place_is_found_at_its_new_address(bench: Workbench, codes: CodeServer) -> None:
    integration = located(bench, cloud_id("shop"))
    who = customer(bench, again=integration, vendor=None)
    assert who.come_back(codes.approve(who.begin(), sites=("shop@store",))).state == "connected"
    settings = json.loads(bench.row(integration)["configuration"])
    assert (settings["base_url"], settings["cloud_id"]) == ("https://store.atlassian.net", cloud_id("shop"))
    assert settings["project_key"] == "ENG"


@pytest.mark.parametrize("in_settings", [True, False])
def test_another_site_that_got_the_address_is_refused(bench: Workbench, codes: CodeServer, in_settings: bool) -> None:
    integration = located(bench, cloud_id("shop"))
    settings = {"base_url": "https://shop.atlassian.net", "project_key": "ENG"}
    if in_settings:
        settings["cloud_id"] = cloud_id("shop")
        bench.change(integration, configuration=json.dumps(settings))
    who = customer(bench, again=integration, vendor=None)
    came_back = codes.approve(who.begin(), sites=("garage@shop",))
    outcome = who.come_back(came_back)
    assert outcome.state == "failed"
    assert ("choose that one" if in_settings else "another site") in (outcome.error or "")
    assert json.loads(bench.row(integration)["configuration"]) == settings
    assert secrets_of(bench, integration) == {"access_token": "token"}


def test_of_two_choices_at_once_one_counts(bench: Workbench, codes: CodeServer, connecting: Connecting) -> None:
    who = customer(bench, "jira")
    who.come_back(codes.approve(who.begin(), sites=("shop", "garage")))

    async def choose(index: int) -> str:
        try:
            return str((await connecting.choose(who.token, who.browser, index % 2, ORIGIN)).state)
        except (NotOffered, ConnectLinkInvalid):
            return "refused"

    async def all_choose() -> list[str]:
        return await asyncio.gather(*(choose(index) for index in range(6)))

    assert sorted(bench.operator.run(all_choose())) == ["connected"] + ["refused"] * 5
    assert len(integrations(bench)) == 1


def test_a_choice_can_be_made_for_ten_minutes_and_then_the_upkeep_forgets_it(
    bench: Workbench, codes: CodeServer
) -> None:
    who = customer(bench, "jira")
    age(bench, "created_at = now() - interval '29 minutes', expires_at = now() + interval '1 minute'")
    who.come_back(codes.approve(who.begin(), sites=("shop", "garage")))
    left = session_row(bench, who)["expires_at"] - datetime.now(UTC)
    assert timedelta(minutes=9) < left <= timedelta(minutes=10)
    bench.operator.run(bench.house.upkeep.tend())
    assert session_row(bench, who)["sealed_grant"] is not None
    age(bench, "expires_at = now()")
    with pytest.raises(ConnectLinkInvalid):
        who.choose(0)
    bench.operator.run(bench.house.upkeep.tend())
    assert session_row(bench, who)["sealed_grant"] is None
    assert who.status().state is ConnectState.EXPIRED


def test_what_a_deleted_organisation_did_not_choose_is_in_nobodys_way(bench: Workbench, codes: CodeServer) -> None:
    who = customer(bench, "jira")
    who.come_back(codes.approve(who.begin(), sites=("shop", "garage")))
    bench.operator.run(bench.house.services.organisations.delete(bench.organisation.handle, ORIGIN))
    age(bench, "expires_at = now()")
    bench.operator.run(bench.house.upkeep.tend())
    assert session_row(bench, who)["sealed_grant"] is None


# Forms


def test_a_token_that_is_filled_in_is_proven_at_once(bench: Workbench, codes: CodeServer) -> None:
    token = f"glpat-{uuid.uuid4()}"
    codes.brought[token] = user("bob")
    who = customer(bench)
    with pytest.raises(FormProblems) as problem:
        who.submit(api_key="wrong")
    assert list(problem.value.problems) == [""]
    assert "GitLab refuses the credential" in str(problem.value)
    outcome = who.submit(api_key=f" {token} ", project=" ", form_token="ignored")
    assert outcome.state == "connected"
    [row] = integrations(bench)
    assert (row["state"], row["status"], row["account_name"], row["granted_at"]) == ("live", "active", "bob", None)
    assert secrets_of(bench, row["id"]) == {"access_token": token}


def test_everything_that_is_wrong_with_a_form_is_told_at_its_field(bench: Workbench) -> None:
    who = customer(bench, "jira")
    with pytest.raises(FormProblems) as problem:
        who.submit(api_key="a b", client_id="nobody", base_url="ftp://x")
    assert sorted(problem.value.problems) == ["api_key", "base_url", "client_id"]
    with pytest.raises(FormProblems) as problem:
        who.submit()
    assert len(problem.value.problems) == 1
    # whoever only looked at what is wrong has not taken the link
    assert session_row(bench, who)["browser_digest"] is None


def test_a_form_is_stored_and_verified_later_when_the_vendor_is_away(bench: Workbench, codes: CodeServer) -> None:
    token = f"glpat-{uuid.uuid4()}"
    codes.brought[token] = broken
    assert customer(bench).submit(api_key=token).state == "connected"
    [row] = integrations(bench)
    assert (row["state"], row["status"]) == ("verifying", "pending")
    assert [job["kind"] for job in bench.jobs_of(row["id"])] == ["verify"]
    again = customer(bench, again=row["id"])
    with pytest.raises(FormProblems, match="Try again"):
        again.submit(api_key=token)


def test_a_form_replaces_a_credential_of_the_same_account_alone(bench: Workbench, codes: CodeServer) -> None:
    tokens = {person: f"glpat-{uuid.uuid4()}" for person in ("alice", "bob")}
    for person, token in tokens.items():
        codes.brought[token] = user(person)
    first = connect(bench, codes, "alice").integration_id
    assert first is not None
    who = customer(bench, again=first)
    with pytest.raises(FormProblems, match="connected as alice"):
        who.submit(api_key=tokens["bob"])
    # what a person brought is theirs to end
    assert tokens["bob"] not in codes.revoked
    assert who.submit(api_key=tokens["alice"]).state == "connected"
    row = bench.row(first)
    assert (row["granted_at"], row["refresh_due_at"], row["token_expires_at"]) == (None, None, None)
    assert secrets_of(bench, first) == {"access_token": tokens["alice"]}


# Clocks


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_clock_that_is_ten_minutes_off_does_no_harm(
    bench: Workbench, codes: CodeServer, minutes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Wrong(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(minutes=minutes)

    for module in (freshness, _oauth2):
        monkeypatch.setattr(module, "datetime", Wrong)
    outcome = connect(bench, codes)
    assert outcome.state == "connected"
    assert outcome.integration_id is not None
    row = bench.row(outcome.integration_id)
    left = (row["token_expires_at"] - datetime.now(UTC)).total_seconds()
    assert LIFETIME - 30 < left <= LIFETIME + 1
    assert row["granted_at"] <= datetime.now(UTC) < row["refresh_due_at"] < row["token_expires_at"]


# Upkeep


def test_old_sessions_are_forgotten(bench: Workbench) -> None:
    customer(bench)
    age(bench, "expires_at = now() - interval '29 days'")
    bench.operator.run(bench.house.upkeep.purge())
    count = "select count(*) from connect_session where organisation_id = $1"
    assert bench.operator.fetch(count, bench.organisation.id)[0][0] == 1
    age(bench, "expires_at = now() - interval '31 days'")
    bench.operator.run(bench.house.upkeep.purge())
    assert bench.operator.fetch(count, bench.organisation.id)[0][0] == 0


# Scopes with which nothing could come of it


@pytest.mark.parametrize(
    ("vendor", "scopes", "told"),
    [
        ("gitlab", ("openid",), "add one of api, read_api, read_user"),
        ("gitlab", ("write_repository", "profile"), "add one of api, read_api, read_user"),
    ],
)
def test_scopes_that_cannot_work_are_refused_before_anybody_is_sent_away(
    bench: Workbench, vendor: str, scopes: tuple[str, ...], told: str
) -> None:
    with pytest.raises(FieldProblem, match=told) as refused:
        customer(bench, vendor, scopes=scopes)
    assert refused.value.path == ("scopes",)


@pytest.mark.parametrize(
    ("vendor", "scopes"),
    [("gitlab", ()), ("gitlab", ("read_user", "openid"))],
)
def test_other_scopes_are_asked_for(bench: Workbench, vendor: str, scopes: tuple[str, ...]) -> None:
    assert customer(bench, vendor, scopes=scopes).token
