"""One change of an item on its way to one integration's vendor.

    pending → sending → delivered      the vendor has it
       │ ↑        │
       │ └────────┤                    no usable answer: again at `due_at`
       │          └───→ held           the last try failed, or no try can help; a person lets it go on
       ├──→ superseded                 a later change of the same item went instead
       └──→ cancelled                  the integration does not trigger on such items any more

Whatever a delivery was made for, what goes out is the item as it is at that moment.
"""

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from jackfield.domain.errors import NotFound
from jackfield.domain.item import ItemStatus, ItemType, StoredItem, merged_status
from jackfield.domain.job import Step
from jackfield.domain.provider import VendorState

#: the job that brings out what waits for an integration: one for all of it
JOB_HEADER: Final = "Deliver items"
JOB_STEPS: Final = (Step("Deliver", "Bring to the vendor every change that waits for it"),)
#: it ends by itself when nothing is due; what an account rests for longer is looked after by the next one
JOB_SECONDS: Final = 24 * 3600.0


#: attempts before a delivery is held
TRIES: Final = 22


class DeliveryState(StrEnum):
    """How far a delivery is.

    - `pending`: waiting for its first or next attempt.
    - `sending`: being sent.
    - `delivered`: the vendor has it.
    - `superseded`: replaced by a newer version of the item.
    - `cancelled`: no longer wanted.
    - `held`: failed permanently; it waits for a decision.
    """

    PENDING = "pending"
    SENDING = "sending"
    DELIVERED = "delivered"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    HELD = "held"


class ItemDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery as it is now. `job_id` is the synchronisation that found it missing, None for a change.

    `not_done` says what the vendor did not do of it, and why; None: it did everything.
    """

    id: int
    organisation_id: int
    integration_id: int
    item_type: ItemType
    item_key: str
    version: int
    state: DeliveryState
    attempts: int
    error: str | None
    error_at: datetime | None
    due_at: datetime
    created_at: datetime
    ended_at: datetime | None
    vendor_id: str | None
    vendor_url: str | None
    job_id: int | None
    not_done: str | None


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an item at a vendor before a delivery; all None: nothing.

    `in_doubt`: an earlier try, the first at `doubted_at`, may have reached the vendor without our hearing of it.
    `vanished`: when it was read last, the vendor's object was not there. `not_done` is what the vendor did not do of
    what it was sent last.
    """

    vendor_id: str | None = None
    vendor_url: str | None = None
    in_doubt: bool = False
    delivered_version: int | None = None
    content: bytes | None = None
    delivered_status: ItemStatus | None = None
    vendor_status: ItemStatus | None = None
    vanished: bool = False
    doubted_at: datetime | None = None
    not_done: str | None = None

    def status_of(self, item: StoredItem) -> ItemStatus:
        """The status that the vendor's object shall have."""
        return merged_status(item, self.delivered_status, self.vendor_status)

    def is_in_line(self, item: StoredItem) -> bool:
        """Whether the vendor has the item as it is, so that nothing has to be sent.

        It may have it because the product repeats what was read there: that is not sent back.
        """
        return (
            self.vendor_id is not None
            and not self.in_doubt
            and not self.vanished
            and self.not_done is None
            and self.content == item.content_digest()
            and self.vendor_status is self.status_of(item)
        )


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that one process has taken upon itself. `attempts` counts this one."""

    id: int
    attempts: int
    item: StoredItem
    known: Known


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an outgoing delivery.

    `counted` False: it was not tried after all. `seconds` until the next try of a pending one. `in_doubt`: the vendor
    may have got it all the same. `gone`: the vendor's object is not there any more. `not_done`: what the vendor did not
    do, and why; `status` is then the one that its object has, if not the one that was asked for.
    """

    outgoing: Outgoing
    state: DeliveryState
    error: str | None = None
    counted: bool = True
    seconds: float = 0.0
    in_doubt: bool = False
    gone: bool = False
    vendor_id: str | None = None
    vendor_url: str | None = None
    not_done: str | None = None
    status: ItemStatus | None = None


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """An item beside what its vendor has of it. `under_way`: a delivery of it is on its way already."""

    item: StoredItem
    known: Known
    under_way: bool


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What was read of a vendor's object; `state` None: it is not there. `delivered_version` is what it had then."""

    item_id: int
    vendor_id: str
    delivered_version: int | None
    state: VendorState | None


class Progress(msgspec.Struct, frozen=True):
    """How far the deliveries of a synchronisation are: how many are `under_way`, failed and wait, or are held."""

    under_way: int
    failing: int
    held: int


class DeliveryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which deliveries of an integration to list, newest first; empty or None means any."""

    states: tuple[DeliveryState, ...] = ()
    item_type: ItemType | None = None
    item_key: str | None = None
    limit: int = 20
    offset: int = 0


class DeliverySearch(msgspec.Struct, frozen=True, kw_only=True):
    """Which of an organisation's deliveries to list, newest first; empty or None means any.

    `item_key` is the whole key, of items of any type; `before` the id of a delivery, of which older ones are wanted.
    """

    states: tuple[DeliveryState, ...] = ()
    integration_id: int | None = None
    item_key: str | None = None
    before: int | None = None
    limit: int = 50


class NamedDelivery(msgspec.Struct, frozen=True):
    """A delivery with the integration that it is for."""

    delivery: ItemDelivery
    integration_name: str
    provider: str


class DeliveryNotFound(NotFound):
    code = "delivery-not-found"

    def __init__(self, reference: str) -> None:
        super().__init__("Delivery", reference)


def marker_of(integration_id: int, item_id: int) -> str:
    """What a vendor's object carries so that it can be found again: 32 hex digits, the same for ever."""
    return hashlib.blake2b(f"jackfield/{integration_id}/{item_id}".encode(), digest_size=16).hexdigest()
