"""Codes and tokens of the OAuth server: keyed hashes, each with the family it belongs to.

A token comes without its organisation, so it is found by its hash; everything else is reached from its row, by its
organisation. What is being uninstalled, and what a deleted organisation had, opens nothing any more.
"""

from typing import Final

import asyncpg

from jackfield.domain.oauth import (
    ACCESS_LIFETIME,
    CODE_LIFETIME,
    REFRESH_LIFETIME,
    REUSE_GRACE,
    Client,
    Exchange,
    Granted,
    Holder,
    NewGrant,
    NewTokens,
    TokenFacts,
    TokenKind,
)
from jackfield.storage.pool import Connection

#: the installation and the organisations that a grant needs to be worth anything
_ALIVE: Final = """
join installation n on n.organisation_id = g.organisation_id and n.integration_id = g.integration_id
join integration i on i.organisation_id = g.organisation_id and i.id = g.integration_id
    and i.state not in ('deleting', 'deleted')
join organisation o on o.id = n.organisation_id and o.deleted_at is null
join organisation owner on owner.id = n.definition_organisation_id and owner.deleted_at is null
"""

CREATE: Final = """
insert into oauth_grant (organisation_id, integration_id, scopes, code_digest, code_expires_at)
values ($1, $2, $3, $4, now() + $5::interval)
"""

# Two at once: the second waits for the first, and then finds the code exchanged. Within the grace nobody is punished
# for that, whichever of the two statements began first.
EXCHANGE: Final = f"""
with seen as (
    select g.organisation_id, g.id, coalesce(g.exchanged_at < now() - $8::interval, false) as reused, i.sealed_secrets
    from oauth_grant g {_ALIVE}
    where g.code_digest = $1 and n.definition_organisation_id = $2 and n.definition_id = $3
), exchanged as (
    update oauth_grant g set exchanged_at = now() from seen s
    where g.organisation_id = s.organisation_id and g.id = s.id
        and g.exchanged_at is null and g.revoked_at is null and g.code_expires_at > now()
    returning g.organisation_id, g.id, g.integration_id, g.scopes
), made as (
    insert into oauth_token (organisation_id, grant_id, kind, digest, scopes, expires_at)
    select e.organisation_id, e.id, t.kind, t.digest, e.scopes, now() + t.lifetime
    from exchanged e cross join (values ('access', $4::bytea, $6::interval), ('refresh', $5::bytea, $7::interval))
        as t(kind, digest, lifetime)
)
select s.reused, s.organisation_id, s.id, e.integration_id, e.scopes, s.sealed_secrets
from seen s left join exchanged e on e.organisation_id = s.organisation_id and e.id = s.id
"""

ROTATE: Final = f"""
with spent as (
    update oauth_token t set spent_at = now() from oauth_grant g {_ALIVE}
    where t.digest = $1 and t.kind = 'refresh' and t.spent_at is null and t.revoked_at is null
        and t.expires_at > now() and g.organisation_id = t.organisation_id and g.id = t.grant_id
        and g.revoked_at is null and n.definition_organisation_id = $2 and n.definition_id = $3
        and ($8::text[] is null or $8 <@ g.scopes)
    returning t.organisation_id, t.grant_id, g.integration_id, g.scopes, i.sealed_secrets
), made as (
    insert into oauth_token (organisation_id, grant_id, kind, digest, scopes, expires_at)
    select s.organisation_id, s.grant_id, t.kind, t.digest, coalesce(t.scopes, s.scopes), now() + t.lifetime
    from spent s cross join (
        values ('access', $4::bytea, $6::interval, $8::text[]), ('refresh', $5::bytea, $7::interval, null)
    ) as t(kind, digest, lifetime, scopes)
)
select organisation_id, integration_id, coalesce($8, scopes), sealed_secrets from spent
"""

GRANTED_TO: Final = f"""
select g.scopes from oauth_token t
join oauth_grant g on g.organisation_id = t.organisation_id and g.id = t.grant_id {_ALIVE}
where t.digest = $1 and t.kind = 'refresh' and t.spent_at is null and t.revoked_at is null and t.expires_at > now()
    and g.revoked_at is null and n.definition_organisation_id = $2 and n.definition_id = $3
"""

REVOKE_FAMILY: Final = """
update oauth_grant set revoked_at = now() where organisation_id = $1 and id = $2 and revoked_at is null
"""

REVOKE_FAMILY_OF_SPENT: Final = """
update oauth_grant g set revoked_at = now()
from oauth_token t join installation n on n.organisation_id = t.organisation_id
where t.digest = $1 and t.spent_at < now() - $4::interval
    and g.organisation_id = t.organisation_id and g.id = t.grant_id and g.revoked_at is null
    and n.integration_id = g.integration_id and n.definition_organisation_id = $2 and n.definition_id = $3
"""

# of a refresh token the family, of an access token itself (RFC 7009 §2.1)
REVOKE: Final = """
with found as (
    select t.organisation_id, t.id, t.grant_id, t.kind from oauth_token t
    join oauth_grant g on g.organisation_id = t.organisation_id and g.id = t.grant_id
    join installation n on n.organisation_id = g.organisation_id and n.integration_id = g.integration_id
    where t.digest = $1 and n.definition_organisation_id = $2 and n.definition_id = $3
), family as (
    update oauth_grant g set revoked_at = now() from found f
    where f.kind = 'refresh' and g.organisation_id = f.organisation_id and g.id = f.grant_id and g.revoked_at is null
)
update oauth_token t set revoked_at = now() from found f
where t.organisation_id = f.organisation_id and t.id = f.id and t.revoked_at is null
"""

FIND_HOLDER: Final = f"""
select t.organisation_id, g.integration_id, n.definition_organisation_id, n.definition_id, o.handle, owner.handle,
    t.scopes
from oauth_token t
join oauth_grant g on g.organisation_id = t.organisation_id and g.id = t.grant_id {_ALIVE}
where t.digest = $1 and t.kind = 'access' and t.revoked_at is null and g.revoked_at is null and t.expires_at > now()
"""

FIND_FACTS: Final = f"""
select t.kind, t.organisation_id, g.integration_id, t.scopes, t.created_at, t.expires_at
from oauth_token t
join oauth_grant g on g.organisation_id = t.organisation_id and g.id = t.grant_id {_ALIVE}
where t.digest = $1 and t.spent_at is null and t.revoked_at is null and g.revoked_at is null and t.expires_at > now()
    and n.definition_organisation_id = $2 and n.definition_id = $3
"""

HAS_BEEN_EXCHANGED: Final = """
select exists (
    select from oauth_grant where organisation_id = $1 and integration_id = $2 and exchanged_at is not null
)
"""
# with their tokens
ERASE: Final = "delete from oauth_grant where organisation_id = $1 and integration_id = $2"

PURGE_TOKENS: Final = """
delete from oauth_token where (organisation_id, id) in (
    select organisation_id, id from oauth_token where expires_at < now() - make_interval(days => $1) limit $2
)
"""
PURGE_GRANTS: Final = """
delete from oauth_grant g where (g.organisation_id, g.id) in (
    select o.organisation_id, o.id from oauth_grant o
    where o.created_at < now() - make_interval(days => $1) and not exists (
        select from oauth_token t where t.organisation_id = o.organisation_id and t.grant_id = o.id
    )
    limit $2
)
"""


class GrantTable:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def create(self, grant: NewGrant) -> None:
        await self._connection.execute(
            CREATE, grant.organisation_id, grant.installation_id, list(grant.scopes), grant.digest, CODE_LIFETIME
        )

    async def exchange(self, client: Client, code_digest: bytes, tokens: NewTokens) -> Exchange:
        """Spends the client's code for the tokens, once.

        A code that comes again revokes its whole family, unless it was spent within the last moments.
        """
        record = await self._connection.fetchrow(
            EXCHANGE,
            code_digest,
            client.organisation_id,
            client.definition_id,
            tokens.access_digest,
            tokens.refresh_digest,
            ACCESS_LIFETIME,
            REFRESH_LIFETIME,
            REUSE_GRACE,
        )
        if record is None:
            return Exchange(None)
        reused, organisation_id, grant_id, installation_id, scopes, sealed = record
        if installation_id is None:
            if reused:
                await self._connection.execute(REVOKE_FAMILY, organisation_id, grant_id)
            return Exchange(None, reused)
        return Exchange(_to_granted(organisation_id, installation_id, scopes, sealed))

    async def rotate(self, client: Client, refresh_digest: bytes, tokens: NewTokens) -> Granted | None:
        """Spends the client's refresh token for the new ones, once; None when it is not good."""
        record = await self._connection.fetchrow(
            ROTATE,
            refresh_digest,
            client.organisation_id,
            client.definition_id,
            tokens.access_digest,
            tokens.refresh_digest,
            ACCESS_LIFETIME,
            REFRESH_LIFETIME,
            None if tokens.scopes is None else list(tokens.scopes),
        )
        return _to_granted(*record) if record else None

    async def granted_to(self, client: Client, refresh_digest: bytes) -> tuple[str, ...] | None:
        """What was granted to the holder of a good refresh token; None when it is not good."""
        record = await self._connection.fetchrow(
            GRANTED_TO, refresh_digest, client.organisation_id, client.definition_id
        )
        return tuple(record[0]) if record else None

    async def revoke_family_of_spent(self, client: Client, refresh_digest: bytes) -> bool:
        """Revokes all that a spent refresh token belongs to, unless it was spent just now; True if it did."""
        status = await self._connection.execute(
            REVOKE_FAMILY_OF_SPENT, refresh_digest, client.organisation_id, client.definition_id, REUSE_GRACE
        )
        return not status.endswith(" 0")

    async def revoke(self, client: Client, digest: bytes) -> None:
        """An access token alone, a refresh token with its family; nothing when it is none of the client's."""
        await self._connection.execute(REVOKE, digest, client.organisation_id, client.definition_id)

    async def find_holder(self, digest: bytes) -> Holder | None:
        """Who has the access token; None when it is not good."""
        record = await self._connection.fetchrow(FIND_HOLDER, digest)
        if record is None:
            return None
        organisation_id, installation_id, owner_id, definition_id, handle, owner_handle, scopes = record
        return Holder(
            organisation_id=organisation_id,
            installation_id=installation_id,
            definition_organisation_id=owner_id,
            definition_id=definition_id,
            handle=handle,
            owner_handle=owner_handle,
            scopes=tuple(scopes),
        )

    async def find_facts(self, client: Client, digest: bytes) -> TokenFacts | None:
        """What is to be told of a good token of the client's; None when it is not good."""
        record = await self._connection.fetchrow(FIND_FACTS, digest, client.organisation_id, client.definition_id)
        return _to_facts(record) if record else None

    async def has_been_exchanged(self, organisation_id: int, installation_id: int) -> bool:
        """Whether the app got tokens for the installation, and so has heard of it."""
        found: bool = await self._connection.fetchval(HAS_BEEN_EXCHANGED, organisation_id, installation_id)
        return found

    async def erase(self, organisation_id: int, installation_id: int) -> None:
        """Deletes every code and token of the installation."""
        await self._connection.execute(ERASE, organisation_id, installation_id)

    async def purge(self, days: int, most: int) -> int:
        """Deletes up to `most` tokens that expired so many days ago, and grants without any; returns how many."""
        tokens = await self._connection.execute(PURGE_TOKENS, days, most)
        grants = await self._connection.execute(PURGE_GRANTS, days, most)
        return max(int(status.rpartition(" ")[2]) for status in (tokens, grants))


def _to_granted(organisation_id: int, installation_id: int, scopes: list[str], sealed: bytes | None) -> Granted:
    return Granted(
        organisation_id=organisation_id,
        installation_id=installation_id,
        scopes=tuple(scopes),
        sealed_secrets=sealed,
    )


def _to_facts(record: asyncpg.Record) -> TokenFacts:
    kind, organisation_id, installation_id, scopes, created_at, expires_at = record
    return TokenFacts(
        kind=TokenKind(kind),
        organisation_id=organisation_id,
        installation_id=installation_id,
        scopes=tuple(scopes),
        created_at=created_at,
        expires_at=expires_at,
    )
