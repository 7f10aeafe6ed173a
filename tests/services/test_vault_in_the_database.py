"""The vault with the real database behind it, up to what a client of v1 sees."""

import asyncio
import threading
from typing import Any

import asyncpg
import pytest
import requests

from jackfield.domain import ids
from jackfield.domain.credential import Place, SealedValueBroken, Secrets
from jackfield.domain.errors import Kind
from jackfield.services.rotation import Rotation
from jackfield.storage import data_keys as data_keys_sql
from jackfield.vault import Vault
from support.operator import ORIGIN, Operator
from support.tenant import Tenant

SECRETS = Secrets({"access_token": "hunter2-in-clear"})


def save(tenant: Tenant, token: str) -> str:
    answer = tenant.save(auth_data={"access_token": token})
    assert answer.status_code == 200
    integration_id: str = answer.json()["data"]["integration_id"]
    return integration_id


def read(tenant: Tenant, integration_id: str) -> requests.Response:
    return tenant.v1("GET", f"/{integration_id}")


def token(tenant: Tenant, integration_id: str) -> str:
    answer = read(tenant, integration_id)
    assert answer.status_code == 200, answer.text
    shown: str = answer.json()["integration"]["auth_data"]["access_token"]
    return shown


def a_vault(operator: Operator) -> Vault:
    """As another process would have it: with nothing in its memory."""
    return Vault(operator.house.master_keys, operator.house.data_keys)


def stored_data_keys(operator: Operator, organisation_id: int) -> list[int]:
    records = operator.fetch("select id from data_key where organisation_id = $1 order by id", organisation_id)
    return [record[0] for record in records]


def sealing_key(operator: Operator, integration_id: str) -> int:
    [record] = operator.fetch("select sealed_secrets from integration where id = $1", ids.parse_uuid(integration_id))
    return int.from_bytes(record[0][1:5], "big")


# Sealed values that were moved or altered


def assert_it_is_shown_as_broken(tenant: Tenant, integration_id: str) -> None:
    """It is shown without its credential, beside those that can be read; it can still be deleted."""
    answer = read(tenant, integration_id)
    assert answer.status_code == 200
    shown = answer.json()["integration"]
    assert not any(shown["auth_data"].values())
    assert shown["status"] == "error"
    assert tenant.v1("DELETE", f"/{integration_id}").status_code == 200
    assert read(tenant, integration_id).status_code == 404


def move(operator: Operator, source: str, target: str) -> None:
    operator.fetch(
        "update integration set sealed_secrets = (select sealed_secrets from integration where id = $1) where id = $2",
        ids.parse_uuid(source),
        ids.parse_uuid(target),
    )


def flip_a_bit(operator: Operator, integration_id: str) -> None:
    operator.fetch(
        """
        update integration set sealed_secrets = set_byte(sealed_secrets, 20, get_byte(sealed_secrets, 20) # 1)
        where id = $1
        """,
        ids.parse_uuid(integration_id),
    )


def test_a_ciphertext_copied_to_another_row_does_not_open(tenant: Tenant, operator: Operator) -> None:
    mine, victim = save(tenant, "mine"), save(tenant, "victims")
    move(operator, victim, mine)
    assert_it_is_shown_as_broken(tenant, mine)
    assert token(tenant, victim) == "victims"


def test_nor_does_one_copied_to_another_organisation(tenant: Tenant, operator: Operator) -> None:
    other = Tenant.create(operator, tenant.service)
    mine, victim = save(tenant, "mine"), save(other, "victims")
    move(operator, victim, mine)
    assert_it_is_shown_as_broken(tenant, mine)


def test_an_altered_ciphertext_does_not_open_and_takes_no_others_along(tenant: Tenant, operator: Operator) -> None:
    mine, healthy = save(tenant, "mine"), save(tenant, "healthy")
    flip_a_bit(operator, mine)
    assert token(tenant, healthy) == "healthy"
    assert_it_is_shown_as_broken(tenant, mine)


def test_an_altered_credential_can_be_replaced(tenant: Tenant, operator: Operator) -> None:
    mine = save(tenant, "mine")
    flip_a_bit(operator, mine)
    again = tenant.save(unique_identifier=f"sentry-{mine}", auth_data={"access_token": "new"})
    assert again.status_code == 200
    assert token(tenant, mine) == "new"


def test_no_secret_stands_in_the_database_in_clear(tenant: Tenant, operator: Operator) -> None:
    save(tenant, "a-token-to-look-for")
    tables = operator.fetch("select tablename::text from pg_tables where schemaname = 'public'")
    for [table] in tables:
        found = operator.fetch(
            f'select count(*) from "{table}" t where t::text like $1 or t::text like $2',
            "%a-token-to-look-for%",
            f"%{b'a-token-to-look-for'.hex()}%",
        )
        assert found[0][0] == 0, table


# Data keys


def test_first_seals_of_an_organisation_by_two_vaults_at_once_use_one_data_key(operator: Operator) -> None:
    organisation = operator.create_organisation()
    place = Place(organisation.id, "integration", 1, "secrets")
    vaults = [a_vault(operator) for _ in range(4)]

    async def seal_at_once() -> list[bytes]:
        return await asyncio.gather(*(one.seal(place, SECRETS) for one in vaults * 3))

    sealed = operator.run(seal_at_once())
    assert stored_data_keys(operator, organisation.id) == [1]
    for one in sealed:
        assert dict(operator.run(a_vault(operator).open(place, one))) == dict(SECRETS)


def test_rotating_data_keys_seals_anew_while_clients_read(tenant: Tenant, operator: Operator) -> None:
    tokens = {save(tenant, f"token {number}"): f"token {number}" for number in range(30)}
    without = tenant.save(unique_identifier="without a credential").json()["data"]["integration_id"]
    assert {sealing_key(operator, one) for one in tokens} == {1}
    stop = threading.Event()
    wrong: list[Any] = []
    reads = 0

    def keep_reading() -> None:
        nonlocal reads
        reader = tenant.another_key()
        while not stop.is_set():
            for integration_id, right in tokens.items():
                answer = read(reader, integration_id)
                if answer.status_code != 200 or answer.json()["integration"]["auth_data"]["access_token"] != right:
                    wrong.append(answer.text)
                reads += 1

    reader = threading.Thread(target=keep_reading)
    reader.start()
    try:
        for _ in range(3):
            assert operator.run(operator.house.rotation.rotate_data_keys()).resealed >= len(tokens)
    finally:
        stop.set()
        reader.join()
    assert wrong == []
    assert reads > 0
    assert {sealing_key(operator, one) for one in tokens} == {4}
    assert read(tenant, without).status_code == 200
    # the service, which sealed with the first key, still can, and what it seals opens everywhere
    late = save(tenant, "late")
    assert token(tenant, late) == "late"


def test_rotation_can_be_picked_up_again(tenant: Tenant, operator: Operator) -> None:
    mine = [save(tenant, f"token {number}") for number in range(5)]
    organisation_id = tenant.organisation.id

    class Interrupted(Exception):
        pass

    class Faulty(Vault):
        """Dies after two secrets."""

        sealed = 0

        async def seal(self, place: Place, secrets: Secrets) -> bytes:
            if place.organisation_id == organisation_id:
                self.sealed += 1
                if self.sealed > 2:
                    raise Interrupted
            return await super().seal(place, secrets)

    faulty = Rotation(operator.house.database, Faulty(operator.house.master_keys, operator.house.data_keys))
    with pytest.raises(Interrupted):
        operator.run(faulty.rotate_data_keys())
    assert [token(tenant, one) for one in mine] == [f"token {number}" for number in range(5)]
    operator.run(operator.house.rotation.rotate_data_keys())
    newest = stored_data_keys(operator, organisation_id)[-1]
    assert {sealing_key(operator, one) for one in mine} == {newest}
    assert [token(tenant, one) for one in mine] == [f"token {number}" for number in range(5)]


def test_one_broken_credential_does_not_stop_the_rotation_of_the_others(tenant: Tenant, operator: Operator) -> None:
    broken, healthy = save(tenant, "broken"), save(tenant, "healthy")
    later = Tenant.create(operator, tenant.service)
    elsewhere = save(later, "elsewhere")
    flip_a_bit(operator, broken)
    try:
        rotated = operator.run(operator.house.rotation.rotate_data_keys())
        # other tests of this worker leave broken ones behind as well
        assert {ids.parse_uuid(one) for one in (broken, healthy, elsewhere)} & set(rotated.broken) == {
            ids.parse_uuid(broken)
        }
        assert (sealing_key(operator, healthy), sealing_key(operator, elsewhere)) == (2, 2)
        assert (token(tenant, healthy), token(later, elsewhere)) == ("healthy", "elsewhere")
    finally:
        # the other tests of this worker rotate, too
        assert_it_is_shown_as_broken(tenant, broken)


def test_rotation_is_no_change_that_a_client_sees(tenant: Tenant, operator: Operator) -> None:
    mine = save(tenant, "token")
    before = read(tenant, mine).json()
    operator.run(operator.house.rotation.rotate_data_keys())
    assert read(tenant, mine).json() == before


# Deletion


def test_a_deleted_organisations_data_keys_are_gone_for_good(tenant: Tenant, operator: Operator) -> None:
    mine = save(tenant, "token")
    [record] = operator.fetch("select sealed_secrets from integration where id = $1", ids.parse_uuid(mine))
    operator.run(operator.house.services.organisations.delete(tenant.organisation.handle, ORIGIN))
    assert stored_data_keys(operator, tenant.organisation.id) == []
    rows = operator.fetch(
        "select state, sealed_secrets from integration where organisation_id = $1", tenant.organisation.id
    )
    assert [tuple(row) for row in rows] == [("deleted", None)]

    place = Place(tenant.organisation.id, "integration", ids.parse_uuid(mine), "secrets")
    for deed in (a_vault(operator).open(place, record[0]), a_vault(operator).seal(place, SECRETS)):
        with pytest.raises(SealedValueBroken) as caught:
            operator.run(deed)
        assert caught.value.kind is Kind.MISCONFIGURED
    with pytest.raises(SealedValueBroken):
        operator.run(a_vault(operator).add_data_key(tenant.organisation.id))
    assert stored_data_keys(operator, tenant.organisation.id) == []


def test_a_data_key_made_during_the_deletion_is_gone_too(operator: Operator, environment: dict[str, str]) -> None:
    organisation = operator.create_organisation()
    wrapped = operator.house.master_keys.wrap(1, b"k" * 32, "purpose")

    async def race() -> None:
        connection = await asyncpg.connect(environment["JACKFIELD_DATABASE_URL"])
        try:
            async with connection.transaction():
                # another process is just about to have made the organisation's first data key
                await connection.execute(
                    data_keys_sql.ADD, organisation.id, wrapped.id, wrapped.master_key_id, wrapped.wrapped
                )
                deletion = asyncio.create_task(
                    operator.house.services.organisations.delete(organisation.handle, ORIGIN)
                )
                await asyncio.sleep(0.3)
            await deletion
        finally:
            await connection.close()

    operator.run(race())
    assert stored_data_keys(operator, organisation.id) == []
