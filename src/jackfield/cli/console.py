"""What commands share: opening the house for one deed, and printing for people or for scripts."""

import asyncio
import getpass
import os
import secrets
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, NoReturn, TypeVar

import msgspec
import typer

from jackfield import logs
from jackfield.bootstrap import Ground, open_ground
from jackfield.domain.principal import Origin
from jackfield.settings import Settings, read_settings

Result = TypeVar("Result")

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


def as_operator(deed: Callable[[Ground, Origin], Awaitable[Result]]) -> Result:
    """Opens the ground, does one deed as the operator, closes it."""
    settings = command_settings()

    async def run() -> Result:
        async with open_ground(settings) as ground:
            return await deed(ground, _origin())

    return asyncio.run(run())


def command_settings() -> Settings:
    """The settings, with logs at warning and above: a command's own output is what it has to say."""
    settings = read_settings()
    logs.configure("warning")
    return settings


def print_json(value: Any) -> None:
    typer.echo(msgspec.json.format(msgspec.json.encode(value)).decode())


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Columns as wide as their content, two blanks apart."""
    lines = [list(headings), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    for line in lines:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def printable(text: str) -> str:
    """A stranger's text without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def show_time(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment else "-"


def confirm(question: str, *, reads_json: bool = False) -> None:
    """Ask before what cannot be undone; ends the program where nobody can be asked, or somebody says no."""
    if reads_json or not sys.stdin.isatty():
        fail("this cannot be undone, and nobody can be asked here: say --yes if it is meant")
    typer.confirm(question, abort=True)


def fail(message: str) -> NoReturn:
    typer.echo(f"jackfield: {message}", err=True)
    sys.exit(1)


def _origin() -> Origin:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return Origin(f"cli:{user}", secrets.token_hex(12))
