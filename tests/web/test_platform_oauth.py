"""The platform's OAuth server over HTTP: codes, tokens, races, and independent client libraries that drive it."""

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from support.checked_tenant import CheckedTenant
from support.partner import APPS, FILLED_IN, OAUTH, InstalledApp, Partner

READ = "platform_integration_installations:read"
WRITE = "platform_integration_installations:write"


@pytest.fixture
def partner(stranger: CheckedTenant) -> Partner:
    """An approved app of another organisation."""
    return Partner.register(stranger, scopes=["events:read", READ])


@pytest.fixture
def installed(partner: Partner, tenant: CheckedTenant) -> InstalledApp:
    return partner.installed_by(tenant)


def error_of(answer: requests.Response) -> tuple[int, str]:
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.json()["error"]


REFUSED = (400, "invalid_grant")


def at_once(deeds: list[Callable[[], requests.Response]]) -> list[requests.Response]:
    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(lambda deed: deed(), deeds))


def age(installed: InstalledApp, table: str, **columns: str) -> None:
    """Moves times of the installation's grants or tokens by SQL intervals."""
    assignments = ", ".join(f"{name} = {name} - interval '{by}'" for name, by in columns.items())
    installed.tenant.operator.fetch(
        f"update {table} set {assignments} where organisation_id = $1", installed.tenant.organisation.id
    )


# A code for tokens


def test_a_code_is_exchanged_for_tokens(installed: InstalledApp) -> None:
    answer = installed.partner.exchange(installed.code())
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    tokens = answer.json()
    assert set(tokens) == {"access_token", "refresh_token", "token_type", "expires_in", "scope", "client_secret"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 3600)
    assert tokens["scope"] == f"{READ} {WRITE} events:read"
    assert tokens["client_secret"] != installed.partner.app["client_secret"]
    shown = installed.partner.call("GET", f"{OAUTH}/self", tokens["access_token"]).json()
    assert shown == {
        "platform_integration_installation_id": installed.id,
        "platform_integration_id": installed.partner.id,
        "client_handle": installed.tenant.organisation.handle,
        "scopes": [READ, WRITE, "events:read"],
    }


def test_the_credentials_can_stand_in_the_form(installed: InstalledApp) -> None:
    client_id, secret = installed.partner.credentials
    form = {"grant_type": "authorization_code", "code": installed.code(), "client_id": client_id}
    url = installed.tenant.service.url + f"{OAUTH}/token/"
    assert requests.post(url, data={**form, "client_secret": secret}, timeout=30).status_code == 200


def test_a_code_that_comes_again_revokes_what_it_gave(installed: InstalledApp) -> None:
    partner, code = installed.partner, installed.code()
    tokens = partner.exchange(code).json()
    assert partner.opens(tokens["access_token"])
    age(installed, "oauth_grant", exchanged_at="2 seconds")
    assert error_of(partner.exchange(code)) == REFUSED
    assert not partner.opens(tokens["access_token"])
    assert error_of(partner.refresh(tokens["refresh_token"])) == REFUSED


def test_a_code_of_another_app_is_refused_and_stays_good_for_its_own(
    installed: InstalledApp, stranger: CheckedTenant
) -> None:
    other, code = Partner.register(stranger), installed.code()
    assert error_of(other.exchange(code)) == REFUSED
    assert installed.partner.exchange(code).status_code == 200
    assert error_of(other.exchange(code)) == REFUSED


def test_a_code_lasts_five_minutes(installed: InstalledApp) -> None:
    code = installed.code()
    age(installed, "oauth_grant", code_expires_at="4 minutes 50 seconds")
    assert installed.partner.exchange(code).status_code == 200
    code = installed.code()
    age(installed, "oauth_grant", code_expires_at="5 minutes")
    assert error_of(installed.partner.exchange(code)) == REFUSED


def test_of_many_exchanges_at_once_one_wins(installed: InstalledApp) -> None:
    partner, code = installed.partner, installed.code()
    answers = at_once([lambda: partner.exchange(code)] * 6)
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400, 400]
    assert {answer.json()["error"] for answer in answers if answer.status_code == 400} == {"invalid_grant"}


@pytest.mark.parametrize("trial", range(12))
def test_of_two_exchanges_at_once_nobody_is_punished(installed: InstalledApp, trial: int) -> None:
    """Whether they meet in the database or come one after the other."""
    partner, code = installed.partner, installed.code()
    answers = at_once([lambda: partner.exchange(code)] * (2 + trial % 3))
    [won] = [answer.json() for answer in answers if answer.status_code == 200]
    assert error_of(partner.exchange(code)) == REFUSED
    assert partner.opens(won["access_token"])
    assert partner.refresh(won["refresh_token"]).status_code == 200


@pytest.mark.parametrize("code", ["", "x", "jfc_" + "A" * 43, "jfr_" + "A" * 43, "\0", "é" * 43, "A" * 100_000])
def test_what_is_no_code_is_refused(partner: Partner, code: str) -> None:
    status, error = error_of(partner.exchange(code))
    assert (status, error) in {REFUSED, (400, "invalid_request")}


# Newer tokens


def test_a_refresh_gives_new_tokens_and_the_same_secret(installed: InstalledApp) -> None:
    partner, first = installed.partner, installed.tokens()
    second = partner.refresh(first["refresh_token"]).json()
    assert second["client_secret"] == first["client_secret"]
    assert second["scope"] == first["scope"]
    assert partner.opens(second["access_token"])
    assert partner.refresh(second["refresh_token"]).status_code == 200


def test_of_two_refreshes_at_once_one_wins_and_the_family_survives(installed: InstalledApp) -> None:
    partner, token = installed.partner, installed.tokens()["refresh_token"]
    answers = at_once([lambda: partner.refresh(token)] * 4)
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    [won] = [answer.json() for answer in answers if answer.status_code == 200]
    assert error_of(partner.refresh(token)) == REFUSED
    assert partner.opens(won["access_token"])
    assert partner.refresh(won["refresh_token"]).status_code == 200


def test_a_spent_token_that_comes_later_kills_the_family(installed: InstalledApp) -> None:
    partner, token = installed.partner, installed.tokens()["refresh_token"]
    won = partner.refresh(token).json()
    age(installed, "oauth_token", spent_at="2 seconds")
    assert error_of(partner.refresh(token)) == REFUSED
    assert not partner.opens(won["access_token"])
    assert error_of(partner.refresh(won["refresh_token"])) == REFUSED


def test_another_family_of_the_same_installation_survives(installed: InstalledApp) -> None:
    partner, other = installed.partner, installed.tokens()
    token = installed.tokens()["refresh_token"]
    partner.refresh(token)
    age(installed, "oauth_token", spent_at="3 seconds")
    partner.refresh(token)
    assert partner.opens(other["access_token"])


def test_another_app_can_neither_refresh_nor_kill(installed: InstalledApp, stranger: CheckedTenant) -> None:
    other, tokens = Partner.register(stranger), installed.tokens()
    assert error_of(other.refresh(tokens["refresh_token"])) == REFUSED
    won = installed.partner.refresh(tokens["refresh_token"]).json()
    age(installed, "oauth_token", spent_at="3 seconds")
    assert error_of(other.refresh(tokens["refresh_token"])) == REFUSED
    assert installed.partner.opens(won["access_token"])


def test_a_refresh_can_ask_for_less_and_never_for_more(installed: InstalledApp) -> None:
    partner, tokens = installed.partner, installed.tokens()
    assert error_of(partner.refresh(tokens["refresh_token"], scope=f"{READ} admin")) == (400, "invalid_scope")
    less = partner.refresh(tokens["refresh_token"], scope=READ).json()
    assert less["scope"] == READ
    path = f"{APPS}/{partner.id}/installations/{installed.id}"
    refused = partner.call("PATCH", path, less["access_token"], json={"status": "complete"})
    assert refused.status_code == 403
    assert WRITE in refused.text
    # the refresh token keeps what was granted
    assert WRITE in partner.refresh(less["refresh_token"]).json()["scope"]


def test_access_lasts_an_hour_and_refreshing_thirty_days(installed: InstalledApp) -> None:
    partner, tokens = installed.partner, installed.tokens()
    age(installed, "oauth_token", expires_at="59 minutes")
    assert partner.opens(tokens["access_token"])
    age(installed, "oauth_token", expires_at="1 minute")
    assert not partner.opens(tokens["access_token"])
    tokens = partner.refresh(tokens["refresh_token"]).json()
    age(installed, "oauth_token", expires_at="30 days")
    assert error_of(partner.refresh(tokens["refresh_token"])) == REFUSED


# Who may ask


def test_a_client_that_is_not_itself_is_told_in_oauths_words(installed: InstalledApp, stranger: CheckedTenant) -> None:
    client_id, secret = installed.partner.credentials
    code = installed.code()
    for auth in ((client_id, "0" * 64), ("0" * 24, secret), ("nonsense", "é"), (client_id, ""), ("", secret)):
        answer = installed.partner.exchange(code, auth)
        assert error_of(answer) == (401, "invalid_client"), auth
        assert answer.headers["www-authenticate"].startswith("Basic ")
    assert installed.partner.exchange(code).status_code == 200


@pytest.mark.parametrize(
    "header", ["Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Bearer jf_x", "Basic /w==", "Digest x"]
)
def test_a_header_that_is_no_basic_is_no_client(partner: Partner, header: str) -> None:
    url = f"{partner.developer.service.url}{OAUTH}/token"
    answer = requests.post(url, data={"grant_type": "x"}, headers={"Authorization": header}, timeout=30)
    assert error_of(answer) == (401, "invalid_client")


def test_two_ways_at_once_are_one_too_many(partner: Partner) -> None:
    client_id, secret = partner.credentials
    both = partner.post("/token", grant_type="refresh_token", refresh_token="x", client_secret=secret)
    assert error_of(both) == (400, "invalid_request")
    two = partner.post("/token", grant_type="refresh_token", refresh_token="x", client_id="0" * 24)
    assert error_of(two) == (400, "invalid_request")
    same = partner.post("/token", grant_type="refresh_token", refresh_token="x", client_id=client_id)
    assert error_of(same) == REFUSED


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"grant_type": "authorization_code", "code": "x"}'),
        ("multipart/form-data; boundary=x", b"--x--"),
        ("application/x-www-form-urlencoded", b"grant_type=a&grant_type=b"),
        ("application/x-www-form-urlencoded", b"grant_type=%ff"),
        ("application/x-www-form-urlencoded", b"grant_type=\xff"),
        ("application/x-www-form-urlencoded", b"code=x"),
        ("application/x-www-form-urlencoded", b"grant_type="),
        ("application/x-www-form-urlencoded", b""),
        ("application/x-www-form-urlencoded", b"a=b&" * 1000),
        ("application/x-www-form-urlencoded", b"grant_type=authorization_code"),
        ("application/x-www-form-urlencoded", b"grant_type=refresh_token"),
    ],
)
def test_what_is_no_token_request_is_an_invalid_request(partner: Partner, content_type: str, body: bytes) -> None:
    url = f"{partner.developer.service.url}{OAUTH}/token"
    headers = {"Content-Type": content_type}
    answer = requests.post(url, data=body, headers=headers, auth=partner.credentials, timeout=30)
    assert error_of(answer) == (400, "invalid_request")


def test_another_grant_type_is_unsupported(partner: Partner) -> None:
    for grant_type in ("client_credentials", "password", "null", "Authorization_Code"):
        assert error_of(partner.post("/token", grant_type=grant_type)) == (400, "unsupported_grant_type")


def test_a_body_that_is_too_large_is_refused(partner: Partner) -> None:
    assert error_of(partner.exchange("x" * 1_100_000)) == (413, "invalid_request")


# Ending and asking


def test_a_refresh_token_is_revoked_with_its_family(installed: InstalledApp) -> None:
    partner, tokens = installed.partner, installed.tokens()
    assert partner.post("/revoke", token=tokens["refresh_token"]).status_code == 200
    assert not partner.opens(tokens["access_token"])
    assert error_of(partner.refresh(tokens["refresh_token"])) == REFUSED
    assert partner.post("/revoke", token=tokens["refresh_token"]).status_code == 200


def test_an_access_token_is_revoked_alone(installed: InstalledApp) -> None:
    partner, tokens = installed.partner, installed.tokens()
    assert partner.post("/revoke", token=tokens["access_token"], token_type_hint="refresh_token").status_code == 200
    assert not partner.opens(tokens["access_token"])
    assert partner.refresh(tokens["refresh_token"]).status_code == 200


def test_nobody_revokes_anothers_tokens(installed: InstalledApp, stranger: CheckedTenant) -> None:
    other, tokens = Partner.register(stranger), installed.tokens()
    for token in (tokens["access_token"], tokens["refresh_token"], "nonsense"):
        assert other.post("/revoke", token=token).status_code == 200
    assert installed.partner.opens(tokens["access_token"])


def test_a_token_is_told_of_to_its_own_app_alone(installed: InstalledApp, stranger: CheckedTenant) -> None:
    partner, other, tokens = installed.partner, Partner.register(stranger), installed.tokens()
    told = partner.post("/introspect", token=tokens["access_token"]).json()
    assert told["active"] is True
    assert (told["client_id"], told["sub"], told["token_type"]) == (partner.id, installed.id, "Bearer")
    assert told["exp"] - told["iat"] == 3600
    refresh = partner.post("/introspect", token=tokens["refresh_token"]).json()
    assert (refresh["active"], refresh["exp"] - refresh["iat"]) == (True, 30 * 24 * 3600)
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert other.post("/introspect", token=token).json() == {"active": False}
    partner.post("/revoke", token=tokens["refresh_token"])
    for token in (tokens["access_token"], tokens["refresh_token"], "nonsense"):
        assert partner.post("/introspect", token=token).json() == {"active": False}


def test_the_metadata_says_where_everything_is(partner: Partner) -> None:
    url = partner.developer.service.url
    told = requests.get(f"{url}/.well-known/oauth-authorization-server", timeout=30).json()
    assert told["issuer"] == url
    assert told["token_endpoint"] == f"{url}{OAUTH}/token"
    assert told["grant_types_supported"] == ["authorization_code", "refresh_token"]
    for name in ("token_endpoint", "revocation_endpoint", "introspection_endpoint"):
        assert requests.post(told[name], timeout=30).status_code == 400
    begin = {"response_type": "code", "client_id": partner.id}
    begun = requests.get(told["authorization_endpoint"], params=begin, timeout=30, allow_redirects=False)
    assert (begun.status_code, begun.headers["location"]) == (303, f"/platform/integrations/{partner.id}")


# An installation and its tokens


def test_the_apps_server_reads_what_was_filled_in_and_says_that_it_is_complete(installed: InstalledApp) -> None:
    partner, token = installed.partner, installed.tokens()["access_token"]
    own = partner.call("GET", f"{APPS}/{partner.id}/installations/self", token)
    assert own.headers["cache-control"] == "no-store"
    read = own.json()
    assert (read["id"], read["platform_integration_id"]) == (installed.id, partner.id)
    assert (read["configuration"], read["status"]) == (FILLED_IN, "incomplete")
    assert installed.tenant.hub_read(installed.id)["state"]["current"] == "new"
    path = f"{APPS}/{partner.id}/installations/{installed.id}"
    changed = partner.call("PATCH", path, token, json={"status": "complete"})
    assert (changed.status_code, changed.json()["status"]) == (200, "complete")
    shown = installed.tenant.hub_read(installed.id)
    assert (shown["state"]["current"], shown["name"]) == ("live", "Acme")
    assert partner.call("PATCH", path, token, json={"status": "incomplete"}).json()["status"] == "incomplete"
    entries = installed.tenant.operator.fetch(
        "select action, actor from audit_entry where organisation_id = $1 and key_id is null order by id",
        installed.tenant.organisation.id,
    )
    deeds = [entry["action"] for entry in entries if entry["actor"] == f"app:{partner.id}"]
    assert deeds == ["installation.read", "installation.updated", "installation.updated"]


def test_a_token_opens_its_own_installation_alone(installed: InstalledApp, stranger: CheckedTenant) -> None:
    partner, other = installed.partner, Partner.register(stranger).installed_by(installed.tenant)
    sibling = partner.installed_by(stranger)
    token = installed.tokens()["access_token"]
    for definition, installation in (
        (partner.id, sibling.id),
        (partner.id, other.id),
        (other.partner.id, installed.id),
        (other.partner.id, other.id),
        (partner.id, "nonsense"),
        ("nonsense", installed.id),
    ):
        path = f"{APPS}/{definition}/installations/{installation}"
        assert partner.call("PATCH", path, token, json={"status": "complete"}).status_code == 404
    assert partner.call("GET", f"{APPS}/{other.partner.id}/installations/self", token).status_code == 404


def test_a_status_that_there_is_not_is_told(installed: InstalledApp) -> None:
    path = f"{APPS}/{installed.partner.id}/installations/{installed.id}"
    token = installed.tokens()["access_token"]
    for body in ({"status": "done"}, {}, {"status": None}, []):
        answer = installed.partner.call("PATCH", path, token, json=body)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["type"] == "validation_error"


@pytest.mark.parametrize("token", ["", "x", "jfa_" + "A" * 43, "jfr_" + "A" * 43])
def test_what_is_no_access_token_opens_nothing(partner: Partner, token: str) -> None:
    answer = partner.call("GET", f"{OAUTH}/self", token)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_neither_a_key_nor_a_refresh_token_is_an_access_token(installed: InstalledApp) -> None:
    for token in (installed.tenant.key, installed.tokens()["refresh_token"]):
        assert not installed.partner.opens(token)
    assert (
        installed.tenant.call(
            "GET", APPS, headers={"Authorization": f"Bearer {installed.tokens()['access_token']}"}
        ).status_code
        == 401
    )


def test_an_uninstalled_app_has_nothing_any_more(installed: InstalledApp) -> None:
    partner, tokens, code = installed.partner, installed.tokens(), installed.code()
    assert installed.tenant.hubs("DELETE", f"/{installed.id}").status_code == 202
    assert not partner.opens(tokens["access_token"])
    assert error_of(partner.refresh(tokens["refresh_token"])) == REFUSED
    assert error_of(partner.exchange(code)) == REFUSED
    assert partner.post("/introspect", token=tokens["access_token"]).json() == {"active": False}


def test_what_was_filled_in_is_seen_in_hubs_and_is_not_to_be_changed_there(installed: InstalledApp) -> None:
    tenant = installed.tenant
    shown = tenant.hub_read(installed.id)
    assert shown["extra"] == {"account_name": "Acme", "api_key": "hunte...", "limit": "3"}
    assert shown["vendor"] == installed.partner.id
    assert not any(shown["auth"].values())
    for body in ({"auth": None}, {"extra": None}, {"name": "Other"}):
        assert tenant.hubs("PATCH", f"/{installed.id}", json=body).status_code == 403
    assert tenant.hub_read(installed.id) == shown


def test_nothing_in_the_database_is_a_secret_in_clear(installed: InstalledApp) -> None:
    tokens, code = installed.tokens(), installed.code()
    values = [code, *FILLED_IN.values(), installed.partner.app["client_secret"]]
    values += [tokens[name] for name in ("access_token", "refresh_token", "client_secret")]
    secrets = [value for value in values if isinstance(value, str) and len(value) > 10]
    for organisation in (installed.tenant.organisation, installed.partner.developer.organisation):
        for table in ("integration", "installation", "oauth_grant", "oauth_token", "definition", "audit_entry"):
            rows = installed.tenant.operator.fetch(
                f"select row_to_json(t)::text as row from {table} t where organisation_id = $1", organisation.id
            )
            text = "".join(row["row"] for row in rows)
            for value in secrets:
                assert value not in text
                assert value.encode().hex() not in text
                # a keyed hash, not a hash
                assert hashlib.sha256(value.encode()).hexdigest() not in text
    log = installed.tenant.service.read_log()
    assert not [value for value in secrets if value in log]


# As partners do it


@pytest.fixture
def insecure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The libraries insist on https otherwise."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("OAUTHLIB_RELAX_TOKEN_SCOPE", "1")


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_authlib_is_content(insecure: None, installed: InstalledApp, method: str) -> None:
    url, partner = installed.tenant.service.url, installed.partner
    client_id, secret = partner.credentials
    told = requests.get(f"{url}/.well-known/oauth-authorization-server", timeout=30).json()
    assert method in told["token_endpoint_auth_methods_supported"]
    updated: list[Any] = []
    with AuthlibSession(
        client_id,
        secret,
        token_endpoint=told["token_endpoint"],
        revocation_endpoint_auth_method=method,
        token_endpoint_auth_method=method,
        update_token=lambda token, **_: updated.append(token),
    ) as session:
        token = session.fetch_token(
            authorization_response=f"https://partner.example.com/callback?code={installed.code()}"
        )
        assert token["client_secret"]
        assert session.get(f"{url}{OAUTH}/self").json()["platform_integration_id"] == partner.id
        # expired, as far as the client knows: it refreshes by itself
        session.token = {**token, "expires_at": 1}
        assert session.get(f"{url}{OAUTH}/self").status_code == 200
        assert updated
        assert updated[0]["refresh_token"] != token["refresh_token"]
        told_of = session.introspect_token(told["introspection_endpoint"], token=updated[0]["access_token"])
        assert told_of.json()["active"] is True
        revoked = session.revoke_token(told["revocation_endpoint"], token=updated[0]["refresh_token"])
        assert revoked.status_code == 200
    assert not partner.opens(updated[0]["access_token"])


@pytest.mark.parametrize("in_form", [False, True])
def test_requests_oauthlib_is_content(insecure: None, installed: InstalledApp, in_form: bool) -> None:
    url, partner = installed.tenant.service.url, installed.partner
    client_id, secret = partner.credentials
    endpoint = f"{url}{OAUTH}/token"
    with OAuth2Session(client_id, redirect_uri="https://partner.example.com/callback") as session:
        way: dict[str, Any] = (
            {"client_secret": secret, "include_client_id": True}
            if in_form
            else {"auth": HTTPBasicAuth(client_id, secret)}
        )
        token = session.fetch_token(endpoint, code=installed.code(), **way)
        assert token["client_secret"]
        shown = session.get(f"{url}{APPS}/{partner.id}/installations/self")
        assert shown.json()["configuration"] == json.loads(json.dumps(FILLED_IN))
        way = (
            {"client_id": client_id, "client_secret": secret} if in_form else {"auth": HTTPBasicAuth(client_id, secret)}
        )
        newer = session.refresh_token(endpoint, **way)
        assert newer["refresh_token"] != token["refresh_token"]
        session.token = newer
        assert session.get(f"{url}{OAUTH}/self").status_code == 200
