"""GitHub, Slack and Linear connected, broken, connected again and deleted, against an emulator somebody else wrote."""

import uuid
from collections.abc import Iterator
from typing import Any, Final

import pytest
import requests
from joserfc.jwk import RSAKey

from jackfield.domain.connecting import Outcome, Wish
from jackfield.domain.job import JobKind
from jackfield.domain.session import generate_visitor_token
from jackfield.settings import ProviderSettings
from jackfield.vault import generate_master_key
from support.emulator import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, TOKEN_OF_NOBODY, Emulator, approve, start_emulator
from support.grants import secrets_of
from support.operator import ORIGIN, Operator
from support.workbench import Workbench

#: whose button is pressed at each vendor
WHO: Final = {"github": "octocat", "slack": "admin", "linear": "Jackfield"}
every_vendor = pytest.mark.parametrize("slug", list(WHO))


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    private_key = RSAKey.generate_key(2048).as_pem(private=True).decode()
    with start_emulator(tmp_path_factory.mktemp("emulator"), private_key) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def emulated_operator(server_url: str, emulator: Emulator) -> Iterator[Operator]:
    placed = {}
    for slug in WHO:
        url = getattr(emulator, slug)
        api_url = f"{url}/api" if slug == "slack" else url
        known: dict[str, Any] = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        placed[slug] = ProviderSettings(base_url=url, api_url=api_url, **known)
    public_url = REDIRECT_URI.removesuffix("/connect/callback")
    with Operator.database(server_url, f"jackfield_emulated_{uuid.uuid4().hex[:8]}") as dsn:
        environment = {"JACKFIELD_DATABASE_URL": dsn, "JACKFIELD_MASTER_KEYS": generate_master_key()}
        with Operator.open(environment, providers=placed, public_url=public_url) as operator:
            yield operator


@pytest.fixture
def bench(emulated_operator: Operator) -> Workbench:
    return Workbench(emulated_operator)


def connect(bench: Workbench, slug: str, again: int | None = None, who: str | None = None) -> Outcome:
    services, browser = bench.house.services, generate_visitor_token()
    made = bench.operator.run(services.connect_links.create(bench.caller, Wish(vendor=slug, integration_id=again)))
    page = bench.operator.run(services.connecting.begin(made.token, browser))
    came_back = approve(page, who or WHO[slug])
    return bench.operator.run(services.connecting.come_back(browser, came_back, ORIGIN))


def break_(bench: Workbench, emulator: Emulator, slug: str, integration: int) -> None:
    """Nothing that is stored is taken by the vendor any more."""
    if slug == "linear":
        token = secrets_of(bench, integration)["access_token"]
        answer = requests.post(f"{emulator.linear}/oauth/revoke", data={"token": token}, timeout=10)
        assert answer.status_code == 200
        bench.change(integration, granted_at=None)
    else:
        # what else the emulator takes for a token of its first user
        unknown = {"github": "eyJhbGciOiJub25lIn0.e30.wrong", "slack": TOKEN_OF_NOBODY}[slug]
        bench.change(integration, sealed_secrets=bench.sealed(integration, {"access_token": unknown}))


@every_vendor
def test_it_is_connected_broken_and_repaired(bench: Workbench, emulator: Emulator, slug: str) -> None:
    outcome = connect(bench, slug)
    assert (outcome.state, outcome.error) == ("connected", None)
    integration = outcome.integration_id
    assert integration is not None
    row = bench.row(integration)
    assert (row["state"], row["status"], row["health"]) == ("live", "active", "active")
    assert None not in {row["account_id"], row["account_name"]}
    if slug == "slack":
        assert '"workspace_id"' in row["configuration"]

    break_(bench, emulator, slug, integration)
    assert bench.run_to_its_end(bench.queue(integration, JobKind.VERIFY))["state"] == "error"
    assert bench.row(integration)["health"] == "needs_reauthorisation"

    repaired = connect(bench, slug, integration)
    assert (repaired.state, repaired.error, repaired.integration_id) == ("connected", None, integration)
    row = bench.row(integration)
    assert (row["state"], row["status"], row["health"]) == ("live", "active", "active")
    assert row["granted_at"] is not None

    bench.change(integration, state="deleting")
    job = bench.run_to_its_end(bench.queue(integration, JobKind.DELETE))
    assert job["state"] == "completed"


def test_of_another_person_it_is_refused(bench: Workbench) -> None:
    integration = connect(bench, "github").integration_id
    assert integration is not None
    before = bench.row(integration)
    refused = connect(bench, "github", integration, "admin")
    assert refused.state == "failed"
    assert "connected as octocat" in (refused.error or "")
    assert bench.row(integration) == before
