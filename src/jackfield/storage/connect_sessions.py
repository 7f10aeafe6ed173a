"""Connect sessions in the database: keyed hashes of what links, browsers and vendors bring, and sealed values.

A link and an OAuth state come without their organisation, so they are found by their hash; everything else is reached
from their row. Time is this database's alone.
"""

from datetime import datetime
from typing import Final

import asyncpg

from jackfield.domain.connecting import (
    CHOICE_LIFETIME,
    LINK_LIFETIME,
    LONGEST_LIFETIME,
    STATE_LIFETIME,
    ConnectSession,
    ConnectState,
    NewConnectSession,
)
from jackfield.storage.pool import Connection

_COLUMNS: Final = """c.organisation_id, c.id, c.provider, c.integration_id, c.reconnects, c.scopes, c.return_url,
    c.locale, c.name, c.creator_user, c.creator_key_id,
    case when c.state <> 'connected' and c.expires_at <= now() then 'expired' else c.state end,
    c.error, c.created_at, c.expires_at, c.browser_digest, c.sealed_way, c.sealed_grant"""

# a link is worth nothing without its organisation, and dies with what made it: a key, or a session that a link opened
_GOOD: Final = """exists (select from organisation o where o.id = c.organisation_id and o.deleted_at is null)
    and not exists (
        select from api_key k where k.organisation_id = c.organisation_id and k.id = c.creator_key_id
            and (k.revoked_at is not null or k.expires_at <= now())
    )
    and not exists (
        select from session s where s.organisation_id = c.organisation_id and s.id = c.creator_key_id
            and s.revoked_at is not null
    )"""

CREATE: Final = f"""
insert into connect_session as c (
    organisation_id, digest, provider, integration_id, reconnects, scopes, return_url, locale, name, creator_user,
    creator_key_id, expires_at
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, now() + $12::interval)
returning {_COLUMNS}
"""
GET: Final = f"select {_COLUMNS} from connect_session c where c.organisation_id = $1 and c.id = $2"
# for a while after its end, so that who has it can be told how it ended
FIND: Final = f"""
select {_COLUMNS} from connect_session c
where c.digest = $1 and coalesce(c.connected_at, c.expires_at) > now() - $2::interval and {_GOOD}
"""
BIND: Final = f"""
update connect_session c set browser_digest = $3
where c.organisation_id = $1 and c.id = $2 and (c.browser_digest is null or c.browser_digest = $3)
    and c.state <> 'connected' and c.expires_at > now()
returning {_COLUMNS}
"""
# what was granted before is given back to be ended: nobody will choose from it any more
BEGIN: Final = """
with before as (
    select c.organisation_id, c.id, c.sealed_grant from connect_session c
    where c.organisation_id = $1 and c.id = $2 and (c.browser_digest is null or c.browser_digest = $3)
        and c.state <> 'connected' and c.expires_at > now()
    for update
)
update connect_session c
set browser_digest = $3, state = 'authorising', error = null, way_digest = $4, way_expires_at = now() + $5::interval,
    sealed_way = $6, sealed_grant = null
from before b where c.organisation_id = b.organisation_id and c.id = b.id
returning b.sealed_grant
"""
# one statement, so that of two who come back with one state, one goes on
COME_BACK: Final = f"""
update connect_session c set way_digest = null, way_expires_at = null
where c.way_digest = $1 and c.way_expires_at > now() and c.state <> 'connected' and {_GOOD}
returning {_COLUMNS}
"""
# not over what was begun or ended since
TELL: Final = f"""
update connect_session c set state = $3, error = $4
where c.organisation_id = $1 and c.id = $2 and c.state <> 'connected' and c.way_digest is null
returning {_COLUMNS}
"""
KEEP_GRANT: Final = f"""
update connect_session c
set state = 'choosing', error = null, sealed_grant = $3,
    expires_at = greatest(c.expires_at, least(now() + $4::interval, c.created_at + $5::interval))
where c.organisation_id = $1 and c.id = $2 and c.state = 'authorising' and c.way_digest is null
returning {_COLUMNS}
"""
TAKE_GRANT: Final = """
with before as (
    select c.organisation_id, c.id, c.sealed_grant from connect_session c
    where c.organisation_id = $1 and c.id = $2 and c.state = 'choosing' and c.expires_at > now() and c.sealed_grant = $3
    for update
)
update connect_session c set state = 'authorising', sealed_grant = null
from before b where c.organisation_id = b.organisation_id and c.id = b.id
returning b.sealed_grant
"""
TAKE_UNCHOSEN: Final = f"""
with before as (
    select c.organisation_id, c.id, c.sealed_grant from connect_session c
    where c.sealed_grant is not null and c.expires_at <= now() order by c.expires_at limit $1
    for update skip locked
), after as (
    update connect_session c set state = 'failed', sealed_grant = null
    from before b where c.organisation_id = b.organisation_id and c.id = b.id
    returning c.organisation_id, c.id
)
select {_COLUMNS} from connect_session c join after a on c.organisation_id = a.organisation_id and c.id = a.id
"""
FINISH: Final = f"""
update connect_session c
set state = 'connected', error = null, integration_id = $3, connected_at = now(), way_digest = null, sealed_way = null,
    sealed_grant = null
where c.organisation_id = $1 and c.id = $2 and c.state <> 'connected'
returning {_COLUMNS}
"""
PURGE: Final = """
delete from connect_session where (organisation_id, id) in (
    select organisation_id, id from connect_session where expires_at < now() - make_interval(days => $1) limit $2
)
"""
NOW: Final = "select clock_timestamp()"


class ConnectSessionTable:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def now(self) -> datetime:
        """The database's time."""
        now: datetime = await self._connection.fetchval(NOW)
        return now

    async def create(self, new: NewConnectSession) -> ConnectSession:
        record = await self._connection.fetchrow(
            CREATE,
            new.organisation_id,
            new.digest,
            new.provider,
            new.integration_id,
            new.integration_id is not None,
            list(new.scopes),
            new.return_url,
            new.locale,
            new.name,
            new.creator_user,
            new.creator_key_id,
            LINK_LIFETIME,
        )
        if record is None:
            raise LookupError("an insert returned no row")
        return _to_session(record)

    async def get(self, organisation_id: int, session_id: int) -> ConnectSession | None:
        return _found(await self._connection.fetchrow(GET, organisation_id, session_id))

    async def find(self, digest: bytes) -> ConnectSession | None:
        """By its link, for an hour after its end; None also when its maker may not any more."""
        return _found(await self._connection.fetchrow(FIND, digest, LONGEST_LIFETIME))

    async def bind(self, session: ConnectSession, browser_digest: bytes) -> ConnectSession | None:
        """From now on it is that browser's; None when it is another's, or over."""
        return _found(await self._connection.fetchrow(BIND, session.organisation_id, session.id, browser_digest))

    async def begin(
        self, session: ConnectSession, browser_digest: bytes, way_digest: bytes, sealed_way: bytes
    ) -> tuple[bool, bytes | None]:
        """Binds it and notes the way, the only one from now on; False when it is another browser's, or over.

        With it what was granted before, and not chosen from.
        """
        record = await self._connection.fetchrow(
            BEGIN, session.organisation_id, session.id, browser_digest, way_digest, STATE_LIFETIME, sealed_way
        )
        return (False, None) if record is None else (True, record[0])

    async def come_back(self, way_digest: bytes) -> ConnectSession | None:
        """Uses the way, once; None when it is not good, or not any more."""
        return _found(await self._connection.fetchrow(COME_BACK, way_digest))

    async def tell(self, session: ConnectSession, state: ConnectState, error: str | None) -> ConnectSession | None:
        """How the latest try went; None, and nothing is written, when it was begun again or connected since."""
        return _found(await self._connection.fetchrow(TELL, session.organisation_id, session.id, state, error))

    async def keep_grant(self, session: ConnectSession, sealed_grant: bytes) -> ConnectSession | None:
        """Until a site is chosen; None when it was begun again or connected since."""
        return _found(
            await self._connection.fetchrow(
                KEEP_GRANT, session.organisation_id, session.id, sealed_grant, CHOICE_LIFETIME, LONGEST_LIFETIME
            )
        )

    async def take_grant(self, session: ConnectSession) -> bytes | None:
        """What was granted, as `session` has it, for one who has chosen.

        None when another has, or has begun anew, or the time is over.
        """
        sealed: bytes | None = await self._connection.fetchval(
            TAKE_GRANT, session.organisation_id, session.id, session.sealed_grant
        )
        return sealed

    async def finish(self, session: ConnectSession, integration_id: int) -> ConnectSession | None:
        """It is connected, once; None when it was already."""
        return _found(await self._connection.fetchrow(FINISH, session.organisation_id, session.id, integration_id))

    async def take_unchosen(self, most: int) -> list[ConnectSession]:
        """Up to `most` whose time was over before a site was chosen, each with what was granted, for the last time."""
        return [_to_session(record) for record in await self._connection.fetch(TAKE_UNCHOSEN, most)]

    async def purge(self, days: int, most: int) -> int:
        """Deletes up to `most` that expired so many days ago; returns how many."""
        status = await self._connection.execute(PURGE, days, most)
        return int(status.rpartition(" ")[2])


def _found(record: asyncpg.Record | None) -> ConnectSession | None:
    return None if record is None else _to_session(record)


def _to_session(record: asyncpg.Record) -> ConnectSession:
    return ConnectSession(
        organisation_id=record[0],
        id=record[1],
        provider=record[2],
        integration_id=record[3],
        reconnects=record[4],
        scopes=tuple(record[5]),
        return_url=record[6],
        locale=record[7],
        name=record[8],
        creator_user=record[9],
        creator_key_id=record[10],
        state=ConnectState(record[11]),
        error=record[12],
        created_at=record[13],
        expires_at=record[14],
        browser_digest=record[15],
        sealed_way=record[16],
        sealed_grant=record[17],
    )
