"""What a busy organisation's console shows beside its integrations: items, deliveries, jobs, what health did, an audit.

All of it is of the last two days, evenly; one integration has a good part of it.
"""

import asyncio
from typing import Final

from pydantic import SecretStr

from bench.database import Server
from bench.seed import Seeded
from jackfield.bootstrap import open_house
from jackfield.domain.principal import Origin
from jackfield.settings import Settings

ITEMS: Final = 5_000
DELIVERIES: Final = 20_000
JOBS: Final = 10_000
DEEDS: Final = 50_000
#: integrations of a state and of a health that few are in, and with a text that few have
RARE: Final = 30
RARE_TEXT: Final = "needle"
#: where each kind of them begins, and the integration with a history, counted from the first
_VERIFYING, _MISCONFIGURED, _NEEDLES, _BUSY = 20_000, 40_000, 60_000, 80_000

_ORIGIN: Final = Origin("cli:bench", "bench")

# an id of that many milliseconds ago; $2 is the first integration, and the busy one gets every eighth
_ID: Final = "((extract(epoch from now()) * 1000)::bigint - 1735689600000 - {age}) << 22 | {number}"
_INTEGRATION: Final = f"$2::bigint + case when n % 8 = 0 then {_BUSY} else n * 7 % 90000 end"

_STATES: Final = """
update integration set state = 'live', item_type = 'work_item' where organisation_id = $1 and id % 10 <> 0
"""
_RARE_STATE: Final = f"""
update integration set state = 'verifying'
where organisation_id = $1 and id >= $2::bigint + {_VERIFYING} and id < $2::bigint + {_VERIFYING + RARE}
"""
_RARE_HEALTH: Final = f"""
update integration set health = 'misconfigured', health_reason = 'The project backend is not there any more'
where organisation_id = $1 and id >= $2::bigint + {_MISCONFIGURED} and id < $2::bigint + {_MISCONFIGURED + RARE}
"""
_RARE_NAME: Final = f"""
update integration set name = name || ' {RARE_TEXT}'
where organisation_id = $1 and id >= $2::bigint + {_NEEDLES} and id < $2::bigint + {_NEEDLES + RARE}
"""
_ITEMS: Final = f"""
insert into item (
    organisation_id, id, type, key, title, body, url, status, priority, labels, assignee, fields, occurred_at
)
select $1, $2::bigint + 1000000 + n, 'work_item', 'item-' || n, 'The valve of line ' || n || ' drips',
    repeat('It drips since Tuesday. ', 10), 'https://product.example/items/' || n,
    case when n % 3 = 0 then 'closed' else 'open' end, 'high', '["plant", "urgent"]', 'Alice', '{{}}', now()
from generate_series(1, {ITEMS}) n
"""
_DELIVERIES: Final = f"""
insert into delivery (
    organisation_id, id, integration_id, item_id, version, state, attempts, error, error_at, due_at, created_at,
    ended_at, vendor_id, vendor_url
)
select $1, {_ID.format(age=f"({DELIVERIES} - n) * 8640", number="n")}, {_INTEGRATION},
    $2::bigint + 1000001 + n % {ITEMS}, n, s.state, 1,
    case when s.state = 'held' then 'GitHub does not take the issue: its title is wrong' end,
    case when s.state = 'held' then now() end, now() + interval '1 day',
    now() - make_interval(secs => ({DELIVERIES} - n) * 8.64),
    case when s.state <> 'pending' then now() end, n, 'https://github.com/acme/shop/issues/' || n
from generate_series(1, {DELIVERIES}) n cross join lateral (
    select case when n % 200 = 0 then 'held' when n % 250 = 0 then 'pending' when n % 9 = 0 then 'superseded'
        else 'delivered' end as state
) s
"""
_JOBS: Final = f"""
insert into job (
    organisation_id, id, kind, integration_id, header, caption, steps, state, state_changed_at, error, queued_at,
    started_at, completed_at, expires_at, starts, creator_user
)
select $1, {_ID.format(age=f"({JOBS} - n) * 17280", number="n")},
    case when n % 3 = 0 then 'verify' else 'deliver' end, {_INTEGRATION}, 'Deliver', 'Integration ' || n,
    '[{{"caption": "Deliver", "description": "What is due"}}]'::jsonb,
    case when n % 20 = 0 then 'error' else 'completed' end, t.at,
    case when n % 20 = 0 then 'Sentry is not available' end, t.at, t.at, t.at, now() + interval '1 hour', 1, 'alice'
from generate_series(1, {JOBS}) n
cross join lateral (select now() - make_interval(secs => ({JOBS} - n) * 17.28) as at) t
"""
_EVENTS: Final = f"""
insert into event (organisation_id, integration_id, kind, health, detail)
select $1, $2::bigint + {_BUSY}, case when n % 2 = 0 then 'recovered' else 'broken' end,
    case when n % 2 = 0 then 'active' else 'misconfigured' end, 'The project backend is not there any more'
from generate_series(1, 20) n
"""
_AUDIT: Final = f"""
insert into audit_entry (organisation_id, id, at, action, actor, address, request_id, subject_ids, fields)
select $1, {_ID.format(age=f"({DEEDS} - n) * 3456", number="n")}, now() - make_interval(secs => ({DEEDS} - n) * 3.456),
    case when n % 1000 = 0 then 'integration.updated' else 'credential.fetched' end,
    case when n % 500 = 0 then 'carol' else 'alice' end, '192.0.2.7', md5(n::text), array[{_INTEGRATION}], '{{name}}'
from generate_series(1, {DEEDS}) n
"""


def fill(server: Server, seeded: Seeded) -> None:
    """Everything into the seeded database, which is as autovacuum would leave it."""
    database, organisation = seeded.database, seeded.organisation_id
    server.fetch(database, _STATES, organisation)
    for sql in (_RARE_STATE, _RARE_HEALTH, _RARE_NAME, _ITEMS, _DELIVERIES, _JOBS, _EVENTS, _AUDIT):
        server.fetch(database, sql, organisation, seeded.first)
    server.execute(database, "vacuum analyze", "checkpoint")


def add_organisations(server: Server, seeded: Seeded, count: int) -> list[str]:
    """Others beside the large one, empty; returns a key of each."""
    return asyncio.run(_add_organisations(server.dsn(seeded.database), seeded.master_keys, count))


async def _add_organisations(dsn: str, master_keys: str, count: int) -> list[str]:
    keys = []
    async with open_house(Settings(database_url=SecretStr(dsn), master_keys=SecretStr(master_keys))) as house:
        for number in range(count):
            made = await house.services.organisations.create(f"Other {number}", _ORIGIN)
            keys.append((await house.services.organisations.create_key(made.handle, "dora", (), None, _ORIGIN)).secret)
    return keys


def busy(seeded: Seeded) -> int:
    """The integration with a history."""
    return seeded.first + _BUSY
