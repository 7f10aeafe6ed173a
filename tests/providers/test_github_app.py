"""GitHub as an app: its own token, short and signed, is exchanged for one of an installation."""

import asyncio
import base64
import contextlib
import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from joserfc import jwt
from joserfc.jwk import RSAKey

from jackfield.domain.credential import Secrets
from jackfield.domain.item import Item, ItemType
from jackfield.domain.provider import (
    Account,
    ConfigurationRejected,
    Connection,
    CredentialRefused,
    Delivery,
    ProviderError,
    VendorUnavailable,
    Verified,
)
from jackfield.providers._client import open_client
from jackfield.providers._http import Endpoints
from jackfield.providers.github import GitHub
from support.vendor import Answer, Asked, Vendor, answers, vendor

INSTALLATION = {"id": 100, "account": {"login": "acme", "id": 7, "html_url": "https://github.com/acme"}}
TOKEN = {"token": "installation-token", "expires_at": "2026-11-21T11:00:00Z", "permissions": {"issues": "write"}}


@pytest.fixture(scope="module")
def key() -> RSAKey:
    return RSAKey.generate_key(2048)


@pytest.fixture(scope="module")
def pem(key: RSAKey) -> str:
    return key.as_pem(private=True).decode()


async def verify(pem: str, *script: Answer, installation_id: str = "100") -> tuple[Verified, Vendor]:
    async with vendor(answers(*script)) as there, open_client([], {"github": [there.url]}) as http:
        connection = Connection(Secrets({"app_id": "12345", "private_key": pem}), {"installation_id": installation_id})
        return await GitHub(http, Endpoints(api_url=there.url)).verify(connection), there


def refused(pem: str, *script: Answer, **more: Any) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        asyncio.run(verify(pem, *script, **more))
    assert pem not in f"{raised.value} {raised.value!r}"
    assert str(raised.value).startswith("GitHub")
    return raised.value


def test_the_account_is_the_installations(pem: str, key: RSAKey) -> None:
    verified, there = asyncio.run(verify(pem, Answer.of(INSTALLATION), Answer.of(TOKEN, 201)))
    assert verified == Verified(
        account=Account(id="7", name="acme", url="https://github.com/acme"), scopes=("issues:write",)
    )
    assert [(asked.method, asked.path) for asked in there.seen] == [
        ("GET", "/app/installations/100"),
        ("POST", "/app/installations/100/access_tokens"),
    ]
    for asked in there.seen:
        token = jwt.decode(asked.headers["authorization"].removeprefix("Bearer "), key, algorithms=["RS256"])
        assert token.header["alg"] == "RS256"
        assert token.claims["iss"] == "12345"
        assert token.claims["iat"] < time.time() < token.claims["exp"]
        assert token.claims["exp"] - token.claims["iat"] <= 600


@pytest.mark.parametrize("form", ["base64", r"\r\n as text", "one line"])
def test_the_key_is_taken_as_other_contracts_and_files_carry_it(pem: str, form: str) -> None:
    spelled = {
        "base64": base64.b64encode(pem.encode()).decode(),
        r"\r\n as text": pem.replace("\n", r"\r\n"),
        "one line": pem.replace("\n", " "),
    }[form]
    verified, _ = asyncio.run(verify(spelled, Answer.of(INSTALLATION), Answer.of(TOKEN, 201)))
    assert verified.account.name == "acme"


def test_a_key_with_a_passphrase_is_refused_with_the_reason() -> None:
    own = generate_private_key(65537, 2048)
    locked = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word")).decode()
    assert "passphrase" in str(refused(locked))


@pytest.mark.parametrize("spoil", [str.lower, lambda pem: pem[:200], lambda _: "not a key", lambda _: "bm90IGEga2V5"])
def test_what_is_no_key_is_refused(pem: str, spoil: Any) -> None:
    assert type(refused(spoil(pem))) is CredentialRefused


def test_a_public_key_is_refused(key: RSAKey) -> None:
    assert type(refused(key.as_pem(private=False).decode())) is CredentialRefused


def test_an_app_that_github_does_not_know_is_refused(pem: str) -> None:
    unknown = Answer.of({"message": "A JSON web token could not be decoded"}, 401)
    assert type(refused(pem, unknown)) is CredentialRefused


def test_an_unknown_installation_is_a_wrong_setting(pem: str) -> None:
    error = refused(pem, Answer.of({"message": "Not Found"}, 404))
    assert isinstance(error, ConfigurationRejected)
    assert error.field == "installation_id"


@pytest.mark.parametrize("number", ["", "../../user", "100/x", "²"])
def test_an_installation_is_a_number(pem: str, number: str) -> None:
    error = refused(pem, installation_id=number)
    assert isinstance(error, ConfigurationRejected)
    assert error.field == "installation_id"


def test_a_suspended_installation_is_refused(pem: str) -> None:
    suspended = {**INSTALLATION, "suspended_at": "2026-11-01T00:00:00Z"}
    assert "suspended" in str(refused(pem, Answer.of(suspended)))


@pytest.mark.parametrize("body", [{}, {"token": 5}, [], {"token": "x", "permissions": [1]}])
def test_an_exchange_of_another_shape_is_no_usable_answer(pem: str, body: Any) -> None:
    assert refused(pem, Answer.of(INSTALLATION), Answer.of(body, 201)).code == "vendor-unavailable"


@pytest.mark.parametrize(
    ("configured", "endpoints", "expected"),
    [
        ({}, Endpoints(), "https://api.github.com"),
        ({"base_url": "https://github.com/"}, Endpoints(), "https://api.github.com"),
        ({"base_url": "https://acme.ghe.com"}, Endpoints(), "https://api.acme.ghe.com"),
        ({"base_url": "https://github.acme.com/"}, Endpoints(), "https://github.acme.com/api/v3"),
        ({}, Endpoints(base_url="https://github.acme.com"), "https://github.acme.com/api/v3"),
        ({}, Endpoints(base_url="https://github.com"), "https://api.github.com"),
        ({}, Endpoints("https://github.acme.com", "https://api.acme.com/"), "https://api.acme.com"),
        ({"base_url": "https://own.example.com"}, Endpoints(api_url="http://x"), "https://own.example.com/api/v3"),
    ],
)
def test_where_the_api_is(configured: dict[str, str], endpoints: Endpoints, expected: str) -> None:
    github = GitHub(None, endpoints)  # type: ignore[arg-type]
    assert github._api_url(Connection(Secrets({}), configured)) == expected


ISSUE = {"number": 42, "state": "open", "html_url": "https://github.com/acme/depot/issues/42"}
DELIVERY = Delivery(item=Item(type=ItemType.WORK_ITEM, key="WI-7", title="Brake pads worn"), marker="0" * 32)


def token_for(seconds: float) -> Answer:
    ends = datetime.now(UTC) + timedelta(seconds=seconds)
    return Answer.of({**TOKEN, "expires_at": ends.isoformat(timespec="seconds").replace("+00:00", "Z")}, 201)


async def deliver(pem: str, *script: Answer, installations: tuple[str, ...] = ("100", "100")) -> list[str]:
    """One delivery for each installation through one instance; returns what was called."""
    async with vendor(answers(*script)) as there, open_client([], {"github": [there.url]}) as http:
        github = GitHub(http, Endpoints(api_url=there.url))
        for number in installations:
            settings = {"installation_id": number, "repository": "acme/depot"}
            connection = Connection(Secrets({"app_id": "12345", "private_key": pem}), settings)
            with contextlib.suppress(CredentialRefused):
                await github.deliver(connection, DELIVERY)
        return [f"{asked.path} {asked.headers['authorization'][-18:]}" for asked in there.seen]


def test_an_installations_token_is_kept_until_shortly_before_its_end(pem: str) -> None:
    created = Answer.of(ISSUE, 201)
    called = asyncio.run(deliver(pem, token_for(3600), created, created))
    assert called[1:] == ["/repos/acme/depot/issues installation-token"] * 2
    called = asyncio.run(deliver(pem, token_for(200), created, token_for(3600), created))
    assert len(called) == 4


def test_each_installation_has_its_own_token(pem: str) -> None:
    created = Answer.of(ISSUE, 201)
    called = asyncio.run(deliver(pem, token_for(3600), created, token_for(3600), created, installations=("100", "101")))
    assert [path.split()[0] for path in called[::2]] == [
        f"/app/installations/{number}/access_tokens" for number in ("100", "101")
    ]


def test_an_installations_token_that_is_refused_before_its_end_is_replaced(pem: str) -> None:
    created = Answer.of(ISSUE, 201)
    script = [token_for(3600), created, Answer.of({"message": "Bad credentials"}, 401), token_for(3600), created]
    called = asyncio.run(deliver(pem, *script))
    assert [path.split()[0] for path in called[2:]] == [
        "/repos/acme/depot/issues",
        "/app/installations/100/access_tokens",
        "/repos/acme/depot/issues",
    ]


def test_a_new_token_of_an_installation_that_is_refused_is_a_refusal_and_not_kept(pem: str) -> None:
    refuses = Answer.of({"message": "Bad credentials"}, 401)
    called = asyncio.run(deliver(pem, token_for(3600), refuses, token_for(3600), Answer.of(ISSUE, 201)))
    assert len(called) == 4


class AtAnotherTime:
    """GitHub with a clock that differs from ours by so many seconds, and refuses tokens by their times."""

    def __init__(self, behind: float, *, dated: bool = True, knows_the_app: bool = True) -> None:
        self.behind = behind
        self.dated = dated
        self.knows_the_app = knows_the_app

    async def __call__(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        now = datetime.now(UTC) - timedelta(seconds=self.behind)
        answer = self.answer(asked, now)
        dated = {"Date": format_datetime(now, usegmt=True)} if self.dated else {}
        writer.write(Answer(answer.status, {**answer.headers, **dated}, answer.body).to_bytes())
        await writer.drain()

    def answer(self, asked: Asked, now: datetime) -> Answer:
        if "/app/" not in asked.path:
            return Answer.of(ISSUE, 201)
        if not self.knows_the_app:
            return Answer.of({"message": "A JSON web token could not be decoded"}, 401)
        part = asked.headers["authorization"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        if claims["exp"] > now.timestamp() + 600:
            return Answer.of({"message": "'Expiration time' claim ('exp') is too far in the future"}, 401)
        if not claims["iat"] <= now.timestamp() <= claims["exp"]:
            return Answer.of({"message": "'Issued at' claim ('iat') must be an Integer"}, 401)
        if asked.method == "GET":
            return Answer.of(INSTALLATION)
        ends = (now + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return Answer.of({**TOKEN, "expires_at": ends}, 201)


async def at_another_time(pem: str, github_is: AtAnotherTime, deliveries: int = 0) -> tuple[ProviderError | None, int]:
    """What a verification and so many deliveries come to, and how many calls it took."""
    async with vendor(github_is) as there, open_client([], {"github": [there.url]}) as http:
        github = GitHub(http, Endpoints(api_url=there.url))
        secrets = Secrets({"app_id": "12345", "private_key": pem})
        connection = Connection(secrets, {"installation_id": "100", "repository": "acme/depot"})
        try:
            await github.verify(Connection(secrets, {"installation_id": "100"}))
            for _ in range(deliveries):
                await github.deliver(connection, DELIVERY)
        except ProviderError as error:
            return error, len(there.seen)
        return None, len(there.seen)


@pytest.mark.parametrize("behind", [90, 3600, -700, -86_400, 400 * 86_400])
def test_a_wrong_clock_of_ours_costs_one_call_and_nobodys_credential(pem: str, behind: float) -> None:
    error, calls = asyncio.run(at_another_time(pem, AtAnotherTime(behind), deliveries=2))
    assert error is None
    # refused once, then installation and token, then one token that is kept for both deliveries
    assert calls == 1 + 2 + 3


def test_clocks_that_differ_by_seconds_cost_nothing(pem: str) -> None:
    assert asyncio.run(at_another_time(pem, AtAnotherTime(20))) == (None, 2)


def test_a_wrong_clock_that_github_does_not_tell_asks_nobody_to_connect_again(pem: str) -> None:
    error, calls = asyncio.run(at_another_time(pem, AtAnotherTime(7200, dated=False)))
    assert type(error) is VendorUnavailable
    assert "clock" in str(error)
    assert calls == 1


def test_an_app_that_is_refused_at_another_time_is_refused_for_itself(pem: str) -> None:
    github_is = AtAnotherTime(90, knows_the_app=False)
    error, calls = asyncio.run(at_another_time(pem, github_is))
    assert type(error) is CredentialRefused
    assert calls == 2
