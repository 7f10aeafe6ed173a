"""The whole of HTTP: every dialect, every prefix; one lifespan, handed in from above."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from jackfield.domain.provider import Manifest
from jackfield.web import docs, health, idempotency
from jackfield.web.access_log import AccessLog
from jackfield.web.console.routes import ROUTES as CONSOLE
from jackfield.web.contract import Dialect, UnknownPath, json_response
from jackfield.web.dialects.hubs.routes import DIALECT as HUBS
from jackfield.web.dialects.integrations_v1.routes import DIALECT as INTEGRATIONS_V1
from jackfield.web.dialects.integrations_v2.routes import DIALECT as INTEGRATIONS_V2
from jackfield.web.dialects.organisations.routes import DIALECT as ORGANISATIONS
from jackfield.web.dialects.platform.routes import AREAS as PLATFORM_AREAS
from jackfield.web.dialects.platform.routes import DIALECT as PLATFORM
from jackfield.web.observe import Observe
from jackfield.web.pages import authorizing, connect_script, connecting, installing, sign_in, single_sign_on
from jackfield.web.routing import ContractRoutes
from jackfield.web.tenant_address import TenantAddress

DIALECTS: Final[tuple[Dialect, ...]] = (HUBS, INTEGRATIONS_V1, INTEGRATIONS_V2, ORGANISATIONS, PLATFORM)

#: opens what the application needs, and yields it as the ASGI state: services, check_readiness, body_limits,
#: public_url, metrics_token
Lifespan = Callable[[Any], AbstractAsyncContextManager[Mapping[str, Any]]]

_CORS_HEADERS: Final = ("Authorization", "x-api-key", "X-Hub-Id", "Content-Type", "X-Request-Id", idempotency.HEADER)
#: of an answer, what a page needs beside its body
_EXPOSED_HEADERS: Final = ("X-Request-Id", idempotency.REPLAYED, "Retry-After", "WWW-Authenticate", "Allow", "Link")


def create_app(
    lifespan: Lifespan,
    manifests: Sequence[Manifest],
    public_url: str,
    cors_origins: tuple[str, ...],
    access_log: AccessLog,
    platform_domain: str = "",
) -> ASGIApp:
    """The ASGI application: Starlette's router without its layers for errors, which every part here words itself.

    `manifests` are the providers', for their reference pages. The platform contract is also at each organisation's name
    in `platform_domain`.
    """
    app: ASGIApp = Router(
        [
            ContractRoutes(DIALECTS),
            *health.ROUTES,
            *docs.routes(DIALECTS, manifests, public_url),
            *sign_in.ROUTES,
            *single_sign_on.ROUTES,
            *authorizing.ROUTES,
            *installing.ROUTES,
            *connect_script.ROUTES,
            *connecting.ROUTES,
            *CONSOLE,
        ],
        # a redirect would take the caller's key along to wherever Host says
        redirect_slashes=False,
        default=_no_route,
        lifespan=lifespan,
    )
    app = TenantAddress(app, PLATFORM_AREAS, platform_domain)
    if cors_origins:
        app = CORSMiddleware(
            app,
            allow_origins=cors_origins,
            allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=_CORS_HEADERS,
            expose_headers=_EXPOSED_HEADERS,
        )
    return Observe(app, access_log)


async def _no_route(scope: Scope, receive: Receive, send: Send) -> None:
    """A path that no contract has, in the words of the contract whose part of the address it is in."""
    path: str = scope["path"]
    near = next((dialect for dialect in DIALECTS if dialect.owns(path)), None)
    response = json_response(404, {"detail": "Not Found"}) if near is None else near.render(UnknownPath(path), None)
    await response(scope, receive, send)
