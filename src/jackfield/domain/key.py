"""API keys: `jf_` and 32 random bytes. Only a keyed hash is kept, so a lost key cannot be shown again."""

import base64
import hmac
import re
import secrets
from datetime import datetime
from typing import Final

import msgspec

PREFIX: Final = "jf_"
_FORM: Final = re.compile(r"jf_[A-Za-z0-9_-]{43}")


class ApiKey(msgspec.Struct, frozen=True):
    """A key as it is listed: everything but the key itself."""

    id: int
    organisation_id: int
    user: str
    capabilities: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


def generate() -> str:
    """A new key in clear; the only moment at which it can be shown."""
    return PREFIX + base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()


def looks_like_key(text: str) -> bool:
    return _FORM.fullmatch(text) is not None


def digest(pepper: bytes, key: str) -> bytes:
    """HMAC-SHA256 of the key under the service's pepper: what the database keeps and looks up."""
    return hmac.digest(pepper, key.encode(), "sha256")
