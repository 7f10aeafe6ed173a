"""Beginning to install an app by OAuth's own address (RFC 6749 §4.1.1), and what the app gets back."""

from urllib.parse import parse_qs, quote, urlsplit

import pytest

from support.checked_tenant import CheckedTenant
from support.partner import Partner
from support.visitor import Page, Visitor

AUTHORIZE = "/platform/authorize"
CALLBACK = "https://partner.example.com/callback?from=jackfield"


@pytest.fixture
def partner(stranger: CheckedTenant) -> Partner:
    return Partner.register(stranger, scopes=["events:read"])


@pytest.fixture
def visitor(tenant: CheckedTenant) -> Visitor:
    return Visitor(tenant.service)


def begin(visitor: Visitor, partner: Partner, **query: str) -> Page:
    return visitor.get(AUTHORIZE, params={"response_type": "code", "client_id": partner.id, **query})


@pytest.mark.parametrize("state", ["xyz", "a b+c/d=&?#%", '"<script>', "~" * 512])
def test_the_app_gets_its_state_back_with_the_code(
    visitor: Visitor, partner: Partner, tenant: CheckedTenant, state: str
) -> None:
    begun = begin(visitor, partner, state=state, redirect_uri=CALLBACK, scope="events:read")
    here = begun.location
    # signing in comes between, and leads back with the state
    signing_in = visitor.get(here)
    assert signing_in.location.startswith("/console/sign-in?next=")
    signed_in = visitor.send(visitor.get(signing_in.location), "/console/sign-in", {"key": tenant.key})
    assert signed_in.location == here
    path = f"/platform/integrations/{partner.id}"
    page = visitor.get(here)
    refused = visitor.send(page, path, {"/account_name": " "})
    assert refused.status == 422
    done = visitor.send(refused, path, {"/account_name": "Acme"})
    query = parse_qs(urlsplit(done.location).query)
    assert query["state"] == [state]
    assert query["from"] == ["jackfield"]
    assert partner.exchange(query["code"][0]).status_code == 200


def test_without_a_state_there_is_none(tenant: CheckedTenant, partner: Partner) -> None:
    admin = Visitor(tenant.service).signed_in(tenant.key)
    here = begin(admin, partner).location
    assert here == f"/platform/integrations/{partner.id}"
    done = admin.send(admin.get(here), here, {"/account_name": "Acme"})
    assert set(parse_qs(urlsplit(done.location).query)) == {"code", "from"}


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": ""}, "invalid_request"),
        ({"scope": "admin"}, "invalid_scope"),
        ({"state": "x" * 513}, "invalid_request"),
        ({"state": "\u2603"}, "invalid_request"),
    ],
    ids=range(5),
)
def test_what_is_wrong_is_told_to_the_app(
    visitor: Visitor, partner: Partner, query: dict[str, str], error: str
) -> None:
    told = parse_qs(urlsplit(begin(visitor, partner, **{"state": "s", **query}).location).query)
    assert told["error"] == [error]
    assert told.get("state") == (["s"] if "state" not in query else None)


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example.com/",
        "https://partner.example.com/callback",
        f"{CALLBACK}&more=1",
        "javascript:alert(1)",
        "",
    ],
)
def test_the_browser_is_sent_to_the_registered_address_alone(visitor: Visitor, partner: Partner, address: str) -> None:
    page = begin(visitor, partner, redirect_uri=address, response_type="token")
    assert page.status == 400
    assert "callback URL" in page.text


def test_an_app_that_nobody_has_approved_sends_the_browser_nowhere(visitor: Visitor, tenant: CheckedTenant) -> None:
    partner = Partner.register(tenant, approved=False)
    assert begin(visitor, partner, response_type="token").status == 400
    assert begin(visitor, partner).location == f"/platform/integrations/{partner.id}"


def test_an_app_without_a_callback_is_installed_from_its_page(visitor: Visitor, stranger: CheckedTenant) -> None:
    partner = Partner.register(stranger, oauth_callback_url=None)
    page = begin(visitor, partner)
    assert (page.status, "install page" in page.text) == (400, True)


@pytest.mark.parametrize("client_id", ["", "0" * 24, "nonsense", "\0"])
def test_what_is_no_app_is_not_found(visitor: Visitor, client_id: str) -> None:
    page = visitor.get(AUTHORIZE, params={"response_type": "code", "client_id": client_id})
    assert page.status == 404


def test_behind_a_tenant_it_stays_behind_the_tenant(visitor: Visitor, partner: Partner, tenant: CheckedTenant) -> None:
    own = f"/tenants/{tenant.organisation.handle}"
    begun = visitor.get(f"{own}{AUTHORIZE}", params={"response_type": "code", "client_id": partner.id, "state": "a/b"})
    assert begun.location == f"{own}/platform/integrations/{partner.id}?state={quote('a/b', safe='')}"
