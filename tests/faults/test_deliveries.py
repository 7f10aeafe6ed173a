"""Deliveries and synchronisation under faults: each item arrives at its vendor, none twice, and none is forgotten.

The stand-in keeps issues as GitHub does: what tells a retried delivery that it has arrived is the marker in the body.
"""

import contextlib
import os
import random
import signal
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from jackfield.domain.item import ItemType, NewItem
from jackfield.vault import generate_master_key
from support.data_directory import DataDirectory
from support.hub import INTEGRATIONS, TAKEOVER_SECONDS, Hub
from support.operator import Operator
from support.processes import wait_until
from support.product import FORGET, ITEMS, SHORT_CALLS, Product, marker_of
from support.repository import Asked, Repository, Said
from support.service import Service, free_port, start_service
from support.vendor_server import VendorServer
from support.workbench import Workbench
from support.worker import kill, start_worker

BURST = 1000
CHANCE = random.Random(5)  # noqa: S311  no secret

# as if so much time had gone by: whatever waits for its moment
PASS = """
update delivery set due_at = due_at - {0} where state = 'pending';
update rest set until = until - {0};
update job set scheduled_for = scheduled_for - {0}, expires_at = expires_at - {0} where completed_at is null;
update pgqueuer set execute_after = execute_after - {0} where status = 'queued';
"""
#: nobody looks for what is due
NEVER_TEND = "update pgqueuer_schedules set next_run = now() + interval '1 day'"


@pytest.fixture
def vendor() -> Iterator[VendorServer]:
    with VendorServer.start() as vendor:
        yield vendor


@pytest.fixture
def environment(data_directory: DataDirectory, vendor: VendorServer) -> dict[str, str]:
    return {**data_directory.environment, "JACKFIELD_PROVIDERS__GITHUB__API_URL": vendor.url, **SHORT_CALLS}


@pytest.fixture
def serve(
    data_directory: DataDirectory, environment: dict[str, str], vendor: VendorServer, tmp_path: Path
) -> Iterator[Callable[..., tuple[Service, Product]]]:
    """Starts a service, to be asked for a product whose repository takes a moment for each call."""
    with contextlib.ExitStack() as stack:

        def start(*arguments: str) -> tuple[Service, Product]:
            service = stack.enter_context(start_service(environment, tmp_path / "service", free_port(), *arguments))
            product = Product(Hub(service, data_directory), data_directory, vendor.repository())
            product.repository.seconds = 0.005
            return service, product

        yield start


Serve = Callable[..., tuple[Service, Product]]


def test_a_burst_arrives_once_whoever_is_killed(serve: Serve, environment: dict[str, str], tmp_path: Path) -> None:
    service, product = serve()
    with start_service(environment, tmp_path / "another", free_port(), "--no-jobs"):
        product.put(BURST)
        product.wait_for_issues(300)
        service.kill()
        product.tell(FORGET)
        with start_worker(environment, tmp_path / "first") as worker:
            product.wait_for_issues(650)
            kill(worker)
        product.tell(FORGET)
        with start_worker(environment, tmp_path / "second") as worker:
            product.wait_until_quiet()
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(30) == 0
        assert product.deliveries() == {"delivered": BURST}
        product.expect_titles(*(f"Item {key}" for key in range(BURST)))


def test_an_issue_is_written_once_although_its_answer_kills_the_worker(
    serve: Serve, environment: dict[str, str], tmp_path: Path
) -> None:
    _, product = serve("--no-jobs")
    workers: list[Any] = []

    def kill_worker(asked: Asked) -> Said | None:
        if asked.method in {"POST", "PATCH"}:
            os.kill(workers[-1].pid, signal.SIGKILL)
        return None

    product.repository.after = kill_worker
    for word in ("Item", "Changed"):
        product.put(1, word)
        with start_worker(environment, tmp_path / "killed") as worker:
            workers.append(worker)
            assert worker.wait(30) == -signal.SIGKILL
        product.tell(FORGET)
    product.repository.after = lambda _: None
    with start_worker(environment, tmp_path / "last"):
        product.wait_until_quiet()
    product.expect_titles("Changed 0")
    assert [one.method for one in product.repository.writes] == ["POST", "PATCH", "PATCH"]


def test_what_a_job_has_in_hand_outlives_the_job(serve: Serve, environment: dict[str, str], tmp_path: Path) -> None:
    _, product = serve("--no-jobs")
    reached = threading.Event()

    def hang(_: Asked) -> Said | None:
        reached.set()
        return None

    product.repository.fails, product.repository.seconds = hang, 1.0
    product.put(3)
    with start_worker(environment, tmp_path / "killed") as worker:
        assert reached.wait(TAKEOVER_SECONDS)
        kill(worker)
    assert product.deliveries() == {"sending": 3}
    product.tell("update job set expires_at = now()")
    product.tell(FORGET)
    with start_worker(environment, tmp_path / "another"):
        wait_until(lambda: not product.has_jobs(), TAKEOVER_SECONDS, "the job has expired")
        product.tend()
        product.wait_until_quiet()
    product.expect_titles(*(f"Item {key}" for key in range(3)))


def test_a_stop_leaves_the_rest_to_the_next_start(serve: Serve, environment: dict[str, str], tmp_path: Path) -> None:
    service, product = serve()
    product.repository.seconds = 1.0
    product.put(300)
    product.wait_for_issues(1)
    assert service.stop() == 0
    assert len(product.repository.issues) < 300
    product.repository.seconds = 0.005
    with start_service(environment, tmp_path / "again", free_port()):
        product.wait_until_quiet()
        assert product.deliveries() == {"delivered": 300}
    product.expect_titles(*(f"Item {key}" for key in range(300)))


def test_a_database_that_restarts_loses_no_item_and_counts_none_twice(serve: Serve) -> None:
    _, product = serve()
    hub, repository, integration = product.hub, product.repository, product.integration

    def change(**fields: Any) -> None:
        hub.call("PATCH", f"{INTEGRATIONS}/{integration}", fields)

    def counts(job: str) -> dict[str, int]:
        [task] = hub.job(job)["tasks"]
        return {name: int(count) for name, count in task["output"].items() if count != "0"}

    change(enabled=False)
    product.put(600)
    assert product.deliveries() == {}
    change(enabled=True)
    job = hub.sync(integration)
    product.wait_for_issues(200)
    product.directory.kill_server()
    _answers(lambda: hub.job(job))
    product.tell(FORGET)
    assert hub.end_of(job, 2 * TAKEOVER_SECONDS) == "completed"
    assert counts(job) == {"total": 600, "done": 600, "missing": 600}
    product.expect_titles(*(f"Item {key}" for key in range(600)))

    change(enabled=False)
    product.put(300, "Changed")
    change(enabled=True)
    unchanged = [number for number, issue in repository.issues.items() if int(issue["title"].split()[1]) >= 300]
    for number in unchanged[:7]:
        repository.issues[number]["state"] = "closed"
    for number in unchanged[7:12]:
        del repository.issues[number]
    reads = len(queries(repository))
    repository.seconds = 0.1
    job = hub.sync(integration)
    wait_until(lambda: len(queries(repository)) >= reads + 3, TAKEOVER_SECONDS, "the third page")
    product.directory.kill_server()
    _answers(lambda: hub.job(job))
    product.tell(FORGET)
    assert hub.end_of(job, 2 * TAKEOVER_SECONDS) == "completed"
    expected = {"total": 600, "done": 600, "stale": 300, "changed": 7, "vanished": 5, "unchanged": 288}
    assert counts(job) == expected
    product.wait_until_quiet()
    gone = {f"Item {key}" for key in range(300, 600)} - set(repository.titles())
    assert len(gone) == 5
    product.expect_titles(
        *(f"Changed {key}" for key in range(300)), *({f"Item {key}" for key in range(300, 600)} - gone)
    )


def test_a_vendor_that_is_down_for_hours_gets_everything_in_the_end(serve: Serve) -> None:
    _, product = serve()
    repository = product.repository
    product.put(40)
    product.wait_until_quiet()
    # at first it does what it is asked, and says that it did not
    repository.after = lambda _: (502, {"message": "Bad Gateway"})
    product.put(20, "First", 40)
    wait_until(lambda: len(repository.issues) > 40, TAKEOVER_SECONDS, "an issue that nobody hears of")
    repository.fails = lambda _: (503, {"message": "Service Unavailable"})
    wait_until(lambda: not product.is_at_work(), TAKEOVER_SECONDS, "it is left alone")
    for hour in range(0, 6, 2):
        product.put(10, f"Hour {hour}", 5 * hour)
        asked = len(repository.asked)
        product.tell(PASS.format("interval '2 hours'"))
        product.tend()
        product.wait_for_calls(asked + 1)
        wait_until(lambda: not product.is_at_work(), TAKEOVER_SECONDS, "it is left alone")
    repository.fails = repository.after = lambda _: None
    back = len(repository.asked)
    product.tell(PASS.format("interval '15 minutes'"))
    product.tend()
    product.wait_until_quiet()
    assert set(product.deliveries()) <= {"delivered", "superseded"}
    titles = {key: f"Item {key}" if key < 40 else f"First {key}" for key in range(60)}
    for hour in range(0, 6, 2):
        titles.update({key: f"Hour {hour} {key}" for key in range(5 * hour, 5 * hour + 10)})
    product.expect_titles(*titles.values())
    # of the many changes of an item the last one alone is news
    news = Counter(marker_of(one.body["body"]) for one in repository.asked[back:] if one.method in {"POST", "PATCH"})
    assert set(news.values()) == {1}
    # a vendor that is down is not asked for each of what waits
    assert back < 60 + 20 + 3 * 20


class Watch:
    """Sees how many writes of one item are under way at once."""

    def __init__(self, repository: Repository) -> None:
        self.most_at_once = 0
        self._under_way: Counter[str] = Counter()
        self._lock = threading.Lock()
        repository.fails, repository.after = self._begin, self._end

    def _begin(self, asked: Asked) -> Said | None:
        if asked.method in {"POST", "PATCH"}:
            marker = marker_of(asked.body["body"])
            with self._lock:
                self._under_way[marker] += 1
                self.most_at_once = max(self.most_at_once, self._under_way[marker])
            time.sleep(CHANCE.uniform(0.0, 0.02))
        return None

    def _end(self, asked: Asked) -> Said | None:
        if asked.method in {"POST", "PATCH"}:
            with self._lock:
                self._under_way[marker_of(asked.body["body"])] -= 1
        return None


def test_the_last_word_on_each_item_arrives_whoever_says_it(
    serve: Serve, data_directory: DataDirectory, environment: dict[str, str], tmp_path: Path
) -> None:
    service, product = serve("--no-jobs")
    watch = Watch(product.repository)
    product.repository.seconds = 0.0
    with (
        start_service(environment, tmp_path / "another", free_port(), "--no-jobs") as another,
        start_worker(environment, tmp_path / "first"),
        start_worker(environment, tmp_path / "second"),
    ):
        product.put(1)
        product.wait_until_quiet()
        product.tell(NEVER_TEND)

        def keep_putting(number: int) -> None:
            hub = Hub((service, another)[number % 2], data_directory)
            for turn in range(40):
                key = CHANCE.randrange(5)
                hub.call("PUT", f"{ITEMS}/work_item/{key}", {"title": f"{number} said {turn}"})
                # so that jobs end, again and again, while others begin
                time.sleep(CHANCE.uniform(0.0, 0.4))

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(keep_putting, range(4)))
        product.wait_until_quiet(10)
        stored = product.hub.call("GET", ITEMS)
    product.expect_titles(*(item["title"] for item in stored))
    assert all(link["in_line"] for item in stored for link in item["links"])
    assert watch.most_at_once == 1
    assert set(product.deliveries()) <= {"delivered", "superseded"}
    [jobs] = product.directory.fetch("select count(*) as number from job where kind = 'deliver'")
    assert jobs["number"] > 10


def queries(repository: Repository) -> list[Asked]:
    return [one for one in repository.asked if one.path == "/graphql"]


def _answers(call: Callable[[], object]) -> None:
    """Waits until the database is back."""

    def answered() -> bool:
        try:
            call()
        except AssertionError:
            return False
        return True

    wait_until(answered, TAKEOVER_SECONDS, "the database is back")


def test_what_comes_while_a_job_waits_to_end_is_seen_by_it(server_url: str) -> None:
    """The transaction that ends a job may have begun before the change came; the change finds the job alive."""
    with (
        Operator.database(server_url, f"jackfield_test_ends_{uuid.uuid4().hex[:12]}") as dsn,
        Operator.open({"JACKFIELD_DATABASE_URL": dsn, "JACKFIELD_MASTER_KEYS": generate_master_key()}) as operator,
    ):
        bench = Workbench(operator)
        organisation, integration = bench.organisation.id, bench.integration(item_type="work_item", state="live")

        async def end() -> bool:
            async with bench.house.database.transaction() as work:
                assert await work.jobs.get(organisation, 1) is None  # it has begun
                await bench.house.services.items.put(
                    bench.caller, NewItem(type=ItemType.WORK_ITEM, key="1", title="Item")
                )
                found = await work.integrations.get_detail_for_update(organisation, integration)
                assert found is not None
                return await work.deliveries.has_due(found)

        assert operator.run(end())


def test_an_issue_whose_answer_was_lost_in_a_burst_is_found_again(serve: Serve) -> None:
    _, product = serve()
    lost: list[Asked] = []

    def lose(asked: Asked) -> Said | None:
        if asked.method != "POST" or len(lost) == 3:
            return None
        lost.append(asked)
        return 502, {"message": "Bad Gateway"}

    product.repository.after = lose
    product.put(300)
    wait_until(lambda: not product.has_jobs(), TAKEOVER_SECONDS, "all others are out")
    product.tell(PASS.format("interval '1 minute'"))
    product.tend()
    product.wait_until_quiet()
    product.expect_titles(*(f"Item {key}" for key in range(300)))
