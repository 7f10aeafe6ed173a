"""One integration: whether it works, what to do when it does not, and all that happened to it."""

from collections.abc import Mapping, Sequence
from typing import Final

from starlette.responses import Response

from jackfield.domain import ids
from jackfield.domain.delivery import DeliveryFilter, DeliveryState, ItemDelivery
from jackfield.domain.diagnosis import Remedy
from jackfield.domain.integration import Wanted
from jackfield.domain.submission import to_texts
from jackfield.domain.timeline import Outcome
from jackfield.services.administration import Administered
from jackfield.web.console import item_address, queries
from jackfield.web.console.addressed import ONE, address_of, wanted_by
from jackfield.web.console.offers import offers_of
from jackfield.web.console.remedies import TONES, ways
from jackfield.web.console.view import view
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.routing import page_route

_PAGE: Final = 40
#: of those that are held; the others are in the list of deliveries
_MOST_HELD: Final = 5
#: a page has to stay small, whatever somebody keeps as a setting
_MOST_SETTINGS: Final = 50
_VALUE_LIMIT: Final = 300
_OUTCOMES: Final = {Outcome.GOOD: "good", Outcome.BAD: "bad", Outcome.RUNNING: "busy", Outcome.NEUTRAL: ""}


async def show(browser: Browser) -> Response:
    services, caller, wanted = browser.services, browser.caller, wanted_by(browser)
    before = queries.identity(browser.request.query_params, "before")
    shown = await services.administration.get(caller, wanted)
    diagnosis = await services.diagnoses.get(caller, wanted)
    entries = await services.timeline.list(caller, wanted, before, _PAGE + 1)
    path = address_of(wanted.id)
    offers = await offers_of(caller, shown, services.catalog)
    return view(
        browser,
        "integration.html",
        connects=True,
        shown=shown,
        found=shown.integration,
        vendor=await services.catalog.name(shown.integration.provider),
        here=path,
        diagnosis=diagnosis,
        tone=TONES[diagnosis.severity],
        asks_operator=Remedy.ASK_OPERATOR in diagnosis.steps,
        ways=ways(diagnosis, offers, path),
        offers=offers,
        held=await _held(browser, wanted) if Remedy.RETRY_HELD in diagnosis.steps else [],
        secrets=_secrets(shown),
        kept=_kept(shown),
        settings=_settings(shown),
        spellings=_spellings(wanted.id),
        entries=entries[:_PAGE],
        outcomes=_OUTCOMES,
        first="" if before is None else f"{path}#timeline",
        following=_following(path, entries[_PAGE - 1].id) if len(entries) > _PAGE else "",
    )


async def _held(browser: Browser, wanted: Wanted) -> Sequence[tuple[ItemDelivery, str]]:
    """Each with the address of its item."""
    which = DeliveryFilter(states=(DeliveryState.HELD,), limit=_MOST_HELD)
    found = await browser.services.deliveries.list(browser.caller, wanted, which)
    return [(one, item_address.address_of(one.item_type, one.item_key)) for one in found]


def _secrets(shown: Administered) -> Mapping[str, str]:
    """What the vendor takes of what is stored, masked, by its title."""
    secrets = () if shown.definition is None else shown.definition.secrets
    return {one.title: shown.masks[one.name] for one in secrets if one.name in shown.masks}


def _kept(shown: Administered) -> Sequence[str]:
    """The names of what is stored beside that, as a refresh token is; of an app, its form is shown instead."""
    if ids.is_hex(shown.integration.provider):
        return ()
    known = {one.name for one in (() if shown.definition is None else shown.definition.secrets)}
    return [name.replace("_", " ") for name in shown.masks if name not in known]


def _settings(shown: Administered) -> Mapping[str, str]:
    """By their titles, in the order of the form; what has none there has its name."""
    texts = to_texts(shown.integration.configuration)
    fields = () if shown.definition is None else shown.definition.configuration
    titles = {one.name: one.title for one in fields if texts.get(one.name)}
    names = [*titles, *(name for name in texts if name not in titles and texts[name])][:_MOST_SETTINGS]
    return {titles.get(name, name): _cut(texts[name]) for name in names}


def _cut(text: str) -> str:
    return text if len(text) <= _VALUE_LIMIT else f"{text[:_VALUE_LIMIT]}…"


def _spellings(integration_id: int) -> Mapping[str, str]:
    """As each contract spells the id."""
    return {
        "hubs, platform": ids.to_hex(integration_id),
        "integrations": ids.to_uuid(integration_id),
        "organisations": ids.to_decimal(integration_id),
    }


def _following(path: str, last: int) -> str:
    return f"{queries.address(path, before=ids.to_hex(last))}#timeline"


ROUTES: Final = [page_route(ONE, {"GET": show})]
