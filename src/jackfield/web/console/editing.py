"""Changing an integration: its name, its settings, what it brings out, and its credential."""

from typing import Final

from starlette.responses import Response

from jackfield.domain.definition import Definition, FieldProblem
from jackfield.domain.integration import InvalidState, Wanted
from jackfield.domain.principal import Capability
from jackfield.domain.schema_form import Sent
from jackfield.services.administration import Administered
from jackfield.web.console.addressed import ONE, address_of, wanted_by
from jackfield.web.console.integration_form import Flaws, IntegrationForm
from jackfield.web.console.view import done, view
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.form import read_form
from jackfield.web.pages.routing import page_route


async def show(browser: Browser) -> Response:
    shown, definition = await _editable(browser, wanted_by(browser))
    return _page(browser, shown, definition, await _form(browser, shown, definition))


async def save(browser: Browser) -> Response:
    """What is changed of the credential, or of where it goes, is verified."""
    sent = await read_form(browser.request)
    browser.check_form(sent)
    wanted = wanted_by(browser)
    shown, definition = await _editable(browser, wanted)
    form = await _form(browser, shown, definition)
    filled = form.read(sent)
    if filled.flaws:
        return _page(browser, shown, definition, form, sent, filled.flaws)
    try:
        saved = await browser.services.administration.update(browser.caller, wanted, filled.submission)
    except FieldProblem as problem:
        return _page(browser, shown, definition, form, sent, form.placed(problem, sent))
    path = address_of(wanted.id)
    if not _is_to_be_proven(shown, saved, definition):
        return done(path, "saved")
    await browser.services.verification.ask(browser.caller, wanted)
    return done(path, "saved-verifying")


async def show_problem(browser: Browser, wanted: Wanted, problem: FieldProblem) -> Response:
    """The form as it is stored, with what is wrong with that."""
    shown, definition = await _editable(browser, wanted)
    form = await _form(browser, shown, definition)
    return _page(browser, shown, definition, form, None, form.placed(problem, {}))


def _is_to_be_proven(before: Administered, after: Administered, definition: Definition) -> bool:
    # it counts changes of settings as well, and a vendor may not take those
    is_changed = before.integration.credential_version != after.integration.credential_version
    return is_changed and definition.supports_verification and after.integration.sealed_secrets is not None


async def _editable(browser: Browser, wanted: Wanted) -> tuple[Administered, Definition]:
    """Raises CapabilityMissing, IntegrationNotFound, or InvalidState with why it cannot be changed here."""
    browser.caller.require(Capability.MANAGE)
    shown = await browser.services.administration.get(browser.caller, wanted)
    await browser.services.administration.check_changeable(browser.caller, wanted)
    if shown.definition is None:
        raise InvalidState("The part that speaks with its vendor is not installed here, so nothing can be changed.")
    if not shown.definition.editable:
        raise InvalidState(
            f"What {shown.definition.name} was installed with is the app's own to change. "
            "Install it again to fill in its form anew."
        )
    return shown, shown.definition


async def _form(browser: Browser, shown: Administered, definition: Definition) -> IntegrationForm:
    delivers = await browser.services.catalog.deliverer(definition.vendor) is not None
    return IntegrationForm(definition, shown, delivers=delivers)


def _page(
    browser: Browser,
    shown: Administered,
    definition: Definition,
    form: IntegrationForm,
    sent: Sent | None = None,
    flaws: Flaws | None = None,
) -> Response:
    return view(
        browser,
        "integration_edit.html",
        422 if flaws else 200,
        found=shown.integration,
        definition=definition,
        here=address_of(shown.integration.id),
        is_granted=form.is_granted,
        form=form.shown(sent, flaws),
    )


ROUTES: Final = [page_route(f"{ONE}/edit", {"GET": show, "POST": save})]
