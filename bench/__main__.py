"""`python -m bench`: measures, prints the tables, writes bench/RESULTS.md. Exit status 1 when any request failed."""

import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

from bench import console, credential, items, jobs
from bench.database import embedded_server
from bench.phases import measure
from bench.plan import FULL, QUICK
from bench.report import render
from bench.wrk import find_wrk

_RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, 100,000 rows for a million")
    parser.add_argument(
        "--output", type=Path, default=_RESULTS, help="where the results go (default: bench/RESULTS.md)"
    )
    options = parser.parse_args()
    find_wrk()
    # what the caller's shell has set is for a real service, not for ours
    for name in [name for name in os.environ if name.startswith("JACKFIELD_")]:
        del os.environ[name]
    signal.signal(signal.SIGTERM, _interrupted)
    plan = QUICK if options.quick else FULL
    with embedded_server() as server, tempfile.TemporaryDirectory(prefix="jackfield-bench-") as directory:
        figures = measure(plan, server, Path(directory))
        text = render(figures, plan, f"python -m bench{' --quick' if options.quick else ''}")
        text += "\n" + jobs.render(jobs.measure(server, Path(directory)))
        text += "\n" + credential.render(credential.measure(server, Path(directory)))
        text += "\n" + items.render(items.measure(server, Path(directory)))
        text += "\n" + console.render(console.measure(server, Path(directory)))
    options.output.write_text(text, encoding="utf-8")
    print(text)
    if figures.errors:
        sys.exit("bench: requests failed, so these figures count for nothing")


def _interrupted(*_: object) -> NoReturn:
    """A polite end is as orderly as Ctrl-C: everything that was started is stopped."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("bench: interrupted; everything is stopped")
