"""The catalogue: what can be connected, what is done with each vendor, and what the organisation itself publishes."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from starlette.responses import Response

from jackfield.domain import ids
from jackfield.domain.definition import Definition
from jackfield.domain.grade import Grade, grade_of
from jackfield.domain.principal import Capability
from jackfield.domain.provider import Category, Manifest
from jackfield.services.catalog import Catalog
from jackfield.web.console import queries, words
from jackfield.web.console.view import view
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.routing import page_route

PATH: Final = "/console/catalogue"
_YOURS: Final = f"{PATH}/yours"
#: of one category: nobody reads more, and there is a search
_MOST_OF_CATEGORY: Final = 60
#: of the organisation's own apps: on the first page, and on theirs
_MOST_OWN: Final = 5
_PAGE: Final = 50
_CATEGORIES: Final = (("", "Any"), *((one.value, words.spoken(one)) for one in Category))
#: what is done with a vendor, by the name of the method that does it (domain/grade.py)
_ABILITIES: Final[Mapping[str, str]] = {
    "verify": "verifies",
    "deliver": "delivers",
    "read_back": "synchronises",
}


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One vendor. `grade` None: it is authored, which has none. `ways`: how it can be connected here."""

    definition: Definition
    address: str
    description: str
    grade: Grade | None
    abilities: Sequence[str]
    ways: Sequence[str]


async def show_list(browser: Browser) -> Response:
    browser.caller.require(Capability.VIEW)
    query = browser.request.query_params
    text, category = queries.text(query, "q"), queries.choice(query, "category", Category)
    available = await browser.services.catalog.available(browser.caller.organisation_id)
    wanted = {category: available[category]} if category else available
    is_filtered = bool(text or category)
    # the organisation's own that nobody else sees stand in their own section, as long as there is one
    listed_here = {
        one: [definition for definition in definitions if definition.public or is_filtered]
        for one, definitions in wanted.items()
    }
    entries = {
        one: [entry_of(browser.services.catalog, definition) for definition in definitions]
        for one, definitions in listed_here.items()
    }
    found = {one: [entry for entry in listed if _fits(entry, text)] for one, listed in entries.items()}
    own = await browser.services.apps.list(browser.caller, None, _MOST_OWN)
    shown = {one: listed[:_MOST_OF_CATEGORY] for one, listed in found.items() if listed}
    of_others = [entry.definition.icon_url for listed in shown.values() for entry in listed]
    return view(
        browser,
        "catalogue.html",
        images=[*of_others, *(app.icon_url or "" for app in own.apps)],
        found=shown,
        more={one: len(listed) - _MOST_OF_CATEGORY for one, listed in found.items()},
        categories=_CATEGORIES,
        category=category or "",
        q=text,
        is_filtered=is_filtered,
        own=own.apps,
        all_own=_YOURS if own.next_before else "",
    )


async def show_own(browser: Browser) -> Response:
    """The organisation's own apps, whatever their status."""
    before = queries.identity(browser.request.query_params, "before")
    page = await browser.services.apps.list(browser.caller, before, _PAGE)
    return view(
        browser,
        "own_apps.html",
        images=[app.icon_url or "" for app in page.apps],
        own=page.apps,
        first=_YOURS if before else "",
        following=queries.address(_YOURS, before=ids.to_hex(page.next_before)) if page.next_before else "",
    )


def entry_of(catalog: Catalog, definition: Definition) -> Entry:
    """What the catalogue says of the vendor."""
    vendor = definition.vendor
    manifest, can = catalog.manifest(vendor), catalog.abilities(vendor)
    authored = (_ABILITIES["verify"],) if manifest is None and definition.supports_verification else ()
    return Entry(
        definition=definition,
        address=f"{PATH}/{vendor}",
        description=manifest.description if manifest else "",
        grade=grade_of(manifest, can) if manifest else None,
        abilities=(*authored, *(text for name, text in _ABILITIES.items() if name in can)),
        ways=_ways(manifest, by_oauth=catalog.connects_by_oauth(vendor)),
    )


def _ways(manifest: Manifest | None, *, by_oauth: bool) -> Sequence[str]:
    """How it is connected here, in a word or two each."""
    if manifest is None:
        return ("Install page",)
    entered = [method.title for method in manifest.auth_methods if method.title != "OAuth"]
    return (*(["OAuth"] if by_oauth else []), *entered)


def _fits(entry: Entry, text: str) -> bool:
    """Whether every word of the text is in what a person reads of the vendor."""
    definition = entry.definition
    parts = (definition.name, definition.vendor, words.spoken(definition.category), entry.description)
    told = " ".join((*parts, *entry.abilities, *entry.ways, *definition.features)).casefold()
    return all(word in told for word in text.casefold().split())


ROUTES: Final = [
    page_route(PATH, {"GET": show_list}),
    page_route(_YOURS, {"GET": show_own}),
]
