"""The script of the console's pages."""

from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jackfield.web.pages.rendering import QUIET_HEADERS

_SCRIPT: Final = (Path(__file__).parent.parent / "static" / "console.js").read_bytes()


async def _script(_: Request) -> Response:
    return Response(_SCRIPT, headers={**QUIET_HEADERS, "cache-control": "max-age=300"}, media_type="text/javascript")


ROUTES: Final = [Route("/console/console.js", _script, methods=["GET"])]
