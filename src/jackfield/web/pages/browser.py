"""Who looks at a page: an administrator by their session, or a visitor. Both are known by a cookie.

A form carries what only this service can have given to this browser, and comes from a page of this service.
"""

from typing import Final
from urllib.parse import quote, unquote, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from jackfield.domain.principal import Caller, Origin
from jackfield.domain.session import (
    IDLE_LIFETIME,
    FormRefused,
    Session,
    SessionInvalid,
    generate_visitor_token,
    looks_like_visitor,
)
from jackfield.services import Services
from jackfield.services.sessions import ANY_FORM, OpenedSession
from jackfield.web.contract import REQUEST_ID
from jackfield.web.cookies import read_cookie
from jackfield.web.pages.form import Form

#: the hidden field of every form
FORM_TOKEN: Final = "form_token"
_SESSION: Final = "jackfield-session"
_VISITOR: Final = "jackfield-visitor"
#: where somebody wanted to go who had to sign in first, by whatever way they do
_WANTED: Final = "jackfield-wanted"
_WANTED_SECONDS: Final = 3600


class Browser:
    """One request of a browser. `token` is what it is known by; `session` None: nobody is signed in."""

    def __init__(self, request: Request, token: str, session: Session | None, *, is_new: bool) -> None:
        self.request = request
        self.services: Services = request.scope["state"]["services"]
        self.session = session
        self._token = token
        self._is_new = is_new
        #: what the browser keeps from now on has been said, and is not what it came with
        self._is_settled = False

    @classmethod
    async def of(cls, request: Request) -> "Browser":
        services: Services = request.scope["state"]["services"]
        token = read_cookie(request, _name(request, _SESSION))
        try:
            return cls(request, token, await services.sessions.authenticate(token), is_new=False)
        except SessionInvalid:
            pass
        visitor = read_cookie(request, _name(request, _VISITOR))
        if looks_like_visitor(visitor):
            return cls(request, visitor, None, is_new=False)
        return cls(request, generate_visitor_token(), None, is_new=True)

    @property
    def token(self) -> str:
        """What it is known by: of its session, or as a visitor."""
        return self._token

    @property
    def known_token(self) -> str:
        """What the browser has shown that it is known by; empty when it came without."""
        return "" if self._is_new else self._token

    @property
    def origin(self) -> Origin:
        client = self.request.client
        return Origin(client.host if client else "", self.request.scope[REQUEST_ID])

    @property
    def caller(self) -> Caller:
        """Raises SessionInvalid when nobody is signed in."""
        if self.session is None:
            raise SessionInvalid
        return Caller(self.session.principal, self.origin)

    def form_token(self, purpose: str = ANY_FORM) -> str:
        return self.services.sessions.form_token(self._token, purpose)

    def check_form(self, form: Form, purpose: str = ANY_FORM) -> None:
        """Raises FormRefused for a form that this browser was not given here, or that another site sends."""
        _check_site(self.request)
        self.services.sessions.check_form(self._token, form.first(FORM_TOKEN), purpose)

    @property
    def is_led_from_here(self) -> bool:
        """Whether a page of this service led here, as far as the browser tells; a redirect counts as its page."""
        return self.request.headers.get("sec-fetch-site", "same-origin") == "same-origin"

    def keep(self, response: Response) -> Response:
        """Lets the browser keep what it is known by, where it does not have that already."""
        if self._is_settled:
            return response
        if self.session is not None and self.session.renewed:
            self._set_cookie(response, _SESSION, self._token)
        elif self.session is None and self._is_new:
            self._set_cookie(response, _VISITOR, self._token)
        return response

    def sign_in(self, response: Response, opened: OpenedSession) -> Response:
        self._is_settled = True
        self._set_cookie(response, _SESSION, opened.token)
        return response

    def sign_out(self, response: Response) -> Response:
        self._is_settled = True
        response.delete_cookie(
            _name(self.request, _SESSION), path="/", secure=_is_secure(self.request), httponly=True, samesite="lax"
        )
        if _is_secure(self.request):
            # browsers heed it there alone; not "cookies", which would take those of other services of the domain along
            response.headers["clear-site-data"] = '"cache", "storage"'
        return response

    @property
    def wanted_page(self) -> str:
        """The page that `remember_page` was told of, as the browser has it."""
        return unquote(read_cookie(self.request, _name(self.request, _WANTED)))

    def remember_page(self, response: Response, page: str) -> Response:
        """Lets the browser keep where it is to go after signing in; empty: nowhere in particular."""
        name, secure = _name(self.request, _WANTED), _is_secure(self.request)
        if page:
            response.set_cookie(
                name,
                # of what needs no quotes in a cookie
                quote(page, safe=""),
                max_age=_WANTED_SECONDS,
                path="/",
                secure=secure,
                httponly=True,
                samesite="lax",
            )
        elif read_cookie(self.request, name):
            response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="lax")
        return response

    def _set_cookie(self, response: Response, name: str, value: str) -> None:
        # lax, not strict: an app's own server sends the browser back here
        response.set_cookie(
            _name(self.request, name),
            value,
            max_age=int(IDLE_LIFETIME.total_seconds()),
            path="/",
            secure=_is_secure(self.request),
            httponly=True,
            samesite="lax",
        )


def _check_site(request: Request) -> None:
    """Raises FormRefused for a form of another site, as far as the browser tells."""
    fetch_site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if fetch_site is not None:
        if fetch_site != "same-origin":
            raise FormRefused
    elif origin is not None:
        public: str = request.scope["state"]["public_url"]
        # also by other names than the public one: the name of an organisation, or the operator's own way in
        ours = {request.headers.get("host"), urlsplit(public).netloc} - {"", None}
        if urlsplit(origin).netloc not in ours:
            raise FormRefused


def _is_secure(request: Request) -> bool:
    public: str = request.scope["state"]["public_url"]
    return public.startswith("https://")


def _name(request: Request, name: str) -> str:
    # RFC 6265bis §4.1.3.2: with this prefix no other host and no plain http can have set it
    return f"__Host-{name}" if _is_secure(request) else name
