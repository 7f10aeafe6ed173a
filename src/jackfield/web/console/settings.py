"""The organisation: what it is called, where connect links may lead back to, and who is signed in.

The answer to the form of return URLs is the page itself, since it has what undoes it: the former ones.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from starlette.responses import Response

from jackfield.domain import ids
from jackfield.domain.errors import Invalid, NotFound
from jackfield.domain.principal import Capability
from jackfield.domain.return_url import LIST_LIMIT
from jackfield.domain.session import Opening, Session, SessionInvalid
from jackfield.web.console.view import done, view
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.form import read_form
from jackfield.web.pages.rendering import redirect
from jackfield.web.pages.routing import SIGN_IN, page_route

PATH: Final = "/console/settings"
#: nobody reads more, and the page stays small
_MOST_SESSIONS: Final = 100
_WAYS: Final[Mapping[Opening, str]] = {
    Opening.LINK: "by a link",
    Opening.KEY: "with a key",
    Opening.OIDC: "by OpenID Connect",
}


class ShownSession(msgspec.Struct, frozen=True):
    """`is_present`: it is that of who looks at the page."""

    session: Session
    way: str
    is_present: bool


class _ReturnUrls(msgspec.Struct, frozen=True):
    """As they stand in the form. `flaws` by the control's name. `former`: what was saved over; None: nothing was."""

    text: str
    flaws: Mapping[str, str] = {}
    is_saved: bool = False
    former: str | None = None


async def show(browser: Browser) -> Response:
    settings = await browser.services.organisations.settings(browser.caller)
    return await _page(browser, _ReturnUrls("\n".join(settings.return_urls)))


async def save(browser: Browser) -> Response:
    form = await read_form(browser.request)
    browser.check_form(form)
    organisations, caller = browser.services.organisations, browser.caller
    text = form.first("return_urls")
    former = (await organisations.settings(caller)).return_urls
    try:
        saved = await organisations.save_settings(caller, _lines(text))
    except Invalid as error:
        return await _page(browser, _ReturnUrls(text, flaws={"return_urls": f"{error}."}))
    is_changed = tuple(saved.return_urls) != tuple(former)
    shown = _ReturnUrls("\n".join(saved.return_urls), is_saved=True, former="\n".join(former) if is_changed else None)
    return await _page(browser, shown)


async def end_session(browser: Browser) -> Response:
    form = await read_form(browser.request)
    browser.check_form(form)
    browser.caller.require(Capability.MANAGE_ORGANISATION)
    reference: str = browser.request.path_params["id"]
    try:
        session_id = ids.parse_hex(reference)
    except ids.MalformedId:
        raise NotFound("Session", reference) from None
    ended = await browser.services.sessions.revoke(browser.caller, session_id)
    if browser.session is not None and ended.id == browser.session.id:
        return browser.sign_out(redirect(SIGN_IN))
    return done(PATH, "session-ended")


async def _page(browser: Browser, return_urls: _ReturnUrls) -> Response:
    present = browser.session
    if present is None:
        raise SessionInvalid
    sessions = await browser.services.sessions.list(browser.caller)
    shown = [ShownSession(one, _WAYS[one.opened_by], one.id == present.id) for one in sessions[:_MOST_SESSIONS]]
    return view(
        browser,
        "settings.html",
        422 if return_urls.flaws else 200,
        present=present,
        spellings=_spellings(present.organisation_id),
        return_urls=return_urls,
        most_urls=LIST_LIMIT,
        action=PATH,
        sessions=shown,
        more_sessions=len(sessions) - len(shown),
    )


def _spellings(organisation_id: int) -> Sequence[tuple[str, str, str]]:
    """Of the organisation's id: what it is called, the element's id, and the spelling."""
    return (
        ("Hub id", "id-hex", ids.to_hex(organisation_id)),
        ("As a number", "id-decimal", ids.to_decimal(organisation_id)),
        ("As a UUID", "id-uuid", ids.to_uuid(organisation_id)),
    )


def _lines(text: str) -> Sequence[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


ROUTES: Final = [
    page_route(PATH, {"GET": show, "POST": save}),
    page_route(f"{PATH}/sessions/{{id}}/end", {"POST": end_session}),
]
