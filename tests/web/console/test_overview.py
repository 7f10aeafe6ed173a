"""The first page of the console, and the frame of all of them."""

import pytest

from jackfield.domain.principal import Capability
from support.checked_tenant import CheckedTenant
from support.visitor import Visitor


@pytest.fixture
def admin(tenant: CheckedTenant) -> Visitor:
    return Visitor(tenant.service).signed_in(tenant.key)


def places(page: Visitor, path: str = "/console") -> list[str]:
    return [one["href"] for one in page.get(path).all("a") if one["href"].startswith("/console")]


def test_who_is_not_signed_in_is_asked_to_and_comes_back(tenant: CheckedTenant) -> None:
    visitor = Visitor(tenant.service)
    page = visitor.get("/console/jobs?state=error")
    assert page.location == "/console/sign-in?next=/console/jobs%3Fstate%3Derror"
    form = visitor.get(page.location)
    signed_in = visitor.send(form, "/console/sign-in", {"key": tenant.key})
    assert signed_in.location == "/console/jobs?state=error"


def test_an_organisation_without_anything_is_told_what_to_do_next(admin: Visitor) -> None:
    page = admin.get("/console")
    assert page.status == 200
    assert "Nothing is connected yet" in page.text
    assert list(page.all("a", href="/console/integrations/new"))


def test_what_is_there_is_counted_and_what_is_broken_is_named(
    admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant
) -> None:
    tenant.hub_integration(name="Fine for now")
    proven = "update integration set state = 'live', status = 'active', health = 'active' where organisation_id = $1"
    tenant.operator.fetch(proven, tenant.organisation.id)
    broken = tenant.hub_integration(name="<b>Broken</b>", token="refused-for-good")
    tenant.operator.fetch(
        "update integration set health = 'needs_reauthorisation', health_reason = 'GitHub says no', status = 'error' "
        "where organisation_id = $1 and name like '%Broken%'",
        tenant.organisation.id,
    )
    stranger.hub_integration(name="Somebody else's")
    page = admin.get("/console")
    assert "1 need someone" in page.text
    assert "GitHub says no" in page.text
    assert "Needs reconnecting" in page.text
    assert "&lt;b&gt;Broken&lt;/b&gt;" in page.answer.text
    assert "<b>Broken" not in page.answer.text
    assert list(page.all("a", href=f"/console/integrations/{broken['id']}"))
    assert "Somebody else" not in page.text


def test_the_last_day_is_drawn(admin: Visitor, tenant: CheckedTenant) -> None:
    integration = tenant.hub_integration()
    tenant.verified(integration["id"])
    page = admin.get("/console")
    assert "1 failed in the last 24 hours" in page.text
    assert [one["class"] for one in page.all("rect") if "class" in one and "rx" not in one] == ["bad"]


def test_only_the_consoles_own_pages_say_that_something_was_done(admin: Visitor) -> None:
    address = "/console?done=key-revoked"
    assert "The key is revoked" in admin.get(address, headers={"sec-fetch-site": "same-origin"}).text
    for site in ("cross-site", "same-site", "none"):
        assert "The key is revoked" not in admin.get(address, headers={"sec-fetch-site": site}).text


def test_each_is_offered_only_what_they_may_see(tenant: CheckedTenant) -> None:
    viewer = Visitor(tenant.service).signed_in(tenant.view_only().key)
    assert "/console/jobs" in places(viewer)
    assert not {"/console/keys", "/console/system", "/console/integrations/new"} & set(places(viewer))
    assert viewer.get("/console/keys").status == 403
    owner = tenant.another_key(Capability.MANAGE_ORGANISATION)
    manager = Visitor(tenant.service).signed_in(owner.key)
    assert manager.get("/console").location == "/console/keys"


def test_a_page_keeps_to_itself(admin: Visitor) -> None:
    headers = admin.get("/console").answer.headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["cache-control"] == "no-store"
    script = admin.get("/console/console.js")
    assert script.status == 200
    assert script.answer.headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize(
    "query", ["done=nonsense", "done=retried&count=x", "done=retried&count=99999999999999", "done=%00"]
)
def test_what_the_address_says_was_done_is_not_believed_further_than_known(admin: Visitor, query: str) -> None:
    page = admin.get(f"/console?{query}")
    assert page.status == 200
    assert "nonsense" not in page.text
