"""Every provider's table of errors: complete in itself, documented, and what the provider really goes by."""

import asyncio
import re
from typing import Any

import pytest

from jackfield.domain.provider import ConfigurationRejected, KnownError, Manifest, Meaning, ProviderError, RightMissing
from jackfield.providers._errors import error_of
from support.recorded import CLASSES, case, provider_at
from support.vendor import Answer, answers
from support.wire import said

MANIFESTS = [made.manifest for made in CLASSES.values()]
ENTRIES = [(manifest.slug, error) for manifest in MANIFESTS for error in manifest.errors]


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda one: one.slug)
def test_a_provider_declares_its_vendors_errors(manifest: Manifest) -> None:
    assert manifest.errors


@pytest.mark.parametrize(("slug", "known"), ENTRIES, ids=lambda one: getattr(one, "name", one))
def test_an_entry_says_where_it_is_documented_and_what_to_do(slug: str, known: KnownError) -> None:
    manifest = CLASSES[slug].manifest
    assert known.source in {source.url for source in manifest.sources}, "a source has a date only in the manifest"
    assert re.fullmatch(rf"{re.escape(manifest.name)}\b.{{10,200}}", known.words)
    assert known.words[-1] not in ".:, "
    assert known.name == known.name.strip() != ""
    assert known.field is None or known.meaning is Meaning.CONFIGURATION
    assert known.right is None or known.meaning in {Meaning.RIGHT, Meaning.OBJECT_RIGHT}


@pytest.mark.parametrize(("slug", "known"), ENTRIES, ids=lambda one: getattr(one, "name", one))
def test_an_entry_is_what_the_provider_raises_when_the_vendor_says_so(slug: str, known: KnownError) -> None:
    told = said(slug, known)
    recorded = case(slug, told.case)
    script = [*recorded.answers()[: told.place], told.answer, *told.then]
    raised = asyncio.run(_raised(slug, told.case, script))
    expected = error_of(known)
    assert type(raised) is type(expected), repr(raised)
    assert str(raised).startswith(known.words)
    if isinstance(raised, ConfigurationRejected):
        assert raised.field == known.field
    if isinstance(raised, RightMissing) and known.right is not None:
        assert raised.right == known.right


async def _raised(slug: str, name: str, script: list[Answer]) -> ProviderError | None:
    recorded = case(slug, name)
    async with provider_at(recorded, answers(*script)) as (provider, connection, _):
        made: Any = provider
        try:
            await getattr(made, recorded.call)(connection, *recorded.arguments())
        except ProviderError as error:
            return error
    return None
