"""The fuse box: builds everything from the settings. The only file that knows every concrete class."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from functools import partial

import msgspec

from jackfield import vault
from jackfield.domain.authorization import Application
from jackfield.domain.errors import Misconfigured
from jackfield.domain.job import JobKind
from jackfield.domain.send_lease import LeaseTimes
from jackfield.domain.sign_in import SignInRules
from jackfield.master_key_file import MasterKeyFile
from jackfield.providers._authored import make_authored
from jackfield.providers._http import Endpoints, HttpClient
from jackfield.providers._openid import LABEL as OPENID
from jackfield.providers._registry import make_providers
from jackfield.services import Services
from jackfield.services.access import Access
from jackfield.services.administration import Administration
from jackfield.services.answered_calls import AnsweredCalls
from jackfield.services.approvals import Approvals
from jackfield.services.apps import Apps
from jackfield.services.audit_log import AuditLog
from jackfield.services.catalog import Catalog
from jackfield.services.connect_links import ConnectLinks
from jackfield.services.connecting import Connecting
from jackfield.services.console_links import ConsoleLinks
from jackfield.services.deletion import Deletion
from jackfield.services.deliveries import Deliveries
from jackfield.services.delivering import Delivering
from jackfield.services.diagnoses import Diagnoses
from jackfield.services.events import Events
from jackfield.services.failure_limit import FailureLimit
from jackfield.services.fetching import Fetching
from jackfield.services.installations import Installations
from jackfield.services.integrations import Integrations
from jackfield.services.items import Items
from jackfield.services.job_watch import JobWatch
from jackfield.services.jobs import Jobs
from jackfield.services.keys import Keys
from jackfield.services.oauth_server import OAuthServer
from jackfield.services.organisation_integrations import OrganisationIntegrations
from jackfield.services.organisations import Organisations
from jackfield.services.overview import Overview
from jackfield.services.ownership import Ownership
from jackfield.services.places import Places
from jackfield.services.refresh_attempt import Means
from jackfield.services.refreshing import Refreshing
from jackfield.services.rotation import Rotation
from jackfield.services.running import Handler, Runner
from jackfield.services.sessions import Sessions
from jackfield.services.single_sign_on import SingleSignOn
from jackfield.services.synchronisation import Synchronisation
from jackfield.services.system import System
from jackfield.services.timeline import Timeline
from jackfield.services.uninstalling import Uninstallation
from jackfield.services.upkeep import Upkeep
from jackfield.services.vendor_calls import VendorCalls
from jackfield.services.verification import Verification
from jackfield.settings import OidcSettings, Settings
from jackfield.storage.audit import AuditRecordTable
from jackfield.storage.data_keys import DataKeyStore, ServiceSecretStore
from jackfield.storage.database import Database
from jackfield.storage.deliveries import HotDeliveries
from jackfield.storage.embedded import EmbeddedServer
from jackfield.storage.events import EventTable
from jackfield.storage.fetches import FetchTable
from jackfield.storage.hot_integrations import HotIntegrations
from jackfield.storage.idempotency_keys import IdempotencyKeyTable
from jackfield.storage.items import HotItems
from jackfield.storage.job_changes import JobChangeTable
from jackfield.storage.jobs import HotJobs
from jackfield.storage.keys import KeyLookup
from jackfield.storage.links import HotLinks
from jackfield.storage.migrate import migrate
from jackfield.storage.overview import OverviewTable
from jackfield.storage.owners import OwnerLookup
from jackfield.storage.places import HotPlaces
from jackfield.storage.refresh_leases import RefreshLeases
from jackfield.storage.rests import RestTable
from jackfield.storage.system import SystemTable
from jackfield.storage.timeline import TimelineTable
from jackfield.vault import MasterKeys, Vault, load_service_secret


class House(msgspec.Struct, frozen=True):
    """Everything, open and ready."""

    services: Services
    runner: Runner
    upkeep: Upkeep
    rotation: Rotation
    database: Database
    http: HttpClient
    master_keys: MasterKeys
    data_keys: DataKeyStore
    service_secrets: ServiceSecretStore


@contextlib.asynccontextmanager
async def open_house(settings: Settings) -> AsyncIterator[House]:
    """Opens the database (starting and migrating it as needed), the vault and the way out, and closes all at the end.

    Raises Misconfigured with what to do, or Unavailable when the database cannot be reached.
    """
    async with open_ground(settings) as ground, _open_http(settings) as http:
        providers = make_providers(
            http,
            {slug: Endpoints(one.base_url, one.api_url, one.auth_url) for slug, one in settings.providers.items()},
        )
        applications = applications_of(settings)
        catalog = Catalog(ground.database, providers, partial(make_authored, http), settings.public_url, applications)
        times = LeaseTimes(settings.vendor_timeout_seconds)
        house = _build(ground, catalog, http, settings.oidc, times)
        try:
            yield house
        finally:
            house.services.job_watch.close()
            await house.services.refreshing.finish()


class Ground(msgspec.Struct, frozen=True):
    """What everything else stands on, and all that the operator's commands need: database, keys, tenants."""

    database: Database
    master_keys: MasterKeys
    data_keys: DataKeyStore
    service_secrets: ServiceSecretStore
    vault: Vault
    pepper: bytes
    organisations: Organisations
    apps: Apps
    console_links: ConsoleLinks
    rotation: Rotation


@contextlib.asynccontextmanager
async def open_ground(settings: Settings) -> AsyncIterator[Ground]:
    """The database and the keys alone. Raises as `open_house`."""
    if settings.database_url is not None and settings.master_keys is None:
        raise Misconfigured(f"JACKFIELD_DATABASE_URL is set and JACKFIELD_MASTER_KEYS is not. {vault.HOW_TO_MAKE_ONE}")
    async with open_database(settings) as database:
        secrets = ServiceSecretStore(database)
        master_keys = await _master_keys(settings, secrets)
        pepper = await load_service_secret(secrets, master_keys, vault.PEPPER)
        data_keys = DataKeyStore(database)
        sealing = Vault(master_keys, data_keys)
        yield Ground(
            database=database,
            master_keys=master_keys,
            data_keys=data_keys,
            service_secrets=secrets,
            vault=sealing,
            pepper=pepper,
            organisations=Organisations(database, pepper),
            apps=Apps(database, pepper, allow_http=settings.platform_allow_http),
            console_links=ConsoleLinks(database, pepper),
            rotation=Rotation(database, sealing),
        )


def _open_http(settings: Settings) -> AbstractAsyncContextManager[HttpClient]:
    # it takes longer to import than all else here, and whoever only looks at the ground calls nobody
    from jackfield.providers._client import open_client  # noqa: PLC0415

    placed = {
        slug: [url for url in (one.base_url, one.api_url, one.auth_url) if url]
        for slug, one in settings.providers.items()
    }
    if settings.oidc is not None:
        placed[OPENID] = [settings.oidc.issuer]
    return open_client(settings.egress_allow, placed, LeaseTimes(settings.vendor_timeout_seconds))


def applications_of(settings: Settings) -> dict[str, Application]:
    """The operator's registrations at vendors, by slug."""
    return {
        slug: Application(one.client_id, one.client_secret.get_secret_value())
        for slug, one in settings.providers.items()
        if one.client_id is not None and one.client_secret is not None
    }


def _build(ground: Ground, catalog: Catalog, http: HttpClient, oidc: OidcSettings | None, times: LeaseTimes) -> House:
    database, sealing = ground.database, ground.vault
    hot = HotIntegrations(database)
    ownership = Ownership(hot, OwnerLookup(database))
    rests = RestTable(database)
    means = Means(integrations=hot, leases=RefreshLeases(database), database=database, vault=sealing)
    refreshing = Refreshing(means, catalog)
    calls = VendorCalls(rests, refreshing.renewed)
    access = Access(KeyLookup(database), ground.pepper)
    sign_in_failures = FailureLimit()
    sessions = Sessions(database, access, ground.pepper, sign_in_failures)
    answered_calls = AnsweredCalls(IdempotencyKeyTable(database), ground.pepper)
    connecting = Connecting(hot, database, sealing, catalog, ground.pepper)
    places = Places(database, HotPlaces(database), catalog, calls)
    verification = Verification(database, sealing, catalog, calls, places)
    delivering = Delivering(database, hot, HotDeliveries(database, times), sealing, catalog, calls, places)
    synchronisation = Synchronisation(database, hot, HotLinks(database), sealing, catalog, calls, places)
    installations = Installations(hot, database, sealing)
    handlers: dict[JobKind, Handler] = {
        JobKind.VERIFY: verification,
        JobKind.DELETE: Deletion(hot, sealing, catalog, calls),
        JobKind.UNINSTALL: Uninstallation(hot, database, sealing, catalog, calls),
        JobKind.DELIVER: delivering,
        JobKind.SYNC: synchronisation,
        JobKind.REFRESH: refreshing,
    }
    runner = Runner(HotJobs(database), database, handlers)
    return House(
        services=Services(
            access=access,
            integrations=Integrations(hot, database, sealing, catalog),
            administration=Administration(hot, database, sealing, catalog),
            ownership=ownership,
            organisation_integrations=OrganisationIntegrations(hot, database, sealing, catalog, ownership),
            catalog=catalog,
            items=Items(HotItems(database, database.ring), database),
            deliveries=Deliveries(database),
            synchronisation=synchronisation,
            verification=verification,
            refreshing=refreshing,
            events=Events(EventTable(database), hot),
            fetching=Fetching(FetchTable(database), hot, sealing, catalog, refreshing),
            jobs=Jobs(database),
            organisations=ground.organisations,
            answered_calls=answered_calls,
            apps=ground.apps,
            installations=installations,
            oauth_server=OAuthServer(database, sealing, ground.pepper),
            console_links=ground.console_links,
            connect_links=ConnectLinks(database, catalog, ground.pepper),
            connecting=connecting,
            overview=Overview(OverviewTable(database)),
            timeline=Timeline(TimelineTable(database), hot),
            diagnoses=Diagnoses(hot, database, catalog, rests),
            audit_log=AuditLog(AuditRecordTable(database), database),
            keys=Keys(database, ground.pepper),
            job_watch=JobWatch(JobChangeTable(database)),
            system=System(SystemTable(database, ground.data_keys), ground.master_keys),
            approvals=Approvals(database),
            sessions=sessions,
            single_sign_on=None if oidc is None else _single_sign_on(oidc, ground, http, sessions, sign_in_failures),
        ),
        runner=runner,
        upkeep=Upkeep(
            database, (verification, delivering, refreshing, installations), runner, rests, answered_calls, connecting
        ),
        rotation=ground.rotation,
        database=database,
        http=http,
        master_keys=ground.master_keys,
        data_keys=ground.data_keys,
        service_secrets=ground.service_secrets,
    )


def _single_sign_on(
    oidc: OidcSettings, ground: Ground, http: HttpClient, sessions: Sessions, failures: FailureLimit
) -> SingleSignOn:
    # who has no OpenID provider does not wait for what reads its tokens
    from jackfield.providers._openid import OpenIdProvider, Registration  # noqa: PLC0415

    registration = Registration(
        issuer=oidc.issuer,
        client_id=oidc.client_id,
        client_secret=oidc.client_secret.get_secret_value(),
        scopes=oidc.scopes,
    )
    rules = SignInRules(
        issuer=oidc.issuer,
        label=oidc.label,
        organisation=oidc.organisation,
        organisation_claim=oidc.organisation_claim,
        roles_claim=oidc.roles_claim,
        roles=oidc.roles,
    )
    provider = OpenIdProvider(http, registration)
    return SingleSignOn(ground.database, provider, sessions, rules, ground.pepper, failures)


@contextlib.asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """The database alone, migrated, without the vault."""
    server = None
    try:
        if settings.database_url is not None:
            dsn = settings.database_url.get_secret_value()
        else:
            server = EmbeddedServer(settings.data_dir.absolute())
            # not in a thread: a stop in the middle would leave that running, and with it the server it starts
            server.open()
            dsn = server.dsn
        await migrate(dsn)
        database = Database(dsn, server, settings.database_pool_size)
        await database.open()
        try:
            yield database
        finally:
            await database.close()
    finally:
        if server is not None:
            server.close()


async def _master_keys(settings: Settings, secrets: ServiceSecretStore) -> MasterKeys:
    if settings.master_keys is not None:
        return MasterKeys.parse(settings.master_keys.get_secret_value())
    file = MasterKeyFile(settings.data_dir.absolute() / "master.keys")
    # in this order: who starts at the same time makes the file first and its first secret after it
    if await secrets.get(vault.PEPPER) is not None and not file.has_content:
        raise Misconfigured(
            f"The key file {file.path} is {'empty' if file.exists else 'gone'}, and without it the secrets in the "
            "database cannot be opened. "
            "Put it back (or set JACKFIELD_MASTER_KEYS to what was in it). Nothing was changed."
        )
    return MasterKeys.parse(file.read_or_make())
