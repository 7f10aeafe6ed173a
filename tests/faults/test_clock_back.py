"""The database's clock went ahead and came back: what was to be done then is done now."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.data_directory import DataDirectory
from support.hub import TOKEN, Hub
from support.service import free_port, start_service
from support.vendor_server import VendorServer, taken
from support.waiting import until

# rows as a clock left them that was two hours ahead
SCHEDULES_AHEAD = """
update pgqueuer_schedules set next_run = next_run + interval '2 hours', heartbeat = heartbeat + interval '2 hours'
"""
QUEUE_AHEAD = """
update pgqueuer set execute_after = execute_after + interval '2 hours', updated = updated + interval '2 hours'
"""
FAR_SCHEDULES = "select count(*) from pgqueuer_schedules where next_run > now() + interval '61 minutes'"


@pytest.fixture
def vendor() -> Iterator[VendorServer]:
    with VendorServer.start() as vendor:
        yield vendor


def test_what_waits_for_a_time_that_the_clock_went_back_from_is_brought_back(
    data_directory: DataDirectory, vendor: VendorServer, tmp_path: Path
) -> None:
    vendor.answer(TOKEN, taken)
    environment = {**data_directory.environment, "JACKFIELD_PROVIDERS__GITHUB__API_URL": vendor.url}
    log = tmp_path / "log"
    with start_service(environment, log, free_port()) as service:
        until(lambda: data_directory.fetch("select count(*) from pgqueuer_schedules")[0][0], lambda count: count == 2)
        assert service.stop() == 0
    with start_service(environment, tmp_path / "idle", free_port(), "--no-jobs") as idle:
        hub = Hub(idle, data_directory)
        job = hub.verify(hub.connect())
        data_directory.execute(SCHEDULES_AHEAD)
        data_directory.execute(QUEUE_AHEAD)
        assert data_directory.fetch(FAR_SCHEDULES)[0][0] > 0
        with start_service(environment, log, free_port()) as service:
            until(lambda: data_directory.fetch(FAR_SCHEDULES)[0][0], lambda count: count == 0)
            assert hub.end_of(job) == "completed"
            assert service.stop() == 0
    [told] = [
        line
        for line in map(json.loads, log.read_text().splitlines())
        if line["event"].startswith("the database's clock went back")
    ]
    assert (sorted(told["schedules"]), told["jobs"]) == (["purge", "tend"], 1)
