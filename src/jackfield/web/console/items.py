"""Items: what the product has told of, where each of it is, and a form by which a person tells of one."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from starlette.responses import Response

from jackfield.domain.delivery import DeliverySearch
from jackfield.domain.item import (
    KEY_LIMIT,
    ItemFilter,
    ItemNotFound,
    ItemType,
    Link,
    Linked,
    StoredItem,
    is_key,
)
from jackfield.domain.principal import Capability
from jackfield.web.console import confirming, delivery_rows, item_form, queries, words
from jackfield.web.console.delivery_rows import DeliveryRow, rows_of
from jackfield.web.console.item_address import PATH, address_of
from jackfield.web.console.item_form import CONTENT_FIELDS, NAME_FIELDS, TYPES, Texts
from jackfield.web.console.view import done, view
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.form import read_form
from jackfield.web.pages.routing import page_route

_NEW: Final = f"{PATH}/new"
_ONE: Final = f"{PATH}/{{type}}/{{key}}"
_PAGE: Final = 50
#: of what an item is at vendors: in a row of the list, and on its own page
_LINKS_IN_ROW: Final = 3
_MOST_LINKS: Final = 50
_MOST_DELIVERIES: Final = 20
_TYPES: Final = (("", "Any"), *((one, words.spoken(one)) for one in TYPES))
#: the hidden control that says what the item was when the form was made
_VERSION: Final = "version"
_CHANGED_MEANWHILE: Final = (
    "The item was changed while you were at it. Below is what you filled in: saving it once more overwrites the change."
)
_TOLD_LATER: Final = "Your product has told of this item as of a later moment, and that stands."


class Row(msgspec.Struct, frozen=True):
    """An item in the list, with some of what it is at vendors, of which there are `more`."""

    item: StoredItem
    address: str
    links: Sequence[Link]
    more: int


async def show_list(browser: Browser) -> Response:
    query = browser.request.query_params
    item_type, key, page = queries.choice(query, "type", ItemType), queries.text(query, "key", KEY_LIMIT), _page(query)
    wanted = ItemFilter(type=item_type, key=key or None, limit=_PAGE + 1, offset=(page - 1) * _PAGE)
    found = await browser.services.items.list(browser.caller, wanted)
    asked = {"type": item_type, "key": key}
    rows = [_row(linked) for linked in found[:_PAGE]]
    return view(
        browser,
        "items.html",
        rows=rows,
        vendors=await _vendors(browser, [link for row in rows for link in row.links]),
        types=_TYPES,
        type=item_type or "",
        key=key,
        is_filtered=any(asked.values()),
        first=queries.address(PATH, **asked) if page > 1 else "",
        following=queries.address(PATH, **asked, page=str(page + 1)) if len(found) > _PAGE else "",
    )


async def show_new(browser: Browser) -> Response:
    browser.caller.require(Capability.MANAGE)
    return _form_page(browser, None, None, {})


async def create(browser: Browser) -> Response:
    form = await read_form(browser.request)
    browser.check_form(form)
    browser.caller.require(Capability.MANAGE)
    fields = (*NAME_FIELDS, *CONTENT_FIELDS)
    texts = item_form.texts_sent(form, fields)
    flaws = item_form.flaws_of(texts, fields)
    if flaws:
        return _form_page(browser, None, texts, flaws)
    name = TYPES[texts["type"]], texts["key"]
    if await _existing(browser, name) is not None:
        flaw = f"There is a {words.spoken(name[0]).lower()} with this key already: change that one, or choose another."
        return _form_page(browser, None, texts, {"key": flaw})
    await browser.services.items.put(browser.caller, item_form.to_item(name, texts))
    return done(address_of(*name), "item-saved")


async def show_one(browser: Browser) -> Response:
    found = await _find(browser)
    return view(
        browser,
        "item.html",
        item=found.item,
        address=_address(found.item),
        links=found.links[:_MOST_LINKS],
        more_links=max(0, len(found.links) - _MOST_LINKS),
        deliveries=await _deliveries_of(browser, found.item),
        all_deliveries=queries.address(delivery_rows.PATH, key=found.item.key),
        vendors=await _vendors(browser, found.links[:_MOST_LINKS]),
        fields=_shown_fields(found.item),
    )


async def show_edit(browser: Browser) -> Response:
    browser.caller.require(Capability.MANAGE)
    item = (await _find(browser)).item
    return _form_page(browser, item, item_form.texts_of(item), {})


async def change(browser: Browser) -> Response:
    form = await read_form(browser.request)
    browser.check_form(form)
    browser.caller.require(Capability.MANAGE)
    item = (await _find(browser)).item
    texts = item_form.texts_sent(form, CONTENT_FIELDS)
    flaws = item_form.flaws_of(texts, CONTENT_FIELDS)
    if flaws:
        return _form_page(browser, item, texts, flaws, version=form.first(_VERSION))
    if form.first(_VERSION) != str(item.version):
        return _form_page(browser, item, texts, {}, _CHANGED_MEANWHILE)
    put = await browser.services.items.put(browser.caller, item_form.to_item((item.type, item.key), texts, item))
    if not put.applied:
        return _form_page(browser, put.item, texts, {}, _TOLD_LATER)
    return done(_address(item), "item-saved")


async def show_delete(browser: Browser) -> Response:
    browser.caller.require(Capability.MANAGE)
    return _delete_page(browser, await _find(browser), "")


async def delete(browser: Browser) -> Response:
    form = await read_form(browser.request)
    browser.check_form(form)
    browser.caller.require(Capability.MANAGE)
    found = await _find(browser)
    flaw = confirming.flaw_of(form, found.item.key)
    if flaw:
        return _delete_page(browser, found, flaw)
    await browser.services.items.delete(browser.caller, found.item.type, found.item.key)
    return done(PATH, "item-deleted")


def _form_page(
    browser: Browser, item: StoredItem | None, texts: Texts | None, flaws: Texts, overall: str = "", version: str = ""
) -> Response:
    """`item` None: the form of a new one. `version`: the one that the form was made from, if not the present one."""
    fields = CONTENT_FIELDS if item else (*NAME_FIELDS, *CONTENT_FIELDS)
    return view(
        browser,
        "item_form.html",
        422 if flaws or overall else 200,
        item=item,
        address=_address(item) if item else "",
        fields=item_form.shown(fields, texts, flaws),
        overall=overall,
        version=version or (str(item.version) if item else ""),
    )


def _delete_page(browser: Browser, found: Linked, flaw: str) -> Response:
    return view(
        browser,
        "item_delete.html",
        422 if flaw else 200,
        item=found.item,
        address=_address(found.item),
        link_count=len(found.links),
        name=confirming.to_type(found.item.key),
        flaw=flaw,
    )


async def _find(browser: Browser) -> Linked:
    """The item that the address names. Raises CapabilityMissing or ItemNotFound."""
    reference: str = browser.request.path_params["type"]
    key: str = browser.request.path_params["key"]
    if reference not in TYPES or not is_key(key):
        raise ItemNotFound(reference, key)
    return await browser.services.items.get(browser.caller, TYPES[reference], key)


async def _existing(browser: Browser, name: tuple[ItemType, str]) -> Linked | None:
    try:
        return await browser.services.items.get(browser.caller, *name)
    except ItemNotFound:
        return None


async def _deliveries_of(browser: Browser, item: StoredItem) -> Sequence[DeliveryRow]:
    """The newest of the item; some fewer where items of other types have the same key."""
    search = DeliverySearch(item_key=item.key, limit=_MOST_DELIVERIES)
    found = await browser.services.deliveries.list_all(browser.caller, search)
    return await rows_of(browser, [one for one in found if one.delivery.item_type is item.type])


async def _vendors(browser: Browser, links: Sequence[Link]) -> Mapping[str, str]:
    """What people call their vendors, by the provider."""
    providers = {link.provider for link in links}
    return {provider: await browser.services.catalog.name(provider) for provider in providers}


def _shown_fields(item: StoredItem) -> Mapping[str, str]:
    return {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for name, value in item.fields.items()
    }


def _row(linked: Linked) -> Row:
    links = linked.links[:_LINKS_IN_ROW]
    return Row(linked.item, _address(linked.item), links, len(linked.links) - len(links))


def _address(item: StoredItem) -> str:
    return address_of(item.type, item.key)


def _page(query: Mapping[str, str]) -> int:
    """Which page of the list, from 1 on."""
    text = query.get("page", "")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 7 else 1


ROUTES: Final = [
    page_route(PATH, {"GET": show_list}),
    page_route(_NEW, {"GET": show_new, "POST": create}),
    page_route(_ONE, {"GET": show_one}),
    page_route(f"{_ONE}/edit", {"GET": show_edit, "POST": change}),
    page_route(f"{_ONE}/delete", {"GET": show_delete, "POST": delete}),
]
