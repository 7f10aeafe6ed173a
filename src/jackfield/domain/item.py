"""Objects of the product, as it tells of them and as integrations see them.

The product owns its items: nothing that is read at a vendor changes one. What an item became at a vendor, and how that
is now, stands in its links.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec

from jackfield.domain.errors import Invalid, NotFound

#: in characters; what is longer than a vendor takes is cut for that vendor
KEY_LIMIT: Final = 255
TITLE_LIMIT: Final = 1000
BODY_LIMIT: Final = 65_536
WORD_LIMIT: Final = 255
URL_LIMIT: Final = 2048
LABELS_LIMIT: Final = 100
#: of the fields, as JSON
FIELDS_LIMIT: Final = 65_536
#: what makes two items differ
CONTENT: Final = ("title", "body", "url", "status", "priority", "labels", "assignee", "fields")
#: items in one call
BATCH_LIMIT: Final = 1000


class ItemType(StrEnum):
    """What an item is. `none` stands for no item at all."""

    NONE = "none"
    ORGANISATION = "organisation"
    USER = "user"
    ROLE = "role"
    WORKGROUP = "workgroup"
    TEAM = "team"
    DOCUMENT = "document"
    DOCUMENT_BRANCH = "document_branch"
    DOCUMENT_REVISION = "document_revision"
    DOCUMENT_LINK = "document_link"
    DOCUMENT_SHEET = "document_sheet"
    DOCUMENT_ENTITY = "document_entity"
    DOCUMENT_FIELD = "document_field"
    DOCUMENT_PROPERTY = "document_property"
    DOCUMENT_COLLECTION = "document_collection"
    DOCUMENT_COLLECTION_LINK = "document_collection_link"
    DOCUMENT_COLLECTION_SHEET = "document_collection_sheet"
    DOCUMENT_COLLECTION_ENTITY = "document_collection_entity"
    WORK_ITEM = "work_item"
    WORK_ITEM_FIELD = "work_item_field"
    WORK_ITEM_SCHEDULE = "work_item_schedule"
    WORK_ITEM_LOG = "work_item_log"
    WORK_ITEM_LINK = "work_item_link"
    WORK_ITEM_TYPE = "work_item_type"
    LOCATION = "location"
    FLEET = "fleet"
    ASSET_GROUP = "asset_group"
    ASSET = "asset"
    ASSET_CONSIST = "asset_consist"
    EQUIPMENT = "equipment"
    ASSET_ZONE = "asset_zone"
    PROJECT = "project"
    MILESTONE = "milestone"
    PACKAGE = "package"


class ItemStatus(StrEnum):
    """How far an item is."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    CLOSED = "closed"


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One object of the product as it is now. `key` is the product's own, unique among its type; `body` is CommonMark.

    `url` leads to the item in the product, `assignee` is a name there, `fields` are further facts by name.
    """

    type: ItemType
    key: str
    title: str
    body: str = ""
    url: str | None = None
    status: ItemStatus = ItemStatus.OPEN
    priority: str | None = None
    labels: tuple[str, ...] = ()
    assignee: str | None = None
    fields: Mapping[str, str] = {}


class NewItem(msgspec.Struct, frozen=True, kw_only=True):
    """What the product says an item is. `fields` is a JSON object; `occurred_at` None: as of now."""

    type: ItemType
    key: str
    title: str
    body: str = ""
    url: str | None = None
    status: ItemStatus = ItemStatus.OPEN
    priority: str | None = None
    labels: tuple[str, ...] = ()
    assignee: str | None = None
    fields: Mapping[str, Any] = {}
    occurred_at: datetime | None = None


class StoredItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item as it is now. `version` counts its contents, `updated_at` is when the present one came."""

    id: int
    organisation_id: int
    type: ItemType
    key: str
    title: str
    body: str
    url: str | None
    status: ItemStatus
    priority: str | None
    labels: tuple[str, ...]
    assignee: str | None
    fields: Mapping[str, Any]
    occurred_at: datetime
    version: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None

    def says(self, new: NewItem) -> bool:
        """Whether it is there, and just what the product says."""
        return self.deleted_at is None and all(getattr(self, name) == getattr(new, name) for name in CONTENT)

    @property
    def status_to_show(self) -> ItemStatus:
        """A deleted item is over: at vendors it is closed, and stays there for whoever worked on it."""
        return self.status if self.deleted_at is None else ItemStatus.CLOSED

    def content_digest(self) -> bytes:
        """Of all that a vendor is told but the status, which is merged by itself."""
        told = (self.title, self.body, self.url, self.priority, self.labels, self.assignee, self.fields)
        return hashlib.blake2b(msgspec.json.encode(told, order="deterministic"), digest_size=16).digest()

    def to_item(self, status: ItemStatus) -> Item:
        """As providers take it: with this status, and fields that are no texts as JSON."""
        return Item(
            type=self.type,
            key=self.key,
            title=self.title,
            body=self.body,
            url=self.url,
            status=status,
            priority=self.priority,
            labels=self.labels,
            assignee=self.assignee,
            fields={name: _to_text(value) for name, value in self.fields.items()},
        )


class Put(msgspec.Struct, frozen=True):
    """What came of telling of an item. Not `applied`: what is stored is newer, and stands."""

    item: StoredItem
    applied: bool


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """What an item is at an integration's vendor.

    `delivered_version` is the item's that the vendor has; `status` and `assignee` are how the vendor's object was when
    it was read last (`read_at`), or made so by us since. `vanished_at`: the object was found to be gone. `not_done`
    says what the vendor did not do of what it was sent last, and why.
    """

    item_id: int
    integration_id: int
    provider: str
    vendor_id: str | None
    vendor_url: str | None
    delivered_version: int | None
    status: ItemStatus | None
    assignee: str | None
    read_at: datetime | None
    vanished_at: datetime | None
    not_done: str | None = None

    def is_in_line(self, item: "StoredItem") -> bool:
        """Whether the vendor has all of the item's present version."""
        return self.delivered_version == item.version and self.vanished_at is None and self.not_done is None


class Linked(msgspec.Struct, frozen=True):
    """An item with what it became."""

    item: StoredItem
    links: tuple[Link, ...]


class ItemFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which items to list; None means any. `order` is (field, descending). `key` is the whole key."""

    type: ItemType | None = None
    key: str | None = None
    statuses: tuple[ItemStatus, ...] = ()
    labels: tuple[str, ...] = ()
    assignee: str | None = None
    priority: str | None = None
    updated_from: datetime | None = None
    order: tuple[str, bool] = ("id", True)
    limit: int = 20
    offset: int = 0


class ItemNotFound(NotFound):
    code = "item-not-found"

    def __init__(self, type_: str, key: str) -> None:
        super().__init__("Item", f"{type_}/{key}")


class BatchProblem(Invalid):
    """Some of the items cannot be taken: what is wrong with each, by the JSON pointer to it."""

    code = "batch-problem"

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(f"{len(problems)} of the items cannot be taken, so none was: `extra` says what is wrong where")
        self.problems = problems


def is_key(text: str) -> bool:
    """Whether an item can be called so: it stands in addresses, as one part of the path."""
    return 1 <= len(text) <= KEY_LIMIT and "/" not in text and not any(ord(one) < 32 or ord(one) == 127 for one in text)


def merged_status(item: StoredItem, delivered: ItemStatus | None, at_vendor: ItemStatus | None) -> ItemStatus:
    """The status that the vendor's object shall have: three states, merged.

    What the product changed since the last delivery stands. What it did not change, somebody at the vendor may have.
    """
    told = item.status_to_show
    if delivered is None or told is not delivered or at_vendor is None:
        return told
    return at_vendor


def _to_text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
