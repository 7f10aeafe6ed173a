"""Replacing an app's client secret in the console."""

import re

import pytest

from support.checked_tenant import CheckedTenant
from support.partner import Partner
from support.visitor import FORM_TOKEN, Page, Visitor


@pytest.fixture
def admin(tenant: CheckedTenant) -> Visitor:
    return Visitor(tenant.service).signed_in(tenant.key)


def address(partner: Partner) -> str:
    return f"/console/catalogue/yours/{partner.id}/client-secret"


def secret_on(page: Page) -> str:
    [secret] = re.findall(r"\b[a-f0-9]{64}\b", page.text)
    return str(secret)


@pytest.mark.parametrize(("grace", "old_works"), [("0", False), ("24", True)])
def test_a_new_secret_is_shown_once_and_the_old_one_lasts_as_chosen(
    admin: Visitor, tenant: CheckedTenant, grace: str, old_works: bool
) -> None:
    partner = Partner.register(tenant, approved=False)
    # from the list, and from the app's own page
    for place in ("/console/catalogue/yours", f"/console/catalogue/{partner.id}"):
        assert address(partner) in {one.get("href") for one in admin.get(place).all("a")}
    form = admin.get(address(partner))
    done = admin.send(form, address(partner), {"grace": grace})
    assert done.status == 200
    assert done.answer.headers["cache-control"] == "no-store"
    new = secret_on(done)
    installed = partner.installed_by(tenant)
    assert partner.exchange(installed.code(), (partner.id, new)).status_code == 200
    assert (partner.exchange(installed.code()).status_code == 200) is old_works
    assert new not in admin.get(address(partner)).answer.text
    assert new not in tenant.service.read_log()


def test_a_day_is_what_is_chosen_at_first(admin: Visitor, tenant: CheckedTenant) -> None:
    partner = Partner.register(tenant, approved=False)
    assert dict(admin.get(address(partner)).form(address(partner)).fields)["grace"] == "24"


@pytest.mark.parametrize("values", [{"grace": "5"}, {"grace": ""}, {"grace": None}, {"grace": "24 "}], ids=range(4))
def test_another_time_is_told_and_changes_nothing(
    admin: Visitor, tenant: CheckedTenant, values: dict[str, str | None]
) -> None:
    partner = Partner.register(tenant, approved=False)
    page = admin.send(admin.get(address(partner)), address(partner), values)
    assert page.status == 422
    assert partner.exchange(partner.installed_by(tenant).code()).status_code == 200


def test_a_form_that_is_not_ours_or_not_of_this_app_changes_nothing(
    admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant
) -> None:
    partner, another = (Partner.register(tenant, approved=False) for _ in range(2))
    token = dict(admin.get(address(another)).form(address(another)).fields)[FORM_TOKEN]
    page = admin.get(address(partner))
    for wrong in (token, "", "0" * 64):
        assert admin.send(page, address(partner), {FORM_TOKEN: wrong}).status == 403
    assert partner.exchange(partner.installed_by(tenant).code()).status_code == 200
    elsewhere = Visitor(tenant.service).signed_in(stranger.key)
    viewer = Visitor(tenant.service).signed_in(tenant.view_only().key)
    assert elsewhere.get(address(partner)).status == 404
    assert viewer.get(address(partner)).status == 403
    assert address(partner) not in viewer.get(f"/console/catalogue/{partner.id}").answer.text


@pytest.mark.parametrize("reference", ["0" * 24, "nonsense", "%00"])
def test_of_what_is_no_app_there_is_no_secret(admin: Visitor, reference: str) -> None:
    assert admin.get(f"/console/catalogue/yours/{reference}/client-secret").status == 404
