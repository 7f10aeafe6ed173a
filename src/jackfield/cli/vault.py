"""`jackfield vault`: master keys and data keys."""

from typing import Annotated

import msgspec
import typer

from jackfield.bootstrap import Ground
from jackfield.cli.console import Json, as_operator, fail, print_json, print_table
from jackfield.domain.principal import Origin
from jackfield.services.key_ring import master_key_uses
from jackfield.services.rotation import Rotated
from jackfield.vault import generate_master_key, rewrap

vault = typer.Typer(help="Make, inspect and rotate encryption keys.", no_args_is_help=True)


@vault.command()
def generate(
    key_id: Annotated[str, typer.Option("--id", help="What to call it; another one for each key.")] = "v1",
) -> None:
    """Print a new master key, in the form that JACKFIELD_MASTER_KEYS takes."""
    typer.echo(generate_master_key(key_id))


@vault.command()
def status(json: Json = False) -> None:
    """Show the master keys, and how many stored keys each of them wraps."""

    async def count(ground: Ground, _: Origin) -> list[dict[str, object]]:
        wrapped = await ground.data_keys.count_by_master_key()
        return [msgspec.structs.asdict(use) for use in master_key_uses(ground.master_keys, wrapped)]

    found = as_operator(count)
    if json:
        print_json(found)
        return
    print_table(
        ("MASTER KEY", "NEWEST", "GIVEN", "WRAPS"),
        ((str(one["id"]), _yes(one["newest"]), _yes(one["given"]), str(one["wraps"])) for one in found),
    )


@vault.command()
def rotate(
    data_keys: Annotated[
        bool, typer.Option("--data-keys", help="Also give every organisation a new data key and seal anew.")
    ] = False,
) -> None:
    """Wrap every stored key by the newest master key; afterwards the older ones are not needed."""

    async def run(ground: Ground, _: Origin) -> tuple[int, Rotated | None]:
        wrapped = await rewrap(ground.data_keys, ground.service_secrets, ground.master_keys)
        return wrapped, await ground.rotation.rotate_data_keys() if data_keys else None

    wrapped, rotated = as_operator(run)
    typer.echo(f"Wrapped {wrapped} keys by the newest master key")
    if rotated is not None:
        typer.echo(f"Sealed {rotated.resealed} credentials by new data keys")
        if rotated.broken:
            ids = ", ".join(str(broken) for broken in rotated.broken)
            fail(f"the credentials of these integrations do not open and were left as they are: {ids}")


def _yes(value: object) -> str:
    return "yes" if value else "no"
