"""The configuration of the organisations contract: secrets and settings in one text."""

import json
from typing import Any

import pytest

from support.checked_tenant import CheckedTenant
from support.organisations import (
    as_hub_id,
    as_uuid,
    configuration,
    created,
    from_uuid,
    patch,
    patched,
    post,
    put,
    read,
    refused,
    row,
    text,
)

TOKEN = "ghp_0123456789abcdef"
OTHER = "ghp_another_0123456789"


def stored_token(tenant: CheckedTenant, integration: Any) -> str | None:
    """The secret in clear, as version 1 shows it."""
    token: str | None = tenant.read(as_uuid(integration))["auth_data"]["access_token"]
    return token


# Masks


@pytest.mark.parametrize(
    ("token", "mask"),
    [(TOKEN, "ghp_0..."), ("x" * 13, "xxxxx..."), ("x" * 12, "..."), ("x", "..."), ("é" * 13, "ééééé...")],
)
def test_a_secret_is_shown_masked(tenant: CheckedTenant, token: str, mask: str) -> None:
    made = created(tenant, configuration=text(access_token=token))
    assert configuration(tenant, made) == {"access_token": mask}
    assert stored_token(tenant, made) == token


@pytest.mark.parametrize("token", [TOKEN, "short"])
def test_a_text_that_is_sent_back_changes_nothing(tenant: CheckedTenant, token: str) -> None:
    made = created(tenant, configuration=text(access_token=token, repository="acme/shop", note="ünïcode 😀 \u2028"))
    before = row(tenant, made)
    assert patched(tenant, made, configuration=read(tenant, made)["configuration"]) == made
    assert row(tenant, made) == before
    assert stored_token(tenant, made) == token
    assert [entry["action"] for entry in tenant.audit()].count("integration.updated") == 0


def test_a_secret_that_is_sent_again_in_full_changes_nothing(tenant: CheckedTenant) -> None:
    made = created(tenant, configuration=text(access_token=TOKEN))
    before = row(tenant, made)
    patched(tenant, made, configuration=text(access_token=TOKEN))
    assert row(tenant, made) == before


@pytest.mark.parametrize("value", ["...", "ghp_1...", "ghp_0....", "ghp_01...", f"{TOKEN}..."])
def test_any_other_value_that_looks_masked_is_400(tenant: CheckedTenant, value: str) -> None:
    made = created(tenant, configuration=text(access_token=TOKEN))
    assert refused(patch(tenant, made, configuration=text(access_token=value))).startswith("configuration.access_token")
    assert stored_token(tenant, made) == TOKEN


@pytest.mark.parametrize("name", ["access_token", "refresh_token", "private_key"])
def test_a_mask_is_400_where_nothing_is_stored(tenant: CheckedTenant, name: str) -> None:
    configured = {"access_token": TOKEN, name: "ghp_0..."}
    assert refused(post(tenant, configuration=json.dumps(configured))).startswith(f"configuration.{name}")
    made = created(tenant, enabled=False, configuration="{}")
    refused(patch(tenant, made, configuration=text(**{name: "..."})))


# Replaced whole


def test_what_is_left_out_is_removed(tenant: CheckedTenant) -> None:
    made = created(tenant, configuration=text(access_token=TOKEN, refresh_token="r", repository="a/b", note="n"))
    patched(tenant, made, configuration=text(access_token="ghp_0...", note="n"))
    assert configuration(tenant, made) == {"access_token": "ghp_0...", "note": "n"}
    patched(tenant, made, enabled=False, configuration="{}")
    assert configuration(tenant, made) == {}
    assert row(tenant, made)["sealed_secrets"] is None


def test_null_is_the_same_as_left_out(tenant: CheckedTenant) -> None:
    made = created(tenant, configuration=text(access_token=TOKEN, refresh_token=None, repository=None, note=None))
    assert configuration(tenant, made) == {"access_token": "ghp_0..."}
    patched(tenant, made, enabled=False, configuration=text(access_token=None))
    assert configuration(tenant, made) == {}


def test_a_new_secret_takes_the_place_of_the_old_one(tenant: CheckedTenant) -> None:
    made = created(tenant, configuration=text(access_token=TOKEN))
    shown = patched(tenant, made, configuration=text(access_token=OTHER))
    assert json.loads(shown["configuration"]) == {"access_token": "ghp_a..."}
    assert stored_token(tenant, made) == OTHER


# Sealed


@pytest.mark.parametrize("name", ["access_token", "refresh_token", "token_type", "scope", "code"])
def test_a_secret_is_sealed_and_no_setting(tenant: CheckedTenant, name: str) -> None:
    secret = "marked-secret-0123456789"
    made = created(tenant, configuration=json.dumps({"access_token": TOKEN, name: secret}))
    stored = row(tenant, made)
    assert stored["configuration"] == "{}"
    assert secret.encode() not in stored["sealed_secrets"]
    assert configuration(tenant, made)[name] == "marke..."
    assert tenant.read(as_uuid(made))["auth_data"][name] == secret


def test_a_setting_is_shown_as_it_is_and_is_no_secret(tenant: CheckedTenant) -> None:
    settings = {"repository": "acme/shop", "labels": "a,b", "org_slug": "acme", "project_id": "7", "note": '😀 é\n"\\'}
    made = created(tenant, configuration=text(access_token=TOKEN, **settings))
    assert configuration(tenant, made) == {"access_token": "ghp_0...", **settings}
    assert json.loads(row(tenant, made)["configuration"]) == settings


# Where secrets are sent

HERE = "https://github.example.com"
THERE = "https://github.example.org"


@pytest.mark.parametrize("before", [{}, {"base_url": HERE}])
def test_another_address_asks_for_every_secret_again(tenant: CheckedTenant, before: dict[str, str]) -> None:
    made = created(tenant, configuration=text(access_token=TOKEN, refresh_token="refresh", **before))
    for secrets in (
        {"access_token": "ghp_0...", "refresh_token": "refresh"},
        {"access_token": TOKEN, "refresh_token": "..."},
        {"access_token": TOKEN},
        {"refresh_token": "refresh"},
        {},
    ):
        message = refused(patch(tenant, made, enabled=False, configuration=text(base_url=THERE, **secrets)))
        assert "base_url" in message
        assert message.startswith(("configuration.access_token", "configuration.refresh_token"))
    assert read(tenant, made) == made
    put(tenant, made, state="live")
    patched(tenant, made, configuration=text(base_url=THERE, access_token=TOKEN, refresh_token="refresh"))
    assert row(tenant, made)["state"] == "new"
    assert configuration(tenant, made)["base_url"] == THERE


def test_taking_the_address_away_is_another_address(tenant: CheckedTenant) -> None:
    made = created(tenant, configuration=text(access_token=TOKEN, base_url=HERE))
    assert "access_token" in refused(patch(tenant, made, configuration=text(access_token="ghp_0...")))
    patched(tenant, made, configuration=text(access_token=TOKEN))


def test_null_says_that_a_secret_does_not_go_along(tenant: CheckedTenant) -> None:
    made = created(tenant, configuration=text(access_token=TOKEN, refresh_token="refresh"))
    moved = text(access_token=OTHER, refresh_token=None, base_url=THERE)
    assert set(json.loads(patched(tenant, made, configuration=moved)["configuration"])) == {"access_token", "base_url"}


def test_without_a_secret_any_address_will_do(tenant: CheckedTenant) -> None:
    made = created(tenant, enabled=False, configuration=text(base_url=HERE))
    assert json.loads(patched(tenant, made, configuration=text(base_url=THERE))["configuration"]) == {"base_url": THERE}


# What has to be there

INCOMPLETE = [
    ("github", "none", {}, "access_token"),
    ("github", "none", {"app_id": "1", "private_key": "a2V5"}, "access_token"),
    ("github", "work_item", {"access_token": "t"}, "repository"),
    ("jira", "none", {"access_token": "t", "username": "a@b.example"}, "base_url"),
    ("jira", "none", {"base_url": "https://a.example", "access_token": "t"}, "username"),
    ("mantisbt", "none", {"access_token": "t"}, "base_url"),
    ("discord", "document", {}, "webhook_url"),
    ("slack", "document", {"access_token": "t"}, "channel"),
]


@pytest.mark.parametrize(("provider", "item_type", "sent", "missing"), INCOMPLETE)
def test_what_is_missing_is_named_when_it_is_to_be_enabled(
    tenant: CheckedTenant, provider: str, item_type: str, sent: dict[str, str], missing: str
) -> None:
    fields = {"provider": provider, "item_type": item_type, "configuration": json.dumps(sent)}
    message = refused(post(tenant, **fields))
    assert message.startswith(f"configuration.{missing}: ")
    assert "auth." not in message
    made = created(tenant, **fields, enabled=False)
    assert refused(patch(tenant, made, enabled=True)) == message
    assert read(tenant, made)["enabled"] is False


def test_another_complete_way_is_enough(tenant: CheckedTenant) -> None:
    created(tenant, configuration=text(app_id="1", private_key="a2V5", installation_id="7"))
    oauth = text(access_token="t", cloud_id="00000000-0000-0000-0000-000000000000")
    created(tenant, provider="jira", configuration=oauth)


def test_what_an_enabled_one_needs_cannot_be_taken_from_it(tenant: CheckedTenant) -> None:
    made = created(tenant, configuration=text(access_token=TOKEN))
    assert "access_token" in refused(patch(tenant, made, configuration="{}"))
    assert "repository" in refused(patch(tenant, made, item_type="document"))
    assert read(tenant, made) == made
    assert patched(tenant, made, enabled=False, configuration="{}", item_type="document")["enabled"] is False


def test_switching_off_never_asks(tenant: CheckedTenant) -> None:
    # version 2 asks for nothing
    made = read(tenant, from_uuid(tenant.saved(integration_type="github")["integration_id"]))
    assert made["enabled"] is True
    assert patched(tenant, made) == made
    assert patched(tenant, made, configuration=made["configuration"]) == made
    refused(patch(tenant, made, enabled=True))
    assert patched(tenant, made, enabled=False)["enabled"] is False


# Values


@pytest.mark.parametrize("value", [1, 1.5, True, [], {}, ["x"], {"a": "b"}])
@pytest.mark.parametrize("name", ["access_token", "refresh_token", "repository", "org_slug", "note"])
def test_a_value_that_is_no_text_is_400_and_named(tenant: CheckedTenant, name: str, value: Any) -> None:
    sent = json.dumps({"access_token": TOKEN, name: value})
    assert refused(post(tenant, configuration=sent)).startswith(f"configuration.{name}: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("access_token", ""),
        ("access_token", " "),
        ("access_token", "with blank"),
        ("access_token", "x" * 256),
        ("refresh_token", ""),
        ("refresh_token", "x" * 16_385),
        ("expires_at", "tomorrow"),
        ("expires_at", "0001-01-01T00:00:00+14:00"),
        ("repository", "no slash"),
        ("repository", ""),
        ("base_url", "ftp://x.example"),
        ("base_url", "https://user@x.example"),
        ("installation_id", "x"),
        ("note", "x" * 16_385),
    ],
)
def test_a_value_that_does_not_fit_is_400_and_named(tenant: CheckedTenant, name: str, value: str) -> None:
    sent = json.dumps({"access_token": TOKEN, name: value})
    assert refused(post(tenant, configuration=sent)).startswith(f"configuration.{name}: ")


@pytest.mark.parametrize("sent", ["2030-01-01T00:00:00Z", "2030-01-01T02:00:00+02:00", "2030-01-01T00:00:00"])
def test_a_time_is_kept_as_version_1_keeps_it(tenant: CheckedTenant, sent: str) -> None:
    made = created(tenant, configuration=text(access_token=TOKEN, expires_at=sent))
    assert tenant.read(as_uuid(made))["auth_data"]["expires_at"] == "2030-01-01T00:00:00Z"


@pytest.mark.parametrize("value", ["é", "😀" * 100, "\u202e", "a\nb\tc", "</script>", "' or true --", "null", " "])
def test_any_text_can_be_an_unknown_setting(tenant: CheckedTenant, value: str) -> None:
    made = created(tenant, configuration=text(access_token=TOKEN, **{f"n{value}": value}))
    assert configuration(tenant, made) == {"access_token": "ghp_0...", f"n{value}": value}
    assert tenant.hub_read(as_hub_id(made))["extra"] == {f"n{value}": value}


BAD_TEXTS = [
    ("", "character 0"),
    ("{", "character 1"),
    ("nonsense", "character 0"),
    ("{'a': 1}", "character 1"),
    ('{"a": "b",}', "character"),
    ('{"é😀": x}', "character 7"),
    ("[]", "object"),
    ("5", "object"),
    ("null", "object"),
    ('"{}"', "object"),
    ('{"a": "1", "a": "2"}', "'a' is there twice"),
    ('{"a": {"b": "1", "b": "1"}}', "'b' is there twice"),
    ('{"a": "\\u0000"}', "U+0000"),
    ('{"\\u0000": "a"}', "U+0000"),
    ('{"a": "\\ud800"}', "surrogate"),
    ('{"a": NaN}', "character"),
    ('{"a": 1e999}', "out of range"),
    ('{"a": ' + "9" * 400 + "}", "out of range"),
    ('{"a": ' + "[" * 70 + "]" * 70 + "}", "nested deeper"),
    ("[" * 100_000, "n"),
    ('{"a":' * 100_000, "n"),
]


@pytest.mark.parametrize(("bad", "where"), BAD_TEXTS, ids=[bad[:30] for bad, _ in BAD_TEXTS])
def test_a_text_that_cannot_be_read_is_400_and_says_where(tenant: CheckedTenant, bad: str, where: str) -> None:
    made = created(tenant)
    for answer in (post(tenant, configuration=bad), patch(tenant, made, configuration=bad)):
        message = refused(answer)
        assert message.startswith("configuration: ")
        assert where in message
    assert read(tenant, made) == made
