"""Where the platform contract is reached: by its paths, by its paths behind an organisation, or at its own host.

`/tenants/{handle}/...` and `{handle}.<domain>` name an organisation. A slash at the end of a path, and one too many at
its beginning, mean nothing. All of that is taken off before the path is looked for, and nobody is redirected.
"""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from jackfield.domain.errors import Forbidden
from jackfield.web.headers import header

#: keys of the ASGI scope: the handles that the address names, and what stood before the path
TENANTS: Final = "jackfield.tenants"
PREFIX: Final = "jackfield.tenant_prefix"
#: and the name of the organisation's own host, where the address has one
HOST: Final = "jackfield.tenant_host"

_BEHIND: Final = re.compile(r"//?tenants/([^/]+)/(/?.*)", re.DOTALL)
_LABEL: Final = re.compile(r"[a-z0-9-]{1,63}")


class TenantMismatch(Forbidden):
    """The address names an organisation that the caller has nothing to do with."""

    code = "tenant-mismatch"

    def __init__(self) -> None:
        super().__init__("The address names another organisation than the one that the caller acts for")


class TenantAddress:
    """`areas` are how the contract's paths begin; other paths are left as they are."""

    def __init__(self, app: ASGIApp, areas: Sequence[str], domain: str) -> None:
        self._app = app
        self._areas = tuple(areas)
        # a path of another contract is seen to be one at a glance
        self._starts = (*self._areas, "//", "/tenants/")
        self._suffix = f".{domain}" if domain else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(self._starts):
            self._read(scope)
        await self._app(scope, receive, send)

    def _read(self, scope: Scope) -> None:
        path: str = scope["path"]
        handles: list[str] = []
        prefix = ""
        found = _BEHIND.fullmatch(path)
        if found:
            handles.append(_handle(found[1]))
            prefix, path = f"/tenants/{found[1]}", f"/{found[2]}"
        if path.startswith("//"):
            path = path[1:]
        if not path.startswith(self._areas):
            return
        handles += self._of_host(scope)
        # in place: what stands around this sees the route in the same scope
        scope["path"] = path.removesuffix("/") or "/"
        scope[TENANTS], scope[PREFIX] = tuple(handles), prefix

    def _of_host(self, scope: Scope) -> list[str]:
        if not self._suffix:
            return []
        host = header(scope, b"host") or ""
        name = re.sub(r":[0-9]*$", "", host).rstrip(".").lower()
        if not name.endswith(self._suffix):
            return []
        handle = _handle(name.removesuffix(self._suffix))
        if handle:
            scope[HOST] = f"{handle}{self._suffix}"
        return [handle]


def require_tenant(request: Request, *handles: str) -> None:
    """Raises TenantMismatch unless every organisation that the address names is one of these."""
    if not set(named_tenants(request)) <= set(handles):
        raise TenantMismatch


def _handle(text: str) -> str:
    """What is no handle is nobody's."""
    return text if is_handle(text) else ""


def is_handle(text: str) -> bool:
    """Whether an organisation could be called so."""
    return _LABEL.fullmatch(text) is not None


def named_tenants(request: Request) -> tuple[str, ...]:
    named: tuple[str, ...] = request.scope.get(TENANTS, ())
    return named


def issuer_of(request: Request) -> str:
    """What the OAuth server calls itself at this address (RFC 8414 §3.3): as links, but by the organisation's own host.

    The host's name is put together from the operator's domain and the handle, never taken over from Host.
    """
    base, host = base_url(request), request.scope.get(HOST)
    if host is None:
        return base
    parts = urlsplit(base)
    port = "" if parts.port is None else f":{parts.port}"
    return parts._replace(netloc=f"{host}{port}").geturl()


def base_url(request: Request) -> str:
    """The address that links begin with: the operator's, or the one that this process listens at; never what Host says.

    It has what stood before the path, so that links lead back behind the same organisation.
    """
    public: str = request.scope["state"]["public_url"]
    if not public:
        host, port = request.scope.get("server") or ("127.0.0.1", 8400)
        public = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    return public + str(request.scope.get(PREFIX, ""))
