"""The catalogue in the console: what can be connected, the facts of a vendor, and apps with their operator."""

import uuid

import pytest

from jackfield.domain.grade import abilities, grade_of, missing
from jackfield.domain.principal import Capability
from jackfield.providers._registry import provider_classes
from support.checked_tenant import CheckedTenant
from support.partner import APPS as REGISTERED
from support.partner import Partner
from support.visitor import Page, Visitor, make_link

PATH = "/console/catalogue"
YOURS = f"{PATH}/yours"
APPS = f"{PATH}/apps"
SCRIPT = '"><script>alert(1)</script>'


@pytest.fixture
def admin(tenant: CheckedTenant) -> Visitor:
    return Visitor(tenant.service).signed_in(tenant.key)


@pytest.fixture
def viewer(tenant: CheckedTenant) -> Visitor:
    return Visitor(tenant.service).signed_in(tenant.view_only().key)


@pytest.fixture
def judge(tenant: CheckedTenant) -> Visitor:
    """The operator, in a browser."""
    visitor = Visitor(tenant.service)
    link = make_link(tenant.operator, tenant.organisation.handle, is_operator=True)
    assert visitor.sign_in_with_link(link).status == 303
    return visitor


def linked(page: Page) -> set[str]:
    return {one["href"] for one in page.all("a")}


def form_token(page: Page) -> dict[str, str]:
    """What every form of the page carries, as a form of its own."""
    return dict(page.form("/console/sign-out").fields)


def named(**fields: str) -> dict[str, str]:
    return {"name": f"App {uuid.uuid4()}", **fields}


def listed(judge: Visitor, status: str) -> set[str]:
    """The ids of all apps of the status, over all pages."""
    found, following = set[str](), f"{APPS}?status={status}"
    while following:
        page = judge.get(following)
        assert page.status == 200, page.text
        found |= {one["href"].rpartition("/")[2] for one in page.all("a", **{"class": "name"})}
        following = next((one["href"] for one in page.all("a", rel="next")), "")
    return found


def test_every_provider_is_in_the_catalogue_and_has_a_page(admin: Visitor) -> None:
    page = admin.get(PATH)
    assert {f"{PATH}/{slug}" for slug in provider_classes()} <= linked(page)
    for text in ("Source control", "Gold grade", "Verifies, delivers, synchronises.", "Personal access token"):
        assert text in page.text
    for slug, provider in provider_classes().items():
        shown = admin.get(f"{PATH}/{slug}")
        assert (shown.status, provider.manifest.name in shown.text) == (200, True)
        assert {f"/console/integrations/new/{slug}", f"/docs/providers/{slug}"} <= linked(shown)
        assert {source.url for source in provider.manifest.sources} <= linked(shown)
        assert len(shown.answer.content) < 100_000


def test_a_page_has_the_facts_of_the_manifest(admin: Visitor, tenant: CheckedTenant) -> None:
    manifest = provider_classes()["github"].manifest
    page = admin.get(f"{PATH}/github")
    assert manifest.facts is not None
    for text in (*manifest.facts.steps, *(told for _, told in manifest.facts.told)):
        assert text in page.text
    helps = [*(field.help for field in manifest.secrets), *(field.help for field in manifest.configuration)]
    assert all(text in page.text for text in helps)
    assert "not set up here" in page.text
    assert manifest.oauth is not None
    for right in manifest.oauth.rights():
        assert f"{right.words} {right.scope}" in page.text
    assert "None yet." in page.text
    made = tenant.hub_integration(name="Ours")["id"]
    tenant.hub_integration("gitlab", name="Another")
    page = admin.get(f"{PATH}/github")
    assert f"/console/integrations/{made}" in linked(page)
    assert "Another" not in page.text


def test_what_the_next_grade_asks_for_is_told(admin: Visitor) -> None:
    for slug, provider in provider_classes().items():
        manifest, can = provider.manifest, abilities(provider)
        lacks = [f"Missing for {grade}: {', '.join(what)}" for grade, what in missing(manifest, can).items() if what]
        text = admin.get(f"{PATH}/{slug}").text
        assert f"{grade_of(manifest, can).capitalize()} grade" in text
        assert text.count("Missing for") == len(lacks[:1])
        assert all(told in text for told in lacks[:1])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=hub", {"github"}),
        ("q=ISSUES+cloud", {"jira"}),
        ("q=webhook", {"discord", "teams"}),
        ("q=knowledge", {"confluence"}),
        ("category=error-monitoring", {"sentry"}),
        ("category=chat&q=slack", {"slack"}),
        ("category=chat&q=github", set[str]()),
    ],
    ids=range(7),
)
def test_the_catalogue_is_searched(admin: Visitor, query: str, found: set[str]) -> None:
    page = admin.get(f"{PATH}?{query}")
    shown = {slug for slug in provider_classes() if f"{PATH}/{slug}" in linked(page)}
    assert shown == found
    assert ("Nothing fits" in page.text) == (not found)


@pytest.mark.parametrize(
    "query", ["q=%00", "q=%FF", "category=nope", "q=" + "x" * 5000, "q=%3Cscript%3Ealert(1)"], ids=range(5)
)
def test_what_makes_no_sense_is_no_error(admin: Visitor, query: str) -> None:
    page = admin.get(f"{PATH}?{query}")
    assert page.status == 200
    assert "<script>alert" not in page.answer.text


@pytest.mark.parametrize("vendor", ["nonsense", "0" * 24, "%00", "%FF", "x" * 5000, "..%2f"], ids=range(6))
def test_what_is_no_vendor_is_not_found(admin: Visitor, vendor: str) -> None:
    assert admin.get(f"{PATH}/{vendor}").status in {400, 404}


def test_who_may_only_look_is_not_asked_to_connect(viewer: Visitor) -> None:
    page = viewer.get(f"{PATH}/github")
    assert page.status == 200
    assert "/console/integrations/new/github" not in linked(page)


def test_who_may_not_look_is_refused(tenant: CheckedTenant) -> None:
    other = Visitor(tenant.service).signed_in(tenant.another_key(Capability.MANAGE_ORGANISATION).key)
    assert [other.get(path).status for path in (PATH, f"{PATH}/github", YOURS, APPS)] == [403] * 4


def test_an_organisation_sees_its_own_apps_with_their_status(admin: Visitor, tenant: CheckedTenant) -> None:
    assert "No apps yet" in admin.get(YOURS).text
    partner = Partner.register(tenant, approved=False, **named())
    install = f"/platform/integrations/{partner.id}"
    for page in (admin.get(PATH), admin.get(YOURS)):
        assert partner.app["name"] in page.text
        assert "In development" in page.text
        assert install in linked(page)
    assert install in linked(admin.get(f"{PATH}/{partner.id}"))
    partner.decide("approve")
    assert "Every organisation can install it" in admin.get(YOURS).text
    partner.decide("archive")
    page = admin.get(YOURS)
    assert "nobody can install it any more" in page.text
    assert install not in linked(page)
    assert install not in linked(admin.get(f"{PATH}/{partner.id}"))


def test_own_apps_are_paged(admin: Visitor, tenant: CheckedTenant) -> None:
    apps = {Partner.register(tenant, approved=False, **named()).id for _ in range(6)}
    page = admin.get(PATH)
    assert YOURS in linked(page)
    assert len({f"{PATH}/{app}" for app in apps} & linked(page)) == 5
    assert {f"{PATH}/{app}" for app in apps} <= linked(admin.get(YOURS))


def test_an_app_of_others_is_seen_once_it_is_approved(admin: Visitor, viewer: Visitor, stranger: CheckedTenant) -> None:
    partner = Partner.register(stranger, approved=False, **named(author=SCRIPT, description=SCRIPT))
    address = f"{PATH}/{partner.id}"
    search = f"{PATH}?q={partner.app['name'].rpartition(' ')[2]}"
    assert admin.get(address).status == 404
    assert address not in linked(admin.get(search))
    partner.decide("approve")
    assert address in linked(admin.get(search))
    page = admin.get(address)
    assert page.status == 200
    assert "<script>alert" not in page.answer.text
    assert f"/platform/integrations/{partner.id}" in linked(page)
    assert f"/platform/integrations/{partner.id}" not in linked(viewer.get(address))
    # it is not among their own
    assert address not in linked(admin.get(YOURS))


def test_the_operator_approves_and_archives(
    judge: Visitor, admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant
) -> None:
    partner = Partner.register(stranger, approved=False, **named(name=f"An  app {uuid.uuid4()}"))
    assert APPS in linked(judge.get(PATH))
    assert APPS not in linked(admin.get(PATH))
    page = judge.get(APPS)
    assert stranger.organisation.name in page.text
    approving, archiving = f"{APPS}/{partner.id}/approve", f"{APPS}/{partner.id}/archive"
    done = judge.send(page, approving)
    assert done.location == f"{APPS}?status=approved&done=approved"
    assert "every organisation can install it" in judge.get(done.location).text
    assert partner.id in listed(judge, "approved") - listed(judge, "development")
    # a second click changes nothing
    assert judge.send(page, approving).status == 303
    page = judge.get(archiving)
    refused = judge.send(page, archiving, {"confirm": "another"})
    assert refused.status == 422
    assert partner.id in listed(judge, "approved")
    done = judge.send(page, archiving, {"confirm": " ".join(partner.app["name"].split())})
    assert done.location == f"{APPS}?status=archived&done=archived"
    assert partner.id in listed(judge, "archived")
    status = stranger.call("GET", REGISTERED).json()["data"][0]["status"]
    assert status == "archived"
    wanted = "select action from audit_entry where organisation_id = $1 order by id"
    done_by = [one["action"] for one in tenant.operator.fetch(wanted, tenant.organisation.id)]
    assert [one for one in done_by if one.startswith("definition.")] == ["definition.approved", "definition.archived"]


def test_nobody_else_judges_apps(admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant) -> None:
    partner = Partner.register(stranger, approved=False, **named())
    token = {**form_token(admin.get(PATH)), "confirm": partner.app["name"]}
    assert admin.get(APPS).status == 403
    assert admin.get(f"{APPS}/{partner.id}/archive").status == 403
    for decision in ("approve", "archive"):
        assert admin.call("POST", f"{APPS}/{partner.id}/{decision}", data=token).status == 403
    assert stranger.call("GET", REGISTERED).json()["data"][0]["status"] == "development"


def test_the_operators_forms_are_their_own(judge: Visitor, stranger: CheckedTenant) -> None:
    partner = Partner.register(stranger, approved=False, **named())
    page = judge.get(APPS)
    approving = f"{APPS}/{partner.id}/approve"
    assert judge.call("POST", approving, data={}).status == 403
    assert judge.send(page, approving, headers={"sec-fetch-site": "cross-site"}).status == 403
    assert judge.call("POST", f"{APPS}/{partner.id}/archive", data={"confirm": partner.app["name"]}).status == 403
    assert stranger.call("GET", REGISTERED).json()["data"][0]["status"] == "development"
    token = form_token(page)
    for reference in ("nonsense", "0" * 24, "%00", partner.id.upper() + "0"):
        assert judge.call("POST", f"{APPS}/{reference}/approve", data=token).status == 404
        assert judge.get(f"{APPS}/{reference}/archive").status == 404
    for query in ("status=nope", "before=x", "status=%00"):
        assert judge.get(f"{APPS}?{query}").status == 200


def test_what_a_developer_writes_is_shown_as_it_is(judge: Visitor, stranger: CheckedTenant) -> None:
    partner = Partner.register(stranger, approved=False, **named(name=SCRIPT, author=SCRIPT, description=SCRIPT))
    for path in (APPS, f"{APPS}/{partner.id}/archive", f"{PATH}/{partner.id}"):
        page = judge.get(path)
        assert page.status == 200
        assert "<script>alert" not in page.answer.text
    archiving = f"{APPS}/{partner.id}/archive"
    assert judge.send(judge.get(archiving), archiving, {"confirm": SCRIPT}).status == 303
