"""What the network can do to a call: every provider that verifies says the same, and says no secret."""

import asyncio
import logging
import time

import pytest

from jackfield.domain.provider import ConfigurationRejected, ProviderError, VendorUnavailable
from jackfield.providers._http import AnswerTooLong
from support.recorded import CLASSES, case, provider_at
from support.vendor import Answer, Behaviour, answers, floods, hangs, resets, vendor

VERIFYING = sorted(set(CLASSES) - {"teams"})
every_provider = pytest.mark.parametrize("slug", VERIFYING)


async def verify(slug: str, behaviour: Behaviour, total_seconds: float = 10.0) -> ProviderError:
    """What the provider raises."""
    async with provider_at(case(slug, "verified"), behaviour, total_seconds) as (provider, connection, _):
        with pytest.raises(ProviderError) as raised:
            await provider.verify(connection)
    return raised.value


@every_provider
@pytest.mark.parametrize(
    ("behaviour", "kind", "words"),
    [(resets, VendorUnavailable, "broke off"), (floods, AnswerTooLong, "sent more than 2 MiB")],
)
def test_a_broken_or_endless_answer_is_no_usable_one(
    slug: str, behaviour: Behaviour, kind: type[VendorUnavailable], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    error = asyncio.run(verify(slug, behaviour))
    assert type(error) is kind
    assert words in str(error)
    check_silence(slug, error, caplog)


@every_provider
def test_a_vendor_that_hangs_is_not_waited_for(slug: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    started = time.monotonic()
    error = asyncio.run(verify(slug, hangs, total_seconds=0.2))
    assert type(error) is VendorUnavailable
    assert time.monotonic() - started < 5
    check_silence(slug, error, caplog)


@every_provider
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(slug: str, status: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def run() -> ProviderError:
        async with vendor(answers(Answer.of({}))) as other:
            error = await verify(slug, answers(Answer(status, {"Location": f"{other.url}/elsewhere"})))
            assert other.seen == []
        return error

    error = asyncio.run(run())
    assert type(error) is ConfigurationRejected
    assert "redirect" in str(error)
    check_silence(slug, error, caplog)


@every_provider
def test_a_connection_that_ends_without_a_word_is_no_usable_answer(slug: str) -> None:
    assert type(asyncio.run(verify(slug, answers()))) is VendorUnavailable


def check_silence(slug: str, error: ProviderError, caplog: pytest.LogCaptureFixture) -> None:
    told = f"{error} {error!r} {error.__cause__!r} {caplog.text}"
    for word in case(slug, "verified").secret_words():
        assert word not in told
