"""The organisation's settings in the console: its names, where connect links may lead back to, and who is signed in."""

import pytest

from jackfield.domain import ids
from jackfield.domain.principal import Capability
from support.checked_tenant import CheckedTenant
from support.visitor import FORM_TOKEN, SESSION, Page, Visitor, make_link

PATH = "/console/settings"


@pytest.fixture
def admin(tenant: CheckedTenant) -> Visitor:
    return Visitor(tenant.service).signed_in(tenant.key)


def save(admin: Visitor, *urls: str) -> Page:
    page = admin.get(PATH)
    # the first is that of the page; what undoes it comes before, where there is any
    return admin.call("POST", PATH, data=page.form(PATH).filled({"return_urls": "\r\n".join(urls)}))


def stored(tenant: CheckedTenant) -> list[str]:
    found = tenant.operator.fetch("select return_urls from organisation where id = $1", tenant.organisation.id)
    urls: list[str] = found[0]["return_urls"]
    return urls


def ends(page: Page) -> list[str]:
    """The addresses of what ends sessions."""
    return [form.action for form in page.forms if form.action.startswith(f"{PATH}/sessions/")]


def test_the_organisation_is_shown_in_every_spelling(admin: Visitor, tenant: CheckedTenant) -> None:
    page = admin.get(PATH)
    number = tenant.organisation.id
    for text in (
        tenant.organisation.name,
        tenant.organisation.handle,
        ids.to_decimal(number),
        ids.to_hex(number),
        ids.to_uuid(number),
    ):
        assert text in page.text
    copied = {one["data-copy"] for one in page.all("button") if "data-copy" in one}
    assert copied == {"handle", "id-hex", "id-decimal", "id-uuid"}
    assert copied <= {one["id"] for one in page.all("code") if "id" in one}


def test_return_urls_are_saved_and_taken_back(admin: Visitor, tenant: CheckedTenant) -> None:
    page = save(admin, " https://app.example.com/a ", "", "https://app.example.com/b", "https://app.example.com/a")
    assert page.status == 200
    assert "Saved" in page.text
    assert stored(tenant) == ["https://app.example.com/a", "https://app.example.com/b"]
    assert save(admin, "https://other.example.com").status == 200
    page = save(admin, "https://third.example.com/")
    undo, form = (one for one in page.forms if one.action == PATH)
    assert dict(form.fields)["return_urls"] == "https://third.example.com/"
    undone = admin.call("POST", PATH, data=undo.fields)
    assert stored(tenant) == ["https://other.example.com"]
    assert "Saved" in undone.text
    assert tenant.audit()[-1]["action"] == "organisation.updated"


def test_what_changed_nothing_cannot_be_undone(admin: Visitor) -> None:
    save(admin, "https://app.example.com/a")
    page = save(admin, "https://app.example.com/a")
    assert "Saved" in page.text
    assert sum(1 for one in page.forms if one.action == PATH) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://app.example.com/",
        "javascript:alert(1)",
        "https://user:password@app.example.com/",
        "https://app.example.com/?x=1",
        "https://app.example.com/../x",
        "https://app.example.com/\0",
        "<script>alert(1)</script>",
        "https://" + "x" * 10_000,
    ],
    ids=["http", "script", "credentials", "query", "steps", "nul", "markup", "overlong"],
)
def test_wrong_return_urls_are_told_beside_the_field(admin: Visitor, tenant: CheckedTenant, url: str) -> None:
    save(admin, "https://app.example.com/a")
    page = save(admin, "https://app.example.com/a", url)
    assert page.status == 422
    assert page.control("return_urls")["aria-invalid"] == "true"
    assert list(page.all("div", role="alert"))
    assert "<script>alert" not in page.answer.text
    # what was filled in is still there
    assert "https://app.example.com/a" in dict(page.form(PATH).fields)["return_urls"]
    assert stored(tenant) == ["https://app.example.com/a"]


def test_there_cannot_be_too_many(admin: Visitor, tenant: CheckedTenant) -> None:
    page = save(admin, *(f"https://app.example.com/{number}" for number in range(51)))
    assert page.status == 422
    assert "at most 50" in page.text
    assert stored(tenant) == []


def test_sessions_are_shown_and_ended(admin: Visitor, tenant: CheckedTenant) -> None:
    other = Visitor(tenant.service)
    other.sign_in_with_link(make_link(tenant.operator, tenant.organisation.handle, "<b>olga</b>"))
    assert other.get(PATH).status == 200
    page = admin.get(PATH)
    assert "&lt;b&gt;olga&lt;/b&gt;" in page.answer.text
    assert "<b>olga" not in page.answer.text
    assert "Signed in by a link" in page.text
    assert "Signed in with a key" in page.text
    assert "This is you, here" in page.text
    [end] = ends(page)
    done = admin.send(page, end)
    assert done.location == f"{PATH}?done=session-ended"
    assert "The session is ended" in admin.get(done.location).text
    assert other.get(PATH).location.startswith("/console/sign-in")
    assert ends(admin.get(PATH)) == []
    assert admin.send(page, end).status == 404


def test_who_ends_their_own_session_is_signed_out(tenant: CheckedTenant, admin: Visitor) -> None:
    # another session of the same user sees the first
    [end] = ends(Visitor(tenant.service).signed_in(tenant.key).get(PATH))
    token = admin.get(PATH).form(PATH).fields[0][1]
    assert admin.call("POST", end, data={FORM_TOKEN: token}).location == "/console/sign-in"
    assert not admin.cookie(SESSION)


def test_sessions_of_others_are_not_there(admin: Visitor, stranger: CheckedTenant) -> None:
    other = Visitor(stranger.service).signed_in(stranger.key)
    Visitor(stranger.service).signed_in(stranger.key)
    [end] = ends(other.get(PATH))
    assert ends(admin.get(PATH)) == []
    token = admin.get(PATH).form(PATH).fields[0][1]
    paths = [end, *(f"{PATH}/sessions/{one}/end" for one in ("nonsense", "%00", "0" * 24, ids.to_hex(ids.MAXIMUM)))]
    for path in paths:
        assert admin.call("POST", path, data={FORM_TOKEN: token}).status == 404, path
    assert ends(other.get(PATH)) == [end]


def test_who_may_not_is_refused(tenant: CheckedTenant, admin: Visitor) -> None:
    assert admin.get(PATH).status == 200
    viewer = Visitor(tenant.service).signed_in(tenant.another_key(Capability.VIEW, Capability.MANAGE).key)
    [end, _] = [*ends(admin.get(PATH)), ""]
    token = viewer.get("/console/jobs").form("/console/sign-out").fields[0][1]
    assert viewer.get(PATH).status == 403
    assert viewer.call("POST", PATH, data={FORM_TOKEN: token, "return_urls": "https://evil.example"}).status == 403
    assert viewer.call("POST", end, data={FORM_TOKEN: token}).status == 403
    assert stored(tenant) == []
    assert viewer.get("/console/jobs").status == 200


def test_a_form_that_was_not_given_out_does_nothing(admin: Visitor, tenant: CheckedTenant) -> None:
    other = Visitor(tenant.service).signed_in(tenant.key)
    [end] = ends(admin.get(PATH))
    for token in ({}, {FORM_TOKEN: "0" * 64}):
        assert admin.call("POST", PATH, data={**token, "return_urls": "https://evil.example"}).status == 403
        assert admin.call("POST", end, data=token).status == 403
    assert stored(tenant) == []
    assert other.get(PATH).status == 200
