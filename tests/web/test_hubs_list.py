"""Hubs: pages of integrations, what can be filtered for, and in which order they come."""

from typing import Any

import pytest

from jackfield.domain.principal import Capability
from support.checked_tenant import CheckedTenant
from support.operator import Operator
from support.service import Service
from support.tenant import HUBS
from support.waiting import until

#: more than the window of newest ones that is looked through for a text
MANY = 1_200
SEED = """
insert into integration (organisation_id, provider, name, identifier, unique_identifier, metadata, created_by,
    creator_user, creator_key_id, state)
select $1, 'sentry', 'Bulk ' || n, 'bulk-' || n, 'bulk ' || n, '{}', 'u', 'u', 1, 'live'
from generate_series(1, $2) n
"""
BURY = """
insert into integration (organisation_id, provider, name, identifier, unique_identifier, metadata, created_by,
    creator_user, creator_key_id, state, deleted_at)
values ($1, 'sentry', 'Buried', 'buried', 'buried', '{}', 'u', 'u', 1, 'deleted', now())
"""


@pytest.fixture(scope="module")
def few(operator: Operator, service: Service) -> CheckedTenant:
    """Six integrations of four vendors, one of them deleted; nobody changes them."""
    tenant = CheckedTenant.create_checked(operator, service)
    for vendor, name, identifier in [
        ("github", "Beta", "id-3"),
        ("sentry", "alpha", "id-1"),
        ("gitlab", "Gamma", "id-2"),
        ("github", "Épsilon", "id-5"),
        ("linear", "Delta sentry", "zz"),
    ]:
        tenant.hub_integration(vendor, name=name, identifier=identifier)
    gone = tenant.hub_integration("github", name="Gone")["id"]
    assert tenant.hubs("DELETE", f"/{gone}").status_code == 202
    until(lambda: tenant.hub_read(gone), lambda one: one["state"]["current"] == "deleted")
    change = "update integration set state = 'live' where organisation_id = $1 and name in ('Beta', 'alpha')"
    operator.fetch(change, tenant.organisation.id)
    return tenant


@pytest.fixture(scope="module")
def many(operator: Operator, service: Service) -> CheckedTenant:
    """The oldest have what the others have not."""
    tenant = CheckedTenant.create_checked(operator, service)
    operator.fetch(BURY, tenant.organisation.id)
    tenant.hub_integration("github", name="Needle in it", identifier="first")
    tenant.hub_integration("sentry", name="Größe ÄÖ", identifier="x#y")
    operator.fetch(SEED, tenant.organisation.id, MANY)
    return tenant


def names(tenant: CheckedTenant, query: str = "") -> list[str]:
    answer = tenant.hubs("GET", f"?{query}")
    assert answer.status_code == 200, answer.text
    return [one["name"] for one in answer.json()["data"]]


def refused(tenant: CheckedTenant, query: str, path: str = "") -> Any:
    answer = tenant.hubs("GET", f"{path}?{query}")
    assert answer.status_code == 422, answer.text
    return answer.json()["error"]


NEWEST_FIRST = ["Delta sentry", "Épsilon", "Gamma", "alpha", "Beta"]


def test_without_a_query_the_newest_come_first_and_nothing_deleted(few: CheckedTenant) -> None:
    assert names(few) == NEWEST_FIRST


def test_another_organisation_sees_nothing_of_it(few: CheckedTenant, tenant: CheckedTenant) -> None:
    assert names(tenant) == []
    assert names(tenant, "filter[search]=beta") == []


def test_a_page_is_as_large_as_asked_for(few: CheckedTenant) -> None:
    pages = [names(few, f"page[size]=2&page[number]={number}") for number in (1, 2, 3, 4)]
    assert pages == [NEWEST_FIRST[:2], NEWEST_FIRST[2:4], NEWEST_FIRST[4:], []]


def test_a_page_has_20_by_default_and_100_at_most(many: CheckedTenant) -> None:
    assert len(names(many)) == 20
    assert len(names(many, "page[size]=100")) == 100
    assert names(many, "page[number]=61") == ["Größe ÄÖ", "Needle in it"]


@pytest.mark.parametrize("brackets", ["page[size]=1", "page%5Bsize%5D=1", "page%5bsize%5d=1", "page[size%5D=1"])
def test_brackets_may_be_percent_encoded(few: CheckedTenant, brackets: str) -> None:
    assert names(few, brackets) == NEWEST_FIRST[:1]


@pytest.mark.parametrize(
    ("query", "source"),
    [
        ("page[number]=0", "page[number]"),
        ("page[number]=-1", "page[number]"),
        ("page[number]=x", "page[number]"),
        ("page[number]=99999999999999999999", "page[number]"),
        ("page[size]=0", "page[size]"),
        ("page[size]=1000", "page[size]"),
        ("page[size]=", "page[size]"),
        ("sort=nonsense", "sort"),
        ("sort=name,--name", "sort"),
        ("filter[state]=nonsense", "filter[state]"),
        ("filter[state]=live,Live", "filter[state]"),
        ("filter[search]=%00", "filter[search]"),
        ("filter[search]=" + "x" * 256, "filter[search]"),
        ("meta=definition,x", "meta"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_and_named(few: CheckedTenant, query: str, source: str) -> None:
    problem = refused(few, query)
    assert (problem["code"].partition(".")[0], problem["source"]) == ("422", source)


UNKNOWN_FILTERS = [
    *("filter[nonsense]", "filter[identifier]", "filter[foo]", "filter[State]", "filter[states]", "filter"),
    *("filter[state][]", "filter[state", "filter[ state ]", "filter(state)", "filter.state", "filterstate", "filter[]"),
    *("Filter[state]", "FILTER[vendor]", "filters[state]", " filter[state]"),
]


@pytest.mark.parametrize("name", UNKNOWN_FILTERS)
def test_a_filter_that_there_is_not_is_refused_and_not_taken_for_none(few: CheckedTenant, name: str) -> None:
    answer = few.hubs("GET", "", params={name: "live"})
    problem = answer.json()["error"]
    assert (answer.status_code, problem["code"], problem["source"]) == (422, "422.invalid-argument", name)
    assert "filter[state], filter[search], filter[vendor], filter[category]" in problem["detail"]


@pytest.mark.parametrize("name", UNKNOWN_FILTERS)
@pytest.mark.parametrize("path", ["{}/available", "{}/" + "0" * 24 + "/events", "{}/" + "0" * 24 + "/deliveries"])
def test_no_list_ignores_a_filter_that_it_does_not_have(few: CheckedTenant, path: str, name: str) -> None:
    answer = few.call("GET", path.format(HUBS), params={name: "live", "page[size]": "1"})
    assert (answer.status_code, answer.json()["error"]["source"]) == (422, name)


def test_every_unknown_filter_is_named(few: CheckedTenant) -> None:
    problem = refused(few, "filter[b]=1&filter[state]=live&filter[a]=1")
    assert sorted(problem["extra"]) == ["filter[a]", "filter[b]"]


@pytest.mark.parametrize("query", ["nonsense=1", "page[other]=x", "page=1", "afilter[state]=new"])
def test_what_the_contract_does_not_have_is_ignored(few: CheckedTenant, query: str) -> None:
    assert names(few, query) == NEWEST_FIRST


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("filter[state]=live", ["alpha", "Beta"]),
        ("filter[state]=active", ["alpha", "Beta"]),
        ("filter[state]=active,live", ["alpha", "Beta"]),
        ("filter[state]=new", ["Delta sentry", "Épsilon", "Gamma"]),
        ("filter[state]=deleted", ["Gone"]),
        ("filter[state]=deleted,live", ["Gone", "alpha", "Beta"]),
        ("filter[state]=deleted&filter[state]=live", ["Gone", "alpha", "Beta"]),
        ("filter[state]=verifying", []),
        ("filter[state]=", NEWEST_FIRST),
        ("filter[vendor]=github", ["Épsilon", "Beta"]),
        ("filter[vendor]=github,gitlab", ["Épsilon", "Gamma", "Beta"]),
        ("filter[vendor]=github&filter[vendor]=linear", ["Delta sentry", "Épsilon", "Beta"]),
        ("filter[vendor]=nonsense", []),
        ("filter[category]=source-control", ["Épsilon", "Gamma", "Beta"]),
        ("filter[category]=apps", []),
        ("filter[category]=nonsense", []),
        ("filter[category]=Source-Control", []),
        ("filter[category]=nonsense,source-control", ["Épsilon", "Gamma", "Beta"]),
        ("filter[category]=nonsense&filter[vendor]=github", []),
        ("filter[category]=error-monitoring,issue-tracking", ["Delta sentry", "alpha"]),
        ("filter[category]=source-control&filter[vendor]=gitlab,sentry", ["Gamma"]),
        ("filter[category]=source-control&filter[state]=live", ["Beta"]),
        ("filter[vendor]=github&filter[state]=deleted", ["Gone"]),
        ("filter[vendor]=github&filter[search]=et", ["Beta"]),
        ("filter[state]=deleted&filter[search]=gon", ["Gone"]),
        ("filter[search]=gon", []),
    ],
)
def test_filters_leave_what_fits_all_of_them(few: CheckedTenant, query: str, found: list[str]) -> None:
    assert names(few, query) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("alpha", ["alpha"]),
        ("ALPHA", ["alpha"]),
        ("id-", ["Épsilon", "Gamma", "alpha", "Beta"]),
        ("sentry", ["Delta sentry", "alpha"]),
        ("a s", ["Delta sentry"]),
        ("a", ["Delta sentry", "Gamma", "alpha", "Beta"]),
        ("zz", ["Delta sentry"]),
        ("épsi", ["Épsilon"]),
        ("É", ["Épsilon"]),
        ("%", []),
        ("_", []),
        ("\\", []),
        ("'", []),
        ("", NEWEST_FIRST),
    ],
)
def test_a_text_is_looked_for_in_name_identifier_and_vendor(few: CheckedTenant, text: str, found: list[str]) -> None:
    answer = few.hubs("GET", "", params={"filter[search]": text})
    assert [one["name"] for one in answer.json()["data"]] == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("needle", ["Needle in it"]),
        ("NEEDLE IN", ["Needle in it"]),
        ("e i", ["Needle in it"]),
        ("first", ["Needle in it"]),
        ("github", ["Needle in it"]),
        ("itH", ["Needle in it"]),
        ("größe äö", ["Größe ÄÖ"]),
        ("ÄÖ", ["Größe ÄÖ"]),
        ("x#y", ["Größe ÄÖ"]),
        ("#", ["Größe ÄÖ"]),
        ("Bulk 1", None),
        ("bulk 777", ["Bulk 777"]),
        ("bulk-7770", []),
        ("nowhere", []),
    ],
)
def test_a_rare_text_is_found_among_many(many: CheckedTenant, text: str, found: list[str] | None) -> None:
    answer = many.hubs("GET", "", params={"filter[search]": text})
    shown = [one["name"] for one in answer.json()["data"]]
    assert shown == found if found is not None else len(shown) == 20


def test_a_text_is_found_on_every_page(many: CheckedTenant) -> None:
    found = [
        name
        for page in range(1, 8)
        for name in names(many, f"filter[search]=bulk&page[size]=100&sort=id&page[number]={page}")
    ]
    assert found == [f"Bulk {number}" for number in range(1, 701)]
    last = names(many, "filter[search]=bulk&page[size]=100&page[number]=12")
    assert last == [f"Bulk {number}" for number in range(100, 0, -1)]


def test_a_vendors_word_finds_its_deleted_one_behind_many_others(many: CheckedTenant) -> None:
    assert names(many, "filter[search]=sentry&filter[state]=deleted") == ["Buried"]


ORDERS = {
    "id": ["Beta", "alpha", "Gamma", "Épsilon", "Delta sentry"],
    "created": ["Beta", "alpha", "Gamma", "Épsilon", "Delta sentry"],
    "vendor,id": ["Beta", "Épsilon", "Gamma", "Delta sentry", "alpha"],
    "identifier": ["alpha", "Gamma", "Beta", "Épsilon", "Delta sentry"],
    "updated": ["Beta", "alpha", "Gamma", "Épsilon", "Delta sentry"],
}


@pytest.mark.parametrize("sort", sorted(ORDERS))
def test_a_list_is_sorted_as_asked_for_in_both_directions(few: CheckedTenant, sort: str) -> None:
    assert names(few, f"sort={sort}") == ORDERS[sort]
    other = ",".join(f"-{field}" for field in sort.split(","))
    assert names(few, f"sort={other}") == ORDERS[sort][::-1]


@pytest.mark.parametrize("field", ["name", "identifier"])
def test_names_are_in_the_order_of_people_and_not_of_bytes(tenant: CheckedTenant, field: str) -> None:
    wanted = [
        "  aardvark",
        "Ähre",
        "alpha",
        "Beta",
        "e\u0301clair",
        "Épsilon",
        "Łódź",
        "løkken",
        "Straße",
        "street",
        "zebra",
        "Zed",
    ]
    for name in reversed(wanted):
        tenant.hub_integration(**{field: name})
    for sort, expected in ((field, wanted), (f"-{field}", wanted[::-1])):
        shown = [one[field] for one in tenant.hubs("GET", f"?sort={sort}").json()["data"]]
        assert shown == expected


def test_jobs_are_in_the_order_of_people_by_their_captions(tenant: CheckedTenant) -> None:
    for name in ("Zed", "alpha", "Épsilon", "Beta"):
        tenant.verification(tenant.hub_integration(name=name)["id"])
    shown = [one["caption"] for one in tenant.call("GET", "/v1/jobs?sort=caption").json()["data"]]
    assert shown == ["alpha", "Beta", "Épsilon", "Zed"]


def test_names_are_sorted_in_both_directions(few: CheckedTenant) -> None:
    shown = names(few, "sort=name")
    assert sorted(shown) == sorted(NEWEST_FIRST)
    assert shown == names(few, "sort=-name")[::-1]
    assert shown.index("Beta") < shown.index("Gamma")


@pytest.mark.parametrize(
    "query", ["sort=vendor,-identifier", "sort=vendor&sort=-identifier", "sort=vendor,&sort=-identifier,"]
)
def test_a_list_of_fields_can_be_repeated_or_joined_by_commas(few: CheckedTenant, query: str) -> None:
    assert names(few, query) == ["Épsilon", "Beta", "Gamma", "Delta sentry", "alpha"]


def test_a_sorted_list_is_filtered_and_paged(few: CheckedTenant) -> None:
    assert names(few, "sort=identifier&filter[vendor]=github&page[size]=1&page[number]=2") == ["Épsilon"]
    assert names(few, "sort=vendor&filter[search]=sentry") == ["Delta sentry", "alpha"]


def test_the_definitions_come_with_the_list_when_asked_for(few: CheckedTenant) -> None:
    shown = few.hubs("GET", "?meta=definition&filter[vendor]=linear").json()["data"]
    assert [one["meta"]["definition"]["vendor"] for one in shown] == ["linear"]
    assert all("meta" not in one for one in few.hubs("GET", "").json()["data"])


def test_reading_needs_the_capability_to_view(few: CheckedTenant) -> None:
    assert few.another_key(Capability.MANAGE).hubs("GET", "").status_code == 403
    assert few.view_only().hubs("GET", "").status_code == 200
