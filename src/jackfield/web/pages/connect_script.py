"""What a product's own page uses of a connect session: the script, and how far the session is."""

from pathlib import Path
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jackfield.domain import ids
from jackfield.domain.connecting import ConnectLinkInvalid, ConnectState, ConnectStatus
from jackfield.domain.errors import JackfieldError, Kind
from jackfield.services import Services
from jackfield.web.contract import json_response
from jackfield.web.pages.rendering import QUIET_HEADERS

_STATIC: Final = Path(__file__).parent.parent / "static"
#: pages of any origin may load it, also with `integrity`, which needs the second
_FOR_ALL: Final = {"cross-origin-resource-policy": "cross-origin", "access-control-allow-origin": "*"}


async def show_status(request: Request) -> Response:
    """JSON for pages of any origin: who has the token may know, and no cookie is looked at."""
    services: Services = request.scope["state"]["services"]
    try:
        status = await services.connecting.status(request.path_params["token"])
    except ConnectLinkInvalid:
        return _told(404, ConnectStatus(state=ConnectState.EXPIRED, integration_id=None, error=None))
    except JackfieldError as error:
        if error.kind is not Kind.UNAVAILABLE:
            raise
        response = json_response(503, {"detail": str(error)})
        response.headers.update(_FOR_ALL)
        return response
    return _told(200, status)


def _told(code: int, status: ConnectStatus) -> Response:
    shown = {
        "state": status.state,
        "integration_id": None if status.integration_id is None else ids.to_hex(status.integration_id),
        "error": status.error,
    }
    headers = {**QUIET_HEADERS, **_FOR_ALL, "cache-control": "no-store", "referrer-policy": "no-referrer"}
    return Response(msgspec.json.encode(shown), code, headers, "application/json")


def _script(path: str, name: str, headers: dict[str, str]) -> Route:
    content = (_STATIC / name).read_bytes()

    async def answer(_: Request) -> Response:
        return Response(
            content, headers={**QUIET_HEADERS, **headers, "cache-control": "max-age=300"}, media_type="text/javascript"
        )

    return Route(path, answer, methods=["GET"])


ROUTES: Final = [
    _script("/connect.js", "connect.js", _FOR_ALL),
    _script("/connect/window.js", "connect_window.js", {}),
    Route("/connect/{token}/status", show_status, methods=["GET"]),
]
