"""The OAuth server by its services: what the upkeep takes away, what rotating keys leaves good, what is not printed."""

import asyncio
import pickle
import uuid
from collections.abc import Coroutine
from typing import Any

import pytest

from jackfield.domain.app import AppFields, AppNotFound
from jackfield.domain.errors import CapabilityMissing
from jackfield.domain.installation import InstallationNotFound
from jackfield.domain.oauth import Client, InvalidClient, InvalidGrant, TokenInvalid, Tokens
from jackfield.domain.principal import Capability
from support.operator import ORIGIN, Operator
from support.partner import caller_of
from support.workbench import Workbench


class Ground:
    """An organisation with an app of its own that it has installed."""

    def __init__(self, bench: Workbench) -> None:
        self.operator: Operator = bench.operator
        self.organisation = bench.organisation
        self.services = bench.house.services
        self.caller = caller_of(self.organisation)
        fields = AppFields(
            identifier_field_path="name",
            name=f"App {uuid.uuid4()}",
            oauth_callback_url="https://partner.example.com/callback?kept=1",
        )
        registered = self.run(self.services.apps.register(self.caller, fields))
        self.registered = registered
        self.secret = registered.client_secret
        self.app = registered.app
        self.client = Client(self.organisation.id, self.app.id, self.organisation.handle)
        self.installation = self.run(
            self.services.installations.create(self.caller, self.app.id, {"name": "Acme", "key": "hunter2"})
        )

    def run(self, deed):  # type: ignore[no-untyped-def]
        return self.operator.run(deed)

    def code(self) -> str:
        return self.run(self.services.oauth_server.issue_code(self.caller, self.installation.id)).code

    def tokens(self) -> Tokens:
        return self.run(self.services.oauth_server.exchange(self.client, self.code()))

    def count(self, table: str) -> int:
        rows = self.operator.fetch(f"select count(*) from {table} where organisation_id = $1", self.organisation.id)
        return rows[0][0]


@pytest.fixture
def ground(bench: Workbench) -> Ground:
    return Ground(bench)


def test_the_browser_is_sent_to_the_callback_with_the_code(ground: Ground) -> None:
    issued = ground.run(ground.services.oauth_server.issue_code(ground.caller, ground.installation.id))
    assert issued.callback == f"https://partner.example.com/callback?kept=1&code={issued.code}"
    client = ground.run(ground.services.oauth_server.authenticate_client(ground.app.hex_id, ground.secret))
    assert client == ground.client


def test_only_who_manages_gets_a_code_and_only_of_the_own_organisation(ground: Ground) -> None:
    server = ground.services.oauth_server
    viewer = caller_of(ground.organisation, Capability.VIEW)
    stranger = caller_of(ground.operator.create_organisation())
    with pytest.raises(CapabilityMissing):
        ground.run(server.issue_code(viewer, ground.installation.id))
    with pytest.raises(CapabilityMissing):
        ground.run(ground.services.installations.create(viewer, ground.app.id, {}))
    with pytest.raises(InstallationNotFound):
        ground.run(server.issue_code(stranger, ground.installation.id))


def test_the_upkeep_takes_away_what_expired_long_ago(ground: Ground) -> None:
    tokens = ground.tokens()
    ground.code()
    ground.run(ground.operator.house.upkeep.purge())
    assert (ground.count("oauth_grant"), ground.count("oauth_token")) == (2, 2)
    where = "where organisation_id = $1"
    for change in (
        f"update oauth_token set expires_at = now() - interval '31 days' {where} and kind = 'access'",
        f"update oauth_grant set created_at = now() - interval '31 days' {where}",
    ):
        ground.operator.fetch(change, ground.organisation.id)
    ground.run(ground.operator.house.upkeep.purge())
    # the grant that has a refresh token stays
    assert (ground.count("oauth_grant"), ground.count("oauth_token")) == (1, 1)
    assert ground.run(ground.services.oauth_server.refresh(ground.client, tokens.refresh_token))


def test_what_is_deleted_for_good_takes_its_grants_along(ground: Ground) -> None:
    ground.tokens()
    ground.operator.fetch(
        "delete from integration where organisation_id = $1 and id = $2", ground.organisation.id, ground.installation.id
    )
    assert [ground.count(table) for table in ("installation", "oauth_grant", "oauth_token")] == [0, 0, 0]


def test_new_data_keys_leave_installations_as_they_were(ground: Ground) -> None:
    tokens = ground.tokens()
    assert ground.run(ground.operator.house.rotation.rotate_data_keys()).broken == ()
    newer = ground.run(ground.services.oauth_server.refresh(ground.client, tokens.refresh_token))
    assert newer.client_secret == tokens.client_secret
    holder = ground.run(ground.services.oauth_server.authenticate(newer.access_token))
    read = ground.run(ground.services.installations.read(holder, ground.app.hex_id, ORIGIN))
    assert read.configuration == {"name": "Acme", "key": "hunter2"}


def test_a_deleted_owner_takes_its_apps_tokens_along(ground: Ground) -> None:
    tokens = ground.tokens()
    ground.run(ground.services.organisations.delete(ground.organisation.handle, ORIGIN))
    with pytest.raises(InvalidGrant):
        ground.run(ground.services.oauth_server.refresh(ground.client, tokens.refresh_token))
    with pytest.raises(InvalidClient):
        ground.run(ground.services.oauth_server.authenticate_client(ground.app.hex_id, ground.secret))


def test_a_deleted_owners_app_is_neither_seen_nor_installed(ground: Ground) -> None:
    ground.run(ground.services.apps.approve(ground.app.hex_id, ORIGIN))
    installer = caller_of(ground.operator.create_organisation())
    assert ground.run(ground.services.apps.get_installable(installer, ground.app.id)).id == ground.app.id

    def vendors() -> set[str]:
        found = ground.run(ground.services.catalog.available(installer.organisation_id))
        return {one.vendor for definitions in found.values() for one in definitions}

    assert ground.app.hex_id in vendors()
    ground.run(ground.services.organisations.delete(ground.organisation.handle, ORIGIN))
    assert ground.app.hex_id not in vendors()
    with pytest.raises(AppNotFound):
        ground.run(ground.services.apps.get_installable(installer, ground.app.id))
    with pytest.raises(AppNotFound):
        ground.run(ground.services.installations.create(installer, ground.app.id, {}))


def test_nothing_in_clear_prints_itself(ground: Ground) -> None:
    tokens = ground.tokens()
    issued = ground.run(ground.services.oauth_server.issue_code(ground.caller, ground.installation.id))
    for thing, secrets in (
        (tokens, (tokens.access_token, tokens.refresh_token, tokens.client_secret)),
        (issued, (issued.code,)),
        (ground.registered, (ground.secret,)),
        (ground.installation, ("hunter2",)),
    ):
        assert not [secret for secret in secrets if secret in f"{thing} {thing!r}"]
    for thing in (tokens, ground.registered):
        with pytest.raises(TypeError):
            pickle.dumps(thing)


async def held_together(ground: Ground, table: str, deeds: list[Coroutine[Any, Any, Tokens]]) -> list[Any]:
    """Does all of them while the organisation's rows are locked, and lets them go when all of them wait."""
    async with ground.operator.house.database.connection() as connection:
        await connection.execute(f"select from {table} where organisation_id = $1 for update", ground.organisation.id)
        tasks = [asyncio.create_task(deed) for deed in deeds]
        waiting = (
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        )
        async with asyncio.timeout(20):
            while await ground.operator.house.database.fetch(waiting) < [(len(tasks),)]:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    return await asyncio.gather(*tasks, return_exceptions=True)


def test_of_exchanges_at_the_same_moment_one_wins_and_its_tokens_are_good(ground: Ground) -> None:
    server, code = ground.services.oauth_server, ground.code()
    outcomes = ground.run(
        held_together(ground, "oauth_grant", [server.exchange(ground.client, code) for _ in range(4)])
    )
    [won] = [one for one in outcomes if isinstance(one, Tokens)]
    assert [type(one) for one in outcomes if one is not won] == [InvalidGrant] * 3
    assert ground.run(server.authenticate(won.access_token)).installation_id == ground.installation.id
    # who comes a while after it is another matter
    later = "update oauth_grant set exchanged_at = exchanged_at - interval '2 seconds' where organisation_id = $1"
    ground.operator.fetch(later, ground.organisation.id)
    with pytest.raises(InvalidGrant):
        ground.run(server.exchange(ground.client, code))
    with pytest.raises(TokenInvalid):
        ground.run(server.authenticate(won.access_token))


def test_of_refreshes_at_the_same_moment_one_wins_and_its_tokens_are_good(ground: Ground) -> None:
    server, token = ground.services.oauth_server, ground.tokens().refresh_token
    outcomes = ground.run(
        held_together(ground, "oauth_token", [server.refresh(ground.client, token) for _ in range(4)])
    )
    [won] = [one for one in outcomes if isinstance(one, Tokens)]
    assert [type(one) for one in outcomes if one is not won] == [InvalidGrant] * 3
    assert ground.count("oauth_token") == 4
    assert ground.run(server.authenticate(won.access_token)).installation_id == ground.installation.id
