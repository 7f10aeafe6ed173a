"""Installing an app, and how that went (contract `platform`): the form made from what its developer asks for."""

import hashlib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jackfield.domain import ids
from jackfield.domain.app import App, AppNotFound, AppStatus
from jackfield.domain.installation import (
    GRANTED,
    READ,
    WRITE,
    InstallationNotFound,
    InstallationRow,
    InstallationStatus,
    InvalidConfiguration,
)
from jackfield.domain.schema_fields import Field, Widget
from jackfield.domain.schema_form import ADD_ROW, REMOVE_ROW, SchemaForm, Sent, walk, with_changed_rows
from jackfield.domain.session import FormRefused
from jackfield.services.oauth_server import IssuedCode
from jackfield.web.pages.authorizing import is_state, with_state
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.form import read_form
from jackfield.web.pages.rendering import QUIET_HEADERS, REFERRER_POLICY, redirect, render
from jackfield.web.pages.routing import INTEGRATIONS, page_route, sign_in_address
from jackfield.web.pages.shown_field import ShownField
from jackfield.web.tenant_address import PREFIX, require_tenant

_PATH: Final = "/platform/integrations/{id}"
#: adds and removes rows without a new page; the form works without it
SCRIPT: Final = "/platform/form.js"
_SCRIPT_SOURCE: Final = (Path(__file__).parent.parent / "static" / "form_rows.js").read_bytes()
#: the hidden field that has the id of the installation to be
_INSTALLATION: Final = "installation"
#: and what the app wants to have back (RFC 6749 §4.1.1)
_STATE: Final = "state"


#: what every installation lets its app do, in words
_MEANINGS: Final = {
    READ: "Read what you fill in here",
    WRITE: "Mark this installation as set up, or not",
}


class Outcome(StrEnum):
    """What is told of how it went."""

    CONNECTED = "connected"
    #: the app's server has not called it complete yet
    PENDING = "pending"
    #: this browser's session has installed nothing of the app
    NOTHING = "nothing"
    #: nobody is signed in
    UNKNOWN = "unknown"
    FAILED = "failed"
    #: the app tells of an error, and is connected all the same
    PROBLEM = "problem"
    REMOVED = "removed"


async def show(browser: Browser) -> Response:
    app = await _installable(browser)
    return _page(browser, app, await browser.services.installations.reserve_id(), None, {})


async def install(browser: Browser) -> Response:
    app = await _installable(browser)
    sent = await read_form(browser.request)
    installation_id = _reserved(sent.first(_INSTALLATION))
    browser.check_form(sent, _purpose(app, installation_id))
    form = SchemaForm(app.configuration_fields)
    add, remove_ = sent.first(ADD_ROW), sent.first(REMOVE_ROW)
    if add or remove_:
        # nothing is judged yet
        return _page(browser, app, installation_id, with_changed_rows(sent, add, remove_), {})
    reading = form.read(sent)
    if reading.flaws:
        return _page(browser, app, installation_id, sent, reading.flaws)
    try:
        installed = await browser.services.installations.create(browser.caller, app.id, reading.value, installation_id)
    except InvalidConfiguration as error:
        # the developer has changed the form meanwhile
        return _page(browser, app, installation_id, sent, form.placed(error.flaws, reading.places))
    outcome = f"{_here(browser, app)}/connections/success"
    try:
        issued = await _code(browser, app, installed.id)
    except InstallationNotFound:
        # the same person began again meanwhile: the page shows what took its place
        return redirect(outcome, REFERRER_POLICY)
    if issued is None or issued.callback is None:
        return redirect(outcome, REFERRER_POLICY)
    return redirect(with_state(issued.callback, sent.first(_STATE)), REFERRER_POLICY)


async def _code(browser: Browser, app: App, installation_id: int) -> IssuedCode | None:
    """The code that the person takes to the app; None where the app has no address for it."""
    if not app.oauth_callback_url:
        return None
    return await browser.services.oauth_server.issue_code(browser.caller, installation_id)


async def remove(browser: Browser) -> Response:
    """Ends an installation that this browser's person began and the app never finished."""
    app = await _seen(browser)
    sent = await read_form(browser.request)
    installation_id = _reserved(sent.first(_INSTALLATION))
    browser.check_form(sent, _removal(app, installation_id))
    await browser.services.installations.remove_pending(browser.caller, installation_id)
    return redirect(f"{_here(browser, app)}/connections/removed")


async def show_removed(browser: Browser) -> Response:
    app = await _seen(browser)
    removed = not await _has_installed(browser, app)
    return _outcome(browser, app, Outcome.REMOVED if removed else Outcome.NOTHING)


async def show_success(browser: Browser) -> Response:
    """What this browser's own session made of the app, whatever led here."""
    app = await _seen(browser)
    if browser.session is None:
        return _outcome(browser, app, Outcome.UNKNOWN)
    made = await browser.services.installations.made_in(browser.caller, app)
    if made is None:
        return _outcome(browser, app, Outcome.NOTHING)
    return _outcome(browser, app, Outcome.PENDING if _is_incomplete(made) else Outcome.CONNECTED, made)


async def show_error(browser: Browser) -> Response:
    """What the app's developer has to say of the code; of another code, nothing of what the address has."""
    app = await _seen(browser)
    code = browser.request.query_params.get("error_code", "")
    message = (app.error_codes or {}).get(code) or "The app could not be connected. It did not say why."
    made = await browser.services.installations.made_in(browser.caller, app) if browser.session else None
    is_connected = made is not None and not _is_incomplete(made)
    return _outcome(browser, app, Outcome.PROBLEM if is_connected else Outcome.FAILED, made, message)


def _outcome(
    browser: Browser, app: App, outcome: Outcome, made: InstallationRow | None = None, message: str = ""
) -> Response:
    """How it went. `made`: what this browser's session made of the app; if it is not finished, it can be removed."""
    pending = made if made is not None and made.is_pending else None
    return render(
        "page_outcome.html",
        browser=browser,
        app=app,
        outcome=outcome,
        message=message,
        here=_here(browser, app),
        integration=f"{INTEGRATIONS}/{ids.to_hex(made.integration_id)}" if made else "",
        pending=ids.to_hex(pending.integration_id) if pending else "",
        form_token=browser.form_token(_removal(app, pending.integration_id)) if pending else "",
        sign_in_address=sign_in_address(browser.request),
    )


async def _has_installed(browser: Browser, app: App) -> bool:
    return browser.session is not None and await browser.services.installations.made_in(browser.caller, app) is not None


def _is_incomplete(made: InstallationRow) -> bool:
    return made.status is InstallationStatus.INCOMPLETE


def _page(
    browser: Browser, app: App, installation_id: int, sent: Sent | None, flaws: Mapping[str, Sequence[str]]
) -> Response:
    """The form; with what was sent and what is wrong with it, where something was."""
    form = SchemaForm(app.configuration_fields)
    fields = form.filled(sent)
    shown = {
        field.name: ShownField.of(field, _control(field), sent, flaws.get(field.name, ())) for field in walk(fields)
    }
    has_rows = any(field.widget is Widget.LIST for field in walk(fields))
    return render(
        "page_install.html",
        422 if flaws else 200,
        app.oauth_callback_url,
        images=[app.icon_url or ""],
        browser=browser,
        app=app,
        scripts=has_rows,
        script=SCRIPT if has_rows else "",
        form=form,
        fields=fields,
        shown=shown,
        flaws=flaws,
        overall=flaws.get("", ()),
        granted=GRANTED,
        meanings=_MEANINGS,
        goes_to=urlsplit(app.oauth_callback_url).netloc if app.oauth_callback_url else "",
        address=_here(browser, app),
        installation=ids.to_hex(installation_id),
        form_token=browser.form_token(_purpose(app, installation_id)),
        state=_state(browser, sent),
    )


def _control(field: Field) -> str:
    """The id of a field's control: the same however many rows stand before it."""
    return f"field-{hashlib.blake2b(field.name.encode(), digest_size=6).hexdigest()}"


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


def _state(browser: Browser, sent: Sent | None) -> str:
    """What the app gets back with the code, as it led the browser here; what cannot be given back is left out."""
    state = browser.request.query_params.get(_STATE, "") if sent is None else next(iter(sent.get(_STATE, ())), "")
    return state if is_state(state) else ""


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


def _removal(app: App, installation_id: int) -> str:
    return f"remove {app.id} {installation_id}"


def _purpose(app: App, installation_id: int) -> str:
    """A form is for one installation of one app."""
    return f"install {app.id} {installation_id}"


def _here(browser: Browser, app: App) -> str:
    """The app's page, as the browser came to it."""
    return f"{browser.request.scope.get(PREFIX, '')}/platform/integrations/{app.hex_id}"


async def _script(_: Request) -> Response:
    headers = {**QUIET_HEADERS, "cache-control": "max-age=300"}
    return Response(_SCRIPT_SOURCE, headers=headers, media_type="text/javascript")


ROUTES: Final = [
    Route(SCRIPT, _script, methods=["GET"]),
    page_route(_PATH, {"GET": show, "POST": install}),
    page_route(f"{_PATH}/connections/success", {"GET": show_success}),
    page_route(f"{_PATH}/connections/error", {"GET": show_error}),
    page_route(f"{_PATH}/connections/remove", {"POST": remove}),
    page_route(f"{_PATH}/connections/removed", {"GET": show_removed}),
]
