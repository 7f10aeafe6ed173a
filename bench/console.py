"""The console of a large organisation: what its pages cost, what they weigh, and what pages cost that are left open.

`python -m bench.console` measures these alone and replaces their part of bench/RESULTS.md; `python -m bench` has all.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Final

from bench import console_rows
from bench.browsing import Browsing
from bench.contenders import JACKFIELD, WITHOUT_JOBS, Contender, serving
from bench.database import Server
from bench.live_pages import live_pages, until_all_heard
from bench.part import run_part
from bench.process import Running
from bench.report import figures_table
from bench.seed import Seeded, seed
from bench.usage import Meter
from jackfield.domain import ids

HEADING: Final = "# Console"
#: figures to reach
FIRST_PAGE_MS: Final = 50.0
WIRE_BYTES: Final = 100_000
REQUESTS: Final = 4
IDLE_SHARE: Final = 0.30

_INTEGRATIONS: Final = 100_000
_REPEATS: Final = 200
_WARM_UP: Final = 10
_LIVE_PAGES: Final = 500
_ORGANISATIONS: Final = 50
_IDLE_SECONDS: Final = 30.0
#: what opening has set going is over by then
_SETTLE_SECONDS: Final = 5.0
_FIRST: Final = "overview"
_NAMES: Final = {WITHOUT_JOBS.name: "jobs left to others", JACKFIELD.name: "with jobs"}

_END_JOB: Final = """
insert into job (organisation_id, kind, integration_id, header, caption, steps, creator_user, expires_at, state)
values ($1, 'verify', $2, 'Verify', 'Bench', '[]', 'bench', now() + interval '1 hour', 'completed')
"""


@dataclass(frozen=True)
class Idle:
    """Shares of a core while nothing happens; MiB before the pages were opened, and then."""

    service: float
    database: float
    before: float
    after: float


@dataclass
class Figures:
    #: page → milliseconds, one for each request
    pages: dict[str, list[float]] = field(default_factory=dict)
    #: the share of the machine that others used meanwhile
    others: float = 0.0
    #: page → bytes of the page alone, and of all that is fetched to show it
    bytes: dict[str, tuple[int, int]] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)
    #: who serves, and whose pages are open → what they cost
    idle: dict[tuple[str, str], Idle] = field(default_factory=dict)
    #: who serves → seconds until all open pages of an organisation have heard of its job
    heard: dict[str, float] = field(default_factory=dict)


def measure(server: Server, logs: Path) -> Figures:
    figures = Figures()
    server.create("console")
    seeded = seed(server.dsn("console"), "console", _INTEGRATIONS)
    keys = console_rows.add_organisations(server, seeded, _ORGANISATIONS - 1)
    console_rows.fill(server, seeded)
    with serving(WITHOUT_JOBS, server, seeded, logs) as process:
        meter = Meter(process.pid, server.pid)
        _measure_pages(process, seeded, figures)
        figures.others = meter.read().others
    for contender in (WITHOUT_JOBS, JACKFIELD):
        _measure_live(contender, server, seeded, keys, logs, figures)
    return figures


def _measure_pages(process: Running, seeded: Seeded, figures: Figures) -> None:
    with contextlib.closing(Browsing(process.port, seeded.key)) as browsing:
        for name, path in _paths(seeded).items():
            for _ in range(_WARM_UP):
                shown = browsing.get(path)
            parts = [browsing.get(part).wire_bytes for part in shown.parts]
            figures.bytes[name] = (shown.wire_bytes, shown.wire_bytes + sum(parts))
            figures.requests[name] = 1 + len(parts)
            took = figures.pages.setdefault(name, [])
            for _ in range(_REPEATS):
                started = time.perf_counter()
                browsing.get(path)
                took.append((time.perf_counter() - started) * 1000)


def _paths(seeded: Seeded) -> dict[str, str]:
    one = f"/console/integrations/{ids.to_hex(console_rows.busy(seeded))}"
    return {
        _FIRST: "/console",
        "integrations": "/console/integrations",
        "integrations, a rare state": "/console/integrations?state=verifying",
        "integrations, a rare health": "/console/integrations?health=misconfigured",
        "integrations that need someone": "/console/integrations?attention=1",
        "integrations, many match a text": "/console/integrations?search=integration",
        "integrations, few match a text": f"/console/integrations?search={console_rows.RARE_TEXT}",
        "integrations, none matches a text": "/console/integrations?search=nowhere",
        "integrations, by name": "/console/integrations?order=name",
        "one integration, with a history": one,
        "its deliveries": f"/console/deliveries?integration={ids.to_hex(console_rows.busy(seeded))}",
        "deliveries": "/console/deliveries",
        "deliveries, held": "/console/deliveries?state=held",
        "jobs": "/console/jobs",
        "jobs, failed": "/console/jobs?state=error",
        "items": "/console/items",
        "audit": "/console/audit",
        "audit, of one user": "/console/audit?user=carol",
        "audit, a rare action": "/console/audit?action=integration.updated",
    }


def _measure_live(
    contender: Contender, server: Server, seeded: Seeded, keys: Sequence[str], logs: Path, figures: Figures
) -> None:
    with serving(contender, server, seeded, logs) as process:
        cookies = [_cookie(process, key) for key in (seeded.key, *keys)]
        many = [cookies[number % len(cookies)] for number in range(_LIVE_PAGES)]
        database = f"{seeded.database}_{contender.name}"
        crowds: dict[str, list[str]] = {"nobody's": [], "of many": many, "of one": cookies[:1] * _LIVE_PAGES}
        for number, (whose, chosen) in enumerate(crowds.items()):
            # of an integration of its own, so that nobody has heard of it before
            job = _END_JOB, seeded.organisation_id, seeded.first + number
            idle, heard = asyncio.run(_leave_open(process, server, database, job, chosen))
            figures.idle[contender.name, whose] = idle
            if whose == "of one":
                figures.heard[contender.name] = heard


def _cookie(process: Running, key: str) -> str:
    with contextlib.closing(Browsing(process.port, key)) as browsing:
        return browsing.cookie


async def _leave_open(
    process: Running, server: Server, database: str, job: tuple[str, int, int], cookies: Sequence[str]
) -> tuple[Idle, float]:
    """What they cost while nothing happens; then a job of the large organisation ends, of which its pages hear."""
    before = process.memory().resident
    async with live_pages(process.port, cookies) as pages:
        await asyncio.sleep(_SETTLE_SECONDS)
        meter = Meter(process.pid, server.pid)
        await asyncio.sleep(_IDLE_SECONDS)
        usage = meter.read()
        idle = Idle(usage.service / _IDLE_SECONDS, usage.database / _IDLE_SECONDS, before, process.memory().resident)
        listening = [page for page, cookie in zip(pages, cookies, strict=True) if cookie == cookies[0]]
        await asyncio.to_thread(server.fetch, database, *job)
        return idle, await until_all_heard(listening, ids.to_hex(job[-1]).encode(), time.perf_counter())


def render(figures: Figures) -> str:
    first = _p95(figures.pages[_FIRST])
    heaviest = max(figures.bytes, key=lambda name: figures.bytes[name])
    requests = max(figures.requests.values())
    live = {name: max(figures.idle[name, "of many"].service, figures.idle[name, "of one"].service) for name in _NAMES}
    targets = [
        ("the first page, p95", f"< {FIRST_PAGE_MS:g} ms", f"{first:.1f} ms", first < FIRST_PAGE_MS),
        (
            f"the heaviest page ({heaviest}) and all that it needs, on the wire",
            f"< {WIRE_BYTES / 1000:,.0f} kB",
            f"{figures.bytes[heaviest][1] / 1000:.1f} kB",
            figures.bytes[heaviest][1] < WIRE_BYTES,
        ),
        ("requests to show a page, at most", f"≤ {REQUESTS}", f"{requests}", requests <= REQUESTS),
        *(
            (
                f"{_LIVE_PAGES} open pages, nothing happens, {title}",
                f"< {IDLE_SHARE:.0%} of a core",
                f"{live[name]:.1%}",
                live[name] < IDLE_SHARE,
            )
            for name, title in _NAMES.items()
        ),
    ]
    return "\n".join([*_head(figures), *_pages(figures), "", *_live(figures), "", *figures_table(targets)]) + "\n"


def _head(figures: Figures) -> Iterator[str]:
    rows = console_rows
    yield from (
        HEADING,
        "",
        f"Made by `python -m bench.console`, in an organisation of {_INTEGRATIONS:,} integrations, {rows.ITEMS:,}",
        f"items, {rows.DELIVERIES:,} deliveries, {rows.JOBS:,} jobs and an audit of {rows.DEEDS:,}. Each page",
        f"{_REPEATS} times, one request after the other over one connection, signed in; as the client sees it. Others",
        f"used {figures.others:.0%} of the machine meanwhile. Pages are not compressed, since their forms carry a",
        "token (BREACH). Sizes are with header fields; `with parts` is with the stylesheet, the script and the icon,",
        "which a browser then keeps. An open page has one more connection, for news.",
        "",
    )


def _pages(figures: Figures) -> Iterator[str]:
    yield "| page | p50, ms | p95, ms | kB | with parts, kB | requests |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, took in figures.pages.items():
        page, whole = figures.bytes[name]
        sizes = f"{page / 1000:.1f} | {whole / 1000:.1f} | {figures.requests[name]}"
        yield f"| {name} | {median(took):.2f} | {_p95(took):.2f} | {sizes} |"


def _live(figures: Figures) -> Iterator[str]:
    yield f"{_LIVE_PAGES} pages left open on one process: of {_ORGANISATIONS} organisations, or of the large one."
    yield f"Shares of a core over {_IDLE_SECONDS:.0f} s in which nothing happens; memory before, and with them."
    heard = ", ".join(f"{figures.heard[name]:.2f} s {title}" for name, title in _NAMES.items())
    yield f"From the end of a job until all {_LIVE_PAGES} pages of its organisation have heard of it: {heard}."
    yield ""
    yield "| who serves | open pages | service | database | MiB before | MiB with them |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for (name, whose), one in figures.idle.items():
        shares = f"{one.service:.1%} | {one.database:.1%} | {one.before:.0f} | {one.after:.0f}"
        yield f"| {_NAMES[name]} | {whose} | {shares} |"


def _p95(took: Sequence[float]) -> float:
    return quantiles(took, n=20)[-1]


if __name__ == "__main__":
    run_part("console", __doc__, HEADING, measure, render)
