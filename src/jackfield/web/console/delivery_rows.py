"""Deliveries as lists of the console show them."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from jackfield.domain import ids
from jackfield.domain.delivery import DeliveryState, ItemDelivery, NamedDelivery
from jackfield.web.console.item_address import address_of
from jackfield.web.pages.browser import Browser

PATH: Final = "/console/deliveries"
#: what these states mean, which their names alone do not tell
_MEANINGS: Final[Mapping[DeliveryState, str]] = {
    DeliveryState.SUPERSEDED: "A later change of the same item went instead.",
    DeliveryState.CANCELLED: "Its integration is not triggered by such items any more.",
}


class DeliveryRow(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery with names and addresses. `retry` is where it can be let go on; empty: it cannot."""

    delivery: ItemDelivery
    item: str
    integration: str
    integration_name: str
    vendor: str
    meaning: str
    retry: str

    @property
    def is_stuck(self) -> bool:
        """Whether its error is still what keeps it."""
        return self.delivery.state in {DeliveryState.PENDING, DeliveryState.HELD}


async def rows_of(browser: Browser, found: Sequence[NamedDelivery]) -> Sequence[DeliveryRow]:
    vendors = {one.provider: await browser.services.catalog.name(one.provider) for one in found}
    return [_row(one, vendors[one.provider]) for one in found]


def _row(found: NamedDelivery, vendor: str) -> DeliveryRow:
    delivery = found.delivery
    integration = ids.to_hex(delivery.integration_id)
    can_be_retried = delivery.state is DeliveryState.HELD or (
        delivery.state is DeliveryState.PENDING and delivery.error is not None
    )
    return DeliveryRow(
        delivery=delivery,
        item=address_of(delivery.item_type, delivery.item_key),
        integration=f"/console/integrations/{integration}",
        integration_name=found.integration_name,
        vendor=vendor,
        meaning=_MEANINGS.get(delivery.state, ""),
        retry=f"{PATH}/{integration}/{ids.to_hex(delivery.id)}/retry" if can_be_retried else "",
    )
