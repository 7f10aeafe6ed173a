"""Connecting at the vendor, in this browser or by a link in somebody else's; first, or again."""

from typing import Final

from starlette.responses import Response

from jackfield.domain.connecting import Wish
from jackfield.domain.integration import Wanted
from jackfield.services.administration import Administered
from jackfield.web.console.addressed import ONE, PATH, address_of, wanted_by
from jackfield.web.console.view import view
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.form import read_form
from jackfield.web.pages.rendering import redirect
from jackfield.web.pages.routing import page_route
from jackfield.web.tenant_address import base_url


async def connect(browser: Browser) -> Response:
    """A new one. Raises what `ConnectLinks.create` does."""
    browser.check_form(await read_form(browser.request))
    vendor: str = browser.request.path_params["vendor"]
    made = await browser.services.connect_links.create(browser.caller, Wish(vendor=vendor))
    return redirect(made.url)


async def connect_again(browser: Browser) -> Response:
    wanted, _ = await _meant(browser)
    made = await browser.services.connect_links.create(browser.caller, Wish(integration_id=wanted.id))
    return redirect(made.url)


async def make_link(browser: Browser) -> Response:
    """The link is shown in the answer, and not after a redirect: so it is kept nowhere on its way."""
    wanted, shown = await _meant(browser)
    made = await browser.services.connect_links.create(browser.caller, Wish(integration_id=wanted.id))
    return view(
        browser,
        "integration_link.html",
        found=shown.integration,
        vendor=await browser.services.catalog.name(shown.integration.provider),
        here=address_of(wanted.id),
        # without a public address it leads to where this process listens, never to what Host says
        link=made.url if "://" in made.url else base_url(browser.request) + made.url,
        expires_at=made.expires_at,
    )


async def lead_back(browser: Browser) -> Response:
    return redirect(address_of(wanted_by(browser).id))


async def lead_back_to_form(browser: Browser) -> Response:
    return redirect(f"{PATH}/new/{browser.request.path_params['vendor']}")


async def _meant(browser: Browser) -> tuple[Wanted, Administered]:
    browser.check_form(await read_form(browser.request))
    wanted = wanted_by(browser)
    return wanted, await browser.services.administration.get(browser.caller, wanted)


ROUTES: Final = [
    page_route(f"{PATH}/new/{{vendor}}/connect", {"GET": lead_back_to_form, "POST": connect}),
    page_route(f"{ONE}/connect", {"GET": lead_back, "POST": connect_again}),
    page_route(f"{ONE}/link", {"GET": lead_back, "POST": make_link}),
]
