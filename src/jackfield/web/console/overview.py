"""The first page: what is live, what needs someone, and how the last day went."""

from collections.abc import Mapping, Sequence
from typing import Final

from starlette.responses import Response

from jackfield.domain.count import Count
from jackfield.domain.health import Health
from jackfield.domain.integration import State
from jackfield.domain.overview import Hour, OverviewFacts
from jackfield.domain.principal import Capability
from jackfield.web.console.charts import Chart, Column, draw
from jackfield.web.console.navigation import HOME, places
from jackfield.web.console.view import view
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.rendering import redirect
from jackfield.web.pages.routing import page_route

_DELIVERIES: Final = {"good": "delivered", "bad": "failed or held"}
_JOBS: Final = {"good": "done", "bad": "failed"}


async def show(browser: Browser) -> Response:
    caller = browser.caller
    if not caller.principal.has(Capability.VIEW):
        # somebody who may only see other places is led to the first of those
        elsewhere = places(caller, HOME)
        if elsewhere:
            return redirect(elsewhere[0].path)
    facts = await browser.services.overview.get(caller)
    vendors = {one.provider for one in facts.broken}
    return view(
        browser,
        "overview.html",
        facts=facts,
        live=facts.states[State.LIVE],
        degraded=facts.healths[Health.DEGRADED],
        is_empty=not any(facts.states.values()),
        names={vendor: await browser.services.catalog.name(vendor) for vendor in vendors},
        charts=_charts(facts),
    )


def _charts(facts: OverviewFacts) -> Sequence[Chart]:
    return [
        draw("Deliveries", _summary(facts.delivery_hours, _DELIVERIES), _columns(facts.delivery_hours), _DELIVERIES),
        draw("Jobs", _summary(facts.job_hours, _JOBS), _columns(facts.job_hours), _JOBS),
    ]


def _columns(hours: Sequence[Hour]) -> Sequence[Column]:
    return [Column(f"{hour.at:%H:%M} UTC", {"good": hour.good.number, "bad": hour.bad.number}) for hour in hours]


def _summary(hours: Sequence[Hour], names: Mapping[str, str]) -> str:
    def total(counts: Sequence[Count]) -> Count:
        return Count(sum(count.number for count in counts), more=any(count.more for count in counts))

    good, bad = total([hour.good for hour in hours]), total([hour.bad for hour in hours])
    if not good and not bad:
        return "none in the last 24 hours"
    return f"{good} {names['good']}, {bad} {names['bad']} in the last 24 hours"


ROUTES: Final = [page_route(HOME, {"GET": show})]
