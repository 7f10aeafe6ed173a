"""Who may refresh an integration's tokens, in the database; and the one statement that writes newer ones."""

from datetime import datetime
from typing import Final

from jackfield.domain.freshness import DatabaseClock
from jackfield.domain.integration import Detail
from jackfield.domain.refresh import Kept, Lease
from jackfield.storage.integration_rows import DETAIL_COLUMNS, VISIBLE, to_detail
from jackfield.storage.pool import Connection, Pool


def _restored(column: str, value: str) -> str:
    return f"{column} = case when i.grant_refused_at is null then i.{column} else {value} end"


# who asks again before the end keeps it, with a new fence; whoever else asks gets it after the end
ACQUIRE: Final = """
insert into refresh_lease as l (organisation_id, integration_id, token_set, owner, fence, until)
values ($1, $2, $3, $4, 1, now() + make_interval(secs => $5))
on conflict (organisation_id, integration_id, token_set) do update
    set owner = excluded.owner, fence = l.fence + 1, until = excluded.until
    where l.until <= now() or l.owner = excluded.owner
returning l.fence, l.asked_at, clock_timestamp()
"""

# from here on an answer may be lost: the earliest question without one is remembered
ANNOUNCE: Final = """
update refresh_lease l set asked_at = coalesce($7, now()), until = now() + make_interval(secs => $6)
where l.organisation_id = $1 and l.integration_id = $2 and l.token_set = $3 and l.owner = $4 and l.fence = $5
    and l.until > now()
returning l.asked_at
"""

RELEASE: Final = """
update refresh_lease l set until = '-infinity', asked_at = $6
where l.organisation_id = $1 and l.integration_id = $2 and l.token_set = $3 and l.owner = $4 and l.fence = $5
"""

# locked, so that nobody takes the lease over before the end of the transaction
HOLD: Final = """
select l.fence from refresh_lease l
where l.organisation_id = $1 and l.integration_id = $2 and l.token_set = $3 and l.owner = $4 and l.fence = $5
    and l.until > now()
for update
"""

# Only over the version that was read, and only by who still has the lease, which is given back with it. What was
# refused for good in between, while this answer was on its way, was not: the vendor is asked whether all is well.
KEEP: Final = f"""
with held as (
    select l.organisation_id, l.integration_id, l.token_set from refresh_lease l
    where l.organisation_id = $1 and l.integration_id = $2 and l.token_set = $3 and l.owner = $4 and l.fence = $5
        and l.until > now()
    for update
), kept as (
    update integration i
    set sealed_secrets = $7, credential_version = i.credential_version + 1, token_expires_at = $8, fresh_until = $9,
        refresh_due_at = $10, refreshed_at = now(), grant_refused_at = null,
        {_restored("health", "'active'")}, {_restored("health_reason", "null")}, {_restored("error", "null")},
        {_restored("status", "case when i.status = 'error' then 'active' else i.status end")},
        {_restored("state", "'live'")}, {_restored("state_changed_at", "now()")},
        {_restored("verification_due_at", "now()")}
    from held h
    where i.organisation_id = h.organisation_id and i.id = h.integration_id and i.credential_version = $6 and {VISIBLE}
    returning {DETAIL_COLUMNS}
), released as (
    update refresh_lease l set until = '-infinity', asked_at = null
    from held h, kept k
    where l.organisation_id = h.organisation_id and l.integration_id = h.integration_id and l.token_set = h.token_set
)
select i.* from kept i
"""

DUE: Final = """
select organisation_id, id from integration
where refresh_due_at <= now() and state not in ('deleting', 'deleted') order by refresh_due_at limit $1
"""


class RefreshLeases:
    """Each call is atomic by itself."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def acquire(
        self, organisation_id: int, integration_id: int, token_set: str, owner: str, seconds: float
    ) -> Lease | None:
        """The lease, for so many seconds; None while somebody else has it."""
        records = await self._pool.fetch(ACQUIRE, organisation_id, integration_id, token_set, owner, seconds)
        if not records:
            return None
        fence, asked_at, now = records[0]
        return Lease(
            organisation_id=organisation_id,
            integration_id=integration_id,
            token_set=token_set,
            owner=owner,
            fence=fence,
            asked_at=asked_at,
            clock=DatabaseClock.read(now),
        )

    async def announce(self, lease: Lease, seconds: float, since: datetime | None) -> datetime | None:
        """The vendor is about to be asked; returns since when an answer is missing. None: somebody else has the lease.

        `since`: an answer is missing already. The lease lasts for so many seconds from now on.
        """
        records = await self._pool.fetch(ANNOUNCE, *_key(lease), seconds, since)
        return None if not records else records[0][0]

    async def keep(self, lease: Lease, kept: Kept) -> Detail | None:
        """Writes newer tokens and gives the lease back. None, and nothing is written, when the credential is not the
        one that was read any more, or somebody else has the lease."""
        records = await self._pool.fetch(
            KEEP,
            *_key(lease),
            kept.found.credential_version,
            kept.sealed,
            kept.freshness.token_expires_at,
            kept.freshness.fresh_until,
            kept.freshness.refresh_due_at,
        )
        return to_detail(records[0]) if records else None

    async def release(self, lease: Lease, asked_at: datetime | None) -> None:
        """Gives the lease back, unless somebody else has it. `asked_at`: an answer is missing since then."""
        await self._pool.fetch(RELEASE, *_key(lease), asked_at)


class RefreshLeaseTable:
    """Leases inside a unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def hold(self, lease: Lease) -> bool:
        """Whether the lease is still its owner's, until the end of the unit of work; to be asked first of all."""
        return bool(await self._connection.fetch(HOLD, *_key(lease)))

    async def release(self, lease: Lease) -> None:
        """Gives the lease back; no answer is missing."""
        await self._connection.execute(RELEASE, *_key(lease), None)

    async def due(self, most: int) -> list[tuple[int, int]]:
        """Organisation and id of integrations whose tokens have to be refreshed, the longest due first."""
        return [(record[0], record[1]) for record in await self._connection.fetch(DUE, most)]


def _key(lease: Lease) -> tuple[object, ...]:
    return (lease.organisation_id, lease.integration_id, lease.token_set, lease.owner, lease.fence)
