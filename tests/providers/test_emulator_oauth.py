"""GitHub, Slack and Linear connected by OAuth against an emulator that somebody else wrote."""

import asyncio
import base64
import contextlib
import hashlib
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from joserfc.jwk import RSAKey

from jackfield.domain.authorization import Application, Authorization, CodeExchange, Granted
from jackfield.domain.credential import Secrets
from jackfield.domain.provider import ApplicationRefused, Connection, CredentialRefused, GrantRefused, Verified
from jackfield.providers._client import open_client
from jackfield.providers._http import Endpoints
from jackfield.providers._registry import make_providers
from support.emulator import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, Emulator, approve, start_emulator

APPLICATION: Final = Application(CLIENT_ID, CLIENT_SECRET)
VERIFIER: Final = "a-verifier-of-forty-three-characters-0123456"
#: whose button is pressed at each vendor
WHO: Final = {"github": "octocat", "slack": "admin", "linear": "Jackfield"}
every_vendor = pytest.mark.parametrize("slug", list(WHO))


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    private_key = RSAKey.generate_key(2048).as_pem(private=True).decode()
    with start_emulator(tmp_path_factory.mktemp("emulator"), private_key) as emulator:
        yield emulator


@contextlib.asynccontextmanager
async def provider_at(emulator: Emulator, slug: str) -> AsyncIterator[Any]:
    url = getattr(emulator, slug)
    api_url = f"{url}/api" if slug == "slack" else url
    async with open_client([], {slug: [url]}) as http:
        yield make_providers(http, {slug: Endpoints(base_url=url, api_url=api_url)})[slug]


def page_of(provider: Any, scopes: tuple[str, ...] = ()) -> str:
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    page = provider.authorize_url(
        Authorization(
            application=APPLICATION,
            redirect_uri=REDIRECT_URI,
            state="a state & more",
            scopes=scopes or provider.manifest.oauth.scopes,
            challenge=base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        )
    )
    return str(page)


def code_of(provider: Any, who: str, scopes: tuple[str, ...] = ()) -> str:
    came_back = approve(page_of(provider, scopes), who)
    assert came_back["state"] == "a state & more"
    return came_back["code"]


async def exchange(
    provider: Any, code: str, application: Application = APPLICATION, verifier: str = VERIFIER
) -> Granted:
    granted: Granted = await provider.exchange(
        CodeExchange(application=application, redirect_uri=REDIRECT_URI, code=code, verifier=verifier)
    )
    return granted


async def verify(provider: Any, granted: Granted) -> Verified:
    verified: Verified = await provider.verify(Connection(granted.secrets, granted.configuration))
    return verified


@every_vendor
def test_who_presses_the_button_is_whose_token_comes(emulator: Emulator, slug: str) -> None:
    async def run() -> tuple[Granted, Verified]:
        async with provider_at(emulator, slug) as provider:
            granted = await exchange(provider, code_of(provider, WHO[slug]))
            return granted, await verify(provider, granted)

    granted, verified = asyncio.run(run())
    assert granted.account is None
    assert granted.sites == ()
    assert set(granted.scopes or ()) == set(make_providers(None, {})[slug].manifest.oauth.scopes)  # type: ignore[arg-type,union-attr]
    # Slack's token is the bot's
    name = "jackfield" if slug == "slack" else WHO[slug]
    assert verified.account.name.casefold().startswith(name.casefold())


@every_vendor
def test_a_code_is_taken_once(emulator: Emulator, slug: str) -> None:
    async def run() -> None:
        async with provider_at(emulator, slug) as provider:
            code = code_of(provider, WHO[slug])
            await exchange(provider, code)
            with pytest.raises(GrantRefused):
                await exchange(provider, code)

    asyncio.run(run())


@every_vendor
def test_a_wrong_secret_is_the_operators_fault(emulator: Emulator, slug: str) -> None:
    async def run() -> None:
        async with provider_at(emulator, slug) as provider:
            with pytest.raises(ApplicationRefused):
                await exchange(provider, code_of(provider, WHO[slug]), Application(CLIENT_ID, "another-secret"))

    asyncio.run(run())


def test_github_knows_people_apart(emulator: Emulator) -> None:
    async def run() -> set[str]:
        async with provider_at(emulator, "github") as provider:
            found = [
                await verify(provider, await exchange(provider, code_of(provider, who))) for who in ("octocat", "admin")
            ]
            return {one.account.id for one in found}

    assert len(asyncio.run(run())) == 2


def test_githubs_token_does_not_end(emulator: Emulator) -> None:
    async def run() -> Granted:
        async with provider_at(emulator, "github") as provider:
            return await exchange(provider, code_of(provider, "octocat"))

    granted = asyncio.run(run())
    assert granted.expires_at is None
    assert (granted.secrets["expires_at"], granted.secrets["refresh_token"]) == (None, None)


def test_slack_gives_a_second_token_for_the_person(emulator: Emulator) -> None:
    async def run() -> tuple[Granted, Verified, Verified]:
        async with provider_at(emulator, "slack") as provider:
            granted = await exchange(provider, code_of(provider, "admin", ("chat:write", "user:search:read")))
            of_user = Connection(Secrets({"access_token": granted.secrets["user_access_token"]}), {})
            return granted, await verify(provider, granted), await provider.verify(of_user)

    granted, of_bot, of_user = asyncio.run(run())
    assert granted.configuration["workspace_id"].startswith("T")
    assert granted.secrets["user_scope"] == "search:read"
    assert granted.scopes is not None
    assert "user:search:read" in granted.scopes
    assert of_bot.account.id != of_user.account.id
    assert of_user.account.name.startswith("admin (")


def test_linear_takes_the_code_of_whom_it_gave_the_page_to(emulator: Emulator) -> None:
    async def run() -> None:
        async with provider_at(emulator, "linear") as provider:
            with pytest.raises(GrantRefused):
                await exchange(provider, code_of(provider, "Jackfield"), verifier="another-" * 8)

    asyncio.run(run())


def test_linear_refreshes_with_each_refresh_token_once(emulator: Emulator) -> None:
    async def run() -> None:
        async with provider_at(emulator, "linear") as provider:
            [token_set] = provider.manifest.oauth.token_sets
            first = await exchange(provider, code_of(provider, "Jackfield"))
            connection = Connection(first.secrets, {})
            second = await provider.refresh(APPLICATION, connection, token_set)
            assert second.secrets["access_token"] != first.secrets["access_token"]
            assert second.secrets["refresh_token"] != first.secrets["refresh_token"]
            assert 3500 < (second.expires_at - datetime.now(UTC)).total_seconds() <= 3600
            assert (await verify(provider, second)).account == (await verify(provider, first)).account
            with pytest.raises(GrantRefused):
                await provider.refresh(APPLICATION, connection, token_set)
            third = await provider.refresh(APPLICATION, Connection(second.secrets, {}), token_set)
            assert third.secrets["refresh_token"] != second.secrets["refresh_token"]

    asyncio.run(run())


def test_what_linear_granted_is_ended_with_its_refresh_token(emulator: Emulator) -> None:
    async def run() -> None:
        async with provider_at(emulator, "linear") as provider:
            [token_set] = provider.manifest.oauth.token_sets
            granted = await exchange(provider, code_of(provider, "Jackfield"))
            connection = Connection(granted.secrets, {})
            await provider.revoke(connection)
            with pytest.raises(CredentialRefused):
                await provider.verify(connection)
            with pytest.raises(GrantRefused):
                await provider.refresh(APPLICATION, connection, token_set)
            await provider.revoke(connection)

    asyncio.run(run())
