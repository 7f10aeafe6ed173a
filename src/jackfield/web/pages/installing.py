"""Installing an app, and how that went (contract `platform`): the form made from what its developer asks for."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from starlette.responses import Response

from jackfield.domain import ids
from jackfield.domain.app import App, AppNotFound, AppStatus
from jackfield.domain.installation import GRANTED, InvalidConfiguration
from jackfield.domain.schema_form import SchemaForm, Sent
from jackfield.domain.session import FormRefused
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.form import read_form
from jackfield.web.pages.rendering import REFERRER_POLICY, redirect, render
from jackfield.web.pages.routing import page_route
from jackfield.web.pages.shown_field import ShownField
from jackfield.web.tenant_address import PREFIX, require_tenant

_PATH: Final = "/platform/integrations/{id}"
#: the hidden field that has the id of the installation to be
_INSTALLATION: Final = "installation"


async def show(browser: Browser) -> Response:
    app = await _installable(browser)
    return _page(browser, app, await browser.services.installations.reserve_id(), None, {})


async def install(browser: Browser) -> Response:
    app = await _installable(browser)
    sent = await read_form(browser.request)
    installation_id = _reserved(sent.first(_INSTALLATION))
    browser.check_form(sent, _purpose(app, installation_id))
    form = SchemaForm(app.configuration_fields)
    reading = form.read(sent)
    if reading.flaws:
        return _page(browser, app, installation_id, sent, reading.flaws)
    services = browser.services
    try:
        installed = await services.installations.create(browser.caller, app.id, reading.value, installation_id)
    except InvalidConfiguration as error:
        # the developer has changed the form meanwhile
        return _page(browser, app, installation_id, sent, form.placed(error.flaws))
    issued = await services.oauth_server.issue_code(browser.caller, installed.id) if app.oauth_callback_url else None
    place = issued.callback if issued and issued.callback else f"{_here(browser, app)}/connections/success"
    return redirect(place, REFERRER_POLICY)


async def show_success(browser: Browser) -> Response:
    app = await _seen(browser)
    return render("page_outcome.html", browser=browser, app=app, message=None, again=_here(browser, app))


async def show_error(browser: Browser) -> Response:
    """What the app's developer has to say of the code; of another code, nothing of what the address has."""
    app = await _seen(browser)
    code = browser.request.query_params.get("error_code", "")
    message = (app.error_codes or {}).get(code) or "The app could not be connected. It did not say why."
    return render("page_outcome.html", browser=browser, app=app, message=message, again=_here(browser, app))


def _page(
    browser: Browser, app: App, installation_id: int, sent: Sent | None, flaws: Mapping[str, Sequence[str]]
) -> Response:
    """The form; with what was sent and what is wrong with it, where something was."""
    form = SchemaForm(app.configuration_fields)
    shown = {
        field.name: ShownField.of(field, f"field-{number}", sent, flaws.get(field.name, ()))
        for number, field in enumerate(form.all_fields(), start=1)
    }
    return render(
        "page_install.html",
        422 if flaws else 200,
        app.oauth_callback_url,
        browser=browser,
        app=app,
        fields=form.fields,
        shown=shown,
        flaws=flaws,
        overall=flaws.get("", ()),
        granted=GRANTED,
        goes_to=urlsplit(app.oauth_callback_url).netloc if app.oauth_callback_url else "",
        address=_here(browser, app),
        installation=ids.to_hex(installation_id),
        form_token=browser.form_token(_purpose(app, installation_id)),
    )


async def _installable(browser: Browser) -> App:
    """Raises SessionInvalid, TenantMismatch, CapabilityMissing, AppNotFound or AppArchived."""
    caller = browser.caller
    if browser.session is not None:
        require_tenant(browser.request, browser.session.handle)
    return await browser.services.apps.get_installable(caller, _definition_id(browser))


async def _seen(browser: Browser) -> App:
    """The app, for who comes back from it. One in development is shown to its own organisation alone.

    Whoever comes back may not be signed in any more; what they are told, the operator has approved.
    """
    app = await browser.services.apps.get(_definition_id(browser))
    if app.status is AppStatus.DEVELOPMENT and browser.caller.organisation_id != app.organisation_id:
        raise AppNotFound(app.hex_id)
    return app


def _definition_id(browser: Browser) -> int:
    reference: str = browser.request.path_params["id"]
    try:
        return ids.parse_hex(reference)
    except ids.MalformedId:
        raise AppNotFound(reference) from None


def _reserved(reference: str) -> int:
    try:
        return ids.parse_hex(reference)
    except ids.MalformedId:
        raise FormRefused from None


def _purpose(app: App, installation_id: int) -> str:
    """A form is for one installation of one app."""
    return f"install {app.id} {installation_id}"


def _here(browser: Browser, app: App) -> str:
    """The app's page, as the browser came to it."""
    return f"{browser.request.scope.get(PREFIX, '')}/platform/integrations/{app.hex_id}"


ROUTES: Final = [
    page_route(_PATH, {"GET": show, "POST": install}),
    page_route(f"{_PATH}/connections/success", {"GET": show_success}),
    page_route(f"{_PATH}/connections/error", {"GET": show_error}),
]
