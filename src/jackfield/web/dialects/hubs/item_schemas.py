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
    """The whole item: what is not sent, or null, is none. body is CommonMark. occurred_at absent: as of now."""

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
    """An item with its name."""

    type: ItemType
    key: Key


class PutItems(Struct, kw_only=True):
    """All of them are written, or none. Each is named once."""

    items: Annotated[list[BatchItem], Meta(min_length=1, max_length=BATCH_LIMIT)]


class ItemListQuery(Struct, kw_only=True):
    """Lists can be repeated or joined by commas. An item has all the labels asked for."""

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
    """Lists can be repeated or joined by commas."""

    page_size: PageSize = msgspec.field(name="page[size]", default=20)
    page_number: PageNumber = msgspec.field(name="page[number]", default=1)
    state: list[DeliveryState] = msgspec.field(name="filter[state]", default_factory=list)
    item_type: ItemType | None = msgspec.field(name="filter[item_type]", default=None)
    item_key: Key | None = msgspec.field(name="filter[item_key]", default=None)


# --- what is answered ---


class ItemEvents(Struct, kw_only=True):
    created: Moment
    updated: Moment
    deleted: Moment


class LinkEvents(Struct, kw_only=True):
    read: Moment
    vanished: Moment


class Link(Struct, kw_only=True):
    """What the item is at a vendor. status and assignee are the vendor's, as read last, or as delivered since.

    in_line: the vendor has all of the item's present version. not_done: what the vendor did not do of what it was sent
    last, and why. It is sent again with the item's next change and by a synchronisation.
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
    """version counts the item's contents. links are not in the answers to changes."""

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
    data: Item


class PutAnswer(Struct, kw_only=True):
    """applied: false, where what is stored occurred later; it stands."""

    data: Item
    applied: bool


class ItemList(Struct, kw_only=True):
    data: list[Item]


class PutItemsAnswer(Struct, kw_only=True):
    data: list[PutAnswer]


class DeliveredItem(Struct, kw_only=True):
    type: ItemType
    key: str
    version: int


class DeliveryEvents(Struct, kw_only=True):
    """due is when the next try is, of one that waits; ended when it was delivered, superseded, cancelled or held."""

    created: Moment
    due: Moment
    ended: Moment


class Delivery(Struct, kw_only=True):
    """One change of an item on its way to the integration's vendor. job_id: the synchronisation that asked for it.

    not_done: what the vendor did not do of a delivery that it took, and why; null: it did everything.
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
    data: Delivery


class DeliveryList(Struct, kw_only=True):
    data: list[Delivery]


class Retried(Struct, kw_only=True):
    retried: int


class RetriedAnswer(Struct, kw_only=True):
    data: Retried
