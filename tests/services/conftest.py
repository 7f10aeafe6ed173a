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
def quiet_operator(server_url: str, worker_id: str, vendors: VendorServer) -> Iterator[Operator]:
    """As `operator`, with a database that nobody else looks at, and every vendor at the stand-in."""
    placed = {slug: ProviderSettings(api_url=vendors.url) for slug in ("github", "slack")}
    with Operator.database(server_url, f"jackfield_quiet_{worker_id}_{uuid.uuid4().hex[:8]}") as dsn:
        environment = {"JACKFIELD_DATABASE_URL": dsn, "JACKFIELD_MASTER_KEYS": generate_master_key()}
        with Operator.open(environment, providers=placed) as operator:
            yield operator


@pytest.fixture
def bench(quiet_operator: Operator) -> Workbench:
    """A new organisation in it."""
    return Workbench(quiet_operator)
