"""Sessions of administrators and the links that open them: keyed hashes, never what a browser or a link carries.

Both come without their organisation, so they are found by their hash; everything else is reached from their row.
"""

from collections.abc import Sequence
from typing import Final

import asyncpg

from jackfield.domain.session import (
    IDLE_LIFETIME,
    LINK_LIFETIME,
    LONGEST_LIFETIME,
    NewLink,
    NewSession,
    Opening,
    Session,
)
from jackfield.storage.pool import Connection

_COLUMNS: Final = """s.organisation_id, s.id, s.owner, s.capabilities, s.opened_by, s.key_id, s.created_at,
    s.expires_at, s.seen_at, o.handle, o.name"""

CREATE_LINK: Final = """
insert into console_link (organisation_id, digest, owner, capabilities, expires_at)
values ($1, $2, $3, $4, now() + $5::interval) returning id
"""
# one statement, so that of two who come with one link at once, one is let in
OPEN_BY_LINK: Final = f"""
with used as (
    update console_link l set used_at = now() from organisation o
    where l.digest = $1 and l.used_at is null and l.expires_at > now()
        and o.id = l.organisation_id and o.deleted_at is null
    returning l.organisation_id, l.owner, l.capabilities
), s as (
    insert into session (organisation_id, digest, owner, capabilities, opened_by, expires_at)
    select organisation_id, $2, owner, capabilities, 'link', now() + $3::interval from used
    returning organisation_id, id, owner, capabilities, opened_by, key_id, created_at, expires_at, seen_at
)
select {_COLUMNS} from s join organisation o on o.id = s.organisation_id
"""
CREATE: Final = f"""
with s as (
    insert into session (organisation_id, digest, owner, capabilities, opened_by, key_id, subject, expires_at)
    values ($1, $2, $3, $4, $5, $6, $7, now() + $8::interval)
    returning organisation_id, id, owner, capabilities, opened_by, key_id, created_at, expires_at, seen_at
)
select {_COLUMNS} from s join organisation o on o.id = s.organisation_id
"""
_ALIVE: Final = """s.revoked_at is null and s.expires_at > now() and o.deleted_at is null
    and (s.key_id is null or exists (
        select from api_key k where k.organisation_id = s.organisation_id and k.id = s.key_id
            and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
    ))"""
FIND: Final = f"""
select {_COLUMNS} from session s join organisation o on o.id = s.organisation_id where s.digest = $1 and {_ALIVE}
"""
LIST: Final = f"""
select {_COLUMNS} from session s join organisation o on o.id = s.organisation_id
where s.organisation_id = $1 and ($2::text is null or s.owner = $2) and {_ALIVE}
order by s.seen_at desc, s.id desc limit $3
"""
GET: Final = f"""
select {_COLUMNS} from session s join organisation o on o.id = s.organisation_id
where s.organisation_id = $1 and s.id = $2 and {_ALIVE}
"""
RENEW: Final = """
update session set seen_at = now(), expires_at = least(now() + $3::interval, created_at + $4::interval)
where organisation_id = $1 and id = $2 and revoked_at is null
"""
REVOKE: Final = """
update session set revoked_at = now() where organisation_id = $1 and id = $2 and revoked_at is null
"""
PURGE: Final = """
delete from session where (organisation_id, id) in (
    select organisation_id, id from session where expires_at < now() - make_interval(days => $1) limit $2
)
"""
PURGE_LINKS: Final = """
delete from console_link where (organisation_id, id) in (
    select organisation_id, id from console_link where expires_at < now() - make_interval(days => $1) limit $2
)
"""


class SessionTable:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def create_link(self, link: NewLink) -> int:
        """Writes it; returns its id."""
        link_id: int = await self._connection.fetchval(
            CREATE_LINK, link.organisation_id, link.digest, link.user, list(link.capabilities), LINK_LIFETIME
        )
        return link_id

    async def open_by_link(self, link_digest: bytes, digest: bytes) -> Session | None:
        """Uses the link, once, for a session; None when it is not good, or not any more."""
        record = await self._connection.fetchrow(OPEN_BY_LINK, link_digest, digest, IDLE_LIFETIME)
        return _to_session(record) if record else None

    async def create(self, new: NewSession) -> Session:
        """A session; one with a key lives no longer than that."""
        record = await self._connection.fetchrow(
            CREATE,
            new.organisation_id,
            new.digest,
            new.user,
            list(new.capabilities),
            new.opened_by,
            new.key_id,
            new.subject,
            IDLE_LIFETIME,
        )
        if record is None:
            raise LookupError("an insert returned no row")
        return _to_session(record)

    async def find(self, digest: bytes) -> Session | None:
        """None when it is not good: ended, expired, its key revoked or expired, its organisation deleted."""
        record = await self._connection.fetchrow(FIND, digest)
        return _to_session(record) if record else None

    async def list(self, organisation_id: int, user: str | None, most: int) -> Sequence[Session]:
        """The good ones of the organisation, or of one user of it, the last seen first."""
        return [_to_session(one) for one in await self._connection.fetch(LIST, organisation_id, user, most)]

    async def get(self, organisation_id: int, session_id: int) -> Session | None:
        """None when it is not good, or of another organisation."""
        record = await self._connection.fetchrow(GET, organisation_id, session_id)
        return _to_session(record) if record else None

    async def renew(self, session: Session) -> None:
        """Its time begins anew, up to the longest that a session can live."""
        await self._connection.execute(RENEW, session.organisation_id, session.id, IDLE_LIFETIME, LONGEST_LIFETIME)

    async def revoke(self, session: Session) -> bool:
        """Ends it; False when it had ended already."""
        status = await self._connection.execute(REVOKE, session.organisation_id, session.id)
        return not status.endswith(" 0")

    async def purge(self, days: int, most: int) -> int:
        """Deletes up to `most` sessions and links that expired so many days ago; returns how many."""
        sessions = await self._connection.execute(PURGE, days, most)
        links = await self._connection.execute(PURGE_LINKS, days, most)
        return max(int(status.rpartition(" ")[2]) for status in (sessions, links))


def _to_session(record: asyncpg.Record) -> Session:
    organisation_id, identity, user, capabilities, opened_by, key_id, created_at, expires_at, seen_at, *of_it = record
    handle, name = of_it
    return Session(
        organisation_id=organisation_id,
        id=identity,
        user=user,
        capabilities=tuple(capabilities),
        opened_by=Opening(opened_by),
        key_id=key_id,
        created_at=created_at,
        expires_at=expires_at,
        seen_at=seen_at,
        handle=handle,
        organisation_name=name,
    )
