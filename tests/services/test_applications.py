"""The operator's registrations at vendors: what they make possible, and how what was granted to them is ended."""

import asyncio
from typing import Any, Final
from urllib.parse import parse_qs

import pytest
from pydantic import SecretStr, ValidationError

from jackfield.bootstrap import applications_of
from jackfield.domain.authorization import Application
from jackfield.domain.credential import Secrets
from jackfield.domain.provider import Connection, Unsupported
from jackfield.providers._client import open_client
from jackfield.providers._http import Endpoints
from jackfield.providers._registry import make_providers
from jackfield.services.catalog import Catalog
from jackfield.settings import ProviderSettings, Settings
from support.recorded import LOOPBACK
from support.vendor import Answer, Asked, answers, vendor

APPLICATION: Final = Application("an-id", "a-secret-of-the-operator")


def catalog(providers: Any, applications: dict[str, Application]) -> Catalog:
    nothing: Any = None
    return Catalog(nothing, providers, lambda _: None, "", applications)


def revoked(slug: str, secrets: dict[str, str], *script: Answer, registered: bool = True) -> list[Asked]:
    """What the vendor is asked when such a credential is ended."""

    async def run() -> list[Asked]:
        async with vendor(answers(*script)) as there, open_client(LOOPBACK, {slug: [there.url]}) as http:
            providers = make_providers(http, {slug: Endpoints(base_url=there.url)})
            applications = {slug: APPLICATION} if registered else {}
            revoker = await catalog(providers, applications).revoker(slug)
            assert revoker is not None
            await revoker.revoke(Connection(Secrets(dict(secrets)), {}))
            return there.seen

    return asyncio.run(run())


def test_who_is_registered_nowhere_connects_nothing() -> None:
    providers: Any = make_providers(None, {})  # type: ignore[arg-type]
    bare = catalog(providers, {})
    assert not any(bare.connects_by_oauth(slug) for slug in providers)
    assert bare.application("github") is None
    assert bare.authorizer("github") is not None


def test_what_is_connected_takes_a_vendor_with_oauth_and_a_registration() -> None:
    providers: Any = make_providers(None, {})  # type: ignore[arg-type]
    registered = catalog(providers, {"github": APPLICATION, "discord": APPLICATION, "gone": APPLICATION})
    assert [slug for slug in (*providers, "gone") if registered.connects_by_oauth(slug)] == ["github"]
    assert registered.application("github") == APPLICATION
    assert registered.authorizer("discord") is None
    assert registered.oauth("discord") is None


def test_the_settings_say_who_the_operator_is() -> None:
    settings = Settings(
        providers={
            "github": ProviderSettings(client_id="an-id", client_secret=SecretStr("a-secret-of-the-operator")),
            "slack": ProviderSettings(base_url="https://slack.example.com"),
        }
    )
    found = applications_of(settings)
    assert found == {"github": APPLICATION}
    assert APPLICATION.client_secret not in repr(found)


@pytest.mark.parametrize("half", [{"client_id": "an-id"}, {"client_secret": SecretStr("a-secret")}])
def test_half_a_registration_is_a_mistake_that_is_told(half: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="belong together"):
        ProviderSettings(**half)


def test_a_granted_token_is_ended_by_the_application() -> None:
    secrets = {"access_token": "granted", "refresh_token": "next"}
    [asked] = revoked("gitlab", secrets, Answer.of({}))
    assert (asked.method, asked.path) == ("POST", "/oauth/revoke")
    assert parse_qs(asked.body.decode())["client_secret"] == [APPLICATION.client_secret]


def test_an_entered_token_ends_itself_and_the_secret_stays_here() -> None:
    [asked] = revoked("gitlab", {"access_token": "glpat-entered"}, Answer(204))
    assert (asked.method, asked.path) == ("DELETE", "/api/v4/personal_access_tokens/self")
    assert APPLICATION.client_secret not in f"{asked.headers} {asked.body!r}"


def test_without_a_registration_a_token_can_but_end_itself() -> None:
    secrets = {"access_token": "granted", "refresh_token": "next"}
    [asked] = revoked("gitlab", secrets, Answer(204), registered=False)
    assert asked.path == "/api/v4/personal_access_tokens/self"


def test_what_nobody_but_a_person_can_end_is_said_so() -> None:
    with pytest.raises(Unsupported):
        revoked("github", {"access_token": "ghp_entered"})
