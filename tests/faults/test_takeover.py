"""A job that is taken over from a process that lives, or whose last call is still on its way, creates nothing twice.

The stand-in acts on what it has been sent, whoever waits for its answer: it counts what was created, by marker.
"""

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.data_directory import DataDirectory
from support.hub import TAKEOVER_SECONDS, Hub
from support.processes import wait_until
from support.product import FORGET, SHORT_CALLS, Product
from support.repository import Asked, Said
from support.service import free_port, start_service
from support.vendor_server import VendorServer
from support.worker import kill, start_worker

ITEMS = 120
#: of a call; longer than a takeover takes, and shorter than the call may
SLOW_SECONDS = 2.5
#: a job that is not heard of for six seconds is given to another process
PAUSE_SECONDS = 9.0
CHANCE = random.Random(7)  # noqa: S311  no secret
CUT_OFF = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'jackfield jobs'"


@pytest.fixture
def vendor() -> Iterator[VendorServer]:
    with VendorServer.start() as vendor:
        yield vendor


@pytest.fixture
def environment(data_directory: DataDirectory, vendor: VendorServer) -> dict[str, str]:
    return {**data_directory.environment, "JACKFIELD_PROVIDERS__GITHUB__API_URL": vendor.url, **SHORT_CALLS}


@pytest.fixture
def product(
    data_directory: DataDirectory, environment: dict[str, str], vendor: VendorServer, tmp_path: Path
) -> Iterator[Product]:
    """Of a service that runs no jobs."""
    with start_service(environment, tmp_path / "service", free_port(), "--no-jobs") as service:
        yield Product(Hub(service, data_directory), data_directory, vendor.repository())


Worker = Callable[[], Any]


@pytest.fixture
def worker(environment: dict[str, str], tmp_path: Path) -> Iterator[Worker]:
    """Starts one that runs jobs, until the end of the test."""
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(start_worker(environment, tmp_path / "workers"))


def expect_all(product: Product, count: int) -> None:
    """Each item has arrived, and once."""
    product.wait_until_quiet(3 * TAKEOVER_SECONDS)
    product.expect_titles(*(f"Item {key}" for key in range(count)))
    assert product.deliveries() == {"delivered": count}


def slow_creations(product: Product) -> threading.Event:
    """From now on the vendor takes its time to create anything; the event tells that it has begun."""
    begun = threading.Event()

    def take_time(asked: Asked) -> Said | None:
        if asked.method == "POST":
            begun.set()
            time.sleep(SLOW_SECONDS)
        return None

    product.repository.fails = take_time
    return begun


def test_connections_that_are_cut_off_under_load_double_nothing(product: Product, worker: Worker) -> None:
    def be_slow(_: Asked) -> Said | None:
        time.sleep(CHANCE.choice([0.05, 0.05, 0.3, 1.5]))
        return None

    product.repository.fails = be_slow
    worker(), worker()
    product.put(ITEMS)
    for share in (10, 40, 70):
        product.wait_for_issues(share)
        product.tell(CUT_OFF)
        # the other process takes the job over while this one goes on with what it has claimed
        product.tell(FORGET)
    expect_all(product, ITEMS)


def test_a_database_that_stands_still_for_longer_than_a_takeover_doubles_nothing(
    product: Product, worker: Worker
) -> None:
    product.repository.seconds = 0.3
    worker(), worker()
    product.put(ITEMS)
    product.wait_for_issues(20)
    stopped = product.directory.processes
    for process in stopped:
        os.kill(process, signal.SIGSTOP)
    try:
        time.sleep(PAUSE_SECONDS)
    finally:
        for process in stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)
    expect_all(product, ITEMS)


def test_a_process_that_stands_still_for_longer_than_a_takeover_doubles_nothing(
    product: Product, worker: Worker
) -> None:
    product.repository.seconds = 0.2
    first = worker()
    product.put(ITEMS)
    product.wait_for_issues(20)
    os.killpg(first.pid, signal.SIGSTOP)
    try:
        worker()
        product.tell(FORGET)
        product.wait_for_issues(60)
    finally:
        os.killpg(first.pid, signal.SIGCONT)
    expect_all(product, ITEMS)


def test_what_a_killed_process_has_sent_is_waited_for(product: Product, worker: Worker) -> None:
    begun = slow_creations(product)
    first = worker()
    product.put(1)
    assert begun.wait(TAKEOVER_SECONDS)
    kill(first)
    worker()
    product.tell(FORGET)
    expect_all(product, 1)


def test_what_was_sent_before_a_restart_of_the_database_is_waited_for(product: Product, worker: Worker) -> None:
    begun = slow_creations(product)
    worker(), worker()
    product.put(1)
    assert begun.wait(TAKEOVER_SECONDS)
    killed = product.directory.kill_server()
    wait_until(lambda: product.directory.server not in {None, killed}, TAKEOVER_SECONDS, "another server")
    product.tell(FORGET)
    expect_all(product, 1)
