"""Deleting an integration: what that means, confirmed by its name."""

from typing import Final

from starlette.responses import Response

from jackfield.domain.integration import Detail, InvalidState
from jackfield.domain.principal import Capability
from jackfield.web.console.addressed import ONE, address_of, wanted_by
from jackfield.web.console.confirming import flaw_of, to_type
from jackfield.web.console.view import done, view
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.form import read_form
from jackfield.web.pages.routing import page_route


async def show(browser: Browser) -> Response:
    return await _page(browser, await _deletable(browser))


async def delete(browser: Browser) -> Response:
    form = await read_form(browser.request)
    browser.check_form(form)
    found = await _deletable(browser)
    flaw = flaw_of(form, found.name)
    if flaw:
        return await _page(browser, found, flaw)
    await browser.services.administration.delete(browser.caller, wanted_by(browser))
    return done(address_of(found.id), "deleting")


async def _deletable(browser: Browser) -> Detail:
    browser.caller.require(Capability.MANAGE)
    shown = await browser.services.administration.get(browser.caller, wanted_by(browser))
    if shown.integration.is_going:
        raise InvalidState("It is being deleted already, or is.")
    return shown.integration


async def _page(browser: Browser, found: Detail, flaw: str = "") -> Response:
    return view(
        browser,
        "integration_delete.html",
        422 if flaw else 200,
        found=found,
        here=address_of(found.id),
        vendor=await browser.services.catalog.name(found.provider),
        typed=to_type(found.name),
        flaw=flaw,
    )


ROUTES: Final = [page_route(f"{ONE}/delete", {"GET": show, "POST": delete})]
