"""Which integrations' accounts are limited by their vendors, and until when; the same for every process."""

from typing import Final

from jackfield.storage.pool import Pool

SECONDS: Final = """
select extract(epoch from until - now())::double precision from rest
where organisation_id = $1 and integration_id = $2 and until > now()
"""

# the longest of what several processes heard at once
NOTE: Final = """
insert into rest (organisation_id, integration_id, until) values ($1, $2, now() + make_interval(secs => $3))
on conflict (organisation_id, integration_id) do update set until = greatest(rest.until, excluded.until)
"""

PURGE: Final = "delete from rest where until < now() - interval '1 day'"


class RestTable:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def seconds(self, organisation_id: int, integration_id: int) -> float | None:
        """How long the vendor wants no more calls for the integration; None when it takes them."""
        records = await self._pool.fetch(SECONDS, organisation_id, integration_id)
        return float(records[0][0]) if records else None

    async def note(self, organisation_id: int, integration_id: int, seconds: float) -> None:
        """From now on, and for so long, the integration's account rests."""
        await self._pool.fetch(NOTE, organisation_id, integration_id, seconds)

    async def purge(self) -> None:
        """Forgets what is over."""
        await self._pool.fetch(PURGE)
