"""Replacing the client secret of one of the organisation's own apps; the new one is shown once."""

from datetime import timedelta
from typing import Final

from starlette.responses import Response

from jackfield.domain import ids
from jackfield.domain.app import SECRET_GRACE, App, AppNotFound
from jackfield.web.console.catalogue import PATH as CATALOGUE
from jackfield.web.console.view import view
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.form import read_form
from jackfield.web.pages.routing import page_route

_PATH: Final = f"{CATALOGUE}/yours/{{id}}/client-secret"
#: how long the old secret can stay good, in hours, and how that is told
_GRACES: Final = (
    ("0", "Stop working now"),
    ("1", "Keep working for an hour"),
    ("24", "Keep working for 24 hours"),
    ("168", "Keep working for 7 days"),
)
_USUAL: Final = f"{SECRET_GRACE.total_seconds() / 3600:.0f}"


async def show(browser: Browser) -> Response:
    return _form(browser, await _own(browser))


async def replace(browser: Browser) -> Response:
    form = await read_form(browser.request)
    app = await _own(browser)
    browser.check_form(form, _purpose(app))
    hours = form.first("grace")
    if hours not in dict(_GRACES):
        return _form(browser, app, "Choose one of these.")
    grace = timedelta(hours=int(hours))
    replaced = await browser.services.apps.replace_secret(browser.caller, app.id, grace)
    return view(
        browser,
        "client_secret_made.html",
        secret=replaced.client_secret,
        app=app,
        previous_expires_at=replaced.previous_expires_at,
        app_address=f"{CATALOGUE}/{app.hex_id}",
    )


def _form(browser: Browser, app: App, flaw: str = "") -> Response:
    return view(
        browser,
        "client_secret.html",
        422 if flaw else 200,
        app=app,
        app_address=f"{CATALOGUE}/{app.hex_id}",
        action=_PATH.format(id=app.hex_id),
        form_token=browser.form_token(_purpose(app)),
        graces=_GRACES,
        usual=_USUAL,
        flaw=flaw,
    )


def _purpose(app: App) -> str:
    return f"client secret {app.id}"


async def _own(browser: Browser) -> App:
    """Raises CapabilityMissing, or AppNotFound also for an app of another organisation."""
    reference: str = browser.request.path_params["id"]
    try:
        return await browser.services.apps.get_own(browser.caller, ids.parse_hex(reference))
    except ids.MalformedId:
        raise AppNotFound(reference) from None


ROUTES: Final = [page_route(_PATH, {"GET": show, "POST": replace})]
