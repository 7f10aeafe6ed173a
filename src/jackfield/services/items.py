"""What the product tells of its items: put get list delete. What follows from it at vendors is in delivering.py."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from jackfield.domain.definition import FieldProblem
from jackfield.domain.item import ItemFilter, ItemNotFound, ItemType, Linked, NewItem, Put, StoredItem
from jackfield.domain.ports import Database, HotItems
from jackfield.domain.principal import Caller, Capability

#: how far the product's clock may be ahead of ours; what is said to come from later would shut out all that follows
_CLOCKS_DIFFER: Final = timedelta(minutes=5)


class Items:
    def __init__(self, hot: HotItems, database: Database) -> None:
        self._hot = hot
        self._database = database

    async def put(self, caller: Caller, item: NewItem) -> Put:
        """Creates or changes it, unless what is stored occurred later. Raises CapabilityMissing or FieldProblem."""
        caller.require(Capability.MANAGE)
        if item.occurred_at is not None:
            check_occurred(item.occurred_at)
        return await self._hot.put(caller.organisation_id, item)

    async def put_all(self, caller: Caller, items: Sequence[NewItem]) -> Sequence[Put]:
        """As `put`, all or none; each is named once. Raises CapabilityMissing."""
        caller.require(Capability.MANAGE)
        # in the order of their names, so that two such calls never wait for each other
        ordered = sorted(items, key=lambda item: (item.type, item.key))
        async with self._database.transaction() as work:
            puts = await work.items.put_all(caller.organisation_id, ordered)
        by_name = {(put.item.type, put.item.key): put for put in puts}
        return [by_name[item.type, item.key] for item in items]

    async def get(self, caller: Caller, item_type: ItemType, key: str) -> Linked:
        """One item, with what it became at vendors. Raises CapabilityMissing or ItemNotFound."""
        caller.require(Capability.VIEW)
        found = await self._hot.get(caller.organisation_id, item_type, key)
        if found is None:
            raise ItemNotFound(item_type, key)
        [linked] = await self._linked([found])
        return linked

    async def list(self, caller: Caller, wanted: ItemFilter) -> Sequence[Linked]:
        """A page of them, with what they became at vendors. Raises CapabilityMissing."""
        caller.require(Capability.VIEW)
        return await self._linked(await self._hot.list(caller.organisation_id, wanted))

    async def delete(self, caller: Caller, item_type: ItemType, key: str) -> StoredItem:
        """Deletes it; what it became at vendors is closed there. Raises CapabilityMissing or ItemNotFound."""
        caller.require(Capability.MANAGE)
        async with self._database.transaction() as work:
            found = await work.items.delete(caller.organisation_id, item_type, key)
        if found is None:
            raise ItemNotFound(item_type, key)
        return found

    async def _linked(self, items: Sequence[StoredItem]) -> Sequence[Linked]:
        if not items:
            return []
        links = await self._hot.list_links(items[0].organisation_id, [item.id for item in items])
        return [Linked(item, tuple(link for link in links if link.item_id == item.id)) for item in items]


def check_occurred(moment: datetime) -> None:
    """Raises FieldProblem for a moment that is not over yet, more than two clocks differ."""
    if moment > datetime.now(UTC) + _CLOCKS_DIFFER:
        raise FieldProblem(("occurred_at",), "This is in the future")
