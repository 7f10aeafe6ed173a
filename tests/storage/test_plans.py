"""A page is read along an index, whatever the planner believes: a large tenant costs what a small one costs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from jackfield.domain.integration import GOING, Filter, Listing, State
from jackfield.domain.item import ItemType, NewItem
from jackfield.domain.organisation import Organisation
from jackfield.storage import deliveries, items, links, listing
from jackfield.storage.integrations import list_statement
from support.operator import Operator

SEED = """
insert into integration (organisation_id, provider, name, identifier, unique_identifier, metadata, created_by,
    creator_user, creator_key_id)
select $1, (array['sentry', 'github', 'slack'])[1 + n % 3], 'n', 'n', n::text, '{}', 'u', 'u', 1
from generate_series(1, 3000) n
"""


@pytest.mark.parametrize(
    "wanted",
    [
        Filter(limit=20),
        Filter(providers=("sentry", "github", "slack"), limit=20),
        Filter(providers=("sentry",), limit=20),
        Filter(enabled=True, limit=20),
    ],
    ids=["all", "several providers", "one provider", "enabled"],
)
def test_a_page_of_a_tenant_without_statistics_reads_no_more_than_a_page(operator: Operator, wanted: Filter) -> None:
    organisation = operator.create_organisation()
    operator.fetch(SEED, organisation.id)
    sql, arguments = list_statement(organisation.id, wanted)
    plan = operator.fetch(f"explain (analyze, format json) {sql}", *arguments)[0][0]
    assert max(_rows_read(msgspec.json.decode(plan)[0]["Plan"])) <= 60


def _rows_read(node: dict[str, Any]) -> list[float]:
    read = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return [read, *(rows for child in node.get("Plans", []) for rows in _rows_read(child))]


# Lists with their lifecycle

# names in which a text is common ("service") or rare ("needle"), all in many states, of many providers
SEED_MANY = """
insert into integration (organisation_id, provider, name, identifier, unique_identifier, created_by, creator_user,
    creator_key_id, state)
select $1, (array['sentry', 'github', 'slack', 'linear'])[1 + n % 4],
    'Service ' || md5(n::text) || case when n % 9000 = 5 then ' needle' else '' end, 'service-' || n, n::text, 'u', 'u',
    1, case when n % 50 = 0 then 'deleted' when n % 3 = 0 then 'new' else 'live' end
from generate_series(1, $2::integer) n
"""
SIZE = 20_000
#: pages of 8 KiB; all that this tenant has in a state or of a provider would be hundreds
MOST_BUFFERS = 120


@pytest.fixture(scope="module", params=[False, True], ids=["guessed", "analyzed"])
def large(operator: Operator, request: pytest.FixtureRequest) -> Organisation:
    """One of 20,000 integrations, beside others with the same words; whatever the planner knows of it."""
    large = operator.create_organisation()
    operator.fetch(SEED_MANY, operator.create_organisation().id, 3000)
    operator.fetch(SEED_MANY, large.id, SIZE)
    # what was just written is looked through one by one until PostgreSQL has sorted it into the index
    operator.fetch("select gin_clean_pending_list('integration_search')")
    if request.param:
        operator.fetch("analyze integration")
    return large


PAGES: dict[str, tuple[str, Listing]] = {
    "all": (listing.ALONG_KEY, Listing()),
    "a later page": (listing.ALONG_KEY, Listing(offset=200)),
    "one state": (listing.BY_STATE, Listing(states=(State.NEW,))),
    "several states": (listing.BY_STATE, Listing(states=(State.NEW, State.LIVE))),
    "a state that none is in": (listing.BY_STATE, Listing(states=(State.VERIFYING,))),
    "what is deleted": (listing.BY_STATE, Listing(states=(State.DELETED,))),
    "one provider": (listing.BY_PROVIDER, Listing(providers=("sentry",))),
    "several providers": (listing.BY_PROVIDER, Listing(providers=("sentry", "github", "jira"))),
    "a provider in a state": (listing.BY_PROVIDER, Listing(providers=("slack",), states=(State.NEW,))),
    "a common text": (listing.AMONG_NEWEST, Listing(search="service")),
    "a rare text among the newest": (listing.AMONG_NEWEST, Listing(search="needle")),
    "a rare text": (listing.BY_TEXT, Listing(search="needle")),
    "a text that is nowhere": (listing.BY_TEXT, Listing(search="haystack")),
    "a provider's name": (listing.BY_TEXT, Listing(search="sentry", search_providers=("sentry",))),
}


@pytest.mark.parametrize("direction", ["desc", "asc"])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_a_large_tenant_costs_little(
    operator: Operator, large: Organisation, page: str, direction: str
) -> None:
    sql, wanted = PAGES[page]
    plan = explained(operator, large, sql.format(direction=direction), wanted)
    buffers = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    assert buffers <= MOST_BUFFERS
    assert max(_rows_read(plan)) <= 1100


def explained(operator: Operator, organisation: Organisation, sql: str, wanted: Listing) -> Any:
    """How the statement goes in a session of the pool, with the arguments that `listing.fetch` gives it."""
    states = tuple(state.value for state in wanted.states or set(State).difference(GOING))
    arguments: list[object] = [organisation.id, wanted.providers, states, wanted.search, wanted.limit, wanted.offset]
    if sql.count("$7"):
        arguments.append(wanted.search_providers)
    plan = operator.fetch(f"explain (analyze, buffers, format json) {sql}", *arguments)[0][0]
    return msgspec.json.decode(plan)[0]["Plan"]


@pytest.mark.parametrize(
    "wanted",
    [Listing(), Listing(states=(State.NEW,)), Listing(providers=("slack",)), Listing(search="needle")],
    ids=["all", "a state", "a provider", "a text"],
)
def test_the_pages_are_right_all_the_same(operator: Operator, large: Organisation, wanted: Listing) -> None:
    found = [one.id for one in operator.run(listing.fetch(operator.house.database, large.id, wanted))]
    conditions = {
        "state": "state not in ('deleting', 'deleted')" if not wanted.states else "state = 'new'",
        "provider": "true" if wanted.providers is None else "provider = 'slack'",
        "text": "true" if wanted.search is None else "name like '%needle%'",
    }
    right = f"select id from integration where organisation_id = $1 and {' and '.join(conditions.values())}"
    expected = sorted((record[0] for record in operator.fetch(right, large.id)), reverse=True)[: wanted.limit]
    assert expected
    assert found == expected


# Items on their way

# for two integrations; much of it has gone out long ago, and a thousand changes wait
SEED_ITEMS = """
with made as (
    insert into item (organisation_id, type, key, title, body, status, labels, fields, occurred_at)
    select $1, (array['work_item', 'document'])[1 + n % 2], n::text, 'n', '', 'open', '[]', '{}', now()
    from generate_series(1, $3::integer) n returning id
), linked as (
    insert into link (organisation_id, integration_id, item_id, place, vendor_id, delivered_version)
    select $1, i, id, 'there', id::text, 1 from made, unnest($2::bigint[]) i
)
insert into delivery (organisation_id, integration_id, item_id, version, state, ended_at)
select $1, i, id, 1, 'delivered', now() from made, unnest($2::bigint[]) i
"""
SEED_WAITING = """
insert into delivery (organisation_id, integration_id, item_id, version)
select $1, $2, id, 1 from item where organisation_id = $1 and type = 'work_item' order by id limit $3
"""
SEED_JOB = """
insert into job (organisation_id, kind, integration_id, header, caption, steps, creator_user, expires_at, state, starts)
values ($1, 'deliver', $2, 'h', 'c', '[]', 'u', now() + interval '1 day', 'running', 1) returning id
"""
SEED_HEARING = """
insert into integration (organisation_id, provider, name, identifier, unique_identifier, created_by, creator_user,
    creator_key_id, item_type, state)
select $1, 'github', 'n', 'n', n::text, 'u', 'u', 1, (array['work_item', 'document'])[n], 'live'
from generate_series(1, 2) n returning id
"""
ITEMS = 10_000
WAITING = 1_000
#: items that one call is about, and rows that it may look at for them
FEW = 8
PLACE = b"there"
MOST_ROWS = 150


@dataclass(frozen=True)
class Tracker:
    """A tenant whose `integration` has much to hear of; `job` brings it out. `items` are names of some."""

    organisation: int
    integration: int
    job: int
    items: tuple[int, ...]
    #: whether the planner knows how much that is
    analyzed: bool

    @property
    def fence(self) -> tuple[int, int, int]:
        return self.organisation, self.job, 1


@pytest.fixture(scope="module", params=[False, True], ids=["guessed", "analyzed"])
def tracker(operator: Operator, request: pytest.FixtureRequest) -> Tracker:
    made = []
    for size in (ITEMS // 4, ITEMS):
        organisation = operator.create_organisation().id
        integrations = [record[0] for record in operator.fetch(SEED_HEARING, organisation)]
        operator.fetch(SEED_ITEMS, organisation, integrations, size)
        operator.fetch(SEED_WAITING, organisation, integrations[0], WAITING)
        job = operator.fetch(SEED_JOB, organisation, integrations[0])[0][0]
        some = "select id from item where organisation_id = $1 and type = 'work_item' order by id desc limit $2"
        some_items = tuple(record[0] for record in operator.fetch(some, organisation, FEW))
        made.append(Tracker(organisation, integrations[0], job, some_items, request.param))
    if request.param:
        operator.fetch("analyze item")
        operator.fetch("analyze link")
        operator.fetch("analyze delivery")
    return made[-1]


def _put(tracker: Tracker) -> tuple[object, ...]:
    news = [
        NewItem(type=ItemType.WORK_ITEM, key=str(2 * number), title="Changed", occurred_at=datetime.now(UTC))
        for number in range(FEW)
    ]
    job = ("deliver", "h", "[]", "u", 60.0)
    return (*items._columns([(tracker.organisation, new) for new in news]), *job)


STATEMENTS: dict[str, tuple[str, Callable[[Tracker], tuple[object, ...]]]] = {
    "put": (items.PUT, _put),
    "delete": (items.DELETE, lambda one: (one.organisation, "work_item", "2", "deliver", "h", "[]", "u", 60.0)),
    "get": (items.GET, lambda one: (one.organisation, "work_item", "4")),
    "links": (items.LIST_LINKS, lambda one: (one.organisation, one.items)),
    "due": (deliveries.HAS_DUE, lambda one: (one.organisation, one.integration)),
    "claim": (deliveries.CLAIM, lambda one: (*one.fence, one.integration, 1, FEW, "work_item", PLACE, 21.0)),
    "page": (links.PAGE, lambda one: (one.organisation, one.integration, "work_item", one.items[-1] - 1, 100, PLACE)),
    "the job's": (links.COUNT_DELIVERIES, lambda one: (one.organisation, one.job)),
    "read": (
        links.READ,
        lambda one: (
            one.organisation,
            one.integration,
            *(
                list(column)
                for column in zip(*((i, str(i), True, "open", None, None, 1) for i in one.items), strict=True)
            ),
            PLACE,
        ),
    ),
    "deliver": (links.DELIVER, lambda one: (one.organisation, one.integration, one.items, one.job)),
}


#: where nothing is known yet, PostgreSQL takes an item's type to be as rare as its key
KNOWN_FIRST = {"get", "delete"}


@pytest.mark.parametrize("statement", STATEMENTS)
def test_what_is_about_a_few_items_looks_at_no_more_than_them(
    operator: Operator, tracker: Tracker, statement: str
) -> None:
    sql, arguments = STATEMENTS[statement]
    plan = operator.fetch(f"explain (analyze, format json) {sql}", *arguments(tracker))[0][0]
    nodes = list(_nodes(msgspec.json.decode(plan)[0]["Plan"]))
    large = {"item", "link", "delivery"}
    assert not [node for node in nodes if node["Node Type"] == "Seq Scan" and node["Relation Name"] in large]
    most = MOST_ROWS if tracker.analyzed or statement not in KNOWN_FIRST else ITEMS
    assert max(_looked_at(node) for node in nodes) <= most


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", []):
        yield from _nodes(child)


def _looked_at(node: dict[str, Any]) -> float:
    """By all loops together."""
    looked: float = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    return looked
