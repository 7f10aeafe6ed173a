"""Hubs: creating, reading and changing one integration, and how everything is refused."""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from jackfield.domain import ids
from jackfield.domain.definition import AuthoredDefinition, definition_of_authored
from jackfield.web.dialects.hubs.translate import show_definition
from support.checked_tenant import CheckedTenant
from support.operator import Operator
from support.service import free_port, start_service
from support.tenant import HUBS
from support.vendor_server import VendorServer, taken

NO_TIME = "0001-01-01T00:00:00Z"
AUTH = ["region", "namespace", "api_key", "key_id", "secret", "subscription_id", "client_id", "base64_config"]
TOKEN = "ghp_0123456789abcdef"
MASK = "ghp_0..."


def error(answer: requests.Response) -> Any:
    """The error of an answer that is one, which has exactly the contract's members."""
    body = answer.json()
    assert list(body) == ["error", "data"]
    assert body["data"] is None
    told = body["error"]
    assert set(told) - {"detail", "source"} == {"status", "code", "title", "extra"}
    assert told["status"] == answer.status_code
    assert all(isinstance(value, str) for value in told["extra"].values())
    assert all(told[name] for name in set(told) - {"extra"})
    return told


def refusal(answer: requests.Response) -> tuple[str, str | None]:
    """Code and source of the error."""
    told = error(answer)
    return told["code"], told.get("source")


def create(tenant: CheckedTenant, **body: Any) -> requests.Response:
    return tenant.hubs("POST", "", json={"vendor": "github", "auth": {"api_key": TOKEN}, **body})


def patch(tenant: CheckedTenant, integration_id: str, **body: Any) -> requests.Response:
    return tenant.hubs("PATCH", f"/{integration_id}", json=body)


def patched(tenant: CheckedTenant, integration_id: str, **body: Any) -> Any:
    answer = patch(tenant, integration_id, **body)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


@pytest.fixture
def made(tenant: CheckedTenant) -> str:
    integration_id: str = tenant.hub_integration(token=TOKEN, extra={"repository": "acme/app"})["id"]
    return integration_id


# --- create and get ---


def test_creation_answers_201_with_the_whole_integration(tenant: CheckedTenant) -> None:
    answer = create(tenant, name="My Repo", extra={"repository": "acme/app"})
    assert answer.status_code == 201
    shown = answer.json()["data"]
    assert list(answer.json()) == ["data"]
    assert len(shown["id"]) == 24
    assert shown == {
        "id": shown["id"],
        "name": "My Repo",
        "vendor": "github",
        "identifier": "my-repo",
        "auth": {**dict.fromkeys(AUTH), "api_key": MASK},
        "extra": {"repository": "acme/app"},
        "creator": {"id": shown["creator"]["id"], "type": "api-key"},
        "hub_id": ids.to_hex(tenant.organisation.id),
        "state": {"current": "new", "changed": shown["events"]["created"]},
        "health": {
            "status": "unknown",
            "reason": None,
            "since": shown["events"]["created"],
            "next_check": None,
            "expires": None,
        },
        "account": None,
        "events": {
            "created": shown["events"]["created"],
            "updated": shown["events"]["created"],
            "deleted": NO_TIME,
        },
        "enabled": True,
        "item_type": "none",
    }
    assert tenant.hub_read(shown["id"]) == shown


@pytest.mark.parametrize("named", [{}, {"name": None}])
def test_without_a_name_it_has_the_vendors(tenant: CheckedTenant, named: dict[str, Any]) -> None:
    shown = create(tenant, **named).json()["data"]
    assert (shown["name"], shown["identifier"]) == ("GitHub", "github")


def test_a_name_without_letters_leaves_the_vendor_as_identifier(tenant: CheckedTenant) -> None:
    assert create(tenant, name="株式会社").json()["data"]["identifier"] == "github"


def test_identifiers_need_not_be_unique(tenant: CheckedTenant) -> None:
    made = [create(tenant, identifier="Same one!") for _ in range(2)]
    assert [one.json()["data"]["identifier"] for one in made] == ["Same one!"] * 2


@pytest.mark.parametrize(
    ("secret", "shown"), [("x" * 13, "xxxxx..."), ("x" * 12, "..."), ("x", "..."), ("abcdefghijklm", "abcde...")]
)
def test_a_secret_is_shown_as_its_mask(tenant: CheckedTenant, secret: str, shown: str) -> None:
    assert create(tenant, auth={"api_key": secret}).json()["data"]["auth"]["api_key"] == shown


def test_unknown_fields_outside_auth_are_ignored(tenant: CheckedTenant) -> None:
    assert create(tenant, nonsense=1, extra={"own": "kept"}).json()["data"]["extra"] == {"own": "kept"}


def test_a_verifiable_one_is_pending_in_the_other_contracts(tenant: CheckedTenant, made: str) -> None:
    [shown] = tenant.listed().values()
    assert (shown["status"], shown["active"]) == ("pending", True)


def test_one_that_cannot_be_verified_is_live_at_once(tenant: CheckedTenant) -> None:
    url = "https://prod-01.westeurope.logic.azure.com:443/workflows/abc/triggers"
    shown = tenant.hub_integration("teams", auth={"secret": url})
    assert shown["state"]["current"] == "live"


@pytest.mark.parametrize(
    "spelling", ["meta=definition", "meta=definition&meta=definition", "meta=definition,definition"]
)
def test_the_definition_comes_when_asked_for(tenant: CheckedTenant, made: str, spelling: str) -> None:
    definition = tenant.hubs("GET", f"/{made}?{spelling}").json()["data"]["meta"]["definition"]
    catalogue = tenant.hubs("GET", "/available").json()["data"]["source-control"]
    assert definition == next(one for one in catalogue if one["vendor"] == "github")
    assert "meta" not in tenant.hub_read(made)


def test_an_unknown_meta_is_refused(tenant: CheckedTenant, made: str) -> None:
    assert refusal(tenant.hubs("GET", f"/{made}?meta=nonsense")) == ("422.invalid-argument", "meta")


def test_available_has_every_category_and_only_required_fields_in_required_fields(tenant: CheckedTenant) -> None:
    found = tenant.hubs("GET", "/available").json()["data"]
    assert set(found) == {"error-monitoring", "source-control", "issue-tracking", "knowledge", "chat", "apps"}
    for one in (definition for definitions in found.values() for definition in definitions):
        for group in ("auth", "extra"):
            required = {key: field for key, field in one["fields"][group].items() if field["required"]}
            assert one["required_fields"][group] == required


@pytest.mark.parametrize(
    ("status", "to_its_owner", "to_others"),
    [("development", True, False), ("approved", True, True), ("archived", False, False)],
)
def test_an_authored_app_is_available_to_its_owner_and_once_approved_to_all(
    tenant: CheckedTenant, stranger: CheckedTenant, status: str, to_its_owner: bool, to_others: bool
) -> None:
    insert = "insert into definition (organisation_id, name, status) values ($1, 'An app', $2) returning id"
    vendor = ids.to_hex(tenant.operator.fetch(insert, tenant.organisation.id, status)[0][0])
    for who, is_listed in ((tenant, to_its_owner), (stranger, to_others)):
        apps = who.hubs("GET", "/available").json()["data"]["apps"]
        found = [(one["name"], one["usable"], one["public"]) for one in apps if one["vendor"] == vendor]
        assert found == ([("An app", False, status == "approved")] if is_listed else [])
        assert refusal(create(who, vendor=vendor)) == ("422.invalid-argument", "/vendor")


def test_the_url_of_an_app_is_absolute_or_absent(tenant: CheckedTenant) -> None:
    insert = "insert into definition (organisation_id, name, status) values ($1, 'An app', 'development') returning id"
    vendor = ids.to_hex(tenant.operator.fetch(insert, tenant.organisation.id)[0][0])
    found = tenant.hubs("GET", "/available").json()["data"]
    # the service of these tests does not know at which address it is
    assert ["url" in one for one in found["apps"] if one["vendor"] == vendor] == [False]
    urls = [one["url"] for definitions in found.values() for one in definitions if "url" in one]
    assert urls
    assert all(url.startswith("https://") for url in urls)


def test_an_apps_page_is_named_where_the_service_knows_its_address(tenant: CheckedTenant) -> None:
    authored = AuthoredDefinition(organisation_id=1, id=2, name="An app", description=None, verify_url=None)
    page = "https://connect.example/platform/integrations/1"
    assert show_definition(definition_of_authored(authored, "1", page)).url == page


def test_what_is_required_blocks_no_way_to_connect(tenant: CheckedTenant) -> None:
    found = tenant.hubs("GET", "/available").json()["data"]
    for one in (definition for definitions in found.values() for definition in definitions):
        for group in ("auth", "extra"):
            needed = [set(method[group]) for method in one["auth_methods"]]
            if not needed:
                continue
            by_all, by_any = set.intersection(*needed), set.union(*needed)
            required = set(one["required_fields"][group])
            assert by_all <= required
            assert not (by_any - by_all) & required
    [github] = [one for one in found["source-control"] if one["vendor"] == "github"]
    assert github["required_fields"]["auth"] == {}
    ways = {method["name"]: (method["auth"], method["extra"]) for method in github["auth_methods"]}
    assert ways["app"] == (["client_id", "base64_config"], ["installation_id"])
    assert github["extended_configuration"]["auth_methods"] == github["auth_methods"]


# --- what was likely not meant ---


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("repositry", "Did you mean repository?"),
        ("Repository", "Did you mean repository?"),
        ("installation-id", "Did you mean installation_id?"),
        ("own", "GitHub uses: "),
        ("x" * 10_000, "GitHub uses: "),
        ("a/~b", "GitHub uses: "),
    ],
)
def test_a_setting_that_the_vendor_does_not_have_is_kept_and_warned_of(
    tenant: CheckedTenant, made: str, name: str, said: str
) -> None:
    for answer in (create(tenant, extra={name: "x"}), patch(tenant, made, extra={name: "x"})):
        assert answer.json()["data"]["extra"][name] == "x"
        [warning] = answer.json()["warnings"]
        assert warning["source"] == "/extra/" + name.replace("~", "~0").replace("/", "~1")
        assert said in warning["detail"]


def test_nothing_is_warned_of_that_is_known_or_taken_away(tenant: CheckedTenant, made: str) -> None:
    patched(tenant, made, extra={"own": "1"})
    for body in ({"name": "New"}, {"extra": {"own": None}}, {"extra": {"repository": "acme/web"}}, {"extra": None}):
        assert list(patch(tenant, made, **body).json()) == ["data"]


def test_every_change_is_audited_and_no_look(tenant: CheckedTenant) -> None:
    made = create(tenant).json()["data"]["id"]
    tenant.hubs("GET", "")
    tenant.hub_read(made)
    patched(tenant, made, name="New", auth={"api_key": "another-token-of-mine"})
    patched(tenant, made, auth={"api_key": "anoth..."})
    tenant.verification(made)
    tenant.hubs("DELETE", f"/{made}")
    entries = [(entry["action"], set(entry["fields"])) for entry in tenant.audit()]
    assert [action for action, _ in entries] == [
        "integration.created",
        "integration.updated",
        "integration.verification-asked",
        "integration.deleted",
    ]
    assert {"name", "secrets"} <= entries[1][1]
    assert {entry["subject_ids"][0] for entry in tenant.audit()} == {int(made[8:], 16)}


# --- what creation refuses ---


@pytest.mark.parametrize("vendor", ["nonsense", "GitHub", "0" * 24, "../github"])
def test_an_unknown_vendor_is_refused(tenant: CheckedTenant, vendor: str) -> None:
    assert refusal(create(tenant, vendor=vendor)) == ("422.invalid-argument", "/vendor")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, ("422.missing-argument", "/vendor")),
        ({"vendor": None}, ("422.invalid-argument", "/vendor")),
        ({"vendor": 7}, ("422.invalid-argument", "/vendor")),
        ({"vendor": ""}, ("422.invalid-argument", "/vendor")),
        ({"vendor": "github"}, ("422.missing-argument", "/auth/api_key")),
        ({"vendor": "github", "auth": None}, ("422.missing-argument", "/auth/api_key")),
        ({"vendor": "github", "auth": {"api_key": None}}, ("422.missing-argument", "/auth/api_key")),
        ({"vendor": "github", "auth": "x"}, ("422.invalid-argument", "/auth")),
        ({"vendor": "github", "auth": {"api_key": 1}}, ("422.invalid-argument", "/auth/api_key")),
        ({"vendor": "github", "auth": {"api_key": ["x"]}}, ("422.invalid-argument", "/auth/api_key")),
        ({"vendor": "github", "auth": {"api_key": TOKEN, "x": "y"}}, ("422.invalid-argument", "/auth/x")),
        ({"vendor": "github", "auth": {"api_key": TOKEN, "x": None}}, ("422.invalid-argument", "/auth/x")),
        ({"vendor": "github", "auth": {"api_key": TOKEN, "a/~b": "y"}}, ("422.invalid-argument", "/auth/a~1~0b")),
        ({"vendor": "github", "auth": {"api_key": TOKEN, "region": "eu"}}, ("422.invalid-argument", "/auth/region")),
        ({"vendor": "github", "auth": {"api_key": " "}}, ("422.invalid-argument", "/auth/api_key")),
        ({"vendor": "github", "auth": {"api_key": ""}}, ("422.invalid-argument", "/auth/api_key")),
        ({"vendor": "github", "auth": {"api_key": "with blank"}}, ("422.invalid-argument", "/auth/api_key")),
        ({"vendor": "github", "auth": {"api_key": "ghp_0..."}}, ("422.invalid-argument", "/auth/api_key")),
        ({"vendor": "github", "auth": {"api_key": "..."}}, ("422.invalid-argument", "/auth/api_key")),
        ({"extra": {"repository": "none"}}, ("422.invalid-argument", "/extra/repository")),
        ({"extra": {"repository": ""}}, ("422.invalid-argument", "/extra/repository")),
        ({"extra": {"own": 1}}, ("422.invalid-argument", "/extra/own")),
        ({"extra": {"base_url": "ftp://x"}}, ("422.invalid-argument", "/extra/base_url")),
        ({"extra": {"own": "x" * 16_385}}, ("422.invalid-argument", "/extra/own")),
        ({"name": ""}, ("422.invalid-argument", "/name")),
        ({"name": "n" * 256}, ("422.max-exceeded", "/name")),
        ({"identifier": ""}, ("422.invalid-argument", "/identifier")),
        ({"enabled": "yes"}, ("422.invalid-argument", "/enabled")),
        ({"item_type": "nonsense"}, ("422.invalid-argument", "/item_type")),
        ({"item_type": "work_item"}, ("422.missing-argument", "/extra/repository")),
        (["vendor"], ("422.invalid-argument", None)),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused_and_pointed_at(
    tenant: CheckedTenant, body: Any, expected: tuple[str, str | None]
) -> None:
    whole = {"vendor": "github", "auth": {"api_key": TOKEN}}
    if isinstance(body, dict) and body and "vendor" not in body:
        body = {**whole, **body}
    assert refusal(tenant.hubs("POST", "", json=body)) == expected
    assert tenant.hubs("GET", "").json() == {"data": []}


def test_a_null_for_a_key_that_the_vendor_does_not_take_says_nothing(tenant: CheckedTenant) -> None:
    assert create(tenant, auth={"api_key": TOKEN, "region": None}).status_code == 201


UNREADABLE = [
    "   ",
    " ",
    "\t",
    "a\nb",
    "x\ny",
    "a\r",
    "\x1b[31m",
    "\u200b",
    "\u2060\ufeff",
    "\u3164",
    "a\u2028b",
    "\x7f",
    "\x85",
]


@pytest.mark.parametrize("name", UNREADABLE, ids=ascii)
@pytest.mark.parametrize("field", ["name", "identifier"])
def test_what_nobody_could_read_is_no_name(tenant: CheckedTenant, made: str, field: str, name: str) -> None:
    before = tenant.hub_read(made)
    for answer in (create(tenant, **{field: name}), patch(tenant, made, **{field: name})):
        assert refusal(answer) == ("422.invalid-argument", f"/{field}")
    session = {"vendor": "github", "name": name}
    answer = tenant.call("POST", "/v1/hubs/current/connect-sessions", json=session)
    assert refusal(answer) == ("422.invalid-argument", "/name")
    assert tenant.hubs("GET", "").json()["data"] == [before]


@pytest.mark.parametrize(
    "name",
    ["a", " a ", "A B/c", "株式会社", "مرحبا", "👩‍👩‍👧‍👦", "a\u200bb", "\u202emirrored", "é", "e\u0301", "-", "."],
    ids=ascii,
)
@pytest.mark.parametrize("field", ["name", "identifier"])
def test_whatever_can_be_read_is_a_name(tenant: CheckedTenant, made: str, field: str, name: str) -> None:
    assert create(tenant, **{field: name}).json()["data"][field] == name
    assert patched(tenant, made, **{field: name})[field] == name


@pytest.mark.parametrize("value", ["!!", "not base64", "====", "https://x/y.pem", "a.b.c.", "{}", "YQ!=", "é", "Y"])
def test_what_is_neither_base64_nor_pem_is_refused_at_once(tenant: CheckedTenant, made: str, value: str) -> None:
    app = {"api_key": None, "client_id": "12345", "base64_config": value}
    refused = ("422.invalid-argument", "/auth/base64_config")
    assert refusal(create(tenant, auth=app, extra={"installation_id": "7"})) == refused
    assert refusal(patch(tenant, made, auth=app)) == refused


@pytest.mark.parametrize(
    "value",
    [
        *(
            "LS0tLS1CRUdJTg==",
            "LS0tLS1CRUdJTg",
            "LS0tLS1C\nRUdJTg==",
            r"LS0tLS1C\nRUdJTg==",
            "'LS0tLS1CRUdJTg=='",
            "-_-_",
        ),
        *("-----BEGIN " + "PRIVATE KEY-----\nYQ==\n", '{"key": "-----BEGIN X-----"}', "> -----BEGIN"),
    ],
)
def test_base64_in_one_line_or_several_and_pem_are_taken(tenant: CheckedTenant, value: str) -> None:
    app = {"client_id": "12345", "base64_config": value}
    assert create(tenant, auth=app, extra={"installation_id": "7"}).status_code == 201


def test_an_app_proves_itself_in_its_own_way(tenant: CheckedTenant) -> None:
    app = {"client_id": "12345", "base64_config": "-----BEGIN"}
    assert refusal(create(tenant, auth=app)) == ("422.missing-argument", "/auth/api_key")
    assert create(tenant, auth=app, extra={"installation_id": "7"}).status_code == 201


# --- patch ---


def test_extra_is_merged_and_null_clears_a_key(tenant: CheckedTenant, made: str) -> None:
    assert patched(tenant, made, extra={"own": "1"})["extra"] == {"repository": "acme/app", "own": "1"}
    assert patched(tenant, made, extra={"repository": None})["extra"] == {"own": "1"}


def test_what_is_no_text_is_shown_as_json_and_survives_a_change(tenant: CheckedTenant, made: str) -> None:
    def stored() -> Any:
        found = tenant.operator.fetch(
            "select configuration from integration where organisation_id = $1", tenant.organisation.id
        )
        return json.loads(found[0][0])

    nested = {"repository": "acme/app", "nested": {"a": [1, "é"]}, "number": 7}
    change = "update integration set configuration = $2 where organisation_id = $1"
    tenant.operator.fetch(change, tenant.organisation.id, json.dumps(nested))
    shown = tenant.hub_read(made)["extra"]
    assert {name: json.loads(shown[name]) for name in ("nested", "number")} == {"nested": {"a": [1, "é"]}, "number": 7}
    patched(tenant, made, extra={"own": "1", **shown})
    assert stored() == {**nested, "own": "1"}
    patched(tenant, made, extra={"number": None, "nested": "replaced"})
    assert stored() == {"repository": "acme/app", "own": "1", "nested": "replaced"}
    patched(tenant, made, extra={"repository": None, "own": None, "nested": None})
    assert stored() == {}


def test_auth_is_merged_and_null_clears_a_key(tenant: CheckedTenant, made: str) -> None:
    shown = patched(tenant, made, auth={"client_id": "12345678901234"})["auth"]
    assert (shown["api_key"], shown["client_id"]) == (MASK, "12345...")
    shown = patched(tenant, made, auth={"api_key": None})["auth"]
    assert (shown["api_key"], shown["client_id"]) == (None, "12345...")


def test_a_credential_is_cleared_by_its_keys(tenant: CheckedTenant, made: str) -> None:
    shown = patched(tenant, made, auth=dict.fromkeys(AUTH))
    assert shown["auth"] == dict.fromkeys(AUTH)
    assert shown["state"]["current"] == "new"


# --- typed clients, which send null for what their program did not set ---

#: everything that PATCH takes
MEMBERS = ("name", "identifier", "auth", "extra", "enabled", "item_type")


@pytest.fixture
def furnished(tenant: CheckedTenant) -> Any:
    """An integration in which every member that can be changed says something else than it would by itself."""
    extra = {"repository": "acme/app", "own": "1"}
    return tenant.hub_integration(
        token=TOKEN, name="Mine", identifier="my own", extra=extra, enabled=False, item_type="work_item"
    )


@pytest.mark.parametrize(
    ("meant", "expected"),
    [
        ({"name": "New"}, {"name": "New"}),
        ({"identifier": "new"}, {"identifier": "new"}),
        ({"enabled": True}, {"enabled": True}),
        ({"item_type": "document"}, {"item_type": "document"}),
        ({"extra": {"own": "2"}}, {"extra": {"repository": "acme/app", "own": "2"}}),
        ({"extra": {"own": None}}, {"extra": {"repository": "acme/app"}}),
    ],
    ids=str,
)
def test_members_that_are_null_were_not_sent(
    tenant: CheckedTenant, furnished: Any, meant: dict[str, Any], expected: dict[str, Any]
) -> None:
    after = patched(tenant, furnished["id"], **{**dict.fromkeys(MEMBERS), **meant})
    assert after == {**furnished, **expected, "events": after["events"]}


def test_a_rotation_by_a_typed_client_changes_the_secret_alone(tenant: CheckedTenant, furnished: Any) -> None:
    auth = {**dict.fromkeys(AUTH), "api_key": "another-token-of-mine"}
    after = patched(tenant, furnished["id"], **{**dict.fromkeys(MEMBERS), "auth": auth})
    assert after["auth"]["api_key"] == "anoth..."
    changing = {"auth", "state", "events", "health"}
    assert {name: after[name] for name in set(after) - changing} == {
        name: furnished[name] for name in set(furnished) - changing
    }


@pytest.mark.parametrize("member", [*MEMBERS, None])
def test_nulls_alone_change_nothing(tenant: CheckedTenant, furnished: Any, member: str | None) -> None:
    nulls = dict.fromkeys(MEMBERS if member is None else [member])
    assert patched(tenant, furnished["id"], **nulls) == furnished


def test_creation_takes_null_for_what_is_optional(tenant: CheckedTenant) -> None:
    optional = dict.fromkeys(set(MEMBERS) - {"auth"})
    told, untold = (create(tenant, **body).json()["data"] for body in (optional, {}))
    own = {"id", "state", "health", "events"}
    assert {name: told[name] for name in set(told) - own} == {name: untold[name] for name in set(untold) - own}


@pytest.mark.parametrize("action", ["verify", "sync"])
def test_a_task_takes_null_for_what_is_optional(tenant: CheckedTenant, made: str, action: str) -> None:
    patched(tenant, made, item_type="work_item")
    told, untold = (
        tenant.hubs("POST", f"/{made}/tasks", json={"action": action, **more}).status_code
        for more in ({"dry_run": None}, {})
    )
    assert told == untold != 422


def test_only_what_is_sent_changes(tenant: CheckedTenant, made: str) -> None:
    before = tenant.hub_read(made)
    after = patched(tenant, made, identifier="other")
    assert after["events"]["updated"] > before["events"]["updated"]
    assert after == {**before, "identifier": "other", "events": after["events"]}


def test_nothing_sent_changes_nothing(tenant: CheckedTenant, made: str) -> None:
    before = tenant.hub_read(made)
    assert patched(tenant, made) == before
    assert patched(tenant, made, extra={}, auth={"api_key": MASK}) == before


def test_a_mask_sent_back_keeps_the_stored_secret(tenant: CheckedTenant, vendors: VendorServer) -> None:
    token = f"token-{uuid.uuid4()}"
    account = vendors.answer(token, taken)
    made = tenant.hub_integration(token=token)
    patched(tenant, made["id"], auth={"api_key": "token..."}, extra={"own": "1"})
    assert tenant.verified(made["id"])["state"]["current"] == "live"
    assert len(account.asked) == 1


def test_a_new_secret_is_the_one_that_is_used(tenant: CheckedTenant, vendors: VendorServer) -> None:
    token = f"token-{uuid.uuid4()}"
    account = vendors.answer(token, taken)
    made = tenant.hub_integration()
    patched(tenant, made["id"], auth={"api_key": token})
    assert tenant.verified(made["id"])["state"]["current"] == "live"
    assert len(account.asked) == 1


@pytest.mark.parametrize("mask", ["...", "other...", "ghp_0....", TOKEN + "..."])
def test_any_other_mask_is_refused(tenant: CheckedTenant, made: str, mask: str) -> None:
    assert refusal(patch(tenant, made, auth={"api_key": mask})) == ("422.invalid-argument", "/auth/api_key")
    assert tenant.hub_read(made)["auth"]["api_key"] == MASK


@pytest.mark.parametrize("key", ["x", "region"])
def test_a_key_that_is_not_taken_is_refused_on_patch_too(tenant: CheckedTenant, made: str, key: str) -> None:
    assert refusal(patch(tenant, made, auth={key: "v"})) == ("422.invalid-argument", f"/auth/{key}")


def test_a_changed_credential_has_to_be_verified_again(tenant: CheckedTenant, vendors: VendorServer) -> None:
    token = f"token-{uuid.uuid4()}"
    vendors.answer(token, taken)
    made = tenant.hub_integration(token=token)["id"]
    assert tenant.verified(made)["state"]["current"] == "live"
    assert patched(tenant, made, name="Same credential")["state"]["current"] == "live"
    assert patched(tenant, made, auth={"api_key": "another-token-of-mine"})["state"]["current"] == "new"
    [shown] = tenant.listed().values()
    assert shown["status"] == "pending"


# --- where secrets go ---


@pytest.mark.parametrize("auth", [{}, {"auth": {}}, {"auth": {"api_key": MASK}}], ids=str)
def test_a_new_destination_wants_the_secret_in_full(tenant: CheckedTenant, made: str, auth: dict[str, Any]) -> None:
    answer = patch(tenant, made, extra={"base_url": "https://elsewhere.example"}, **auth)
    code, source = refusal(answer)
    assert code in {"422.missing-argument", "422.invalid-argument"}
    assert source == "/auth/api_key"
    assert "base_url" not in tenant.hub_read(made)["extra"]


def test_with_the_secret_in_full_the_destination_changes(tenant: CheckedTenant, made: str) -> None:
    shown = patched(tenant, made, extra={"base_url": "https://elsewhere.example"}, auth={"api_key": TOKEN})
    assert shown["extra"]["base_url"] == "https://elsewhere.example"
    # away from there is a new destination, too
    assert refusal(patch(tenant, made, extra={"base_url": None})) == ("422.missing-argument", "/auth/api_key")


def test_a_cleared_secret_goes_nowhere(tenant: CheckedTenant, made: str) -> None:
    shown = patched(tenant, made, extra={"base_url": "https://elsewhere.example"}, auth={"api_key": None})
    assert shown["auth"]["api_key"] is None


@pytest.fixture
def anywhere(server_url: str, environment: dict[str, str], tmp_path: Path) -> Iterator[CheckedTenant]:
    """A tenant of a service that calls whatever address of this machine a tenant names."""
    with Operator.database(server_url, f"jackfield_test_{uuid.uuid4().hex[:12]}") as dsn:
        own = {**environment, "JACKFIELD_DATABASE_URL": dsn, "JACKFIELD_EGRESS_ALLOW": "127.0.0.0/8"}
        with Operator.open(own) as operator, start_service(own, tmp_path / "log", free_port()) as service:
            yield CheckedTenant.create_checked(operator, service)


def test_the_stored_secret_never_goes_to_a_new_address(anywhere: CheckedTenant, vendors: VendorServer) -> None:
    tenant = anywhere
    token, fresh = f"token-{uuid.uuid4()}", f"token-{uuid.uuid4()}"
    made = tenant.hub_integration(token=token)["id"]
    elsewhere = {"base_url": f"{vendors.url}/elsewhere"}
    patch(tenant, made, extra=elsewhere)
    patched(tenant, made, extra=elsewhere, auth={"api_key": fresh})
    tenant.verified(made)
    assert fresh in vendors.tokens
    assert token not in vendors.tokens


# --- enabled and item_type ---


def test_what_is_needed_to_deliver_is_asked_for_when_enabled_for_items(tenant: CheckedTenant) -> None:
    made = tenant.hub_integration()["id"]
    missing = ("422.missing-argument", "/extra/repository")
    assert refusal(patch(tenant, made, item_type="work_item")) == missing
    assert patched(tenant, made, item_type="work_item", enabled=False)["item_type"] == "work_item"
    assert refusal(patch(tenant, made, enabled=True)) == missing
    shown = patched(tenant, made, enabled=True, extra={"repository": "acme/app"})
    assert (shown["enabled"], shown["item_type"]) == (True, "work_item")
    assert refusal(patch(tenant, made, extra={"repository": None})) == missing
    assert patched(tenant, made, name="Still changeable")["name"] == "Still changeable"


# --- who may, and how everything else is refused ---


def test_the_own_hub_may_be_named(tenant: CheckedTenant) -> None:
    answer = tenant.hubs("GET", "", headers={"X-Hub-Id": ids.to_hex(tenant.organisation.id)})
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["", "/available"])
@pytest.mark.parametrize("hub", ["{other}", "", "nonsense", "0" * 24, "{decimal}"])
def test_another_hub_is_a_mismatch(tenant: CheckedTenant, stranger: CheckedTenant, hub: str, path: str) -> None:
    named = hub.format(other=ids.to_hex(stranger.organisation.id), decimal=tenant.organisation.id)
    assert refusal(tenant.hubs("GET", path, headers={"X-Hub-Id": named})) == ("403.mismatch", None)


def test_a_missing_capability_is_named(tenant: CheckedTenant) -> None:
    answer = create(tenant.view_only())
    assert error(answer)["code"] == "403.permissions"
    assert error(answer)["extra"] == {"capability": "hubs-integrations-manage"}


def test_an_expired_key_is_told_from_a_wrong_one(tenant: CheckedTenant) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    expired = tenant.operator.create_key(tenant.organisation, "alice", expires_at=past)
    answers = [tenant.hubs("GET", "", headers={"Authorization": f"Bearer {key}"}) for key in (expired, "nonsense")]
    assert [refusal(answer) for answer in answers] == [("401.auth-expired", None), ("401.auth-invalid", None)]
    told = error(answers[0])
    assert all("expired" in told[name] for name in ("title", "detail"))
    assert "expired" not in error(answers[1])["detail"]
    for path in (f"/organisations/{tenant.organisation.id}/integrations", "/api/v2/platform-integrations/"):
        refused = tenant.call("GET", path, headers={"Authorization": f"Bearer {expired}"})
        assert refused.status_code == 401
        assert "expired" in refused.text
        assert "nvalid API key" not in refused.text


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "reference", ["nonsense", "0", "0" * 24, "f" * 24, "{upper}", "{decimal}", "{hex}0", "%00", "{foreign}"]
)
def test_what_is_no_id_of_an_own_integration_is_not_found(
    tenant: CheckedTenant, stranger: CheckedTenant, method: str, reference: str
) -> None:
    made = tenant.hub_integration()["id"]
    places = {"hex": made, "decimal": int(made[8:], 16), "upper": made.upper()}
    if reference == "{foreign}":
        places["foreign"] = stranger.hub_integration()["id"]
    if reference == "{upper}" and made == made.upper():
        return
    path = f"/{reference.format(**places)}"
    assert refusal(tenant.hubs(method, path, json={})) == ("404.hub.integration", None)


def test_a_task_about_what_is_not_there_is_not_found(tenant: CheckedTenant, stranger: CheckedTenant) -> None:
    foreign = stranger.hub_integration()["id"]
    for action in ("verify", "sync"):
        answer = tenant.hubs("POST", f"/{foreign}/tasks", json={"action": action})
        assert refusal(answer) == ("404.hub.integration", None)


@pytest.mark.parametrize("path", ["/v1/nonsense", f"{HUBS}/a/b", f"{HUBS}/", "/v1/hubs", "/v1/"])
def test_an_unknown_path_is_not_found(tenant: CheckedTenant, path: str) -> None:
    assert refusal(tenant.call("GET", path)) == ("404.uri", None)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", HUBS, {"GET", "HEAD", "POST"}),
        ("POST", f"{HUBS}/available", {"GET", "HEAD"}),
        ("DELETE", "/v1/jobs", {"GET", "HEAD"}),
    ],
)
def test_an_unknown_method_is_refused_with_those_that_are(
    tenant: CheckedTenant, method: str, path: str, allowed: set[str]
) -> None:
    answer = tenant.call(method, path)
    assert refusal(answer)[0] == "405.method"
    assert set(answer.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "nonsense"])
def test_a_body_that_does_not_say_it_is_json_is_refused(tenant: CheckedTenant, kind: str) -> None:
    answer = tenant.hubs("POST", "", data="{}", headers={"Content-Type": kind})
    assert refusal(answer) == ("415.invalid-content-type", None)


def test_a_body_that_is_too_large_is_refused(tenant: CheckedTenant) -> None:
    answer = tenant.hubs("POST", "", data=b" " * (1024 * 1024 + 1), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert refusal(answer)[0] == "422.max-exceeded"


@pytest.mark.parametrize(
    "body", ["{", "nonsense", '{"vendor": "\\u0000"}', '{"vendor": "\\ud800"}', '{"a": 1e999}', "[" * 65 + "]" * 65]
)
def test_malformed_json_is_refused(tenant: CheckedTenant, body: str) -> None:
    answer = tenant.hubs("POST", "", data=body, headers={"Content-Type": "application/json; charset=utf-8"})
    assert refusal(answer) == ("400.invalid-syntax", None)


def test_an_empty_body_is_missing(tenant: CheckedTenant) -> None:
    answer = tenant.hubs("POST", "", headers={"Content-Type": "application/json"})
    assert refusal(answer)[0] == "422.missing-argument"
