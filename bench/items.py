"""Items: what it costs to tell of one, how fast they reach a vendor, and what a synchronisation asks of it.

`python -m bench.items` measures these alone and replaces their part of bench/RESULTS.md; `python -m bench` has all.
"""

import json
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

import msgspec

from bench.contenders import FLOOR, JACKFIELD, WITHOUT_JOBS, serving
from bench.database import Server
from bench.jobs import Caller
from bench.part import run_part
from bench.process import Running, free_port, running
from bench.report import figures_table
from bench.seed import Seeded, seed
from bench.workloads import SAVE
from bench.wrk import run_wrk, write_requests

HEADING: Final = "# Items"
#: figures to reach
UPSERT: Final = 0.5
DELIVERED: Final = 200.0
FLATNESS: Final = 1.2

_INTEGRATIONS: Final = 3
_CONNECTIONS: Final = 32
_SECONDS: Final = 5
_ROUNDS: Final = 5
_REQUESTS: Final = 60_000
_ITEMS: Final = 10_000
_BATCH: Final = 500
_VENDOR_MS: Final = 20
_REPOSITORY: Final = "acme/bench"


@dataclass
class Figures:
    #: requests a second, one for each round
    puts: list[float] = field(default_factory=list)
    inserts: list[float] = field(default_factory=list)
    delivered_each_second: float = 0.0
    #: MiB when a tenth was delivered, and when all was
    memory: tuple[float, float] = (0.0, 0.0)
    sync_seconds: float = 0.0
    sync_writes: int = 0
    sync_reads: int = 0
    errors: int = 0


def measure(server: Server, logs: Path) -> Figures:
    figures = Figures()
    _measure_puts(server, logs, figures)
    _measure_deliveries(server, logs, figures)
    return figures


def _measure_puts(server: Server, logs: Path, figures: Figures) -> None:
    """The two take turns; neither runs jobs, and every request writes a new row."""
    seeded = _seeded(server, "items")
    with serving(WITHOUT_JOBS, server, seeded, logs) as own, serving(FLOOR, server, seeded, logs) as floor:
        caller = Caller(f"http://127.0.0.1:{own.port}", seeded.key)
        for _ in range(_INTEGRATIONS):
            _integrate(caller)
        write_requests(logs / "save", SAVE.requests(seeded))
        for number in range(_ROUNDS):
            write_requests(logs / "put", _puts(seeded, number))
            figures.puts.append(_rate(own, server, logs / "put", figures))
            figures.inserts.append(_rate(floor, server, logs / "save", figures))


def _rate(process: Running, server: Server, requests: Path, figures: Figures) -> float:
    block = run_wrk(process, server.pid, requests, _CONNECTIONS, _SECONDS)
    figures.errors += block.errors
    return block.rate


def _puts(seeded: Seeded, number: int) -> list[bytes]:
    chance = random.Random(number)  # noqa: S311  which words, not who is faster
    return [_put(seeded.key, f"{number}-{index}", chance.randrange(1_000_000)) for index in range(_REQUESTS)]


def _put(key: str, item: str, chance: int) -> bytes:
    body = msgspec.json.encode(_item(f"Item {item} of {chance}"))
    headers = f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"PUT /v1/hubs/current/items/work_item/{item} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode() + body


def _item(title: str) -> dict[str, Any]:
    return {
        "title": title,
        "body": "The valve **drips** since Tuesday.\n\n- replaced the seal\n- ordered a new valve\n",
        "url": "https://product.example/items/1",
        "labels": ["plant", "urgent"],
        "assignee": "Alice",
        "fields": {"site": "north", "line": 4},
    }


def _measure_deliveries(server: Server, logs: Path, figures: Figures) -> None:
    seeded = _seeded(server, "deliveries")
    port = free_port()
    stand_in = [sys.executable, "-m", "bench.tracker", str(port), str(_VENDOR_MS)]
    environment = {
        **JACKFIELD.environment(server.dsn(seeded.database), seeded),
        "JACKFIELD_PROVIDERS__GITHUB__API_URL": f"http://127.0.0.1:{port}",
    }
    own = free_port()
    with (
        running(stand_in, {}, logs / "tracker.log", port),
        running(JACKFIELD.command(own), environment, logs / "deliveries.log", own) as process,
    ):
        vendor = Caller(f"http://127.0.0.1:{port}", "")
        caller = Caller(f"http://127.0.0.1:{own}", seeded.key)
        integration = _integrate(caller)
        for first in range(0, _ITEMS, _BATCH):
            items = [{"type": "work_item", "key": str(n), **_item(f"Item {n}")} for n in range(first, first + _BATCH)]
            caller.call("POST", "/v1/hubs/current/items/batch", {"items": items})
        _measure_rate(vendor, process, figures)
        before = vendor.call("GET", "/counts")
        started = time.perf_counter()
        # the first connection was idle for long
        _synchronise(Caller(f"http://127.0.0.1:{own}", seeded.key), integration)
        figures.sync_seconds = time.perf_counter() - started
        after = vendor.call("GET", "/counts")
        figures.sync_writes = after["writes"] - before["writes"]
        figures.sync_reads = after.get("reads", 0) - before.get("reads", 0)


def _measure_rate(vendor: Caller, process: Running, figures: Figures) -> None:
    """Between a tenth and all of it: the time before is the batches'."""
    began = _await(vendor, lambda issues: issues >= _ITEMS / 10)
    started, early = time.perf_counter(), process.memory().resident
    ended = _await(vendor, lambda issues: issues >= _ITEMS)
    figures.delivered_each_second = (ended - began) / (time.perf_counter() - started)
    figures.memory = (early, process.memory().resident)


def _await(vendor: Caller, enough: Callable[[int], bool]) -> int:
    while not enough(issues := int(vendor.call("GET", "/counts")["issues"])):
        time.sleep(0.02)
    return issues


def _synchronise(caller: Caller, integration: str) -> None:
    path = f"/v1/hubs/current/integrations/{integration}/tasks"
    job = caller.call("POST", path, {"action": "sync"})["data"]["job"]["id"]
    while (found := caller.call("GET", f"/v1/jobs/{job}")["data"])["state"]["current"] != "completed":
        if found["state"]["current"] in {"error", "expired"}:
            raise SystemExit(f"bench: the synchronisation failed: {json.dumps(found['state'])}")
        time.sleep(0.02)
    output = found["tasks"][0]["output"]
    if int(output["unchanged"]) != _ITEMS:
        raise SystemExit(f"bench: not all items are in line: {output}")


def _integrate(caller: Caller) -> str:
    """An integration that work items trigger, made live without asking the vendor."""
    new = {
        "name": "bench",
        "integration_type": "github",
        "auth_data": {"access_token": "ghp_" + "0123456789abcdef" * 2},
        "scope_data": {},
        "metadata": {},
        "unique_identifier": f"bench-{time.time_ns()}",
        "created_by": "bench",
    }
    caller.call("POST", "/api/v1/integrations/create", new)
    made = caller.call("GET", "/v1/hubs/current/integrations?page%5Bsize%5D=1")["data"][0]["id"]
    change = {"item_type": "work_item", "extra": {"repository": _REPOSITORY}}
    path = f"/v1/hubs/current/integrations/{made}"
    caller.call("PATCH", path, change)
    return str(made)


def _seeded(server: Server, database: str) -> Seeded:
    server.create(database)
    return seed(server.dsn(database), database, 1)


def render(figures: Figures) -> str:
    paired = median(put / insert for put, insert in zip(figures.puts, figures.inserts, strict=True))
    puts, inserts = median(figures.puts), median(figures.inserts)
    early, late = figures.memory
    pages = _ITEMS // 100
    rate = figures.delivered_each_second
    targets = [
        (
            f"an item told of, {_INTEGRATIONS} integrations hear of it, times the floor's insert",
            f"≥ {UPSERT:g}",
            f"{paired:.2f}",
            paired >= UPSERT,
        ),
        ("items delivered, one process", f"≥ {DELIVERED:g}/s", f"{rate:,.0f}/s", rate >= DELIVERED),
        ("memory after all, times after a tenth", f"≤ {FLATNESS:g}", f"{late / early:.2f}", late / early <= FLATNESS),
        ("vendor writes of a synchronisation without news", "0", f"{figures.sync_writes}", figures.sync_writes == 0),
        ("vendor reads of it", f"≤ {pages}", f"{figures.sync_reads}", figures.sync_reads <= pages),
    ]
    lines = [
        HEADING,
        "",
        f"Made by `python -m bench.items`. Telling: PUT of new items over {_CONNECTIONS} connections, {_ROUNDS} rounds",
        f"of {_SECONDS} s in turns with the floor's save, {puts:,.0f}/s and {inserts:,.0f}/s. Delivering: to a",
        f"stand-in of GitHub that answers after {_VENDOR_MS} ms, with {early:.0f} MiB early and {late:.0f} MiB late.",
        f"Then a synchronisation of all items: {figures.sync_seconds:.1f} s. Failed requests: {figures.errors}.",
        "",
        *figures_table(targets),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    run_part("items", __doc__, HEADING, measure, render)
