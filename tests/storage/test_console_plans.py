"""What the console asks for costs little in a large organisation, whatever the planner knows of it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from jackfield.domain import ids
from jackfield.domain.audit import Action, AuditFilter
from jackfield.domain.health import Health
from jackfield.domain.integration import Listing, State
from jackfield.domain.organisation import Organisation
from jackfield.storage import jobs, narrow_listing, overview, timeline
from jackfield.storage.audit import list_statement
from support.operator import Operator

#: of which there are some that are not well, some that are switched off, and of each a few with a rare text
SEED_INTEGRATIONS = """
insert into integration (organisation_id, provider, name, identifier, unique_identifier, created_by, creator_user,
    creator_key_id, state, health, enabled)
select $1, (array['sentry', 'github', 'slack', 'linear'])[1 + n % 4],
    'Service ' || md5(n::text) || case when n % 9000 = 5 then ' needle' else '' end, 'service-' || n, n::text, 'u', 'u',
    1, case when n % 50 = 0 then 'deleted' when n % 3 = 0 then 'new' else 'live' end,
    case when n % 5000 = 7 then 'misconfigured' when n % 100 = 9 then 'degraded' else 'active' end, n % 1000 <> 3
from generate_series(1, $2::integer) n
"""
#: a thousand integrations, a rare user, a rare deed
SEED_AUDIT = """
insert into audit_entry (organisation_id, action, actor, address, request_id, subject_ids, fields)
select $1, case when n % 10000 = 7 then 'key.created' else 'integration.updated' end,
    case when n % 5000 = 3 then 'rare' else 'common' end, '', '', array[n % 1000], '{}'
from generate_series(1, $2::integer) n
"""
SEED_JOBS = """
insert into job (organisation_id, kind, integration_id, header, caption, steps, creator_user, expires_at, state)
select $1, case when n % 5000 = 3 then 'sync' else 'verify' end, n % 1000, 'h', 'c', '[]', 'u',
    now() + interval '1 day', 'completed'
from generate_series(1, $2::integer) n
"""
SIZE = 20_000
#: rows that one node of a plan may look at; all that this tenant has would be a hundred times as many
MOST_ROWS = 1100
PAGE = 20


@pytest.fixture(scope="module", params=[False, True], ids=["guessed", "analyzed"])
def large(operator: Operator, request: pytest.FixtureRequest) -> Organisation:
    """One of 20,000 of everything, beside a smaller one."""
    large = operator.create_organisation()
    for organisation, size in ((operator.create_organisation(), SIZE // 10), (large, SIZE)):
        for seed in (SEED_INTEGRATIONS, SEED_AUDIT, SEED_JOBS):
            operator.fetch(seed, organisation.id, size)
    # what was just written is looked through one by one until PostgreSQL has sorted it into the index
    operator.fetch("select gin_clean_pending_list('integration_search')")
    if request.param:
        for table in ("integration", "audit_entry", "job"):
            operator.fetch(f"analyze {table}")
    return large


def looked_at(operator: Operator, sql: str, arguments: Sequence[object]) -> float:
    """By the node of the plan that looks at most, in all its loops."""
    plan = operator.fetch(f"explain (analyze, format json) {sql}", *arguments)[0][0]
    return max(_looked_at(msgspec.json.decode(plan)[0]["Plan"]))


def _looked_at(node: dict[str, Any]) -> list[float]:
    rows = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    return [rows, *(below for child in node.get("Plans", []) for below in _looked_at(child))]


LISTINGS: dict[str, Listing] = {
    "a rare health": Listing(healths=(Health.MISCONFIGURED,)),
    "a health that none has": Listing(healths=(Health.REVOKED,)),
    "several healths": Listing(healths=(Health.ACTIVE, Health.DEGRADED)),
    "a rare health with a text": Listing(healths=(Health.MISCONFIGURED,), search="needle"),
    "a health of a provider": Listing(healths=(Health.ACTIVE,), providers=("slack",)),
    "a health in a state": Listing(healths=(Health.ACTIVE,), states=(State.NEW,)),
    "a health in a state that none is in": Listing(healths=(Health.ACTIVE,), states=(State.VERIFYING,)),
    "switched off": Listing(enabled=False),
    "not switched off": Listing(enabled=True),
    "a rare text among what is enabled": Listing(enabled=True, search="needle"),
    "a provider's name": Listing(enabled=True, search="sentry", search_providers=("sentry",)),
    "a later page": Listing(before=ids.MAXIMUM - 1),
}


@pytest.mark.parametrize("wanted", LISTINGS.values(), ids=LISTINGS)
def test_a_page_of_integrations_is_found_along_an_index(
    operator: Operator, large: Organisation, wanted: Listing
) -> None:
    arguments = narrow_listing.arguments(large.id, wanted)
    for sql in narrow_listing.statements(wanted):
        more = [wanted.search_providers] if "$10" in sql else []
        assert looked_at(operator, sql, [*arguments, *more]) <= MOST_ROWS


@pytest.mark.parametrize("wanted", LISTINGS.values(), ids=LISTINGS)
def test_the_pages_are_right_all_the_same(operator: Operator, large: Organisation, wanted: Listing) -> None:
    found = [one.id for one in operator.run(narrow_listing.fetch(operator.house.database, large.id, wanted))]
    conditions = [
        "state not in ('deleting', 'deleted')",
        "($2::text[] is null or health = any($2))",
        "($3::text[] is null or state = any($3))",
        "($4::text[] is null or provider = any($4))",
        "($5::boolean is null or enabled = $5)",
        "($6::text is null or name like '%' || $6 || '%' or provider = $6)",
    ]
    right = f"select id from integration where organisation_id = $1 and {' and '.join(conditions)} order by id desc"
    expected = operator.fetch(
        right,
        large.id,
        list(wanted.healths) or None,
        list(wanted.states) or None,
        wanted.providers,
        wanted.enabled,
        wanted.search,
    )
    assert found == [record[0] for record in expected][: wanted.limit]


@pytest.mark.parametrize("order", ["name", "state_changed"])
@pytest.mark.parametrize("descending", [False, True], ids=["up", "down"])
def test_a_page_in_another_order_is_right(
    operator: Operator, large: Organisation, order: str, descending: bool
) -> None:
    wanted = Listing(order=((order, descending),), enabled=True, healths=(Health.DEGRADED,))
    found = operator.run(narrow_listing.fetch(operator.house.database, large.id, wanted))
    values = [one.name if order == "name" else one.state_changed_at for one in found]
    assert len(values) == wanted.limit
    everybody = operator.fetch(
        "select name, state_changed_at from integration where organisation_id = $1 and health = 'degraded' and enabled "
        f"and state <> 'deleted' order by {'name' if order == 'name' else 'state_changed_at'} "
        f"{'desc' if descending else 'asc'} limit {wanted.limit}",
        large.id,
    )
    assert values == [record[0 if order == "name" else 1] for record in everybody]


AUDITS: dict[str, AuditFilter] = {
    "all": AuditFilter(),
    "a rare user": AuditFilter(user="rare"),
    "a common user": AuditFilter(user="common"),
    "a rare deed": AuditFilter(action=Action.KEY_CREATED),
    "a rare deed of a common user": AuditFilter(user="common", action=Action.KEY_CREATED),
    "nobody": AuditFilter(user="nobody"),
    "a subject": AuditFilter(subject_id=7),
}


@pytest.mark.parametrize("wanted", AUDITS.values(), ids=AUDITS)
def test_a_page_of_the_audit_is_found_along_an_index(
    operator: Operator, large: Organisation, wanted: AuditFilter
) -> None:
    sql, arguments = list_statement(large.id, wanted, None, PAGE)
    assert looked_at(operator, sql, arguments) <= MOST_ROWS


def test_an_overview_counts_no_further_than_it_shows(operator: Operator, large: Organisation) -> None:
    arguments = overview.arguments(large.id, overview.hours_until(datetime.now(UTC)))
    # of a state, a health and an hour each
    assert looked_at(operator, overview.COUNTS, arguments) <= 5 * MOST_ROWS
    assert looked_at(operator, overview.BROKEN, [large.id, 8]) <= MOST_ROWS


def test_a_page_of_a_timeline_is_found_along_indexes(operator: Operator, large: Organisation) -> None:
    assert looked_at(operator, timeline.LIST, [large.id, 7, ids.MAXIMUM, PAGE]) <= MOST_ROWS


JOBS: dict[str, tuple[str, Sequence[str], Sequence[object]]] = {
    "all": (jobs.NEWEST, [], []),
    "a rare kind": (jobs.NEWEST_OF_KINDS, ["sync"], []),
    "a kind that there is none of": (jobs.NEWEST_OF_KINDS, ["refresh"], []),
    "an integration's": (jobs.NEWEST_OF_INTEGRATION, [], [7]),
}


@pytest.mark.parametrize("asked", JOBS)
def test_a_page_of_jobs_is_found_along_an_index(operator: Operator, large: Organisation, asked: str) -> None:
    sql, kinds, more = JOBS[asked]
    assert looked_at(operator, sql, [large.id, [], ids.MAXIMUM, kinds, PAGE, 0, *more]) <= MOST_ROWS
