"""`jackfield console-link`: a link by which somebody signs in, once."""

from typing import Annotated

import typer

from jackfield.cli.console import Json, as_operator, command_settings, print_json, show_time
from jackfield.domain import ids
from jackfield.domain.principal import GRANTABLE

#: where `jackfield serve` listens unless it is told otherwise
_LOCAL = "http://127.0.0.1:8400"


def console_link(
    organisation: Annotated[str, typer.Option(metavar="ID-OR-NAME", help="Whose: id, handle or name.")],
    user: Annotated[str, typer.Option(help="Who signs in with it.")],
    capability: Annotated[
        list[str] | None,
        typer.Option(help=f"What they may do, repeatable; all of them when absent. {', '.join(GRANTABLE)}"),
    ] = None,
    operator: Annotated[
        bool, typer.Option("--operator", help="They operate the whole service, too: its health, every definition.")
    ] = False,
    json: Json = False,
) -> None:
    """Make a link by which a person signs in with a browser, once and within 10 minutes."""
    made = as_operator(
        lambda ground, origin: ground.console_links.create(
            organisation, user, capability or (), origin, is_operator=operator
        )
    )
    url = (command_settings().public_url or _LOCAL) + made.path
    if json:
        print_json(
            {
                "url": url,
                "organisation": made.organisation.handle,
                "organisation_id": ids.to_decimal(made.organisation.id),
                "user": made.user,
                "capabilities": made.capabilities,
                "expires_at": made.expires_at,
            }
        )
    else:
        typer.echo(url)
        typer.echo(f"It opens one session, until {show_time(made.expires_at)}.", err=True)
