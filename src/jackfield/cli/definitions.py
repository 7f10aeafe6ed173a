"""`jackfield definitions`: what outside developers publish, and what you decide about it."""

from datetime import timedelta
from typing import Annotated, Any

import typer

from jackfield.cli.console import Json, as_operator, print_json, print_table, printable, show_time
from jackfield.domain import ids
from jackfield.domain.app import LONGEST_SECRET_GRACE, SECRET_GRACE, App

definitions = typer.Typer(help="List, approve and archive the definitions that tenants authored.", no_args_is_help=True)

Reference = Annotated[str, typer.Argument(metavar="ID", help="As `definitions list` shows it.")]


@definitions.command("list")
def list_(json: Json = False) -> None:
    """List every definition that a tenant authored, the oldest first."""
    found = as_operator(lambda ground, _: ground.apps.list_all())
    if json:
        print_json([_shown(app) for app in found])
        return
    print_table(
        ("ID", "ORGANISATION", "NAME", "STATUS", "CREATED", "UPDATED"),
        (
            (
                app.hex_id,
                ids.to_decimal(app.organisation_id),
                printable(app.display_name),
                app.status,
                show_time(app.created_at),
                show_time(app.updated_at),
            )
            for app in found
        ),
    )


@definitions.command()
def approve(definition_id: Reference, json: Json = False) -> None:
    """Approve a definition: from now on every organisation sees and can install it."""
    app = as_operator(lambda ground, origin: ground.apps.approve(definition_id, origin))
    _tell("Approved", app, json=json)


@definitions.command()
def archive(definition_id: Reference, json: Json = False) -> None:
    """Archive a definition: from now on nobody can install it; what is installed stays."""
    app = as_operator(lambda ground, origin: ground.apps.archive(definition_id, origin))
    _tell("Archived", app, json=json)


@definitions.command("client-secret")
def client_secret(
    definition_id: Reference,
    grace_hours: Annotated[
        int,
        typer.Option(
            min=0,
            max=int(LONGEST_SECRET_GRACE.total_seconds() // 3600),
            help="For how many hours the old secret still works; 0 when it has leaked.",
        ),
    ] = int(SECRET_GRACE.total_seconds() // 3600),
    json: Json = False,
) -> None:
    """Replace a definition's client secret; the new one is shown once."""
    grace = timedelta(hours=grace_hours)
    replaced = as_operator(lambda ground, origin: ground.apps.replace_secret_of(definition_id, grace, origin))
    expires_at = replaced.previous_expires_at
    if json:
        secret = {"client_secret": replaced.client_secret, "previous_secret_expires": expires_at}
        print_json({**_shown(replaced.app), **secret})
        return
    # the secret alone goes to stdout, so that it can be handed on
    typer.echo(replaced.client_secret)
    old = "no longer works" if expires_at is None else f"works until {show_time(expires_at)}"
    typer.echo(f"New client secret of {replaced.app.hex_id}, shown only once. The old one {old}.", err=True)


def _tell(deed: str, app: App, *, json: bool) -> None:
    if json:
        print_json(_shown(app))
    else:
        typer.echo(f"{deed} {app.hex_id} ({printable(app.display_name)})")


def _shown(app: App) -> dict[str, Any]:
    return {
        "id": app.hex_id,
        "organisation": ids.to_decimal(app.organisation_id),
        "name": app.name,
        "author": app.author,
        "status": app.status,
        "oauth_callback_url": app.oauth_callback_url,
        "uninstallation_url": app.uninstallation_url,
        "created_at": app.created_at,
        "updated_at": app.updated_at,
    }
