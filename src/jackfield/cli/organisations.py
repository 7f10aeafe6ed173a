"""`jackfield organisations`: tenants."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from jackfield.cli.console import Json, as_operator, confirm, print_json, print_table, printable, show_time
from jackfield.domain import ids
from jackfield.domain.installation import UntoldApp
from jackfield.domain.organisation import Organisation

organisations = typer.Typer(help="Create, rename, list and delete organisations.", no_args_is_help=True)

Reference = Annotated[str, typer.Argument(metavar="ID-OR-NAME", help="Its id, handle or name.")]


@organisations.command()
def create(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    handle: Annotated[
        str | None, typer.Option(help="Its name in addresses, unique for ever; made from the name when not given.")
    ] = None,
    json: Json = False,
) -> None:
    """Create an organisation."""
    made = as_operator(lambda ground, origin: ground.organisations.create(name, origin, handle))
    if json:
        print_json(_shown(made))
    else:
        typer.echo(f"Created {made.name} with the handle {made.handle} and the id {made.id}")
        typer.echo(f"Next: jackfield keys create --organisation {made.handle} --user NAME")


@organisations.command()
def rename(
    reference: Reference, name: Annotated[str, typer.Argument(help="Its new name.")], json: Json = False
) -> None:
    """Give an organisation another name. Its id and handle stay."""
    renamed = as_operator(lambda ground, origin: ground.organisations.rename(reference, name, origin))
    if json:
        print_json(_shown(renamed))
    else:
        typer.echo(f"Renamed {renamed.handle} to {renamed.name}")


@organisations.command("list")
def list_(json: Json = False) -> None:
    """List every organisation."""
    found = as_operator(lambda ground, _: ground.organisations.list())
    if json:
        print_json([_shown(organisation) for organisation in found])
        return
    print_table(
        ("ID", "HANDLE", "NAME", "CREATED"),
        ((str(one.id), one.handle, one.name, show_time(one.created_at)) for one in found),
    )


@organisations.command()
def delete(
    reference: Reference,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Delete an organisation for good: its secrets are destroyed and its keys are dead at once.

    Apps that it has installed can't be told any more. Delete those integrations first if they have to know.
    """
    untold = as_operator(lambda ground, _: ground.organisations.untold_apps(reference))
    if untold and not json:
        typer.echo(_told_of_apps(untold), err=True)
    if not yes:
        confirm(f"Delete {reference} with all its integrations and secrets, for good?", reads_json=json)
    gone = as_operator(lambda ground, origin: ground.organisations.delete(reference, origin))
    if json:
        apps = [{"installation_id": ids.to_hex(one.installation_id), "app": one.app_name} for one in untold]
        print_json({**_shown(gone), "apps_not_told": apps})
    else:
        typer.echo(f"Deleted {gone.name} ({gone.handle})")


@organisations.command("return-urls")
def return_urls(
    reference: Reference,
    urls: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="URL",
            help="From now on exactly these, repeatable; what is below one of them is allowed. Empty for none.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Show, or set, where customers may be sent back to after they have connected."""
    if urls is None:
        found = as_operator(lambda ground, _: ground.organisations.get_return_urls(reference))
    else:
        wanted = [url for url in urls if url]
        found = as_operator(lambda ground, origin: ground.organisations.set_return_urls(reference, wanted, origin))
    if json:
        print_json(found)
    elif found:
        typer.echo("\n".join(found))
    else:
        typer.echo("None: customers are not sent back anywhere", err=True)


def _told_of_apps(untold: Sequence[UntoldApp]) -> str:
    """What happens to installed apps, and what can be done about it before."""
    listed = "\n".join(f"  {printable(one.app_name)} ({ids.to_hex(one.installation_id)})" for one in untold)
    return (
        f"These apps are not told that their installation ends, so they may keep their data:\n{listed}\n"
        "To have them told, delete these integrations first and wait for their jobs to end."
    )


def _shown(organisation: Organisation) -> dict[str, Any]:
    return {
        "id": ids.to_decimal(organisation.id),
        "hub_id": ids.to_hex(organisation.id),
        "handle": organisation.handle,
        "name": organisation.name,
        "created_at": organisation.created_at,
    }
