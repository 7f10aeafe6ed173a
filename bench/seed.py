"""A database as a busy organisation has it: migrated, with two keys and many integrations whose secrets really open."""

import asyncio
import os
from dataclasses import dataclass
from typing import Any

import asyncpg
from pydantic import SecretStr

from bench.sealing import Seal
from jackfield import vault
from jackfield.bootstrap import House, open_house
from jackfield.domain.ids import EPOCH, SEQUENCE_BITS
from jackfield.domain.organisation import Organisation
from jackfield.domain.principal import Capability, Origin
from jackfield.settings import Settings
from jackfield.storage.data_keys import DataKeyStore, ServiceSecretStore
from jackfield.vault import load_service_secret
from jackfield.web.dialects.integrations.schemas import TYPES

SECRETS = {
    "access_token": "sntrys_" + "0123456789abcdef" * 4,
    "refresh_token": "refresh-" + "fedcba9876543210" * 3,
    "token_type": "Bearer",
    "expires_at": "2030-01-15T10:30:00Z",
    "scope": "org:read project:read event:read",
}
SCOPE = '{"org_slug":"acme","installation_id":"12345","project_id":"backend"}'
METADATA = (
    '{"instance_name":"%s","created_via":"oauth","version":"1.0","description":"Errors of the shop",'
    '"tags":["shop","production"]}'
)

_COLUMNS = (
    *("organisation_id", "id", "provider", "name", "identifier", "unique_identifier", "sealed_secrets"),
    *("configuration", "metadata", "created_by", "creator_user", "creator_key_id"),
)
_CHUNK = 20_000
_ORIGIN = Origin("cli:bench", "bench")


@dataclass(frozen=True)
class Seeded:
    """What is in a seeded database, and what it takes to be served from it."""

    database: str
    organisation_id: int
    key: str
    view_key: str
    first: int
    count: int
    master_keys: str
    pepper: bytes
    data_key_id: int
    data_key: bytes

    @property
    def newest(self) -> int:
        return self.first + self.count - 1

    @property
    def environment(self) -> dict[str, str]:
        """For the contenders without a vault: the keys that jackfield makes from its master key."""
        return {
            "BENCH_ORGANISATION": str(self.organisation_id),
            "BENCH_PEPPER": self.pepper.hex(),
            "BENCH_DATA_KEY_ID": str(self.data_key_id),
            "BENCH_DATA_KEY": self.data_key.hex(),
        }


def seed(dsn: str, database: str, count: int) -> Seeded:
    return asyncio.run(_seed(dsn, database, count))


async def _seed(dsn: str, database: str, count: int) -> Seeded:
    master_keys = vault.generate_master_key()
    async with open_house(Settings(database_url=SecretStr(dsn), master_keys=SecretStr(master_keys))) as house:
        organisation = await house.services.organisations.create("Bench", _ORIGIN)
        key = await house.services.organisations.create_key("bench", "alice", (), None, _ORIGIN)
        view_key = await house.services.organisations.create_key("bench", "bob", (Capability.VIEW,), None, _ORIGIN)
        data_key_id, data_key = await _data_key(house, organisation)
        pepper = await load_service_secret(ServiceSecretStore(house.database), house.master_keys, vault.PEPPER)
    # ids of yesterday, so that what is saved from now on is newer
    age = organisation.created_at - EPOCH
    first = (int(age.total_seconds() - 86_400) * 1000) << SEQUENCE_BITS
    seal = Seal(organisation.id, data_key_id, data_key)
    connection = await asyncpg.connect(dsn)
    try:
        for start in range(0, count, _CHUNK):
            numbers = range(start, min(start + _CHUNK, count))
            rows = [_row(seal, organisation.id, first, number, key.key.id) for number in numbers]
            await connection.copy_records_to_table("integration", records=rows, columns=_COLUMNS)
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()
    return Seeded(
        *(database, organisation.id, key.secret, view_key.secret, first, count),
        *(master_keys, pepper, data_key_id, data_key),
    )


async def _data_key(house: House, organisation: Organisation) -> tuple[int, bytes]:
    store = DataKeyStore(house.database)
    purpose = f"jackfield/data-key/{organisation.id}/%d"
    await store.add(organisation.id, house.master_keys.wrap(1, os.urandom(32), purpose % 1))
    stored = await store.newest(organisation.id)
    if stored is None:
        raise LookupError("the organisation has no data key")
    return stored.id, house.master_keys.unwrap(stored, purpose % stored.id)


def _row(seal: Seal, organisation_id: int, first: int, number: int, key_id: int) -> tuple[Any, ...]:
    name, provider = f"Integration {number}", TYPES[number % len(TYPES)]
    return (
        *(organisation_id, first + number, provider, name, f"integration-{number}", f"{provider}-{number}"),
        *(seal.seal(first + number, SECRETS), SCOPE, METADATA % name, "alice", "alice", key_id),
    )
