"""Jobs and pages: how soon a job starts, how many run, and what a page of a large organisation costs.

`python -m bench.jobs` measures these alone and replaces their part of bench/RESULTS.md; `python -m bench` has them too.
"""

import contextlib
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any, Final
from urllib.parse import urlsplit

from bench.contenders import JACKFIELD, serving
from bench.database import Server
from bench.part import run_part
from bench.report import figures_table
from bench.seed import Seeded, seed

HEADING: Final = "# Jobs and pages"
#: figures to reach
START_MS: Final = 50.0
ONE_WORKER: Final = 1_000.0
TWO_WORKERS: Final = 1.5
FLATNESS: Final = 1.5

_SMALL: Final = 1_000
_LARGE: Final = 100_000
_PAGES: Final = (1, 2, 10, 50)
_REPEATS: Final = 40
_STARTS: Final = 60
_JOBS: Final = 20_000
#: counted between these, when every worker is under way and before any runs dry
_COUNTED: Final = (1_000, 18_000)
_ROUNDS: Final = 3

_QUEUE: Final = """
with added as (
    insert into job (organisation_id, kind, integration_id, header, caption, steps, creator_user, expires_at)
    select $1, 'verify', n, 'Nothing', 'Nothing', '[]', 'bench', now() + interval '1 hour'
    from generate_series(1, $2::integer) n
    returning organisation_id, id, kind
)
insert into pgqueuer (priority, entrypoint, payload, status)
select 0, kind, convert_to(organisation_id || ':' || id, 'UTF8'), 'queued' from added
"""
_DONE: Final = "select count(*) as done from job where organisation_id = $1 and state = 'completed'"
# 30 rows of each, wherever they are: a page of them is full in a small organisation as in a large one
_RARE: Final = """
update integration set {change} where organisation_id = $1 and id in (
    select id from integration where organisation_id = $1 order by digest(unique_identifier) limit 30 offset {offset}
)
"""


@dataclass
class Figures:
    start_ms: list[float] = field(default_factory=list)
    #: workers → jobs a second, one for each round
    rates: dict[int, list[float]] = field(default_factory=dict)
    #: query → milliseconds in the small and in the large organisation
    pages: dict[str, tuple[float, float]] = field(default_factory=dict)


def measure(server: Server, logs: Path) -> Figures:
    figures = Figures()
    _measure_pages(server, logs, figures)
    _measure_jobs(server, logs, figures)
    return figures


def _measure_pages(server: Server, logs: Path, figures: Figures) -> None:
    """The two organisations take turns, request by request."""
    seeded = {count: _seeded(server, f"pages_{count}", count) for count in (_SMALL, _LARGE)}
    queries = {f"page {number}": f"page[number]={number}" for number in _PAGES}
    queries |= {
        "state, most": "filter[state]=new",
        "state, few": "filter[state]=live",
        "vendor, many": "filter[vendor]=sentry",
        "vendor, few": "filter[vendor]=gitlab",
        "category": "filter[category]=chat",
        "search, many": "filter[search]=integration",
        "search, few": "filter[search]=needle",
    }
    with contextlib.ExitStack() as stack:
        callers = {}
        for count, one in seeded.items():
            running = stack.enter_context(serving(JACKFIELD, server, one, logs))
            callers[count] = Caller(f"http://127.0.0.1:{running.port}", one.key)
        for name, query in queries.items():
            path = f"/v1/hubs/current/integrations?{query}".replace("[", "%5B").replace("]", "%5D")
            took: dict[int, list[float]] = {count: [] for count in callers}
            for _ in range(_REPEATS):
                for count, caller in callers.items():
                    started = time.perf_counter()
                    page = caller.call("GET", path)["data"]
                    took[count].append((time.perf_counter() - started) * 1000)
                    if len(page) != 20:
                        raise SystemExit(f"bench: {name} has {len(page)} rows of {count}, and should have 20")
            figures.pages[name] = (median(took[_SMALL]), median(took[_LARGE]))
        _measure_starts(callers[_SMALL], figures)


def _measure_starts(caller: "Caller", figures: Figures) -> None:
    """From the call that queues a job to its first statement, on a service that has nothing else to do."""
    listed = caller.call("GET", f"/v1/hubs/current/integrations?page%5Bsize%5D={_STARTS}&sort=id")["data"]
    for integration in listed:
        path = f"/v1/hubs/current/integrations/{integration['id']}/tasks"
        job = caller.call("POST", path, {"action": "verify"})["data"]["job"]["id"]
        events: Mapping[str, str] = {"started": "0001"}
        while events["started"].startswith("0001"):
            time.sleep(0.005)
            events = caller.call("GET", f"/v1/jobs/{job}")["data"]["events"]
        figures.start_ms.append((_seconds(events["started"]) - _seconds(events["queued"])) * 1000)


def _measure_jobs(server: Server, logs: Path, figures: Figures) -> None:
    seeded = _seeded(server, "jobs", 1)
    environment = dict(JACKFIELD.environment(server.dsn(seeded.database), seeded))
    for _ in range(_ROUNDS):
        for workers in (1, 2):
            server.execute(seeded.database, "truncate job, pgqueuer, pgqueuer_log", "checkpoint")
            server.fetch(seeded.database, _QUEUE, seeded.organisation_id, _JOBS)
            with _workers(workers, environment, logs / f"workers-{workers}.log"):
                figures.rates.setdefault(workers, []).append(_rate(server, seeded))


@contextlib.contextmanager
def _workers(count: int, environment: Mapping[str, str], log: Path) -> Iterator[None]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("JACKFIELD_")}
    command = [sys.executable, "-m", "bench.noop_worker"]
    with log.open("ab") as output:
        processes = [
            subprocess.Popen(command, env=inherited | environment, stdout=output, stderr=output) for _ in range(count)
        ]
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


def _rate(server: Server, seeded: Seeded) -> float:
    first, last = _COUNTED
    while (began := _done(server, seeded)) < first:
        time.sleep(0.02)
    started = time.perf_counter()
    while (ended := _done(server, seeded)) < last:
        time.sleep(0.1)
    return (ended - began) / (time.perf_counter() - started)


def _done(server: Server, seeded: Seeded) -> int:
    return int(server.fetch(seeded.database, _DONE, seeded.organisation_id)[0]["done"])


def _seeded(server: Server, database: str, count: int) -> Seeded:
    server.create(database)
    seeded = seed(server.dsn(database), database, count)
    for offset, change in enumerate(("state = 'live'", "provider = 'gitlab'", "name = name || ' needle'")):
        server.fetch(database, _RARE.format(change=change, offset=offset * 30), seeded.organisation_id)
    server.execute(database, "vacuum analyze")
    return seeded


class Caller:
    """One connection that stays open."""

    def __init__(self, base: str, key: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=30)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def call(self, method: str, path: str, body: object = None) -> Any:
        self._connection.request(method, path, json.dumps(body) if body is not None else None, self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"bench: {method} {path} answered {answer.status}: {content.decode()[:500]}")
        return json.loads(content)


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def render(figures: Figures) -> str:
    one, two = (median(figures.rates[workers]) for workers in (1, 2))
    paired = median(b / a for a, b in zip(figures.rates[1], figures.rates[2], strict=True))
    worst = max(large / small for small, large in figures.pages.values())
    start = median(figures.start_ms)
    both = ONE_WORKER * TWO_WORKERS
    worst_page = f"a page of {_LARGE:,}, times one of {_SMALL:,}, the worst"
    targets = [
        ("a job queued to begun, idle service, p50", f"< {START_MS:g} ms", f"{start:.1f} ms", start < START_MS),
        ("jobs that do nothing, one worker", f"≥ {ONE_WORKER:,.0f}/s", f"{one:,.0f}/s", one >= ONE_WORKER),
        ("the same, two workers", f"≥ {both:,.0f}/s", f"{two:,.0f}/s", two >= both),
        ("two workers, times one", f"≥ {TWO_WORKERS:g}", f"{paired:.2f}", paired >= TWO_WORKERS),
        (worst_page, f"≤ {FLATNESS:g}", f"{worst:.2f}", worst <= FLATNESS),
    ]
    lines = [
        HEADING,
        "",
        f"Made by `python -m bench.jobs`. Jobs: {_JOBS:,} that do nothing, queued beforehand; workers are processes of",
        f"their own. Pages: 20 of {_SMALL:,} and of {_LARGE:,} integrations with credentials, asked in turns, one at a",
        f"time; medians of {_REPEATS}.",
        "",
        f"| page | of {_SMALL:,}, ms | of {_LARGE:,}, ms | times |",
        "| --- | --- | --- | --- |",
        *(
            f"| {name} | {small:.2f} | {large:.2f} | {large / small:.2f} |"
            for name, (small, large) in figures.pages.items()
        ),
        "",
        *figures_table(targets),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    run_part("jobs", __doc__, HEADING, measure, render)
