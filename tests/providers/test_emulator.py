"""GitHub, Slack and Linear against an emulator that somebody else wrote."""

import asyncio
from collections.abc import Iterator

import pytest
import requests
from joserfc.jwk import RSAKey

from jackfield.domain.credential import Secrets
from jackfield.domain.provider import Connection, CredentialRefused, Revokes, Verified, Verifies
from jackfield.providers._client import open_client
from jackfield.providers._http import Endpoints
from jackfield.providers._registry import make_providers
from support.emulator import APP_ID, INSTALLATION_ID, TOKEN, TOKEN_OF_NOBODY, Emulator, start_emulator


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
    async with open_client([], [str(endpoints[slug].api_url)]) as http:
        provider = make_providers(http, endpoints)[slug]
        assert isinstance(provider, Verifies)
        return await provider.verify(connection)


async def revoke(emulator: Emulator, slug: str, token: str) -> None:
    endpoints = endpoints_of(emulator)
    async with open_client([], [str(endpoints[slug].api_url)]) as http:
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
