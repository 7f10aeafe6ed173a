"""Registering, listing and changing apps over HTTP, and who may install them."""

import base64
import re
from datetime import timedelta
from typing import Any

import pytest

from jackfield.domain import ids
from jackfield.domain.app import AppArchived, AppNotFound
from jackfield.domain.installation import InvalidConfiguration
from jackfield.domain.principal import Capability
from support.checked_tenant import CheckedTenant
from support.partner import APPS, FORM, Partner

FIELDS = {
    "id",
    "status",
    "created",
    "updated",
    "identifier_field_path",
    "author",
    "call_to_action",
    "configuration_fields",
    "contact",
    "description",
    "error_codes",
    "icon_url",
    "name",
    "oauth_callback_url",
    "scopes",
    "tags",
    "uninstallation_url",
}
WHOLE = {
    "identifier_field_path": "account_name",
    "author": "A" * 160,
    "call_to_action": "Install <b>me</b>",
    "configuration_fields": FORM,
    "contact": "help@partner.example.com",
    "description": "<script>alert(1)</script>",
    "error_codes": {"denied": "<img src=x onerror=alert(1)>", "": "empty"},
    "icon_url": "https://partner.example.com/icon.png?size=64",
    "name": '"><script>alert(1)</script>',
    "oauth_callback_url": "https://partner.example.com/callback?state=1",
    "scopes": ["events:read"],
    "tags": ["knowledge", "issue-tracking"],
    "uninstallation_url": "http://127.0.0.1:9000/uninstall",
}


def refused(tenant: CheckedTenant, **fields: Any) -> list[str]:
    """Where a registration is wrong."""
    answer = tenant.call("POST", APPS, json={"identifier_field_path": "a", **fields})
    assert answer.status_code == 400, answer.text
    assert {error["type"] for error in answer.json()["errors"]} == {"validation_error"}
    return [error["details"] for error in answer.json()["errors"]]


def test_an_app_needs_a_path_and_no_more(tenant: CheckedTenant) -> None:
    app = tenant.call("POST", APPS, json={"identifier_field_path": "account.name"}).json()
    assert set(app) == FIELDS | {"client_secret"}
    assert re.fullmatch("[0-9a-f]{64}", app["client_secret"])
    assert app["status"] == "development"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", app["created"])
    assert ids.parse_hex(app["id"])
    given = {"id", "status", "created", "updated", "identifier_field_path"}
    assert all(app[name] is None for name in FIELDS - given)


def test_what_is_sent_is_echoed_and_the_secret_shown_once(tenant: CheckedTenant) -> None:
    app = tenant.call("POST", APPS, json={**WHOLE, "unknown": 1}).json()
    assert {name: app[name] for name in WHOLE} == WHOLE
    secret = app.pop("client_secret")
    listed = tenant.call("GET", APPS)
    assert listed.json() == {"data": [app], "meta": {"next_page_url": None}}
    assert secret not in listed.text
    assert [entry["action"] for entry in tenant.audit()] == ["definition.created"]


def test_every_violation_is_listed(tenant: CheckedTenant) -> None:
    answer = tenant.call(
        "POST",
        APPS,
        json={
            "identifier_field_path": None,
            "name": "",
            "author": "A" * 161,
            "call_to_action": "",
            "contact": "nobody",
            "description": 7,
            "error_codes": {"a": 1},
            "oauth_callback_url": "javascript:alert(1)",
            "uninstallation_url": "https://user:secret@partner.example.com/",
            "scopes": ["fine", "not fine", 3],
            "tags": ["knowledge", "nonsense"],
            "configuration_fields": {"type": "object", "properties": {"a": {"type": "nonsense"}}},
        },
    )
    assert answer.status_code == 400
    errors = answer.json()["errors"]
    assert {error["details"].partition(".")[2].partition("[")[0].partition(".")[0] for error in errors} == {
        *("identifier_field_path", "name", "author", "call_to_action", "contact", "description", "error_codes"),
        *("oauth_callback_url", "uninstallation_url", "scopes", "tags", "configuration_fields"),
    }
    details = [error["details"] for error in errors]
    assert len(details) == len(set(details))
    assert {"body $.name", "body $.scopes[2]", "body $.tags[1]", "body $.error_codes.a"} <= set(details)
    assert "body $.configuration_fields.properties.a.type" in details
    assert "secret" not in answer.text


def test_what_is_no_object_is_told_so(tenant: CheckedTenant) -> None:
    for body in ([], "x", 7, None):
        answer = tenant.call("POST", APPS, json=body, data=b"null" if body is None else None)
        assert (answer.status_code, answer.json()["errors"][0]["details"]) == (400, "body $")
    for body in (b"", b"{", b'{"identifier_field_path": "\\u0000"}', b"\xff", b"[" * 100_000):
        assert tenant.call("POST", APPS, data=body).status_code == 400
    assert tenant.call("POST", APPS, data=b"x" * 1_100_000).status_code == 413


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "https://user@partner.example.com/",
        "https://user:password@partner.example.com/",
        "https://partner.example.com/#fragment",
        "https://partner.example.com/#",
        "http://partner.example.com/",
        "http://127.0.0.1.example.com/",
        "//partner.example.com/",
        "/callback",
        "ftp://partner.example.com/",
        "https://",
        "https:///path",
        "https://partner.example.com:99999/",
        "https://partner.example.com:x/",
        "https://[::1/",
        "https://partner.example.com/a b",
        "https://partner.example.com\\@evil.example/",
        "https://partner.example.com/\n",
        "data:text/html,x",
        "",
        "https://x/" + "a" * 2048,
    ],
)
@pytest.mark.parametrize("name", ["oauth_callback_url", "uninstallation_url", "icon_url"])
def test_an_address_that_nobody_should_be_sent_to_is_refused(tenant: CheckedTenant, name: str, url: str) -> None:
    assert refused(tenant, **{name: url}) == [f"body $.{name}"]


@pytest.mark.parametrize(
    "schema",
    [
        [],
        True,
        "object",
        {"type": "string"},
        {"properties": {"a": {"$ref": "https://example.com/schema.json"}}},
        {"properties": {"a": {"$ref": "file:///etc/passwd"}}},
        {"properties": {"a": {"$ref": "other.json#/x"}}},
        {"properties": {"a": {"$ref": "#/$defs/missing"}}},
        {"$ref": "#"},
        {"properties": {"a": {"$ref": "#"}}},
        {"properties": {"a": {"pattern": "("}}},
        {"properties": {"a": {"pattern": "(?=a)"}}},
        {"properties": {"a": {"pattern": "((a{1000}){1000}){1000}"}}},
        {"properties": [], "type": "object"},
        {"description": "x" * (64 * 1024)},
        {"$schema": "https://example.com/meta"},
    ],
)
def test_a_form_that_cannot_be_is_refused(tenant: CheckedTenant, schema: Any) -> None:
    assert all(
        place.startswith("body $.configuration_fields") for place in refused(tenant, configuration_fields=schema)
    )


@pytest.mark.parametrize("path", ["[" * 1024, "[" * 10_000, "", "a.", "foo(", "`", "a" * 1025, "((a", "!" * 1024])
def test_a_path_that_cannot_be_is_refused(tenant: CheckedTenant, path: str) -> None:
    answer = tenant.call("POST", APPS, json={"identifier_field_path": path})
    assert answer.status_code == 400
    assert [error["details"] for error in answer.json()["errors"]] == ["body $.identifier_field_path"]


# Changing


def test_a_change_leaves_what_was_not_sent_and_what_a_typed_client_sends_as_null(tenant: CheckedTenant) -> None:
    app = tenant.call("POST", APPS, json=WHOLE).json()
    secret = app.pop("client_secret")
    changed = tenant.call("PATCH", f"{APPS}/{app['id']}", json={**dict.fromkeys(WHOLE), "name": "New"})
    assert changed.status_code == 200
    assert {**changed.json(), "updated": app["updated"]} == {**app, "name": "New"}
    assert secret not in changed.text
    for nothing in ({}, dict.fromkeys(WHOLE)):
        assert tenant.call("PATCH", f"{APPS}/{app['id']}", json=nothing).json()["name"] == "New"
    assert [entry["action"] for entry in tenant.audit()] == ["definition.created", "definition.updated"]


CLEARABLE = [name for name in WHOLE if name != "identifier_field_path"]


@pytest.mark.parametrize("query", ["?clear=" + ",".join(CLEARABLE), "?clear=" + "&clear=".join(CLEARABLE)])
def test_a_change_takes_away_what_it_names(tenant: CheckedTenant, query: str) -> None:
    app = tenant.call("POST", APPS, json=WHOLE).json()
    changed = tenant.call("PATCH", f"{APPS}/{app['id']}{query}", json={})
    assert changed.status_code == 200
    assert {name: changed.json()[name] for name in CLEARABLE} == dict.fromkeys(CLEARABLE)
    assert changed.json()["identifier_field_path"] == WHOLE["identifier_field_path"]


@pytest.mark.parametrize(
    ("query", "body", "where"),
    [
        ("clear=identifier_field_path", {}, "query $.clear[0]"),
        ("clear=nothing", {}, "query $.clear[0]"),
        ("clear=name,id", {}, "query $.clear[1]"),
        ("clear=contact,name", {"name": "Both"}, "body $.name"),
    ],
)
def test_what_cannot_be_taken_away_is_told_and_nothing_changes(
    tenant: CheckedTenant, query: str, body: dict[str, Any], where: str
) -> None:
    app = tenant.call("POST", APPS, json=WHOLE).json()
    answer = tenant.call("PATCH", f"{APPS}/{app['id']}?{query}", json=body)
    assert answer.status_code == 400
    assert [error["details"] for error in answer.json()["errors"]] == [where]
    after = tenant.call("GET", APPS).json()["data"][0]
    assert (after["name"], after["contact"]) == (WHOLE["name"], WHOLE["contact"])


# A new client secret


def replace_secret(tenant: CheckedTenant, partner: Partner, query: str = "") -> Any:
    answer = tenant.call("POST", f"{APPS}/{partner.id}/client-secret{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


def test_a_replaced_client_secret_works_at_once_and_the_old_one_for_a_day_more(
    tenant: CheckedTenant, stranger: CheckedTenant
) -> None:
    partner = Partner.register(stranger)
    installed = partner.installed_by(tenant)
    old, tokens = partner.credentials, installed.tokens()
    replaced = replace_secret(stranger, partner)
    new = (partner.id, replaced["client_secret"])
    assert re.fullmatch("[a-f0-9]{64}", replaced["client_secret"])
    assert replaced["id"] == partner.id
    assert new != old
    for credentials in (old, new):
        assert partner.exchange(installed.code(), credentials).status_code == 200
    assert partner.opens(tokens["access_token"])
    left = stranger.operator.fetch(
        "select previous_secret_expires_at - now() from definition where id = $1", ids.parse_hex(partner.id)
    )
    assert timedelta(hours=23) < left[0][0] <= timedelta(hours=24)
    stranger.operator.fetch(
        "update definition set previous_secret_expires_at = now() where id = $1", ids.parse_hex(partner.id)
    )
    assert partner.exchange(installed.code(), old).status_code == 401
    assert partner.exchange(installed.code(), new).status_code == 200
    [entry] = [one for one in stranger.audit() if one["action"] == "definition.client-secret-replaced"]
    assert entry["fields"] == ["client_secret"]


def test_a_secret_that_leaked_ends_at_once_and_two_are_good_at_most(
    tenant: CheckedTenant, stranger: CheckedTenant
) -> None:
    partner = Partner.register(stranger)
    installed = partner.installed_by(tenant)
    newer = [replace_secret(stranger, partner, query)["client_secret"] for query in ("", "?grace_seconds=604800")]
    secrets = [partner.credentials[1], *newer]
    good = [partner.exchange(installed.code(), (partner.id, secret)).status_code for secret in secrets]
    assert good == [401, 200, 200]
    replaced = replace_secret(stranger, partner, "?grace_seconds=0")
    assert replaced["previous_secret_expires"] is None
    secrets.append(replaced["client_secret"])
    good = [partner.exchange(installed.code(), (partner.id, secret)).status_code for secret in secrets]
    assert good == [401, 401, 401, 200]


def test_only_who_manages_the_apps_organisation_replaces_its_secret(
    tenant: CheckedTenant, stranger: CheckedTenant
) -> None:
    partner = Partner.register(stranger)
    path = f"{APPS}/{partner.id}/client-secret"
    assert tenant.call("POST", path).status_code == 404
    assert stranger.view_only().call("POST", path).status_code == 403
    assert stranger.call("POST", f"{APPS}/nonsense/client-secret").status_code == 404
    for seconds in ("-1", "604801", "x", "1.5", ""):
        answer = stranger.call("POST", f"{path}?grace_seconds={seconds}")
        assert answer.json()["errors"][0]["details"] == "query $.grace_seconds", seconds
    # whatever has been decided of it
    for decision in ("archive", "approve"):
        partner.decide(decision)
        assert stranger.call("POST", path).status_code == 200


def test_the_path_and_the_form_have_to_fit_whichever_is_changed(tenant: CheckedTenant) -> None:
    app = tenant.call("POST", APPS, json=WHOLE).json()
    for body in (
        {"identifier_field_path": "limit"},
        {"identifier_field_path": "missing"},
        {"configuration_fields": {"properties": {"other": {"type": "string"}}}},
        {"name": "", "identifier_field_path": "("},
    ):
        answer = tenant.call("PATCH", f"{APPS}/{app['id']}", json=body)
        assert answer.status_code == 400
        assert "body $.identifier_field_path" in {error["details"] for error in answer.json()["errors"]}
    both = {"identifier_field_path": "other", "configuration_fields": {"properties": {"other": {"type": "string"}}}}
    assert tenant.call("PATCH", f"{APPS}/{app['id']}", json=both).status_code == 200


def test_only_the_owner_changes_and_only_in_development(tenant: CheckedTenant, stranger: CheckedTenant) -> None:
    partner = Partner.register(tenant, approved=False)
    path = f"{APPS}/{partner.id}"
    assert stranger.call("PATCH", path, json={"name": "Mine"}).status_code == 404
    assert tenant.call("PATCH", f"{APPS}/{'0' * 24}", json={"name": "x"}).status_code == 404
    assert tenant.call("PATCH", f"{APPS}/nonsense", json={"name": "x"}).status_code == 404
    assert tenant.call("PATCH", path, json={"name": "Other"}).status_code == 200
    for decision in ("approve", "archive"):
        partner.decide(decision)
        answer = tenant.call("PATCH", path, json={"name": "Third"})
        assert (answer.status_code, answer.json()["errors"][0]["type"]) == (403, "permission_error")


def test_capabilities_are_asked_for_before_the_body_is_looked_at(tenant: CheckedTenant) -> None:
    reader = tenant.view_only()
    assert reader.call("POST", APPS, json={}).status_code == 403
    assert reader.call("GET", APPS).status_code == 200
    blind = tenant.another_key(Capability.MANAGE)
    assert blind.call("GET", APPS).status_code == 403


# Pages


def test_pages_lead_from_the_newest_to_the_oldest(tenant: CheckedTenant, stranger: CheckedTenant) -> None:
    Partner.register(stranger)
    made = [Partner.register(tenant, approved=False).id for _ in range(5)]
    url: str | None = f"{APPS}?limit=2"
    seen, pages = [], 0
    while url is not None:
        answer = tenant.call("GET", url)
        assert answer.status_code == 200
        seen += [app["id"] for app in answer.json()["data"]]
        following = answer.json()["meta"]["next_page_url"]
        assert following is None or following.startswith(tenant.service.url)
        url = following and following.removeprefix(tenant.service.url)
        pages += 1
    assert (seen, pages) == (made[::-1], 3)


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("limit=1.5", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=", "cursor"),
        ("cursor=" + base64.urlsafe_b64encode(b"\xff" * 8).decode(), "cursor"),
        ("cursor=%00", "cursor"),
        ("cursor=é", "cursor"),
    ],
)
def test_a_page_that_there_cannot_be_is_refused(tenant: CheckedTenant, query: str, where: str) -> None:
    answer = tenant.call("GET", f"{APPS}?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["details"] == f"query $.{where}"


# Installing


def test_who_may_install_depends_on_the_status(tenant: CheckedTenant, stranger: CheckedTenant) -> None:
    partner = Partner.register(stranger, approved=False)
    assert partner.installed_by(stranger)
    with pytest.raises(AppNotFound):
        partner.installed_by(tenant)
    partner.decide("approve")
    installed = partner.installed_by(tenant)
    tokens = installed.tokens()
    partner.decide("archive")
    for organisation in (tenant, stranger):
        with pytest.raises(AppArchived):
            partner.installed_by(organisation)
    # what is installed goes on
    assert partner.opens(tokens["access_token"])
    assert installed.tokens()


def test_an_approved_app_is_in_every_hubs_catalogue_by_its_id(tenant: CheckedTenant, stranger: CheckedTenant) -> None:
    partner = Partner.register(stranger, approved=False, name="<b>Seen</b>")

    def vendors() -> dict[str, str]:
        return {app["vendor"]: app["name"] for app in tenant.hubs("GET", "/available").json()["data"]["apps"]}

    assert partner.id not in vendors()
    partner.decide("approve")
    assert vendors()[partner.id] == "<b>Seen</b>"
    assert tenant.hubs("POST", "", json={"vendor": partner.id}).status_code == 422
    partner.decide("archive")
    assert partner.id not in vendors()


def test_the_form_refuses_what_it_does_not_take_and_repeats_no_value(
    tenant: CheckedTenant, stranger: CheckedTenant
) -> None:
    partner = Partner.register(stranger)
    with pytest.raises(InvalidConfiguration) as refusal:
        partner.installed_by(tenant, {"limit": 11, "api_key": 7_777_777})
    flaws = {flaw.path for flaw in refusal.value.flaws}
    assert flaws == {("account_name",), ("limit",), ("api_key",)}
    assert "7777777" not in str(refusal.value)


@pytest.mark.parametrize(
    ("path", "name"),
    [("account_name", "Acme"), ("missing || account_name", "Acme"), ("'fixed'", None), ("nested.name", None)],
)
def test_the_path_names_the_installation_or_the_app_does(
    tenant: CheckedTenant, stranger: CheckedTenant, path: str, name: str | None
) -> None:
    partner = Partner.register(stranger, identifier_field_path=path, configuration_fields=None)
    installed = partner.installed_by(tenant)
    assert tenant.hub_read(installed.id)["name"] == name or partner.app["name"]
