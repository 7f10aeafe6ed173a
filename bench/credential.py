"""Fetching a credential, the product's hot path: of a floor that reads, audits and decrypts one row.

`python -m bench.credential` measures this alone and replaces its part of bench/RESULTS.md.
"""

from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from bench.contenders import FLOOR, WITHOUT_JOBS, serving
from bench.database import Server
from bench.part import run_part
from bench.plan import CONNECTIONS, SEEDED, WARM_UP_SECONDS
from bench.process import Running
from bench.seed import Seeded, seed
from bench.steady import Steady, run_steady
from bench.workloads import READ
from bench.wrk import Block, run_wrk, write_requests
from jackfield.domain import ids

HEADING: Final = "# Credentials"
#: figures to reach
OF_FLOOR: Final = 0.70
P99_MS: Final = 5.0

_ROUNDS: Final = 5
_SECONDS: Final = 4
_STEADY_ROUNDS: Final = 3
_STEADY_SECONDS: Final = 8.0


@dataclass
class Figures:
    #: one of each for each round
    own: list[Block] = field(default_factory=list)
    floor: list[Block] = field(default_factory=list)
    steady: list[Steady] = field(default_factory=list)
    steady_floor: list[Steady] = field(default_factory=list)

    @property
    def errors(self) -> int:
        return sum(one.errors for one in (*self.own, *self.floor, *self.steady, *self.steady_floor))


def measure(server: Server, directory: Path) -> Figures:
    """The two take turns; every request is for another row, and writes its audit entry."""
    figures = Figures()
    server.create("credentials")
    seeded = seed(server.dsn("credentials"), "credentials", SEEDED)
    write_requests(directory / "fetch", _fetches(seeded))
    write_requests(directory / "read", READ.requests(seeded))
    with serving(WITHOUT_JOBS, server, seeded, directory) as own, serving(FLOOR, server, seeded, directory) as floor:
        turns = ((own, "fetch", figures.own), (floor, "read", figures.floor))
        for process, requests, _ in turns:
            run_wrk(process, server.pid, directory / requests, CONNECTIONS, WARM_UP_SECONDS)
        for _ in range(_ROUNDS):
            for process, requests, blocks in turns:
                blocks.append(run_wrk(process, server.pid, directory / requests, CONNECTIONS, _SECONDS))
        for _ in range(_STEADY_ROUNDS):
            figures.steady.append(_steady(own, _fetches(seeded), figures.own))
            figures.steady_floor.append(_steady(floor, READ.requests(seeded), figures.floor))
    return figures


def _steady(process: Running, requests: list[bytes], blocks: list[Block]) -> Steady:
    return run_steady(process.port, requests, median(one.rate for one in blocks) / 2, _STEADY_SECONDS, CONNECTIONS)


def _fetches(seeded: Seeded) -> list[bytes]:
    head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {seeded.key}\r\n\r\n"
    return [
        f"GET /v1/hubs/current/integrations/{ids.to_hex(seeded.first + number)}/credential HTTP/1.1\r\n{head}".encode()
        for number in range(seeded.count)
    ]


def render(figures: Figures) -> str:
    paired = median(own.rate / floor.rate for own, floor in zip(figures.own, figures.floor, strict=True))
    p99 = median(one.p99_ms for one in figures.steady)
    own, floor = (median(one.rate for one in blocks) for blocks in (figures.own, figures.floor))
    floors = median(one.p99_ms for one in figures.steady_floor)
    targets = [
        ("a credential fetched, of the floor", f"≥ {OF_FLOOR:.2f}", f"{paired:.2f}", paired >= OF_FLOOR),
        ("the same, p99 at half of saturation", f"< {P99_MS:g} ms", f"{p99:.2f} ms", p99 < P99_MS),
    ]
    lines = [
        HEADING,
        "",
        f"Made by `python -m bench.credential`. GET of a credential out of {SEEDED:,} fresh ones, over {CONNECTIONS}",
        f"connections, {_ROUNDS} rounds of {_SECONDS} s in turns with the floor, which reads, audits and decrypts one",
        f"row: {own:,.0f}/s and {floor:,.0f}/s. At half of saturation the floor's p99 is {floors:.2f} ms. Failed",
        f"requests: {figures.errors}.",
        "",
        "| figure | wanted | measured | met |",
        "| --- | --- | --- | --- |",
        *(f"| {what} | {wanted} | {found} | {'yes' if met else 'NO'} |" for what, wanted, found, met in targets),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    run_part("credential", __doc__, HEADING, measure, render)
