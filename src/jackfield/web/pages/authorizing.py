"""Where a browser begins to install an app by the way of OAuth (RFC 6749 §4.1.1): on to the app's install page.

The person agrees on that page, by filling its form in. The request has to fit what the app has registered.
"""

import re
from typing import Final
from urllib.parse import quote

from starlette.responses import Response

from jackfield.domain import ids
from jackfield.domain.app import App, AppNotFound, AppStatus
from jackfield.domain.errors import Invalid
from jackfield.domain.installation import granted_scopes
from jackfield.domain.web_address import with_query
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.rendering import redirect
from jackfield.web.pages.routing import page_route
from jackfield.web.tenant_address import PREFIX

PATH: Final = "/platform/authorize"
#: what the app gets back as it sent it (RFC 6749 appendix A.5)
_STATE: Final = re.compile(r"[ -~]{1,512}")


class AuthorizationRefused(Invalid):
    """The request is not of the app that it names, so the browser is not sent there."""

    code = "authorization-refused"


async def authorize(browser: Browser) -> Response:
    """To the install page. What is wrong is told to the app if the operator has approved it, else on a page."""
    query = browser.request.query_params
    app = await _app(browser, query.get("client_id", ""))
    callback = app.oauth_callback_url
    if callback is None:
        raise AuthorizationRefused("This app has no callback URL, so it can be installed only from its install page.")
    if query.get("redirect_uri", callback) != callback:
        raise AuthorizationRefused("The redirect_uri is not the callback URL that the app has registered.")
    state = query.get("state", "")
    error = _error(app, query.get("response_type", ""), query.get("scope", ""), state)
    if error is None:
        suffix = f"?state={quote(state, safe='')}" if state else ""
        return redirect(f"{browser.request.scope.get(PREFIX, '')}/platform/integrations/{app.hex_id}{suffix}")
    if app.status is not AppStatus.APPROVED:
        raise AuthorizationRefused(f"The app sent a request that cannot be used ({error}).")
    return redirect(with_state(with_query(callback, "error", error), state))


def with_state(address: str, state: str) -> str:
    """The address with the state, if there is one that can be given back."""
    return with_query(address, "state", quote(state, safe="")) if is_state(state) else address


def is_state(text: str) -> bool:
    """Whether it is a state that an app can have back."""
    return _STATE.fullmatch(text) is not None


def _error(app: App, response_type: str, scope: str, state: str) -> str | None:
    """What is wrong, as RFC 6749 §4.1.2.1 calls it; None for nothing."""
    if not response_type or (state and not is_state(state)):
        return "invalid_request"
    if response_type != "code":
        return "unsupported_response_type"
    return None if set(scope.split()) <= set(granted_scopes(app)) else "invalid_scope"


async def _app(browser: Browser, client_id: str) -> App:
    """Raises AppNotFound."""
    try:
        return await browser.services.apps.get(ids.parse_hex(client_id))
    except ids.MalformedId:
        raise AppNotFound(client_id) from None


ROUTES: Final = [page_route(PATH, {"GET": authorize})]
