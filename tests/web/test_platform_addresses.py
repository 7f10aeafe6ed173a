"""Where the platform contract is reached: slashes, tenants in the path, tenants in the host."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

from jackfield.domain.session import TooManyFailures
from jackfield.web.dialects.platform.errors import CLIENT
from jackfield.web.dialects.platform.routes import DIALECT
from support.checked_tenant import CheckedTenant
from support.operator import Operator
from support.partner import APPS, OAUTH, InstalledApp, Partner
from support.service import free_port, start_service

DOMAIN = "apps.example.com"


@pytest.fixture
def installed(tenant: CheckedTenant, stranger: CheckedTenant) -> InstalledApp:
    return Partner.register(stranger).installed_by(tenant)


def ask(url: str, key: str, **more: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {key}", **more.pop("headers", {})}
    return requests.request(more.pop("method", "GET"), url, headers=headers, timeout=30, allow_redirects=False, **more)


@pytest.mark.parametrize("path", [APPS, f"{APPS}/", f"/{APPS}", f"/{APPS}/"])
def test_slashes_mean_nothing_and_nobody_is_redirected(tenant: CheckedTenant, path: str) -> None:
    assert ask(tenant.service.url + path, tenant.key).status_code == 200
    body = {"identifier_field_path": "a"}
    created = ask(tenant.service.url + path, tenant.key, method="POST", json=body)
    assert created.status_code == 200
    one = f"{tenant.service.url}{APPS}/{created.json()['id']}"
    for end in ("", "/"):
        assert ask(one + end, tenant.key, method="PATCH", json={"name": "x"}).status_code == 200


def test_every_path_of_oauth_takes_slashes(installed: InstalledApp) -> None:
    url, token = installed.tenant.service.url, installed.tokens()["access_token"]
    app = f"{APPS}/{installed.partner.id}/installations"
    for path in (f"{OAUTH}/self", f"{app}/self"):
        for spelled in (path, f"{path}/", f"/{path}", f"/{path}/"):
            assert ask(url + spelled, token).status_code == 200, spelled
    for end in ("", "/"):
        changed = ask(f"{url}{app}/{installed.id}{end}", token, method="PATCH", json={"status": "complete"})
        assert changed.status_code == 200
        form = {"grant_type": "authorization_code", "code": installed.code()}
        answer = requests.post(f"{url}/{OAUTH}/token{end}", data=form, auth=installed.partner.credentials, timeout=30)
        assert answer.status_code == 200
        assert requests.get(f"{url}/.well-known/oauth-authorization-server{end}", timeout=30).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        f"//{APPS}",
        f"{APPS}//",
        "/api/v2/platform-integrationsx",
        f"{APPS}/x/y",
        OAUTH + "/x",
        "/api/platform_integrations",
        "/api/v2/",
        "/api/v2/unknown",
        "/tenants/acme",
        "/tenants/acme/",
        "/tenants/acme/api/v2/unknown",
        "/tenants/acme/api/v2/platform-integrations/x/y/z",
        "/platform/nothing",
        "/.well-known/oauth-authorization-server/nothing",
    ],
)
def test_other_paths_are_not_found_in_the_contracts_words(tenant: CheckedTenant, path: str) -> None:
    answer = ask(tenant.service.url + path, tenant.key)
    assert answer.status_code == 404
    if not path.startswith("//"):
        assert answer.json()["errors"][0]["type"] == "not_found_error"


@pytest.mark.parametrize("oauth", [False, True], ids=["contract", "OAuth"])
def test_who_calls_too_often_is_told_in_the_words_of_each_part(oauth: bool) -> None:
    operation = next(one for one in DIALECT.operations if (one.scheme == CLIENT) is oauth)
    answer = DIALECT.render(TooManyFailures(7), operation)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    told = json.loads(bytes(answer.body))
    assert told["error"] == "temporarily_unavailable" if oauth else told["errors"][0]["type"] == "rate_limit_error"


def test_a_method_that_a_path_has_not_is_told(tenant: CheckedTenant) -> None:
    answer = ask(f"{tenant.service.url}{APPS}/", tenant.key, method="DELETE")
    assert answer.status_code == 405
    assert {name.strip() for name in answer.headers["allow"].split(",")} == {"GET", "HEAD", "POST"}


def test_other_contracts_are_not_behind_tenants(tenant: CheckedTenant) -> None:
    url, handle = tenant.service.url, tenant.organisation.handle
    assert ask(f"{url}/tenants/{handle}/v1/hubs/current/integrations", tenant.key).status_code == 404
    assert ask(f"{url}//v1/hubs/current/integrations", tenant.key).status_code == 404


def test_a_key_is_good_behind_its_own_tenant_alone(tenant: CheckedTenant, stranger: CheckedTenant) -> None:
    url = tenant.service.url
    own = ask(f"{url}/tenants/{tenant.organisation.handle}{APPS}/", tenant.key)
    assert own.status_code == 200
    for handle in (stranger.organisation.handle, "nobody", tenant.organisation.id, tenant.organisation.name, "%00"):
        answer = ask(f"{url}/tenants/{handle}{APPS}", tenant.key)
        assert (answer.status_code, answer.json()["errors"][0]["type"]) == (403, "permission_error"), handle
    assert ask(f"{url}/tenants/{stranger.organisation.handle}{APPS}", "nonsense").status_code == 401


def test_links_lead_back_behind_the_tenant(tenant: CheckedTenant) -> None:
    for _ in range(2):
        Partner.register(tenant, approved=False)
    start = f"{tenant.service.url}/tenants/{tenant.organisation.handle}{APPS}"
    following = ask(f"{start}?limit=1", tenant.key, headers={"Host": "evil.example"}).json()["meta"]["next_page_url"]
    assert following.startswith(f"{start}/?limit=1&cursor=")
    assert len(ask(following, tenant.key).json()["data"]) == 1


def test_a_token_is_good_behind_the_owner_and_the_installer(installed: InstalledApp, operator: Operator) -> None:
    url, token = installed.tenant.service.url, installed.tokens()["access_token"]
    third = operator.create_organisation()
    owner = installed.partner.developer.organisation.handle
    for handle, status in ((installed.tenant.organisation.handle, 200), (owner, 200), (third.handle, 403)):
        assert ask(f"{url}/tenants/{handle}{OAUTH}/self", token).status_code == status


def test_an_app_is_itself_behind_its_owner_alone(installed: InstalledApp) -> None:
    url, owner = installed.tenant.service.url, installed.partner.developer.organisation.handle
    for handle, status in ((installed.tenant.organisation.handle, 403), ("nobody", 403), (owner, 200)):
        form = {"grant_type": "authorization_code", "code": installed.code()}
        path = f"{url}/tenants/{handle}{OAUTH}/token"
        answer = requests.post(path, data=form, auth=installed.partner.credentials, timeout=30)
        assert answer.status_code == status
        if status == 403:
            assert answer.json()["error"] == "unauthorized_client"


# What the OAuth server says of itself (RFC 8414)

METADATA = "/.well-known/oauth-authorization-server"


@pytest.mark.parametrize("path", [f"/tenants/{{}}{METADATA}", f"{METADATA}/tenants/{{}}", f"{METADATA}/tenants/{{}}/"])
def test_a_tenants_metadata_is_of_the_tenants_issuer(tenant: CheckedTenant, path: str) -> None:
    url, handle = tenant.service.url, tenant.organisation.handle
    answer = requests.get(url + path.format(handle), timeout=30)
    assert answer.status_code == 200
    told = answer.json()
    assert told["issuer"] == f"{url}/tenants/{handle}"
    assert {told[name].startswith(f"{told['issuer']}/") for name in told if name.endswith("_endpoint")} == {True}
    assert requests.post(told["token_endpoint"], timeout=30).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        f"/tenants/{{}}{METADATA}",
        f"{METADATA}/tenants/{{}}",
        f"{METADATA}/tenants/{{}}/x",
        f"{METADATA}/{{}}",
    ],
)
@pytest.mark.parametrize("handle", ["nobody-here", "UPPER", "a.b", "%00", "%E2%98%83"])
def test_of_a_tenant_that_there_is_not_there_is_no_metadata(tenant: CheckedTenant, path: str, handle: str) -> None:
    answer = requests.get(tenant.service.url + path.format(handle), timeout=30)
    assert (answer.status_code, answer.json()["errors"][0]["type"]) == (404, "not_found_error")


def test_a_name_or_an_id_is_no_handle(tenant: CheckedTenant) -> None:
    for reference in (tenant.organisation.name, str(tenant.organisation.id)):
        assert requests.get(f"{tenant.service.url}{METADATA}/tenants/{reference}", timeout=30).status_code == 404


# At hosts of their own


@pytest.fixture(scope="module")
def placed(
    operator: Operator, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CheckedTenant]:
    """A tenant of a service that has a domain and a public address."""
    more = {
        "JACKFIELD_PLATFORM_DOMAIN": DOMAIN,
        "JACKFIELD_PUBLIC_URL": "https://jackfield.example.com",
        "JACKFIELD_PLATFORM_ALLOW_HTTP": "true",
    }
    log: Path = tmp_path_factory.mktemp("placed") / "log"
    with ExitStack() as stack:
        service = stack.enter_context(start_service({**environment, **more}, log, free_port()))
        yield CheckedTenant.create_checked(operator, service)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("{handle}.apps.example.com", 200),
        ("{handle}.APPS.example.com.:8400", 200),
        ("apps.example.com", 200),
        ("jackfield.example.com", 200),
        ("127.0.0.1:8400", 200),
        ("{handle}.evil.example", 200),
        ("somebody-else.apps.example.com", 403),
        ("a.b.apps.example.com", 403),
        ("{handle}.x.apps.example.com", 403),
    ],
)
def test_a_host_names_a_tenant(placed: CheckedTenant, host: str, status: int) -> None:
    host = host.format(handle=placed.organisation.handle)
    assert ask(placed.service.url + APPS, placed.key, headers={"Host": host}).status_code == status


def test_the_host_and_the_path_have_to_agree(placed: CheckedTenant, operator: Operator) -> None:
    other, own = operator.create_organisation().handle, placed.organisation.handle
    for host, path, status in ((own, own, 200), (other, own, 403), (own, other, 403)):
        url = f"{placed.service.url}/tenants/{path}{APPS}"
        assert ask(url, placed.key, headers={"Host": f"{host}.{DOMAIN}"}).status_code == status


def test_links_begin_with_the_public_address(placed: CheckedTenant) -> None:
    for _ in range(2):
        Partner.register(placed, approved=False)
    page = ask(f"{placed.service.url}{APPS}?limit=1", placed.key).json()
    assert page["meta"]["next_page_url"].startswith(f"https://jackfield.example.com{APPS}/?limit=1&cursor=")
    told = requests.get(f"{placed.service.url}/.well-known/oauth-authorization-server", timeout=30).json()
    assert told["issuer"] == "https://jackfield.example.com"


def test_the_issuer_is_what_it_was_asked_by_and_the_same_for_every_other_host(placed: CheckedTenant) -> None:
    url, handle = placed.service.url, placed.organisation.handle

    def issuer(host: str, path: str = METADATA) -> Any:
        return requests.get(url + path, headers={"Host": host}, timeout=30).json()["issuer"]

    public = "https://jackfield.example.com"
    for host in ("jackfield.example.com", "127.0.0.1:8400", "evil.example", DOMAIN):
        assert issuer(host) == public
        assert issuer(host, f"/tenants/{handle}{METADATA}") == f"{public}/tenants/{handle}"
    for host in (f"{handle}.{DOMAIN}", f"{handle.upper()}.{DOMAIN}.:9000"):
        assert issuer(host) == f"https://{handle}.{DOMAIN}"
    unknown = requests.get(url + METADATA, headers={"Host": f"nobody-here.{DOMAIN}"}, timeout=30)
    assert unknown.status_code == 404


def test_plain_http_is_the_operators_to_allow(placed: CheckedTenant, tenant: CheckedTenant) -> None:
    body = {"identifier_field_path": "a", "oauth_callback_url": "http://partner.example.com/callback"}
    assert placed.call("POST", APPS, json=body).status_code == 200
    assert tenant.call("POST", APPS, json=body).status_code == 400
