"""API keys of the organisation: which there are, a new one, and the end of one.

A new key is shown in the answer to its form, and not after a redirect: so it is kept nowhere on its way.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import msgspec
from starlette.responses import Response

from jackfield.domain import ids
from jackfield.domain.errors import Invalid, NotFound
from jackfield.domain.key import ApiKey
from jackfield.domain.organisation import NAME_LIMIT, checked_name
from jackfield.domain.principal import GRANTABLE, Capability
from jackfield.web.console import queries
from jackfield.web.console.confirming import flaw_of, to_type
from jackfield.web.console.view import done, view
from jackfield.web.console.words import Badge, Tone
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.form import Form, read_form
from jackfield.web.pages.rendering import redirect
from jackfield.web.pages.routing import SIGN_IN, page_route

PATH: Final = "/console/keys"
_NEW: Final = f"{PATH}/new"
_PAGE: Final = 50
#: within this an end is told beforehand
_SOON: Final = timedelta(days=7)
#: without a fraction: asyncpg takes the greatest of all moments for infinity
_LAST_OF_A_DAY: Final = time(23, 59, 59)


class Right(msgspec.Struct, frozen=True):
    """A capability in words: `name` as it stands in a list, `allows` as what a key with it does."""

    capability: Capability
    name: str
    allows: str


RIGHTS: Final = (
    Right(
        Capability.VIEW, "See integrations", "Reads integrations, items, deliveries and jobs. Credentials stay masked."
    ),
    Right(
        Capability.MANAGE,
        "Manage integrations",
        "Connects, changes, verifies and deletes integrations, and saves items.",
    ),
    Right(
        Capability.REVEAL_CREDENTIALS,
        "Read credentials",
        "Gets the credential of an integration in clear. For programs that call vendors themselves.",
    ),
    Right(
        Capability.MANAGE_ORGANISATION,
        "Manage the organisation",
        "Makes and revokes keys, ends sessions, reads the audit, and changes the settings.",
    ),
)


class ShownKey(msgspec.Struct, frozen=True):
    """`is_present`: it opened the session that looks at it."""

    key: ApiKey
    badge: Badge
    rights: str
    is_present: bool


class _Filled(msgspec.Struct, frozen=True):
    """The form of a new key as somebody filled it in. `flaws` are sentences by the control's name."""

    user: str = ""
    capabilities: Sequence[str] = ()
    expires: str = ""
    flaws: Mapping[str, str] = {}


async def show_list(browser: Browser) -> Response:
    before = queries.identity(browser.request.query_params, "before")
    found = await browser.services.keys.list(browser.caller, before, _PAGE + 1)
    keys = found[:_PAGE]
    following = queries.address(PATH, before=ids.to_hex(keys[-1].id)) if len(found) > _PAGE else ""
    shown = [_shown(browser, key) for key in keys]
    return view(browser, "keys.html", keys=shown, first="" if before is None else PATH, following=following)


async def show_new(browser: Browser) -> Response:
    browser.caller.require(Capability.MANAGE_ORGANISATION)
    return _form(browser, _Filled())


async def create(browser: Browser) -> Response:
    form = await read_form(browser.request)
    browser.check_form(form)
    browser.caller.require(Capability.MANAGE_ORGANISATION)
    filled, expires_at = _read(form)
    if filled.flaws:
        return _form(browser, filled)
    try:
        made = await browser.services.keys.create(browser.caller, filled.user, filled.capabilities, expires_at)
    except Invalid as error:
        return _form(browser, msgspec.structs.replace(filled, flaws={"": str(error)}))
    return view(browser, "key_made.html", 201, secret=made.secret, made=_shown(browser, made.key))


async def show_revoke(browser: Browser) -> Response:
    key = await _find(browser)
    if key.revoked_at is not None:
        return redirect(PATH)
    return _revocation(browser, _shown(browser, key))


async def revoke(browser: Browser) -> Response:
    form = await read_form(browser.request)
    browser.check_form(form)
    key = await _find(browser)
    shown = _shown(browser, key)
    flaw = flaw_of(form, key.user)
    if flaw:
        return _revocation(browser, shown, flaw)
    await browser.services.keys.revoke(browser.caller, key.id, _reference(browser))
    if shown.is_present:
        # the session ended with its key, and would be led there anyway
        return redirect(SIGN_IN)
    return done(PATH, "key-revoked")


def _revocation(browser: Browser, shown: ShownKey, flaw: str = "") -> Response:
    typed = to_type(shown.key.user)
    return view(browser, "key_revoke.html", 422 if flaw else 200, one=shown, typed=typed, flaw=flaw)


def _form(browser: Browser, filled: _Filled) -> Response:
    offered = [right for right in RIGHTS if browser.caller.principal.has(right.capability)]
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    status = 422 if filled.flaws else 200
    return view(
        browser, "key_new.html", status, filled=filled, offered=offered, today=today, action=_NEW, limit=NAME_LIMIT
    )


def _read(form: Form) -> tuple[_Filled, datetime | None]:
    """What was filled in, with its flaws, and when the key is to end."""
    flaws: dict[str, str] = {}
    user, expires = form.first("user").strip(), form.first("expires").strip()
    try:
        user = checked_name(user)
    except Invalid as error:
        flaws["user"] = f"{error}."
    named = [name for name in form.get("capability", ()) if name in GRANTABLE]
    if not named:
        flaws["capability"] = "Choose at least one thing that the key may do."
    expires_at = None
    try:
        expires_at = _end_of(expires) if expires else None
    except ValueError:
        flaws["expires"] = "This is no date. Write it as year-month-day, such as 2030-12-31."
    else:
        if expires_at is not None and expires_at <= datetime.now(UTC):
            flaws["expires"] = "This day is over."
    return _Filled(user, named, expires, flaws), expires_at


def _end_of(day: str) -> datetime:
    """The last second of a day in UTC. Raises ValueError."""
    return datetime.combine(date.fromisoformat(day), _LAST_OF_A_DAY, UTC)


async def _find(browser: Browser) -> ApiKey:
    """The key of the address. Raises NotFound."""
    reference = _reference(browser)
    try:
        key_id = ids.parse_hex(reference)
    except ids.MalformedId:
        raise NotFound("Key", reference) from None
    if key_id < ids.MAXIMUM:
        # the page of one that begins with it
        found = await browser.services.keys.list(browser.caller, key_id + 1, 1)
        if found and found[0].id == key_id:
            return found[0]
    raise NotFound("Key", reference)


def _reference(browser: Browser) -> str:
    reference: str = browser.request.path_params["id"]
    return reference


def _shown(browser: Browser, key: ApiKey) -> ShownKey:
    rights = ", ".join(right.name for right in RIGHTS if right.capability in key.capabilities)
    is_present = browser.session is not None and browser.session.key_id == key.id
    return ShownKey(key, _badge(key), rights, is_present)


def _badge(key: ApiKey) -> Badge:
    now = datetime.now(UTC)
    if key.revoked_at is not None:
        return Badge(Tone.QUIET, "Revoked")
    if key.expires_at is None or key.expires_at > now + _SOON:
        return Badge(Tone.GOOD, "Works")
    return Badge(Tone.WARN, "Expires soon") if key.expires_at > now else Badge(Tone.QUIET, "Expired")


ROUTES: Final = [
    page_route(PATH, {"GET": show_list}),
    page_route(_NEW, {"GET": show_new, "POST": create}),
    page_route(f"{PATH}/{{id}}/revoke", {"GET": show_revoke, "POST": revoke}),
]
