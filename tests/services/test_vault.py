"""Secrets at rest: sealed to their place, by keys that rotate."""

import asyncio
import base64
import os
from collections.abc import Coroutine
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jackfield import vault
from jackfield.domain.credential import Place, SealedValueBroken, Secrets, WrappedKey
from jackfield.domain.errors import JackfieldError, Kind, Misconfigured
from jackfield.vault import (
    PEPPER,
    MasterKeys,
    Vault,
    generate_master_key,
    load_service_secret,
    rewrap,
)

Result = TypeVar("Result")

PLACE = Place(1, "integration", 7, "secrets")
SECRETS = Secrets({"access_token": "hunter2-in-clear", "scope": None})
#: what stands in front of a ciphertext
HEAD_BYTES = 1 + 4 + 12
TAG_BYTES = 16


def run(deed: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(deed)


class DataKeys:
    """Data keys in memory. Each call lets others go first, as a database does."""

    def __init__(self) -> None:
        self.keys: dict[tuple[int, int], WrappedKey] = {}
        self.asked = 0

    async def newest(self, organisation_id: int) -> WrappedKey | None:
        await asyncio.sleep(0)
        self.asked += 1
        mine = [key for (owner, _), key in self.keys.items() if owner == organisation_id]
        return max(mine, key=lambda key: key.id, default=None)

    async def get(self, organisation_id: int, key_id: int) -> WrappedKey | None:
        await asyncio.sleep(0)
        self.asked += 1
        return self.keys.get((organisation_id, key_id))

    async def add(self, organisation_id: int, key: WrappedKey) -> None:
        await asyncio.sleep(0)
        self.keys.setdefault((organisation_id, key.id), key)

    async def not_wrapped_by(self, master_key_id: str, most: int) -> list[tuple[int, WrappedKey]]:
        found = [(owner, key) for (owner, _), key in self.keys.items() if key.master_key_id != master_key_id]
        return found[:most]

    async def replace(self, organisation_id: int, old: WrappedKey, new: WrappedKey) -> None:
        if self.keys[organisation_id, old.id] == old:
            self.keys[organisation_id, old.id] = new


class ServiceSecrets:
    def __init__(self) -> None:
        self.secrets: dict[str, WrappedKey] = {}

    async def get(self, name: str) -> WrappedKey | None:
        await asyncio.sleep(0)
        return self.secrets.get(name)

    async def add(self, name: str, key: WrappedKey) -> None:
        await asyncio.sleep(0)
        self.secrets.setdefault(name, key)

    async def not_wrapped_by(self, master_key_id: str) -> list[tuple[str, WrappedKey]]:
        return [(name, key) for name, key in self.secrets.items() if key.master_key_id != master_key_id]

    async def replace(self, name: str, old: WrappedKey, new: WrappedKey) -> None:
        if self.secrets[name] == old:
            self.secrets[name] = new


def ring(*ids: str) -> MasterKeys:
    return MasterKeys([(key_id, os.urandom(32)) for key_id in ids])


@pytest.fixture
def store() -> DataKeys:
    return DataKeys()


@pytest.fixture
def sealing(store: DataKeys) -> Vault:
    return Vault(ring("v1"), store)


# Sealing


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])), st.none() | st.text(st.characters(exclude_categories=["Cs"]))
    )
)
@settings(deadline=None, max_examples=50)
def test_what_is_sealed_opens_again(values: dict[str, str | None]) -> None:
    sealing = Vault(ring("v1"), DataKeys())

    async def round_trip() -> Secrets:
        return await sealing.open(PLACE, await sealing.seal(PLACE, Secrets(values)))

    assert dict(run(round_trip())) == values


def test_the_ciphertext_says_which_key_and_shows_nothing_else(sealing: Vault) -> None:
    sealed = run(sealing.seal(PLACE, SECRETS))
    assert sealed[:5] == b"\x01" + (1).to_bytes(4, "big")
    assert len(sealed) == HEAD_BYTES + len(SECRETS.to_bytes()) + TAG_BYTES
    assert b"hunter2" not in sealed
    assert b"access_token" not in sealed


def test_sealing_twice_gives_two_ciphertexts(sealing: Vault) -> None:
    made = {run(sealing.seal(PLACE, SECRETS)) for _ in range(100)}
    assert len(made) == 100
    assert len({sealed[5:HEAD_BYTES] for sealed in made}) == 100


@pytest.mark.parametrize(
    "elsewhere",
    [
        msgspec.structs.replace(PLACE, row_id=8),
        msgspec.structs.replace(PLACE, table="connection"),
        msgspec.structs.replace(PLACE, field="token"),
        msgspec.structs.replace(PLACE, organisation_id=2),
        # places whose parts would run into each other, were they only joined
        Place(1, "integration/7", 0, "secrets"),
        Place(1, "integratio", 7, "nsecrets"),
    ],
)
def test_a_moved_ciphertext_does_not_open(sealing: Vault, elsewhere: Place) -> None:
    sealed = run(sealing.seal(PLACE, SECRETS))
    run(sealing.seal(elsewhere, SECRETS))  # the other place has a data key, too
    with pytest.raises(SealedValueBroken) as caught:
        run(sealing.open(elsewhere, sealed))
    assert caught.value.kind is Kind.MISCONFIGURED
    assert "hunter2" not in str(caught.value)


def test_a_flipped_bit_anywhere_is_noticed(sealing: Vault) -> None:
    sealed = run(sealing.seal(PLACE, SECRETS))
    for place in range(len(sealed)):
        for bit in (0, 7):
            altered = bytearray(sealed)
            altered[place] ^= 1 << bit
            with pytest.raises(SealedValueBroken):
                run(sealing.open(PLACE, bytes(altered)))


def test_a_truncated_or_prolonged_value_is_noticed(sealing: Vault) -> None:
    sealed = run(sealing.seal(PLACE, SECRETS))
    for broken in [*(sealed[:length] for length in range(len(sealed))), sealed + b"\0"]:
        with pytest.raises(SealedValueBroken):
            run(sealing.open(PLACE, broken))


@pytest.mark.parametrize("version", [0, 2, 255])
def test_an_unknown_version_is_refused(sealing: Vault, version: int) -> None:
    sealed = run(sealing.seal(PLACE, SECRETS))
    with pytest.raises(SealedValueBroken):
        run(sealing.open(PLACE, bytes([version]) + sealed[1:]))


def test_an_unknown_data_key_is_refused_in_words(sealing: Vault) -> None:
    sealed = run(sealing.seal(PLACE, SECRETS))
    with pytest.raises(SealedValueBroken, match="Data key 9 of organisation 1"):
        run(sealing.open(PLACE, sealed[:1] + (9).to_bytes(4, "big") + sealed[5:]))


# Data keys


def test_each_organisation_has_a_data_key_of_its_own(sealing: Vault, store: DataKeys) -> None:
    for organisation in (1, 2):
        run(sealing.seal(msgspec.structs.replace(PLACE, organisation_id=organisation), SECRETS))
    assert set(store.keys) == {(1, 1), (2, 1)}
    assert store.keys[1, 1].wrapped != store.keys[2, 1].wrapped


def test_a_data_key_is_fetched_once(sealing: Vault, store: DataKeys) -> None:
    sealed = run(sealing.seal(PLACE, SECRETS))
    asked = store.asked
    for _ in range(5):
        run(sealing.seal(PLACE, SECRETS))
        run(sealing.open(PLACE, sealed))
    assert store.asked == asked


def test_first_seals_from_two_processes_at_once_agree_on_one_data_key(store: DataKeys) -> None:
    master_keys = ring("v1")
    vaults = [Vault(master_keys, store) for _ in range(2)]

    async def seal_at_once() -> list[bytes]:
        return await asyncio.gather(*(vaults[number % 2].seal(PLACE, SECRETS) for number in range(20)))

    sealed = run(seal_at_once())
    assert list(store.keys) == [(1, 1)]
    fresh = Vault(master_keys, store)
    for one in sealed:
        assert dict(run(fresh.open(PLACE, one))) == dict(SECRETS)


def test_a_new_data_key_seals_from_now_on_and_older_ones_still_open(sealing: Vault, store: DataKeys) -> None:
    old = run(sealing.seal(PLACE, SECRETS))
    assert run(sealing.add_data_key(1)) == 2
    new = run(sealing.seal(PLACE, SECRETS))
    assert (old[1:5], new[1:5]) == ((1).to_bytes(4, "big"), (2).to_bytes(4, "big"))
    for one in (old, new):
        assert dict(run(sealing.open(PLACE, one))) == dict(SECRETS)
    # and in a process that knows neither yet
    other = Vault(sealing._master_keys, store)
    assert run(other.seal(PLACE, SECRETS))[1:5] == new[1:5]
    assert dict(run(other.open(PLACE, old))) == dict(SECRETS)


def test_a_process_that_does_not_know_the_new_data_key_yet_goes_on(sealing: Vault, store: DataKeys) -> None:
    other = Vault(sealing._master_keys, store)
    run(other.seal(PLACE, SECRETS))
    run(sealing.add_data_key(1))
    run(sealing.seal(PLACE, SECRETS))
    sealed_by_other = run(other.seal(PLACE, SECRETS))
    assert dict(run(sealing.open(PLACE, sealed_by_other))) == dict(SECRETS)
    sealed = run(sealing.seal(PLACE, SECRETS))
    assert dict(run(other.open(PLACE, sealed))) == dict(SECRETS)


def test_the_first_data_key_can_be_added_by_rotation(sealing: Vault) -> None:
    assert run(sealing.add_data_key(1)) == 1
    assert run(sealing.add_data_key(1)) == 2


def test_memory_of_data_keys_has_a_limit(monkeypatch: pytest.MonkeyPatch, sealing: Vault, store: DataKeys) -> None:
    monkeypatch.setattr(vault, "_CACHE_SIZE", 2)
    places = [msgspec.structs.replace(PLACE, organisation_id=organisation) for organisation in range(5)]
    sealed = [run(sealing.seal(place, SECRETS)) for place in places]
    assert len(sealing._opened) == len(sealing._newest) == 2
    for place, one in zip(places, sealed, strict=True):
        assert dict(run(sealing.open(place, one))) == dict(SECRETS)


# Wrapped keys


def test_a_wrapped_key_unwraps_for_its_purpose_alone() -> None:
    master_keys = ring("v1")
    wrapped = master_keys.wrap(1, b"k" * 32, "jackfield/data-key/1/1")
    assert master_keys.unwrap(wrapped, "jackfield/data-key/1/1") == b"k" * 32
    for purpose in ("jackfield/data-key/2/1", "jackfield/data-key/1/2", "jackfield/service/api-key-pepper"):
        with pytest.raises(Misconfigured):
            master_keys.unwrap(wrapped, purpose)


def test_a_data_key_moved_to_another_organisation_does_not_unwrap(sealing: Vault, store: DataKeys) -> None:
    run(sealing.seal(PLACE, SECRETS))
    store.keys[2, 1] = store.keys[1, 1]
    with pytest.raises(Misconfigured):
        run(sealing.seal(msgspec.structs.replace(PLACE, organisation_id=2), SECRETS))


@pytest.mark.parametrize("cut", [0, 1, 12, 13, 20])
def test_a_truncated_wrapped_key_is_refused_in_words(cut: int) -> None:
    master_keys = ring("v1")
    wrapped = master_keys.wrap(1, b"k" * 32, "purpose")
    broken = msgspec.structs.replace(wrapped, wrapped=wrapped.wrapped[:cut])
    with pytest.raises(Misconfigured):
        master_keys.unwrap(broken, "purpose")


def test_a_wrapped_key_of_an_unknown_version_is_refused() -> None:
    master_keys = ring("v1")
    wrapped = master_keys.wrap(1, b"k" * 32, "purpose")
    assert wrapped.wrapped[0] == 1
    with pytest.raises(Misconfigured):
        master_keys.unwrap(msgspec.structs.replace(wrapped, wrapped=b"\x02" + wrapped.wrapped[1:]), "purpose")


# Master keys


def test_the_newest_master_key_wraps_and_each_unwraps() -> None:
    old, new = os.urandom(32), os.urandom(32)
    before = MasterKeys([("v1", old)])
    after = MasterKeys([("v2", new), ("v1", old)])
    wrapped = before.wrap(1, b"k" * 32, "purpose")
    assert after.unwrap(wrapped, "purpose") == b"k" * 32
    assert after.wrap(1, b"k" * 32, "purpose").master_key_id == "v2"
    assert after.ids == ("v2", "v1")
    assert after.newest_id == "v2"
    assert "v1" in after
    assert "v3" not in after


def test_after_rewrapping_the_old_master_key_is_not_needed(store: DataKeys) -> None:
    old, new = os.urandom(32), os.urandom(32)
    before = MasterKeys([("v1", old)])
    both = MasterKeys([("v2", new), ("v1", old)])
    after = MasterKeys([("v2", new)])
    secrets = ServiceSecrets()
    pepper = run(load_service_secret(secrets, before, PEPPER))
    places = [msgspec.structs.replace(PLACE, organisation_id=organisation) for organisation in range(3)]
    sealed = [run(Vault(before, store).seal(place, SECRETS)) for place in places]

    with pytest.raises(Misconfigured, match="'v1', which is not among those given \\(v2\\)"):
        run(load_service_secret(secrets, after, PEPPER))

    assert run(rewrap(store, secrets, both)) == 4
    assert run(rewrap(store, secrets, both)) == 0

    assert run(load_service_secret(secrets, after, PEPPER)) == pepper
    for place, one in zip(places, sealed, strict=True):
        assert dict(run(Vault(after, store).open(place, one))) == dict(SECRETS)
    with pytest.raises(Misconfigured):
        run(Vault(before, store).open(places[0], sealed[0]))


def test_a_wrong_master_key_of_the_same_id_is_refused_with_an_explanation(store: DataKeys) -> None:
    right, wrong = ring("v1"), ring("v1")
    sealed = run(Vault(right, store).seal(PLACE, SECRETS))
    kept = dict(store.keys)
    with pytest.raises(Misconfigured, match=r"'v1' is not the one that wrapped .*Give the right one back; nothing was"):
        run(Vault(wrong, store).open(PLACE, sealed))
    with pytest.raises(Misconfigured):
        run(Vault(wrong, store).seal(PLACE, SECRETS))
    assert store.keys == kept


def test_the_pepper_is_made_once_by_however_many_processes() -> None:
    secrets = ServiceSecrets()
    master_keys = ring("v1")

    async def load_at_once() -> list[bytes]:
        return await asyncio.gather(*(load_service_secret(secrets, master_keys, PEPPER) for _ in range(5)))

    assert len(set(run(load_at_once()))) == 1


# How master keys are written


def test_a_generated_master_key_is_read_back() -> None:
    assert MasterKeys.parse(generate_master_key()).ids == ("v1",)
    text = f"{generate_master_key('v2')}, {generate_master_key('v1')}\n"
    assert MasterKeys.parse(text).ids == ("v2", "v1")
    lines = f"{generate_master_key('2026-11.b')}\n{generate_master_key('a_1')}\n"
    assert MasterKeys.parse(lines).ids == ("2026-11.b", "a_1")


@pytest.mark.parametrize("key_id", ["", "a b", "a:b", "a,b", "é", "a" * 33, "a\n"])
def test_no_master_key_is_generated_that_would_not_be_read_back(key_id: str) -> None:
    with pytest.raises(JackfieldError):
        generate_master_key(key_id)


GOOD = base64.b64encode(b"k" * 32).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n,",
        "v1",
        "v1:",
        f":{GOOD}",
        GOOD,
        f"v1:{GOOD[:-1]}",
        f"v1:{GOOD}A",
        f"v1:{base64.b64encode(b'k' * 31).decode()}",
        f"v1:{base64.b64encode(b'k' * 33).decode()}",
        f"v1:{'!' * 44}",
        "v1:é",
        f"v1:{'ключ' * 11}",
        f"v 1:{GOOD}",
        f"{'v' * 33}:{GOOD}",
        f"v1:{GOOD},v1:{base64.b64encode(b'l' * 32).decode()}",
        f"v1:{GOOD};v2:{GOOD}",
    ],
)
def test_a_badly_written_master_key_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        MasterKeys.parse(text)
    shown = str(caught.value)
    assert "master key" in shown
    assert GOOD[:-2] not in shown
    assert "ключ" not in shown
