"""Definitions that tenants author: their own server is asked, and believed only when it answers as it should."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import ip_network

import pytest

from jackfield.domain import ids
from jackfield.domain.credential import Secrets
from jackfield.domain.definition import AuthoredDefinition
from jackfield.domain.provider import (
    ConfigurationRejected,
    Connection,
    CredentialRefused,
    ProviderError,
    Uninstalls,
    VendorLimited,
    VendorUnavailable,
    Verified,
    Verifies,
)
from jackfield.domain.send_lease import LeaseTimes
from jackfield.providers._authored import make_authored
from jackfield.providers._client import open_client
from jackfield.vault import generate_master_key
from support.checked_tenant import CheckedTenant
from support.operator import Operator
from support.service import free_port, start_service
from support.vendor import Answer, Behaviour, Vendor, answers, floods, hangs, resets, vendor
from support.vendor_server import VendorServer, say
from support.workbench import Workbench

LOOPBACK = ip_network("127.0.0.0/8")
CONNECTION = Connection(Secrets({"access_token": "hunter2", "refresh_token": None}), {"project_id": "7"})

OTHER_ANSWERS = {
    "text": answers(Answer.of({"valid": "true"})),
    "number": answers(Answer.of({"valid": 1})),
    "null": answers(Answer.of({"valid": None})),
    "another member": answers(Answer.of({"ok": True})),
    "list": answers(Answer.of([True])),
    "html": answers(Answer(200, {"Content-Type": "text/html"}, b"<!doctype html><title>Sign in</title>")),
    "half": answers(Answer(200, {}, b'{"valid": true')),
    "no utf-8": answers(Answer(200, {}, b"\xff\xfe")),
    "deep": answers(Answer(200, {}, b'{"valid": true, "x": ' + b"[" * 100_000)),
    "nothing": answers(Answer(200, {}, b"")),
    "204": answers(Answer(204)),
    "201": answers(Answer.of({"valid": True}, 201)),
    "404": answers(Answer.of({"valid": True}, 404)),
    "500": answers(Answer.of({"valid": True}, 500)),
    "redirect": answers(Answer.of({"valid": True}, 302, {"Location": "/elsewhere"})),
    "no word": answers(),
    "reset": resets,
    "flood": floods,
}


def definition(verify_url: str | None) -> AuthoredDefinition:
    return AuthoredDefinition(organisation_id=1, id=2, name="Frobnicator", description=None, verify_url=verify_url)


async def ask(behaviour: Behaviour, total_seconds: float = 10.0) -> tuple[Verified, Vendor]:
    async with vendor(behaviour) as there, open_client([LOOPBACK], {}, LeaseTimes(total_seconds)) as http:
        provider = make_authored(http, definition(f"{there.url}/verify?tenant=7"))
        assert isinstance(provider, Verifies)
        return await provider.verify(CONNECTION), there


def failed(behaviour: Behaviour, total_seconds: float = 10.0) -> ProviderError:
    """What is raised, which has no secret in its words."""
    with pytest.raises(ProviderError) as raised:
        asyncio.run(ask(behaviour, total_seconds))
    assert "hunter2" not in str(raised.value)
    return raised.value


def test_valid_credentials_are_taken_and_all_of_them_were_sent() -> None:
    verified, there = asyncio.run(ask(answers(Answer.of({"valid": True, "message": "ignored"}))))
    assert verified.account.name == "Frobnicator"
    [asked] = there.seen
    assert (asked.method, asked.path) == ("POST", "/verify?tenant=7")
    assert asked.headers["content-type"] == "application/json"
    assert json.loads(asked.body) == {
        "auth": {"access_token": "hunter2", "refresh_token": None},
        "configuration": {"project_id": "7"},
    }


@pytest.mark.parametrize("answer", [Answer.of({"valid": False, "message": "<b>no</b> hunter2"}), Answer.of({}, 401)])
def test_credentials_that_are_not_valid_are_refused(answer: Answer) -> None:
    error = failed(answers(answer))
    assert type(error) is CredentialRefused
    assert str(error).startswith("Frobnicator ")


@pytest.mark.parametrize("behaviour", OTHER_ANSWERS.values(), ids=OTHER_ANSWERS.keys())
def test_any_other_answer_is_none(behaviour: Behaviour) -> None:
    assert isinstance(failed(behaviour), VendorUnavailable | ConfigurationRejected)


def test_a_server_that_hangs_is_not_waited_for() -> None:
    assert type(failed(hangs, total_seconds=0.2)) is VendorUnavailable


def test_limits_are_heeded() -> None:
    error = failed(answers(Answer.of({}, 429, {"Retry-After": "30"})))
    assert isinstance(error, VendorLimited)
    assert error.retry_after == 30.0


def test_a_private_address_is_not_asked_unless_the_operator_allows_it() -> None:
    async def run() -> None:
        async with vendor(answers(Answer.of({"valid": True}))) as there, open_client([], {}) as http:
            provider = make_authored(http, definition(f"{there.url}/verify"))
            assert isinstance(provider, Verifies)
            with pytest.raises(ConfigurationRejected, match="JACKFIELD_EGRESS_ALLOW"):
                await provider.verify(CONNECTION)
            assert there.seen == []

    asyncio.run(run())


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://", "https://user:hunter2@127.0.0.1/", "nonsense"])
def test_what_is_no_address_is_not_asked(url: str) -> None:
    async def run() -> None:
        async with open_client([LOOPBACK], {}) as http:
            provider = make_authored(http, definition(url))
            assert isinstance(provider, Verifies)
            with pytest.raises(ConfigurationRejected) as raised:
                await provider.verify(CONNECTION)
            assert "hunter2" not in str(raised.value)

    asyncio.run(run())


def test_without_an_address_nothing_is_proven() -> None:
    async def run() -> None:
        async with open_client([], {}) as http:
            assert not isinstance(make_authored(http, definition(None)), Verifies)

    asyncio.run(run())


# Uninstallations


def uninstalled(behaviour: Behaviour) -> Vendor:
    """What the app's server saw of the call, which it has to take. Raises what the provider does."""

    async def run() -> Vendor:
        async with vendor(behaviour) as there, open_client([LOOPBACK], {}) as http:
            provider = make_authored(http, app(f"{there.url}/gone?app=7"))
            assert isinstance(provider, Uninstalls)
            await provider.uninstall("6b0", "s\u00e9cret")
            return there

    return asyncio.run(run())


def app(uninstallation_url: str | None, verify_url: str | None = None) -> AuthoredDefinition:
    return AuthoredDefinition(
        organisation_id=1,
        id=1,
        name="Frobnicator",
        description=None,
        verify_url=verify_url,
        uninstallation_url=uninstallation_url,
    )


@pytest.mark.parametrize("status", [200, 202, 204, 299])
def test_an_uninstallation_is_told_and_signed_as_the_contract_says(status: int) -> None:
    before = int(time.time())
    there = uninstalled(answers(Answer(status)))
    [asked] = there.seen
    assert (asked.method, asked.path, asked.body) == ("DELETE", "/gone?app=7&installation_id=6b0", b"")
    timestamp = asked.headers["x-ada-timestamp-v2"]
    assert before <= int(timestamp) <= time.time()
    signed = f"delete\n{there.url}/gone\n\n{timestamp}".encode()
    expected = base64.b64encode(hmac.new("s\u00e9cret".encode(), signed, hashlib.sha256).digest()).decode()
    assert asked.headers["x-ada-signature-v2"] == expected


@pytest.mark.parametrize(
    "behaviour",
    [*(answers(Answer(status)) for status in (300, 302, 400, 401, 403, 404, 410, 500, 503)), resets, floods],
    ids=range(11),
)
def test_any_other_answer_to_it_is_asked_for_again(behaviour: Behaviour) -> None:
    with pytest.raises(VendorUnavailable):
        uninstalled(behaviour)


def test_its_limits_are_heeded() -> None:
    with pytest.raises(VendorLimited) as raised:
        uninstalled(answers(Answer.of({}, 429, {"Retry-After": "30"})))
    assert raised.value.retry_after == 30.0


def test_a_private_address_is_not_told_unless_the_operator_allows_it() -> None:
    async def run() -> None:
        async with vendor(answers(Answer(204))) as there, open_client([], {}) as http:
            provider = make_authored(http, app(f"{there.url}/gone"))
            assert isinstance(provider, Uninstalls)
            with pytest.raises(ConfigurationRejected, match="JACKFIELD_EGRESS_ALLOW"):
                await provider.uninstall("1", "secret")
            assert there.seen == []

    asyncio.run(run())


def test_a_definition_does_what_it_has_addresses_for() -> None:
    async def run() -> None:
        async with open_client([], {}) as http:
            both = make_authored(http, app("https://a.example.com", "https://b.example.com"))
            assert isinstance(both, Uninstalls)
            assert isinstance(both, Verifies)
            assert not isinstance(make_authored(http, app("https://a.example.com")), Verifies)
            assert not isinstance(make_authored(http, app(None, "https://b.example.com")), Uninstalls)

    asyncio.run(run())


# In a service whose operator allows loopback


@pytest.fixture(scope="module")
def allowing(
    server_url: str, worker_id: str, vendors: VendorServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CheckedTenant]:
    """A tenant of a service of its own, which may call loopback."""
    with ExitStack() as stack:
        dsn = stack.enter_context(Operator.database(server_url, f"jackfield_{worker_id}_{uuid.uuid4().hex[:8]}"))
        environment = {"JACKFIELD_DATABASE_URL": dsn, "JACKFIELD_MASTER_KEYS": generate_master_key()}
        operator = stack.enter_context(Operator.open(environment))
        allow = {"JACKFIELD_EGRESS_ALLOW": "127.0.0.0/8", "JACKFIELD_PUBLIC_URL": "https://jackfield.example.com"}
        log = tmp_path_factory.mktemp("service") / "log"
        service = stack.enter_context(start_service({**environment, **allow}, log, free_port()))
        yield CheckedTenant.create_checked(operator, service)


def author(tenant: CheckedTenant, name: str, verify_url: str | None, status: str = "approved") -> str:
    """The id of a new definition in hex."""
    insert = "insert into definition (organisation_id, name, status, verify_url) values ($1, $2, $3, $4) returning id"
    return ids.to_hex(tenant.operator.fetch(insert, tenant.organisation.id, name, status, verify_url)[0][0])


def integration_of(tenant: CheckedTenant, vendor: str) -> str:
    bench = Workbench(tenant.operator, tenant.organisation)
    return ids.to_hex(bench.integration(vendor, "hunter2", {"project_id": "7"}, status="pending"))


def test_an_authored_definition_is_verified_by_its_own_server(allowing: CheckedTenant, vendors: VendorServer) -> None:
    token, name = str(uuid.uuid4()), f"Frobnicator {uuid.uuid4()}"
    vendors.answer(token, say(200, {"valid": True}), say(200, {"valid": False}))
    integration = integration_of(allowing, author(allowing, name, f"{vendors.url}/verify/{token}"))
    job = allowing.finished(allowing.verification(integration))
    assert job["state"]["current"] == "completed", job
    assert job["tasks"][0]["caption"] == f"Verify {name}"
    assert job["tasks"][0]["output"]["account_name"] == name
    assert allowing.hub_read(integration)["state"]["current"] == "live"

    allowing.finished(allowing.verification(integration))
    state = allowing.hub_read(integration)["state"]
    assert (state["current"], state["error"]["message"]) == ("new", f"{name} says that the credential is not valid")


def test_one_without_an_address_has_nothing_to_verify(allowing: CheckedTenant) -> None:
    integration = integration_of(allowing, author(allowing, "Silent", None))
    answer = allowing.hubs("POST", f"/{integration}/tasks", json={"action": "verify"})
    assert answer.status_code == 422


def test_what_is_approved_can_be_seen_by_all_and_installed_through_its_page_alone(allowing: CheckedTenant) -> None:
    names = {status: f"{status} {uuid.uuid4()}" for status in ("development", "approved", "archived")}
    found = {status: author(allowing, name, None, status) for status, name in names.items()}
    other = CheckedTenant.create_checked(allowing.operator, allowing.service)
    apps = {one["vendor"]: one for one in other.hubs("GET", "/available").json()["data"]["apps"]}
    assert found["approved"] in apps
    assert not {found["development"], found["archived"]} & apps.keys()
    shown = apps[found["approved"]]
    assert (shown["name"], shown["usable"], shown["supports_verification"]) == (names["approved"], False, False)
    assert shown["url"] == f"https://jackfield.example.com/platform/integrations/{found['approved']}"
    # not through hubs
    answer = other.hubs("POST", "", json={"vendor": found["approved"]})
    assert answer.status_code == 422
