"""The organisations contract: what each call does when nothing is wrong with it."""

import json
from typing import Any

import pytest

from jackfield.domain import ids
from jackfield.domain.item import ItemType
from support.checked_tenant import CheckedTenant
from support.organisations import (
    as_hub_id,
    configuration,
    created,
    new_token,
    of,
    one,
    patched,
    post,
    put,
    read,
    row,
    text,
)
from support.waiting import until

FIELDS = ["id", "organisation_id", "item_type", "provider", "enabled", "configuration"]
#: the least that each provider can be connected with
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "discord": {"webhook_url": "https://discord.com/api/webhooks/123456/abcdef"},
    "github": {"access_token": "ghp_0123456789abcdef"},
    "gitlab": {"access_token": "glpat-0123456789"},
    "jira": {"access_token": "ATATT0123456789", "username": "a@b.example", "base_url": "https://acme.atlassian.net"},
    "mantisbt": {"access_token": "mantis-0123456789", "base_url": "https://bugs.example.com"},
    "slack": {"access_token": "xoxb-0123456789"},
    "teams": {"webhook_url": "https://prod-1.logic.azure.com/workflows/1?sig=abc"},
}


@pytest.mark.parametrize("provider", CONFIGURATIONS)
def test_an_integration_of_each_provider_is_created_with_six_fields(tenant: CheckedTenant, provider: str) -> None:
    made = created(tenant, provider=provider, configuration=json.dumps(CONFIGURATIONS[provider]))
    assert list(made) == FIELDS
    assert made["organisation_id"] == str(tenant.organisation.id)
    assert (made["item_type"], made["provider"], made["enabled"]) == ("none", provider, True)
    assert set(json.loads(made["configuration"])) == set(CONFIGURATIONS[provider])
    assert read(tenant, made) == made


def test_the_id_is_the_decimal_spelling_of_the_one_number(tenant: CheckedTenant) -> None:
    made = created(tenant)
    assert ids.to_decimal(ids.parse_hex(as_hub_id(made))) == made["id"]
    assert tenant.hub_read(as_hub_id(made))["vendor"] == "github"


def test_a_configuration_and_enabled_have_defaults(tenant: CheckedTenant) -> None:
    body = {"provider": "gitlab", "item_type": "project", "enabled": False}
    made = tenant.call("POST", of(tenant), json=body).json()
    assert (made["configuration"], made["enabled"]) == ("{}", False)
    body = {"provider": "gitlab", "item_type": "none", "configuration": text(access_token="t")}
    assert tenant.call("POST", of(tenant), json=body).json()["enabled"] is True


@pytest.mark.parametrize("item_type", ItemType)
def test_each_item_type_is_kept(tenant: CheckedTenant, item_type: str) -> None:
    made = created(tenant, item_type=item_type, configuration=text(access_token="t", repository="acme/shop"))
    assert read(tenant, made)["item_type"] == item_type


def test_an_integration_made_here_is_new_and_active_and_named_after_its_provider(tenant: CheckedTenant) -> None:
    made = created(tenant)
    stored = row(tenant, made)
    assert (stored["state"], stored["status"], stored["name"]) == ("new", "active", "GitHub")
    assert (stored["identifier"], stored["created_by"]) == ("github", tenant.user)
    assert stored["unique_identifier"] == f"github-{ids.to_uuid(int(made['id']))}"


def test_where_the_vendor_verifies_nothing_it_is_live(tenant: CheckedTenant) -> None:
    made = created(tenant, provider="teams", configuration=json.dumps(CONFIGURATIONS["teams"]))
    assert row(tenant, made)["state"] == "live"


def test_only_what_is_sent_changes(tenant: CheckedTenant) -> None:
    made = created(tenant, configuration=text(access_token="ghp_0123456789abcdef", repository="acme/shop"))
    assert patched(tenant, made) == made
    assert patched(tenant, made, enabled=False) == {**made, "enabled": False}
    assert patched(tenant, made, item_type="document") == {**made, "enabled": False, "item_type": "document"}
    again = patched(tenant, made, configuration=text(access_token="ghp_another_0123456", repository="acme/shop"))
    assert json.loads(again["configuration"]) == {"access_token": "ghp_a...", "repository": "acme/shop"}
    assert {**again, "configuration": ""} == {**made, "enabled": False, "item_type": "document", "configuration": ""}
    assert read(tenant, made) == again


def test_unknown_fields_are_ignored(tenant: CheckedTenant) -> None:
    made = created(tenant, name="n", id="1", organisation_id="2", status="error")
    assert patched(tenant, made, id="3", provider="slack", nonsense=[1]) == made


def test_the_list_is_newest_first_and_knows_no_other_providers(tenant: CheckedTenant) -> None:
    made = [created(tenant), created(tenant, provider="slack"), created(tenant)]
    tenant.saved(integration_type="sentry")
    assert tenant.call("GET", of(tenant)).json() == made[::-1]
    assert tenant.call("GET", of(tenant), params={"limit": 1, "offset": 1}).json() == [made[1]]
    assert tenant.call("GET", of(tenant), params={"offset": 3}).json() == []


def test_without_a_limit_the_list_has_all(tenant: CheckedTenant) -> None:
    made = [created(tenant)["id"] for _ in range(23)]
    assert [shown["id"] for shown in tenant.call("GET", of(tenant)).json()] == made[::-1]


def test_the_list_of_an_organisation_without_integrations_is_empty(tenant: CheckedTenant) -> None:
    assert tenant.call("GET", of(tenant)).json() == []


def test_what_is_deleted_is_gone_and_its_secret_erased(tenant: CheckedTenant) -> None:
    made = created(tenant)
    answer = tenant.call("DELETE", one(made))
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-type" not in answer.headers
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/sync")):
        assert tenant.call(method, one(made) + path, json={}).status_code == 404
    assert tenant.call("GET", of(tenant)).json() == []
    until(lambda: row(tenant, made)["state"], lambda state: state == "deleted")
    assert row(tenant, made)["sealed_secrets"] is None


def test_a_synchronisation_is_a_job(tenant: CheckedTenant) -> None:
    made = created(tenant, item_type="work_item", configuration=text(access_token=new_token(), repository="acme/shop"))
    answer = tenant.call("POST", f"{one(made)}/sync")
    assert answer.status_code == 202
    assert list(answer.json()) == ["job_id"]
    job = tenant.job(answer.json()["job_id"])
    assert (job["queue"], job["tasks"][0]["input"]["integration_id"]) == ("sync", as_hub_id(made))


# What follows from a change

CHANGES = [
    # status before, what is sent, status after
    ("pending", {"configuration": text(access_token="another")}, "active"),
    ("error", {"configuration": text(access_token="another")}, "active"),
    ("inactive", {"configuration": text(access_token="another")}, "inactive"),
    ("inactive", {"configuration": text(access_token="another"), "enabled": True}, "active"),
    ("inactive", {"enabled": True}, "active"),
    ("inactive", {"enabled": False}, "inactive"),
    ("error", {"enabled": True}, "error"),
    ("pending", {"enabled": True}, "pending"),
    # the setting may have been the error
    ("error", {"configuration": text(access_token="first", repository="acme/shop")}, "active"),
    ("pending", {"configuration": text(access_token="first", repository="acme/shop")}, "pending"),
    ("error", {"configuration": text(access_token="first")}, "error"),
]


@pytest.mark.parametrize(("before", "sent", "after"), CHANGES)
def test_the_status_follows_from_what_is_changed(
    tenant: CheckedTenant, before: str, sent: dict[str, Any], after: str
) -> None:
    made = created(tenant, configuration=text(access_token="first"))
    put(tenant, made, status=before)
    patched(tenant, made, **sent)
    assert row(tenant, made)["status"] == after


def test_of_a_changed_credential_nothing_is_known(tenant: CheckedTenant) -> None:
    made = created(tenant)
    put(tenant, made, state="live", status="error", error="it was refused")
    patched(tenant, made, configuration=text(access_token="another"))
    stored = row(tenant, made)
    assert (stored["state"], stored["status"], stored["error"]) == ("new", "active", None)


def test_a_setting_that_verification_reads_is_to_be_proven_again(tenant: CheckedTenant) -> None:
    made = created(tenant, configuration=text(access_token="token", repository="acme/shop"))
    put(tenant, made, state="live", health="active")
    patched(tenant, made, configuration=text(access_token="...", repository="acme/other"))
    stored = row(tenant, made)
    # this contract knows no step of verification, so it is worked with all the same
    assert (stored["state"], stored["status"], stored["health"]) == ("new", "active", "unknown")
    assert stored["health_reason"] == "Repository was changed. Verify the integration again."
    assert configuration(tenant, made)["repository"] == "acme/other"


def test_any_other_setting_leaves_the_credential_as_proven_as_it_is(tenant: CheckedTenant) -> None:
    made = created(tenant, configuration=text(access_token="token", repository="acme/shop"))
    put(tenant, made, state="live", health="active")
    patched(tenant, made, configuration=text(access_token="...", repository="acme/shop", labels="from-us", own="1"))
    assert (row(tenant, made)["state"], row(tenant, made)["health"]) == ("live", "active")


def test_every_deed_is_audited_by_the_names_of_what_changed(tenant: CheckedTenant) -> None:
    made = created(tenant)
    patched(tenant, made, enabled=False, item_type="document")
    patched(tenant, made, configuration=text(access_token="another", repository="a/b"))
    patched(tenant, made, enabled=False)
    tenant.call("DELETE", one(made))
    entries = [(entry["action"], entry["fields"]) for entry in tenant.audit()]
    assert entries == [
        ("integration.created", ["secrets", "configuration", "item_type", "enabled"]),
        ("integration.updated", ["enabled", "item_type"]),
        ("integration.updated", ["configuration", "secrets"]),
        ("integration.deleted", []),
    ]
    assert all(entry["subject_ids"] == [int(made["id"])] for entry in tenant.audit())


def test_many_changes_at_once_are_done_one_after_the_other(tenant: CheckedTenant) -> None:
    made = created(tenant)
    paths = [f"acme/shop-{number}" for number in range(6)]
    answers = tenant.at_once(
        [
            lambda other, path=path: other.call(  # type: ignore[misc]
                "PATCH", one(made), json={"configuration": text(access_token="t", repository=path)}
            )
            for path in paths
        ]
    )
    assert {answer.status_code for answer in answers} == {200}
    assert configuration(tenant, made)["repository"] in paths
    assert post(tenant).status_code == 201
