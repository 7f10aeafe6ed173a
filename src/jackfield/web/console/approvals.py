"""The operator's page of what developers publish: apps of all organisations, to approve or to archive."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import msgspec
from starlette.responses import Response

from jackfield.domain import ids
from jackfield.domain.app import App, AppHasStatus, AppNotFound, AppStatus
from jackfield.domain.organisation import Organisation
from jackfield.domain.principal import Capability
from jackfield.web.console import confirming, queries, words
from jackfield.web.console.view import done, view
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.form import read_form
from jackfield.web.pages.routing import page_route

PATH: Final = "/console/catalogue/apps"
_ONE: Final = f"{PATH}/{{id}}"
_PAGE: Final = 50


class Row(msgspec.Struct, frozen=True):
    """An app with what its organisation is called."""

    app: App
    organisation: str


async def show_list(browser: Browser) -> Response:
    query = browser.request.query_params
    status = queries.choice(query, "status", AppStatus) or AppStatus.DEVELOPMENT
    before = queries.identity(query, "before")
    apps = await browser.services.approvals.list_all(browser.caller)
    counts = {one: sum(app.status is one for app in apps) for one in AppStatus}
    found = [app for app in reversed(apps) if app.status is status and (before is None or app.id < before)]
    shown = found[:_PAGE]
    following = ids.to_hex(shown[-1].id) if len(found) > _PAGE else None
    return view(
        browser,
        "apps.html",
        images=[app.icon_url or "" for app in shown],
        rows=await _rows(browser, shown),
        statuses=[(one.value, f"{words.app_badge(one).label} ({count:,})") for one, count in counts.items()],
        chosen=status,
        first=queries.address(PATH, status=status) if before else "",
        following=queries.address(PATH, status=status, before=following) if following else "",
    )


async def approve(browser: Browser) -> Response:
    form = await read_form(browser.request)
    browser.check_form(form)
    # where somebody else did it meanwhile, it is as it was to be
    with suppress(AppHasStatus):
        await browser.services.approvals.approve(browser.caller, _reference(browser))
    return done(queries.address(PATH, status=AppStatus.APPROVED), "approved")


async def show_archive(browser: Browser) -> Response:
    return _archive_page(browser, await _find(browser), "")


async def archive(browser: Browser) -> Response:
    form = await read_form(browser.request)
    browser.check_form(form)
    app = await _find(browser)
    flaw = confirming.flaw_of(form, app.display_name)
    if flaw:
        return _archive_page(browser, app, flaw)
    with suppress(AppHasStatus):
        await browser.services.approvals.archive(browser.caller, app.hex_id)
    return done(queries.address(PATH, status=AppStatus.ARCHIVED), "archived")


def _archive_page(browser: Browser, app: App, flaw: str) -> Response:
    name = confirming.to_type(app.display_name)
    return view(browser, "app_archive.html", 422 if flaw else 200, app=app, listed_at=PATH, name=name, flaw=flaw)


async def _find(browser: Browser) -> App:
    """The app that the address names, of whatever organisation. Raises CapabilityMissing or AppNotFound."""
    browser.caller.require(Capability.OPERATE)
    reference = _reference(browser)
    for app in await browser.services.approvals.list_all(browser.caller):
        if app.hex_id == reference:
            return app
    raise AppNotFound(reference)


def _reference(browser: Browser) -> str:
    """Raises AppNotFound for what is no id of ours."""
    reference: str = browser.request.path_params["id"]
    if not ids.is_hex(reference):
        raise AppNotFound(reference)
    return reference


async def _rows(browser: Browser, apps: Sequence[App]) -> Sequence[Row]:
    # a deleted organisation has no name any more
    organisations: dict[int, Organisation] = {one.id: one for one in await browser.services.organisations.list()}
    return [
        Row(app, organisations[app.organisation_id].name if app.organisation_id in organisations else "deleted")
        for app in apps
    ]


ROUTES: Final = [
    page_route(PATH, {"GET": show_list}),
    page_route(f"{_ONE}/approve", {"POST": approve}),
    page_route(f"{_ONE}/archive", {"GET": show_archive, "POST": archive}),
]
