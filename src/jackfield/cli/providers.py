"""`jackfield providers`: what can be connected, and what each takes."""

from typing import Annotated, Any, Final

import msgspec
import typer

from jackfield.cli.console import Json, fail, print_json, print_table
from jackfield.cli.provider_page import provider_page
from jackfield.domain.grade import abilities as provider_abilities
from jackfield.domain.grade import grade_of, missing
from jackfield.domain.provider import Manifest
from jackfield.providers._registry import ProviderClass, provider_classes

#: what each word stands for: any of these methods
_ABILITIES: Final = {
    "connect": {"authorize_url"},
    "verify": {"verify"},
    "deliver": {"deliver"},
    "read_back": {"read_back"},
    "revoke": {"revoke", "revoke_grant"},
}

providers = typer.Typer(help="What can be connected, and what each takes.", no_args_is_help=True)


@providers.command("list")
def list_(json: Json = False) -> None:
    """List the providers that are installed, with packages' own among them."""
    found = [_summary(provider) for provider in provider_classes().values()]
    if json:
        print_json(found)
        return
    print_table(
        ("PROVIDER", "NAME", "CATEGORY", "GRADE", "CAN"),
        [(one["slug"], one["name"], one["category"], one["grade"], ", ".join(one["can"]) or "-") for one in found],
    )


@providers.command()
def show(
    name: Annotated[str, typer.Argument(help="As `jackfield providers list` has it.")],
    json: Json = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a page of Markdown.")] = False,
) -> None:
    """Show what a provider takes, and where to find it."""
    known = provider_classes()
    if name not in known:
        fail(f"there is no provider {name!r}; there are: {', '.join(known)}")
    manifest = known[name].manifest
    if markdown:
        typer.echo(provider_page(manifest, provider_abilities(known[name])), nl=False)
        return
    if json:
        print_json({**_summary(known[name]), "manifest": msgspec.to_builtins(manifest)})
        return
    typer.echo(f"{manifest.name} ({manifest.slug}, {manifest.category}): {manifest.description}\n{manifest.url}\n")
    typer.echo(f"Grade: {_summary(known[name])['grade']}\n")
    _show_facts(manifest)
    _show_fields(manifest)
    typer.echo("Documented at:")
    for source in manifest.sources:
        typer.echo(f"  {source.facts}: {source.url} (read {source.checked_at})")


def _show_facts(manifest: Manifest) -> None:
    facts = manifest.facts
    if facts is None:
        return
    typer.echo("How to get a credential:")
    for number, step in enumerate(facts.steps, start=1):
        typer.echo(f"  {number}. {step}")
    for title, text in facts.told:
        typer.echo(f"{title}: {text}")
    typer.echo("")


def _show_fields(manifest: Manifest) -> None:
    for method in manifest.auth_methods:
        typer.echo(f"By {method.title}: {', '.join((*method.secrets, *method.configuration))}")
    typer.echo("\nSecrets:")
    for secret in manifest.secrets:
        typer.echo(f"  {secret.name} (hubs: auth.{secret.auth_key}): {secret.title}. {secret.help}")
    typer.echo("Settings:")
    for setting in manifest.configuration:
        word = " (needed)" if setting.required else " (needed for items)" if setting.needed_to_deliver else ""
        typer.echo(f"  {setting.name}{word}: {setting.title}. {setting.help}")


def _summary(provider: ProviderClass) -> dict[str, Any]:
    manifest = provider.manifest
    can = provider_abilities(provider)
    return {
        "slug": manifest.slug,
        "name": manifest.name,
        "category": manifest.category.value,
        "grade": grade_of(manifest, can).value,
        "can": [word for word, methods in _ABILITIES.items() if methods & can],
        "missing": [lack for lacks in missing(manifest, can).values() for lack in lacks],
    }
