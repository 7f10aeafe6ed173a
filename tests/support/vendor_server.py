"""A stand-in for every vendor, as the operator would point one elsewhere: how it answers is said for each token.

It speaks GitHub's `GET /user` and its issues, and for the tokens of which something was said Slack's
`POST /auth.revoke` and, as an authored definition's own server, `POST /verify/<token>`; every other path is unknown to
it. Tests share it, and never a token.
"""

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from support.repository import Repository, name_of

#: longer than the service waits for an answer
_HANG_SECONDS: Final = 15.0
_PART: Final = b" " * 1024 * 1024

#: what a vendor does with one request
Behaviour = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Account:
    """What comes for one token: an answer after the other, the last one for ever. `asked` are the times, seconds."""

    answers: list[Behaviour]
    asked: list[float] = field(default_factory=list)
    most_at_once: int = 0
    _under_way: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def serving(self) -> Iterator[Behaviour]:
        with self._lock:
            answer = self.answers[min(len(self.asked), len(self.answers) - 1)]
            self.asked.append(time.monotonic())
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
        try:
            yield answer
        finally:
            with self._lock:
                self._under_way -= 1


class VendorServer:
    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        #: every token that came, in any path
        self.tokens: list[str] = []
        self._accounts: dict[str, Account] = {}
        self._repositories: dict[str, Repository] = {}

    @classmethod
    @contextlib.contextmanager
    def start(cls) -> Iterator["VendorServer"]:
        server = _Server(("127.0.0.1", 0), _Handler)
        server.vendors = cls(server)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server.vendors
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def answer(self, token: str, *answers: Behaviour) -> Account:
        """From now on the token is answered so; one of which nothing was said is refused."""
        self._accounts[token] = Account(list(answers))
        return self._accounts[token]

    def repository(self, name: str | None = None) -> Repository:
        """A new one, with a name of its own; any token may write in it."""
        made = Repository() if name is None else Repository(name)
        self._repositories[made.name.lower()] = made
        return made

    def rename(self, repository: Repository, name: str) -> None:
        """From now on the old name leads to the new one, until there is another repository with the old name."""
        repository.name = name
        self._repositories[name] = repository

    def find_repository(self, path: str, body: bytes) -> Repository | None:
        if path.startswith("/repositories/"):
            return next((one for one in self._repositories.values() if path == f"/repositories/{one.id}"), None)
        return self._repositories.get((name_of(path, body) or "").lower())

    def knows(self, token: str) -> bool:
        return token in self._accounts

    def account(self, token: str) -> Account:
        return self._accounts.setdefault(token, Account([refused]))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    vendors: VendorServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        if self._in_repository(b""):
            return
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        self.server.vendors.tokens.append(token)
        self._answer(token if self.path == "/user" else None)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self._in_repository(body):
            return
        place, _, token = self.path.rpartition("/")
        if self.path == "/auth.revoke":
            place, token = self.path, self.headers.get("Authorization", "").removeprefix("Bearer ")
        known = place in {"/auth.revoke", "/verify"} and self.server.vendors.knows(token)
        self._answer(token if known else None)

    do_DELETE = do_POST  # noqa: N815  the library's name
    do_PATCH = do_POST  # noqa: N815  the library's name

    def _in_repository(self, body: bytes) -> bool:
        """Answers what is about a repository; False when this is not."""
        repository = self.server.vendors.find_repository(self.path, body)
        if repository is not None:
            said = repository.answer(self.command, self.path, json.loads(body) if body else None)
            with contextlib.suppress(ConnectionError):
                (said if callable(said) else say(*said))(self)
        return repository is not None

    def _answer(self, token: str | None) -> None:
        """As was said for the token; None: there is nothing at this path."""
        # whoever asked may be gone before the answer
        with contextlib.suppress(ConnectionError):
            if token is None:
                say(404, {"message": "Not Found"})(self)
                return
            with self.server.vendors.account(token).serving() as answer:
                answer(self)

    def log_message(self, *_: Any) -> None:
        pass


def say(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Behaviour:
    """This status with this JSON."""
    return _reply(status, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})})


def _reply(status: int, content: bytes, headers: Mapping[str, str]) -> Behaviour:
    def reply(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        if status == 204:
            # RFC 9110 §15.3.5: without content, which would be taken for the beginning of the next answer
            request.end_headers()
            return
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(content)

    return reply


#: GET /user of a classic token, https://docs.github.com/en/rest/users/users#get-the-authenticated-user
taken = say(
    200, {"id": 583231, "login": "octocat", "html_url": "https://github.com/octocat"}, {"X-OAuth-Scopes": "repo, user"}
)
refused = say(401, {"message": "Bad credentials"})
forbidden = say(403, {"message": "Resource not accessible by personal access token"})
broken = say(500, {"message": "Server Error"})
web_page = _reply(200, b"<!doctype html><title>Sign in</title>", {"Content-Type": "text/html"})


def limited(seconds: int) -> Behaviour:
    return say(429, {"message": "API rate limit exceeded"}, {"Retry-After": str(seconds)})


def hangs(request: BaseHTTPRequestHandler) -> None:
    """Says nothing for longer than anybody waits."""
    request.close_connection = True
    request.connection.settimeout(_HANG_SECONDS)
    with contextlib.suppress(OSError):
        request.connection.recv(1)


def resets(request: BaseHTTPRequestHandler) -> None:
    """Breaks the connection off without a word."""
    request.close_connection = True
    request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.connection.close()


def floods(request: BaseHTTPRequestHandler) -> None:
    """Sends 50 MB, or as much of it as anybody wants."""
    request.close_connection = True
    request.send_response(200)
    request.send_header("Content-Type", "application/json")
    request.send_header("Content-Length", str(50 * len(_PART)))
    request.end_headers()
    for _ in range(50):
        request.wfile.write(_PART)


class Gate:
    """Holds an answer back until the test opens it; `reached` tells when the request is there."""

    def __init__(self, answer: Behaviour) -> None:
        self.reached = threading.Event()
        self._opened = threading.Event()
        self._answer = answer

    def __call__(self, request: BaseHTTPRequestHandler) -> None:
        self.reached.set()
        assert self._opened.wait(_HANG_SECONDS)
        self._answer(request)

    def wait(self) -> None:
        assert self.reached.wait(_HANG_SECONDS), "nobody asked"

    def open(self) -> None:
        self._opened.set()
