"""A house that no service shares: what jobs there are is run by the test alone."""

import uuid
from collections.abc import Iterator

import pytest

from jackfield.settings import ProviderSettings
from jackfield.vault import generate_master_key
from support.operator import Operator
from support.vendor_server import VendorServer
from support.workbench import Workbench


@pytest.fixture(scope="session")
def quiet_environment(server_url: str, worker_id: str) -> Iterator[dict[str, str]]:
    """Of services on a database that nobody else looks at."""
    with Operator.database(server_url, f"jackfield_quiet_{worker_id}_{uuid.uuid4().hex[:8]}") as dsn:
        yield {"JACKFIELD_DATABASE_URL": dsn, "JACKFIELD_MASTER_KEYS": generate_master_key()}


@pytest.fixture(scope="session")
def quiet_operator(quiet_environment: dict[str, str], vendors: VendorServer) -> Iterator[Operator]:
    """As `operator`, with that database, and every vendor at the stand-in."""
    with Operator.open(quiet_environment, providers=placed(vendors)) as operator:
        yield operator


@pytest.fixture
def second_operator(
    quiet_environment: dict[str, str], quiet_operator: Operator, vendors: VendorServer
) -> Iterator[Operator]:
    """Another service on the same database."""
    with Operator.open(quiet_environment, providers=placed(vendors)) as operator:
        yield operator


def placed(vendors: VendorServer) -> dict[str, ProviderSettings]:
    return {slug: ProviderSettings(api_url=vendors.url) for slug in ("github", "slack")}


@pytest.fixture
def bench(quiet_operator: Operator) -> Workbench:
    """A new organisation in it."""
    return Workbench(quiet_operator)
