"""Integrations: create, save, reveal, list, change, delete.

Reading and creating are the hot path: each is one statement that is atomic by itself and carries its audit entry.
Everything else is one unit of work.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from jackfield.domain import ids
from jackfield.domain.audit import Action, AuditEntry, by_caller
from jackfield.domain.credential import SealedValueBroken, Secrets
from jackfield.domain.definition import FieldProblem, has_credential, tidied_settings
from jackfield.domain.integration import (
    SCOPE_NAMES,
    Change,
    Filter,
    Integration,
    IntegrationNotFound,
    IntegrationRow,
    JsonObject,
    NewIntegration,
    Revealed,
    State,
    Status,
    UniqueIdentifierTaken,
    Wanted,
    is_expired,
    merged,
    renamed,
    secrets_place,
    unproven,
    unreadable,
)
from jackfield.domain.ports import Database, HotIntegrations, UnitOfWork, Vault
from jackfield.domain.principal import Caller, Capability
from jackfield.domain.submission import moved_destinations, to_texts
from jackfield.domain.text import identifier_from
from jackfield.services.catalog import Catalog
from jackfield.services.deletion import begin_deletion
from jackfield.services.deliveries import begin_deliveries
from jackfield.services.places import keep_former

_CREATED_FIELDS: Final = ("name", "unique_identifier", "secrets", "configuration", "metadata", "status", "enabled")


class Integrations:
    def __init__(self, hot: HotIntegrations, database: Database, vault: Vault, catalog: Catalog) -> None:
        self._hot = hot
        self._database = database
        self._vault = vault
        self._catalog = catalog

    async def create(self, caller: Caller, new: NewIntegration) -> Revealed:
        """A new integration. Raises CapabilityMissing or UniqueIdentifierTaken."""
        caller.require(Capability.MANAGE)
        row = await self._row(caller, new)
        created = await self._hot.create(
            row, by_caller(caller, Action.INTEGRATION_CREATED, (row.id,), _sent_fields(new))
        )
        if created is None:
            raise UniqueIdentifierTaken(row.unique_identifier)
        return Revealed(created, new.secrets or None)

    async def save(self, caller: Caller, wanted: NewIntegration) -> Revealed:
        """Creates, or replaces the integration that has this unique_identifier and provider.

        Raises CapabilityMissing, or UniqueIdentifierTaken when another provider's integration has the identifier.
        """
        caller.require(Capability.MANAGE)
        while True:
            if wanted.unique_identifier is not None:
                replaced = await self._replace(caller, wanted, wanted.unique_identifier)
                if replaced is not None:
                    return replaced
            try:
                return await self.create(caller, wanted)
            except UniqueIdentifierTaken:
                continue  # someone created it since we looked: now it can be replaced

    async def reveal(self, caller: Caller, wanted: Wanted) -> Revealed:
        """One integration, with its whole credential (audited) for who may manage, else without its keys.

        Raises CapabilityMissing or IntegrationNotFound.
        """
        caller.require(Capability.VIEW)
        if caller.principal.has(Capability.MANAGE):
            integration = await self._hot.get_for_reveal(wanted, _reveal_entry(caller))
        else:
            integration = await self._hot.get(caller.organisation_id, wanted)
        if integration is None:
            raise IntegrationNotFound(wanted.reference)
        return await self._revealed(caller, integration)

    async def reveal_list(self, caller: Caller, wanted: Filter) -> list[Revealed]:
        """As `reveal`, for many, newest first; one audit entry for all of them."""
        caller.require(Capability.VIEW)
        if caller.principal.has(Capability.MANAGE):
            found = await self._hot.list_for_reveal(wanted, _reveal_entry(caller))
        else:
            found = await self._hot.list(caller.organisation_id, wanted)
        return await self._revealed_all(caller, found)

    async def connection_of_caller(self, caller: Caller, provider: str) -> tuple[Revealed, bool] | None:
        """Return the newest active integration of a provider that the caller's user made, without its keys.

        With it: whether its credential can be used, which is there, was not refused, and has not ended for good.
        """
        caller.require(Capability.VIEW)
        wanted = Filter(
            providers=(provider,), status=Status.ACTIVE, enabled=True, creator_user=caller.principal.user, limit=1
        )
        found = await self._hot.list(caller.organisation_id, wanted)
        definition = await self._catalog.get(provider)
        if not found or definition is None:
            return None
        secrets = await self._open(found[0]) or Secrets({})
        is_usable = has_credential(definition, secrets) and not is_expired(secrets, datetime.now(UTC))
        return Revealed(found[0], secrets.without_keys()), is_usable

    async def update(self, caller: Caller, wanted: Wanted, change: Change) -> Integration:
        """Changes the fields that are set. Raises CapabilityMissing or IntegrationNotFound."""
        caller.require(Capability.MANAGE)
        async with self._database.transaction() as work:
            return await _update_in(work, caller, wanted, change)

    async def rename(self, caller: Caller, wanted: Wanted, name: str) -> Revealed:
        """Give it another name, and show the result as `reveal` does. Raises as `update`."""
        caller.require(Capability.MANAGE)
        async with self._database.transaction() as work:
            found = await _get(work, caller, wanted)
            return await self._revealed_in(work, caller, await _change(work, caller, found, renamed(found, name)))

    async def delete(self, caller: Caller, wanted: Wanted) -> Integration:
        """Deletes it: it is hidden and its unique_identifier is free again; a job ends its credential and erases it.

        Returns it as it was. Raises CapabilityMissing or IntegrationNotFound.
        """
        caller.require(Capability.MANAGE)
        async with self._database.transaction() as work:
            return await self._delete_in(work, caller, wanted)

    async def delete_revealing(self, caller: Caller, wanted: Wanted) -> Revealed:
        """As `delete`, and shows what was deleted as `reveal` does."""
        caller.require(Capability.MANAGE)
        async with self._database.transaction() as work:
            return await self._revealed_in(work, caller, await self._delete_in(work, caller, wanted))

    async def revoke_of_caller(self, caller: Caller, provider: str) -> int:
        """Switches off every integration of a provider that the caller's user made, and erases its secrets.

        Returns how many of them were not revoked before.
        """
        caller.require(Capability.MANAGE)
        switched_off = Change(enabled=False, status=Status.INACTIVE, sealed_secrets=None)
        change = merged(unproven(verifies=self._catalog.verifies(provider)), switched_off)
        wanted = Filter(providers=(provider,), creator_user=caller.principal.user)
        async with self._database.transaction() as work:
            listed = await work.integrations.list_for_update(caller.organisation_id, wanted)
            found = [integration for integration in listed if change.differing(integration)]
            for integration in found:
                await work.integrations.update(integration, change)
            if found:
                subjects = tuple(integration.id for integration in found)
                changed = dict.fromkeys(name for integration in found for name in change.differing(integration))
                await work.audit.add(by_caller(caller, Action.INTEGRATION_UPDATED, subjects, tuple(changed)))
        return len(found)

    async def _delete_in(self, work: UnitOfWork, caller: Caller, wanted: Wanted) -> Integration:
        found = await _get(work, caller, wanted)
        await begin_deletion(work, caller, found, await self._catalog.name(found.provider, work))
        return found

    async def _row(self, caller: Caller, new: NewIntegration) -> IntegrationRow:
        integration_id = await self._hot.reserve_id()
        sealed = None
        if new.secrets:
            sealed = await self._vault.seal(secrets_place(caller.organisation_id, integration_id), new.secrets)
        return IntegrationRow(
            id=integration_id,
            organisation_id=caller.organisation_id,
            provider=new.provider,
            name=new.name,
            identifier=identifier_from(new.name, new.provider),
            unique_identifier=new.unique_identifier or f"{new.provider}-{ids.to_uuid(integration_id)}",
            sealed_secrets=sealed,
            configuration=_to_object({**(new.configuration or {}), **await self._tidied(new)}),
            metadata=new.metadata,
            status=new.status,
            enabled=new.enabled,
            created_by=new.created_by,
            creator_user=caller.principal.user,
            creator_key_id=caller.principal.key_id,
            state=State.NEW if self._catalog.verifies(new.provider) else State.LIVE,
        )

    async def _replace(self, caller: Caller, wanted: NewIntegration, unique_identifier: str) -> Revealed | None:
        async with self._database.transaction() as work:
            found = await work.integrations.find_for_update(caller.organisation_id, unique_identifier)
            if found is None:
                return None
            if found.provider != wanted.provider:
                raise UniqueIdentifierTaken(unique_identifier)
            # the kept credential is opened before anything is written: what cannot be opened is not half-replaced
            secrets = await self._open(found) if wanted.secrets is msgspec.UNSET else wanted.secrets
            changed = wanted.secrets is not msgspec.UNSET and not await self._has(found, wanted.secrets)
            configuration = _with_scope(found.configuration, wanted, await self._tidied(wanted))
            moved = await self._moved(work, found, configuration, wanted)
            change = await self._replacement(found, wanted, configuration, changed=changed or moved)
            if configuration is not msgspec.UNSET:
                await keep_former(work, found, await self._catalog.get(found.provider, work), configuration)
            updated = await work.integrations.update(found, change)
            await work.audit.add(by_caller(caller, Action.INTEGRATION_UPDATED, (found.id,), change.differing(found)))
            await begin_deliveries(work, updated)
        return Revealed(updated, secrets)

    async def _replacement(
        self,
        found: Integration,
        wanted: NewIntegration,
        configuration: JsonObject | msgspec.UnsetType,
        *,
        changed: bool,
    ) -> Change:
        """`changed`: whether the credential, or where it goes, differs; the same one stays as proven as it is."""
        sealed: bytes | msgspec.UnsetType | None = msgspec.UNSET
        if changed and wanted.secrets is not msgspec.UNSET:
            sealed = await self._vault.seal(found.secrets_place, wanted.secrets) if wanted.secrets else None
        # whoever made it stays who made it
        change = Change(
            name=wanted.name,
            status=wanted.status,
            enabled=wanted.enabled,
            metadata=wanted.metadata,
            sealed_secrets=sealed,
            configuration=configuration,
        )
        if changed or await self._changes_what_is_verified(found, configuration):
            return merged(unproven(verifies=self._catalog.verifies(found.provider)), change)
        return change

    async def _changes_what_is_verified(
        self, found: Integration, configuration: JsonObject | msgspec.UnsetType
    ) -> bool:
        """Whether settings differ without which the credential would not have been proven as it was."""
        if configuration is msgspec.UNSET or configuration == found.configuration:
            return False
        definition = await self._catalog.get(found.provider)
        before, after = msgspec.json.decode(found.configuration), msgspec.json.decode(configuration)
        return definition is not None and bool(definition.verified_settings(before, after))

    async def _tidied(self, wanted: NewIntegration) -> Mapping[str, str]:
        if not wanted.settings:
            return {}
        return tidied_settings(await self._catalog.get(wanted.provider), wanted.settings)

    async def _moved(
        self,
        work: UnitOfWork,
        found: Integration,
        configuration: JsonObject | msgspec.UnsetType,
        wanted: NewIntegration,
    ) -> bool:
        """Whether the credential goes to another address from now on. Raises FieldProblem unless it was sent again."""
        definition = await self._catalog.get(found.provider, work)
        if definition is None or configuration is msgspec.UNSET:
            return False
        moved = moved_destinations(definition, to_texts(found.configuration), to_texts(configuration))
        if moved and found.sealed_secrets is not None and wanted.secrets is msgspec.UNSET:
            raise FieldProblem(
                ("auth_data",),
                f"Changing {', '.join(moved)} sends secrets to another address: send auth_data again in full",
                missing=True,
            )
        return bool(moved)

    async def _revealed_in(self, work: UnitOfWork, caller: Caller, integration: Integration) -> Revealed:
        if integration.sealed_secrets is not None:
            await work.audit.add(_reveal_entry(caller, integration.id))
        return await self._revealed(caller, integration)

    async def _revealed(self, caller: Caller, integration: Integration) -> Revealed:
        sealed = integration.sealed_secrets
        if sealed is None:
            return Revealed(integration, None)
        [secrets] = await self._vault.open_readable([(integration.secrets_place, sealed)])
        return _shown(integration, secrets, whole=caller.principal.has(Capability.MANAGE))

    async def _revealed_all(self, caller: Caller, found: Sequence[Integration]) -> list[Revealed]:
        whole = caller.principal.has(Capability.MANAGE)
        sealed = [one for one in found if one.sealed_secrets is not None]
        opened = await self._vault.open_readable([(one.secrets_place, one.sealed_secrets or b"") for one in sealed])
        secrets_of = dict(zip((one.id for one in sealed), opened, strict=True))
        return [_shown(one, secrets_of.get(one.id), whole=whole) for one in found]

    async def _has(self, integration: Integration, secrets: Secrets | None) -> bool:
        """Whether these are the stored secrets; what cannot be opened is none."""
        try:
            return (await self._open(integration) or None) == (secrets or None)
        except SealedValueBroken:
            return False

    async def _open(self, integration: Integration) -> Secrets | None:
        if integration.sealed_secrets is None:
            return None
        return await self._vault.open(integration.secrets_place, integration.sealed_secrets)


async def _get(work: UnitOfWork, caller: Caller, wanted: Wanted) -> Integration:
    found = await work.integrations.get_for_update(caller.organisation_id, wanted)
    if found is None:
        raise IntegrationNotFound(wanted.reference)
    return found


async def _update_in(work: UnitOfWork, caller: Caller, wanted: Wanted, change: Change) -> Integration:
    return await _change(work, caller, await _get(work, caller, wanted), change)


async def _change(work: UnitOfWork, caller: Caller, found: Integration, change: Change) -> Integration:
    updated = await work.integrations.update(found, change)
    await work.audit.add(by_caller(caller, Action.INTEGRATION_UPDATED, (found.id,), change.differing(found)))
    await begin_deliveries(work, updated)
    return updated


def _sent_fields(new: NewIntegration) -> tuple[str, ...]:
    unsent = {name for name in ("secrets", "configuration") if not getattr(new, name)}
    return tuple(name for name in _CREATED_FIELDS if name not in unsent)


def _shown(integration: Integration, secrets: Secrets | None, *, whole: bool) -> Revealed:
    """As callers see it: a credential that does not open is told, and only who may manage sees the keys of others."""
    if secrets is None:
        return Revealed(integration if integration.sealed_secrets is None else unreadable(integration), None)
    return Revealed(integration, secrets if whole else secrets.without_keys())


def _reveal_entry(caller: Caller, *integration_ids: int) -> AuditEntry:
    return by_caller(caller, Action.CREDENTIAL_REVEALED, integration_ids, ("secrets",))


def _with_scope(
    stored: JsonObject, wanted: NewIntegration, settings: Mapping[str, str]
) -> JsonObject | msgspec.UnsetType:
    """The stored configuration with its scope settings replaced, where any were sent, and others added."""
    if wanted.configuration is msgspec.UNSET and not settings:
        return msgspec.UNSET
    after: dict[str, object] = msgspec.json.decode(stored)
    if wanted.configuration is not msgspec.UNSET:
        after = {name: value for name, value in after.items() if name not in SCOPE_NAMES}
    return _to_object({**after, **(wanted.configuration or {}), **settings})


def _to_object(configuration: Mapping[str, object]) -> JsonObject:
    return JsonObject(msgspec.json.encode(configuration).decode())
