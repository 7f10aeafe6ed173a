"""`jackfield providers`: what can be connected, and what each takes."""

from typing import Annotated, Any

import msgspec
import typer

from jackfield.cli.console import Json, fail, print_json, print_table
from jackfield.domain.provider import Manifest, Revokes, Verifies
from jackfield.providers._registry import ProviderClass, provider_classes

providers = typer.Typer(help="What can be connected, and what each takes.", no_args_is_help=True)


@providers.command("list")
def list_(json: Json = False) -> None:
    """List the providers that are installed, with packages' own among them."""
    found = [_summary(provider) for provider in provider_classes().values()]
    if json:
        print_json(found)
        return
    print_table(
        ("PROVIDER", "NAME", "CATEGORY", "CAN"),
        [(one["slug"], one["name"], one["category"], ", ".join(one["can"]) or "-") for one in found],
    )


@providers.command()
def show(
    name: Annotated[str, typer.Argument(help="As `jackfield providers list` has it.")], json: Json = False
) -> None:
    """Show what a provider takes, and where to find it."""
    known = provider_classes()
    if name not in known:
        fail(f"there is no provider {name!r}; there are: {', '.join(known)}")
    manifest = known[name].manifest
    if json:
        print_json({**_summary(known[name]), "manifest": msgspec.to_builtins(manifest)})
        return
    typer.echo(f"{manifest.name} ({manifest.slug}, {manifest.category}): {manifest.description}\n{manifest.url}\n")
    _show_fields(manifest)
    typer.echo("Documented at:")
    for source in manifest.sources:
        typer.echo(f"  {source.facts}: {source.url} (read {source.checked_at})")


def _show_fields(manifest: Manifest) -> None:
    for method in manifest.auth_methods:
        typer.echo(f"By {method.title.lower()}: {', '.join((*method.secrets, *method.configuration))}")
    typer.echo("\nSecrets:")
    for secret in manifest.secrets:
        typer.echo(f"  {secret.name} (hubs: auth.{secret.auth_key}): {secret.title}. {secret.help}")
    typer.echo("Settings:")
    for setting in manifest.configuration:
        word = " (needed)" if setting.required else " (needed for items)" if setting.needed_to_deliver else ""
        typer.echo(f"  {setting.name}{word}: {setting.title}. {setting.help}")


def _summary(provider: ProviderClass) -> dict[str, Any]:
    manifest = provider.manifest
    can = [word for word, ability in (("verify", Verifies), ("revoke", Revokes)) if _has(provider, ability)]
    return {"slug": manifest.slug, "name": manifest.name, "category": manifest.category.value, "can": can}


def _has(provider: ProviderClass, ability: type) -> bool:
    """Whether instances of the class will satisfy the protocol, whose members are all methods."""
    methods = [name for name in vars(ability) if not name.startswith("_")]
    return all(callable(getattr(provider, name, None)) for name in methods)
