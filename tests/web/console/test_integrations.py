"""The list of integrations in the console: what is found, and in which order."""

import pytest

from jackfield.domain.principal import Capability
from support.checked_tenant import CheckedTenant
from support.vendor_server import VendorServer, taken
from support.visitor import Page, Visitor

LIST = "/console/integrations"


@pytest.fixture
def admin(tenant: CheckedTenant) -> Visitor:
    return Visitor(tenant.service).signed_in(tenant.key)


def listed(page: Page) -> list[str]:
    """The ids, in the order of the page."""
    assert page.status == 200, page.text
    return [one["href"].rpartition("/")[2] for one in page.all("a", **{"class": "name"})]


def test_an_empty_list_says_what_to_do_next(admin: Visitor) -> None:
    page = admin.get(LIST)
    assert "Nothing is connected yet" in page.text
    assert len(list(page.all("a", href=f"{LIST}/new"))) == 2


def test_everything_of_the_organisation_and_nothing_else_is_listed(
    admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant
) -> None:
    stranger.hub_integration(name="Not yours")
    made = [tenant.hub_integration(name=f"Number {number}")["id"] for number in range(3)]
    page = admin.get(LIST)
    assert listed(page) == made[::-1]
    assert "Not yours" not in page.text


def test_names_are_shown_as_they_are_written(admin: Visitor, tenant: CheckedTenant) -> None:
    tenant.hub_integration(name="<script>alert(1)</script>")
    page = admin.get(LIST)
    assert "<script>alert" not in page.answer.text
    assert "<script>alert(1)</script>" in page.text


def test_filters(admin: Visitor, tenant: CheckedTenant, vendors: VendorServer) -> None:
    code = tenant.hub_integration(name="Firmware", token="refused-in-the-list")["id"]
    chat = tenant.hub_integration("slack", name="Night shift")["id"]
    vendors.answer("taken-in-the-list", taken)
    live = tenant.hub_integration(name="Website", token="taken-in-the-list")["id"]
    for one in (code, live):
        tenant.verified(one)
    assert listed(admin.get(f"{LIST}?search=firm")) == [code]
    assert listed(admin.get(f"{LIST}?search=NIGHT")) == [chat]
    assert listed(admin.get(f"{LIST}?vendor=slack")) == [chat]
    assert listed(admin.get(f"{LIST}?state=live")) == [live]
    assert listed(admin.get(f"{LIST}?health=needs_reauthorisation")) == [code]
    broken = admin.get(f"{LIST}?attention=1")
    # what nobody has tested yet needs someone as well
    assert listed(broken) == [chat, code]
    assert "Needs reconnecting" in broken.text
    assert "GitHub refuses the credential" in broken.text
    assert listed(admin.get(f"{LIST}?vendor=github&state=live&search=web")) == [live]
    nothing = admin.get(f"{LIST}?vendor=slack&state=live")
    assert "Nothing fits these filters" in nothing.text
    assert list(nothing.all("a", href=LIST))


def test_nothing_needs_someone(admin: Visitor, tenant: CheckedTenant, vendors: VendorServer) -> None:
    vendors.answer("taken-and-fine", taken)
    tenant.verified(tenant.hub_integration(token="taken-and-fine")["id"])
    page = admin.get(f"{LIST}?attention=1")
    assert "Nothing needs someone" in page.text


def test_what_the_product_reported_broken_needs_someone(
    admin: Visitor, tenant: CheckedTenant, vendors: VendorServer
) -> None:
    broken = tenant.hub_integration(name="Reported")["id"]
    vendors.answer("taken-and-not-reported", taken)
    tenant.verified(tenant.hub_integration(name="Fine", token="taken-and-not-reported")["id"])
    change = "update integration set status = 'error', state = 'live' where organisation_id = $1 and name = 'Reported'"
    tenant.operator.fetch(change, tenant.organisation.id)
    assert listed(admin.get(f"{LIST}?attention=1")) == [broken]


def test_orders(admin: Visitor, tenant: CheckedTenant) -> None:
    b, c, a = (tenant.hub_integration(name=name)["id"] for name in ("Beta", "Gamma", "Alpha"))
    assert listed(admin.get(f"{LIST}?order=newest")) == [a, c, b]
    assert listed(admin.get(f"{LIST}?order=oldest")) == [b, c, a]
    assert listed(admin.get(f"{LIST}?order=name")) == [a, b, c]
    tenant.verified(b)
    assert listed(admin.get(f"{LIST}?order=changed"))[0] == b


def test_pages_follow_each_other_in_every_order(admin: Visitor, tenant: CheckedTenant) -> None:
    made = [tenant.hub_integration(name=f"{number:03}")["id"] for number in range(53)]
    for order, expected in (("newest", made[::-1]), ("name", made), ("oldest", made)):
        first = admin.get(f"{LIST}?order={order}&search=0")
        assert listed(first) == expected[:50]
        [following] = [one["href"] for one in first.all("a", rel="next")]
        second = admin.get(following)
        assert listed(second) == expected[50:]
        assert not list(second.all("a", rel="next"))
        [back] = [one["href"] for one in second.all("a", **{"class": "button plain"})]
        assert listed(admin.get(back)) == expected[:50]


def test_a_page_beyond_the_end_leads_back(admin: Visitor, tenant: CheckedTenant) -> None:
    tenant.hub_integration()
    assert "Nothing more" in admin.get(f"{LIST}?order=name&page=7").text


def test_what_is_asked_for_wrongly_is_not_asked_for(admin: Visitor, tenant: CheckedTenant) -> None:
    made = tenant.hub_integration()["id"]
    for wrong in (
        "state=flying",
        "health=%00",
        "order=;drop",
        "page=-1",
        "page=99999999999999999999",
        "page=%D9%A1",
        "before=nothing",
        "search=%00",
        "vendor=%00",
        "search=%FF%FE",
    ):
        page = admin.get(f"{LIST}?{wrong}")
        assert page.status == 200, wrong
        if wrong not in {"search=%FF%FE", "page=99999999999999999999"}:
            assert listed(page) == [made], wrong
    assert admin.get(f"{LIST}?search={'x' * 3000}&vendor={'y' * 3000}").status == 200


def test_only_who_may_manage_is_offered_to_connect_something(tenant: CheckedTenant) -> None:
    viewer = Visitor(tenant.service).signed_in(tenant.view_only().key)
    page = viewer.get(LIST)
    assert page.status == 200
    assert not list(page.all("a", href=f"{LIST}/new"))
    for path in (f"{LIST}/new", f"{LIST}/new/github"):
        assert viewer.get(path).status == 403


def test_who_may_see_no_integrations_is_told_so(tenant: CheckedTenant) -> None:
    other = Visitor(tenant.service).signed_in(tenant.another_key(Capability.MANAGE_ORGANISATION).key)
    assert other.get(LIST).status == 403
