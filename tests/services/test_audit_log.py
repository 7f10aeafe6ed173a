"""The audit as an administrator reads it and takes it along."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jackfield.domain.audit import Action, AuditFilter, AuditRecord
from jackfield.domain.errors import CapabilityMissing
from jackfield.domain.principal import Capability
from support.callers import allowed, lacking
from support.workbench import Workbench

SEED = """
insert into audit_entry (organisation_id, action, key_id, actor, address, request_id, subject_ids, fields)
select $1, (array['integration.created', 'integration.updated'])[1 + n % 2], 1, (array['alice', 'bob'])[1 + n / 2 % 2],
    '127.0.0.1', n::text, array[1000 + n % 5, 7], '{name,enabled}' from generate_series(1, $2::integer) n
"""


def seeded(bench: Workbench, count: int) -> Workbench:
    bench.operator.fetch(SEED, bench.organisation.id, count)
    return bench


def listed(bench: Workbench, wanted: AuditFilter | None = None, **more: Any) -> list[AuditRecord]:
    caller = allowed(bench, Capability.MANAGE_ORGANISATION)
    log = bench.house.services.audit_log
    return list(bench.operator.run(log.list(caller, wanted or AuditFilter(), **more)))


def exported(bench: Workbench, wanted: AuditFilter | None = None) -> list[AuditRecord]:
    async def export() -> list[AuditRecord]:
        caller = allowed(bench, Capability.MANAGE_ORGANISATION)
        return [record async for record in await bench.house.services.audit_log.export(caller, wanted or AuditFilter())]

    return bench.operator.run(export())


def test_the_newest_comes_first_with_all_that_is_known(bench: Workbench) -> None:
    seeded(bench, 20)
    first = listed(bench)[0]
    assert (first.action, first.key_id, first.user, first.address, first.request_id) == (
        "integration.created",
        1,
        "alice",
        "127.0.0.1",
        "20",
    )
    assert (first.subject_ids, first.fields) == ((1000, 7), ("name", "enabled"))
    assert datetime.now(UTC) - first.at < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("wanted", "which"),
    [
        (AuditFilter(user="bob"), lambda n: n // 2 % 2 == 1),
        (AuditFilter(action=Action.INTEGRATION_UPDATED), lambda n: n % 2 == 1),
        (AuditFilter(subject_id=1003), lambda n: n % 5 == 3),
        (AuditFilter(user="bob", action=Action.INTEGRATION_UPDATED), lambda n: n % 4 == 3),
        (AuditFilter(user="bob", action=Action.INTEGRATION_UPDATED, subject_id=1003), lambda n: n % 20 == 3),
        (AuditFilter(user="nobody"), lambda _: False),
    ],
    ids=["user", "action", "subject", "user and action", "all", "nobody"],
)
def test_what_is_asked_for_is_listed_page_by_page(bench: Workbench, wanted: AuditFilter, which: Any) -> None:
    seeded(bench, 60)
    pages: list[AuditRecord] = []
    while page := listed(bench, wanted, before=pages[-1].id if pages else None, limit=4):
        pages += page
    made_by_the_bench = 1
    assert [int(record.request_id) for record in pages] == [n for n in range(60, 0, -1) if which(n)]
    assert len(listed(bench, limit=100)) == 60 + made_by_the_bench


def test_times_are_a_range(bench: Workbench) -> None:
    [organisation_created] = listed(bench)
    seeded(bench, 3)
    made = organisation_created.at
    day = timedelta(days=1)
    assert len(listed(bench, AuditFilter(since=made - day, until=made + day))) == 4
    assert listed(bench, AuditFilter(until=made - day)) == []
    assert listed(bench, AuditFilter(since=made + day)) == []
    # further than any id reaches
    assert len(listed(bench, AuditFilter(since=datetime.min.replace(tzinfo=UTC)))) == 4
    assert len(listed(bench, AuditFilter(until=datetime.max.replace(tzinfo=UTC)))) == 4


def test_an_export_is_whole_and_audited(bench: Workbench) -> None:
    seeded(bench, 2500)
    records = exported(bench, AuditFilter(user="bob"))
    assert [int(record.request_id) for record in records] == [n for n in range(2500, 0, -1) if n // 2 % 2 == 1]
    [entry] = listed(bench, AuditFilter(action=Action.AUDIT_EXPORTED))
    assert (entry.user, entry.fields) == ("alice", ("user",))
    # this export begins with what tells of it
    assert exported(bench)[0].action == Action.AUDIT_EXPORTED


def test_another_organisation_reads_and_exports_its_own(bench: Workbench) -> None:
    seeded(bench, 20)
    other = Workbench(bench.operator)
    assert [record.action for record in listed(other)] == ["organisation.created"]
    assert [record.action for record in exported(other)] == ["audit.exported", "organisation.created"]


def test_only_who_manages_the_organisation_reads_it(bench: Workbench) -> None:
    caller = lacking(bench, Capability.MANAGE_ORGANISATION)
    log = bench.house.services.audit_log
    with pytest.raises(CapabilityMissing):
        bench.operator.run(log.list(caller, AuditFilter()))
    with pytest.raises(CapabilityMissing):
        bench.operator.run(log.export(caller, AuditFilter()))
    assert [record.action for record in listed(bench)] == ["organisation.created"]
