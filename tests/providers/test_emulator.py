"""GitHub, Slack and Linear against an emulator that somebody else wrote."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import pytest
import requests
from joserfc.jwk import RSAKey

from jackfield.domain.credential import Secrets
from jackfield.domain.item import Item, ItemStatus, ItemType
from jackfield.domain.provider import (
    ConfigurationRejected,
    Connection,
    CredentialRefused,
    Delivery,
    ObjectVanished,
    Revokes,
    VendorState,
    Verified,
    Verifies,
)
from jackfield.providers._client import open_client
from jackfield.providers._http import Endpoints, HttpClient, Reply
from jackfield.providers._registry import make_providers
from support.emulator import APP_ID, INSTALLATION_ID, TOKEN, TOKEN_OF_NOBODY, Emulator, start_emulator

#: the providers whose conversations are checked here
COVERS: Final = frozenset({"github", "linear", "slack"})


@pytest.fixture(scope="session")
def private_key() -> str:
    return RSAKey.generate_key(2048).as_pem(private=True).decode()


@pytest.fixture(scope="session")
def emulator(private_key: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One for each worker."""
    with start_emulator(tmp_path_factory.mktemp("emulator"), private_key) as emulator:
        yield emulator


async def verify(emulator: Emulator, slug: str, token: str) -> Verified:
    return await _verify(emulator, slug, Connection(Secrets({"access_token": token}), {}))


async def _verify(emulator: Emulator, slug: str, connection: Connection) -> Verified:
    endpoints = endpoints_of(emulator)
    async with open_client([], {slug: [str(endpoints[slug].api_url)]}) as http:
        provider = make_providers(http, endpoints)[slug]
        assert isinstance(provider, Verifies)
        return await provider.verify(connection)


async def revoke(emulator: Emulator, slug: str, token: str) -> None:
    endpoints = endpoints_of(emulator)
    async with open_client([], {slug: [str(endpoints[slug].api_url)]}) as http:
        provider = make_providers(http, endpoints)[slug]
        assert isinstance(provider, Revokes)
        await provider.revoke(Connection(Secrets({"access_token": token}), {}))


def endpoints_of(emulator: Emulator) -> dict[str, Endpoints]:
    return {
        "github": Endpoints(api_url=emulator.github),
        "slack": Endpoints(api_url=f"{emulator.slack}/api"),
        "linear": Endpoints(api_url=emulator.linear),
    }


def test_github_tells_whose_token_it_is(emulator: Emulator) -> None:
    account = asyncio.run(verify(emulator, "github", TOKEN)).account
    told = requests.get(f"{emulator.github}/users/admin", timeout=10).json()
    assert (account.name, account.id, account.url) == ("admin", str(told["id"]), told["html_url"])


def test_github_refuses_a_wrong_token(emulator: Emulator) -> None:
    with pytest.raises(CredentialRefused):
        asyncio.run(verify(emulator, "github", "eyJhbGciOiJub25lIn0.e30.wrong"))


def test_github_takes_an_app_by_its_signature(emulator: Emulator, private_key: str) -> None:
    secrets = Secrets({"app_id": str(APP_ID), "private_key": private_key})
    connection = Connection(secrets, {"installation_id": str(INSTALLATION_ID)})
    verified = asyncio.run(_verify(emulator, "github", connection))
    assert verified.account.name == "octocat"
    assert verified.scopes is not None
    assert "issues:write" in verified.scopes


def test_github_refuses_an_app_that_signs_with_another_key(emulator: Emulator) -> None:
    other = RSAKey.generate_key(2048).as_pem(private=True).decode()
    secrets = Secrets({"app_id": str(APP_ID), "private_key": other})
    with pytest.raises(CredentialRefused):
        asyncio.run(_verify(emulator, "github", Connection(secrets, {"installation_id": str(INSTALLATION_ID)})))


def test_slack_tells_whose_token_it_is(emulator: Emulator) -> None:
    account = asyncio.run(verify(emulator, "slack", TOKEN)).account
    assert account.id == "T000000001:U000000001"
    assert account.name.startswith("admin (")


def test_slack_refuses_a_wrong_token(emulator: Emulator) -> None:
    with pytest.raises(CredentialRefused):
        asyncio.run(verify(emulator, "slack", TOKEN_OF_NOBODY))


def test_linear_tells_whose_token_it_is(emulator: Emulator) -> None:
    account = asyncio.run(verify(emulator, "linear", TOKEN)).account
    assert account.id.count(":") == 1
    assert account.name.endswith(")")


def test_linear_refuses_a_token_that_was_revoked(emulator: Emulator) -> None:
    assert asyncio.run(verify(emulator, "linear", "lin_test_admin")).account.id
    asyncio.run(revoke(emulator, "linear", "lin_test_admin"))
    with pytest.raises(CredentialRefused):
        asyncio.run(verify(emulator, "linear", "lin_test_admin"))
    # once more is no error
    asyncio.run(revoke(emulator, "linear", "lin_test_admin"))


MARKER = "0123456789abcdef0123456789abcdef"


def delivery(**changed: Any) -> Delivery:
    """An item, of which `changed` replaces members; `vendor_id`, `marker` and `retried` are the delivery's."""
    own = {name: changed.pop(name) for name in ("vendor_id", "marker", "retried") if name in changed}
    item = {"key": "WI-7", "title": "Brake pads worn", "body": "Replace **both** pads, @admin.", **changed}
    return Delivery(**{"marker": MARKER, **own}, item=Item(type=ItemType.WORK_ITEM, **item))


class _WithoutWhatTheEmulatorLacks:
    """Its Linear knows neither IDs that a client gives, nor archived and deleted issues."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    async def request(self, *args: Any, json: Any = None, **more: Any) -> Reply:
        if json is not None:
            query = json["query"].replace(", includeArchived: true", "").replace(" trashed", "")
            variables = dict(json.get("variables", {}))
            if "issueCreate" in query:
                variables["input"] = {name: value for name, value in variables["input"].items() if name != "id"}
            json = {"query": query, "variables": variables}
        return await self._http.request(*args, json=json, **more)


@contextlib.asynccontextmanager
async def at(emulator: Emulator, slug: str, token: str, **settings: str) -> AsyncIterator[tuple[Any, Connection]]:
    endpoints = endpoints_of(emulator)
    async with open_client([], {slug: [str(endpoints[slug].api_url)]}) as http:
        client: Any = _WithoutWhatTheEmulatorLacks(http) if slug == "linear" else http
        yield make_providers(client, endpoints)[slug], Connection(Secrets({"access_token": token}), settings)


@pytest.fixture(scope="session")
def repository(emulator: Emulator) -> str:
    made = requests.post(
        f"{emulator.github}/user/repos",
        json={"name": "depot"},
        headers={"Authorization": f"Bearer {TOKEN}"},
        timeout=10,
    )
    assert made.status_code == 201, made.text
    return str(made.json()["full_name"])


def test_github_takes_an_item_and_tells_how_it_is(emulator: Emulator, repository: str) -> None:
    async def run() -> str:
        async with at(emulator, "github", TOKEN, repository=repository, labels="jackfield") as (github, connection):
            made = await github.deliver(connection, delivery(labels=("brakes",)))
            assert made.url.endswith(f"/{repository}/issues/{made.vendor_id}")
            # a try whose answer was lost finds what it made
            assert await github.deliver(connection, delivery(retried=True)) == made
            opened = await github.read_back(connection, [made.vendor_id, "999"])
            assert opened == {made.vendor_id: VendorState(status=ItemStatus.OPEN, url=made.url)}

            changed = delivery(
                vendor_id=made.vendor_id, title="Brake pads replaced", status=ItemStatus.CLOSED, labels=("done",)
            )
            assert await github.deliver(connection, changed) == made
            closed = await github.read_back(connection, [made.vendor_id])
            assert closed[made.vendor_id].status is ItemStatus.CLOSED
            reopened = delivery(vendor_id=made.vendor_id, status=ItemStatus.IN_PROGRESS)
            await github.deliver(connection, reopened)
            assert (await github.read_back(connection, [made.vendor_id]))[made.vendor_id].status is ItemStatus.OPEN

            other = await github.deliver(connection, delivery(marker="f" * 32, retried=True))
            assert other.vendor_id != made.vendor_id
            with pytest.raises(ObjectVanished):
                await github.deliver(connection, delivery(vendor_id="999"))

            return str(made.vendor_id)

    number = asyncio.run(run())
    issue = requests.get(
        f"{emulator.github}/repos/{repository}/issues/{number}",
        headers={"Authorization": f"Bearer {TOKEN}"},
        timeout=10,
    ).json()
    assert {label["name"] for label in issue["labels"]} == {"brakes", "jackfield", "done"}
    assert issue["body"].startswith("Replace **both** pads, @\u200badmin.")
    assert issue["body"].endswith(f"<!-- jackfield:{MARKER} -->")


def test_github_does_not_know_another_repository(emulator: Emulator) -> None:
    async def run() -> None:
        async with at(emulator, "github", TOKEN, repository="admin/nothing") as (github, connection):
            await github.deliver(connection, delivery())

    with pytest.raises(ConfigurationRejected) as raised:
        asyncio.run(run())
    assert raised.value.field == "repository"


def test_linear_takes_an_item_and_tells_how_it_is(emulator: Emulator) -> None:
    async def run() -> None:
        async with at(emulator, "linear", TOKEN, team_id="ENG") as (linear, connection):
            made = await linear.deliver(connection, delivery(priority="high"))
            opened = await linear.read_back(connection, [made.vendor_id])
            assert opened == {made.vendor_id: VendorState(status=ItemStatus.OPEN, url=made.url)}
            for status in (ItemStatus.IN_PROGRESS, ItemStatus.CLOSED, ItemStatus.OPEN):
                changed = delivery(vendor_id=made.vendor_id, title="Brake pads replaced", status=status)
                assert await linear.deliver(connection, changed) == made
                told = await linear.read_back(connection, [made.vendor_id, "00000000-0000-4000-8000-000000000000"])
                assert {one: state.status for one, state in told.items()} == {made.vendor_id: status}
            begun = await linear.deliver(connection, delivery(status=ItemStatus.CLOSED))
            told = await linear.read_back(connection, [made.vendor_id, begun.vendor_id])
            assert told[begun.vendor_id].status is ItemStatus.CLOSED
            with pytest.raises(ObjectVanished):
                await linear.deliver(connection, delivery(vendor_id="00000000-0000-4000-8000-000000000000"))

    asyncio.run(run())


def test_linear_does_not_know_another_team(emulator: Emulator) -> None:
    async def run() -> None:
        async with at(emulator, "linear", TOKEN, team_id="NOPE") as (linear, connection):
            await linear.deliver(connection, delivery())

    with pytest.raises(ConfigurationRejected) as raised:
        asyncio.run(run())
    assert raised.value.field == "team_id"
