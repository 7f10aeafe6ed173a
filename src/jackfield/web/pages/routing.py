"""A page's route: whatever goes wrong behind it is a page, too."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import quote

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jackfield.domain.app import AppNotFound
from jackfield.domain.errors import (
    CapabilityMissing,
    Conflict,
    Forbidden,
    Invalid,
    JackfieldError,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from jackfield.domain.session import SessionInvalid, TooManyFailures
from jackfield.web.contract import REQUEST_ID
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.rendering import redirect, render
from jackfield.web.request_body import BodyTooLarge
from jackfield.web.tenant_address import PREFIX

SIGN_IN: Final = "/console/sign-in"
#: where who signed in goes that wanted no page in particular
CONSOLE: Final = "/console"
#: and within it, one page for each integration
INTEGRATIONS: Final = f"{CONSOLE}/integrations"

Handler = Callable[[Browser], Awaitable[Response]]

#: the first that fits: status and heading
_KINDS: Final[tuple[tuple[type[Exception], int, str], ...]] = (
    (TooManyFailures, 429, "Too many attempts"),
    (Unauthenticated, 403, "That did not work"),
    (Forbidden, 403, "This is not possible"),
    (NotFound, 404, "Not found"),
    (Conflict, 409, "This is not possible"),
    (BodyTooLarge, 413, "That was too much"),
    (Invalid, 400, "That did not work"),
    (Unavailable, 503, "Not available"),
)
_log = structlog.get_logger(__name__)


def page_route(path: str, handlers: Mapping[str, Handler]) -> Route:
    """The pages at a path, by method."""

    async def answer(request: Request) -> Response:
        browser: Browser | None = None
        try:
            browser = await Browser.of(request)
            handler = handlers["GET" if request.method == "HEAD" else request.method]
            return browser.keep(await handler(browser))
        except SessionInvalid:
            return redirect(sign_in_address(request))
        except JackfieldError as error:
            return _told(browser, error)
        except Exception:  # noqa: BLE001  its words may hold anything, so they are for the log alone
            _log.exception("unexpected failure", page=path, request_id=request.scope[REQUEST_ID])
            message = "Something went wrong here. The log has the details under this request's id."
            return render("page_message.html", 500, browser=browser, heading="An error", message=message)

    return Route(path, answer, methods=list(handlers))


def sign_in_address(request: Request) -> str:
    """Where to sign in, and from there back to this page."""
    here = request.scope.get(PREFIX, "") + request.scope["path"]
    query = request.url.query
    return f"{SIGN_IN}?next={quote(here + (f'?{query}' if query else ''), safe='/')}"


def _told(browser: Browser | None, error: JackfieldError) -> Response:
    status, heading = next(
        ((status, heading) for known, status, heading in _KINDS if isinstance(error, known)), (500, "An error")
    )
    message = str(error)
    if isinstance(error, AppNotFound):
        message = "There is no such app, or it is not published yet. Ask who sent you here for the right address."
    elif isinstance(error, CapabilityMissing):
        message = f"You are signed in, but lack the right {error.capability}. Ask an administrator to do this for you."
    response = render("page_message.html", status, browser=browser, heading=heading, message=message)
    if isinstance(error, TooManyFailures):
        response.headers["retry-after"] = str(error.seconds)
    return response if browser is None else browser.keep(response)
