"""Connecting a vendor by OAuth: what goes to the vendor and what comes back, in no vendor's words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol, runtime_checkable

import msgspec

from jackfield.domain.credential import Secrets
from jackfield.domain.provider import Account, Connection, TokenSet


class Application(msgspec.Struct, frozen=True):
    """The operator's registration at a vendor. `client_secret` is never printed."""

    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return f"<Application {self.client_id}>"


class Authorization(msgspec.Struct, frozen=True, kw_only=True):
    """One way of a browser to the vendor and back.

    `challenge` is PKCE's S256 one (RFC 7636), for vendors that take it. `configuration` says where the vendor is, when
    it is the customer's own (`base_url`).
    """

    application: Application
    redirect_uri: str
    state: str
    scopes: tuple[str, ...]
    challenge: str
    configuration: Mapping[str, str] = {}


class CodeExchange(msgspec.Struct, frozen=True, kw_only=True):
    """The code that came back, with what the vendor checks it against. Neither is ever printed."""

    application: Application
    redirect_uri: str
    code: str
    verifier: str
    configuration: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return "<CodeExchange>"


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """One of several places that a grant opens, of which a person has to choose one."""

    name: str
    url: str
    configuration: Mapping[str, str]


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """What a vendor granted. `secrets` are canonical members to be written over those that are stored.

    A member that is None is to be emptied: a first exchange empties what other ways to prove oneself had stored. Times
    are in them as the canonical `expires_at` texts (ISO 8601, UTC). `expires_at` is the first of them to come; None:
    nothing of it expires. `account` None: verify tells whose it is. `sites`: a person has to choose one, whose settings
    then belong to `configuration`, which has what the vendor told without a choice.
    """

    secrets: Secrets
    expires_at: datetime | None
    scopes: tuple[str, ...] | None = None
    account: Account | None = None
    configuration: Mapping[str, str] = {}
    sites: tuple[Site, ...] = ()


@runtime_checkable
class Authorizes(Protocol):
    """Its manifest has `oauth`."""

    def authorize_url(self, authorization: Authorization) -> str:
        """Where the browser goes. Raises ConfigurationRejected when that cannot be said."""
        ...

    async def exchange(self, exchange: CodeExchange) -> Granted:
        """The first tokens for a code. Raises GrantRefused, ApplicationRefused or another ProviderError."""
        ...

    async def refresh(self, application: Application, connection: Connection, token_set: TokenSet) -> Granted:
        """Newer tokens of that set for its refresh token, once. Raises as `exchange`."""
        ...


@runtime_checkable
class RevokesGrants(Protocol):
    """Where ending tokens that OAuth gave takes the application, and so is not the `revoke` of Revokes."""

    async def revoke_grant(self, application: Application, connection: Connection) -> None:
        """Ends these tokens alone at the vendor; also when they have ended already.

        Raises Unsupported for a credential that the application was not granted, or another ProviderError.
        """
        ...
