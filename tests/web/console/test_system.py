"""The installation as its operator sees it, who alone does, and what is told where something is off."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from jackfield import __version__
from jackfield.domain.system import Backlog, DatabaseFacts, MasterKeyUse, SystemFacts, Worker
from jackfield.web.console.system import concerns
from support.checked_tenant import CheckedTenant
from support.operator import ORIGIN
from support.visitor import Visitor

PATH = "/console/system"
NOW = datetime.now(UTC)
DATABASE = DatabaseFacts(
    version="18.1", migration="0011", size_bytes=1, connections=10, connections_limit=100, started_at=NOW
)
WORKER = Worker(address=None, started_at=NOW, seen_at=NOW)
NEWEST = MasterKeyUse(id="v2", newest=True, given=True, wraps=3)
WELL = SystemFacts(
    jackfield_version="1",
    python_version="3",
    database=DATABASE,
    backlog=(Backlog(kind="verify", waiting=3, scheduled=5, running=1, oldest_seconds=0.5),),
    workers=(WORKER,),
    key_ring=(NEWEST, MasterKeyUse(id="v1", newest=False, given=True, wraps=0)),
    data_keys={1: 3},
    organisations=3,
    resting=0,
)


@pytest.fixture
def operator_visitor(tenant: CheckedTenant) -> Visitor:
    links = tenant.operator.house.services.console_links
    link = tenant.operator.run(links.create(tenant.organisation.handle, "olga", (), ORIGIN, is_operator=True))
    visitor = Visitor(tenant.service)
    assert visitor.sign_in_with_link(link.path).status == 303
    return visitor


def titles(**changed: object) -> list[str]:
    return [one.title for one in concerns(msgspec.structs.replace(WELL, **changed), NOW)]


def test_the_operator_sees_the_whole_installation(operator_visitor: Visitor, tenant: CheckedTenant) -> None:
    tenant.hub_integration()
    page = operator_visitor.get(PATH)
    assert page.status == 200
    assert f"Jackfield {__version__}" in page.text
    assert "PostgreSQL" in page.text
    assert "Heard of" in page.text
    assert "Newest" in page.text
    assert "at data key 1" in page.text
    [live] = page.all("div", id="system")
    assert "data-live" in live
    assert list(page.all("a", href=PATH))


def test_nobody_else_does(tenant: CheckedTenant) -> None:
    admin = Visitor(tenant.service).signed_in(tenant.key)
    page = admin.get(PATH)
    assert page.status == 403
    assert "PostgreSQL" not in page.text
    assert not list(admin.get("/console").all("a", href=PATH))
    assert Visitor(tenant.service).get(PATH).location == f"/console/sign-in?next={PATH}"
    assert admin.call("POST", PATH).status == 405


def test_where_all_is_well_nothing_is_told() -> None:
    assert titles() == []


def test_that_nobody_runs_jobs_is_told() -> None:
    assert titles(workers=()) == ["Nobody runs jobs"]


def test_that_somebody_is_silent_is_told() -> None:
    silent = Worker(address="192.0.2.1", started_at=NOW, seen_at=NOW - timedelta(minutes=5))
    assert titles(workers=(WORKER, silent)) == ["1 process that should run jobs cannot be heard"]


def test_that_jobs_wait_long_is_told_with_the_time() -> None:
    late = Backlog(kind="deliver", waiting=9, scheduled=0, running=1, oldest_seconds=600.0)
    [told] = concerns(msgspec.structs.replace(WELL, backlog=(late, *WELL.backlog)), NOW)
    assert "Delivery for 10 minutes" in told.text
    assert "Verification" not in told.text


def test_that_a_key_is_missing_comes_first() -> None:
    missing = MasterKeyUse(id="v0", newest=False, given=False, wraps=2)
    former = MasterKeyUse(id="v1", newest=False, given=True, wraps=1)
    told = titles(key_ring=(NEWEST, former, missing), workers=())
    assert told == ["A master key is missing", "The change of the master key is not finished", "Nobody runs jobs"]


def test_that_connections_run_out_is_told() -> None:
    full = msgspec.structs.replace(DATABASE, connections=90)
    assert titles(database=full) == ["The database has few connections left"]
