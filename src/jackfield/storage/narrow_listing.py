"""A page of integrations with their lifecycle where more is asked for than listing.py knows: healths, whether they are
enabled, those before an id. What is being deleted is not among them.

The way is chosen by what is likely to be rare: those that are not well, those that are switched off, those with a text,
those of a provider; of what is common a page is full soon, along whatever index.
"""

from typing import Final

from jackfield.domain import ids
from jackfield.domain.health import Health
from jackfield.domain.integration import Detail, Listing
from jackfield.storage.integration_rows import DETAIL_COLUMNS, VISIBLE, to_detail
from jackfield.storage.listing import (
    LET_PLANNER_CHOOSE,
    MATCHES,
    SHORTEST_GRAM,
    WINDOW,
    direction_of,
    is_by_id,
    order_of,
)
from jackfield.storage.overview import IS_BROKEN
from jackfield.storage.pool import Pool

#: $1 organisation, $2 providers or null, $3 states or null, $4 text or null, $5 healths or null, $6 enabled or null,
#: $7 the id before which, $8 size, $9 offset: the same in every statement
_CONDITIONS: Final = f"""{VISIBLE} and ($2::text[] is null or i.provider = any($2))
        and ($3::text[] is null or i.state = any($3)) and ($4::text is null or {MATCHES})
        and ($5::text[] is null or i.condition = any($5)) and ($6::boolean is null or i.enabled = $6) and i.id < $7"""


def _of_each(values: str, column: str) -> str:
    """The statement that lists those with each of some values of a column by itself, along its index, and merges them.

    The column is a range and in the order: see listing.py.
    """
    return f"""
select i.* from unnest({values}::text[]) v(value) cross join lateral (
    select {DETAIL_COLUMNS} from integration i
    where i.organisation_id = $1 and i.{column} >= v.value and i.{column} <= v.value and {_CONDITIONS}
    order by i.{column} {{direction}}, i.id {{direction}} limit $8::bigint + $9::bigint
) i order by i.id {{direction}} limit $8 offset $9
"""


BY_HEALTH: Final = _of_each("$5", "condition")
BY_PROVIDER: Final = _of_each("$2", "provider")
BY_STATE: Final = _of_each("$3", "state")

SWITCHED_OFF: Final = f"""
select {DETAIL_COLUMNS} from integration i
where i.organisation_id = $1 and not i.enabled and {_CONDITIONS}
order by i.id {{direction}} limit $8 offset $9
"""

ALONG_KEY: Final = f"""
select {DETAIL_COLUMNS} from integration i
where i.organisation_id = $1 and {_CONDITIONS}
order by i.id {{direction}} limit $8 offset $9
"""

AMONG_NEWEST: Final = f"""
select {DETAIL_COLUMNS} from (
    select {DETAIL_COLUMNS}, i.condition from integration i where i.organisation_id = $1 and i.id < $7
    order by i.id {{direction}} limit {WINDOW}
) i
where {_CONDITIONS}
order by i.id {{direction}} limit $8 offset $9
"""

# `+ 0` and `offset 0` as in listing.py: by the index of texts, and of what it finds each by its key
BY_TEXT: Final = f"""
with found as materialized (
    select i.id from integration i
    where search_grams(i.organisation_id, search_text(i.name, i.identifier)) @> search_grams($1, $4)
        and i.organisation_id + 0 = $1
    union
    select i.id from unnest($10::text[]) p(provider) cross join lateral (
        select i.id from integration i
        where i.organisation_id = $1 and i.provider >= p.provider and i.provider <= p.provider and {_CONDITIONS}
        order by i.provider {{direction}}, i.id {{direction}} limit $8::bigint + $9::bigint
    ) i
)
select i.* from found f cross join lateral (
    select {DETAIL_COLUMNS} from integration i where i.organisation_id = $1 and i.id = f.id and {_CONDITIONS}
    offset 0
) i
order by i.id {{direction}} limit $8 offset $9
"""

# of those that need someone there are few
BROKEN: Final = f"""
select {DETAIL_COLUMNS} from integration i
where i.organisation_id = $1 and {IS_BROKEN} and {_CONDITIONS}
order by {{order}} limit $8 offset $9
"""

SORTED: Final = f"""
select {DETAIL_COLUMNS} from integration i
where i.organisation_id = $1 and {_CONDITIONS}
order by {{order}} limit $8 offset $9
"""


#: healths that most of an organisation's integrations may have
_COMMON: Final = frozenset({Health.ACTIVE, Health.UNKNOWN})


def is_narrow(wanted: Listing) -> bool:
    """Whether something is asked for that only the statements here know."""
    return bool(wanted.healths) or wanted.broken or wanted.enabled is not None or wanted.before is not None


async def fetch(pool: Pool, organisation_id: int, wanted: Listing) -> list[Detail]:
    """The page, as `Listing` says."""
    found: list[Detail] = []
    async with pool.connection() as connection:
        await connection.execute(LET_PLANNER_CHOOSE)
        for sql in statements(wanted):
            # only the statement of texts takes them
            more = [wanted.search_providers] if "$10" in sql else []
            found = [
                to_detail(record) for record in await connection.fetch(sql, *arguments(organisation_id, wanted), *more)
            ]
            if len(found) == wanted.limit:
                break
    return found


def arguments(organisation_id: int, wanted: Listing) -> list[object]:
    """Of every statement."""
    return [
        organisation_id,
        wanted.providers,
        [state.value for state in wanted.states] or None,
        wanted.search,
        [health.value for health in wanted.healths] or None,
        wanted.enabled,
        ids.MAXIMUM if wanted.before is None else wanted.before,
        wanted.limit,
        wanted.offset,
    ]


def statements(wanted: Listing) -> list[str]:
    """Those that find the page: of several, a later one is for a page that the one before it does not fill."""
    direction = direction_of(wanted)
    if wanted.broken:
        return [BROKEN.format(order=order_of(wanted))]
    if not is_by_id(wanted):
        return [SORTED.format(order=order_of(wanted))]
    return [sql.format(direction=direction, order=f"i.id {direction}") for sql in _ways(wanted)]


def _ways(wanted: Listing) -> list[str]:
    if wanted.healths and _COMMON.isdisjoint(wanted.healths):
        return [BY_HEALTH]
    if wanted.search is not None:
        return [AMONG_NEWEST, BY_TEXT if len(wanted.search) >= SHORTEST_GRAM else SORTED]
    if wanted.enabled is False:
        return [SWITCHED_OFF]
    if wanted.providers is not None:
        return [BY_PROVIDER]
    if wanted.states:
        return [BY_STATE]
    return [BY_HEALTH] if wanted.healths else [ALONG_KEY]
