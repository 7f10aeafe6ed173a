"""What a provider's verification reads is what its manifest says: a change of it takes back what was proven."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from jackfield.domain.provider import ProviderError
from support.recorded import CLASSES, Case, cases, provider_at
from support.vendor import answers

#: read by ways of proving oneself that are not among the recorded replies
ELSEWHERE = {"github": {"installation_id"}}
VERIFYING = [slug for slug, provider in CLASSES.items() if hasattr(provider, "verify")]


class Noted(dict[str, str]):
    """A configuration that notes what is looked for in it."""

    def __init__(self, values: dict[str, str]) -> None:
        super().__init__(values)
        self.looked_for: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.looked_for.add(name)
        return super().get(name, default)

    def __getitem__(self, name: str) -> str:
        self.looked_for.add(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self.looked_for.add(str(name))
        return super().__contains__(name)

    def __iter__(self) -> Iterator[str]:
        self.looked_for.update(self.keys())
        return super().__iter__()


async def looked_for(case: Case) -> set[str]:
    async with provider_at(case, answers(*case.answers())) as (provider, connection, _):
        noted = Noted(dict(connection.configuration))
        with contextlib.suppress(ProviderError):
            await provider.verify(msgspec.structs.replace(connection, configuration=noted))
        return noted.looked_for


@pytest.mark.parametrize("slug", VERIFYING)
def test_verification_reads_what_the_manifest_says(slug: str) -> None:
    fields = CLASSES[slug].manifest.configuration
    read: set[str] = set()
    for case in cases(slug):
        if case.call == "verify":
            read |= asyncio.run(looked_for(case))
    expected = {field.name for field in fields if field.verified} - ELSEWHERE.get(slug, set())
    assert read & {field.name for field in fields} == expected
