"""Between the wire objects of items and deliveries and the core."""

from datetime import datetime
from typing import Final

import msgspec

from jackfield.domain import ids
from jackfield.domain.definition import FieldProblem
from jackfield.domain.delivery import DeliveryFilter, DeliveryNotFound, ItemDelivery
from jackfield.domain.item import (
    FIELDS_LIMIT,
    KEY_LIMIT,
    BatchProblem,
    ItemFilter,
    ItemNotFound,
    ItemStatus,
    ItemType,
    Linked,
    NewItem,
    Put,
    StoredItem,
    is_key,
)
from jackfield.domain.item import Link as CoreLink
from jackfield.domain.web_address import is_web_address
from jackfield.services.items import check_occurred
from jackfield.web.dialects.hubs import item_schemas as schemas
from jackfield.web.dialects.hubs.schemas import NO_TIME, StateError
from jackfield.web.dialects.hubs.translate import to_utc
from jackfield.web.violations import InvalidRequest, Problem, Violation

_TYPES: Final = {one.value: one for one in ItemType}


def to_name(path_type: str, path_key: str) -> tuple[ItemType, str]:
    """What the path names, for reading. Raises ItemNotFound for what no item can be called."""
    item_type = _TYPES.get(path_type)
    if item_type is None or not is_key(path_key):
        raise ItemNotFound(path_type, path_key)
    return item_type, path_key


def to_new_name(path_type: str, path_key: str) -> tuple[ItemType, str]:
    """What the path names, for writing. Raises InvalidRequest."""
    item_type = _TYPES.get(path_type)
    if item_type is None or item_type is ItemType.NONE:
        raise InvalidRequest([Violation(("path", "itemType"), Problem.NOT_MEMBER)])
    if not is_key(path_key):
        raise InvalidRequest([Violation(("path", "key"), Problem.UNUSABLE)])
    return item_type, path_key


def to_item(item_type: ItemType, key: str, body: schemas.PutItem) -> NewItem:
    """Raises FieldProblem for what its type alone does not rule out."""
    _check(body)
    return NewItem(
        type=item_type,
        key=key,
        title=body.title,
        body=body.body or "",
        url=body.url,
        status=body.status or ItemStatus.OPEN,
        priority=body.priority,
        labels=tuple(dict.fromkeys(body.labels or ())),
        assignee=body.assignee,
        fields=body.fields or {},
        occurred_at=_to_moment(body.occurred_at),
    )


def to_items(body: schemas.PutItems) -> list[NewItem]:
    """Raises BatchProblem with everything that is wrong with any of them."""
    items: list[NewItem] = []
    problems: dict[str, str] = {}
    named: dict[tuple[ItemType, str], int] = {}
    for index, one in enumerate(body.items):
        try:
            _check_name(one)
            first = named.setdefault((one.type, one.key), index)
            if first != index:
                raise FieldProblem(("key",), f"The item is named already, by /items/{first}")
            item = to_item(one.type, one.key, one)
            if item.occurred_at is not None:
                check_occurred(item.occurred_at)
            items.append(item)
        except FieldProblem as problem:
            problems[f"/items/{index}/{'/'.join(problem.path)}"] = str(problem)
    if problems:
        raise BatchProblem(problems)
    return items


def to_item_filter(query: schemas.ItemListQuery) -> ItemFilter:
    return ItemFilter(
        type=query.type,
        statuses=tuple(query.status),
        labels=tuple(query.label),
        assignee=query.assignee,
        priority=query.priority,
        updated_from=to_utc(query.updated_from, "filter[updated-from]"),
        order=(query.sort.removeprefix("-"), query.sort.startswith("-")),
        limit=query.page_size,
        offset=(query.page_number - 1) * query.page_size,
    )


def to_delivery_filter(query: schemas.DeliveryListQuery) -> DeliveryFilter:
    return DeliveryFilter(
        states=tuple(query.state),
        item_type=query.item_type,
        item_key=query.item_key,
        limit=query.page_size,
        offset=(query.page_number - 1) * query.page_size,
    )


def to_delivery_id(path_id: str) -> int:
    """Raises DeliveryNotFound for what is not an id of this contract."""
    try:
        return ids.parse_hex(path_id)
    except ids.MalformedId:
        raise DeliveryNotFound(path_id) from None


def show_item(item: StoredItem) -> schemas.Item:
    return schemas.Item(
        id=ids.to_hex(item.id),
        hub_id=ids.to_hex(item.organisation_id),
        type=item.type,
        key=item.key,
        title=item.title,
        body=item.body,
        url=item.url,
        status=item.status.value,
        priority=item.priority,
        labels=list(item.labels),
        assignee=item.assignee,
        fields=dict(item.fields),
        occurred_at=item.occurred_at,
        version=item.version,
        events=schemas.ItemEvents(created=item.created_at, updated=item.updated_at, deleted=item.deleted_at or NO_TIME),
    )


def show_linked(linked: Linked) -> schemas.Item:
    shown = show_item(linked.item)
    shown.links = [_show_link(linked.item, link) for link in linked.links]
    return shown


def show_put(put: Put) -> schemas.PutAnswer:
    return schemas.PutAnswer(data=show_item(put.item), applied=put.applied)


def show_delivery(delivery: ItemDelivery) -> schemas.Delivery:
    error = None
    if delivery.error is not None:
        error = StateError(message=delivery.error, time=delivery.error_at or delivery.created_at)
    return schemas.Delivery(
        id=ids.to_hex(delivery.id),
        integration_id=ids.to_hex(delivery.integration_id),
        item=schemas.DeliveredItem(type=delivery.item_type, key=delivery.item_key, version=delivery.version),
        state=delivery.state,
        attempts=delivery.attempts,
        vendor_id=delivery.vendor_id,
        url=delivery.vendor_url,
        job_id=None if delivery.job_id is None else ids.to_hex(delivery.job_id),
        error=error,
        not_done=delivery.not_done,
        events=schemas.DeliveryEvents(
            created=delivery.created_at,
            due=delivery.due_at if delivery.ended_at is None else NO_TIME,
            ended=delivery.ended_at or NO_TIME,
        ),
    )


def _check_name(item: schemas.BatchItem) -> None:
    if item.type is ItemType.NONE:
        raise FieldProblem(("type",), "No item is of the type none")
    if not is_key(item.key):
        raise FieldProblem(("key",), f"A key has 1 to {KEY_LIMIT} characters, no slash and no control characters")


def _check(body: schemas.PutItem) -> None:
    if not body.title.strip():
        raise FieldProblem(("title",), "A title that nobody can see is none")
    if body.url is not None and not is_web_address(body.url):
        raise FieldProblem(("url",), "This has to be an address that starts with https:// or http://")
    if body.fields and len(msgspec.json.encode(body.fields)) > FIELDS_LIMIT:
        raise FieldProblem(("fields",), f"The fields have more than {FIELDS_LIMIT} bytes as JSON")


def _to_moment(told: datetime | None) -> datetime | None:
    try:
        return to_utc(told, "occurred_at")
    except InvalidRequest:
        raise FieldProblem(("occurred_at",), "In UTC there is no such moment") from None


def _show_link(item: StoredItem, link: CoreLink) -> schemas.Link:
    return schemas.Link(
        integration_id=ids.to_hex(link.integration_id),
        vendor=link.provider,
        vendor_id=link.vendor_id,
        url=link.vendor_url,
        status=None if link.status is None else link.status.value,
        assignee=link.assignee,
        in_line=link.is_in_line(item),
        not_done=link.not_done,
        events=schemas.LinkEvents(read=link.read_at or NO_TIME, vanished=link.vanished_at or NO_TIME),
    )
