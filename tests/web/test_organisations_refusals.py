"""The organisations contract: who is refused, with which status, and which refusal comes first."""

import json
from typing import Any

import pytest
import requests

from jackfield.domain.principal import Capability
from support.checked_tenant import CheckedTenant
from support.operator import ORIGIN, Operator
from support.organisations import created, delete_organisation, new_token, of, one, patch, post, read, refused, text
from support.raw_http import request, send
from support.service import Service

LIMIT = 1024 * 1024
#: each call about one integration
CALLS = [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/sync")]
each_call = pytest.mark.parametrize(("method", "path"), CALLS)
OF_ORGANISATION = [("GET", None), ("POST", {"provider": "gitlab", "item_type": "none", "enabled": False})]
each_call_of_an_organisation = pytest.mark.parametrize(("method", "body"), OF_ORGANISATION)
#: no id that was ever given
NOBODYS = "4611686018427387904"
MALFORMED = ["nonsense", "-1", "01", "+1", "1.0", "9" * 19, "9" * 40, "\uff11", "a" * 24, "0x1", "null", "%00", "😀"]


def without(tenant: CheckedTenant) -> CheckedTenant:
    """The same organisation, seen with a key that may do everything but this."""
    return tenant.another_key(Capability.VIEW, Capability.MANAGE)


def call(tenant: CheckedTenant, method: str, path: str) -> requests.Response:
    return tenant.call(method, path, json={} if method == "PATCH" else None)


@each_call
@pytest.mark.parametrize("header", [None, "Bearer", "Bearer nonsense", f"Bearer jf_{'a' * 43}", "Basic eDp5"])
def test_without_a_valid_key_the_answer_is_401_whatever_it_is_about(
    tenant: CheckedTenant, method: str, path: str, header: str | None
) -> None:
    for target in (one(created(tenant)), one(NOBODYS), one("nonsense")):
        headers = {} if header is None else {"Authorization": header}
        answer = requests.request(method, tenant.service.url + target + path, headers=headers, timeout=30)
        refused(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"


@each_call
def test_without_the_permission_in_its_own_organisation_the_answer_is_403(
    tenant: CheckedTenant, method: str, path: str
) -> None:
    made = created(tenant)
    assert "MANAGE_ORGANISATION" in refused(call(without(tenant), method, one(made) + path), 403)
    assert read(tenant, made) == made


@each_call
def test_what_another_organisation_owns_is_403(
    tenant: CheckedTenant, stranger: CheckedTenant, method: str, path: str
) -> None:
    made = created(stranger)
    for key in (tenant, without(tenant)):
        assert "MANAGE_ORGANISATION" in refused(call(key, method, one(made) + path), 403)
    assert read(stranger, made) == made


@each_call
def test_what_nobody_owns_is_404_with_and_without_the_permission(tenant: CheckedTenant, method: str, path: str) -> None:
    for key in (tenant, without(tenant)):
        refused(call(key, method, one(NOBODYS) + path), 404)


@each_call
@pytest.mark.parametrize("malformed", MALFORMED)
def test_a_malformed_id_is_404(tenant: CheckedTenant, method: str, path: str, malformed: str) -> None:
    refused(call(tenant, method, one(malformed) + path), 404)


@each_call
def test_integrations_of_other_providers_are_404_whoever_owns_them(
    tenant: CheckedTenant, stranger: CheckedTenant, method: str, path: str
) -> None:
    made = created(tenant)
    tenant.operator.fetch("update integration set provider = 'sentry' where id = $1", int(made["id"]))
    for key in (tenant, stranger):
        refused(call(key, method, one(made) + path), 404)


@each_call
@pytest.mark.parametrize("state", ["deleting", "deleted"])
def test_what_is_being_deleted_is_404_whoever_owned_it(
    tenant: CheckedTenant, stranger: CheckedTenant, method: str, path: str, state: str
) -> None:
    made = created(tenant)
    change = "update integration set state = $2, sealed_secrets = null where id = $1"
    tenant.operator.fetch(change, int(made["id"]), state)
    for key in (tenant, stranger):
        refused(call(key, method, one(made) + path), 404)


@each_call_of_an_organisation
def test_of_another_organisation_nothing_is_listed_or_made(
    tenant: CheckedTenant, stranger: CheckedTenant, method: str, body: Any
) -> None:
    refused(tenant.call(method, of(stranger), json=body), 403)
    refused(without(tenant).call(method, of(stranger), json=body), 403)
    refused(without(tenant).call(method, of(tenant), json=body), 403)
    assert stranger.call("GET", of(stranger)).json() == []


@each_call_of_an_organisation
@pytest.mark.parametrize("organisation", [NOBODYS, "0", *MALFORMED])
def test_an_organisation_that_never_was_is_400(
    tenant: CheckedTenant, method: str, body: Any, organisation: str
) -> None:
    refused(tenant.call(method, f"/organisations/{organisation}/integrations", json=body), 400)


# A deleted organisation


@pytest.fixture(scope="module")
def gone(operator: Operator, service: Service) -> tuple[CheckedTenant, Any]:
    """A tenant whose organisation is deleted, with the integration that it had."""
    tenant = CheckedTenant.create_checked(operator, service)
    made = created(tenant)
    delete_organisation(tenant)
    return tenant, made


@each_call
def test_its_own_key_gets_400_about_its_integrations(gone: tuple[CheckedTenant, Any], method: str, path: str) -> None:
    tenant, made = gone
    assert refused(call(tenant, method, one(made) + path)) == "The organisation does not exist"


@each_call
def test_so_does_every_other_key(
    gone: tuple[CheckedTenant, Any], tenant: CheckedTenant, method: str, path: str
) -> None:
    for key in (tenant, without(tenant)):
        assert refused(call(key, method, one(gone[1]) + path)) == "The organisation does not exist"


@each_call_of_an_organisation
def test_it_has_no_list_and_takes_nothing(
    gone: tuple[CheckedTenant, Any], tenant: CheckedTenant, method: str, body: Any
) -> None:
    for key in (gone[0], tenant, without(tenant)):
        assert refused(key.call(method, of(gone[0]), json=body)) == "The organisation does not exist"


@each_call
def test_its_key_opens_nothing_else(
    gone: tuple[CheckedTenant, Any], tenant: CheckedTenant, method: str, path: str
) -> None:
    made = created(tenant)
    for target in (one(made), one(NOBODYS), one("nonsense")):
        answer = call(gone[0], method, target + path)
        refused(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"
    assert read(tenant, made) == made


def test_its_key_opens_no_list_of_another_organisation(gone: tuple[CheckedTenant, Any], tenant: CheckedTenant) -> None:
    refused(gone[0].call("GET", of(tenant)), 401)
    refused(gone[0].call("GET", "/organisations/nonsense/integrations"), 401)


def test_its_key_is_401_in_every_other_contract(gone: tuple[CheckedTenant, Any]) -> None:
    tenant = gone[0]
    assert tenant.v1("GET", "/list").json() == {"detail": "Invalid API key"}
    assert tenant.save().json() == {"detail": "Invalid API key"}
    assert tenant.hubs("GET", "").json()["error"]["code"] == "401.auth-invalid"


def test_a_key_that_was_revoked_before_is_401(operator: Operator, service: Service) -> None:
    tenant = CheckedTenant.create_checked(operator, service)
    made = created(tenant)
    organisations = operator.house.services.organisations
    key = operator.run(organisations.create_key(tenant.organisation.handle, "bob", (), None, ORIGIN))
    operator.run(organisations.revoke_key(key.key.id, ORIGIN))
    delete_organisation(tenant)
    revoked = CheckedTenant(operator, service, tenant.organisation, "bob", key.secret)
    refused(revoked.call("GET", one(made)), 401)
    refused(tenant.call("GET", one(made)), 400)


# What is wrong with a request

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"enabled": "true"}, "body.enabled: not a boolean"),
    ({"enabled": None}, "body.enabled: null"),
    ({"configuration": {}}, "body.configuration: not a string"),
    ({"configuration": None}, "body.configuration: null"),
    ({"item_type": "nonsense"}, "body.item_type: not one of the values allowed"),
    ({"item_type": None}, "body.item_type: null"),
    ({"item_type": "Work_Item"}, "body.item_type"),
]


@pytest.mark.parametrize(("fields", "message"), WRONG)
def test_a_wrong_value_is_400_and_named(tenant: CheckedTenant, fields: dict[str, Any], message: str) -> None:
    made = created(tenant)
    assert message in refused(patch(tenant, made, **fields))
    assert message in refused(post(tenant, **fields))
    assert read(tenant, made) == made


@pytest.mark.parametrize("provider", [None, "sentry", "linear", "confluence", "GitHub", "", 1, "a" * 24, "\0"])
def test_an_unknown_provider_is_400(tenant: CheckedTenant, provider: Any) -> None:
    refused(post(tenant, provider=provider))


@pytest.mark.parametrize("missing", ["provider", "item_type"])
def test_what_a_creation_needs_is_named(tenant: CheckedTenant, missing: str) -> None:
    body = {"provider": "github", "item_type": "none", "configuration": text(access_token="t")}
    del body[missing]
    assert refused(tenant.call("POST", of(tenant), json=body)) == f"body.{missing}: missing"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"5", b'"x"', b"null", b"\xff", b'{"enabled": "\\u0000"}', b'{"a": 1e999}', b"[" * 70]
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_body_that_is_no_object_is_400(tenant: CheckedTenant, method: str, body: bytes) -> None:
    path = one(created(tenant)) if method == "PATCH" else of(tenant)
    refused(tenant.call(method, path, data=body))


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "limit=null", "offset=-1", "limit=99999999999"])
def test_a_wrong_page_is_400(tenant: CheckedTenant, query: str) -> None:
    assert query.partition("=")[0] in refused(tenant.call("GET", f"{of(tenant)}?{query}"))


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_body_of_more_than_1_mib_is_413(tenant: CheckedTenant, method: str) -> None:
    path = one(created(tenant)) if method == "PATCH" else of(tenant)
    headers = {"Authorization": f"Bearer {tenant.key}"}
    answer = send(tenant.service, request(method, path, headers, b"x" * (LIMIT + 1)))
    assert answer.status == 413
    assert answer.json()["code"] == 413


def test_a_configuration_of_nearly_1_mib_is_kept(tenant: CheckedTenant) -> None:
    long = {f"setting_{number}": "x" * 16_000 for number in range(60)}
    made = created(tenant, configuration=text(access_token="t", **long))
    assert json.loads(read(tenant, made)["configuration"]) == {"access_token": "...", **long}


def test_only_an_enabled_and_active_integration_is_synchronised(tenant: CheckedTenant) -> None:
    made = created(tenant, enabled=False)
    assert "not enabled" in refused(tenant.call("POST", f"{one(made)}/sync"))
    patch(tenant, made, enabled=True)
    tenant.operator.fetch("update integration set status = 'error', error = 'no' where id = $1", int(made["id"]))
    assert "error" in refused(tenant.call("POST", f"{one(made)}/sync"))


@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "TRACE"])
def test_a_method_that_a_path_does_not_have_is_405(tenant: CheckedTenant, method: str) -> None:
    for path, allowed in (
        (one(NOBODYS), {"GET", "HEAD", "PATCH", "DELETE"}),
        (of(tenant), {"GET", "HEAD", "POST"}),
        (f"{one(NOBODYS)}/sync", {"POST"}),
    ):
        answer = requests.request(method, tenant.service.url + path, timeout=30)
        assert answer.status_code == 405
        assert {name.strip() for name in answer.headers["allow"].split(",")} == allowed
        refused(answer, 405)


def test_head_answers_as_get_does_without_the_body(tenant: CheckedTenant) -> None:
    made = created(tenant)
    for path, status in ((one(made), 200), (of(tenant), 200), (one(NOBODYS), 404), (f"{one(made)}/sync", 405)):
        answer = tenant.call("HEAD", path)
        assert (answer.status_code, answer.content) == (status, b"")


@pytest.mark.parametrize(
    "path", ["/integrations/", "/integrations/1/x", "/integrations/1/sync/", "/organisations/1", "/organisations/1/x"]
)
def test_a_path_that_it_does_not_have_is_404_in_its_words(tenant: CheckedTenant, path: str) -> None:
    refused(tenant.call("GET", path), 404)


@pytest.mark.parametrize("path", ["/", "/integrations", "/organisations", "/nonsense", "/integration/1", "/docs/x"])
def test_other_paths_are_not_answered_by_it(tenant: CheckedTenant, path: str) -> None:
    answer = requests.get(tenant.service.url + path, timeout=30)
    assert answer.status_code == 404
    assert "code" not in answer.text


def test_other_contracts_word_their_own_unknown_paths(tenant: CheckedTenant) -> None:
    assert tenant.call("GET", "/v1/nonsense").json()["error"]["code"] == "404.uri"
    assert tenant.call("GET", "/api/v1/integrations/x/y/z/w").json() == {"detail": "Not Found"}


def test_a_refusal_does_not_repeat_a_secret(tenant: CheckedTenant) -> None:
    secret = f"marked-{new_token()}"
    made = created(tenant)
    for answer in (
        post(tenant, configuration=f'{{"access_token": "{secret}'),
        post(tenant, configuration=text(access_token=[secret])),
        post(tenant, configuration=text(access_token=f"{secret} with blanks")),
        post(tenant, configuration=text(access_token=f"{secret}...")),
        post(tenant, configuration=f'{{"access_token": "{secret}", "access_token": "{secret}"}}'),
        post(tenant, configuration=text(access_token=secret), item_type="document"),
        patch(tenant, made, configuration=text(access_token=secret, expires_at=secret)),
        patch(tenant, made, configuration=text(access_token=secret), enabled=secret),
    ):
        assert secret not in refused(answer)
    assert secret not in tenant.service.read_log()
