"""The pages by which a customer connects a vendor: what will be connected, which site of it, and what came of it.

The link's token is in their addresses, so no other site is told these.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from starlette.responses import Response

from jackfield.domain import ids
from jackfield.domain.connecting import (
    CALLBACK_PATH,
    BrowserUnknown,
    ConnectLinkInvalid,
    ConnectSession,
    ConnectState,
    FormProblems,
    NotOffered,
    OpenedElsewhere,
    Shown,
    StateInvalid,
    link_path,
)
from jackfield.domain.errors import JackfieldError
from jackfield.domain.provider import ProviderError
from jackfield.domain.schema_form import Sent
from jackfield.domain.session import FormRefused
from jackfield.web.form_body import MalformedForm
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.form import read_form
from jackfield.web.pages.manifest_form import NOT_BY_HAND, ManifestForm, Stored
from jackfield.web.pages.rendering import redirect, render
from jackfield.web.pages.routing import INTEGRATIONS, Handler, page_route
from jackfield.web.pages.texts import Texts, texts_for

_LINK: Final = "/connect/{token}"
#: not `no-referrer`: with it browsers send forms of these pages as if from nowhere (Fetch, "append a request Origin")
_REFERRER_POLICY: Final = "same-origin"
#: the vendor may be at any address of the web, also at one of plain http in a house of the customer's
_VENDORS: Final = "http:"
#: what the way back into the console is called
_SERVICE: Final = "Jackfield"

#: the first that fits: status, and the texts' section keys
_REFUSALS: Final[tuple[tuple[type[JackfieldError], int, str], ...]] = (
    (ConnectLinkInvalid, 404, ""),
    (OpenedElsewhere, 403, "elsewhere"),
    (BrowserUnknown, 403, "cookie"),
    (StateInvalid, 403, "state"),
    (FormRefused, 403, "form"),
    (MalformedForm, 400, "form"),
)


class ConnectPage:
    """What all pages of one link have in common."""

    def __init__(self, browser: Browser, token: str, shown: Shown) -> None:
        self.shown = shown
        self.session: ConnectSession = shown.session
        self.texts = _texts(browser, shown.session.locale)
        self._browser = browser
        self._token = token

    @classmethod
    async def of(cls, browser: Browser) -> "ConnectPage":
        """Raises ConnectLinkInvalid or OpenedElsewhere."""
        token = _token(browser)
        return cls(browser, token, await browser.services.connecting.show(token, browser.known_token))

    def render(self, template: str, status: int = 200, **values: Any) -> Response:
        return _render(
            template,
            status,
            self.texts,
            browser=self._browser,
            organisation=self.shown.organisation_name,
            vendor=self.shown.definition.name,
            address=link_path(self._token),
            form_token=self._browser.form_token(_purpose(self._token)),
            **values,
        )

    def way_back(self, status: str) -> str | None:
        """Where the product wants its customer; or the console, for an administrator who came from there."""
        signed_in, session = self._browser.session, self.session
        if session.return_url is not None:
            return _return_address(session, session.return_url, status)
        if signed_in is None or signed_in.organisation_id != session.organisation_id:
            return None
        one = session.integration_id
        return INTEGRATIONS if one is None else f"{INTEGRATIONS}/{ids.to_hex(one)}"

    def form(self) -> ManifestForm:
        stored = Stored(configuration=self.shown.settings) if self.session.reconnects else None
        return ManifestForm(self.shown.definition, stored, self.texts.fields, NOT_BY_HAND)


async def show(browser: Browser) -> Response:
    page = await ConnectPage.of(browser)
    match page.session.state:
        case ConnectState.CONNECTED:
            return _done(page)
        case ConnectState.CHOOSING:
            return page.render("connect_sites.html", sites=page.shown.sites, none_chosen=False)
    return _begin(page, denied="denied" in browser.request.query_params)


async def go_on(browser: Browser) -> Response:
    """To the vendor, or with what was filled in."""
    sent = await _read(browser)
    page = await ConnectPage.of(browser)
    if next(iter(sent.get("by", ())), "") == "form":
        return await _submit(browser, page, sent)
    try:
        place = await browser.services.connecting.begin(_token(browser), browser.known_token)
    except ProviderError as error:
        return _begin(page, 422, problem=str(error))
    return _redirect(place)


async def choose(browser: Browser) -> Response:
    sent = await _read(browser)
    chosen = next(iter(sent.get("site", ())), "")
    if not (chosen.isascii() and chosen.isdecimal() and len(chosen) < 5):
        page = await ConnectPage.of(browser)
        if page.session.state is not ConnectState.CHOOSING:
            return _redirect(link_path(_token(browser)))
        return page.render("connect_sites.html", 422, sites=page.shown.sites, none_chosen=True)
    connecting = browser.services.connecting
    outcome = await connecting.choose(_token(browser), browser.known_token, int(chosen), browser.origin)
    return _redirect(outcome.path)


async def come_back(browser: Browser) -> Response:
    """From the vendor, with what it has to say."""
    parameters = dict(browser.request.query_params)
    outcome = await browser.services.connecting.come_back(browser.known_token, parameters, browser.origin)
    return _redirect(f"{outcome.path}?denied=1" if outcome.denied else outcome.path)


async def _submit(browser: Browser, page: ConnectPage, sent: Sent) -> Response:
    form = page.form()
    reading = form.read(sent)
    if reading.flaws:
        return _begin(page, 422, sent=sent, flaws=reading.flaws)
    values = {name: text or "" for name, text in {**reading.auth, **reading.extra}.items()}
    try:
        outcome = await browser.services.connecting.submit(_token(browser), browser.known_token, values, browser.origin)
    except FormProblems as error:
        return _begin(page, 422, sent=sent, flaws=_placed(form, error.problems, sent))
    return _redirect(outcome.path)


def _begin(
    page: ConnectPage,
    status: int = 200,
    *,
    denied: bool = False,
    problem: str | None = None,
    sent: Sent | None = None,
    flaws: Mapping[str, Sequence[str]] | None = None,
) -> Response:
    shown, state = page.shown, page.session.state
    if not (shown.by_oauth or shown.by_form):
        return page.render("connect_refused.html", 409, **_told(page.texts, "vendor", shown), again=None)
    return page.render(
        "connect_begin.html",
        status,
        again=page.session.reconnects,
        integration=shown.integration_name if page.session.reconnects else None,
        by_oauth=shown.by_oauth,
        by_form=shown.by_form,
        rights=shown.rights,
        form=page.form().shown(sent, flaws),
        flawed=bool(flaws),
        problem=_sentence(problem or (shown.error if state is ConnectState.FAILED else None)),
        denied=denied,
        under_way=state is ConnectState.AUTHORISING,
        cancel=page.way_back("failed" if state is ConnectState.FAILED else "cancelled"),
    )


def _done(page: ConnectPage) -> Response:
    back = page.way_back("connected")
    return page.render(
        "connect_done.html",
        account=page.shown.account_name,
        back=back,
        place=(urlsplit(back).netloc or _SERVICE) if back else "",
    )


def _placed(form: ManifestForm, problems: Mapping[str, str], sent: Sent) -> Mapping[str, Sequence[str]]:
    """What the service says of a name, at the control that has it."""
    placed: dict[str, list[str]] = {}
    for name, sentence in problems.items():
        field = form.field_at(("auth", name), sent) or form.field_at(("extra", name), sent)
        placed.setdefault(field.name if field else "", []).append(sentence)
    return placed


def _sentence(text: str | None) -> str | None:
    """On a page it stands among others, which end with a full stop."""
    return f"{text}." if text and text[-1].isalnum() else text


def _return_address(session: ConnectSession, return_url: str, status: str) -> str:
    """Where the product wants its customer back, told how it went."""
    told = {"connect_status": status}
    if status == "connected" and session.integration_id is not None:
        told["integration_id"] = ids.to_hex(session.integration_id)
    parts = urlsplit(return_url)
    query = [one for one in parse_qsl(parts.query, keep_blank_values=True) if one[0] not in told]
    return urlunsplit(parts._replace(query=urlencode([*query, *told.items()])))


async def _read(browser: Browser) -> Sent:
    """What a form of this link brought. Raises MalformedForm, BodyTooLarge, FormRefused or BrowserUnknown."""
    sent = await read_form(browser.request)
    if not browser.known_token:
        raise BrowserUnknown
    browser.check_form(sent, _purpose(_token(browser)))
    return sent


def _token(browser: Browser) -> str:
    token: str = browser.request.path_params.get("token", "")
    return token


def _purpose(token: str) -> str:
    return f"connect {token}"


def _texts(browser: Browser, locale: str | None = None) -> Texts:
    return texts_for(locale, browser.request.headers.get("accept-language", ""))


def _render(template: str, status: int, texts: Texts, **values: Any) -> Response:
    response = render(
        template,
        status,
        _VENDORS,
        scripts=True,
        t=texts,
        language=texts.language,
        field_words=texts.fields,
        for_opener=True,
        **values,
    )
    response.headers["referrer-policy"] = _REFERRER_POLICY
    return response


def _redirect(place: str) -> Response:
    return redirect(place, _REFERRER_POLICY)


def _told(texts: Texts, key: str, shown: Shown | None = None) -> dict[str, str]:
    names = {"vendor": shown.definition.name, "organisation": shown.organisation_name} if shown else {}
    return {
        "heading": texts(f"refused.{key}_title" if key != "over" else "refused.title", **names),
        "told": texts(f"refused.{key}", **names),
        "todo": texts(f"refused.{key}_todo", **names),
    }


def _worded(handler: Handler) -> Handler:
    """Says what went wrong in the customer's language, as far as it is theirs to know."""

    async def answer(browser: Browser) -> Response:
        try:
            return await handler(browser)
        except NotOffered:
            # what can be done with the link is on its page
            return _redirect(link_path(_token(browser)))
        except tuple(known for known, _, _ in _REFUSALS) as error:
            return _refusal(browser, error)

    return answer


def _refusal(browser: Browser, error: JackfieldError) -> Response:
    status, key = next((status, key) for known, status, key in _REFUSALS if isinstance(error, known))
    texts = _texts(browser)
    again = link_path(_token(browser)) if key in {"form", "cookie"} and _token(browser) else None
    return _render(
        "connect_refused.html",
        status,
        texts,
        browser=browser,
        organisation="",
        again=again,
        **_told(texts, key or "over"),
    )


def _page(path: str, handlers: Mapping[str, Callable[[Browser], Awaitable[Response]]]) -> Any:
    return page_route(path, {method: _worded(handler) for method, handler in handlers.items()})


#: the way back is no link, and so comes first
ROUTES: Final = [
    _page(CALLBACK_PATH, {"GET": come_back}),
    _page(_LINK, {"GET": show, "POST": go_on}),
    _page(f"{_LINK}/site", {"POST": choose}),
]
