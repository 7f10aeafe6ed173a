"""Who may come in, with a store and a clock of the test's own."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from jackfield.domain import key as api_key
from jackfield.domain.errors import KeyInvalid, Unavailable
from jackfield.domain.principal import Principal
from jackfield.services.access import CACHE_SECONDS, Access

PEPPER = b"pepper"
KEY = "jf_" + "aB3" * 14 + "x"
DIGEST = api_key.digest(PEPPER, KEY)
PRINCIPAL = Principal(1, 2, "alice", frozenset())

Found = tuple[bytes, Principal] | None


class Store:
    """Counts look-ups. `during` happens in the middle of one."""

    def __init__(self, found: Found = (DIGEST, PRINCIPAL)) -> None:
        self.found = found
        self.asked: list[bytes] = []
        self.during: Callable[[], None] = lambda: None

    async def find_principal(self, digest: bytes) -> Found:
        self.asked.append(digest)
        found = self.found
        self.during()
        await asyncio.sleep(0)
        return found if found is None or found[0] == digest or digest == DIGEST else None

    async def find_orphan(self, digest: bytes) -> bytes | None:
        """Here all keys that are found are of a deleted organisation."""
        self.asked.append(digest)
        return None if self.found is None else self.found[0]


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Scene:
    def __init__(self, found: Found = (DIGEST, PRINCIPAL), *, listening: bool = True) -> None:
        self.store = Store(found)
        self.clock = Clock()
        self.access = Access(self.store, PEPPER, self.clock)
        if listening:
            self.access.start_listening()

    def enter(self, key: str = KEY) -> Principal:
        return asyncio.run(_now(self.access.authenticate(key)))


async def _now(deed: Awaitable[Principal]) -> Principal:
    return await deed


def test_a_key_is_looked_up_once_and_then_believed_for_seconds() -> None:
    scene = Scene()
    assert scene.enter() == PRINCIPAL
    scene.clock.now += CACHE_SECONDS - 0.1
    assert scene.enter() == PRINCIPAL
    assert len(scene.store.asked) == 1
    scene.clock.now += 0.2
    assert scene.enter() == PRINCIPAL
    assert len(scene.store.asked) == 2


def test_believing_is_not_prolonged_by_use() -> None:
    scene = Scene()
    for _ in range(20):
        scene.enter()
        scene.clock.now += CACHE_SECONDS / 4
    assert len(scene.store.asked) >= 4


def test_the_store_is_asked_for_a_digest_and_never_told_the_key() -> None:
    scene = Scene()
    scene.enter()
    assert scene.store.asked == [DIGEST]
    assert KEY.encode() not in DIGEST


def test_a_revocation_is_heeded_at_once() -> None:
    scene = Scene()
    scene.enter()
    scene.store.found = None
    scene.access.forget_all()
    with pytest.raises(KeyInvalid):
        scene.enter()


def test_nothing_is_believed_while_revocations_are_not_heard() -> None:
    scene = Scene(listening=False)
    scene.enter()
    scene.enter()
    assert len(scene.store.asked) == 2
    scene.access.start_listening()
    scene.enter()
    scene.enter()
    assert len(scene.store.asked) == 3


def test_what_was_believed_is_forgotten_when_hearing_ends() -> None:
    scene = Scene()
    scene.enter()
    scene.access.stop_listening()
    scene.store.found = None
    with pytest.raises(KeyInvalid):
        scene.enter()
    # and it is not remembered when hearing begins again
    scene.access.start_listening()
    with pytest.raises(KeyInvalid):
        scene.enter()


def test_a_look_up_that_a_revocation_overtook_is_not_believed() -> None:
    scene = Scene()
    scene.store.during = scene.access.forget_all
    scene.enter()
    scene.store.during = lambda: None
    scene.store.found = None
    with pytest.raises(KeyInvalid):
        scene.enter()


def test_a_look_up_from_before_hearing_began_is_not_believed() -> None:
    # the key may have been revoked between the look-up and the moment from which revocations are heard
    scene = Scene(listening=False)
    scene.store.during = scene.access.start_listening
    scene.enter()
    scene.store.during = lambda: None
    scene.store.found = None
    with pytest.raises(KeyInvalid):
        scene.enter()


def test_a_look_up_over_a_pause_of_hearing_is_not_believed() -> None:
    scene = Scene()

    def pause() -> None:
        scene.access.stop_listening()
        scene.access.start_listening()

    scene.store.during = pause
    scene.enter()
    scene.store.during = lambda: None
    scene.store.found = None
    with pytest.raises(KeyInvalid):
        scene.enter()


def test_an_expired_key_is_invalid_also_when_it_was_believed() -> None:
    now = datetime.now(UTC)
    expired = Principal(1, 2, "alice", frozenset(), now - timedelta(microseconds=1))
    with pytest.raises(KeyInvalid):
        Scene((DIGEST, expired)).enter()

    soon = Principal(1, 2, "alice", frozenset(), now + timedelta(seconds=0.3))
    scene = Scene((DIGEST, soon))
    assert scene.enter() == soon
    while datetime.now(UTC) < now + timedelta(seconds=0.3):
        asyncio.run(asyncio.sleep(0.05))
    with pytest.raises(KeyInvalid):
        scene.enter()
    assert len(scene.store.asked) == 1


def test_a_key_of_a_deleted_organisation_is_told_from_an_unknown_one_and_never_believed() -> None:
    scene = Scene()
    for _ in range(2):
        assert asyncio.run(scene.access.is_orphaned(KEY))
    assert scene.store.asked == [DIGEST] * 2
    scene.store.found = None
    assert not asyncio.run(scene.access.is_orphaned(KEY))
    with pytest.raises(KeyInvalid):
        scene.enter()


@pytest.mark.parametrize("stored", [DIGEST[:-1], b""])
def test_an_orphan_of_another_digest_is_none(stored: bytes) -> None:
    assert not asyncio.run(Scene((stored, PRINCIPAL)).access.is_orphaned(KEY))


@pytest.mark.parametrize("text", ["", "jf_", KEY[:-1], "\0"])
def test_what_cannot_be_a_key_is_no_orphan(text: str) -> None:
    scene = Scene()
    assert not asyncio.run(scene.access.is_orphaned(text))
    assert scene.store.asked == []


def test_an_unknown_key_is_invalid_and_asked_for_each_time() -> None:
    scene = Scene(None)
    for _ in range(2):
        with pytest.raises(KeyInvalid):
            scene.enter()
    assert len(scene.store.asked) == 2


@pytest.mark.parametrize("text", ["", "jf_", "bearer", KEY[:-1], KEY + "a", KEY.upper(), "é" * 46, "\0"])
def test_what_cannot_be_a_key_is_not_looked_up(text: str) -> None:
    scene = Scene()
    with pytest.raises(KeyInvalid):
        scene.enter(text)
    assert scene.store.asked == []


@pytest.mark.parametrize("stored", [DIGEST[:-1] + bytes([DIGEST[-1] ^ 1]), DIGEST[:-1], DIGEST + b"\0", b""])
def test_a_store_that_finds_another_digest_is_not_believed(stored: bytes) -> None:
    scene = Scene((stored, PRINCIPAL))
    for _ in range(2):
        with pytest.raises(KeyInvalid):
            scene.enter()


def test_digests_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr("jackfield.services.access.hmac.compare_digest", compare)
    scene = Scene()
    scene.enter()
    scene.enter()
    assert compared == [(DIGEST, DIGEST)] * 2


def test_a_database_that_is_away_is_not_an_invalid_key() -> None:
    scene = Scene()

    def away() -> None:
        raise Unavailable("Database connection failed")

    scene.store.during = away
    with pytest.raises(Unavailable):
        scene.enter()
    scene.store.during = lambda: None
    assert scene.enter() == PRINCIPAL


def test_the_memory_of_keys_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jackfield.services.access._CACHE_SIZE", 3)
    scene = Scene()
    keys = [api_key.generate() for _ in range(5)]
    for one in keys:
        scene.store.found = (api_key.digest(PEPPER, one), PRINCIPAL)
        scene.enter(one)
    assert len(scene.access._cache) == 3
    scene.enter(keys[-1])
    assert len(scene.store.asked) == 5
