"""Whose an integration is, by its id alone, and whether there is such an organisation still."""

from typing import Final

from jackfield.domain.integration import GOING, Owner, Wanted
from jackfield.storage.pool import Pool

FIND_OWNER: Final = "select organisation_id, state from integration where id = $1 and provider = any($2)"
EXISTS: Final = "select from organisation where id = $1 and deleted_at is null"


class OwnerLookup:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, wanted: Wanted) -> Owner | None:
        """The owner of an integration of one of the providers wanted, whatever its state and whoever's it is."""
        records = await self._pool.fetch(FIND_OWNER, wanted.id, wanted.providers)
        return Owner(records[0][0], is_going=records[0][1] in GOING) if records else None

    async def exists(self, organisation_id: int) -> bool:
        """Whether there is such an organisation; a deleted one is none."""
        return bool(await self._pool.fetch(EXISTS, organisation_id))
