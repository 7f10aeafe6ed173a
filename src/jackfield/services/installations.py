"""Installations: an app in an organisation, from the filled-in form to what the app's own server says of it."""

from collections.abc import Mapping
from typing import Any

from jackfield.domain import ids
from jackfield.domain.app import App, AppNotFound, new_client_secret
from jackfield.domain.app_schema import flaws_of_configuration
from jackfield.domain.audit import Action, AuditEntry, by_app, by_caller
from jackfield.domain.health import Health
from jackfield.domain.installation import (
    PENDING_LIFETIME,
    READ,
    WRITE,
    Installation,
    InstallationNotFound,
    InstallationNotPending,
    InstallationRow,
    InstallationStatus,
    InvalidConfiguration,
    NewInstallation,
    configuration_of,
    installation_name,
    sealed_as,
)
from jackfield.domain.integration import (
    EMPTY_OBJECT,
    Change,
    Detail,
    IntegrationRow,
    State,
    Status,
    merged,
    secrets_place,
)
from jackfield.domain.oauth import Holder
from jackfield.domain.ports import Database, HotIntegrations, UnitOfWork, Vault
from jackfield.domain.principal import Caller, Capability, Origin
from jackfield.domain.text import identifier_from
from jackfield.services.deletion import begin_deletion


class Installations:
    def __init__(self, hot: HotIntegrations, database: Database, vault: Vault) -> None:
        self._hot = hot
        self._database = database
        self._vault = vault

    async def reserve_id(self) -> int:
        """The id of an installation to come: a form that has one can be sent twice, and makes one installation."""
        return await self._hot.reserve_id()

    async def create(
        self,
        caller: Caller,
        definition_id: int,
        configuration: Mapping[str, Any],
        reserved_id: int | None = None,
    ) -> Installation:
        """Installs the app in the caller's organisation; it is incomplete until the app's server says otherwise.

        An app without a server to go to is complete at once. What the same person began before with the app, and never
        finished, ends. With an id that was reserved and is used already, nothing is made, and that installation is
        returned. Raises
        CapabilityMissing, AppNotFound, AppArchived, InvalidConfiguration with all that the form refuses, or
        InstallationNotFound when the id's installation is gone again.
        """
        caller.require(Capability.MANAGE)
        integration_id = await self._hot.reserve_id() if reserved_id is None else reserved_id
        secrets = sealed_as(await self._app(definition_id), configuration, new_client_secret())
        place = secrets_place(caller.organisation_id, integration_id)
        # before the unit of work: a first seal makes a data key, which is a unit of its own
        sealed = await self._vault.seal(place, secrets)
        async with self._database.transaction() as work:
            await work.installations.lock_id(integration_id)
            if await work.integrations.get_detail_for_update(caller.organisation_id, integration_id) is None:
                await _install(work, caller, definition_id, configuration, integration_id, sealed)
            created = await _existing(work, caller.organisation_id, integration_id)
        return await self._opened(created)

    async def made_in(self, caller: Caller, app: App) -> InstallationRow | None:
        """The newest installation of the app that the caller's browser made in its session; None: it made none."""
        session_id = caller.principal.session_id
        if session_id is None:
            return None
        async with self._database.transaction() as work:
            return await work.installations.latest_of_session(
                caller.organisation_id, session_id, app.organisation_id, app.id
            )

    async def remove_pending(self, caller: Caller, installation_id: int) -> None:
        """Ends one that was never complete. Nothing to do where it is gone already.

        Raises CapabilityMissing or InstallationNotPending.
        """
        caller.require(Capability.MANAGE)
        async with self._database.transaction() as work:
            if await _end_pending(work, caller, caller.organisation_id, installation_id):
                return
            if await work.installations.get(caller.organisation_id, installation_id) is not None:
                raise InstallationNotPending

    async def ask_for_due(self, most: int) -> int:
        """Ends what was begun a day ago and never finished; returns how many."""
        async with self._database.transaction() as work:
            abandoned = await work.installations.abandoned(PENDING_LIFETIME, most)
        ended = 0
        for organisation_id, integration_id in abandoned:
            async with self._database.transaction() as work:
                ended += await _end_pending(work, None, organisation_id, integration_id)
        return ended

    async def read(self, holder: Holder, definition_reference: str, origin: Origin) -> Installation:
        """The token's own installation, for the app's server; audited, since secrets may be in it.

        Raises ScopeMissing, or InstallationNotFound when the token is of another app.
        """
        holder.require(READ)
        if ids.to_hex(holder.definition_id) != definition_reference:
            raise InstallationNotFound(definition_reference)
        async with self._database.transaction() as work:
            found = await _own(work, holder)
            await work.audit.add(_entry(holder, origin, Action.INSTALLATION_READ, "configuration"))
        return await self._opened(found)

    async def set_status(
        self, holder: Holder, definition_reference: str, reference: str, status: InstallationStatus, origin: Origin
    ) -> Installation:
        """What the app's server says. Raises ScopeMissing, or InstallationNotFound unless the token matches both."""
        holder.require(WRITE)
        if (ids.to_hex(holder.definition_id), ids.to_hex(holder.installation_id)) != (definition_reference, reference):
            raise InstallationNotFound(reference)
        async with self._database.transaction() as work:
            integration = await work.integrations.get_detail_for_update(holder.organisation_id, holder.installation_id)
            found = await _own(work, holder)
            if integration is not None and found.status is not status:
                await work.integrations.update(integration, _following(integration, status))
                await work.installations.set_status(holder.organisation_id, holder.installation_id, status)
                await work.audit.add(_entry(holder, origin, Action.INSTALLATION_UPDATED, "status"))
                found = await _own(work, holder)
        return await self._opened(found)

    async def _app(self, definition_id: int) -> App:
        async with self._database.transaction() as work:
            app = await work.definitions.get_app_for_installation(definition_id)
        if app is None:
            raise AppNotFound(ids.to_hex(definition_id))
        return app

    async def _opened(self, row: InstallationRow) -> Installation:
        opened = None
        if row.sealed_secrets is not None:
            place = secrets_place(row.organisation_id, row.integration_id)
            opened = await self._vault.open(place, row.sealed_secrets)
        return Installation(
            id=row.integration_id,
            organisation_id=row.organisation_id,
            definition_id=row.definition_id,
            status=row.status,
            created_at=row.created_at,
            updated_at=row.updated_at,
            configuration=configuration_of(opened),
        )


async def _install(
    work: UnitOfWork,
    caller: Caller,
    definition_id: int,
    configuration: Mapping[str, Any],
    integration_id: int,
    sealed: bytes,
) -> None:
    app = await work.definitions.get_app_for_installation(definition_id)
    if app is None:
        raise AppNotFound(ids.to_hex(definition_id))
    app.require_installable_by(caller.organisation_id)
    flaws = flaws_of_configuration(app.configuration_fields, configuration)
    if flaws:
        raise InvalidConfiguration(flaws)
    await _replace_pending(work, caller, app)
    row = _integration_row(caller, app, integration_id, configuration, sealed)
    await work.integrations.create(row)
    await work.installations.create(
        NewInstallation(
            organisation_id=row.organisation_id,
            integration_id=row.id,
            definition_organisation_id=app.organisation_id,
            definition_id=app.id,
            status=InstallationStatus.INCOMPLETE if app.oauth_callback_url else InstallationStatus.COMPLETE,
            session_id=caller.principal.session_id,
        )
    )
    await work.audit.add(by_caller(caller, Action.INSTALLATION_CREATED, (row.id, app.id), ("configuration",)))


async def _replace_pending(work: UnitOfWork, caller: Caller, app: App) -> None:
    """Ends what the person began before with the app and never finished: this takes its place."""
    pending = await work.installations.pending_of_person(
        caller.organisation_id, app.organisation_id, app.id, caller.principal.user
    )
    for integration_id in pending:
        await _end_pending(work, caller, caller.organisation_id, integration_id)


async def _end_pending(work: UnitOfWork, caller: Caller | None, organisation_id: int, integration_id: int) -> bool:
    """Ends one that was never complete, as a deletion does; its tokens are dead with this transaction.

    False, and nothing is done, when it is gone, or its app has called it complete meanwhile.
    """
    integration = await work.integrations.get_detail_for_update(organisation_id, integration_id)
    found = await work.installations.get(organisation_id, integration_id)
    if integration is None or found is None or not found.is_pending:
        return False
    app = await work.definitions.get_app(found.definition_id)
    await begin_deletion(work, caller, integration, app.display_name if app else integration.provider)
    return True


async def _own(work: UnitOfWork, holder: Holder) -> InstallationRow:
    return await _existing(work, holder.organisation_id, holder.installation_id)


async def _existing(work: UnitOfWork, organisation_id: int, installation_id: int) -> InstallationRow:
    found = await work.installations.get(organisation_id, installation_id)
    if found is None:
        raise InstallationNotFound(ids.to_hex(installation_id))
    return found


def _entry(holder: Holder, origin: Origin, action: Action, field: str) -> AuditEntry:
    client_id = ids.to_hex(holder.definition_id)
    return by_app(origin, holder.organisation_id, client_id, action, (holder.installation_id,), field)


def _integration_row(
    caller: Caller, app: App, integration_id: int, configuration: Mapping[str, Any], sealed: bytes
) -> IntegrationRow:
    """Not worked with before the app's server, if it has one, says that it is complete."""
    is_complete = app.oauth_callback_url is None
    name, user = installation_name(app, configuration), caller.principal.user
    return IntegrationRow(
        id=integration_id,
        organisation_id=caller.organisation_id,
        provider=app.hex_id,
        name=name,
        identifier=identifier_from(name, app.hex_id),
        unique_identifier=f"{app.hex_id}-{ids.to_uuid(integration_id)}",
        sealed_secrets=sealed,
        configuration=EMPTY_OBJECT,
        metadata=EMPTY_OBJECT,
        status=Status.ACTIVE if is_complete else Status.PENDING,
        enabled=True,
        created_by=user,
        creator_user=user,
        creator_key_id=caller.principal.key_id,
        creator_is_account=caller.principal.session_id is not None,
        state=State.LIVE if is_complete else State.NEW,
    )


def _following(integration: Detail, status: InstallationStatus) -> Change:
    """Complete is live in the other contracts, incomplete is new. A client's `inactive` stands."""
    complete = status is InstallationStatus.COMPLETE
    # the app's server is who knows whether it works
    health = Health.ACTIVE if complete else Health.UNKNOWN
    change = Change(state=State.LIVE if complete else State.NEW, health=health, health_reason=None)
    if integration.status is Status.INACTIVE:
        return change
    return merged(change, Change(status=Status.ACTIVE if complete else Status.PENDING))
