"""A host inside, which the operator named for one vendor, is called for that vendor alone, where the operator said."""

import asyncio
from typing import Any

import msgspec
import pytest

from jackfield.domain.credential import Secrets
from jackfield.domain.definition import AuthoredDefinition
from jackfield.domain.provider import Connection, Delivery, ProviderError, Verifies
from jackfield.providers._authored import make_authored
from jackfield.providers._client import open_client
from jackfield.providers._egress import AddressRefused
from jackfield.providers._http import Endpoints
from support.recorded import CLASSES, ITEM, MARKER, cases
from support.vendor import Answer, Asked, answers, vendor

#: those whose address a tenant can enter
SELF_HOSTED = [
    slug for slug, one in CLASSES.items() if any(setting.name == "base_url" for setting in one.manifest.configuration)
]
SLUGS = [slug for slug in CLASSES if cases(slug)]


async def use(provider: Any, connection: Connection) -> None:
    """One call of whatever kind the provider can make."""
    if isinstance(provider, Verifies):
        await provider.verify(connection)
    else:
        await provider.deliver(connection, msgspec.convert({"marker": MARKER, "item": ITEM}, Delivery))


def seen(
    slug: str, configuration: dict[str, str], *, placed: str | None = None, operators: bool = True
) -> tuple[list[Asked], ProviderError | None]:
    """What the host inside is asked when the operator named it for `placed`, and what the caller is told."""

    async def run() -> tuple[list[Asked], ProviderError | None]:
        async with (
            vendor(answers(*[Answer.of({}) for _ in range(9)])) as inside,
            open_client([], {placed or slug: [inside.url]}) as http,
        ):
            endpoints = Endpoints(base_url=f"{inside.url}/site", api_url=inside.url) if operators else Endpoints()
            provider = CLASSES[slug](http, endpoints)
            # the one that proves itself with the most, so that nothing is lacking
            example = max(cases(slug), key=lambda one: len(one.secrets))
            settings = {**example.configuration, **configuration}
            # what leads elsewhere first is not what is tried here
            settings.pop("cloud_id", None)
            if "base_url" not in configuration:
                settings.pop("base_url", None)
            fill = {name: value.replace("{url}", inside.url) for name, value in settings.items()}
            secrets = {name: value.replace("{url}", inside.url) for name, value in example.secrets.items()}
            told: ProviderError | None = None
            try:
                await use(provider, Connection(Secrets(secrets), fill))
            except ProviderError as error:
                told = error
            return inside.seen, told

    return asyncio.run(run())


@pytest.mark.parametrize("slug", SELF_HOSTED)
@pytest.mark.parametrize("path", ["", "/", "/internal/admin", "/api/v4", "/../x"])
def test_a_tenants_address_there_is_not_called(slug: str, path: str) -> None:
    asked, told = seen(slug, {"base_url": f"{{url}}{path}"})
    assert asked == []
    assert isinstance(told, ProviderError)


@pytest.mark.parametrize("slug", SELF_HOSTED)
def test_a_tenants_address_of_another_vendor_there_is_not_called(slug: str) -> None:
    other = next(one for one in CLASSES if one != slug)
    asked, told = seen(slug, {"base_url": "{url}/internal/admin"}, placed=other, operators=False)
    assert asked == []
    assert isinstance(told, AddressRefused)


@pytest.mark.parametrize("slug", SLUGS)
def test_where_the_operator_placed_the_vendor_is_called(slug: str) -> None:
    asked, told = seen(slug, {})
    assert asked
    assert not isinstance(told, AddressRefused)


@pytest.mark.parametrize("slug", SLUGS)
def test_no_vendor_is_called_where_another_one_was_placed(slug: str) -> None:
    other = next(one for one in CLASSES if one != slug)
    asked, told = seen(slug, {}, placed=other)
    assert asked == []
    assert isinstance(told, AddressRefused)


@pytest.mark.parametrize("placed", ["gitlab", "openid", "authored"])
def test_no_address_of_a_definition_or_an_app_there_is_called(placed: str) -> None:
    async def run() -> list[Asked]:
        async with vendor(answers(Answer.of({"valid": True}))) as inside:
            places = {placed: [inside.url]}
            async with open_client([], places) as http:
                url = f"{inside.url}/api/v4/projects/1?force=true"
                definition = AuthoredDefinition(
                    organisation_id=1, id=2, name="App", description=None, verify_url=url, uninstallation_url=url
                )
                app: Any = make_authored(http, definition)
                with pytest.raises(AddressRefused):
                    await app.verify(Connection(Secrets({}), {}))
                with pytest.raises(AddressRefused):
                    await app.uninstall("7", "a-secret")
            return inside.seen

    assert asyncio.run(run()) == []


@pytest.mark.parametrize(
    "path",
    ["/elsewhere/1", "/teams/../admin", "/teams/%2e%2e/admin", "/teams/.%2E/admin", "/teams/x/..", "/teamsters/1"],
)
def test_a_webhook_beside_what_the_operator_named_is_not_called(path: str) -> None:
    async def run() -> list[Asked]:
        async with vendor(answers(Answer(202))) as inside:
            async with open_client([], {"teams": [f"{inside.url}/teams"]}) as http:
                provider: Any = CLASSES["teams"](http, Endpoints(base_url=f"{inside.url}/teams"))
                with pytest.raises(AddressRefused):
                    await use(provider, Connection(Secrets({"webhook_url": inside.url + path}), {}))
            return inside.seen

    assert asyncio.run(run()) == []
