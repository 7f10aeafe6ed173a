"""The whole of HTTP: every dialect, every prefix; one lifespan, handed in from above."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response

from jackfield.web import docs, health
from jackfield.web.contract import Dialect, json_response
from jackfield.web.dialects.integrations_v1.routes import DIALECT as INTEGRATIONS_V1
from jackfield.web.dialects.integrations_v2.routes import DIALECT as INTEGRATIONS_V2
from jackfield.web.observe import Observe

DIALECTS: Final[tuple[Dialect, ...]] = (INTEGRATIONS_V1, INTEGRATIONS_V2)

#: opens what the application needs, and yields it as the ASGI state: services, check_readiness, max_body_bytes
Lifespan = Callable[[Starlette], AbstractAsyncContextManager[Mapping[str, Any]]]

_CORS_HEADERS: Final = ("Authorization", "x-api-key", "X-Hub-Id", "Content-Type", "X-Request-Id")


def create_app(lifespan: Lifespan, public_url: str, cors_origins: tuple[str, ...]) -> Starlette:
    middleware = [Middleware(Observe)]
    if cors_origins:
        middleware.append(
            Middleware(
                CORSMiddleware,
                allow_origins=cors_origins,
                allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
                allow_headers=_CORS_HEADERS,
                expose_headers=["X-Request-Id"],
            )
        )
    routes = [route for dialect in DIALECTS for route in dialect.routes()]
    app = Starlette(
        routes=[*routes, *health.ROUTES, *docs.routes(DIALECTS, public_url)],
        middleware=middleware,
        lifespan=lifespan,
        exception_handlers={HTTPException: _no_route},
    )
    # a redirect would take the caller's key along to wherever Host says
    app.router.redirect_slashes = False
    return app


async def _no_route(_: Request, error: Exception) -> Response:
    """A path or method that no contract has."""
    if not isinstance(error, HTTPException):
        raise error
    return json_response(error.status_code, {"detail": error.detail}, error.headers)
