"""Connecting something new: what there is to connect, and the form of each."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from starlette.responses import Response

from jackfield.domain import ids
from jackfield.domain.definition import Definition, FieldProblem, not_connectable
from jackfield.domain.errors import NotFound
from jackfield.domain.integration import InvalidState, Wanted
from jackfield.domain.principal import Capability
from jackfield.domain.provider import Category
from jackfield.domain.schema_form import Sent
from jackfield.services.new_integration import OnlyOne
from jackfield.web.console import queries
from jackfield.web.console.addressed import PATH, address_of
from jackfield.web.console.integration_form import Flaws, IntegrationForm
from jackfield.web.console.offers import install_page
from jackfield.web.console.view import done, view
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.form import read_form
from jackfield.web.pages.rendering import redirect
from jackfield.web.pages.routing import page_route

_NEW: Final = f"{PATH}/new"
_ONE: Final = f"{_NEW}/{{vendor}}"
#: of one category; who looks for another one searches
_MOST_CARDS: Final = 60
_CATEGORIES: Final[Mapping[Category, str]] = {
    Category.ISSUE_TRACKING: "Issue tracking",
    Category.SOURCE_CONTROL: "Source control",
    Category.ERROR_MONITORING: "Error monitoring",
    Category.CHAT: "Chat",
    Category.KNOWLEDGE: "Knowledge",
    Category.APPS: "Apps",
}


class Card(msgspec.Struct, frozen=True):
    """What can be connected. `by_oauth`: at the vendor, in the browser."""

    name: str
    path: str
    features: str
    by_oauth: bool


class Shelf(msgspec.Struct, frozen=True):
    """What of a category fits the search; there may be `more` than are shown."""

    category: str
    title: str
    cards: Sequence[Card]
    more: int


async def choose(browser: Browser) -> Response:
    browser.caller.require(Capability.MANAGE)
    search = queries.text(browser.request.query_params, "search")
    available = await browser.services.catalog.available(browser.caller.organisation_id)
    shelves = [_shelf(browser, category, available[category], search.casefold()) for category in _CATEGORIES]
    return view(
        browser, "integration_choose.html", search=search, address=_NEW, shelves=[one for one in shelves if one.cards]
    )


async def show(browser: Browser) -> Response:
    browser.caller.require(Capability.MANAGE)
    definition = await _definition(browser)
    if ids.is_hex(definition.vendor):
        return redirect(install_page(definition.vendor))
    return _page(browser, definition, await _form(browser, definition))


async def create(browser: Browser) -> Response:
    """Saves it, and has its credential verified."""
    sent = await read_form(browser.request)
    browser.check_form(sent)
    browser.caller.require(Capability.MANAGE)
    definition = await _definition(browser)
    if ids.is_hex(definition.vendor):
        return redirect(install_page(definition.vendor))
    form = await _form(browser, definition)
    filled = form.read(sent)
    if filled.flaws:
        return _page(browser, definition, form, sent, filled.flaws)
    services = browser.services
    try:
        created = await services.administration.create(browser.caller, definition.vendor, filled.submission)
    except FieldProblem as problem:
        return _page(browser, definition, form, sent, form.placed(problem, sent))
    except OnlyOne as error:
        return _page(browser, definition, form, sent, {"": (f"{error}.",)})
    path = address_of(created.integration.id)
    if not definition.supports_verification:
        return done(path, "saved")
    await services.verification.ask(browser.caller, Wanted(created.integration.id, path))
    return done(path, "created")


def _shelf(browser: Browser, category: Category, found: Sequence[Definition], search: str) -> Shelf:
    title = _CATEGORIES[category]
    catalog = browser.services.catalog
    fitting = [
        Card(one.name, _path(one), _features(one), catalog.connects_by_oauth(one.vendor))
        for one in found
        if _can_be_connected(one) and search in f"{one.name} {one.vendor} {title} {_features(one)}".casefold()
    ]
    return Shelf(category, title, fitting[:_MOST_CARDS], len(fitting) - len(fitting[:_MOST_CARDS]))


def _can_be_connected(definition: Definition) -> bool:
    return not definition.deprecated and (definition.usable or ids.is_hex(definition.vendor))


def _path(definition: Definition) -> str:
    return install_page(definition.vendor) if ids.is_hex(definition.vendor) else f"{_NEW}/{definition.vendor}"


def _features(definition: Definition) -> str:
    return ", ".join(one.replace("-", " ") for one in definition.features)


async def _definition(browser: Browser) -> Definition:
    """What the address names. Raises NotFound, or InvalidState for what cannot be connected any more."""
    vendor: str = browser.request.path_params["vendor"]
    definition = await browser.services.catalog.get(vendor)
    if definition is None:
        raise NotFound("Vendor", vendor[:64])
    if not _can_be_connected(definition):
        raise InvalidState(f"{not_connectable(definition)}.")
    return definition


async def _form(browser: Browser, definition: Definition) -> IntegrationForm:
    delivers = await browser.services.catalog.deliverer(definition.vendor) is not None
    return IntegrationForm(definition, delivers=delivers)


def _page(
    browser: Browser,
    definition: Definition,
    form: IntegrationForm,
    sent: Sent | None = None,
    flaws: Flaws | None = None,
) -> Response:
    return view(
        browser,
        "integration_new.html",
        422 if flaws else 200,
        connects=True,
        definition=definition,
        address=f"{_NEW}/{definition.vendor}",
        by_oauth=browser.services.catalog.connects_by_oauth(definition.vendor),
        form=form.shown(sent, flaws),
    )


ROUTES: Final = [
    page_route(_NEW, {"GET": choose}),
    page_route(_ONE, {"GET": show, "POST": create}),
]
