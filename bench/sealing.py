"""Jackfield's format of a sealed credential, in a dozen lines: what the other contenders use, and what seeds are in.

Same cipher, same associated data and same bytes as the vault, without its key ring: a contender that encrypted less
would not be doing the same job.
"""

import os
import struct
from collections.abc import Mapping

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = 1
_NONCE_BYTES = 12
_HEAD = struct.Struct(">BI")
_START = _HEAD.size + _NONCE_BYTES


class Seal:
    """One data key of one organisation."""

    def __init__(self, organisation_id: int, key_id: int, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._head = _HEAD.pack(_VERSION, key_id)
        self._place = f"jackfield/{organisation_id}/integration/%d/secrets"

    def seal(self, integration_id: int, secrets: Mapping[str, str]) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        plaintext = msgspec.json.encode(secrets)
        return self._head + nonce + self._cipher.encrypt(nonce, plaintext, (self._place % integration_id).encode())

    def open(self, integration_id: int, sealed: bytes) -> bytes:
        """The secrets as JSON. Raises InvalidTag for what was sealed elsewhere."""
        nonce, ciphertext = sealed[_HEAD.size : _START], sealed[_START:]
        return self._cipher.decrypt(nonce, ciphertext, (self._place % integration_id).encode())
