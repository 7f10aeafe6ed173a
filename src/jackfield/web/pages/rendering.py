"""A page: its template, and the headers that keep it to itself."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from jackfield.domain.web_address import origin_of
from jackfield.web.pages.field_words import ENGLISH

_WEB: Final = Path(__file__).parent.parent

STYLE_PATH: Final = "/console/style.css"
#: one sheet for all pages, written in two parts
STYLE: Final = b"".join((_WEB / "static" / name).read_bytes() for name in ("pages.css", "console.css"))
#: an app's own server finds its way back by the Referer: it is told the origin, and no more
REFERRER_POLICY: Final = "strict-origin-when-cross-origin"
#: of everything that is no page
QUIET_HEADERS: Final[Mapping[str, str]] = {"content-security-policy": "default-src 'none'"}
#: of pages: they use none of these, and no window of another origin has a hold on them
ISOLATED: Final[Mapping[str, str]] = {
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}

#: a header of many hosts would be longer than proxies take
_MOST_ORIGINS: Final = 20

#: pages may add filters of their own
ENVIRONMENT: Final = Environment(
    loader=FileSystemLoader(_WEB / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
ENVIRONMENT.globals["field_words"] = ENGLISH


def render(
    template: str,
    status: int = 200,
    leads_to: str | None = None,
    *,
    scripts: bool = False,
    images: Iterable[str] = (),
    for_opener: bool = False,
    **values: Any,
) -> Response:
    """A page. `leads_to`: the address to which the answer to its form may redirect. `scripts`: ours may run on it.
    `images`: addresses of pictures that it shows, beside our own. `for_opener`: it runs in a window that a page of
    another origin opened, which is told the outcome.

    Browsers hold `form-action` against every redirect that follows, and an app's server may send on to other hosts: to
    its own, and to this service by its public name. So the scheme is all that can be said of them.
    """
    forms = "'self'" if leads_to is None else f"'self' {leads_to.partition(':')[0].lower()}:"
    running = "script-src 'self'; connect-src 'self'; " if scripts else ""
    headers = {
        "content-security-policy": f"default-src 'none'; {running}style-src 'self'; "
        f"img-src {_image_sources(images)}; base-uri 'none'; form-action {forms}; frame-ancestors 'none'",
        "referrer-policy": REFERRER_POLICY,
        "cache-control": "no-store",
        **ISOLATED,
    }
    if for_opener:
        del headers["cross-origin-opener-policy"]
    return HTMLResponse(ENVIRONMENT.get_template(template).render(style=STYLE_PATH, **values), status, headers)


def _image_sources(addresses: Iterable[str]) -> str:
    """Where a page's pictures may come from: these hosts, each once; of very many, any host by https."""
    origins = dict.fromkeys(origin_of(address) for address in addresses if address)
    named = ("https:",) if len(origins) > _MOST_ORIGINS else tuple(origins)
    return " ".join(("'self'", *named))


def redirect(address: str, referrer_policy: str | None = None) -> Response:
    """To another page, which is asked for with GET; what led there is not kept."""
    headers = {"cache-control": "no-store"}
    if referrer_policy is not None:
        headers["referrer-policy"] = referrer_policy
    return RedirectResponse(address, 303, headers)
