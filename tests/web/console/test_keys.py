"""Keys in the console: which there are, a new one that is shown once, and the end of one."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import requests

from jackfield.domain import ids
from jackfield.domain.principal import Capability
from support.checked_tenant import CheckedTenant
from support.visitor import FORM_TOKEN, SESSION, Page, Visitor, make_link
from support.waiting import until

PATH = "/console/keys"
NEW = f"{PATH}/new"
KEY = re.compile(r"jf_[A-Za-z0-9_-]{43}")


@pytest.fixture
def admin(tenant: CheckedTenant) -> Visitor:
    """Signed in by a link, so that no key of the list is the session's."""
    visitor = Visitor(tenant.service)
    visitor.sign_in_with_link(make_link(tenant.operator, tenant.organisation.handle))
    assert visitor.cookie(SESSION)
    return visitor


def make(admin: Visitor, **values: str | list[str]) -> Page:
    filled = {"user": "nightly", "capability": [Capability.VIEW.value], **values}
    return admin.send(admin.get(NEW), NEW, filled)


def secret_of(page: Page) -> str:
    assert page.status == 201, page.text
    found: str = KEY.findall(page.answer.text)[0]
    return found


def works(tenant: CheckedTenant, key: str) -> bool:
    url = f"{tenant.service.url}/api/v1/integrations/list"
    return requests.get(url, headers={"Authorization": f"Bearer {key}"}, timeout=30).status_code == 200


def id_of(tenant: CheckedTenant, user: str) -> str:
    found = "select id from api_key where organisation_id = $1 and owner = $2"
    return ids.to_hex(tenant.operator.fetch(found, tenant.organisation.id, user)[0]["id"])


def revocation_of(tenant: CheckedTenant, user: str) -> str:
    return f"{PATH}/{id_of(tenant, user)}/revoke"


def test_keys_are_listed_with_what_they_may_do(admin: Visitor, tenant: CheckedTenant) -> None:
    tenant.another_key(Capability.VIEW, user="<script>alert(1)</script>")
    page = admin.get(PATH)
    assert page.status == 200
    assert "&lt;script&gt;alert(1)" in page.answer.text
    assert "<script>alert" not in page.answer.text
    assert "See integrations, Manage integrations, Read credentials, Manage the organisation" in page.text
    assert "does not expire" in page.text
    assert id_of(tenant, "alice") in page.text
    assert not KEY.search(page.answer.text)


def test_a_key_is_made_and_shown_once(admin: Visitor, tenant: CheckedTenant) -> None:
    end = f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%d}"
    page = make(admin, user=" nightly ", expires=end)
    key = secret_of(page)
    assert page.answer.headers["cache-control"] == "no-store"
    assert list(page.all("button", **{"data-copy": "secret"}))
    assert works(tenant, key)
    # nowhere again: neither on a page nor in the audit nor in the log
    for path in (PATH, NEW, revocation_of(tenant, "nightly"), "/console/audit"):
        assert key not in admin.get(path).answer.text
    assert key not in tenant.service.read_log()
    assert "Expires soon" in admin.get(PATH).text
    row = tenant.operator.fetch(
        "select * from api_key where organisation_id = $1 and owner = 'nightly'", tenant.organisation.id
    )[0]
    assert row["capabilities"] == [Capability.VIEW]
    assert f"{row['expires_at'].astimezone(UTC):%Y-%m-%d %H:%M}" == f"{end} 23:59"
    assert tenant.audit()[-1]["action"] == "key.created"


@pytest.mark.parametrize(
    ("values", "flaw"),
    [
        ({"user": " "}, "A name has 1 to 255 characters"),
        ({"user": "x" * 256}, "A name has 1 to 255 characters"),
        ({"user": "a\0b"}, "A name has 1 to 255 characters"),
        ({"capability": []}, "Choose at least one thing"),
        ({"capability": ["nonsense", "\0"]}, "Choose at least one thing"),
        ({"capability": ["operate"]}, "Choose at least one thing"),
        ({"expires": "tomorrow"}, "This is no date"),
        ({"expires": "2026-02-30"}, "This is no date"),
        ({"expires": "\0"}, "This is no date"),
        ({"expires": "2025-01-01"}, "This day is over"),
    ],
)
def test_what_is_filled_in_wrongly_is_told_beside_it(
    admin: Visitor, tenant: CheckedTenant, values: dict[str, str | list[str]], flaw: str
) -> None:
    page = make(admin, **values)
    assert page.status == 422
    assert flaw in page.text
    assert list(page.all("div", role="alert"))
    assert not KEY.search(page.answer.text)
    assert len(tenant.operator.fetch("select 1 from api_key where organisation_id = $1", tenant.organisation.id)) == 1


def test_a_key_can_last_as_long_as_there_are_dates(admin: Visitor, tenant: CheckedTenant) -> None:
    assert works(tenant, secret_of(make(admin, expires="9999-12-31")))
    assert "31 Dec 9999" in admin.get(PATH).text


def test_nobody_makes_a_key_that_can_do_more_than_they(tenant: CheckedTenant) -> None:
    link = make_link(tenant.operator, tenant.organisation.handle, "olga", Capability.MANAGE_ORGANISATION)
    admin = Visitor(tenant.service)
    admin.sign_in_with_link(link)
    page = admin.get(NEW)
    assert [one["value"] for one in page.all("input", type="checkbox")] == [Capability.MANAGE_ORGANISATION]
    refused = make(admin, capability=[Capability.MANAGE_ORGANISATION, Capability.REVEAL_CREDENTIALS])
    assert refused.status == 403
    assert "credentials-reveal" in refused.text


def test_a_revoked_key_is_refused_everywhere(admin: Visitor, tenant: CheckedTenant) -> None:
    key = secret_of(make(admin))
    path = revocation_of(tenant, "nightly")
    assert [one["href"] for one in admin.get(PATH).all("a") if one["href"] == path] == [path]
    page = admin.get(path)
    assert "refused everywhere at once" in page.text
    assert "You are signed in with this key" not in page.text
    wrong = admin.send(page, path, {"confirm": "nightl"})
    assert wrong.status == 422
    assert "not the name" in wrong.text
    assert works(tenant, key)
    done = admin.send(page, path, {"confirm": "nightly"})
    assert done.location == f"{PATH}?done=key-revoked"
    until(lambda: works(tenant, key), lambda answer: not answer)
    told = admin.get(done.location)
    assert "The key is revoked" in told.text
    assert "Revoked" in told.text
    # there is nothing more to do to it
    assert admin.get(path).location == PATH
    assert admin.send(page, path, {"confirm": "nightly"}).status == 404
    assert tenant.audit()[-1]["action"] == "key.revoked"


def test_who_revokes_their_own_key_is_warned_and_signed_out(tenant: CheckedTenant) -> None:
    admin = Visitor(tenant.service).signed_in(tenant.key)
    assert "You are signed in with it" in admin.get(PATH).text
    path = revocation_of(tenant, tenant.user)
    page = admin.get(path)
    assert "You are signed in with this key" in page.text
    assert admin.send(page, path, {"confirm": tenant.user}).location == "/console/sign-in"
    assert admin.get(PATH).location.startswith("/console/sign-in")


def test_keys_have_pages(admin: Visitor, tenant: CheckedTenant) -> None:
    tenant.operator.fetch(
        "insert into api_key (organisation_id, owner, capabilities, digest) "
        "select $1, 'bulk-' || n, '{hubs-integrations-view}', sha256(('x' || $1::bigint || n)::bytea) "
        "from generate_series(1, 60) n",
        tenant.organisation.id,
    )
    first = admin.get(PATH)
    assert "bulk-60" in first.text
    assert "bulk-10 " not in first.text
    [following] = [one["href"] for one in first.all("a", rel="next")]
    second = admin.get(following)
    assert "bulk-10 " in second.text
    assert "alice" in second.text
    assert not list(second.all("a", rel="next"))
    assert len(first.answer.text) < 100_000


def test_keys_of_others_are_not_there(admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant) -> None:
    stranger.another_key(Capability.VIEW, user="somebody-else")
    assert "somebody-else" not in admin.get(PATH).text
    other = id_of(stranger, "somebody-else")
    token = admin.get(NEW).form(NEW).fields[0][1]
    assert admin.get(NEW).form(NEW).fields[0][0] == FORM_TOKEN
    for reference in (
        other,
        "nonsense",
        "%00",
        ids.to_hex(ids.MAXIMUM),
        "0" * 24,
        ids.to_hex(1),
        id_of(tenant, "alice")[:-1],
    ):
        path = f"{PATH}/{reference}/revoke"
        assert admin.get(path).status == 404, reference
        sent = admin.call("POST", path, data={FORM_TOKEN: token, "confirm": "somebody-else"})
        assert sent.status == 404, reference
    found = tenant.operator.fetch(
        "select revoked_at from api_key where owner = 'somebody-else' and organisation_id = $1",
        stranger.organisation.id,
    )
    assert [row["revoked_at"] for row in found] == [None]


def test_who_may_not_is_refused(tenant: CheckedTenant) -> None:
    path = revocation_of(tenant, tenant.user)
    viewer = Visitor(tenant.service).signed_in(tenant.another_key(Capability.VIEW, Capability.MANAGE, user="bob").key)
    token = viewer.get("/console/jobs").form("/console/sign-out").fields[0][1]
    for page in (PATH, NEW, path):
        assert viewer.get(page).status == 403, page
    for page, values in ((NEW, {"user": "x", "capability": Capability.VIEW.value}), (path, {"confirm": tenant.user})):
        assert viewer.call("POST", page, data={FORM_TOKEN: token, **values}).status == 403, page
    assert works(tenant, tenant.key)


def test_a_form_that_was_not_given_out_does_nothing(admin: Visitor, tenant: CheckedTenant) -> None:
    path = revocation_of(tenant, tenant.user)
    for token in ({}, {FORM_TOKEN: ""}, {FORM_TOKEN: "0" * 64}):
        made = admin.call("POST", NEW, data={**token, "user": "x", "capability": Capability.VIEW.value})
        assert made.status == 403
        assert admin.call("POST", path, data={**token, "confirm": tenant.user}).status == 403
    assert works(tenant, tenant.key)
    assert len(tenant.operator.fetch("select 1 from api_key where organisation_id = $1", tenant.organisation.id)) == 1
