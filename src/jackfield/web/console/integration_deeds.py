"""What is done with an integration at the push of a button: each is a form, and leads back to its page."""

from typing import Final

from starlette.responses import Response

from jackfield.domain.definition import FieldProblem
from jackfield.domain.integration import Wanted
from jackfield.domain.submission import Submission
from jackfield.web.console import editing
from jackfield.web.console.addressed import ONE, address_of, wanted_by
from jackfield.web.console.view import done
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.form import read_form
from jackfield.web.pages.rendering import redirect
from jackfield.web.pages.routing import page_route


async def verify(browser: Browser) -> Response:
    wanted = await _meant(browser)
    await browser.services.verification.ask(browser.caller, wanted)
    return done(address_of(wanted.id), "verifying")


async def refresh(browser: Browser) -> Response:
    wanted = await _meant(browser)
    await browser.services.refreshing.ask(browser.caller, wanted)
    return done(address_of(wanted.id), "refreshing")


async def synchronise(browser: Browser) -> Response:
    wanted = await _meant(browser)
    await browser.services.synchronisation.ask(browser.caller, wanted)
    return done(address_of(wanted.id), "synchronising")


async def enable(browser: Browser) -> Response:
    wanted = await _meant(browser)
    try:
        await browser.services.administration.update(browser.caller, wanted, Submission(enabled=True))
    except FieldProblem as problem:
        # a setting is missing that is needed to bring items out: it can be filled in at once
        return await editing.show_problem(browser, wanted, problem)
    return done(address_of(wanted.id), "resumed")


async def disable(browser: Browser) -> Response:
    wanted = await _meant(browser)
    await browser.services.administration.update(browser.caller, wanted, Submission(enabled=False))
    return done(address_of(wanted.id), "paused")


async def retry_held(browser: Browser) -> Response:
    wanted = await _meant(browser)
    count = await browser.services.deliveries.retry_held(browser.caller, wanted)
    return done(address_of(wanted.id), "retried", count) if count else done(address_of(wanted.id), "nothing-held")


async def lead_back(browser: Browser) -> Response:
    """For who signed in anew at the address of a deed: it is not done without its form."""
    return redirect(address_of(wanted_by(browser).id))


async def _meant(browser: Browser) -> Wanted:
    """The integration, once the form is known to be ours. Raises FormRefused or IntegrationNotFound."""
    browser.check_form(await read_form(browser.request))
    return wanted_by(browser)


_DEEDS: Final = {
    "verify": verify,
    "refresh": refresh,
    "synchronise": synchronise,
    "enable": enable,
    "disable": disable,
    "retry-held": retry_held,
}
ROUTES: Final = [page_route(f"{ONE}/{name}", {"GET": lead_back, "POST": deed}) for name, deed in _DEEDS.items()]
