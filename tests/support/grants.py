"""An integration whose tokens a vendor granted by OAuth, and the vendor, in this process: it rotates refresh tokens."""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

from jackfield.domain.authorization import Application, Authorization, CodeExchange, Granted
from jackfield.domain.credential import Secrets
from jackfield.domain.integration import secrets_place
from jackfield.domain.provider import (
    Account,
    AuthMethod,
    Category,
    Connection,
    CredentialRefused,
    GrantRefused,
    Manifest,
    OAuth,
    SecretField,
    Source,
    TokenSet,
    Verified,
)
from jackfield.services.refresh_attempt import Attempt, Means, Needs, Way, is_still
from jackfield.storage.hot_integrations import HotIntegrations
from jackfield.storage.refresh_leases import RefreshLeases
from jackfield.vault import Vault
from support.workbench import Workbench

APPLICATION = Application("client", "its secret")
TOKENS = TokenSet()


@dataclass
class Family:
    """All tokens that came of one authorisation; one refresh token of them is good at a time."""

    number: int
    good: str = ""
    dead: bool = False


@dataclass
class RotatingVendor:
    """Satisfies Authorizes, Verifies and Revokes. `kills`: a spent refresh token that comes again ends its family."""

    kills: bool = False
    lifetime: float = 3600.0
    families: list[Family] = field(default_factory=list)
    #: refresh token → its family; access token → its family
    _refresh: dict[str, Family] = field(default_factory=dict)
    _access: dict[str, Family] = field(default_factory=dict)
    #: by refresh token: how often it came
    asked: list[str] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    under_way: int = 0
    most_at_once: int = 0
    #: called before an answer is made, and after it; either may raise
    before: Callable[[], Any] | None = None
    after: Callable[[], Any] | None = None

    manifest: ClassVar[Manifest] = Manifest(
        slug="rotating",
        name="Rotating",
        category=Category.CHAT,
        url="https://vendor.example",
        description="For tests.",
        secrets=(
            SecretField(name="access_token", auth_key="api_key", title="Token", help="Any."),
            SecretField(name="refresh_token", auth_key="secret", title="Refresh token", help="Any."),
        ),
        auth_methods=(AuthMethod(name="oauth", title="OAuth", secrets=("access_token",)),),
        oauth=OAuth(registration="here", scopes=("all",), pkce=True, refreshes=True, rotates=True),
        sources=(Source("all", "https://vendor.example", date(2026, 11, 21)),),
    )

    def authorise(self) -> dict[str, str]:
        """A person connects it: the first tokens of a new family."""
        family = Family(len(self.families))
        self.families.append(family)
        return self._issue(family)

    def is_good(self, secrets: Any) -> bool:
        """Whether the refresh token of the credential is the newest of a living family."""
        family = self._refresh.get(secrets.get("refresh_token"))
        return family is not None and not family.dead and family.good == secrets["refresh_token"]

    async def refresh(self, application: Application, connection: Connection, token_set: TokenSet) -> Granted:
        assert application is APPLICATION or application.client_id
        token = connection.secrets[token_set.refresh] or ""
        self.asked.append(token)
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        try:
            if self.before is not None:
                self.before()
            await asyncio.sleep(0)
            granted = self._rotate(token)
            if self.after is not None:
                self.after()
            return granted
        finally:
            self.under_way -= 1

    def _rotate(self, token: str) -> Granted:
        family = self._refresh.get(token)
        if family is None or family.dead or family.good != token:
            if family is not None and self.kills:
                family.dead = True
            raise GrantRefused("Rotating does not take the refresh token")
        written = self._issue(family)
        ends = datetime.now(UTC) + timedelta(seconds=self.lifetime)
        return Granted(secrets=Secrets(written), expires_at=ends)

    async def verify(self, connection: Connection) -> Verified:
        family = self._access.get(connection.secrets.get("access_token") or "")
        if family is None or family.dead:
            raise CredentialRefused("Rotating refuses the credential")
        return Verified(account=Account(id=str(family.number), name="somebody"))

    async def revoke(self, connection: Connection) -> None:
        token = connection.secrets["refresh_token"] or ""
        self.revoked.append(token)
        family = self._refresh.get(token)
        if family is not None and family.good == token:
            family.dead = True

    def authorize_url(self, authorization: Authorization) -> str:
        raise NotImplementedError

    async def exchange(self, exchange: CodeExchange) -> Granted:
        raise NotImplementedError

    def _issue(self, family: Family) -> dict[str, str]:
        access, refresh = f"access-{uuid.uuid4()}", f"refresh-{uuid.uuid4()}"
        family.good = refresh
        self._refresh[refresh] = self._access[access] = family
        ends = datetime.now(UTC) + timedelta(seconds=self.lifetime)
        return {"access_token": access, "refresh_token": refresh, "expires_at": ends.strftime("%Y-%m-%dT%H:%M:%SZ")}


def means_of(bench: Workbench) -> Means:
    house = bench.house
    return Means(
        integrations=HotIntegrations(house.database),
        leases=RefreshLeases(house.database),
        database=house.database,
        vault=Vault(house.master_keys, house.data_keys),
    )


def way_to(vendor: Any) -> Way:
    return Way(provider=vendor, application=APPLICATION, token_sets=(TOKENS,), revoker=vendor, verifies=True)


def attempt(bench: Workbench, vendor: Any, integration: int, needs: Needs | None = None) -> Attempt:
    """One that wants the stored token replaced, whatever its life."""
    wanted = needs or is_still(TOKENS, secrets_of(bench, integration).get("access_token"))
    return Attempt(means_of(bench), way_to(vendor), bench.organisation.id, integration, TOKENS, wanted)


def granted(bench: Workbench, secrets: dict[str, str], provider: str = "rotating", **columns: object) -> int:
    """The id of a live integration with these secrets, as a person's authorisation leaves it."""
    now = datetime.now(UTC)
    known = {"granted_at": now - timedelta(minutes=1), "state": "live", "verified_at": now, **columns}
    integration = bench.integration(provider, state=str(known.pop("state")))
    bench.change(integration, sealed_secrets=bench.sealed(integration, secrets), **known)
    return integration


def secrets_of(bench: Workbench, integration: int) -> dict[str, Any]:
    """What is stored, in clear."""
    row = bench.row(integration)
    if row["sealed_secrets"] is None:
        return {}
    vault = bench.house.services.integrations._vault
    place = secrets_place(bench.organisation.id, integration)
    return dict(bench.operator.run(vault.open(place, row["sealed_secrets"])))


def events_of(bench: Workbench, integration: int) -> list[str]:
    """The kinds of the integration's events, the oldest first."""
    wanted = "select kind from event where organisation_id = $1 and integration_id = $2 order by id"
    return [record[0] for record in bench.operator.fetch(wanted, bench.organisation.id, integration)]
