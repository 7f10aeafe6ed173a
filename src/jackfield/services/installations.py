"""Installations: an app in an organisation, from the filled-in form to what the app's own server says of it."""

from collections.abc import Mapping
from typing import Any

from jackfield.domain import ids
from jackfield.domain.app import App, AppNotFound, new_client_secret
from jackfield.domain.app_schema import flaws_of_configuration
from jackfield.domain.audit import Action, AuditEntry, by_app, by_caller
from jackfield.domain.health import Health
from jackfield.domain.installation import (
    READ,
    WRITE,
    Installation,
    InstallationNotFound,
    InstallationRow,
    InstallationStatus,
    InvalidConfiguration,
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

        With an id that was reserved and is used already, nothing is made, and that installation is returned. Raises
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
    row = _integration_row(caller, app, integration_id, configuration, sealed)
    await work.integrations.create(row)
    await work.installations.create(row.organisation_id, row.id, app.organisation_id, app.id)
    await work.audit.add(by_caller(caller, Action.INSTALLATION_CREATED, (row.id, app.id), ("configuration",)))


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
    """Not worked with before the app's server says that it is complete."""
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
        status=Status.PENDING,
        enabled=True,
        created_by=user,
        creator_user=user,
        creator_key_id=caller.principal.key_id,
        state=State.NEW,
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
