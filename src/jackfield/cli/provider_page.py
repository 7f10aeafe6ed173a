"""A provider's page in Markdown, made from its manifest alone."""

from collections.abc import Iterator
from typing import Final

from jackfield.domain.grade import Grade, grade_of, missing
from jackfield.domain.provider import Facts, KnownError, Manifest, Meaning, OAuth, Right

_MEANINGS: Final = {
    Meaning.CREDENTIAL: "the credential",
    Meaning.RIGHT: "a missing right",
    Meaning.APPLICATION: "the operator's registration",
    Meaning.CONFIGURATION: "how it is set up at the vendor",
    Meaning.ITEM: "this item",
    Meaning.OBJECT_RIGHT: "a missing right for this object",
    Meaning.GONE: "the object is gone",
    Meaning.LIMIT: "a limit",
    Meaning.PASSING: "passing",
    Meaning.OURS: "an error of ours",
}


def provider_page(manifest: Manifest, can: frozenset[str]) -> str:
    """The page that stands in docs/providers."""
    return "\n".join(_lines(manifest, can)) + "\n"


def _lines(manifest: Manifest, can: frozenset[str]) -> Iterator[str]:
    yield f"# {manifest.name}"
    yield ""
    yield f"{manifest.description} <{manifest.url}>"
    yield ""
    yield f"`{manifest.slug}` · {manifest.category} · {_grade(manifest, can)}"
    if manifest.unprovable:
        yield ""
        yield manifest.unprovable
    if manifest.facts is not None:
        yield from _facts(manifest.facts)
    if manifest.oauth is not None:
        yield from _oauth(manifest.slug, manifest.oauth)
    yield from _fields(manifest)
    if manifest.errors:
        yield from _errors(manifest.errors)
    yield ""
    yield "## Documented at"
    yield ""
    for source in manifest.sources:
        yield f"- [{source.facts}]({source.url}), read {source.checked_at}"


def _grade(manifest: Manifest, can: frozenset[str]) -> str:
    lacks = missing(manifest, can)
    next_lacks = next((f"; for {grade} it lacks {', '.join(lack)}" for grade, lack in lacks.items() if lack), "")
    reached = grade_of(manifest, can)
    return f"grade {reached}{'' if reached is Grade.GOLD else next_lacks}"


def _facts(facts: Facts) -> Iterator[str]:
    yield ""
    yield "## How to get a credential"
    yield ""
    for number, step in enumerate(facts.steps, start=1):
        yield f"{number}. {step}"
    yield ""
    for title, text in facts.told:
        yield f"- **{title}**: {text}"


def _oauth(slug: str, oauth: OAuth) -> Iterator[str]:
    prefix = f"JACKFIELD_PROVIDERS__{slug.upper()}__"
    yield ""
    yield "## Connecting by OAuth"
    yield ""
    yield f"The operator registers an application and sets `{prefix}CLIENT_ID` and `{prefix}CLIENT_SECRET`."
    yield ""
    yield f"- **Registered at**: {oauth.registration}"
    yield f"- **Rights asked for**: {'; '.join(_right(right) for right in oauth.rights())}"
    yield f"- **PKCE**: {'S256' if oauth.pkce else 'no'}"
    yield f"- **Refresh**: {_refresh(oauth)}"
    second = [token_set for token_set in oauth.token_sets if token_set.scope_prefix]
    for token_set in second:
        asked = f"`{token_set.scope_prefix}...`"
        yield f"- **Second token**: `{token_set.access}`, for rights that are asked for as {asked}"


def _right(right: Right) -> str:
    return f"`{right.scope}`" + (f" ({right.words})" if right.words else "")


def _refresh(oauth: OAuth) -> str:
    if not oauth.refreshes:
        return "none"
    ends = ["the refresh token"] * oauth.rotates + ["the access token"] * oauth.ends_at_once
    return f"each ends {' and '.join(ends)} before it" if ends else "the refresh token stays"


def _fields(manifest: Manifest) -> Iterator[str]:
    keys = {secret.name: secret.auth_key for secret in manifest.secrets}
    yield ""
    yield "## What it takes"
    yield ""
    for method in manifest.auth_methods:
        taken = [f"`auth.{keys[name]}`" for name in method.secrets]
        taken += [f"`extra.{name}`" for name in method.configuration]
        yield f"- {method.title}: {', '.join(taken)}"
    yield ""
    yield "| in hubs | canonical name | needed | what it is |"
    yield "|---|---|---|---|"
    for secret in manifest.secrets:
        needed = "yes" if secret.required else "no"
        yield f"| `auth.{secret.auth_key}` | `{secret.name}` | {needed} | {_cell(secret.title, secret.help)} |"
    for field in manifest.configuration:
        needed = "yes" if field.required else "for items" if field.needed_to_deliver else "no"
        if field.destination:
            needed += ", decides where secrets go"
        yield f"| `extra.{field.name}` | `{field.name}` | {needed} | {_cell(field.title, field.help)} |"


def _errors(errors: tuple[KnownError, ...]) -> Iterator[str]:
    yield ""
    yield "## Errors"
    yield ""
    yield "What the vendor calls an error, what it is about, and what people read. Any other one is shown under the"
    yield "vendor's own name, tried again for some four hours, and held against nobody."
    yield ""
    yield "| error | about | what people read | documented |"
    yield "|---|---|---|---|"
    for error in errors:
        about = f"the setting `{error.field}`" if error.field else _MEANINGS[error.meaning]
        words = error.words.replace("|", "\\|")
        yield f"| `{error.name}` | {about} | {words} | [here]({error.source}) |"


def _cell(title: str, text: str) -> str:
    return f"{title}. {text}".replace("|", "\\|")
