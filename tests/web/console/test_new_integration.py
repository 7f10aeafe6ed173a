"""Connecting something new in the console: the catalogue's cards, and the form of each vendor."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support.checked_tenant import CheckedTenant
from support.operator import Operator
from support.partner import Partner
from support.service import Service, free_port, start_service
from support.vendor_server import VendorServer, taken
from support.visitor import FORM_TOKEN, Page, Visitor
from support.waiting import until

NEW = "/console/integrations/new"
GITHUB = f"{NEW}/github"
TOKEN = "token/auth/api_key"


@pytest.fixture
def admin(tenant: CheckedTenant) -> Visitor:
    return Visitor(tenant.service).signed_in(tenant.key)


@pytest.fixture(scope="module")
def registered(
    operator: Operator, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service whose operator is registered at GitHub."""
    port = free_port()
    settings = {
        "JACKFIELD_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "JACKFIELD_PROVIDERS__GITHUB__CLIENT_ID": "client",
        "JACKFIELD_PROVIDERS__GITHUB__CLIENT_SECRET": "secret",
    }
    log: Path = tmp_path_factory.mktemp("registered") / "log"
    with start_service({**environment, **settings}, log, port, "--no-jobs") as service:
        yield service


def create(admin: Visitor, **values: str | None) -> Page:
    """Fills in GitHub's form and sends it; `__` stands for the slash of a control's name."""
    page = admin.get(GITHUB)
    assert page.status == 200, page.text
    filled = {"way": "token", **{name.replace("__", "/"): value for name, value in values.items()}}
    return admin.send(page, GITHUB, filled)


def count_of(tenant: CheckedTenant) -> int:
    return len(tenant.hubs("GET", "").json()["data"])


def test_vendors_stand_in_their_categories(admin: Visitor) -> None:
    page = admin.get(NEW)
    assert page.status == 200
    assert page.text.index("Issue tracking") < page.text.index("Jira")
    assert list(page.all("a", href=GITHUB))


def test_vendors_are_searched_without_script(admin: Visitor) -> None:
    page = admin.get(f"{NEW}?search=giT")
    assert [one["href"] for one in page.all("a") if one["href"].startswith(f"{NEW}/")] == [
        f"{NEW}/github",
        f"{NEW}/gitlab",
    ]
    assert "Jira" in admin.get(f"{NEW}?search=issue tracking").text
    assert "Nothing has that name" in admin.get(f"{NEW}?search=<b>nothing").text


def test_an_app_leads_to_its_own_page(admin: Visitor, stranger: CheckedTenant) -> None:
    partner = Partner.register(stranger)
    page = admin.get(NEW, params={"search": partner.app["name"]})
    [card] = [one["href"] for one in page.all("a") if one["href"].startswith("/platform")]
    assert card == f"/platform/integrations/{partner.id}"
    assert admin.get(f"{NEW}/{partner.id}").location == card


def test_what_is_filled_in_is_saved_and_verified(admin: Visitor, tenant: CheckedTenant, vendors: VendorServer) -> None:
    token = f"taken-{uuid.uuid4()}"
    vendors.answer(token, taken)
    repository = vendors.repository().name
    sent = create(
        admin,
        token__auth__api_key=token,
        name="Our <code>",
        extra__repository=repository,
        item_type="work_item",
    )
    path = urlsplit(sent.location).path
    page = admin.get(sent.location)
    assert "It is saved" in page.text
    assert token not in page.answer.text
    integration = path.rpartition("/")[2]
    shown = until(lambda: tenant.hub_read(integration), lambda one: one["state"]["current"] == "live")
    assert (shown["name"], shown["extra"], shown["item_type"], shown["enabled"]) == (
        "Our <code>",
        {"repository": repository},
        "work_item",
        True,
    )
    after = admin.get(path).text
    assert "It works" in after
    assert "octocat" in after


def test_without_a_name_it_has_the_vendors_and_it_may_begin_paused(admin: Visitor, tenant: CheckedTenant) -> None:
    sent = create(admin, token__auth__api_key="any-token-of-mine", enabled=None)
    shown = tenant.hub_read(urlsplit(sent.location).path.rpartition("/")[2])
    assert (shown["name"], shown["enabled"], shown["item_type"]) == ("GitHub", False, "none")


def test_another_way_to_prove_oneself(admin: Visitor, tenant: CheckedTenant) -> None:
    sent = create(
        admin,
        way="app",
        app__auth__client_id="Iv1.0123456789abcdef",
        app__auth__base64_config="-----BEGIN RSA " + "PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
        app__extra__installation_id="4711",
    )
    shown = tenant.hub_read(urlsplit(sent.location).path.rpartition("/")[2])
    assert shown["extra"] == {"installation_id": "4711"}
    assert shown["auth"]["client_id"]
    assert shown["auth"]["api_key"] is None


def test_flaws_stand_at_their_fields_and_what_was_typed_stays(admin: Visitor, tenant: CheckedTenant) -> None:
    page = create(admin, extra__repository="no repository", name="Kept", item_type="work_item")
    assert page.status == 422
    assert "Please check what you filled in" in page.text
    control = page.control(TOKEN)
    assert control["aria-invalid"] == "true"
    assert page.control("extra/repository")["value"] == "no repository"
    assert page.control("name")["value"] == "Kept"
    [summary] = page.all("div", **{"class": "summary"})
    assert summary["role"] == "alert"
    assert list(page.all("a", href=f"#{control['id']}"))
    assert count_of(tenant) == 0


def test_what_was_typed_as_a_secret_is_not_sent_back(admin: Visitor) -> None:
    page = create(admin, token__auth__api_key="hunter2-hunter2", extra__repository="no repository")
    assert page.status == 422
    assert "hunter2-hunter2" not in page.answer.text
    assert "fill it in anew" in page.text


def test_what_items_need_is_asked_for_at_its_field(admin: Visitor, tenant: CheckedTenant) -> None:
    page = create(admin, token__auth__api_key="any-token-of-mine", item_type="work_item")
    assert page.status == 422
    assert page.control("extra/repository")["aria-invalid"] == "true"
    assert count_of(tenant) == 0


@pytest.mark.parametrize(
    "values",
    [
        {"name": "x" * 256},
        {"name": "\0"},
        {"item_type": "spaceship"},
        {"extra__repository": "\0/\0"},
        {"token__auth__api_key": "x" * 20_000},
        {"token__auth__api_key": "\0"},
    ],
    ids=["long-name", "nul-name", "item-type", "nul-setting", "long-secret", "nul-secret"],
)
def test_hostile_input_is_a_flaw(admin: Visitor, tenant: CheckedTenant, values: dict[str, str]) -> None:
    page = create(admin, **{"token__auth__api_key": "any-token-of-mine", **values})
    assert page.status == 422
    assert count_of(tenant) == 0


def test_a_form_without_its_token_is_refused(admin: Visitor, tenant: CheckedTenant) -> None:
    assert create(admin, token__auth__api_key="any-token-of-mine", **{FORM_TOKEN: None}).status == 403
    assert count_of(tenant) == 0


def test_there_is_no_such_vendor(admin: Visitor) -> None:
    for vendor in ("nobody", "%00", "x" * 5000, "0" * 24, "%3Cscript%3E"):
        page = admin.get(f"{NEW}/{vendor}")
        assert page.status in {400, 404, 414}, vendor
        assert "<script>alert" not in page.answer.text


def test_viewers_are_refused(tenant: CheckedTenant) -> None:
    viewer = Visitor(tenant.service).signed_in(tenant.view_only().key)
    page = viewer.get("/console/integrations")
    [form_token] = [value for name, value in page.forms[0].fields if name == FORM_TOKEN]
    answer = viewer.call("POST", GITHUB, data={FORM_TOKEN: form_token, TOKEN: "any-token-of-mine", "way": "token"})
    assert answer.status == 403
    assert count_of(tenant) == 0


# By OAuth


def test_a_vendor_that_connects_in_the_browser_is_gone_to(tenant: CheckedTenant, registered: Service) -> None:
    admin = Visitor(registered).signed_in(tenant.key)
    page = admin.get(GITHUB)
    assert "Connect with GitHub" in page.text
    gone = admin.send(page, f"{GITHUB}/connect")
    assert gone.location.startswith(f"{registered.url}/connect/jfc_")
    assert "GitHub" in admin.get(urlsplit(gone.location).path).text
    assert admin.get(f"{GITHUB}/connect").location == GITHUB


def test_what_was_granted_and_is_refused_is_connected_again(tenant: CheckedTenant, registered: Service) -> None:
    made = tenant.hub_integration(token="ghp_broken_for_good")["id"]
    tenant.verified(made)
    sql = "update integration set granted_at = now() where organisation_id = $1 returning id"
    tenant.operator.fetch(sql, tenant.organisation.id)
    admin = Visitor(registered).signed_in(tenant.key)
    path = f"/console/integrations/{made}"
    page = admin.get(path)
    assert "Connect it again" in page.text
    assert "Renew its access" in page.text
    gone = admin.send(page, f"{path}/connect")
    assert gone.location.startswith(f"{registered.url}/connect/jfc_")


def test_without_a_registration_it_is_not_offered(admin: Visitor) -> None:
    page = admin.get(GITHUB)
    assert "Connect with GitHub" not in page.text
    assert not [one for one in page.forms if one.action.endswith("/connect")]
