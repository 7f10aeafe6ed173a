"""Giving organisations new data keys and sealing their secrets again, while the service runs."""

from collections.abc import Sequence
from typing import Final

import msgspec

from jackfield.domain.credential import SealedValueBroken
from jackfield.domain.integration import Integration
from jackfield.domain.ports import Database, UnitOfWork, Vault

_BATCH: Final = 200


class Rotated(msgspec.Struct, frozen=True):
    """How many credentials were sealed again, and the ids of the integrations whose credential no longer opens."""

    resealed: int
    broken: tuple[int, ...]


class Rotation:
    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def rotate_data_keys(self) -> Rotated:
        """A new data key for every organisation; seals again what older keys sealed.

        Can be repeated, and picked up again after it was interrupted. A credential that does not open is left as it is.
        """
        async with self._database.transaction() as work:
            organisations = await work.organisations.list()
        resealed, broken = 0, []
        for organisation in organisations:
            key_id = await self._vault.add_data_key(organisation.id)
            last_id = 0
            while batch := await self._reseal_some(organisation.id, key_id, last_id):
                unopened = [integration.id for integration, opened in batch if not opened]
                resealed += len(batch) - len(unopened)
                broken += unopened
                last_id = batch[-1][0].id
        return Rotated(resealed, tuple(broken))

    async def _reseal_some(
        self, organisation_id: int, key_id: int, after_id: int
    ) -> Sequence[tuple[Integration, bool]]:
        async with self._database.transaction() as work:
            batch = await work.integrations.list_sealed_before(organisation_id, key_id, after_id, _BATCH)
            return [(integration, await self._reseal(work, integration)) for integration in batch]

    async def _reseal(self, work: UnitOfWork, integration: Integration) -> bool:
        if integration.sealed_secrets is None:
            return True
        place = integration.secrets_place
        try:
            secrets = await self._vault.open(place, integration.sealed_secrets)
        except SealedValueBroken:
            return False
        await work.integrations.reseal(integration, await self._vault.seal(place, secrets))
        return True
