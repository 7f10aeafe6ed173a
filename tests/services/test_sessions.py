"""Sessions of administrators: how they begin, how long they last, and how they end."""

import asyncio
import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from jackfield.domain.errors import CapabilityMissing, Invalid, KeyInvalid, NotFound
from jackfield.domain.principal import Caller, Capability, Origin
from jackfield.domain.session import (
    IDLE_LIFETIME,
    LINK_LIFETIME,
    LONGEST_LIFETIME,
    FormRefused,
    LinkInvalid,
    Opening,
    Session,
    SessionInvalid,
    SessionNotFound,
    TooManyFailures,
    generate_session_token,
    generate_visitor_token,
)
from jackfield.services.console_links import MadeLink
from jackfield.services.failure_limit import FAILURES, SECONDS, FailureLimit
from jackfield.services.sessions import OpenedSession, Sessions
from support.operator import ORIGIN
from support.workbench import Workbench


@pytest.fixture
def sessions(bench: Workbench) -> Sessions:
    return bench.house.services.sessions


def link(bench: Workbench, user: str = "carol", *capabilities: str) -> MadeLink:
    links = bench.house.services.console_links
    return bench.operator.run(links.create(bench.organisation.handle, user, capabilities, ORIGIN))


def opened(bench: Workbench, token: str) -> OpenedSession:
    return bench.operator.run(bench.house.services.sessions.open_by_link(token, origin()))


def authenticated(bench: Workbench, token: str) -> Session:
    return bench.operator.run(bench.house.services.sessions.authenticate(token))


def origin(address: str = "192.0.2.1") -> Origin:
    return Origin(address, "test-request")


def rows(bench: Workbench, table: str = "session") -> list[Any]:
    return bench.operator.fetch(f"select * from {table} where organisation_id = $1 order by id", bench.organisation.id)


def age(bench: Workbench, assignments: str, table: str = "session") -> None:
    bench.operator.fetch(f"update {table} set {assignments} where organisation_id = $1", bench.organisation.id)


def test_a_link_gives_its_user_what_it_says(bench: Workbench) -> None:
    made = link(bench, "carol", Capability.MANAGE, Capability.VIEW)
    found = opened(bench, made.token)
    session = authenticated(bench, found.token)
    principal = session.principal
    assert (principal.organisation_id, principal.user) == (bench.organisation.id, "carol")
    assert principal.capabilities == {Capability.MANAGE, Capability.VIEW}
    assert (session.opened_by, session.key_id, session.handle) == (Opening.LINK, None, bench.organisation.handle)
    # what stands for a key in the audit is the session
    assert principal.key_id == session.id
    remaining = session.expires_at - datetime.now(UTC)
    assert IDLE_LIFETIME - timedelta(minutes=1) < remaining <= IDLE_LIFETIME


def test_a_key_gives_its_user_what_it_says(bench: Workbench, sessions: Sessions) -> None:
    key = bench.operator.create_key(bench.organisation, "dora", Capability.VIEW)
    found = bench.operator.run(sessions.open_by_key(key, origin()))
    session = authenticated(bench, found.token)
    principal = bench.operator.run(bench.house.services.access.authenticate(key))
    assert session.principal == msgspec.structs.replace(principal, session_id=session.id)
    assert session.opened_by is Opening.KEY


def test_nothing_that_opens_anything_is_stored_or_shown(bench: Workbench) -> None:
    made = link(bench)
    found = opened(bench, made.token)
    stored = repr([dict(row) for table in ("session", "console_link") for row in rows(bench, table)])
    for secret in (made.token, found.token):
        assert secret not in stored
        assert secret not in f"{made!r} {found!r} {found.session!r}"
    for one in (made, found):
        with pytest.raises(TypeError):
            pickle.dumps(one)


def test_of_two_who_come_with_one_link_one_is_let_in(bench: Workbench, sessions: Sessions) -> None:
    token = link(bench).token

    async def come(number: int) -> str:
        try:
            await sessions.open_by_link(token, origin(f"192.0.2.{number}"))
        except LinkInvalid:
            return "refused"
        return "let in"

    async def all_come() -> list[str]:
        return await asyncio.gather(*(come(number) for number in range(8)))

    assert sorted(bench.operator.run(all_come())) == ["let in"] + ["refused"] * 7
    assert len(rows(bench)) == 1


def test_a_link_is_good_for_its_time(bench: Workbench) -> None:
    made = link(bench)
    [row] = rows(bench, "console_link")
    assert row["expires_at"] - row["created_at"] == LINK_LIFETIME == timedelta(minutes=10)
    age(bench, "expires_at = now()", "console_link")
    with pytest.raises(LinkInvalid):
        opened(bench, made.token)
    assert rows(bench) == []


def test_a_link_of_a_deleted_organisation_is_none(bench: Workbench) -> None:
    made = link(bench)
    bench.operator.run(bench.house.services.organisations.delete(bench.organisation.handle, ORIGIN))
    with pytest.raises(LinkInvalid):
        opened(bench, made.token)


def test_links_are_for_users_and_organisations_that_can_be(bench: Workbench) -> None:
    links = bench.house.services.console_links
    for reference, user, capabilities, error in (
        ("no such organisation", "carol", (), NotFound),
        (bench.organisation.handle, "", (), Invalid),
        (bench.organisation.handle, "carol\0", (), Invalid),
        (bench.organisation.handle, "carol", ("rule-the-world",), Invalid),
    ):
        with pytest.raises(error):
            bench.operator.run(links.create(reference, user, capabilities, ORIGIN))
    assert rows(bench, "console_link") == []


def test_a_session_lives_as_long_as_it_is_used_up_to_a_week(bench: Workbench) -> None:
    token = opened(bench, link(bench).token).token
    assert not authenticated(bench, token).renewed
    age(bench, "seen_at = now() - interval '2 minutes', expires_at = now() + interval '1 minute'")
    assert authenticated(bench, token).renewed
    [row] = rows(bench)
    assert row["expires_at"] - row["seen_at"] == IDLE_LIFETIME
    assert not authenticated(bench, token).renewed
    # not for ever
    nearly = "created_at = now() - interval '6 days 23 hours', seen_at = now() - interval '1 hour'"
    age(bench, nearly)
    authenticated(bench, token)
    [row] = rows(bench)
    assert row["expires_at"] == row["created_at"] + LONGEST_LIFETIME
    age(bench, "expires_at = now()")
    with pytest.raises(SessionInvalid):
        authenticated(bench, token)


@pytest.mark.parametrize("end", ["revoked", "expired", "organisation deleted"])
def test_a_session_dies_with_its_key(bench: Workbench, sessions: Sessions, end: str) -> None:
    operator, organisations = bench.operator, bench.house.services.organisations
    key = operator.create_key(bench.organisation, "dora")
    key_id = operator.run(bench.house.services.access.authenticate(key)).key_id
    token = operator.run(sessions.open_by_key(key, origin())).token
    by_link = opened(bench, link(bench).token).token
    assert authenticated(bench, token).key_id == key_id
    if end == "revoked":
        operator.run(organisations.revoke_key(key_id, ORIGIN))
    elif end == "expired":
        age(bench, "expires_at = now()", "api_key")
    else:
        operator.run(organisations.delete(bench.organisation.handle, ORIGIN))
    with pytest.raises(SessionInvalid):
        authenticated(bench, token)
    # a link's has no key to die with
    if end != "organisation deleted":
        assert authenticated(bench, by_link).user == "carol"


def test_a_session_that_was_ended_stays_ended(bench: Workbench, sessions: Sessions) -> None:
    found = opened(bench, link(bench).token)
    for _ in range(2):
        bench.operator.run(sessions.end(found.session, origin()))
    with pytest.raises(SessionInvalid):
        authenticated(bench, found.token)
    actions = [row["action"] for row in rows(bench, "audit_entry")]
    assert actions.count("session.ended") == 1


@pytest.mark.parametrize("token", ["", "jfs_", "x", "jfs_" + "x" * 43, "jfl_" + "x" * 43, "\0", "\u2603" * 47])
def test_what_is_no_session_is_none(bench: Workbench, token: str) -> None:
    with pytest.raises(SessionInvalid):
        authenticated(bench, token)


def test_a_form_is_of_one_browser_and_for_one_purpose(sessions: Sessions) -> None:
    mine, other = generate_session_token(), generate_visitor_token()
    token = sessions.form_token(mine, "install")
    sessions.check_form(mine, token, "install")
    for browser, sent, purpose in (
        (other, token, "install"),
        (mine, token, "sign out"),
        (mine, token[:-1], "install"),
        (mine, "", "install"),
        (mine, "\u2603", "install"),
    ):
        with pytest.raises(FormRefused):
            sessions.check_form(browser, sent, purpose)
    assert mine not in token


def test_what_is_long_over_is_forgotten(bench: Workbench) -> None:
    opened(bench, link(bench).token)
    bench.operator.run(bench.house.upkeep.purge())
    assert len(rows(bench)) == len(rows(bench, "console_link")) == 1
    for table in ("session", "console_link"):
        age(bench, "expires_at = now() - interval '31 days'", table)
    bench.operator.run(bench.house.upkeep.purge())
    assert rows(bench) == rows(bench, "console_link") == []


# Who is signed in, and who may end it


def caller_of(found: OpenedSession) -> Caller:
    return Caller(found.session.principal, ORIGIN)


def listed(bench: Workbench, caller: Caller) -> list[tuple[int, str]]:
    sessions = bench.operator.run(bench.house.services.sessions.list(caller))
    return [(one.id, one.user) for one in sessions]


def test_people_see_their_own_sessions_and_managers_all_that_live(bench: Workbench, sessions: Sessions) -> None:
    first = opened(bench, link(bench, "carol", Capability.VIEW).token)
    second = opened(bench, link(bench, "carol", Capability.VIEW).token)
    manager = opened(bench, link(bench, "dora", Capability.MANAGE_ORGANISATION).token)
    Workbench(bench.operator)
    elsewhere = Workbench(bench.operator)
    opened(elsewhere, link(elsewhere, "carol").token)
    own = [(second.session.id, "carol"), (first.session.id, "carol")]
    assert listed(bench, caller_of(first)) == own
    assert listed(bench, caller_of(manager)) == [(manager.session.id, "dora"), *own]
    # what is over in any way is not there
    key = bench.operator.create_key(bench.organisation, "erin", Capability.VIEW)
    by_key = bench.operator.run(sessions.open_by_key(key, origin()))
    assert by_key.session.id in dict(listed(bench, caller_of(manager)))
    bench.operator.run(bench.house.services.organisations.revoke_key(by_key.session.key_id or 0, ORIGIN))
    bench.operator.run(sessions.end(second.session, origin()))
    assert listed(bench, caller_of(manager)) == [(manager.session.id, "dora"), own[1]]
    age(bench, "expires_at = now()")
    assert listed(bench, caller_of(manager)) == []


def test_people_end_their_own_sessions_and_managers_anybodys(bench: Workbench, sessions: Sessions) -> None:
    here = opened(bench, link(bench, "carol", Capability.VIEW).token)
    forgotten = opened(bench, link(bench, "carol", Capability.VIEW).token)
    manager = opened(bench, link(bench, "dora", Capability.MANAGE_ORGANISATION).token)
    with pytest.raises(CapabilityMissing):
        bench.operator.run(sessions.revoke(caller_of(here), manager.session.id))
    assert authenticated(bench, manager.token).user == "dora"
    assert bench.operator.run(sessions.revoke(caller_of(here), forgotten.session.id)).id == forgotten.session.id
    bench.operator.run(sessions.revoke(caller_of(manager), here.session.id))
    for gone in (forgotten, here):
        with pytest.raises(SessionInvalid):
            authenticated(bench, gone.token)
        with pytest.raises(SessionNotFound):
            bench.operator.run(sessions.revoke(caller_of(manager), gone.session.id))
    revoked = [row for row in rows(bench, "audit_entry") if row["action"] == "session.revoked"]
    assert [(row["actor"], row["subject_ids"]) for row in revoked] == [
        ("carol", [forgotten.session.id]),
        ("dora", [here.session.id]),
    ]


def test_nobody_ends_a_session_of_another_organisation(bench: Workbench, sessions: Sessions) -> None:
    elsewhere = Workbench(bench.operator)
    theirs = opened(elsewhere, link(elsewhere, "carol").token)
    mine = opened(bench, link(bench, "carol").token)
    for session_id in (theirs.session.id, 1, 2**63 - 1):
        with pytest.raises(SessionNotFound):
            bench.operator.run(sessions.revoke(caller_of(mine), session_id))
    assert authenticated(elsewhere, theirs.token).user == "carol"


def test_only_who_is_made_an_operator_is_one(bench: Workbench) -> None:
    assert Capability.OPERATE not in opened(bench, link(bench).token).session.capabilities
    links = bench.house.services.console_links
    with pytest.raises(Invalid, match="No such capability: operate"):
        link(bench, "carol", Capability.OPERATE)
    making = links.create(bench.organisation.handle, "olga", (Capability.VIEW,), ORIGIN, is_operator=True)
    session = opened(bench, bench.operator.run(making).token).session
    assert session.capabilities == (Capability.VIEW, Capability.OPERATE)


# Who fails again and again


def test_an_address_that_fails_too_often_waits() -> None:
    now = 1000.0
    limit = FailureLimit(lambda: now)
    for _ in range(FAILURES):
        limit.check("192.0.2.1")
        limit.note("192.0.2.1")
    with pytest.raises(TooManyFailures) as refused:
        limit.check("192.0.2.1")
    assert refused.value.seconds == SECONDS
    limit.check("192.0.2.2")
    now += SECONDS
    limit.check("192.0.2.1")
    limit.note("192.0.2.1")
    limit.check("192.0.2.1")


def test_the_limit_remembers_no_more_than_it_has_room_for() -> None:
    limit = FailureLimit()
    for number in range(10_100):
        limit.note(f"address {number}")
    assert len(limit._failures) == 10_000


def test_failures_count_whatever_way_was_tried(bench: Workbench, sessions: Sessions) -> None:
    here = origin("192.0.2.77")
    for _ in range(FAILURES // 2):
        with pytest.raises(KeyInvalid):
            bench.operator.run(sessions.open_by_key("jf_nonsense", here))
        with pytest.raises(LinkInvalid):
            bench.operator.run(sessions.open_by_link("jfl_nonsense", here))
    with pytest.raises(TooManyFailures):
        bench.operator.run(sessions.open_by_link(link(bench).token, here))
    [row] = rows(bench, "console_link")
    assert row["used_at"] is None
