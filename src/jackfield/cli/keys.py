"""`jackfield keys`: API keys of organisations."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from jackfield.cli.console import Json, as_operator, print_json, print_table, show_time
from jackfield.domain import ids
from jackfield.domain.errors import NotFound
from jackfield.domain.key import ApiKey
from jackfield.domain.principal import GRANTABLE

keys = typer.Typer(help="Create, list and revoke API keys.", no_args_is_help=True)


@keys.command()
def create(
    organisation: Annotated[str, typer.Option(metavar="ID-OR-NAME", help="Whose key: id, handle or name.")],
    user: Annotated[str, typer.Option(help="The user that the key acts for.")],
    capability: Annotated[
        list[str] | None,
        typer.Option(help=f"What the key may do, repeatable; all of them when absent. {', '.join(GRANTABLE)}"),
    ] = None,
    expires_in_days: Annotated[int | None, typer.Option(min=1, max=36500, help="Never expires when absent.")] = None,
    json: Json = False,
) -> None:
    """Create a key and show it, this once."""
    expires_at = datetime.now(UTC) + timedelta(days=expires_in_days) if expires_in_days else None
    made = as_operator(
        lambda ground, origin: ground.organisations.create_key(organisation, user, capability or (), expires_at, origin)
    )
    if json:
        print_json({"key": made.secret, **_shown(made.key), "organisation": made.organisation.handle})
    else:
        typer.echo(made.secret)
        typer.echo("Keep it now: it is stored only as a hash and cannot be shown again.", err=True)


@keys.command("list")
def list_(
    organisation: Annotated[str | None, typer.Option(metavar="ID-OR-NAME", help="All when absent.")] = None,
    json: Json = False,
) -> None:
    """List keys, revoked ones included."""
    found = as_operator(lambda ground, _: ground.organisations.list_keys(organisation))
    if json:
        print_json([_shown(key) for key in found])
        return
    print_table(
        ("ID", "ORGANISATION", "USER", "CAPABILITIES", "CREATED", "EXPIRES", "REVOKED"),
        (
            (
                str(key.id),
                str(key.organisation_id),
                key.user,
                ",".join(key.capabilities),
                show_time(key.created_at),
                show_time(key.expires_at),
                show_time(key.revoked_at),
            )
            for key in found
        ),
    )


@keys.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `keys list` shows it.")],
) -> None:
    """Revoke a key: from now on no process accepts it."""
    try:
        number = ids.parse_decimal(key_id)
    except ids.MalformedId:
        raise NotFound("Key", key_id) from None
    as_operator(lambda ground, origin: ground.organisations.revoke_key(number, origin))
    typer.echo(f"Revoked {key_id}")


def _shown(key: ApiKey) -> dict[str, Any]:
    return {
        "id": ids.to_decimal(key.id),
        "organisation": ids.to_decimal(key.organisation_id),
        "user": key.user,
        "capabilities": key.capabilities,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
    }
