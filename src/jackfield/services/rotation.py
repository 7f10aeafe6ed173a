"""Giving organisations new data keys and sealing their secrets again, while the service runs."""

from typing import Final

from jackfield.domain.integration import Change
from jackfield.domain.ports import Database, Vault

_BATCH: Final = 200


class Rotation:
    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def rotate_data_keys(self) -> int:
        """A new data key for every organisation; seals again what older keys sealed, and returns how much that was.

        Can be repeated, and picked up again after it was interrupted.
        """
        async with self._database.transaction() as work:
            organisations = await work.organisations.list()
        done = 0
        for organisation in organisations:
            key_id = await self._vault.add_data_key(organisation.id)
            while resealed := await self._reseal_some(organisation.id, key_id):
                done += resealed
        return done

    async def _reseal_some(self, organisation_id: int, key_id: int) -> int:
        async with self._database.transaction() as work:
            batch = await work.integrations.list_sealed_before(organisation_id, key_id, _BATCH)
            for integration in batch:
                if integration.sealed_secrets is not None:
                    place = integration.secrets_place
                    secrets = await self._vault.open(place, integration.sealed_secrets)
                    change = Change(sealed_secrets=await self._vault.seal(place, secrets))
                    await work.integrations.update(integration, change)
            return len(batch)
