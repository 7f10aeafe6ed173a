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

from jackfield.domain import ids
from jackfield.domain.delivery import TRIES
from jackfield.domain.errors import CapabilityMissing
from jackfield.domain.integration import secrets_place
from jackfield.domain.job import JobNotFound, JobNotWaiting
from jackfield.domain.principal import Capability
from jackfield.vault import Vault, generate_master_key
from support.checked_tenant import CheckedTenant
from support.chromium import ARGUMENTS, Tab
from support.operator import ORIGIN, Operator
from support.partner import caller_of
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


def away(server: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The partner refuses every uninstallation from now on; returns the calls."""
    calls: list[Any] = []

    def refuse(*arguments: str) -> bool:
        calls.append(arguments)
        return False

    monkeypatch.setattr(server.partner, "uninstall", refuse)
    return calls


def installed(page: Page, server: Any, installer: CheckedTenant) -> Any:
    install(page, installer, server.partner.id)
    expect(page.get_by_role("heading", name="Parts Finder is connected")).to_be_visible()
    [installation] = server.partner.installations.values()
    return installation


def uninstalling(installer: CheckedTenant, installation: Any, calls: list[Any]) -> str:
    """Deletes it, and waits until the partner has refused once; returns the job's id."""
    job_id: str = installer.hubs("DELETE", f"/{installation.id}").json()["data"]["job"]["id"]
    until(lambda: installer.job(job_id), lambda one: bool(calls) and one["state"]["current"] == "scheduled", 30.0)
    return job_id


def secrets_left(installer: CheckedTenant) -> Any:
    """The names of the secrets that are stored of the organisation's one integration; None: there are none."""
    operator = installer.operator
    [row] = operator.fetch(
        "select id, sealed_secrets from integration where organisation_id = $1", installer.organisation.id
    )
    if row["sealed_secrets"] is None:
        return None
    place = secrets_place(installer.organisation.id, row["id"])
    vault = Vault(operator.house.master_keys, operator.house.data_keys)
    return set(operator.run(vault.open(place, row["sealed_secrets"])))


def test_a_partner_that_was_away_is_told_again_over_days_and_by_hand(
    page: Page, server: Any, installer: CheckedTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation = installed(page, server, installer)
    believe = server.partner.uninstall
    calls = away(server, monkeypatch)
    job_id = uninstalling(installer, installation, calls)
    job = installer.job(job_id)
    # shown: why, and when it is tried again
    assert "did not take the uninstallation" in job["state"]["error"]["message"]
    assert job["schedule"] > job["events"]["queued"]
    # what was filled in is erased already; what signs the call is not
    assert secrets_left(installer) == {"client_secret"}
    assert installer.hub_read(installation.id)["state"]["current"] == "deleting"

    page.goto(f"{installer.service.url}/console/jobs/{job_id}")
    expect(page.get_by_text("did not take the uninstallation")).to_be_visible()
    page.get_by_role("button", name="Retry now").click()
    until(lambda: len(calls), lambda count: count == 2, 30.0)
    until(lambda: installer.job(job_id), lambda one: one["state"]["current"] == "scheduled", 30.0)
    # tries that a person asks for do not use up the job's own
    failures = "select failures from job where organisation_id = $1"
    assert [one[0] for one in installer.operator.fetch(failures, installer.organisation.id)] == [1]

    monkeypatch.setattr(server.partner, "uninstall", believe)
    page.goto(f"{installer.service.url}/console/jobs/{job_id}")
    page.get_by_role("button", name="Retry now").click()
    ended = installer.finished(job_id)
    assert (ended["state"]["current"], ended["tasks"][0]["output"]) == ("completed", {"revocation": "done"})
    assert installation.uninstalled
    assert secrets_left(installer) is None
    assert installer.hub_read(installation.id)["state"]["current"] == "deleted"


def test_who_may_not_manage_retries_nothing_and_what_has_ended_is_not_retried(
    page: Page, server: Any, installer: CheckedTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation = installed(page, server, installer)
    believe = server.partner.uninstall
    calls = away(server, monkeypatch)
    job_id = uninstalling(installer, installation, calls)
    jobs, number = installer.operator.house.services.jobs, ids.parse_hex(job_id)
    viewer = caller_of(installer.organisation, Capability.VIEW)
    with pytest.raises(CapabilityMissing):
        installer.operator.run(jobs.retry(viewer, number, job_id))
    with pytest.raises(JobNotFound):
        installer.operator.run(jobs.retry(caller_of(installer.operator.create_organisation()), number, job_id))
    monkeypatch.setattr(server.partner, "uninstall", believe)
    retried = installer.call("POST", f"/v1/jobs/{job_id}/retry")
    assert (retried.status_code, retried.json()["data"]["job"]["id"]) == (202, job_id)
    installer.finished(job_id)
    with pytest.raises(JobNotWaiting):
        installer.operator.run(jobs.retry(caller_of(installer.organisation), number, job_id))
    late = installer.call("POST", f"/v1/jobs/{job_id}/retry")
    assert (late.status_code, late.json()["error"]["code"]) == (403, "403.invalid-state")
    assert installer.call("POST", f"/v1/jobs/{'0' * 24}/retry").status_code == 404


def test_a_partner_that_stays_away_keeps_nothing_alive(
    page: Page, server: Any, installer: CheckedTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After three and a half days, the last try."""
    installation = installed(page, server, installer)
    calls = away(server, monkeypatch)
    job_id = uninstalling(installer, installation, calls)
    operator = installer.operator
    operator.fetch("update job set failures = $2 where organisation_id = $1", installer.organisation.id, TRIES)
    jobs = operator.house.services.jobs
    operator.run(jobs.retry(caller_of(installer.organisation), ids.parse_hex(job_id), job_id))
    job = until(lambda: installer.job(job_id), lambda one: one["state"]["current"] == "error", 60.0)
    reason = "Parts Finder did not take the uninstallation (403)"
    assert job["state"]["error"]["message"] == reason
    assert job["tasks"][0]["output"] == {"revocation": f"failed: {reason}"}
    assert installer.hub_read(installation.id)["state"]["current"] == "deleted"
    assert secrets_left(installer) is None
    entries = operator.fetch(
        "select 1 from audit_entry where organisation_id = $1 and action = 'installation.uninstallation-failed'",
        installer.organisation.id,
    )
    assert len(entries) == 1


def test_an_organisation_that_is_deleted_says_which_apps_are_not_told(
    page: Page, server: Any, installer: CheckedTenant, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    installation = installed(page, server, installer)
    organisations, handle = installer.operator.house.services.organisations, installer.organisation.handle
    untold = installer.operator.run(organisations.untold_apps(handle))
    assert [(ids.to_hex(one.installation_id), one.app_name) for one in untold] == [(installation.id, "Parts Finder")]
    # also while the app is told again and again
    uninstalling(installer, installation, away(server, monkeypatch))
    assert installer.operator.run(organisations.untold_apps(handle)) == untold
    installer.operator.run(organisations.delete(handle, ORIGIN))
    entries = installer.operator.fetch(
        "select actor, subject_ids from audit_entry where organisation_id = $1 and action = $2",
        installer.organisation.id,
        "installation.uninstallation-failed",
    )
    assert [(one["actor"], ids.to_hex(one["subject_ids"][0])) for one in entries] == [("operator", installation.id)]


def test_an_app_that_never_heard_of_an_installation_is_not_told_of_its_end(
    server: Any, installer: CheckedTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = away(server, monkeypatch)
    operator = installer.operator
    creating = operator.house.services.installations.create(
        caller_of(installer.organisation), ids.parse_hex(server.partner.id), {"workshop": "Acme", "region": "europe"}
    )
    job_id = installer.hubs("DELETE", f"/{ids.to_hex(operator.run(creating).id)}").json()["data"]["job"]["id"]
    job = installer.finished(job_id)
    assert job["tasks"][0]["output"] == {"revocation": "not needed: the app never heard of it"}
    assert calls == []


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
