"""The wire objects of items and their deliveries, in the style of the hubs contract."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from jackfield.domain.delivery import DeliveryState
from jackfield.domain.item import (
    BATCH_LIMIT,
    BODY_LIMIT,
    KEY_LIMIT,
    LABELS_LIMIT,
    TITLE_LIMIT,
    URL_LIMIT,
    WORD_LIMIT,
    ItemStatus,
    ItemType,
)
from jackfield.web.dialects.hubs.schemas import Id, Moment, PageNumber, PageSize, StateError

Key = Annotated[str, Meta(min_length=1, max_length=KEY_LIMIT)]
Title = Annotated[str, Meta(min_length=1, max_length=TITLE_LIMIT)]
ItemBody = Annotated[str, Meta(max_length=BODY_LIMIT)]
Url = Annotated[str, Meta(min_length=1, max_length=URL_LIMIT)]
Word = Annotated[str, Meta(min_length=1, max_length=WORD_LIMIT)]
StatusName = Literal["open", "in_progress", "closed"]


# --- what is asked ---


class PutItem(Struct, kw_only=True):
    """The whole item as it is now. What is absent or null is emptied.

    Attributes:
        title: The title, in plain text.
        body: The text, in Markdown (CommonMark).
        url: Where to find the item in your product.
        status: How far the item is. Absent or null: `open`.
        priority: The priority, in your product's words.
        labels: Labels, in your product's words.
        assignee: Who the item is assigned to: a name, or an e-mail address.
        occurred_at: When the item came to be like this. An older version than the stored one is ignored. Absent or
            null: now.
        fields: Further facts by name, to show at the vendor.
    """

    title: Title
    body: ItemBody | None = None
    url: Url | None = None
    status: ItemStatus | None = None
    priority: Word | None = None
    labels: Annotated[list[Word], Meta(max_length=LABELS_LIMIT)] | None = None
    assignee: Word | None = None
    occurred_at: Moment | None = None
    fields: dict[str, Any] | None = None


class BatchItem(PutItem, kw_only=True):
    """One item of a batch: the whole item as it is now.

    Attributes:
        type: The type of the item.
        key: Your product's own id of the item, unique within its type.
    """

    type: ItemType
    key: Key


class PutItems(Struct, kw_only=True):
    """The items to write. Either all of them are written or none.

    Attributes:
        items: The items. Each type and key may appear once.
    """

    items: Annotated[list[BatchItem], Meta(min_length=1, max_length=BATCH_LIMIT)]


class ItemListQuery(Struct, kw_only=True):
    """Which items to list.

    A filter with several values matches items that have any of them; with several labels, items that have all of
    them. Send a list as repeated parameters or as one value with commas.

    Attributes:
        page_size: How many items a page has.
        page_number: Which page to get. The first is 1.
        type: Only items of this type.
        status: Only items with one of these statuses.
        label: Only items that have all of these labels.
        assignee: Only items assigned to this name.
        priority: Only items of this priority.
        updated_from: Only items changed at this time or later.
        sort: What to sort by. A leading `-` sorts in descending order.
    """

    page_size: PageSize = msgspec.field(name="page[size]", default=20)
    page_number: PageNumber = msgspec.field(name="page[number]", default=1)
    type: ItemType | None = msgspec.field(name="filter[type]", default=None)
    status: list[ItemStatus] = msgspec.field(name="filter[status]", default_factory=list)
    label: list[str] = msgspec.field(name="filter[label]", default_factory=list)
    assignee: Word | None = msgspec.field(name="filter[assignee]", default=None)
    priority: Word | None = msgspec.field(name="filter[priority]", default=None)
    updated_from: Moment | None = msgspec.field(name="filter[updated-from]", default=None)
    sort: Literal["id", "-id", "key", "-key", "updated", "-updated", "occurred", "-occurred"] = "-id"


class DeliveryListQuery(Struct, kw_only=True):
    """Which deliveries to list.

    A filter with several values matches deliveries that have any of them. Send a list as repeated parameters or as
    one value with commas.

    Attributes:
        page_size: How many deliveries a page has.
        page_number: Which page to get. The first is 1.
        state: Only deliveries in one of these states.
        item_type: Only deliveries of items of this type.
        item_key: Only deliveries of items with this key.
    """

    page_size: PageSize = msgspec.field(name="page[size]", default=20)
    page_number: PageNumber = msgspec.field(name="page[number]", default=1)
    state: list[DeliveryState] = msgspec.field(name="filter[state]", default_factory=list)
    item_type: ItemType | None = msgspec.field(name="filter[item_type]", default=None)
    item_key: Key | None = msgspec.field(name="filter[item_key]", default=None)


# --- what is answered ---


class ItemEvents(Struct, kw_only=True):
    """When the item was created, changed and deleted. `0001-01-01T00:00:00Z` stands for never.

    Attributes:
        created: When it was first sent.
        updated: When it was last changed.
        deleted: When it was deleted.
    """

    created: Moment
    updated: Moment
    deleted: Moment


class LinkEvents(Struct, kw_only=True):
    """What the service saw at the vendor, and when. `0001-01-01T00:00:00Z` stands for never.

    Attributes:
        read: When the vendor's copy was last read.
        vanished: When the vendor's copy was found to be gone.
    """

    read: Moment
    vanished: Moment


class Link(Struct, kw_only=True):
    """The item's copy at a vendor.

    Attributes:
        integration_id: The integration that sent it.
        vendor: The vendor's name for programs.
        vendor_id: The vendor's id of the copy. Null until it is created there.
        url: Where to find the copy. Null if it is not known.
        status: The status at the vendor, as last read or sent. Null if it is not known.
        assignee: The assignee at the vendor, as last read or sent. Null if there is none.
        in_line: Whether the vendor has all of the item's current version.
        not_done: What the vendor did not do of what it was sent last, and why. It is sent again with the item's next
            change and by a synchronisation. Null if it did everything.
        events: When the copy was read, and when it was found to be gone.
    """

    integration_id: Id
    vendor: str
    vendor_id: str | None
    url: str | None
    status: StatusName | None
    assignee: str | None
    in_line: bool
    not_done: str | None
    events: LinkEvents


class Item(Struct, kw_only=True):
    """An item of your product, as the service has it.

    Attributes:
        id: Identifies the item.
        hub_id: The organisation that it belongs to.
        type: The type of the item.
        key: Your product's own id of the item.
        title: The title.
        body: The text, in Markdown (CommonMark).
        url: Where to find the item in your product. Null if you sent none.
        status: How far the item is.
        priority: The priority, in your product's words. Null if you sent none.
        labels: Labels, in your product's words.
        assignee: Who the item is assigned to. Null if you sent none.
        fields: Further facts by name.
        occurred_at: When the item came to be like this.
        version: Counts the changes to the item, from 1.
        events: When it was created, changed and deleted.
        links: Its copies at vendors. Absent in answers to changes.
    """

    id: Id
    hub_id: Id
    type: ItemType
    key: str
    title: str
    body: str
    url: str | None
    status: StatusName
    priority: str | None
    labels: list[str]
    assignee: str | None
    fields: dict[str, Any]
    occurred_at: Moment
    version: int
    events: ItemEvents
    links: list[Link] | UnsetType = UNSET


class ItemAnswer(Struct, kw_only=True):
    """An item.

    Attributes:
        data: The item.
    """

    data: Item


class PutAnswer(Struct, kw_only=True):
    """An item that was written.

    Attributes:
        data: The item as it is stored now.
        applied: False when a later version was stored already. That one is kept, and your change is ignored.
    """

    data: Item
    applied: bool


class ItemList(Struct, kw_only=True):
    """A page of items.

    Attributes:
        data: The items of this page. A page with fewer than `page[size]` is the last.
    """

    data: list[Item]


class PutItemsAnswer(Struct, kw_only=True):
    """The items of a batch.

    Attributes:
        data: The items as they are stored now, in the order that you sent them.
    """

    data: list[PutAnswer]


class DeliveredItem(Struct, kw_only=True):
    """The item that is sent.

    Attributes:
        type: The type of the item.
        key: Your product's own id of the item.
        version: Which version of the item is sent.
    """

    type: ItemType
    key: str
    version: int


class DeliveryEvents(Struct, kw_only=True):
    """When the delivery was created, is due and ended. `0001-01-01T00:00:00Z` stands for never.

    Attributes:
        created: When it was created.
        due: When it is tried next, if it is waiting.
        ended: When it was delivered, replaced by a newer version, cancelled or held.
    """

    created: Moment
    due: Moment
    ended: Moment


class Delivery(Struct, kw_only=True):
    """One change of an item on its way to a vendor.

    Attributes:
        id: Identifies the delivery.
        integration_id: The integration that sends it.
        item: The item that is sent.
        state: How far it is.
        attempts: How often it has been tried.
        vendor_id: The vendor's id of the item's copy. Null until it is created there.
        url: Where to find the copy. Null if it is not known.
        job_id: The synchronisation that created it. Null if a change of the item did.
        error: Why the last attempt failed. Null if it did not.
        not_done: What the vendor did not do of a delivery that it took, and why. Null if it did everything.
        events: When it was created, is due and ended.
    """

    id: Id
    integration_id: Id
    item: DeliveredItem
    state: DeliveryState
    attempts: int
    vendor_id: str | None
    url: str | None
    job_id: Id | None
    error: StateError | None
    not_done: str | None
    events: DeliveryEvents


class DeliveryAnswer(Struct, kw_only=True):
    """A delivery.

    Attributes:
        data: The delivery.
    """

    data: Delivery


class DeliveryList(Struct, kw_only=True):
    """A page of deliveries.

    Attributes:
        data: The deliveries of this page. A page with fewer than `page[size]` is the last.
    """

    data: list[Delivery]


class Retried(Struct, kw_only=True):
    """How many deliveries are tried again.

    Attributes:
        retried: How many there were.
    """

    retried: int


class RetriedAnswer(Struct, kw_only=True):
    """How many deliveries are tried again.

    Attributes:
        data: How many deliveries are tried again.
    """

    data: Retried
