"""A page of the console: its template, between the navigation and what was done just now."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from starlette.responses import Response

from jackfield.domain import ids
from jackfield.domain.principal import Caller, Capability
from jackfield.web.console import words
from jackfield.web.console.navigation import places
from jackfield.web.console.told import TOLD
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.rendering import ENVIRONMENT, redirect, render

#: what a page says was done just now, by its name in TOLD
_DONE: Final = "done"
#: and how many times
_COUNT: Final = "count"

ENVIRONMENT.filters.update(
    ago=words.ago,
    exact=words.exact,
    iso=words.iso,
    counted=words.counted,
    size=words.size,
    spoken=words.spoken,
    hex=ids.to_hex,
    integration_badge=words.integration_badge,
    health_badge=words.health_badge,
    job_badge=words.job_badge,
    delivery_badge=words.delivery_badge,
    state_badge=words.state_badge,
    item_badge=words.item_badge,
    app_badge=words.app_badge,
    grade_badge=words.grade_badge,
)


def view(
    browser: Browser,
    template: str,
    status: int = 200,
    *,
    connects: bool = False,
    images: Iterable[str] = (),
    **values: Any,
) -> Response:
    """A page for who is signed in; `template` is its name in templates/console. Raises SessionInvalid.

    `connects`: a form of it leads to where something is connected, which may be at another name of this service.
    `images`: addresses of pictures of others that it shows.
    """
    caller = browser.caller
    path = browser.request.url.path
    public_url: str = browser.request.scope["state"]["public_url"]
    return render(
        f"console/{template}",
        status,
        public_url if connects and public_url else None,
        scripts=True,
        images=images,
        browser=browser,
        path=path,
        places=places(caller, path),
        may=_may(caller),
        told=_told(browser),
        job_kinds=words.JOB_KINDS,
        **values,
    )


def fragment(template: str, **values: Any) -> str:
    """A part of a page, for one that is open already."""
    return ENVIRONMENT.get_template(f"console/{template}").render(**values)


def done(path: str, what: str, count: int | None = None) -> Response:
    """To a page that says what was done; so that a reload does not do it again."""
    counted = "" if count is None else f"&{_COUNT}={count}"
    joint = "&" if "?" in path else "?"
    return redirect(f"{path}{joint}{_DONE}={what}{counted}")


class Told(msgspec.Struct, frozen=True):
    """`undo` is the address of the deed that takes it back."""

    text: str
    undo: str | None


class May(msgspec.Struct, frozen=True):
    """What who is signed in may do, so that nothing is offered that would be refused."""

    view: bool
    manage: bool
    manage_organisation: bool
    operate: bool


def _may(caller: Caller) -> May:
    has = caller.principal.has
    return May(
        has(Capability.VIEW),
        has(Capability.MANAGE),
        has(Capability.MANAGE_ORGANISATION),
        has(Capability.OPERATE),
    )


def _told(browser: Browser) -> Told | None:
    query = browser.request.query_params
    known = TOLD.get(query.get(_DONE, ""))
    # a link on somebody else's page must not say that something was done
    if known is None or not browser.is_led_from_here:
        return None
    count = query.get(_COUNT, "")
    number = int(count) if count.isascii() and count.isdigit() and len(count) < 10 else 0
    undo = f"{browser.request.url.path}/{known.undo}" if known.undo else None
    return Told(known.text.format(count=f"{number:,}"), undo)
