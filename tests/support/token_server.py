"""A vendor's token endpoint that rotates, over real HTTP: GitLab and Slack as far as refreshing needs them.

It knows every token that it gave, ends the old ones at a refresh, and counts. What it does next can be said beforehand,
for the refresh token that comes.
"""

import base64
import contextlib
import json
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs

from support.vendor_server import Behaviour, Gate, say

CLIENT_ID: Final = "stand-in-client"
CLIENT_SECRET: Final = "stand-in-secret"
LIFETIME: Final = 7200


@dataclass
class Grant:
    """What one authorisation gave: its newest tokens, and what happened to it. `kind` is Slack's: bot or user."""

    access: str
    refresh: str
    kind: str
    asked: int = 0
    refreshes: int = 0
    is_over: bool = False
    #: its access tokens are refused as soon as they were given
    is_suspended: bool = False
    under_way: int = 0
    most_at_once: int = 0
    #: what comes instead of an answer, one after the other; None: an answer
    script: list[Behaviour | None] = field(default_factory=list)
    #: what is said after it has rotated, in place of the answer
    instead: Behaviour | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def secrets(self) -> dict[str, str]:
        prefix = "" if self.kind == "bot" else "user_"
        return {f"{prefix}access_token": self.access, f"{prefix}refresh_token": self.refresh}


class TokenServer:
    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        self.lifetime = LIFETIME
        self.revoked: list[str] = []
        self._by_refresh: dict[str, Grant] = {}
        self._by_access: dict[str, Grant] = {}

    @classmethod
    @contextlib.contextmanager
    def start(cls) -> Iterator["TokenServer"]:
        server = _Server(("127.0.0.1", 0), _Handler)
        server.tokens = cls(server)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server.tokens
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def settings(self) -> dict[str, Any]:
        """What the operator sets to have the vendors here."""
        return {
            slug: {
                "base_url": self.url,
                "api_url": f"{self.url}{path}",
                "client_id": CLIENT_ID,
                "client_secret": CLIENT_SECRET,
            }
            for slug, path in (("gitlab", "/api/v4"), ("slack", "/api"))
        }

    def grant(self, kind: str = "bot") -> Grant:
        """A person authorises it."""
        made = Grant(access=f"glpat-{uuid.uuid4()}", refresh=f"refresh-{uuid.uuid4()}", kind=kind)
        self._by_refresh[made.refresh] = self._by_access[made.access] = made
        return made

    def end_access(self, grant: Grant) -> None:
        """The access token is dead before its time; the refresh token is not."""
        del self._by_access[grant.access]

    def owner(self, access: str) -> Grant | None:
        found = self._by_access.get(access)
        if found is None or found.is_over or found.is_suspended:
            return None
        return found if found.access == access else None

    def refresh(self, handler: BaseHTTPRequestHandler, form: dict[str, list[str]], *, slack: bool) -> Behaviour:
        """What comes of a request to the token endpoint."""
        if not _knows_us(handler, form):
            name = {"ok": False, "error": "invalid_client_id"} if slack else {"error": "invalid_client"}
            return say(200 if slack else 401, name)
        token = form["refresh_token"][0]
        grant = self._by_refresh.get(token)
        if grant is None:
            return _refusal(slack=slack)
        with grant.lock:
            grant.asked += 1
            grant.under_way += 1
            grant.most_at_once = max(grant.most_at_once, grant.under_way)
            planned = grant.script.pop(0) if grant.script else None
        try:
            if planned is not None and not isinstance(planned, Gate):
                return planned
            if isinstance(planned, Gate):
                planned.reached.set()
                assert planned._opened.wait(15)
            with grant.lock:
                if grant.is_over or grant.refresh != token:
                    grant.is_over = True  # a spent token that comes again ends them all
                    return _refusal(slack=slack)
                return self._rotate(grant, slack=slack)
        finally:
            grant.under_way -= 1

    def revoke(self, access: str) -> None:
        self.revoked.append(access)
        found = self._by_access.get(access)
        if found is not None and found.access == access:
            found.is_over = True

    def _rotate(self, grant: Grant, *, slack: bool) -> Behaviour:
        grant.access, grant.refresh = f"glpat-{uuid.uuid4()}", f"refresh-{uuid.uuid4()}"
        grant.refreshes += 1
        self._by_refresh[grant.refresh] = self._by_access[grant.access] = grant
        answer = {
            "access_token": grant.access,
            "refresh_token": grant.refresh,
            "expires_in": self.lifetime,
            "token_type": grant.kind if slack else "Bearer",
            "scope": "api",
        }
        if slack:
            answer["ok"] = True
        instead, grant.instead = grant.instead, None
        return instead or say(200, answer)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    tokens: TokenServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        """GitLab's user of a token, and what else verification asks."""
        access = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.server.tokens.owner(access) is None:
            self._say(say(401, {"message": "401 Unauthorized"}))
        elif self.path.endswith("/user"):
            self._say(say(200, {"id": 7, "username": "alice", "web_url": "https://gitlab.example/alice"}))
        else:
            self._say(say(404, {"message": "404 Not Found"}))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        form = parse_qs(body)
        match self.path:
            case "/oauth/token":
                self._say(self.server.tokens.refresh(self, form, slack=False))
            case "/api/oauth.v2.access":
                self._say(self.server.tokens.refresh(self, form, slack=True))
            case "/oauth/revoke":
                self.server.tokens.revoke(form["token"][0])
                self._say(say(200, {}))
            case "/api/auth.revoke":
                self.server.tokens.revoke(self.headers.get("Authorization", "").removeprefix("Bearer "))
                self._say(say(200, {"ok": True, "revoked": True}))
            case _:
                self._say(say(404, {"message": "404 Not Found"}))

    def _say(self, behaviour: Behaviour) -> None:
        # whoever asked may be gone before the answer
        with contextlib.suppress(ConnectionError):
            behaviour(self)

    def log_message(self, *_: Any) -> None:
        pass


def _knows_us(handler: BaseHTTPRequestHandler, form: dict[str, list[str]]) -> bool:
    pair = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
    in_header = handler.headers.get("Authorization") == f"Basic {pair}"
    return in_header or (form.get("client_id"), form.get("client_secret")) == ([CLIENT_ID], [CLIENT_SECRET])


def _refusal(*, slack: bool) -> Behaviour:
    if slack:
        return say(200, {"ok": False, "error": "invalid_refresh_token"})
    return say(400, {"error": "invalid_grant", "error_description": "it is invalid, expired, revoked"})


def to_environment(settings: dict[str, Any]) -> dict[str, str]:
    """The same as variables of a service."""
    return {
        f"JACKFIELD_PROVIDERS__{slug}__{name}".upper(): json.dumps(value).strip('"')
        for slug, named in settings.items()
        for name, value in named.items()
    }
