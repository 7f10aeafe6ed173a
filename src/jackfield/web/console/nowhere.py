"""An address in the console at which there is nothing: a page says so, since it is a person who went there."""

from typing import Final

from starlette.responses import Response

from jackfield.domain.errors import NotFound
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.routing import page_route

#: of an address, what is told of it
_LONGEST: Final = 200


async def show(browser: Browser) -> Response:
    raise NotFound("Page", browser.request.url.path[:_LONGEST])


#: the last of all routes, since it fits every address that no other one does
ROUTES: Final = [page_route("/console/{rest:path}", {"GET": show})]
