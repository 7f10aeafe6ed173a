"""One part of the bench by itself: measured, printed, and put in place of the one before in bench/RESULTS.md."""

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from bench.database import Server, embedded_server
from bench.report import replace_part

Figures = TypeVar("Figures")

_RESULTS: Final = Path(__file__).with_name("RESULTS.md")


def run_part(
    name: str,
    description: str | None,
    heading: str,
    measure: Callable[[Server, Path], Figures],
    render: Callable[[Figures], str],
) -> None:
    """What `python -m bench.{name}` does. `heading` begins the part, `measure` gets a directory for what it writes."""
    parser = argparse.ArgumentParser(prog=f"python -m bench.{name}", description=description)
    parser.add_argument("--output", type=Path, default=_RESULTS, help="whose part to replace (default: RESULTS.md)")
    options = parser.parse_args()
    # what the caller's shell has set is for a real service, not for ours
    for setting in [setting for setting in os.environ if setting.startswith("JACKFIELD_")]:
        del os.environ[setting]
    with embedded_server() as server, tempfile.TemporaryDirectory(prefix="jackfield-bench-") as directory:
        text = render(measure(server, Path(directory)))
    replace_part(options.output, heading, text)
    print(text)
