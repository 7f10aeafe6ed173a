"""A page: its template, and the headers that keep it to itself."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

_WEB: Final = Path(__file__).parent.parent
#: CSP's host-source (https://www.w3.org/TR/CSP3/#framework-directive-source-list) knows no IPv6 and no underscore
_HOST: Final = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[0-9]+)?")

STYLE_PATH: Final = "/console/style.css"
STYLE: Final = (_WEB / "static" / "pages.css").read_bytes()
#: an app's own server finds its way back by the Referer: it is told the origin, and no more
REFERRER_POLICY: Final = "strict-origin-when-cross-origin"
#: of everything that is no page
QUIET_HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": "default-src 'none'",
    "x-content-type-options": "nosniff",
}

_templates: Final = Environment(
    loader=FileSystemLoader(_WEB / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(template: str, status: int = 200, leads_to: str | None = None, **values: Any) -> Response:
    """A page. `leads_to`: the address to which the answer to its form may redirect.

    Browsers hold `form-action` against redirects, too.
    """
    forms = "'self'" if leads_to is None else f"'self' {_source(leads_to)}"
    headers = {
        "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        f"form-action {forms}; frame-ancestors 'none'",
        "x-content-type-options": "nosniff",
        "referrer-policy": REFERRER_POLICY,
        "cache-control": "no-store",
    }
    return HTMLResponse(_templates.get_template(template).render(style=STYLE_PATH, **values), status, headers)


def _source(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if _HOST.fullmatch(parts.netloc) else f"{parts.scheme}:"
