"""A page of integrations with their lifecycle, at a cost that does not grow with the organisation.

Which statement is used depends on what was asked for:

- in the order of the ids, of some states or providers: the newest of each, from its index, and of these the newest;
- in that order, of all: along the primary key;
- with a text: among the newest, where a common text is found; then by the index of the text, which finds a rare one;
- in another order: what the planner thinks best of the values at hand; this one grows with the organisation.
"""

from typing import Final

import asyncpg

from jackfield.domain.integration import GOING, Detail, Listing, State
from jackfield.storage.integration_rows import DETAIL_COLUMNS, VISIBLE, to_detail
from jackfield.storage.pool import Pool

#: of the newest integrations, this many are looked through for a text before its index is asked
WINDOW: Final = 1000
#: a text shorter than this is in no index
SHORTEST_GRAM: Final = 3
_VISIBLE_STATES: Final = tuple(state.value for state in State if state not in GOING)

MATCHES: Final = """(position(lower($4) in lower(i.name)) > 0 or position(lower($4) in lower(i.identifier)) > 0
        or position(lower($4) in i.provider) > 0)"""
# $1 organisation, $2 providers or null, $3 states, $4 text or null, $5 size, $6 offset: the same in every statement
_CONDITIONS: Final = f"""($2::text[] is null or i.provider = any($2)) and i.state = any($3::text[])
        and ($4::text is null or {MATCHES})"""

# `>=` and `<=` in place of `=`, and the column in the order: else the planner knows that the column is constant, finds
# the order along the primary key as well, and walks all of the organisation for a state that few are in
BY_STATE: Final = f"""
select i.* from unnest($3::text[]) s(state) cross join lateral (
    select {DETAIL_COLUMNS} from integration i
    where i.organisation_id = $1 and i.state >= s.state and i.state <= s.state
        and ($2::text[] is null or i.provider = any($2)) and $4::text is null
    order by i.state {{direction}}, i.id {{direction}} limit $5::bigint + $6::bigint
) i order by i.id {{direction}} limit $5 offset $6
"""

BY_PROVIDER: Final = f"""
select i.* from unnest($2::text[]) p(provider) cross join lateral (
    select {DETAIL_COLUMNS} from integration i
    where i.organisation_id = $1 and i.provider >= p.provider and i.provider <= p.provider
        and i.state = any($3::text[]) and $4::text is null
    order by i.provider {{direction}}, i.id {{direction}} limit $5::bigint + $6::bigint
) i order by i.id {{direction}} limit $5 offset $6
"""

ALONG_KEY: Final = f"""
select {DETAIL_COLUMNS} from integration i
where i.organisation_id = $1 and {VISIBLE} and {_CONDITIONS}
order by i.id {{direction}} limit $5 offset $6
"""

AMONG_NEWEST: Final = f"""
select {DETAIL_COLUMNS} from (
    select {DETAIL_COLUMNS} from integration i where i.organisation_id = $1 order by i.id {{direction}} limit {WINDOW}
) i
where {_CONDITIONS}
order by i.id {{direction}} limit $5 offset $6
"""

# `+ 0` keeps the planner from the organisation's own index: the grams are the organisation's own, and far fewer;
# `offset 0` from walking all of the organisation in the order asked for, in place of looking up what was found
BY_TEXT: Final = f"""
with found as materialized (
    select i.id from integration i
    where search_grams(i.organisation_id, search_text(i.name, i.identifier)) @> search_grams($1, $4)
        and i.organisation_id + 0 = $1
    union
    select i.id from unnest($7::text[]) p(provider) cross join lateral (
        select i.id from integration i
        where i.organisation_id = $1 and i.provider >= p.provider and i.provider <= p.provider
            and i.state = any($3::text[])
        order by i.provider {{direction}}, i.id {{direction}} limit $5::bigint + $6::bigint
    ) i
)
select i.* from found f cross join lateral (
    select {DETAIL_COLUMNS} from integration i
    where i.organisation_id = $1 and i.id = f.id and {_CONDITIONS}
    offset 0
) i
order by i.id {{direction}} limit $5 offset $6
"""

SORTED: Final = f"""
select {DETAIL_COLUMNS} from integration i
where i.organisation_id = $1 and {_CONDITIONS}
order by {{order}} limit $5 offset $6
"""

LET_PLANNER_CHOOSE: Final = "set local enable_sort = on; set local plan_cache_mode = force_custom_plan"


def as_people_sort(column: str) -> str:
    """How a statement sorts by what people call things; spelled like the index integration_name."""
    return f'people_order({column}) collate "C"'


# an id carries the time of its making, so the two have one order, and one index
_ORDER: Final = {
    "id": "i.id",
    "created": "i.id",
    "updated": "i.updated_at",
    "state_changed": "i.state_changed_at",
    "name": as_people_sort("i.name"),
    "vendor": "i.provider",
    "identifier": as_people_sort("i.identifier"),
}


async def fetch(pool: Pool, organisation_id: int, wanted: Listing) -> list[Detail]:
    """The page, as `Listing` says."""
    states = tuple(state.value for state in wanted.states) or _VISIBLE_STATES
    arguments = (organisation_id, wanted.providers, states, wanted.search, wanted.limit, wanted.offset)
    direction = direction_of(wanted)
    if not is_by_id(wanted):
        records = await _planned(pool, _sorted(wanted), arguments)
    elif wanted.search is not None:
        records = await _search(pool, wanted, arguments, direction)
    else:
        records = await pool.fetch(_by_id(wanted).format(direction=direction), *arguments)
    return [to_detail(record) for record in records]


def _by_id(wanted: Listing) -> str:
    if wanted.providers is not None:
        return BY_PROVIDER
    return BY_STATE if wanted.states else ALONG_KEY


def _sorted(wanted: Listing) -> str:
    return SORTED.format(order=order_of(wanted))


def direction_of(wanted: Listing) -> str:
    """Of the first field of the order."""
    return "asc" if wanted.order and not wanted.order[0][1] else "desc"


def is_by_id(wanted: Listing) -> bool:
    """Whether it is in the order in which they were made."""
    return not wanted.order or _ORDER[wanted.order[0][0]] == "i.id"


def order_of(wanted: Listing) -> str:
    """As a statement says it; by the id at last, so that pages have one order."""
    order = [f"{_ORDER[name]} {'desc' if down else 'asc'}" for name, down in wanted.order]
    return ", ".join([*order, "i.id desc"])


async def _planned(pool: Pool, sql: str, arguments: tuple[object, ...]) -> list[asyncpg.Record]:
    async with pool.connection() as connection:
        await connection.execute(LET_PLANNER_CHOOSE)
        records: list[asyncpg.Record] = await connection.fetch(sql, *arguments)
        return records


async def _search(pool: Pool, wanted: Listing, arguments: tuple[object, ...], direction: str) -> list[asyncpg.Record]:
    records = await pool.fetch(AMONG_NEWEST.format(direction=direction), *arguments)
    if len(records) == wanted.limit:
        return records
    if len(wanted.search or "") < SHORTEST_GRAM:
        return await _planned(pool, SORTED.format(order=f"i.id {direction}"), arguments)
    return await pool.fetch(BY_TEXT.format(direction=direction), *arguments, wanted.search_providers)
