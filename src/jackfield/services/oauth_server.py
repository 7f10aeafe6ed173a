"""The OAuth server of the platform: codes for tokens, tokens for newer tokens (RFC 6749, 7009, 7662).

Codes, tokens and apps' secrets are known by keyed hashes alone. Who loses a race gets `invalid_grant` and harms nobody;
who comes with what was spent before takes the whole family of tokens with it, since one of the two who had it stole it;
but within two seconds it is taken for the same call, sent twice.
"""

import hmac
from collections.abc import Sequence

from jackfield.domain import ids
from jackfield.domain import key as api_key
from jackfield.domain.app import AppNotFound
from jackfield.domain.audit import Action, by_caller
from jackfield.domain.credential import SealedValueBroken
from jackfield.domain.installation import CLIENT_SECRET, InstallationNotFound, granted_scopes
from jackfield.domain.integration import secrets_place
from jackfield.domain.oauth import (
    Client,
    Granted,
    Holder,
    InvalidClient,
    InvalidGrant,
    InvalidScope,
    NewGrant,
    NewTokens,
    TokenFacts,
    TokenInvalid,
    TokenKind,
    Tokens,
    generate_code,
    generate_token,
    kind_of,
    looks_like_code,
)
from jackfield.domain.ports import Database, Vault
from jackfield.domain.principal import Caller, Capability
from jackfield.domain.web_address import with_query

#: compared with where there is nothing to compare with, so that both take the same time
_NOTHING = b"\0" * 32


class IssuedCode:
    """A code just made, in clear. `callback` is where the browser takes it; None when the app named no such address."""

    __slots__ = ("callback", "code")

    def __init__(self, code: str, callback: str | None) -> None:
        self.code = code
        self.callback = callback

    def __repr__(self) -> str:
        return "<IssuedCode>"


class OAuthServer:
    def __init__(self, database: Database, vault: Vault, pepper: bytes) -> None:
        self._database = database
        self._vault = vault
        self._pepper = pepper

    async def issue_code(self, caller: Caller, installation_id: int) -> IssuedCode:
        """A code for the app of one of the caller's organisation's installations.

        Raises CapabilityMissing or InstallationNotFound.
        """
        caller.require(Capability.MANAGE)
        code = generate_code()
        async with self._database.transaction() as work:
            found = await work.installations.get(caller.organisation_id, installation_id)
            if found is None:
                raise InstallationNotFound(ids.to_hex(installation_id))
            app = await work.definitions.get_app(found.definition_id)
            if app is None:
                raise AppNotFound(ids.to_hex(found.definition_id))
            grant = NewGrant(
                organisation_id=caller.organisation_id,
                installation_id=installation_id,
                scopes=granted_scopes(app),
                digest=self._digest(code),
            )
            await work.grants.create(grant)
            await work.audit.add(by_caller(caller, Action.CODE_ISSUED, (installation_id,)))
        url = app.oauth_callback_url
        return IssuedCode(code, with_query(url, "code", code) if url else None)

    async def authenticate_client(self, client_id: str, client_secret: str) -> Client:
        """The app that these belong to. Raises InvalidClient, in the same time whatever is wrong."""
        presented = self._digest(client_secret)
        try:
            definition_id = ids.parse_hex(client_id)
        except ids.MalformedId:
            definition_id = 0
        async with self._database.transaction() as work:
            row = await work.definitions.get_client(definition_id)
        stored = row.secret_digests if row is not None else ()
        # all of them, so that it takes the same time whichever fits
        compared = [hmac.compare_digest(one, presented) for one in stored or (_NOTHING,)]
        if row is None or not stored or not any(compared):
            raise InvalidClient
        return row.client

    async def exchange(self, client: Client, code: str) -> Tokens:
        """The first tokens for a code. Raises InvalidGrant.

        A code that comes again revokes what it gave, unless it was spent within the last moments.
        """
        if not looks_like_code(code):
            raise InvalidGrant
        access, refresh = generate_token(TokenKind.ACCESS), generate_token(TokenKind.REFRESH)
        new = NewTokens(access_digest=self._digest(access), refresh_digest=self._digest(refresh))
        async with self._database.transaction() as work:
            exchange = await work.grants.exchange(client, self._digest(code), new)
        if exchange.granted is None:
            raise InvalidGrant
        return await self._tokens(access, refresh, exchange.granted)

    async def refresh(self, client: Client, token: str, scopes: Sequence[str] | None = None) -> Tokens:
        """The next tokens for a refresh token, once; `scopes` for less than all. Raises InvalidGrant or InvalidScope.

        A spent token revokes its family, unless it was spent within the last moments.
        """
        if kind_of(token) is not TokenKind.REFRESH:
            raise InvalidGrant
        digest = self._digest(token)
        access, refresh = generate_token(TokenKind.ACCESS), generate_token(TokenKind.REFRESH)
        wanted = None if scopes is None else tuple(dict.fromkeys(scopes))
        new = NewTokens(access_digest=self._digest(access), refresh_digest=self._digest(refresh), scopes=wanted)
        async with self._database.transaction() as work:
            granted = await work.grants.rotate(client, digest, new)
            had = None if granted else await work.grants.granted_to(client, digest)
            if granted is None and had is None:
                await work.grants.revoke_family_of_spent(client, digest)
        if granted is None:
            # a token that is good after all was asked for more than it has
            raise InvalidScope if had is not None else InvalidGrant
        return await self._tokens(access, refresh, granted)

    async def revoke(self, client: Client, token: str) -> None:
        """Ends a token of the client's; one that is not is nothing to tell (RFC 7009 §2.2)."""
        if kind_of(token) is None:
            return
        async with self._database.transaction() as work:
            await work.grants.revoke(client, self._digest(token))

    async def introspect(self, client: Client, token: str) -> TokenFacts | None:
        """What a good token of the client's is; None for every other."""
        if kind_of(token) is None:
            return None
        async with self._database.transaction() as work:
            return await work.grants.find_facts(client, self._digest(token))

    async def authenticate(self, token: str) -> Holder:
        """Who has the access token. Raises TokenInvalid."""
        holder = None
        if kind_of(token) is TokenKind.ACCESS:
            async with self._database.transaction() as work:
                holder = await work.grants.find_holder(self._digest(token))
        if holder is None:
            raise TokenInvalid
        return holder

    async def _tokens(self, access: str, refresh: str, granted: Granted) -> Tokens:
        place = secrets_place(granted.organisation_id, granted.installation_id)
        opened = None if granted.sealed_secrets is None else await self._vault.open(place, granted.sealed_secrets)
        secret = None if opened is None else opened.get(CLIENT_SECRET)
        if secret is None:
            raise SealedValueBroken(f"The secret of installation {granted.installation_id}")
        return Tokens(access, refresh, secret, granted.scopes)

    def _digest(self, text: str) -> bytes:
        return api_key.digest(self._pepper, text)
