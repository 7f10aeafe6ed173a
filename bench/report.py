"""Tables, and whether each figure was reached: for the terminal and for RESULTS.md, the same text."""

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final

from bench.contenders import CONTENDERS, CONVENTIONAL, FLOOR, JACKFIELD
from bench.phases import Figures, paired
from bench.plan import (
    CONNECTIONS,
    CROWD,
    FLATNESS,
    LONGEST_WAIT_SECONDS,
    MEMORY_MIB,
    RATIOS,
    START_SECONDS,
    TAIL_OF_FLOOR,
    Plan,
)
from bench.workloads import WORKLOADS

Row = Sequence[str]

_METHOD: Final = """\
One worker each, {connections} connections, {plan.rounds} rounds of {plan.seconds} s after a warm-up; the contenders
take turns in one go, on one PostgreSQL, with the load generator on the same cores. Figures are medians over the
rounds; a ratio is taken in each round, then the median of them. Before anything is measured, the bench checks that
all contenders give the same answers and write the same rows.
"""


def render(figures: Figures, plan: Plan, command: str) -> str:
    cores = len(os.sched_getaffinity(0))
    parts = [
        "# Measured\n",
        f"{datetime.now(UTC):%Y-%m-%d}, {cores} cores, Python {platform.python_version()}; made by `{command}`.\n",
        _METHOD.format(connections=CONNECTIONS, plan=plan),
        "## Requests a second\n",
        *_throughput(figures),
        f"\nOther programs used {_others(figures)} of the machine in the meantime (median and most over the blocks).\n",
        "\n## Memory of one serving process after the load\n",
        *_memory(figures),
        "\n## Latency at half of saturation\n",
        (
            "An open loop at a constant rate: each contender gets half of its own saturation rate, and latency counts "
            "from the moment at which a request should have left.\n"
        ),
        *_steady(figures),
        f"\n## {CROWD} connections, Jackfield\n",
        *_crowd(figures),
        "\n## Cost of a read by number of integrations, Jackfield\n",
        *_sizes(figures),
        "\n## Figures to reach\n",
        *_targets(figures),
    ]
    if figures.errors:
        parts += ["\n## Errors\n", *(f"- {error}" for error in figures.errors)]
    return "\n".join(parts) + "\n"


def _throughput(figures: Figures) -> Iterable[str]:
    rows: list[Row] = []
    for workload in WORKLOADS:
        blocks = figures.blocks[workload.name]
        for contender in CONTENDERS:
            ours = blocks[contender.name]
            rows.append(
                (
                    workload.title,
                    contender.title,
                    f"{median(block.rate for block in ours):,.0f}",
                    f"{median(block.p50_ms for block in ours):.2f}",
                    f"{median(block.p99_ms for block in ours):.2f}",
                    f"{median(block.service_us for block in ours):,.0f}",
                    f"{median(block.database_us for block in ours):,.0f}",
                    f"{paired(ours, blocks[FLOOR.name]):.2f}",
                    f"{paired(ours, blocks[CONVENTIONAL.name]):.1f}",
                )
            )
    headings = (
        *("workload", "contender", "requests/s", "p50 ms", "p99 ms", "CPU µs, service", "CPU µs, database"),
        *("of the floor", "times conventional"),
    )
    return _table(headings, rows)


def _others(figures: Figures) -> str:
    shares = [one.others for by_name in figures.blocks.values() for blocks in by_name.values() for one in blocks]
    return f"{median(shares):.0%} and {max(shares):.0%}"


def _memory(figures: Figures) -> Iterable[str]:
    rows = []
    for one in CONTENDERS:
        memory = figures.memory[one.name]
        supervisor = f"{memory.supervisor:.0f}" if memory.supervisor else "-"
        rows.append((one.title, f"{memory.resident:.0f}", f"{memory.unique:.0f}", supervisor))
    return _table(("contender", "resident MiB", "unshared MiB", "its supervisor MiB"), rows)


def _steady(figures: Figures) -> Iterable[str]:
    rows = [
        (
            workload,
            name,
            f"{median(one.rate for one in them):,.0f}",
            f"{median(one.p50_ms for one in them):.2f}",
            f"{median(one.p99_ms for one in them):.2f}",
            f"{max(one.max_ms for one in them):.1f}",
        )
        for workload, by_name in figures.steady.items()
        for name, them in by_name.items()
    ]
    return _table(("workload", "contender", "requests/s", "p50 ms", "p99 ms", "longest ms"), rows)


def _crowd(figures: Figures) -> Iterable[str]:
    rows = [
        (name, f"{one.rate:,.0f}", f"{one.p50_ms:.1f}", f"{one.p99_ms:.1f}", f"{one.max_ms:.0f}", str(one.errors))
        for name, one in figures.crowd.items()
    ]
    return _table(("workload", "requests/s", "p50 ms", "p99 ms", "longest ms", "errors"), rows)


def _sizes(figures: Figures) -> Iterable[str]:
    rows = [
        (f"{count:,}", f"{median(one.rate for one in them):,.0f}", f"{median(one.p99_ms for one in them):.2f}")
        for count, them in figures.sizes.items()
    ]
    return _table(("integrations", "reads/s", "p99 ms"), rows)


def _targets(figures: Figures) -> Iterable[str]:
    rows: list[Row] = []

    def add(what: str, wanted: str, found: str, *, met: bool) -> None:
        rows.append((what, wanted, found, "yes" if met else "NO"))

    for workload, target in RATIOS.items():
        blocks = figures.blocks[workload]
        of_floor = paired(blocks[JACKFIELD.name], blocks[FLOOR.name])
        times = paired(blocks[JACKFIELD.name], blocks[CONVENTIONAL.name])
        add(f"{workload}, of the floor", f"≥ {target.of_floor:.2f}", f"{of_floor:.2f}", met=of_floor >= target.of_floor)
        wanted = target.of_conventional
        add(f"{workload}, times the conventional stack", f"≥ {wanted:g}", f"{times:.1f}", met=times >= wanted)
    for workload, by_name in figures.steady.items():
        tail = median(
            ours.p99_ms / theirs.p99_ms
            for ours, theirs in zip(by_name[JACKFIELD.name], by_name[FLOOR.name], strict=True)
        )
        what = f"{workload}, p99 at half of saturation, times the floor's"
        add(what, f"≤ {TAIL_OF_FLOOR:g}", f"{tail:.2f}", met=tail <= TAIL_OF_FLOOR)
    for workload, one in figures.crowd.items():
        met = one.max_ms < LONGEST_WAIT_SECONDS * 1000 and not one.errors
        found = f"{one.max_ms:.0f} ms, {one.errors} failed"
        add(f"{workload}, longest wait with {CROWD} connections", f"< {LONGEST_WAIT_SECONDS:g} s", found, met=met)
    memory = figures.memory[JACKFIELD.name].resident
    add("resident memory of one serving process", f"≤ {MEMORY_MIB} MiB", f"{memory:.0f} MiB", met=memory <= MEMORY_MIB)
    start = median(figures.starts)
    add("start to ready", f"≤ {START_SECONDS:g} s", f"{start:.2f} s", met=start <= START_SECONDS)
    small, large = figures.sizes
    flat = paired(figures.sizes[small], figures.sizes[large])
    add(f"cost of a read, {large:,} to {small:,}", f"≤ {FLATNESS:g}", f"{flat:.2f}", met=flat <= FLATNESS)
    return _table(("figure", "wanted", "measured", "met"), rows)


def _table(headings: Row, rows: Sequence[Row]) -> list[str]:
    """Markdown that reads as well unrendered."""
    widths = [max(len(line[column]) for line in [headings, *rows]) for column in range(len(headings))]
    lines = [headings, ["-" * width for width in widths], *rows]
    return [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]


def replace_part(results: Path, heading: str, text: str) -> None:
    """Puts the text in the place of the part with that heading, or at the end; all other parts stay."""
    before, _, rest = (results.read_text(encoding="utf-8") if results.exists() else "").partition(f"{heading}\n")
    after = rest.partition("\n# ")[2]
    parts = [before.rstrip(), text.rstrip(), f"# {after.rstrip()}" if after else ""]
    results.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")


def figures_table(targets: Sequence[tuple[str, str, str, bool]]) -> list[str]:
    """The lines of a table of figures to reach: what, wanted, measured, met."""
    rows = (f"| {what} | {wanted} | {found} | {'yes' if met else 'NO'} |" for what, wanted, found, met in targets)
    return ["| figure | wanted | measured | met |", "| --- | --- | --- | --- |", *rows]
