"""Objects of the product, as integrations see them."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec


class ItemType(StrEnum):
    """What kinds of objects can trigger an integration: the organisations contract's list."""

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
    """How far an item is, on our side and, translated, on the vendor's."""

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
