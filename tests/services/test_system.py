"""What the operator sees of the whole installation, and the decisions about what developers publish."""

import platform

import pytest

import jackfield
from jackfield.domain.app import AppFields, AppHasStatus, AppNotFound, AppStatus
from jackfield.domain.errors import CapabilityMissing
from jackfield.domain.principal import Capability
from jackfield.domain.system import SystemFacts
from jackfield.storage.migrate import newest_version
from support.callers import allowed, lacking
from support.workbench import Workbench


def system(bench: Workbench) -> SystemFacts:
    return bench.operator.run(bench.house.services.system.get(allowed(bench, Capability.OPERATE)))


def test_versions_and_the_database_are_told(bench: Workbench) -> None:
    facts = system(bench)
    assert facts.jackfield_version == jackfield.__version__
    assert facts.python_version == platform.python_version()
    assert facts.database.migration == newest_version()
    assert int(facts.database.version.split(".")[0].split()[0]) >= 13
    assert facts.database.size_bytes > 1_000_000
    assert 0 < facts.database.connections <= facts.database.connections_limit
    assert facts.database.started_at.tzinfo is not None


def test_the_backlog_is_told_by_kind(bench: Workbench) -> None:
    bench.queue(bench.integration())
    bench.operator.fetch(
        """
        insert into pgqueuer (priority, entrypoint, payload, status, execute_after)
        values (0, 'of this test', '0:0', 'queued', now() - interval '1 hour'),
            (0, 'of this test', '0:0', 'queued', now() + interval '1 hour'),
            (0, 'of this test', '0:0', 'picked', now())
        """
    )
    backlog = {one.kind: one for one in system(bench).backlog}
    bench.operator.fetch("delete from pgqueuer where entrypoint = 'of this test'")
    ours = backlog["of this test"]
    assert (ours.waiting, ours.scheduled, ours.running) == (1, 1, 1)
    assert 3600 <= (ours.oldest_seconds or 0) < 3700
    assert backlog["verify"].waiting >= 1


def test_keys_organisations_and_limits_are_counted(bench: Workbench) -> None:
    before = system(bench)
    other = Workbench(bench.operator)
    limited = other.integration(token="t")
    limit = "insert into rest (organisation_id, integration_id, until) values ($1, $2, now() + interval '1 hour')"
    bench.operator.fetch(limit, other.organisation.id, limited)
    after = system(bench)
    assert after.organisations == before.organisations + 1
    assert after.resting == before.resting + 1
    assert after.data_keys[1] == before.data_keys.get(1, 0) + 1
    [used] = [key for key in after.key_ring if key.newest]
    assert used.given
    assert used.wraps == {key.id: key.wraps for key in before.key_ring}[used.id] + 1


def test_only_the_operator_sees_it(bench: Workbench) -> None:
    with pytest.raises(CapabilityMissing):
        bench.operator.run(bench.house.services.system.get(lacking(bench, Capability.OPERATE)))


# What developers publish


def published(bench: Workbench) -> str:
    fields = AppFields(name="Parts Finder", identifier_field_path="account_name")
    app = bench.operator.run(bench.house.services.apps.register(bench.caller, fields)).app
    return app.hex_id


def audit(bench: Workbench) -> list[tuple[str, str]]:
    wanted = (
        "select action, actor from audit_entry where organisation_id = $1 and action like 'definition.%' order by id"
    )
    return [(record[0], record[1]) for record in bench.operator.fetch(wanted, bench.organisation.id)]


def test_the_operator_approves_and_archives_and_both_sides_read_of_it(bench: Workbench) -> None:
    developer = Workbench(bench.operator)
    reference = published(developer)
    caller = allowed(bench, Capability.OPERATE, user="olivia")
    approvals = bench.house.services.approvals
    assert bench.operator.run(approvals.approve(caller, reference)).status is AppStatus.APPROVED
    with pytest.raises(AppHasStatus):
        bench.operator.run(approvals.approve(caller, reference))
    assert bench.operator.run(approvals.archive(caller, reference)).status is AppStatus.ARCHIVED
    [listed] = [app for app in bench.operator.run(approvals.list_all(caller)) if app.hex_id == reference]
    assert (listed.status, listed.organisation_id) == (AppStatus.ARCHIVED, developer.organisation.id)
    assert audit(bench) == [("definition.approved", "olivia"), ("definition.archived", "olivia")]
    assert audit(developer) == [
        ("definition.created", "alice"),
        ("definition.approved", "operator"),
        ("definition.archived", "operator"),
    ]


def test_what_there_is_not_is_not_found(bench: Workbench) -> None:
    with pytest.raises(AppNotFound):
        bench.operator.run(bench.house.services.approvals.approve(bench.caller, "no such"))


def test_nobody_else_decides(bench: Workbench) -> None:
    reference = published(bench)
    caller = lacking(bench, Capability.OPERATE)
    approvals = bench.house.services.approvals
    for deed in (
        approvals.list_all(caller),
        approvals.approve(caller, reference),
        approvals.archive(caller, reference),
    ):
        with pytest.raises(CapabilityMissing):
            bench.operator.run(deed)
    assert audit(bench) == [("definition.created", "alice")]
