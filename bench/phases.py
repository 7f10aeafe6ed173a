"""What is measured, in order. Every loop is bounded by the plan; every error is kept and fails the run in the end."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench.contenders import CONTENDERS, FLOOR, JACKFIELD, serving
from bench.database import Server
from bench.plan import CONNECTIONS, CROWD, SEEDED, WARM_UP_SECONDS, Plan
from bench.process import Memory, Running, free_port, running
from bench.sameness import check_sameness
from bench.seed import Seeded, seed
from bench.steady import Steady, run_steady
from bench.workloads import READ, SAVE, WORKLOADS, Workload
from bench.wrk import Block, run_wrk, write_requests

#: by workload, then by contender, one block for each round
Blocks = dict[str, dict[str, list[Block]]]


@dataclass
class Figures:
    blocks: Blocks = field(default_factory=dict)
    memory: dict[str, Memory] = field(default_factory=dict)
    #: by workload, then by contender, at half of the contender's own saturation rate
    steady: dict[str, dict[str, list[Steady]]] = field(default_factory=dict)
    crowd: dict[str, Block] = field(default_factory=dict)
    starts: list[float] = field(default_factory=list)
    #: blocks of reads by number of rows
    sizes: dict[int, list[Block]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def rate(self, workload: str, contender: str) -> float:
        return median(block.rate for block in self.blocks[workload][contender])


def measure(plan: Plan, server: Server, directory: Path) -> Figures:
    figures = Figures()
    _say(f"seeding {SEEDED:,} integrations")
    server.create("seeded")
    seeded = seed(server.dsn("seeded"), "seeded", SEEDED)
    with contextlib.ExitStack() as stack:
        contenders = {one.name: stack.enter_context(serving(one, server, seeded, directory)) for one in CONTENDERS}
        check_sameness(server, seeded, contenders)
        _say("all contenders give the same answers and write the same rows")
        bench = _Bench(plan, server, seeded, contenders, directory, figures)
        bench.rounds()
        figures.memory = {name: one.memory() for name, one in contenders.items()}
        bench.steady()
        bench.crowd()
        figures.memory[JACKFIELD.name] = contenders[JACKFIELD.name].memory()
    _measure_sizes(plan, server, directory, figures)
    _measure_starts(plan, directory, figures)
    return figures


@dataclass
class _Bench:
    plan: Plan
    server: Server
    seeded: Seeded
    contenders: Mapping[str, Running]
    directory: Path
    figures: Figures

    def rounds(self) -> None:
        names = list(self.contenders)
        for workload in WORKLOADS:
            requests = _write(self.directory, workload, self.seeded)
            blocks: dict[str, list[Block]] = {name: [] for name in names}
            self.figures.blocks[workload.name] = blocks
            for name in names:
                self._block(workload, name, requests, WARM_UP_SECONDS)
            for number in range(self.plan.rounds):
                # nobody always runs after the same neighbour
                for name in names[number % len(names) :] + names[: number % len(names)]:
                    blocks[name].append(self._block(workload, name, requests, self.plan.seconds))
                shown = ", ".join(f"{name} {blocks[name][-1].rate:,.0f}" for name in names)
                _say(f"{workload.name}, round {number + 1} of {self.plan.rounds}, requests a second: {shown}")

    def steady(self) -> None:
        for workload in (READ, SAVE):
            found: dict[str, list[Steady]] = {JACKFIELD.name: [], FLOOR.name: []}
            self.figures.steady[workload.name] = found
            requests = workload.requests(self.seeded)
            for number in range(self.plan.steady_rounds):
                for name, them in found.items():
                    self._restore(name)
                    rate = self.figures.rate(workload.name, name) / 2
                    port = self.contenders[name].port
                    one = run_steady(port, requests, rate, self.plan.steady_seconds, CONNECTIONS)
                    them.append(one)
                    self._note(f"{workload.name} at a steady rate", name, one.errors)
                shown = ", ".join(f"{name} {ones[-1].p99_ms:.2f} ms" for name, ones in found.items())
                _say(f"{workload.name} at half of saturation, round {number + 1}, p99: {shown}")

    def crowd(self) -> None:
        for workload in (READ, SAVE):
            requests = _write(self.directory, workload, self.seeded)
            block = self._block(workload, JACKFIELD.name, requests, self.plan.crowd_seconds, CROWD)
            self.figures.crowd[workload.name] = block
            _say(f"{workload.name} with {CROWD} connections: {block.rate:,.0f} a second, longest {block.max_ms:.0f} ms")

    def _block(
        self, workload: Workload, name: str, requests: Path, seconds: int, connections: int = CONNECTIONS
    ) -> Block:
        self._restore(name)
        block = run_wrk(self.contenders[name], self.server.pid, requests, connections, seconds)
        self._note(workload.name, name, block.errors)
        return block

    def _restore(self, name: str) -> None:
        self.server.restore(f"{self.seeded.database}_{name}", self.seeded.newest)

    def _note(self, workload: str, name: str, errors: int) -> None:
        if errors:
            self.figures.errors.append(f"{workload}, {name}: {errors} requests failed")


def _measure_sizes(plan: Plan, server: Server, directory: Path, figures: Figures) -> None:
    """Reads from a small and from a large table, by turns."""
    with contextlib.ExitStack() as stack:
        turns: list[tuple[int, Running, Path]] = []
        for count in (plan.small, plan.large):
            _say(f"seeding {count:,} integrations")
            database = f"rows_{count}"
            server.create(database)
            seeded = seed(server.dsn(database), database, count)
            requests = _write(directory, READ, seeded)
            process = stack.enter_context(serving(JACKFIELD, server, seeded, directory))
            run_wrk(process, server.pid, requests, CONNECTIONS, WARM_UP_SECONDS)
            turns.append((count, process, requests))
            figures.sizes[count] = []
        for _ in range(plan.rounds):
            for count, process, requests in turns:
                block = run_wrk(process, server.pid, requests, CONNECTIONS, plan.seconds)
                figures.sizes[count].append(block)
                if block.errors:
                    figures.errors.append(f"read of {count:,}: {block.errors} requests failed")
            shown = ", ".join(f"{count:,} rows {them[-1].rate:,.0f}" for count, them in figures.sizes.items())
            _say(f"read by size, requests a second: {shown}")


def _measure_starts(plan: Plan, directory: Path, figures: Figures) -> None:
    """The first start makes the data directory and is not counted."""
    environment = {"JACKFIELD_DATA_DIR": str(directory / "own")}
    for number in range(plan.starts + 1):
        port = free_port()
        with running(JACKFIELD.command(port), environment, directory / "own.log", port) as process:
            if number:
                figures.starts.append(process.ready_seconds)
    _say("starts: " + ", ".join(f"{seconds:.2f} s" for seconds in figures.starts))


def _write(directory: Path, workload: Workload, seeded: Seeded) -> Path:
    path = directory / f"{seeded.database}_{workload.name}.requests"
    if not path.exists():
        write_requests(path, workload.requests(seeded))
    return path


def _say(text: str) -> None:
    print(f"bench: {text}", flush=True)


def paired(ours: Sequence[Block], theirs: Sequence[Block]) -> float:
    """How many times their requests a second are ours: round by round, then the median.

    Neighbours in time share what else the machine was doing, so this moves less than a ratio of two medians.
    """
    return median(one.rate / other.rate for one, other in zip(ours, theirs, strict=True))
