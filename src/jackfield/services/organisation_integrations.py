"""What an organisation's administrator does with its integrations by the organisations contract.

create list get update synchronise delete. Secrets and settings are one configuration there; secrets are shown masked
and never leave this service in clear. The contract knows no step of verification, and no status: a changed credential
ends a status of error or pending, and enabling (`enabled` true is sent) ends inactive.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec

from jackfield.domain.audit import Action, by_caller
from jackfield.domain.credential import Secrets
from jackfield.domain.definition import Definition, FieldProblem, why_unproven
from jackfield.domain.integration import (
    Change,
    Detail,
    IntegrationNotFound,
    InvalidState,
    Listing,
    Status,
    Wanted,
    has_been_asked,
    merged,
    unproven,
    unreadable,
)
from jackfield.domain.item import ItemType
from jackfield.domain.job import Job
from jackfield.domain.joint_configuration import (
    NOTHING,
    JointConfiguration,
    JointSubmission,
    check_complete,
    joint,
    sends_elsewhere,
    settle,
)
from jackfield.domain.ports import Database, HotIntegrations, UnitOfWork, Vault
from jackfield.domain.principal import Caller
from jackfield.services.catalog import Catalog
from jackfield.services.deletion import begin_deletion
from jackfield.services.deliveries import begin_deliveries
from jackfield.services.new_integration import Making, NewIntegrations
from jackfield.services.ownership import Ownership
from jackfield.services.places import keep_former
from jackfield.services.synchronisation import begin_synchronisation

_CREATED_FIELDS: Final = ("secrets", "configuration", "item_type", "enabled")

Value = TypeVar("Value")


class OrganisationIntegration(msgspec.Struct, frozen=True, kw_only=True):
    """An integration as this contract shows it; `configuration` is its secrets, masked, and its settings."""

    id: int
    organisation_id: int
    provider: str
    item_type: ItemType
    enabled: bool
    configuration: Mapping[str, Any]


class OrganisationIntegrations:
    def __init__(
        self, hot: HotIntegrations, database: Database, vault: Vault, catalog: Catalog, ownership: Ownership
    ) -> None:
        self._hot = hot
        self._database = database
        self._vault = vault
        self._catalog = catalog
        self._ownership = ownership
        self._new = NewIntegrations(hot, database, vault)

    async def create(
        self, caller: Caller, organisation_id: int, provider: str, sent: JointSubmission
    ) -> OrganisationIntegration:
        """A new integration. Raises as `Ownership.check`, FieldProblem, or OnlyOne."""
        await self._ownership.check(caller, organisation_id)
        definition = await self._creatable(provider)
        whole = settle(definition, NOTHING, {} if sent.configuration is msgspec.UNSET else sent.configuration)
        item_type = ItemType.NONE if sent.item_type is msgspec.UNSET else sent.item_type
        if sent.enabled is not False:
            check_complete(definition, whole, item_type)
        making = Making(
            definition=definition,
            secrets=whole.secrets or None,
            configuration=whole.settings_object,
            status=Status.ACTIVE,
            enabled=sent.enabled is not False,
            item_type=item_type,
        )
        row = await self._new.row(caller.principal, making)
        await self._new.insert(caller, definition, row, _CREATED_FIELDS)
        return OrganisationIntegration(
            id=row.id,
            organisation_id=row.organisation_id,
            provider=row.provider,
            item_type=item_type,
            enabled=row.enabled,
            configuration=whole.masked,
        )

    async def list(self, caller: Caller, organisation_id: int, wanted: Listing) -> Sequence[OrganisationIntegration]:
        """The organisation's integrations, as `wanted` says. Raises as `Ownership.check`."""
        await self._ownership.check(caller, organisation_id)
        return await self._show_all(await self._hot.list_details(caller.organisation_id, wanted))

    async def get(self, caller: Caller, wanted: Wanted) -> OrganisationIntegration:
        """One integration. Raises as `Ownership.find`."""
        [shown] = await self._show_all([await self._ownership.find(caller, wanted)])
        return shown

    async def update(self, caller: Caller, wanted: Wanted, sent: JointSubmission) -> OrganisationIntegration:
        """Changes what was sent and differs. Raises as `Ownership.find`, InvalidState, or FieldProblem."""
        await self._ownership.find(caller, wanted)
        async with self._database.transaction() as work:
            found = await _locked(work, caller, wanted)
            definition = await self._editable(found, work)
            change = await self._change(found, definition, sent)
            if change.fields:
                entry = by_caller(caller, Action.INTEGRATION_UPDATED, (found.id,), change.differing(found))
                await keep_former(work, found, definition, change.configuration)
                found = await work.integrations.update(found, change)
                await work.audit.add(entry)
                await begin_deliveries(work, found)
        [shown] = await self._show_all([found])
        return shown

    async def synchronise(self, caller: Caller, wanted: Wanted) -> Job:
        """Queues a synchronisation, or finds the one under way. Raises as `Ownership.find`, or InvalidState."""
        await self._ownership.find(caller, wanted)
        async with self._database.transaction() as work:
            found = await _locked(work, caller, wanted)
            return await begin_synchronisation(work, caller, found, await self._catalog.name(found.provider, work))

    async def delete(self, caller: Caller, wanted: Wanted) -> None:
        """Hides it at once and queues the rest. Raises as `Ownership.find`."""
        await self._ownership.find(caller, wanted)
        async with self._database.transaction() as work:
            found = await _locked(work, caller, wanted)
            await begin_deletion(work, caller, found, await self._catalog.name(found.provider, work))

    async def _creatable(self, provider: str) -> Definition:
        definition = await self._catalog.get(provider)
        if definition is None or definition.deprecated or not definition.usable:
            raise FieldProblem(("provider",), "This provider cannot be connected here, or not any more")
        return definition

    async def _editable(self, found: Detail, work: UnitOfWork) -> Definition:
        definition = await self._catalog.get(found.provider, work)
        if definition is None:
            raise InvalidState(f"The provider {found.provider} is not installed here, so nothing can be changed")
        if not definition.editable:
            raise InvalidState(f"Integrations with {definition.name} cannot be changed")
        return definition

    async def _change(self, found: Detail, definition: Definition, sent: JointSubmission) -> Change:
        """Everything that is to be another than it is."""
        [(_, before)] = await self._whole([found])
        after = before if sent.configuration is msgspec.UNSET else settle(definition, before, sent.configuration)
        enabled = found.enabled if sent.enabled is msgspec.UNSET else sent.enabled
        item_type = ItemType(found.item_type) if sent.item_type is msgspec.UNSET else sent.item_type
        touched = sent.enabled is True or item_type != found.item_type or after != before
        if enabled and touched:
            check_complete(definition, after, item_type)
        secrets = _differing(before.secrets, after.secrets)
        change = Change(
            enabled=_differing(found.enabled, enabled),
            item_type=_differing(found.item_type, item_type),
            configuration=msgspec.UNSET if after.settings == before.settings else after.settings_object,
            sealed_secrets=msgspec.UNSET if secrets is msgspec.UNSET else await self._sealed(found, secrets),
        )
        renewed = sends_elsewhere(definition, before, after) or (found.status is Status.ERROR and after != before)
        following = _renewed(found, definition) if renewed else Change()
        return merged(change, _lifted(found, sent), following, _to_be_proven(found, definition, before, after))

    async def _sealed(self, found: Detail, secrets: Secrets) -> bytes | None:
        return await self._vault.seal(found.secrets_place, secrets) if secrets else None

    async def _show_all(self, found: Sequence[Detail]) -> Sequence[OrganisationIntegration]:
        shown = []
        for one, (secrets, whole) in zip(found, await self._whole(found), strict=True):
            is_broken = secrets is None and one.sealed_secrets is not None
            shown.append(_show(unreadable(one) if is_broken else one, whole))
        return shown

    async def _whole(self, found: Sequence[Detail]) -> Sequence[tuple[Secrets | None, JointConfiguration]]:
        """Of each, the secrets if it has any that can be read, and the configuration with them in it."""
        sealed = [one for one in found if one.sealed_secrets is not None]
        opened = await self._vault.open_readable([(one.secrets_place, one.sealed_secrets or b"") for one in sealed])
        secrets = dict(zip((one.id for one in sealed), opened, strict=True))
        return [(secrets.get(one.id), joint(secrets.get(one.id), one.configuration)) for one in found]


async def _locked(work: UnitOfWork, caller: Caller, wanted: Wanted) -> Detail:
    """The integration that a moment ago was the caller's, locked."""
    found = await work.integrations.get_detail_for_update(caller.organisation_id, wanted.id)
    if found is None or found.is_going:
        raise IntegrationNotFound(wanted.reference)
    return found


def _lifted(found: Detail, sent: JointSubmission) -> Change:
    """Enabling makes an inactive one active, which this contract cannot say in any other way."""
    inactive = sent.enabled is True and found.status is Status.INACTIVE
    return Change(status=Status.ACTIVE) if inactive else Change()


def _renewed(found: Detail, definition: Definition) -> Change:
    """Nothing is known of the new credential, so nothing speaks against it. A client's `inactive` stands."""
    forgotten = Change(error=None, error_at=None) if found.error is not None else Change()
    status = Status.ACTIVE if found.status in {Status.PENDING, Status.ERROR} else msgspec.UNSET
    return merged(forgotten, unproven(verifies=definition.supports_verification), Change(status=status))


def _to_be_proven(
    found: Detail, definition: Definition, before: JointConfiguration, after: JointConfiguration
) -> Change:
    """What is said of what was proven before the change. The contract knows no step of verification."""
    settings = definition.verified_settings(before.settings, after.settings)
    credential = definition.supports_verification and sends_elsewhere(definition, before, after)
    if not credential and not settings:
        return Change()
    reason = why_unproven(settings, credential=credential)
    return unproven(verifies=True, reason=reason if has_been_asked(found) else None)


def _differing(before: Value, after: Value) -> Value | msgspec.UnsetType:
    return msgspec.UNSET if before == after else after


def _show(found: Detail, whole: JointConfiguration) -> OrganisationIntegration:
    return OrganisationIntegration(
        id=found.id,
        organisation_id=found.organisation_id,
        provider=found.provider,
        item_type=ItemType(found.item_type),
        enabled=found.enabled,
        configuration=whole.masked,
    )
