"""The example's app, written from the contract alone, from its registration to its end; a person installs it."""

import base64
import hashlib
import hmac
import importlib.util
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from jackfield.vault import generate_master_key
from support.checked_tenant import CheckedTenant
from support.chromium import ARGUMENTS, Tab
from support.operator import ORIGIN, Operator
from support.service import free_port, start_service
from support.visitor import make_link
from support.waiting import until

pytestmark = pytest.mark.browser

EXAMPLE = Path(__file__).parents[2] / "examples" / "partner_app" / "partner.py"


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("partner_app_example", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def developer(server_url: str, worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CheckedTenant]:
    """A developer at a service of its own, which may call this machine."""
    with ExitStack() as stack:
        dsn = stack.enter_context(Operator.database(server_url, f"jackfield_{worker_id}_{uuid.uuid4().hex[:8]}"))
        environment = {"JACKFIELD_DATABASE_URL": dsn, "JACKFIELD_MASTER_KEYS": generate_master_key()}
        operator = stack.enter_context(Operator.open(environment))
        log = tmp_path_factory.mktemp("service") / "log"
        allow = {"JACKFIELD_EGRESS_ALLOW": "127.0.0.0/8"}
        service = stack.enter_context(start_service({**environment, **allow}, log, free_port()))
        yield CheckedTenant.create_checked(operator, service)


@pytest.fixture
def server(example: ModuleType, developer: CheckedTenant) -> Iterator[Any]:
    """The partner's server, with an app that the operator has approved."""
    server = example.Server.start(developer.service.url)
    app = server.partner.register(developer.key)
    developer.operator.run(developer.operator.house.services.apps.approve(app["id"], ORIGIN))
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def installer(developer: CheckedTenant) -> CheckedTenant:
    return CheckedTenant.create_checked(developer.operator, developer.service)


@pytest.fixture
def page(chromium: str, installer: CheckedTenant) -> Iterator[Page]:
    """The installer's browser, signed in by a link."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        tab = Tab(browser)
        tab.page.goto(installer.service.url + make_link(installer.operator, installer.organisation.handle))
        tab.page.get_by_role("button", name="Sign in").click()
        yield tab.page
        assert tab.complaints == []
        browser.close()


def install(page: Page, installer: CheckedTenant, app_id: str, region: str = "europe") -> None:
    page.goto(f"{installer.service.url}/platform/integrations/{app_id}")
    page.get_by_label("Workshop").fill("Acme Motors")
    page.get_by_label("Region").select_option(region)
    page.get_by_label("Key of your parts shop").fill("hunter2 in clear")
    page.get_by_role("button", name="Connect your workshop").click()


def test_from_the_registration_to_the_end(
    page: Page, server: Any, example: ModuleType, developer: CheckedTenant, installer: CheckedTenant
) -> None:
    partner = server.partner
    available = installer.hubs("GET", "/available").json()["data"]["apps"]
    [shown] = [one for one in available if one["vendor"] == partner.id]
    assert shown["name"] == "Parts Finder"

    install(page, installer, partner.id)
    expect(page.get_by_role("heading", name="Parts Finder is connected")).to_be_visible()
    [installation] = partner.installations.values()
    assert installation.configuration == {
        "workshop": "Acme Motors",
        "region": "europe",
        "api_key": "hunter2 in clear",
        "notify": True,
    }
    integration = installer.hub_read(installation.id)
    assert (integration["name"], integration["vendor"]) == ("Acme Motors", partner.id)
    assert integration["state"]["current"] == "live"
    assert partner.who_is(installation.access_token)["client_handle"] == installer.organisation.handle

    spent, secret = installation.refresh_token, installation.client_secret
    partner.refresh(installation)
    assert installation.refresh_token != spent
    assert installation.client_secret == secret
    assert partner.who_is(installation.access_token)["platform_integration_id"] == partner.id

    deletion = installer.hubs("DELETE", f"/{installation.id}")
    assert deletion.status_code == 202
    with pytest.raises(example.RefusedError, match="401"):
        partner.who_is(installation.access_token)
    with pytest.raises(example.RefusedError, match="invalid_grant"):
        partner.refresh(installation)
    job = installer.finished(deletion.json()["data"]["job"]["id"])
    assert job["tasks"][0]["output"] == {"revocation": "done"}
    assert installation.uninstalled
    assert installer.hub_read(installation.id)["state"]["current"] == "deleted"
    gone = "select sealed_secrets from integration where organisation_id = $1"
    assert [one[0] for one in installer.operator.fetch(gone, installer.organisation.id)] == [None]


def test_the_partner_says_why_it_cannot_be(page: Page, server: Any, installer: CheckedTenant) -> None:
    install(page, installer, server.partner.id, "elsewhere")
    expect(page.get_by_role("heading", name="Parts Finder is not connected")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_text("Your parts shop does not deliver to this region yet.")
    page.get_by_role("link", name="Try again").click()
    expect(page.get_by_role("heading", name="Install Parts Finder")).to_be_visible()


def test_a_partner_that_was_away_is_told_again(
    page: Page, server: Any, installer: CheckedTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(page, installer, server.partner.id)
    expect(page.get_by_role("heading", name="Parts Finder is connected")).to_be_visible()
    [installation] = server.partner.installations.values()
    believe = server.partner.uninstall
    calls = []

    def refuse_at_first(*arguments: str) -> bool:
        calls.append(arguments)
        return len(calls) > 1 and bool(believe(*arguments))

    monkeypatch.setattr(server.partner, "uninstall", refuse_at_first)
    job = installer.finished(installer.hubs("DELETE", f"/{installation.id}").json()["data"]["job"]["id"])
    assert job["tasks"][0]["output"] == {"revocation": "done"}
    assert len(calls) == 2
    assert installation.uninstalled


def test_a_partner_that_stays_away_keeps_nothing_alive(page: Page, server: Any, installer: CheckedTenant) -> None:
    install(page, installer, server.partner.id)
    expect(page.get_by_role("heading", name="Parts Finder is connected")).to_be_visible()
    [installation] = server.partner.installations.values()
    installation.client_secret = "another, so that no signature fits"
    job_id = installer.hubs("DELETE", f"/{installation.id}").json()["data"]["job"]["id"]
    job = until(lambda: installer.job(job_id), lambda one: one["state"]["current"] == "completed", 60.0)
    assert job["tasks"][0]["output"] == {"revocation": "failed: Parts Finder did not take the uninstallation (403)"}
    assert installer.hub_read(installation.id)["state"]["current"] == "deleted"
    entries = installer.operator.fetch(
        "select 1 from audit_entry where organisation_id = $1 and action = 'installation.uninstallation-failed'",
        installer.organisation.id,
    )
    assert len(entries) == 1


@pytest.mark.parametrize(
    ("seconds", "altered", "good"), [(0, "", True), (-600, "", False), (0, "x", False)], ids=["now", "old", "altered"]
)
def test_the_example_believes_a_signature_that_is_right_and_new(
    example: ModuleType, seconds: int, altered: str, good: bool
) -> None:
    """What is signed is worked out here once more, as the contract states it."""
    partner = example.Partner("http://127.0.0.1:1", "https://partner.example.com")
    partner.installations["1"] = example.Installation("1", "", "", "s\u00e9cret")
    timestamp = str(int(time.time()) + seconds)
    text = f"delete\nhttps://partner.example.com/uninstalled\n\n{timestamp}"
    digest = hmac.new("s\u00e9cret".encode(), text.encode(), hashlib.sha256).digest()
    signature = base64.b64encode(digest).decode() + altered
    assert partner.uninstall("1", "/uninstalled", signature, timestamp) is good
