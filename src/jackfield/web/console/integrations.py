"""Integrations: finding one, or those that need someone, among many."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

import msgspec
from starlette.responses import Response

from jackfield.domain import ids
from jackfield.domain.health import Health
from jackfield.domain.integration import GOING, Listing, State
from jackfield.services.administration import Administered
from jackfield.web.console import queries, words
from jackfield.web.console.addressed import PATH
from jackfield.web.console.view import view
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.routing import page_route

_PAGE: Final = 50
#: pages beyond are not leafed through: who looks for something there searches
_MOST_PAGES: Final = 1000
#: vendors to choose from; apps that are not among them are found by their names
_MOST_VENDORS: Final = 200
_STATES: Final = (("", "Any"), *((state.value, words.state_badge(state).label) for state in State))
_HEALTHS: Final = (("", "Any"), *((health.value, words.health_badge(health).label) for health in Health))


class Order(StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"
    CHANGED = "changed"
    NAME = "name"


_ORDERS: Final[Mapping[Order, tuple[str, tuple[str, bool]]]] = {
    Order.NEWEST: ("Newest first", ("id", True)),
    Order.OLDEST: ("Oldest first", ("id", False)),
    Order.CHANGED: ("Changed state last", ("state_changed", True)),
    Order.NAME: ("By name", ("name", False)),
}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the address of the list asks for. `before` is where a page of the newest begins, `page` one of others."""

    search: str
    vendor: str
    state: State | None
    health: Health | None
    attention: bool
    order: Order
    before: int | None
    page: int

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Asked":
        return cls(
            search=queries.text(query, "search"),
            vendor=queries.text(query, "vendor", 64),
            state=queries.choice(query, "state", State),
            health=queries.choice(query, "health", Health),
            attention=query.get("attention") == "1",
            order=queries.choice(query, "order", Order) or Order.NEWEST,
            before=queries.identity(query, "before"),
            page=_page_number(query.get("page", "")),
        )

    @property
    def is_filtered(self) -> bool:
        return bool(self.search or self.vendor or self.state or self.health or self.attention)

    @property
    def goes_by_id(self) -> bool:
        """Pages begin at an integration, rather than being counted: those of what is deleted cannot (see Listing)."""
        return self.order is Order.NEWEST and self.state not in GOING

    @property
    def is_first(self) -> bool:
        return self.before is None if self.goes_by_id else self.page == 1

    @property
    def listing(self) -> Listing:
        """With one more than the page has, to know whether there is a next one."""
        return Listing(
            states=(self.state,) if self.state else (),
            healths=(self.health,) if self.health else (),
            broken=self.attention,
            providers=(self.vendor,) if self.vendor else None,
            search=self.search or None,
            order=(_ORDERS[self.order][1],),
            before=self.before if self.goes_by_id else None,
            limit=_PAGE + 1,
            offset=0 if self.goes_by_id else (self.page - 1) * _PAGE,
        )

    def address(self, **place: str) -> str:
        return queries.address(
            PATH,
            search=self.search,
            vendor=self.vendor,
            state=self.state,
            health=self.health,
            attention="1" if self.attention else None,
            order=None if self.order is Order.NEWEST else self.order,
            **place,
        )

    def following(self, last: int) -> str:
        """The address of the next page; `last` is the id of the last one on this page."""
        if self.goes_by_id:
            return self.address(before=ids.to_hex(last))
        return self.address(page=str(self.page + 1)) if self.page < _MOST_PAGES else ""


async def show_list(browser: Browser) -> Response:
    asked = Asked.of(browser.request.query_params)
    found = await browser.services.administration.list(browser.caller, asked.listing)
    shown = found[:_PAGE]
    return view(
        browser,
        "integrations.html",
        asked=asked,
        integrations=shown,
        first="" if asked.is_first else asked.address(),
        following=asked.following(shown[-1].integration.id) if len(found) > _PAGE else "",
        names={one.integration.provider: _vendor_name(one) for one in shown},
        vendors=await _vendors(browser, asked.vendor, shown),
        states=_STATES,
        healths=_HEALTHS,
        orders=[(order.value, label) for order, (label, _) in _ORDERS.items()],
    )


def _vendor_name(one: Administered) -> str:
    return one.integration.provider if one.definition is None else one.definition.name


async def _vendors(browser: Browser, chosen: str, shown: Sequence[Administered]) -> Sequence[tuple[str, str]]:
    """To choose from: what is in the catalogue, and what is chosen; by its name, if the organisation has one of it."""
    by_category = await browser.services.catalog.available(browser.caller.organisation_id)
    # an organisation has integrations with apps, which come last in the catalogue, less often than with vendors
    vendors = [(one.vendor, one.name) for found in by_category.values() for one in found][:_MOST_VENDORS]
    vendors.sort(key=lambda one: one[1].casefold())
    if chosen and chosen not in dict(vendors):
        vendors.append((chosen, next((_vendor_name(one) for one in shown), chosen)))
    return [("", "Any"), *vendors]


def _page_number(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(_MOST_PAGES))
    return min(max(int(text), 1), _MOST_PAGES) if is_number else 1


ROUTES: Final = [page_route(PATH, {"GET": show_list})]
