"""Finds every provider: the files of this folder, and what packages bring under the entry-point group."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any, Final, Protocol

from jackfield import providers
from jackfield.domain.errors import Misconfigured
from jackfield.domain.provider import Manifest, Provider
from jackfield.providers._http import Endpoints, HttpClient

GROUP: Final = "jackfield.providers"


class ProviderClass(Protocol):
    """What a provider's file declares as PROVIDER, or an entry point names."""

    manifest: Manifest

    def __call__(self, http: HttpClient, endpoints: Endpoints) -> Provider: ...


def provider_classes() -> dict[str, ProviderClass]:
    """Every provider's class by its slug, in the order of the slugs.

    Raises Misconfigured, naming the package, when one cannot be loaded or two have the same slug.
    """
    found: dict[str, ProviderClass] = {}
    for origin, provider in (*_built_in(), *_from_packages()):
        slug = provider.manifest.slug
        if slug in found:
            raise Misconfigured(
                f"Two providers are called {slug!r}; the second comes from {origin}. Remove one package."
            )
        found[slug] = provider
    return dict(sorted(found.items()))


def make_providers(http: HttpClient, endpoints: Mapping[str, Endpoints]) -> dict[str, Provider]:
    """One instance of each, by slug, with the addresses that the operator set for it."""
    return {slug: provider(http, endpoints.get(slug, Endpoints())) for slug, provider in provider_classes().items()}


def _built_in() -> Iterator[tuple[str, ProviderClass]]:
    for module in pkgutil.iter_modules(providers.__path__):
        if not module.name.startswith("_"):
            yield module.name, importlib.import_module(f"{providers.__name__}.{module.name}").PROVIDER


def _from_packages() -> Iterator[tuple[str, ProviderClass]]:
    for entry in entry_points(group=GROUP):
        origin = entry.dist.name if entry.dist is not None else entry.name
        try:
            loaded: Any = entry.load()
        except Exception as error:
            raise Misconfigured(
                f"The provider {entry.name!r} of the package {origin} cannot be loaded ({type(error).__name__}). "
                "Mend or remove the package."
            ) from error
        if not isinstance(getattr(loaded, "manifest", None), Manifest):
            raise Misconfigured(
                f"The provider {entry.name!r} of the package {origin} has no manifest. Mend the package."
            )
        yield origin, loaded
