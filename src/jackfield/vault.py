"""Secrets at rest: envelope encryption.

Every organisation has data keys of its own. A data key seals the organisation's secrets with AES-256-GCM; the data key
itself is stored wrapped by a master key, which is never in the database. What a ciphertext belongs to (organisation,
table, row, field) is bound to it as associated data, so that it opens there and nowhere else. The id of the key stands
in front of every ciphertext, so both layers can be rotated while the service runs.

sealed value     version (1 byte, 0x01) · data key id (4 bytes, big-endian) · nonce (12) · ciphertext and tag
wrapped key      version (1 byte, 0x01) · nonce (12) · ciphertext and tag; the master key's id stands in its own column

Nonces are random; a data key should seal at most 2^32 values (NIST SP 800-38D §8.3).
"""

import base64
import os
import re
import struct
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from jackfield.domain.credential import Place, SealedValueBroken, Secrets, WrappedKey
from jackfield.domain.errors import Misconfigured
from jackfield.domain.ports import DataKeyStore, ServiceSecretStore

_log = structlog.get_logger(__name__)

_VERSION: Final = 1
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32
_HEAD: Final = struct.Struct(">BI")
_NONCE_END: Final = _HEAD.size + _NONCE_BYTES
_MASTER_KEY_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,32}")
_CACHE_SIZE: Final = 10_000
_REWRAP_BATCH: Final = 500
PEPPER: Final = "api-key-pepper"


class MasterKeys:
    """The ring of master keys, newest first. The newest wraps; every one of them unwraps."""

    def __init__(self, keys: Sequence[tuple[str, bytes]]) -> None:
        self._ring = {key_id: AESGCM(key) for key_id, key in keys}
        self.newest_id = keys[0][0]

    @classmethod
    def parse(cls, text: str) -> "MasterKeys":
        """Reads `v1:<base64 of 32 bytes>,...`, newest first. Raises Misconfigured, without showing the text."""
        keys = [_parse_master_key(part.strip()) for part in text.replace("\n", ",").split(",") if part.strip()]
        if not keys:
            raise Misconfigured(f"There is no master key. {HOW_TO_MAKE_ONE}")
        if len({key_id for key_id, _ in keys}) != len(keys):
            raise Misconfigured("Two master keys have the same id")
        return cls(keys)

    def __repr__(self) -> str:
        return f"<MasterKeys: {', '.join(self._ring)}>"

    def __contains__(self, key_id: str) -> bool:
        return key_id in self._ring

    @property
    def ids(self) -> tuple[str, ...]:
        """Newest first."""
        return tuple(self._ring)

    def wrap(self, key_id: int, key: bytes, purpose: str) -> WrappedKey:
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ring[self.newest_id].encrypt(nonce, key, purpose.encode())
        return WrappedKey(key_id, self.newest_id, bytes([_VERSION]) + nonce + sealed)

    def unwrap(self, key: WrappedKey, purpose: str) -> bytes:
        """The key in clear. Raises Misconfigured when its master key is not in the ring, or is another one."""
        master = self._ring.get(key.master_key_id)
        if master is None:
            raise Misconfigured(
                f"The database's keys are wrapped by the master key {key.master_key_id!r}, which is not among those "
                f"given ({', '.join(self._ring)}). Give it back; nothing was changed."
            )
        version, nonce, sealed = key.wrapped[:1], key.wrapped[1 : 1 + _NONCE_BYTES], key.wrapped[1 + _NONCE_BYTES :]
        try:
            if version != bytes([_VERSION]):
                raise InvalidTag
            return master.decrypt(nonce, sealed, purpose.encode())
        except (InvalidTag, ValueError):  # ValueError: too short to have a nonce
            raise Misconfigured(
                f"The master key {key.master_key_id!r} is not the one that wrapped this database's keys, or they were "
                "altered. Give the right one back; nothing was changed."
            ) from None


HOW_TO_MAKE_ONE: Final = (
    "Make one with `jackfield vault generate`, keep it safe, and set it as JACKFIELD_MASTER_KEYS for every process."
)


def generate_master_key(key_id: str = "v1") -> str:
    """A new master key in the form that JACKFIELD_MASTER_KEYS takes. Raises Misconfigured for an unfit id."""
    if not _MASTER_KEY_ID.fullmatch(key_id):
        raise Misconfigured("The id of a master key has 1 to 32 letters, digits, dots, hyphens and underscores")
    return f"{key_id}:{base64.b64encode(os.urandom(_KEY_BYTES)).decode()}"


class Vault:
    """Seals and opens. Unwrapped data keys are kept in this process's memory."""

    def __init__(self, master_keys: MasterKeys, data_keys: DataKeyStore) -> None:
        self._master_keys = master_keys
        self._data_keys = data_keys
        self._newest: OrderedDict[int, int] = OrderedDict()
        self._opened: OrderedDict[tuple[int, int], AESGCM] = OrderedDict()

    async def seal(self, place: Place, secrets: Secrets) -> bytes:
        """The ciphertext to store at this place. Raises Misconfigured when the data key does not unwrap."""
        key_id = self._newest.get(place.organisation_id)
        if key_id is None:
            key_id = await self._load_newest(place.organisation_id)
        key = await self._key(place.organisation_id, key_id)
        nonce = os.urandom(_NONCE_BYTES)
        return _HEAD.pack(_VERSION, key_id) + nonce + key.encrypt(nonce, secrets.to_bytes(), place.to_bytes())

    async def open(self, place: Place, sealed: bytes) -> Secrets:
        """The secrets stored at this place. Raises SealedValueBroken, or Misconfigured when a key does not unwrap."""
        [opened] = await self.open_all([(place, sealed)])
        return opened

    async def open_all(self, sealed_values: Sequence[tuple[Place, bytes]]) -> list[Secrets]:
        """The secrets stored at these places, in their order. Raises as `open` does, for the first that does not."""
        opened = []
        for place, sealed in sealed_values:
            key_id = _data_key_id(place, sealed)
            # asked for only when it is not at hand: a page of secrets is opened without waiting for anything
            key = self._opened.get((place.organisation_id, key_id)) or await self._key(place.organisation_id, key_id)
            opened.append(_open(key, place, sealed))
        return opened

    async def open_readable(self, sealed_values: Sequence[tuple[Place, bytes]]) -> Sequence[Secrets | None]:
        """As `open_all`, with None for what does not open. Raises Misconfigured when a key does not unwrap."""
        try:
            return await self.open_all(sealed_values)
        except SealedValueBroken:
            return [await self._open_if_readable(place, sealed) for place, sealed in sealed_values]

    async def _open_if_readable(self, place: Place, sealed: bytes) -> Secrets | None:
        try:
            return await self.open(place, sealed)
        except SealedValueBroken as error:
            _log.error("a stored credential is unreadable", reason=str(error))
            return None

    async def add_data_key(self, organisation_id: int) -> int:
        """Gives the organisation a new data key, which seals from now on; returns its id. Older ones still open.

        Another process seals with the key it knows until it restarts; what it sealed opens all the same.
        """
        stored = await self._data_keys.newest(organisation_id)
        key_id = stored.id + 1 if stored else 1
        await self._data_keys.add(organisation_id, self._new_data_key(organisation_id, key_id))
        return await self._load_newest(organisation_id)

    def _new_data_key(self, organisation_id: int, key_id: int) -> WrappedKey:
        return self._master_keys.wrap(key_id, os.urandom(_KEY_BYTES), _data_key_purpose(organisation_id, key_id))

    async def _key(self, organisation_id: int, key_id: int) -> AESGCM:
        key = self._opened.get((organisation_id, key_id))
        if key is not None:
            return key
        stored = await self._data_keys.get(organisation_id, key_id)
        if stored is None:
            raise SealedValueBroken(f"Data key {key_id} of organisation {organisation_id}")
        return self._remember(organisation_id, stored)

    async def _load_newest(self, organisation_id: int) -> int:
        stored = await self._data_keys.newest(organisation_id)
        if stored is None:
            await self._data_keys.add(organisation_id, self._new_data_key(organisation_id, 1))
            stored = await self._data_keys.newest(organisation_id)
        if stored is None:
            raise SealedValueBroken(f"The newest data key of organisation {organisation_id}")
        self._remember(organisation_id, stored)
        self._newest[organisation_id] = stored.id
        _shrink(self._newest)
        return stored.id

    def _remember(self, organisation_id: int, stored: WrappedKey) -> AESGCM:
        key = AESGCM(self._master_keys.unwrap(stored, _data_key_purpose(organisation_id, stored.id)))
        self._opened[organisation_id, stored.id] = key
        _shrink(self._opened)
        return key


async def load_service_secret(store: ServiceSecretStore, master_keys: MasterKeys, name: str) -> bytes:
    """32 random bytes that are the same in every process and for ever, made on first use.

    Raises Misconfigured when they are there and no master key given opens them.
    """
    stored = await store.get(name)
    if stored is None:
        await store.add(name, master_keys.wrap(1, os.urandom(_KEY_BYTES), _service_secret_purpose(name)))
        stored = await store.get(name)
    if stored is None:
        raise SealedValueBroken(f"The service secret {name}")
    return master_keys.unwrap(stored, _service_secret_purpose(name))


async def rewrap(data_keys: DataKeyStore, secrets: ServiceSecretStore, master_keys: MasterKeys) -> int:
    """Wraps everything by the newest master key that an older one wraps; returns how many that were.

    Safe while the service runs, and to repeat: what is sealed stays as it is. Afterwards the older keys are not needed.
    """
    done = 0
    for name, old in await secrets.not_wrapped_by(master_keys.newest_id):
        purpose = _service_secret_purpose(name)
        await secrets.replace(name, old, master_keys.wrap(1, master_keys.unwrap(old, purpose), purpose))
        done += 1
    while batch := await data_keys.not_wrapped_by(master_keys.newest_id, _REWRAP_BATCH):
        for organisation_id, old in batch:
            purpose = _data_key_purpose(organisation_id, old.id)
            new = master_keys.wrap(old.id, master_keys.unwrap(old, purpose), purpose)
            await data_keys.replace(organisation_id, old, new)
            done += 1
    return done


def _data_key_id(place: Place, sealed: bytes) -> int:
    if len(sealed) < _NONCE_END or sealed[0] != _VERSION:
        raise _broken(place)
    return int.from_bytes(sealed[1 : _HEAD.size])


def _open(key: AESGCM, place: Place, sealed: bytes) -> Secrets:
    try:
        plaintext = key.decrypt(sealed[_HEAD.size : _NONCE_END], sealed[_NONCE_END:], place.to_bytes())
    except InvalidTag:
        raise _broken(place) from None
    return Secrets.from_bytes(plaintext)


def _broken(place: Place) -> SealedValueBroken:
    return SealedValueBroken(f"The credential of {place.table} {place.row_id}")


def _parse_master_key(part: str) -> tuple[str, bytes]:
    key_id, _, encoded = part.partition(":")
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError:
        key = b""
    if not _MASTER_KEY_ID.fullmatch(key_id) or len(key) != _KEY_BYTES:
        raise Misconfigured(
            f"A master key is written `id:base64`, the base64 being of {_KEY_BYTES} bytes, several separated by "
            f"commas with the newest first. {HOW_TO_MAKE_ONE}"
        )
    return key_id, key


def _service_secret_purpose(name: str) -> str:
    return f"jackfield/service/{name}"


def _data_key_purpose(organisation_id: int, key_id: int) -> str:
    return f"jackfield/data-key/{organisation_id}/{key_id}"


def _shrink(cache: OrderedDict[Any, Any]) -> None:
    while len(cache) > _CACHE_SIZE:
        cache.popitem(last=False)
