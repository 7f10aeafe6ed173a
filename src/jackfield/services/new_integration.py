"""Making an integration of a definition: what its row is, however it is asked for, and writing it."""

from collections.abc import Sequence

import msgspec

from jackfield.domain import ids
from jackfield.domain.audit import Action, by_caller
from jackfield.domain.credential import Secrets
from jackfield.domain.definition import Definition
from jackfield.domain.errors import Conflict
from jackfield.domain.integration import (
    EMPTY_OBJECT,
    Detail,
    Integration,
    IntegrationRow,
    JsonObject,
    State,
    Status,
    secrets_place,
)
from jackfield.domain.item import ItemType
from jackfield.domain.ports import Database, HotIntegrations, UnitOfWork, Vault
from jackfield.domain.principal import Caller, Principal
from jackfield.domain.text import identifier_from


class OnlyOne(Conflict):
    """The definition allows one integration in an organisation, and there is one."""

    code = "only-one"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is an integration with {name} already, and there can be only one")


class Making(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be made. `name` None: the definition's. `identifier` None: made from the name.

    `status` is what it has until it is proven.
    """

    definition: Definition
    secrets: Secrets | None
    configuration: JsonObject
    status: Status
    name: str | None = None
    identifier: str | None = None
    enabled: bool = True
    item_type: ItemType = ItemType.NONE


class NewIntegrations:
    def __init__(self, hot: HotIntegrations, database: Database, vault: Vault) -> None:
        self._hot = hot
        self._database = database
        self._vault = vault

    async def row(self, principal: Principal, making: Making) -> IntegrationRow:
        """The row of it, with an id of its own, to which its secrets are sealed."""
        integration_id = await self._hot.reserve_id()
        sealed = None
        if making.secrets:
            sealed = await self._vault.seal(secrets_place(principal.organisation_id, integration_id), making.secrets)
        definition = making.definition
        name = making.name or definition.name
        return IntegrationRow(
            id=integration_id,
            organisation_id=principal.organisation_id,
            provider=definition.vendor,
            name=name,
            identifier=making.identifier or identifier_from(name, definition.vendor),
            unique_identifier=f"{definition.vendor}-{ids.to_uuid(integration_id)}",
            sealed_secrets=sealed,
            configuration=making.configuration,
            metadata=EMPTY_OBJECT,
            status=making.status,
            enabled=making.enabled,
            item_type=making.item_type,
            created_by=principal.user,
            creator_user=principal.user,
            creator_key_id=principal.key_id,
            state=State.NEW if definition.supports_verification else State.LIVE,
        )

    async def insert(
        self, caller: Caller, definition: Definition, row: IntegrationRow, fields: Sequence[str]
    ) -> Detail:
        """Writes it, with its audit entry, which names the fields. Raises OnlyOne."""
        entry = by_caller(caller, Action.INTEGRATION_CREATED, (row.id,), tuple(fields))
        if definition.supports_multiple:
            created = await self._hot.create(row, entry)
            if created is None:
                raise LookupError(f"the unique_identifier of the new integration {row.id} is taken")
            return _new_detail(row, created)
        async with self._database.transaction() as work:
            only = await insert_in(work, definition, row)
            await work.audit.add(entry)
        return only


async def insert_in(work: UnitOfWork, definition: Definition, row: IntegrationRow) -> Detail:
    """Writes it in a unit of work that is open. Raises OnlyOne."""
    if definition.supports_multiple:
        return await work.integrations.create(row)
    only = await work.integrations.create_only_one(row)
    if only is None:
        raise OnlyOne(definition.name)
    return only


def _new_detail(row: IntegrationRow, created: Integration) -> Detail:
    return Detail(
        **msgspec.structs.asdict(created),
        identifier=row.identifier,
        item_type=row.item_type,
        state=row.state,
        state_changed_at=created.created_at,
        error=None,
        error_at=None,
        verified_at=None,
        credential_version=1,
        creator_user=row.creator_user,
        creator_key_id=row.creator_key_id,
        deleted_at=None,
    )
