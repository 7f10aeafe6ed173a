"""Signing in, by a one-time link or with a key, and out again."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jackfield.domain.errors import KeyExpired, KeyInvalid
from jackfield.services.sessions import OpenedSession
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.form import Form, read_form
from jackfield.web.pages.next_page import own_page
from jackfield.web.pages.rendering import QUIET_HEADERS, STYLE, STYLE_PATH, redirect, render
from jackfield.web.pages.routing import CONSOLE, SIGN_IN, page_route

_LINK: Final = "/console/link/{token}"


async def show_sign_in(browser: Browser) -> Response:
    next_page = own_page(browser.request.query_params.get("next", ""))
    if browser.session is not None:
        return redirect(next_page or CONSOLE)
    # a link may be used next, which knows nothing of the page
    return browser.remember_page(_sign_in_page(browser, next_page), next_page)


async def sign_in(browser: Browser) -> Response:
    form = await read_form(browser.request)
    browser.check_form(form)
    next_page = own_page(form.first("next"))
    try:
        opened = await browser.services.sessions.open_by_key(form.first("key").strip(), browser.origin)
    except KeyInvalid as error:
        complaint = "This key has expired." if isinstance(error, KeyExpired) else "This key is not valid."
        return _sign_in_page(browser, next_page, complaint)
    return await complete_sign_in(browser, opened, next_page)


async def show_link(browser: Browser) -> Response:
    """Does not use the link: programs that look at addresses in messages would, before its receiver could."""
    return render("page_link.html", browser=browser, token=browser.request.path_params["token"])


async def use_link(browser: Browser) -> Response:
    form = await read_form(browser.request)
    browser.check_form(form)
    opened = await browser.services.sessions.open_by_link(browser.request.path_params["token"], browser.origin)
    return await complete_sign_in(browser, opened, own_page(browser.wanted_page))


async def sign_out(browser: Browser) -> Response:
    form: Form = await read_form(browser.request)
    browser.check_form(form)
    if browser.session is not None:
        await browser.services.sessions.end(browser.session, browser.origin)
    return browser.sign_out(redirect(SIGN_IN))


async def complete_sign_in(browser: Browser, opened: OpenedSession, next_page: str) -> Response:
    """On to the page that was wanted, with the new session; the one before it, if any, is over."""
    if browser.session is not None:
        await browser.services.sessions.end(browser.session, browser.origin)
    return browser.remember_page(browser.sign_in(redirect(next_page or CONSOLE), opened), "")


def _sign_in_page(browser: Browser, next_page: str, complaint: str = "") -> Response:
    provider = browser.services.single_sign_on
    return render(
        "page_sign_in.html",
        403 if complaint else 200,
        leads_to=None if provider is None else provider.address,
        browser=browser,
        next_page=next_page,
        complaint=complaint,
        provider=provider,
    )


async def _style(_: Request) -> Response:
    return Response(STYLE, headers={**QUIET_HEADERS, "cache-control": "max-age=300"}, media_type="text/css")


ROUTES: Final = [
    Route(STYLE_PATH, _style, methods=["GET"]),
    page_route(SIGN_IN, {"GET": show_sign_in, "POST": sign_in}),
    page_route(_LINK, {"GET": show_link, "POST": use_link}),
    page_route("/console/sign-out", {"POST": sign_out}),
]
