"""Deliveries of all integrations: what is held, on its way or through, and letting held ones go on."""

from collections.abc import Mapping, Sequence
from typing import Final

from starlette.responses import Response

from jackfield.domain import ids
from jackfield.domain.delivery import DeliveryNotFound, DeliverySearch, DeliveryState, NamedDelivery
from jackfield.domain.integration import InvalidState
from jackfield.domain.item import KEY_LIMIT
from jackfield.web.console import queries, words
from jackfield.web.console.addressed import wanted_of
from jackfield.web.console.delivery_rows import PATH, rows_of
from jackfield.web.console.view import done, view
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.form import Form, read_form
from jackfield.web.pages.routing import page_route

_PAGE: Final = 50
#: of those that are held, above all others
_HELD: Final = 10
_OTHERS: Final = tuple(state for state in DeliveryState if state is not DeliveryState.HELD)
_STATES: Final = (("", "Any"), *((state.value, words.delivery_badge(state).label) for state in DeliveryState))
#: what a list was asked for, by name
Asked = Mapping[str, str | None]


async def show_list(browser: Browser) -> Response:
    """What is held stands above the others, unless one state is asked for."""
    query = browser.request.query_params
    asked, before = _asked(query), queries.identity(query, "before")
    deliveries, state = browser.services.deliveries, asked["state"]
    held: Sequence[NamedDelivery] = []
    if state is None and before is None:
        held = await deliveries.list_all(browser.caller, _search(asked, (DeliveryState.HELD,), None, _HELD + 1))
    states = _OTHERS if state is None else (DeliveryState(state),)
    found = await deliveries.list_all(browser.caller, _search(asked, states, before, _PAGE + 1))
    shown = found[:_PAGE]
    following = queries.address(PATH, **asked, before=ids.to_hex(shown[-1].delivery.id)) if len(found) > _PAGE else ""
    return view(
        browser,
        "deliveries.html",
        held=await rows_of(browser, held[:_HELD]),
        more_held=queries.address(PATH, **{**asked, "state": DeliveryState.HELD}) if len(held) > _HELD else "",
        rows=await rows_of(browser, shown),
        states=_STATES,
        state=state or "",
        key=asked["key"] or "",
        integration=asked["integration"] or "",
        integration_name=await _name(browser, asked["integration"]),
        asked={name: value for name, value in asked.items() if value},
        # a key is one item's: what is held of it is let go on one by one
        can_retry_held=asked["key"] is None and bool(held or (state == DeliveryState.HELD and shown)),
        first=queries.address(PATH, **asked) if before else "",
        following=following,
    )


async def retry_one(browser: Browser) -> Response:
    form = await read_form(browser.request)
    browser.check_form(form)
    reference: str = browser.request.path_params["id"]
    try:
        delivery_id = ids.parse_hex(reference)
    except ids.MalformedId:
        raise DeliveryNotFound(reference) from None
    back = queries.address(PATH, **_sent(form))
    integration = wanted_of(browser.request.path_params["integration"])
    try:
        await browser.services.deliveries.retry(browser.caller, integration, delivery_id, reference)
    except InvalidState:
        # it went on by itself since the page was made
        return done(back, "nothing-held")
    return done(back, "retried", 1)


async def retry_held(browser: Browser) -> Response:
    """All that are held: those of one integration, if the page is of that, or the organisation's."""
    form = await read_form(browser.request)
    browser.check_form(form)
    deliveries, integration = browser.services.deliveries, _sent(form)["integration"]
    if integration:
        count = await deliveries.retry_held(browser.caller, wanted_of(integration))
    else:
        count = await deliveries.retry_all_held(browser.caller)
    # where they are to be seen on their way
    back = queries.address(PATH, integration=integration)
    return done(back, "retried", count) if count else done(back, "nothing-held")


def _asked(query: Mapping[str, str]) -> Asked:
    integration = queries.identity(query, "integration")
    return {
        "state": queries.choice(query, "state", DeliveryState),
        "integration": None if integration is None else ids.to_hex(integration),
        "key": queries.text(query, "key", KEY_LIMIT) or None,
    }


def _search(asked: Asked, states: tuple[DeliveryState, ...], before: int | None, limit: int) -> DeliverySearch:
    integration = asked["integration"]
    return DeliverySearch(
        states=states,
        integration_id=ids.parse_hex(integration) if integration else None,
        item_key=asked["key"],
        before=before,
        limit=limit,
    )


def _sent(form: Form) -> Asked:
    """What the list was asked for from which the form comes."""
    return _asked({name: form.first(name) for name in form})


async def _name(browser: Browser, integration: str | None) -> str:
    """What the integration is called that the list is of; nothing for all. Raises IntegrationNotFound."""
    if integration is None:
        return ""
    found = await browser.services.administration.get(browser.caller, wanted_of(integration))
    return found.integration.name


ROUTES: Final = [
    page_route(PATH, {"GET": show_list}),
    page_route(f"{PATH}/retry", {"POST": retry_held}),
    page_route(f"{PATH}/{{integration}}/{{id}}/retry", {"POST": retry_one}),
]
