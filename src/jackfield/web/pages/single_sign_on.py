"""Signing in by the operator's OpenID provider: off to it, and back."""

from typing import Final
from urllib.parse import quote

from starlette.responses import Response

from jackfield.domain.errors import JackfieldError, NotFound
from jackfield.domain.sign_in import (
    IdentityProviderAway,
    IdentityUnproven,
    NotAdmitted,
    SignInDeclined,
    SignInExpired,
)
from jackfield.services.single_sign_on import Return, SingleSignOn
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.form import read_form
from jackfield.web.pages.next_page import own_page
from jackfield.web.pages.rendering import redirect, render
from jackfield.web.pages.routing import SIGN_IN, page_route
from jackfield.web.pages.sign_in import complete_sign_in
from jackfield.web.tenant_address import base_url

_START: Final = f"{SIGN_IN}/oidc"
_CALLBACK: Final = f"{_START}/callback"
#: what can come of it but a session: status and heading
_OUTCOMES: Final[dict[type[JackfieldError], tuple[int, str]]] = {
    SignInExpired: (403, "Begin again"),
    SignInDeclined: (403, "Not signed in"),
    IdentityUnproven: (403, "That did not work"),
    NotAdmitted: (403, "You may not come in"),
    IdentityProviderAway: (503, "Not available"),
}


async def start(browser: Browser) -> Response:
    form = await read_form(browser.request)
    browser.check_form(form)
    next_page = own_page(form.first("next"))
    try:
        address = await _provider(browser).start(browser.token, next_page, _redirect_uri(browser), browser.origin)
    except IdentityProviderAway as error:
        return _told(browser, error, next_page)
    return redirect(address)


async def come_back(browser: Browser) -> Response:
    query = browser.request.query_params
    returned = Return(
        state=query.get("state", ""),
        code=query.get("code", ""),
        error=query.get("error", ""),
        issuer=query.get("iss", ""),
    )
    try:
        opened, next_page = await _provider(browser).finish(
            browser.token, returned, _redirect_uri(browser), browser.origin
        )
    except tuple(_OUTCOMES) as error:
        return _told(browser, error, "")
    return await complete_sign_in(browser, opened, next_page)


def _provider(browser: Browser) -> SingleSignOn:
    """Raises NotFound when the operator has none."""
    provider = browser.services.single_sign_on
    if provider is None:
        raise NotFound("Page", browser.request.scope["path"])
    return provider


def _redirect_uri(browser: Browser) -> str:
    return base_url(browser.request) + _CALLBACK


def _told(browser: Browser, error: JackfieldError, next_page: str) -> Response:
    status, heading = _OUTCOMES[type(error)]
    again = f"{SIGN_IN}?next={quote(next_page, safe='/')}" if next_page else SIGN_IN
    return render(
        "page_not_signed_in.html", status, browser=browser, heading=heading, message=str(error), sign_in_address=again
    )


ROUTES: Final = [page_route(_START, {"POST": start}), page_route(_CALLBACK, {"GET": come_back})]
