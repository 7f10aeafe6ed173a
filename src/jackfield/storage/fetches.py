"""The product's hot path: one credential, read and audited in one statement, shared by those that arrive together."""

from collections.abc import Sequence
from typing import Final

from jackfield.domain.audit import Action
from jackfield.domain.fetching import Fetch, Fetchable
from jackfield.domain.health import Health
from jackfield.storage.coalesce import Coalescer
from jackfield.storage.integration_rows import VISIBLE
from jackfield.storage.pool import Pool

# handed out, and so audited, only while it is fresh by this clock, or when the caller has looked at this very version
GET: Final = f"""
with wanted as (
    select * from unnest(
        $1::bigint[], $2::bigint[], $3::integer[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::integer[]
    ) as w(organisation_id, id, version, key_id, actor, address, request_id, number)
), found as materialized (
    select w.key_id, w.actor, w.address, w.request_id, w.number, i.* from wanted w cross join lateral (
        select i.organisation_id, i.id, i.provider, i.sealed_secrets, i.enabled, i.health, i.health_reason,
            i.granted_at is not null as is_granted,
            i.sealed_secrets is not null and i.enabled and i.health <> 'needs_reauthorisation'
                and case when w.version is null then i.fresh_until is null or i.fresh_until > now()
                    else i.credential_version = w.version end as is_ready
        from integration i
        where i.organisation_id = w.organisation_id and i.id = w.id and {VISIBLE}
        offset 0
    ) i
), audited as (
    insert into audit_entry (organisation_id, action, key_id, actor, address, request_id, subject_ids, fields)
    select organisation_id, $9, key_id, actor, address, request_id, array[id], '{{access_token}}'
    from found where is_ready
)
select f.organisation_id, f.id, f.provider, f.sealed_secrets, f.enabled, f.health, f.health_reason, f.is_granted,
    f.is_ready, f.number
from found f
"""

_HEALTH: Final = {health.value: health for health in Health}


class FetchTable:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._fetches: Coalescer[Fetch, Fetchable | None] = Coalescer(self._get)

    async def get(self, wanted: Fetch) -> Fetchable | None:
        """The credential as it is stored; None when there is no such integration, or it is being deleted."""
        return await self._fetches.ask(wanted)

    async def _get(self, questions: Sequence[Fetch]) -> Sequence[Fetchable | None]:
        columns = zip(*(_row(one, number) for number, one in enumerate(questions)), strict=True)
        records = await self._pool.fetch(GET, *columns, Action.CREDENTIAL_FETCHED)
        found = {
            record[9]: Fetchable(
                organisation_id=record[0],
                integration_id=record[1],
                provider=record[2],
                sealed_secrets=record[3],
                enabled=record[4],
                health=_HEALTH[record[5]],
                health_reason=record[6],
                is_granted=record[7],
                is_ready=record[8],
            )
            for record in records
        }
        return [found.get(number) for number in range(len(questions))]


def _row(one: Fetch, number: int) -> tuple[object, ...]:
    principal, origin = one.caller.principal, one.caller.origin
    return (
        principal.organisation_id,
        one.integration_id,
        one.version,
        principal.key_id,
        principal.user,
        origin.address,
        origin.request_id,
        number,
    )
