"""What all tests share: a real database, a real service over real HTTP, and an operator who makes organisations.

Tests run in parallel and never clean up: each makes an organisation of its own, and sees nothing else.
"""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from jackfield.providers._registry import provider_classes
from jackfield.storage.embedded import EmbeddedServer
from jackfield.vault import generate_master_key
from support.operator import Operator
from support.service import Service, free_port, start_service
from support.tenant import Tenant
from support.vendor_server import VendorServer

#: set by CI: a test that would be skipped fails
REQUIRE_ALL = "JACKFIELD_TEST_REQUIRE_ALL"
#: where the processes of one run meet
RUN_DIRECTORY = "JACKFIELD_TEST_RUN_DIRECTORY"


def pytest_configure(config: pytest.Config) -> None:
    # not under the directory of pytest: a second run takes every permission from it, and with it the way to it
    if not hasattr(config, "workerinput"):
        os.environ[RUN_DIRECTORY] = tempfile.mkdtemp(prefix="jackfield-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(RUN_DIRECTORY), ignore_errors=True)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    outcome = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get(REQUIRE_ALL) and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and {REQUIRE_ALL} is set: {call.excinfo and call.excinfo.value}"


@pytest.fixture(scope="session")
def shared_directory() -> Path:
    """One directory for all workers of this run."""
    return Path(os.environ[RUN_DIRECTORY])


@pytest.fixture(scope="session")
def server_url(shared_directory: Path) -> Iterator[str]:
    """A PostgreSQL: the operator's JACKFIELD_TEST_DATABASE_URL, or an embedded one that all workers share."""
    given = os.environ.get("JACKFIELD_TEST_DATABASE_URL")
    if given:
        yield given
        return
    server = EmbeddedServer(shared_directory / "database")
    server.open()
    yield server.dsn
    server.close()


@pytest.fixture(scope="session")
def vendors() -> Iterator[VendorServer]:
    """What the service of this worker takes for every vendor."""
    with VendorServer.start() as vendors:
        yield vendors


@pytest.fixture(scope="session")
def environment(server_url: str, worker_id: str, vendors: VendorServer) -> Iterator[dict[str, str]]:
    """The environment of a service with a database of this worker's own. No vendor is called but the stand-in."""
    name = f"jackfield_test_{worker_id}_{uuid.uuid4().hex[:8]}"
    addresses = {f"JACKFIELD_PROVIDERS__{slug.upper()}__API_URL": vendors.url for slug in provider_classes()}
    with Operator.database(server_url, name) as dsn:
        yield {"JACKFIELD_DATABASE_URL": dsn, "JACKFIELD_MASTER_KEYS": generate_master_key(), **addresses}


@pytest.fixture(scope="session")
def operator(environment: dict[str, str]) -> Iterator[Operator]:
    """The house opened in this process: makes organisations and keys, and looks into the database."""
    with Operator.open(environment) as operator:
        yield operator


@pytest.fixture(scope="session")
def service(
    operator: Operator, environment: dict[str, str], shared_directory: Path, worker_id: str
) -> Iterator[Service]:
    """`jackfield serve` as it ships, in a process of its own."""
    with start_service(environment, shared_directory / f"service-{worker_id}.log", free_port()) as service:
        yield service
        assert service.stop() == 0


@pytest.fixture
def tenant(operator: Operator, service: Service) -> Tenant:
    """A new organisation with a key that may do everything."""
    return Tenant.create(operator, service)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path; skips where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    return found
