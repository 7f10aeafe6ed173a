"""Items of the product, and their deliveries: ours, in the style of the hubs contract."""

from typing import Final

from jackfield.domain.principal import Capability
from jackfield.web.contract import Answer, Call, Operation
from jackfield.web.dialects.hubs import errors
from jackfield.web.dialects.hubs.item_schemas import (
    DeliveryAnswer,
    DeliveryList,
    DeliveryListQuery,
    ItemAnswer,
    ItemList,
    ItemListQuery,
    PutAnswer,
    PutItem,
    PutItems,
    PutItemsAnswer,
    Retried,
    RetriedAnswer,
)
from jackfield.web.dialects.hubs.item_translate import (
    show_delivery,
    show_item,
    show_linked,
    show_put,
    to_delivery_filter,
    to_delivery_id,
    to_item,
    to_item_filter,
    to_items,
    to_name,
    to_new_name,
)
from jackfield.web.dialects.hubs.schemas import ErrorAnswer
from jackfield.web.dialects.hubs.translate import to_wanted


async def list_items(call: Call[None, ItemListQuery]) -> ItemList:
    found = await call.services.items.list(call.caller, to_item_filter(call.query))
    return ItemList(data=[show_linked(one) for one in found])


async def put_item(call: Call[PutItem, None]) -> PutAnswer:
    item_type, key = to_new_name(call.path["itemType"], call.path["key"])
    return show_put(await call.services.items.put(call.caller, to_item(item_type, key, call.body)))


async def put_items(call: Call[PutItems, None]) -> PutItemsAnswer:
    puts = await call.services.items.put_all(call.caller, to_items(call.body))
    return PutItemsAnswer(data=[show_put(put) for put in puts])


async def get_item(call: Call[None, None]) -> ItemAnswer:
    found = await call.services.items.get(call.caller, *to_name(call.path["itemType"], call.path["key"]))
    return ItemAnswer(data=show_linked(found))


async def delete_item(call: Call[None, None]) -> ItemAnswer:
    deleted = await call.services.items.delete(call.caller, *to_name(call.path["itemType"], call.path["key"]))
    return ItemAnswer(data=show_item(deleted))


async def list_deliveries(call: Call[None, DeliveryListQuery]) -> DeliveryList:
    wanted = to_wanted(call.path["integrationId"])
    found = await call.services.deliveries.list(call.caller, wanted, to_delivery_filter(call.query))
    return DeliveryList(data=[show_delivery(one) for one in found])


async def retry_delivery(call: Call[None, None]) -> DeliveryAnswer:
    wanted, reference = to_wanted(call.path["integrationId"]), call.path["deliveryId"]
    retried = await call.services.deliveries.retry(call.caller, wanted, to_delivery_id(reference), reference)
    return DeliveryAnswer(data=show_delivery(retried))


async def retry_held(call: Call[None, None]) -> RetriedAnswer:
    count = await call.services.deliveries.retry_held(call.caller, to_wanted(call.path["integrationId"]))
    return RetriedAnswer(data=Retried(retried=count))


_NO_ITEM: Final = Answer("There is no such item.", ErrorAnswer, ["404.hub.item"])
_NO_INTEGRATION: Final = Answer("There is no such integration.", ErrorAnswer, ["404.hub.integration"])
_ITEMS: Final = "/hubs/current/items"
_ITEM: Final = f"{_ITEMS}/{{itemType}}/{{key}}"
_DELIVERIES: Final = "/hubs/current/integrations/{integrationId}/deliveries"

OPERATIONS: Final = (
    Operation(
        name="listItems",
        method="GET",
        path=_ITEMS,
        summary="List items",
        description="Each item comes with its copies at vendors. The newest come first unless you sort otherwise.",
        tag="Items",
        handler=list_items,
        failure="Failed to list items",
        answers={200: Answer("A page of items.", ItemList)},
        query=ItemListQuery,
    ),
    Operation(
        name="putItems",
        method="POST",
        path=f"{_ITEMS}/batch",
        summary="Create or change several items",
        description="Up to 1,000 items in one call. Either all of them are written or none.",
        tag="Items",
        handler=put_items,
        capability=Capability.MANAGE,
        failure="Failed to write the items",
        answers={
            200: Answer("The items as they are now, in the order of the request.", PutItemsAnswer),
            **errors.BODY_ANSWERS,
        },
        body=PutItems,
    ),
    Operation(
        name="putItem",
        method="PUT",
        path=_ITEM,
        summary="Create or change an item",
        description="Every enabled integration for this type of item then sends it to its vendor.",
        tag="Items",
        handler=put_item,
        capability=Capability.MANAGE,
        failure="Failed to write the item",
        answers={200: Answer("The item as it is now.", PutAnswer), **errors.BODY_ANSWERS},
        body=PutItem,
    ),
    Operation(
        name="getItem",
        method="GET",
        path=_ITEM,
        summary="Get an item",
        description="The item comes with its copies at vendors.",
        tag="Items",
        handler=get_item,
        failure="Failed to get the item",
        answers={200: Answer("The item.", ItemAnswer), 404: _NO_ITEM},
    ),
    Operation(
        name="deleteItem",
        method="DELETE",
        path=_ITEM,
        summary="Delete an item",
        description="Its copies at vendors are closed, not deleted.",
        tag="Items",
        handler=delete_item,
        capability=Capability.MANAGE,
        failure="Failed to delete the item",
        answers={200: Answer("The item as it was.", ItemAnswer), 404: _NO_ITEM},
    ),
    Operation(
        name="listDeliveries",
        method="GET",
        path=_DELIVERIES,
        summary="List the deliveries of an integration",
        description="The newest come first.",
        tag="Deliveries",
        handler=list_deliveries,
        failure="Failed to list deliveries",
        answers={200: Answer("A page of deliveries.", DeliveryList), 404: _NO_INTEGRATION},
        query=DeliveryListQuery,
    ),
    Operation(
        name="retryHeldDeliveries",
        method="POST",
        path=f"{_DELIVERIES}/retry",
        summary="Retry all held deliveries of an integration",
        description="Use it once the reason is fixed. Deliveries that are not held are left alone.",
        tag="Deliveries",
        handler=retry_held,
        capability=Capability.MANAGE,
        failure="Failed to retry deliveries",
        success=202,
        answers={202: Answer("How many there were.", RetriedAnswer), 404: _NO_INTEGRATION},
    ),
    Operation(
        name="retryDelivery",
        method="POST",
        path=f"{_DELIVERIES}/{{deliveryId}}/retry",
        summary="Retry a delivery",
        description="Retries a delivery that is held, or one that is waiting for its next attempt.",
        tag="Deliveries",
        handler=retry_delivery,
        capability=Capability.MANAGE,
        failure="Failed to retry the delivery",
        success=202,
        answers={
            202: Answer("The delivery.", DeliveryAnswer),
            404: Answer(
                "There is no such integration or delivery.",
                ErrorAnswer,
                ["404.hub.integration", "404.hub.delivery"],
            ),
        },
    ),
)
