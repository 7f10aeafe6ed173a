"""Hubs: a POST with an Idempotency-Key is performed once, and sent again it has the same answer for a day."""

import contextlib
import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncpg
import pytest
import requests

from jackfield.domain.principal import Capability
from jackfield.web import openapi
from jackfield.web.app import DIALECTS
from support.checked_tenant import CheckedTenant
from support.raw_http import request, send, send_and_hang_up
from support.tenant import HUBS, V1, V2, v1_body
from support.waiting import until

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
TOKEN = "ghp_a_token_in_clear"
BODY = {"vendor": "github", "name": "Code", "auth": {"api_key": TOKEN}}


def create(tenant: CheckedTenant, key: str = KEY, path: str = "", **body: Any) -> requests.Response:
    return tenant.hubs("POST", path, json={**BODY, **body}, headers={"Idempotency-Key": key})


def verify(tenant: CheckedTenant, integration_id: str, key: str = KEY) -> requests.Response:
    path = f"/{integration_id}/tasks"
    return tenant.hubs("POST", path, json={"action": "verify"}, headers={"Idempotency-Key": key})


def integrations(tenant: CheckedTenant) -> list[Any]:
    listed: list[Any] = tenant.hubs("GET", "").json()["data"]
    return listed


def kept(tenant: CheckedTenant) -> list[Any]:
    """What is known of the organisation's calls."""
    wanted = "select * from idempotency_key where organisation_id = $1 order by created_at"
    return tenant.operator.fetch(wanted, tenant.organisation.id)


def change_kept(tenant: CheckedTenant, assignments: str) -> None:
    tenant.operator.fetch(
        f"update idempotency_key set {assignments} where organisation_id = $1", tenant.organisation.id
    )


def is_replayed(answer: requests.Response) -> bool:
    told = answer.headers.get("Idempotent-Replayed")
    assert told in {None, "true"}
    return told is not None


def assert_same(answer: requests.Response, first: requests.Response) -> None:
    """That it is the first answer again, to the byte."""
    assert is_replayed(answer)
    assert not is_replayed(first)
    assert (answer.status_code, answer.content) == (first.status_code, first.content)
    assert answer.headers["content-type"] == first.headers["content-type"] == "application/json"


def assert_refused(answer: requests.Response) -> None:
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert (error["code"], error["source"]) == ("422.invalid-argument", "Idempotency-Key")
    assert not is_replayed(answer)


# --- the same call again ---


def test_the_same_call_has_the_same_answer_and_is_performed_once(tenant: CheckedTenant) -> None:
    first = create(tenant)
    assert first.status_code == 201
    for _ in range(2):
        assert_same(create(tenant), first)
    assert [one["id"] for one in integrations(tenant)] == [first.json()["data"]["id"]]
    assert [entry["action"] for entry in tenant.audit()] == ["integration.created"]


def test_the_answer_is_that_of_then_whatever_became_of_things(tenant: CheckedTenant) -> None:
    first = create(tenant)
    assert tenant.hubs("DELETE", f"/{first.json()['data']['id']}").status_code == 202
    assert_same(create(tenant), first)


def test_each_call_has_an_id_of_its_own_all_the_same(tenant: CheckedTenant) -> None:
    assert create(tenant).headers["x-request-id"] != create(tenant).headers["x-request-id"]


def test_every_post_takes_a_key(tenant: CheckedTenant) -> None:
    made = tenant.hub_integration()["id"]
    first = verify(tenant, made)
    assert first.status_code == 202
    tenant.finished(first.json()["data"]["job"]["id"])
    # without the key, this would be a second job
    assert_same(verify(tenant, made), first)


def test_the_documents_state_the_key_at_every_post_of_hubs_and_nowhere_else() -> None:
    """But for those whose answers hold a secret, which is not to be kept."""
    stated, posts = set(), set()
    for dialect in DIALECTS:
        for path, methods in openapi.document(dialect, "")["paths"].items():
            for method, operation in methods.items():
                if any(one["name"] == "Idempotency-Key" for one in operation["parameters"]):
                    stated.add((method, path))
                    assert {"409", "422"} <= set(operation["responses"])
                if method == "post" and dialect.name == "hubs":
                    posts.add((method, path))
    assert posts - stated == {("post", "/v1/hubs/current/connect-sessions")}
    assert stated < posts
    assert ("post", HUBS) in posts


def test_without_a_key_each_call_is_performed_and_nothing_is_kept(tenant: CheckedTenant) -> None:
    for _ in range(2):
        assert tenant.hubs("POST", "", json=BODY).status_code == 201
    assert len(integrations(tenant)) == 2
    assert kept(tenant) == []


def test_what_is_kept_holds_no_secret(tenant: CheckedTenant) -> None:
    create(tenant)
    [row] = kept(tenant)
    assert TOKEN not in str(dict(row))
    assert KEY not in str(dict(row))


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", f"{V2}/save", {"name": "Sentry", "integration_type": "sentry"}, 200),
        ("POST", f"{V1}/create", v1_body(), 200),
        ("GET", HUBS, None, 200),
    ],
)
def test_other_methods_and_contracts_do_not_look_at_the_header(
    tenant: CheckedTenant, method: str, path: str, body: Any, status: int
) -> None:
    for key in (KEY, KEY, "not a key"):
        answer = tenant.call(method, path, json=body, headers={"Idempotency-Key": key})
        assert answer.status_code == status
        assert not is_replayed(answer)
    assert kept(tenant) == []


def test_of_patch_and_delete_neither(tenant: CheckedTenant) -> None:
    made = tenant.hub_integration()["id"]
    headers = {"Idempotency-Key": KEY}
    for name in ("One", "Two"):
        assert tenant.hubs("PATCH", f"/{made}", json={"name": name}, headers=headers).json()["data"]["name"] == name
    assert tenant.hubs("DELETE", f"/{made}", headers=headers).status_code == 202
    assert kept(tenant) == []


# --- another call with the key ---


def test_another_body_is_refused(tenant: CheckedTenant) -> None:
    first = create(tenant)
    assert_refused(create(tenant, name="Other"))
    assert len(integrations(tenant)) == 1
    # which changes nothing for the first
    assert_same(create(tenant), first)


def test_the_body_is_measured_by_its_bytes(tenant: CheckedTenant) -> None:
    headers = {"Idempotency-Key": KEY, "Content-Type": "application/json"}
    first = tenant.hubs("POST", "", data=b'{"vendor":"github","auth":{"api_key":"t"}}', headers=headers)
    assert first.status_code == 201
    assert_refused(tenant.hubs("POST", "", data=b'{"vendor": "github", "auth": {"api_key": "t"}}', headers=headers))


def test_another_query_is_refused(tenant: CheckedTenant) -> None:
    assert create(tenant).status_code == 201
    assert_refused(create(tenant, path="?meta=true"))


def test_another_path_is_refused(tenant: CheckedTenant) -> None:
    one, other = tenant.hub_integration()["id"], tenant.hub_integration()["id"]
    assert verify(tenant, one).status_code == 202
    assert_refused(verify(tenant, other))
    # with a key of its own it is performed
    assert verify(tenant, other, "another").status_code == 202


def test_keys_of_another_caller_are_other_keys(tenant: CheckedTenant, stranger: CheckedTenant) -> None:
    callers = [tenant, tenant.another_key(), stranger]
    first = [create(caller) for caller in callers]
    assert len({answer.json()["data"]["id"] for answer in first}) == 3
    for caller, answer in zip(callers, first, strict=True):
        assert_same(create(caller), answer)


# --- refusals ---


def test_a_refusal_of_the_call_is_its_answer_too(tenant: CheckedTenant) -> None:
    missing = verify(tenant, "f" * 24, "of-nothing")
    assert missing.status_code == 404
    assert_same(verify(tenant, "f" * 24, "of-nothing"), missing)

    invalid = create(tenant, "of-no-vendor", vendor="nonsense")
    assert (invalid.status_code, invalid.json()["error"]["source"]) == (422, "/vendor")
    assert_same(create(tenant, "of-no-vendor", vendor="nonsense"), invalid)

    shapeless = create(tenant, "of-a-number", name=7)
    assert (shapeless.status_code, shapeless.json()["error"]["source"]) == (422, "/name")
    assert_same(create(tenant, "of-a-number", name=7), shapeless)

    viewer = tenant.another_key(Capability.VIEW)
    forbidden = create(viewer)
    assert forbidden.status_code == 403
    assert_same(create(viewer), forbidden)


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Authorization": "Bearer nonsense"}, b"{}", 401),
        ({"X-Hub-Id": "f" * 24}, b"{}", 403),
        ({}, b'{"vendor": ', 400),
        ({}, b"", 422),
        ({"Content-Type": "text/plain"}, b"{}", 415),
        ({}, b" " * (1024 * 1024 + 1), 413),
    ],
    ids=["no key", "another hub", "not JSON", "no body", "another type", "too large"],
)
def test_what_is_refused_before_it_is_a_call_is_no_answer(
    tenant: CheckedTenant, headers: dict[str, str], body: bytes, status: int
) -> None:
    more = {"Idempotency-Key": KEY, "Content-Type": "application/json", **headers}
    answer = tenant.hubs("POST", "", data=body, headers=more)
    assert answer.status_code == status
    assert kept(tenant) == []
    # the key can still be used
    assert create(tenant).status_code == 201


@pytest.mark.parametrize(
    "key",
    ["", "two words", "x" * 256, "caf\u00e9", "a\tb"],
    ids=["empty", "blank", "256 characters", "not ASCII", "tab"],
)
def test_a_malformed_key_is_refused(tenant: CheckedTenant, key: str) -> None:
    assert_refused(tenant.hubs("POST", "", json=BODY, headers={"Idempotency-Key": key.encode("latin-1")}))
    assert integrations(tenant) == []
    assert kept(tenant) == []


def test_two_keys_are_none(tenant: CheckedTenant) -> None:
    body = b'{"vendor": "github", "auth": {"api_key": "t"}}'
    headers = {"Authorization": f"Bearer {tenant.key}", "Content-Type": "application/json"}
    # the second stands in a line of its own
    twice = {**headers, "Idempotency-Key": "one\r\nIdempotency-Key: two"}
    assert send(tenant.service, request("POST", HUBS, twice, body)).status == 422
    once = {**headers, "Idempotency-Key": "one"}
    assert send(tenant.service, request("POST", HUBS, once, body)).status == 201


@pytest.mark.parametrize("key", ["x", "!~", "x" * 255, f'"{KEY}"'], ids=["x", "!~", "255 characters", "quoted"])
def test_every_key_of_visible_characters_will_do(tenant: CheckedTenant, key: str) -> None:
    first = create(tenant, key)
    assert first.status_code == 201
    assert_same(create(tenant, key), first)


# --- at the same time ---


@contextlib.contextmanager
def held_up(tenant: CheckedTenant) -> Iterator[None]:
    """In the block no integration can be written: whoever tries waits for its end."""
    operator = tenant.operator
    connection = operator.run(asyncpg.connect(operator.house.database.dsn))
    try:
        operator.run(connection.execute("begin; lock table integration in share mode"))
        yield
        operator.run(connection.execute("rollback"))
    finally:
        connection.terminate()


def test_the_same_call_while_it_is_under_way_is_told_to_come_back(tenant: CheckedTenant) -> None:
    with ThreadPoolExecutor(1) as pool:
        with held_up(tenant):
            slow = pool.submit(create, tenant)
            [row] = until(lambda: kept(tenant), bool)
            assert row["status"] is None
            other = CheckedTenant(tenant.operator, tenant.service, tenant.organisation, tenant.user, tenant.key)
            early = create(other)
            assert early.status_code == 409
            assert early.json()["error"]["code"] == "409.under-way"
            assert early.headers["retry-after"] == "1"
            assert not is_replayed(early)
            # and another call with its key is another call already
            assert_refused(create(other, name="Other"))
            assert not slow.done()
        first = slow.result()
    assert first.status_code == 201
    assert_same(create(tenant), first)
    assert len(integrations(tenant)) == 1


def test_who_hung_up_can_have_the_answer_later(tenant: CheckedTenant) -> None:
    body = json.dumps(BODY).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": KEY}
    with held_up(tenant):
        sent = request("POST", HUBS, {**headers, "Authorization": f"Bearer {tenant.key}"}, body)
        send_and_hang_up(tenant.service, sent)
        until(lambda: kept(tenant), bool)
    [row] = until(lambda: kept(tenant), lambda rows: rows[0]["status"] is not None)
    answer = tenant.hubs("POST", "", data=body, headers=headers)
    assert is_replayed(answer)
    assert (answer.status_code, answer.content) == (row["status"], row["answer"]) == (201, answer.content)
    assert [one["id"] for one in integrations(tenant)] == [answer.json()["data"]["id"]]


def test_of_fifty_at_once_one_is_performed(tenant: CheckedTenant) -> None:
    def call(_: int) -> requests.Response:
        return create(CheckedTenant(tenant.operator, tenant.service, tenant.organisation, tenant.user, tenant.key))

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(call, range(50)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    [first] = [answer for answer in answers if answer.status_code == 201 and not is_replayed(answer)]
    for answer in answers:
        if is_replayed(answer):
            assert_same(answer, first)
    assert_same(create(tenant), first)
    assert len(integrations(tenant)) == 1


def test_many_keys_at_once_are_as_many_calls(tenant: CheckedTenant) -> None:
    def call(number: int) -> requests.Response:
        other = CheckedTenant(tenant.operator, tenant.service, tenant.organisation, tenant.user, tenant.key)
        return create(other, f"key-{number % 10}", name=f"Name {number % 10}")

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(call, range(20)))
    assert sum(answer.status_code == 201 and not is_replayed(answer) for answer in answers) == 10
    assert sorted(one["name"] for one in integrations(tenant)) == [f"Name {number}" for number in range(10)]


# --- after a while ---


def test_after_a_day_the_key_is_new_whether_or_not_it_was_purged(tenant: CheckedTenant) -> None:
    first = create(tenant)
    change_kept(tenant, "created_at = now() - interval '23 hours 59 minutes'")
    assert_same(create(tenant), first)
    change_kept(tenant, "created_at = now() - interval '24 hours'")
    second = create(tenant, name="Another body")
    assert second.status_code == 201
    assert_same(create(tenant, name="Another body"), second)
    assert len(integrations(tenant)) == 2


def test_a_call_whose_process_died_is_performed_again_when_its_claim_has_run_out(tenant: CheckedTenant) -> None:
    dead = create(tenant)
    change_kept(tenant, "status = null, answer = null")
    assert create(tenant).status_code == 409
    change_kept(tenant, "claimed_until = now()")
    assert_refused(create(tenant, name="Other"))
    second = create(tenant)
    assert second.status_code == 201
    # what the dead one did before it died is done a second time
    assert len({dead.json()["data"]["id"], second.json()["data"]["id"]}) == len(integrations(tenant)) == 2
    assert_same(create(tenant), second)


def test_a_claim_lasts_a_minute(tenant: CheckedTenant) -> None:
    create(tenant, str(uuid.uuid4()))
    [row] = kept(tenant)
    assert (row["claimed_until"] - row["created_at"]).total_seconds() == 60
