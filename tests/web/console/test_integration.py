"""One integration in the console: why it is broken, what can be done, and who may."""

import uuid
from typing import Any
from urllib.parse import urlsplit

import pytest

from jackfield.domain import ids
from support.checked_tenant import CheckedTenant
from support.partner import Partner
from support.vendor_server import VendorServer, taken
from support.visitor import FORM_TOKEN, Page, Visitor
from support.waiting import until

LIST = "/console/integrations"
DEEDS = ("verify", "refresh", "synchronise", "enable", "disable", "retry-held", "connect", "link", "delete")


@pytest.fixture
def admin(tenant: CheckedTenant) -> Visitor:
    return Visitor(tenant.service).signed_in(tenant.key)


@pytest.fixture
def token(vendors: VendorServer) -> str:
    """One that the vendor takes."""
    made = f"taken-{uuid.uuid4()}"
    vendors.answer(made, taken)
    return made


def path_of(integration: Any) -> str:
    return f"{LIST}/{integration['id']}"


def do(visitor: Visitor, path: str, deed: str) -> Page:
    """Pushes the button on the integration's page, and goes where it leads."""
    sent = visitor.send(visitor.get(path), f"{path}/{deed}")
    return visitor.get(sent.location)


def live(tenant: CheckedTenant, token: str, **fields: Any) -> Any:
    """One that is verified; the vendor has its repository, if it names any."""
    made = tenant.hub_integration(token=token, **fields)
    shown = tenant.verified(made["id"])
    assert shown["state"]["current"] == "live"
    return shown


def form_token_of(page: Page) -> str:
    return next(value for name, value in page.forms[0].fields if name == FORM_TOKEN)


# What is shown


def test_a_broken_one_says_why_and_what_to_do(admin: Visitor, tenant: CheckedTenant) -> None:
    made = tenant.hub_integration(name="Firmware", extra={"repository": "acme/shop"})
    tenant.verified(made["id"])
    page = admin.get(path_of(made))
    assert page.status == 200
    assert "GitHub does not accept its credential" in page.text
    assert "GitHub refuses the credential" in page.text
    assert "Needs reconnecting" in page.text
    assert list(page.all("a", href=f"{path_of(made)}/edit"))
    assert "Verify it now" in page.text
    assert "acme/shop" in page.text
    for spelling in (made["id"], ids.to_uuid(ids.parse_hex(made["id"])), str(ids.parse_hex(made["id"]))):
        assert spelling in page.text
    [part] = page.all("div", id="integration")
    assert part["data-live-integration"] == made["id"]


def test_one_story_of_all_that_happened(admin: Visitor, tenant: CheckedTenant) -> None:
    made = tenant.hub_integration()
    job = tenant.verification(made["id"])
    tenant.finished(job)
    page = admin.get(path_of(made))
    story = page.text[page.text.index("What happened") :]
    assert story.index("It broke") < story.index("Verification asked for") < story.index("Created")
    assert list(page.all("a", href=f"/console/jobs/{job}"))
    assert len(list(page.all("li", **{"class": "bad"}))) == 2


def test_the_story_is_paged(admin: Visitor, tenant: CheckedTenant) -> None:
    made = tenant.hub_integration()
    for number in range(45):
        tenant.hubs("PATCH", f"/{made['id']}", json={"name": f"Name {number}"})
    first = admin.get(path_of(made))
    assert "Created" not in first.text[first.text.index("What happened") :]
    [following] = [one["href"] for one in first.all("a", rel="next")]
    second = admin.get(following)
    assert "Created" in second.text[second.text.index("What happened") :]


def test_secrets_are_masked(admin: Visitor, tenant: CheckedTenant) -> None:
    made = tenant.hub_integration(token="ghp_very_secret_indeed")
    page = admin.get(path_of(made))
    assert "ghp_..." in page.text or "ghp_v..." in page.text
    assert "ghp_very_secret_indeed" not in page.answer.text


def test_names_and_reasons_are_shown_as_they_are_written(admin: Visitor, tenant: CheckedTenant) -> None:
    made = tenant.hub_integration(name="<script>alert(1)</script>", extra={"<b>note": "<i>x"})
    for path in (path_of(made), f"{path_of(made)}/edit", f"{path_of(made)}/delete"):
        page = admin.get(path)
        assert page.status == 200
        assert "<script>alert" not in page.answer.text
        assert "<i>x" not in page.answer.text


def test_a_page_stays_small(admin: Visitor, tenant: CheckedTenant) -> None:
    made = tenant.hub_integration(extra={f"setting_{number}": "x" * 5000 for number in range(60)})
    page = admin.get(path_of(made))
    assert page.status == 200
    assert len(page.answer.content) < 100_000


def test_what_was_made_without_anything_is_shown_and_can_be_renamed(admin: Visitor, tenant: CheckedTenant) -> None:
    saved = tenant.saved(name="Through another contract")
    path = f"{LIST}/{ids.to_hex(ids.parse_uuid(saved['integration_id']))}"
    page = admin.get(path)
    assert page.status == 200
    assert "It has no credential yet" in page.text
    renamed = admin.send(admin.get(f"{path}/edit"), f"{path}/edit", {"name": "Renamed"})
    assert renamed.location == f"{path}?done=saved"


# Deeds


def test_verify(admin: Visitor, tenant: CheckedTenant, token: str) -> None:
    made = tenant.hub_integration(token=token)
    page = do(admin, path_of(made), "verify")
    assert "The vendor is being asked" in page.text
    until(lambda: tenant.hub_read(made["id"])["state"]["current"], lambda state: state == "live")


def test_pause_and_undo(admin: Visitor, tenant: CheckedTenant, token: str) -> None:
    path = path_of(live(tenant, token))
    page = do(admin, path, "disable")
    assert "It is paused" in page.text
    assert "It is paused" in page.text
    undone = next(one for one in page.forms if one.action == f"{path}/enable")
    sent = admin.call("POST", undone.action, data=undone.fields)
    assert "It is at work again" in admin.get(sent.location).text
    assert tenant.hub_read(path.rpartition("/")[2])["enabled"] is True


def test_resuming_what_lacks_a_setting_asks_for_it(admin: Visitor, tenant: CheckedTenant) -> None:
    made = tenant.hub_integration(enabled=False, item_type="work_item")
    path = path_of(made)
    page = admin.get(path)
    form = next(one for one in page.forms if one.action == f"{path}/enable")
    answer = admin.call("POST", form.action, data=form.fields)
    assert answer.status == 422
    assert answer.control("extra/repository")["aria-invalid"] == "true"


def test_synchronise_is_offered_where_it_applies(
    admin: Visitor, tenant: CheckedTenant, vendors: VendorServer, token: str
) -> None:
    idle = path_of(live(tenant, token))
    assert not [one for one in admin.get(idle).forms if one.action.endswith("/synchronise")]
    made = live(tenant, token, item_type="work_item", extra={"repository": vendors.repository().name})
    page = do(admin, path_of(made), "synchronise")
    assert "is being compared" in page.text
    assert "Synchronisation" in page.text


def test_refresh_is_offered_for_grants_alone(admin: Visitor, tenant: CheckedTenant) -> None:
    path = path_of(tenant.hub_integration())
    page = admin.get(path)
    assert not [one for one in page.forms if one.action.endswith("/refresh")]
    refused = admin.call("POST", f"{path}/refresh", data={FORM_TOKEN: form_token_of(page)})
    assert refused.status == 400


def test_held_deliveries_are_shown_and_let_go(
    admin: Visitor, tenant: CheckedTenant, vendors: VendorServer, token: str
) -> None:
    repository = vendors.repository()
    made = live(tenant, token, item_type="work_item", extra={"repository": repository.name})
    answer = tenant.call("PUT", "/v1/hubs/current/items/work_item/WI-1", json={"title": "Brakes"})
    assert answer.status_code == 200, answer.text
    sql = "update delivery set state = 'held', error = 'Not <b>now', error_at = now() where organisation_id = $1"
    deliveries = f"/{made['id']}/deliveries"
    until(
        lambda: tenant.hubs("GET", deliveries).json()["data"], lambda found: found and found[0]["state"] == "delivered"
    )
    tenant.operator.fetch(f"{sql} returning id", tenant.organisation.id)
    page = admin.get(path_of(made))
    assert "some deliveries are held" in page.text
    assert "WI-1" in page.text
    assert "Not <b>now" in page.text
    told = do(admin, path_of(made), "retry-held")
    assert "Let go: 1" in told.text
    again = admin.call("POST", f"{path_of(made)}/retry-held", data={FORM_TOKEN: form_token_of(told)})
    assert again.location.endswith("done=nothing-held")


def test_a_link_for_somebody_else_is_shown_once(admin: Visitor, tenant: CheckedTenant) -> None:
    path = path_of(tenant.hub_integration())
    page = admin.send(admin.get(path), f"{path}/link")
    assert page.status == 200
    link = next(word for word in page.text.split() if "/connect/jfc_" in word)
    assert list(page.all("button", **{"data-copy": "secret"}))
    somebody = Visitor(tenant.service)
    assert somebody.get(urlsplit(link).path).status == 200
    assert link not in admin.get(path).answer.text
    assert page.answer.headers["cache-control"] == "no-store"


def test_deleting_is_confirmed_by_name(admin: Visitor, tenant: CheckedTenant) -> None:
    made = tenant.hub_integration(name="Two  blanks ")
    path = path_of(made)
    page = admin.get(f"{path}/delete")
    wrong = admin.send(page, f"{path}/delete", {"confirm": "two blanks"})
    assert wrong.status == 422
    assert tenant.hub_read(made["id"])["state"]["current"] == "new"
    sent = admin.send(wrong, f"{path}/delete", {"confirm": " Two blanks"})
    assert "It is being deleted" in admin.get(sent.location).text
    until(lambda: admin.get(path).text, lambda text: "It was deleted" in text)
    after = admin.get(path)
    assert not [one for one in after.forms if one.action.startswith(path)]
    assert admin.get(f"{path}/delete").status == 403
    assert admin.get(f"{path}/edit").status == 403


def test_the_address_of_a_deed_leads_back(admin: Visitor, tenant: CheckedTenant) -> None:
    path = path_of(tenant.hub_integration())
    for deed in DEEDS[:-1]:
        assert admin.get(f"{path}/{deed}").location == path


# Editing


def edit(admin: Visitor, path: str, **values: str | None) -> Page:
    page = admin.get(f"{path}/edit")
    assert page.status == 200, page.text
    filled = {"way": "token", **{name.replace("__", "/"): value for name, value in values.items()}}
    return admin.send(page, f"{path}/edit", filled)


def test_what_is_left_empty_stays(admin: Visitor, tenant: CheckedTenant, vendors: VendorServer, token: str) -> None:
    extra = {"repository": vendors.repository().name, "of_the_product": "kept"}
    made = live(tenant, token, extra=extra)
    sent = edit(admin, path_of(made), name="Renamed")
    assert sent.location == f"{path_of(made)}?done=saved"
    shown = tenant.hub_read(made["id"])
    assert shown["name"] == "Renamed"
    assert shown["extra"] == extra
    assert shown["state"]["current"] == "live"


def test_a_new_credential_is_verified(admin: Visitor, tenant: CheckedTenant, token: str) -> None:
    made = tenant.hub_integration(token="ghp_broken_for_good")
    tenant.verified(made["id"])
    page = admin.get(f"{path_of(made)}/edit")
    assert "Leave this empty to keep it" in page.text
    sent = edit(admin, path_of(made), token__auth__api_key=token)
    assert sent.location.endswith("done=saved-verifying")
    until(lambda: tenant.hub_read(made["id"])["state"]["current"], lambda state: state == "live")
    assert "It works" in admin.get(path_of(made)).text


def test_a_secret_is_not_sent_to_another_address_unseen(admin: Visitor, tenant: CheckedTenant, token: str) -> None:
    made = live(tenant, token)
    page = edit(admin, path_of(made), extra__base_url="https://elsewhere.example.com")
    assert page.status == 422
    assert "fill it in anew" in page.text


def test_flaws_of_an_edit_stand_at_their_fields(admin: Visitor, tenant: CheckedTenant) -> None:
    made = tenant.hub_integration(name="Before")
    page = edit(admin, path_of(made), name="After", extra__repository="no repository")
    assert page.status == 422
    assert page.control("name")["value"] == "After"
    assert page.control("extra/repository")["aria-invalid"] == "true"
    assert tenant.hub_read(made["id"])["name"] == "Before"


def test_tokens_that_were_granted_are_not_filled_in(admin: Visitor, tenant: CheckedTenant, token: str) -> None:
    made = live(tenant, token)
    sql = "update integration set granted_at = now() where organisation_id = $1 returning id"
    tenant.operator.fetch(sql, tenant.organisation.id)
    page = admin.get(f"{path_of(made)}/edit")
    assert "Its access was granted by GitHub" in page.text
    assert not [one for one in page.all("input") if "/auth/" in one.get("name", "")]
    sent = admin.send(page, f"{path_of(made)}/edit", {"name": "Renamed"})
    assert sent.location.endswith("done=saved")
    assert tenant.row(ids.to_uuid(ids.parse_hex(made["id"])))["granted_at"] is not None


def test_an_installed_app_is_not_edited(admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant) -> None:
    partner = Partner.register(stranger)
    installed = partner.installed_by(tenant)
    path = f"{LIST}/{installed.id}"
    page = admin.get(path)
    assert page.status == 200
    assert "the app's own to change" in page.text
    assert list(page.all("a", href=f"/platform/integrations/{partner.id}"))
    assert not list(page.all("a", href=f"{path}/edit"))
    assert "hunter2-in-clear" not in page.answer.text
    refused = admin.get(f"{path}/edit")
    assert refused.status == 403
    assert "the app's own to change" in refused.text


# Who may


def test_another_organisations_is_not_there(tenant: CheckedTenant, stranger: CheckedTenant) -> None:
    path = path_of(tenant.hub_integration(name="Theirs"))
    other = Visitor(stranger.service).signed_in(stranger.key)
    form = {FORM_TOKEN: form_token_of(other.get(LIST)), "confirm": "Theirs"}
    for page in ("", "/edit", "/delete"):
        assert other.get(f"{path}{page}").status == 404
    for deed in (*DEEDS, "edit"):
        assert other.call("POST", f"{path}/{deed}", data=form).status == 404, deed


def test_a_viewer_sees_no_deeds_and_is_refused_them(tenant: CheckedTenant) -> None:
    made = tenant.hub_integration(name="Mine")
    tenant.verified(made["id"])
    path = path_of(made)
    viewer = Visitor(tenant.service).signed_in(tenant.view_only().key)
    page = viewer.get(path)
    assert page.status == 200
    assert "Ask somebody who may manage integrations" in page.text
    assert not [one for one in page.forms if one.action.startswith(path)]
    form = {FORM_TOKEN: form_token_of(page), "confirm": "Mine"}
    for deed in (*DEEDS, "edit"):
        assert viewer.call("POST", f"{path}/{deed}", data=form).status == 403, deed
    for closed in ("edit", "delete"):
        assert viewer.get(f"{path}/{closed}").status == 403


def test_a_deed_without_its_form_is_refused(admin: Visitor, tenant: CheckedTenant) -> None:
    made = tenant.hub_integration(name="Mine")
    for deed in (*DEEDS, "edit"):
        for form in ({}, {FORM_TOKEN: "wrong"}):
            answer = admin.call("POST", f"{path_of(made)}/{deed}", data={**form, "confirm": "Mine"})
            assert answer.status == 403, deed
    assert tenant.hub_read(made["id"])["state"]["current"] == "new"


@pytest.mark.parametrize(
    "reference", ["nothing", "0" * 24, "F" * 24, "%00", "x" * 3000, "6b0127", "%FF%FE"], ids=str.lower
)
def test_what_is_no_id_is_not_there(admin: Visitor, reference: str) -> None:
    for page in ("", "/edit", "/delete"):
        assert admin.get(f"{LIST}/{reference}{page}").status in {400, 404}
    form = {FORM_TOKEN: form_token_of(admin.get(LIST))}
    for deed in DEEDS:
        assert admin.call("POST", f"{LIST}/{reference}/{deed}", data=form).status in {400, 404}
