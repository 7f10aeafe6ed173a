"""What the platform's OAuth server gives out (RFC 6749): codes, access tokens, refresh tokens. All are opaque.

One code and all the tokens that come of it are a family, which is revoked as a whole. Only keyed hashes are kept.

    OAuthError
    ├── InvalidClient         the app did not prove that it is itself
    ├── InvalidGrant          the code or refresh token is wrong, expired, spent, revoked, or another app's
    ├── InvalidScope          more was asked for than was granted
    ├── UnsupportedGrantType
    └── MalformedTokenRequest

`code` is what RFC 6749 §5.2 calls each.
"""

import re
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from jackfield.domain.errors import Forbidden, JackfieldError, Kind, Unauthenticated

CODE_LIFETIME: Final = timedelta(minutes=5)
ACCESS_LIFETIME: Final = timedelta(hours=1)
REFRESH_LIFETIME: Final = timedelta(days=30)
#: whoever sends a spent code or refresh token again within this time sent it twice, and is no thief
REUSE_GRACE: Final = timedelta(seconds=2)

_RANDOM_BYTES: Final = 32
_FORM: Final = re.compile(r"(?P<kind>jfc|jfa|jfr)_[A-Za-z0-9_-]{43}")


class TokenKind(StrEnum):
    ACCESS = "access"
    REFRESH = "refresh"


_PREFIXES: Final = {"code": "jfc_", TokenKind.ACCESS: "jfa_", TokenKind.REFRESH: "jfr_"}


def generate_code() -> str:
    return _PREFIXES["code"] + secrets.token_urlsafe(_RANDOM_BYTES)


def generate_token(kind: TokenKind) -> str:
    return _PREFIXES[kind] + secrets.token_urlsafe(_RANDOM_BYTES)


def looks_like_code(text: str) -> bool:
    found = _FORM.fullmatch(text)
    return found is not None and found["kind"] == "jfc"


def kind_of(token: str) -> TokenKind | None:
    """Which kind of token it would be; None when it is none of ours."""
    found = _FORM.fullmatch(token)
    return {"jfa": TokenKind.ACCESS, "jfr": TokenKind.REFRESH}.get(found["kind"]) if found else None


class Client(msgspec.Struct, frozen=True):
    """An app that proved that it is itself. `handle` is its owner's."""

    organisation_id: int
    definition_id: int
    handle: str


class ClientRow(msgspec.Struct, frozen=True):
    """A client as it is stored. `secret_digests` are of the secrets that are good now; none: nothing acts for it."""

    client: Client
    secret_digests: tuple[bytes, ...]


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who has an access token: one installation of an app, and what it may do there.

    `handle` is the installer's, `owner_handle` that of the app's owner.
    """

    organisation_id: int
    installation_id: int
    definition_organisation_id: int
    definition_id: int
    handle: str
    owner_handle: str
    scopes: tuple[str, ...]

    def require(self, scope: str) -> None:
        """Raises ScopeMissing when the token lacks the scope."""
        if scope not in self.scopes:
            raise ScopeMissing(scope)


class NewGrant(msgspec.Struct, frozen=True, kw_only=True):
    """A code to be."""

    organisation_id: int
    installation_id: int
    scopes: tuple[str, ...]
    digest: bytes


class NewTokens(msgspec.Struct, frozen=True, kw_only=True):
    """Two tokens to be. `scopes` None: the access token may do all that was granted."""

    access_digest: bytes
    refresh_digest: bytes
    scopes: tuple[str, ...] | None = None


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """What an exchange gave: to which installation, and what it may do. `sealed_secrets` are the installation's."""

    organisation_id: int
    installation_id: int
    scopes: tuple[str, ...]
    sealed_secrets: bytes | None


class Exchange(msgspec.Struct, frozen=True):
    """How an exchange went. `granted` None: it was refused; `reused`: it had been exchanged some time before."""

    granted: Granted | None
    reused: bool = False


class TokenFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A token that is good, as RFC 7662 tells of it."""

    kind: TokenKind
    organisation_id: int
    installation_id: int
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime


class Tokens:
    """What a partner is given, in clear, this once. `client_secret` is the installation's own."""

    __slots__ = ("access_token", "client_secret", "refresh_token", "scopes")

    def __init__(self, access_token: str, refresh_token: str, client_secret: str, scopes: tuple[str, ...]) -> None:
        self.access_token = access_token
        self.refresh_token = refresh_token
        self.client_secret = client_secret
        self.scopes = scopes

    def __repr__(self) -> str:
        return "<Tokens>"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("tokens in clear are not to be pickled")


class TokenMissing(Unauthenticated):
    code = "token-missing"

    def __init__(self) -> None:
        super().__init__("An access token is required")


class TokenInvalid(Unauthenticated):
    code = "token-invalid"

    def __init__(self) -> None:
        super().__init__("The access token is wrong, expired or revoked")


class ScopeMissing(Forbidden):
    code = "scope-missing"

    def __init__(self, scope: str) -> None:
        super().__init__(f"This call needs the scope {scope}, which the access token does not have")
        self.scope = scope


class OAuthError(JackfieldError):
    kind = Kind.INVALID
    code = "oauth-error"


class InvalidClient(OAuthError):
    kind = Kind.UNAUTHENTICATED
    code = "invalid_client"

    def __init__(self) -> None:
        super().__init__("client_id and client_secret are required, and have to be right")


class InvalidGrant(OAuthError):
    code = "invalid_grant"

    def __init__(self) -> None:
        super().__init__("The code or refresh token is wrong, expired, used or revoked")


class InvalidScope(OAuthError):
    code = "invalid_scope"

    def __init__(self) -> None:
        super().__init__("More was asked for than was granted")


class UnsupportedGrantType(OAuthError):
    code = "unsupported_grant_type"

    def __init__(self) -> None:
        super().__init__("grant_type is authorization_code or refresh_token")


class MalformedTokenRequest(OAuthError):
    code = "invalid_request"
