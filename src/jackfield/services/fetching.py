"""Handing out credentials: the token that a product calls a vendor with, good for at least a minute.

The product's hot path: one statement reads and audits, and nothing else is looked at while the stored token is fresh.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from jackfield.domain.credential import Secrets
from jackfield.domain.fetching import Fetch, Fetchable, Fetched, NothingToFetch, UnknownTokenSet
from jackfield.domain.freshness import LEAST_SECONDS, expiry_of, read_moment
from jackfield.domain.health import Health
from jackfield.domain.integration import Detail, IntegrationNotFound, Wanted
from jackfield.domain.ports import Fetches, HotIntegrations, Vault
from jackfield.domain.principal import Caller, Capability
from jackfield.domain.provider import TokenSet
from jackfield.domain.refresh import Refreshed, Result
from jackfield.services.catalog import Catalog
from jackfield.services.refresh_attempt import expires_soon
from jackfield.services.refreshing import Refreshing, RefreshUnderWay

_ACCESS: Final = TokenSet().access
_ONE_TOKEN: Final = (TokenSet(),)
_LEAST: Final = timedelta(seconds=LEAST_SECONDS)
_STORED: Final = frozenset({Result.REFRESHED, Result.FRESH})
_NOT_NOW: Final = frozenset({Result.UNANSWERED, Result.BUSY, Result.MISCONFIGURED})
_APART: Final = re.compile(r"[\s,]+")
#: tries to hand out what a refresh left, when others change it at the same time
_TRIES: Final = 3
_NO_REASON: Final = "the vendor does not take its credential any more"
_UNDER_WAY: Final = "The credential is being refreshed; the same call can succeed in a moment"


class Fetching:
    def __init__(
        self, fetches: Fetches, integrations: HotIntegrations, vault: Vault, catalog: Catalog, refreshing: Refreshing
    ) -> None:
        self._fetches = fetches
        self._integrations = integrations
        self._vault = vault
        self._catalog = catalog
        self._refreshing = refreshing

    async def fetch(self, caller: Caller, wanted: Wanted, name: str | None) -> Fetched:
        """The token of the set of that name (None: the vendor's first), refreshed when it has to be; audited.

        Raises CapabilityMissing, IntegrationNotFound, UnknownTokenSet, NothingToFetch with the reason, or Unavailable
        when the vendor gives no newer token and the stored one does not last.
        """
        caller.require(Capability.REVEAL_CREDENTIALS)
        found = await self._fetches.get(Fetch(caller, wanted.id))
        if found is None:
            raise IntegrationNotFound(wanted.reference)
        token_set = self._token_set(found.provider, name)
        if not found.is_ready or found.sealed_secrets is None:
            _check(found)
            return await self._refreshed(caller, wanted, token_set)
        secrets = await self._vault.open(found.secrets_place, found.sealed_secrets)
        return _to_fetched(secrets, token_set, is_ours=found.is_granted)

    async def _refreshed(self, caller: Caller, wanted: Wanted, token_set: TokenSet) -> Fetched:
        """The stored token does not last: a newer one, or the one that is left if the vendor is away."""
        for _ in range(_TRIES):
            found = await self._integrations.get_detail(caller.organisation_id, wanted.id)
            if found is None or found.is_going:
                raise IntegrationNotFound(wanted.reference)
            answer = await self._refreshing.refresh(found, token_set, expires_soon(token_set))
            if answer.result in _STORED and answer.found is not None:
                found = answer.found
            elif answer.result in _NOT_NOW:
                await self._require_lasting(found, token_set, answer)
            handed = await self._fetches.get(Fetch(caller, wanted.id, found.credential_version))
            if handed is None:
                raise IntegrationNotFound(wanted.reference)
            _check(handed)
            if handed.is_ready and handed.sealed_secrets is not None:
                secrets = await self._vault.open(handed.secrets_place, handed.sealed_secrets)
                return _to_fetched(secrets, token_set, is_ours=handed.is_granted)
            # it changed in between: once more
        raise RefreshUnderWay(_UNDER_WAY)

    async def _require_lasting(self, found: Detail, token_set: TokenSet, answer: Refreshed) -> None:
        """Raises why there is no newer token, unless the stored one lasts long enough."""
        if found.sealed_secrets is not None:
            secrets = await self._vault.open(found.secrets_place, found.sealed_secrets)
            expires_at = expiry_of(secrets, token_set)
            # our own clock, where the database was not asked for its
            now = answer.at or datetime.now(UTC)
            if secrets.get(token_set.access) and (expires_at is None or expires_at - now >= _LEAST):
                return
        if answer.result is Result.MISCONFIGURED:
            raise NothingToFetch(str(answer.error))
        raise RefreshUnderWay(str(answer.error or _UNDER_WAY))

    def _token_set(self, vendor: str, name: str | None) -> TokenSet:
        oauth = self._catalog.oauth(vendor)
        sets = _ONE_TOKEN if oauth is None else oauth.token_sets
        if name is None:
            return sets[0]
        for one in sets:
            if one.access == f"{name}_{_ACCESS}":
                return one
        raise UnknownTokenSet(f"The vendor grants no such token: {name!r}")


def _check(found: Fetchable) -> None:
    """Raises NothingToFetch for what no refresh could mend."""
    if found.sealed_secrets is None:
        raise NothingToFetch("There is no credential: connect the integration, or set one")
    if not found.enabled:
        raise NothingToFetch("The integration is not enabled: enable it first")
    if found.health is Health.NEEDS_REAUTHORISATION:
        raise NothingToFetch(f"The integration needs to be connected once more: {found.health_reason or _NO_REASON}")


def _to_fetched(secrets: Secrets, token_set: TokenSet, *, is_ours: bool) -> Fetched:
    """Raises NothingToFetch when the credential has no such token, or somebody brought one that has expired."""
    access_token = secrets.get(token_set.access)
    if not access_token:
        raise NothingToFetch(f"The credential has no {token_set.access}: the vendor is called with something else")
    expires_at = _moment(secrets.get(token_set.expires_at))
    if not is_ours and expires_at is not None and expires_at - datetime.now(UTC) < _LEAST:
        raise NothingToFetch("The token that was brought here expires or has expired: bring a newer one")
    scope = secrets.get(token_set.scope)
    return Fetched(
        access_token=access_token,
        token_type=secrets.get("token_type") or "Bearer",
        expires_at=expires_at,
        scopes=None if not scope else _scopes(scope),
    )


# the tokens of an organisation have few different ones
@lru_cache(1024)
def _scopes(text: str) -> tuple[str, ...]:
    return tuple(scope for scope in _APART.split(text) if scope)


@lru_cache(1024)
def _moment(text: str | None) -> datetime | None:
    return read_moment(text)
