"""What a hub's administrator does with integrations: create get list update delete, all by their definitions.

Secrets are shown masked and never leave this service in clear.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from jackfield.domain.audit import Action, by_caller
from jackfield.domain.credential import Secrets, mask
from jackfield.domain.definition import Definition, FieldProblem, check_complete, not_connectable, why_unproven
from jackfield.domain.installation import shown_configuration
from jackfield.domain.integration import (
    EMPTY_OBJECT,
    Change,
    Detail,
    IntegrationNotFound,
    InvalidState,
    Listing,
    Status,
    Wanted,
    has_been_asked,
    merged,
    renamed,
    unproven,
    unreadable,
)
from jackfield.domain.item import ItemType
from jackfield.domain.job import Job
from jackfield.domain.ports import Database, HotIntegrations, UnitOfWork, Vault
from jackfield.domain.principal import Caller, Capability
from jackfield.domain.submission import (
    Submission,
    check_deliverable,
    check_names,
    check_sent_again,
    from_texts,
    moved_destinations,
    settle_configuration,
    settle_secrets,
    to_texts,
)
from jackfield.services.catalog import Catalog
from jackfield.services.deletion import begin_deletion
from jackfield.services.deliveries import begin_deliveries
from jackfield.services.new_integration import Making, NewIntegrations
from jackfield.services.places import keep_former

_CREATED_FIELDS: Final = ("name", "identifier", "secrets", "configuration", "item_type", "enabled")


class Administered(msgspec.Struct, frozen=True):
    """An integration as its administrator sees it: masks of its secrets by canonical name, and its definition.

    `definition` is None when the package that brought its provider is gone.
    """

    integration: Detail
    masks: Mapping[str, str]
    definition: Definition | None


class Administration:
    def __init__(self, hot: HotIntegrations, database: Database, vault: Vault, catalog: Catalog) -> None:
        self._hot = hot
        self._database = database
        self._vault = vault
        self._catalog = catalog
        self._new = NewIntegrations(hot, database, vault)

    async def create(self, caller: Caller, vendor: str, sent: Submission) -> Administered:
        """A new integration. Raises CapabilityMissing, FieldProblem or OnlyOne."""
        caller.require(Capability.MANAGE)
        definition = await self._creatable(vendor)
        check_names(sent)
        secrets = settle_secrets(definition, None, sent.auth)
        configuration = settle_configuration(definition, {}, sent.extra)
        shown = {} if configuration is msgspec.UNSET else configuration
        check_complete(definition, secrets or {}, shown)
        if sent.item_type not in {msgspec.UNSET, ItemType.NONE} and sent.enabled is not False:
            check_deliverable(definition, shown)
        making = Making(
            definition=definition,
            name=sent.name or None,
            identifier=sent.identifier or None,
            secrets=secrets or None,
            configuration=from_texts(shown, EMPTY_OBJECT),
            status=Status.PENDING if definition.supports_verification else Status.ACTIVE,
            enabled=sent.enabled is not False,
            item_type=ItemType.NONE if sent.item_type is msgspec.UNSET else sent.item_type,
        )
        row = await self._new.row(caller.principal, making)
        created = await self._new.insert(caller, definition, row, _CREATED_FIELDS)
        return Administered(created, _masks(secrets or None), definition)

    async def get(self, caller: Caller, wanted: Wanted) -> Administered:
        """One integration, also a deleted one that is not yet purged. Raises CapabilityMissing, IntegrationNotFound."""
        caller.require(Capability.VIEW)
        found = await self._hot.get_detail(caller.organisation_id, wanted.id)
        if found is None:
            raise IntegrationNotFound(wanted.reference)
        return await self._administered(found)

    async def list(self, caller: Caller, wanted: Listing) -> Sequence[Administered]:
        """A page of them. Raises CapabilityMissing."""
        caller.require(Capability.VIEW)
        if wanted.search is not None:
            wanted = msgspec.structs.replace(wanted, search_providers=self._catalog.matching(wanted.search))
        found = await self._hot.list_details(caller.organisation_id, wanted)
        return await self._administered_all(found)

    async def update(self, caller: Caller, wanted: Wanted, sent: Submission) -> Administered:
        """Changes what was sent. Raises CapabilityMissing, IntegrationNotFound, InvalidState or FieldProblem."""
        caller.require(Capability.MANAGE)
        async with self._database.transaction() as work:
            found = await _changeable(work, caller, wanted)
            definition = await self._catalog.get(found.provider, work)
            if definition is None:
                raise InvalidState(f"The provider {found.provider} is not installed here, so nothing can be changed")
            if not definition.editable:
                raise InvalidState(f"Integrations with {definition.name} cannot be changed")
            change = await self._change(found, definition, sent)
            if change.fields:
                entry = by_caller(caller, Action.INTEGRATION_UPDATED, (found.id,), change.differing(found))
                await keep_former(work, found, definition, change.configuration)
                found = await work.integrations.update(found, change)
                await work.audit.add(entry)
                await begin_deliveries(work, found)
        return await self._administered(found)

    async def delete(self, caller: Caller, wanted: Wanted) -> Job:
        """Hides it at once and queues the rest. Raises CapabilityMissing, IntegrationNotFound or InvalidState."""
        caller.require(Capability.MANAGE)
        async with self._database.transaction() as work:
            found = await _changeable(work, caller, wanted)
            return await begin_deletion(work, caller, found, await self._catalog.name(found.provider, work))

    async def check_changeable(self, caller: Caller, wanted: Wanted) -> None:
        """Raises what `update` would, before it looks at what was sent."""
        caller.require(Capability.MANAGE)
        async with self._database.transaction() as work:
            await _changeable(work, caller, wanted)

    async def _creatable(self, vendor: str) -> Definition:
        definition = await self._catalog.get(vendor)
        if definition is None:
            raise FieldProblem(
                ("vendor",), "There is no such vendor; /v1/hubs/current/integrations/available lists all"
            )
        if definition.deprecated or not definition.usable:
            raise FieldProblem(("vendor",), not_connectable(definition))
        return definition

    async def _change(self, found: Detail, definition: Definition, sent: Submission) -> Change:
        check_names(sent)
        stored = await self._open(found)
        before = to_texts(found.configuration)
        configuration = settle_configuration(definition, before, sent.extra)
        moved = moved_destinations(definition, before, configuration)
        check_sent_again(definition, stored, sent.auth, moved)
        secrets = settle_secrets(definition, stored, sent.auth, moved=bool(moved))
        _check_items(found, definition, sent, before if configuration is msgspec.UNSET else configuration)
        name = definition.name if sent.name is None else sent.name
        settled = Change(
            identifier=sent.identifier,
            enabled=sent.enabled,
            item_type=sent.item_type,
            configuration=msgspec.UNSET
            if configuration is msgspec.UNSET
            else from_texts(configuration, found.configuration),
            sealed_secrets=await self._sealed(found, secrets),
        )
        if name is not msgspec.UNSET:
            settled = merged(settled, renamed(found, name))
        credential = secrets is not msgspec.UNSET or bool(moved)
        settings = definition.verified_settings(before, before if configuration is msgspec.UNSET else configuration)
        if not credential and not settings:
            return settled
        return merged(settled, _to_be_proven(found, definition, why_unproven(settings, credential=credential)))

    async def _sealed(
        self, found: Detail, secrets: Secrets | None | msgspec.UnsetType
    ) -> bytes | None | msgspec.UnsetType:
        if secrets is msgspec.UNSET or secrets is None:
            return secrets
        return await self._vault.seal(found.secrets_place, secrets)

    async def _administered(self, found: Detail) -> Administered:
        [administered] = await self._administered_all([found])
        return administered

    async def _administered_all(self, found: Sequence[Detail]) -> Sequence[Administered]:
        sealed = [one for one in found if one.sealed_secrets is not None]
        opened = await self._vault.open_readable([(one.secrets_place, one.sealed_secrets or b"") for one in sealed])
        secrets = dict(zip((one.id for one in sealed), opened, strict=True))
        definitions = {vendor: await self._catalog.get(vendor) for vendor in {one.provider for one in found}}
        return [_shown(one, secrets.get(one.id), definitions[one.provider]) for one in found]

    async def _open(self, found: Detail) -> Secrets | None:
        if found.sealed_secrets is None:
            return None
        return await self._vault.open(found.secrets_place, found.sealed_secrets)


async def _changeable(work: UnitOfWork, caller: Caller, wanted: Wanted) -> Detail:
    found = await work.integrations.get_detail_for_update(caller.organisation_id, wanted.id)
    if found is None:
        raise IntegrationNotFound(wanted.reference)
    if found.is_going:
        raise InvalidState("The integration is being deleted, or is: nothing can be changed any more")
    return found


def _check_items(found: Detail, definition: Definition, sent: Submission, configuration: Mapping[str, str]) -> None:
    """What is needed to work on items has to be there, once the integration is enabled for them."""
    touched = (sent.item_type, sent.enabled, sent.extra)
    item_type = found.item_type if sent.item_type is msgspec.UNSET else sent.item_type
    enabled = found.enabled if sent.enabled is msgspec.UNSET else sent.enabled
    if enabled and item_type != ItemType.NONE and any(value is not msgspec.UNSET for value in touched):
        check_deliverable(definition, configuration)


def _to_be_proven(found: Detail, definition: Definition, reason: str) -> Change:
    """What was changed has to be verified before the integration is worked with again; changes of items wait for it."""
    change = unproven(verifies=definition.supports_verification)
    if definition.supports_verification and has_been_asked(found):
        change = merged(change, Change(health_reason=reason, error=reason, error_at=datetime.now(UTC)))
    if definition.supports_verification and found.status in {Status.ACTIVE, Status.ERROR}:
        return merged(change, Change(status=Status.PENDING))
    if found.status is Status.ERROR:
        # nothing but the next item can tell whether the new one works
        return merged(change, Change(status=Status.ACTIVE))
    return change


def _shown(found: Detail, secrets: Secrets | None, definition: Definition | None) -> Administered:
    if secrets is None and found.sealed_secrets is not None:
        return Administered(unreadable(found), {}, definition)
    shown = msgspec.structs.replace(found, configuration=shown_configuration(found, secrets))
    return Administered(shown, _masks(secrets), definition)


def _masks(secrets: Secrets | None) -> dict[str, str]:
    return {name: mask(value) for name, value in (secrets or {}).items() if value is not None}
