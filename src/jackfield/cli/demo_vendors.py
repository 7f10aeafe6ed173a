"""The vendors that the demo connects: GitHub itself, an emulator of GitHub and Slack, or a stand-in of a few calls."""

import contextlib
import http.server
import itertools
import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Final

import msgspec

from jackfield.cli.console import fail

_READY_SECONDS: Final = 30.0
_STAND_IN_TOKEN: Final = "ghp_demo_token_of_the_stand_in"
_EMULATOR_TOKEN: Final = "test_token_admin"
_REPOSITORY: Final = "jackfield-demo"
#: in the form of an app's own token, which no user has; the emulator takes almost everything else
BROKEN_TOKEN: Final = "eyJhbGciOiJub25lIn0.e30.broken"

# straight to the vendor, whatever proxy the environment names
_opener: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class DemoVendors(msgspec.Struct, frozen=True):
    """What to connect with which token. `api_url` None: where GitHub is.

    `repository` takes issues; None: nobody named one. `slack_url` has a workspace; None: there is none to show.
    """

    what: str
    token: str
    api_url: str | None
    repository: str | None
    slack_url: str | None = None


@contextlib.contextmanager
def demo_vendors(token: str | None, repository: str | None, emulator: Path | None) -> Iterator[DemoVendors]:
    """GitHub itself with a token; else the emulator, where Node and it are there; else a stand-in of a few calls."""
    node = shutil.which("node")
    if token:
        yield DemoVendors("GitHub", token, None, repository)
    elif node is not None and emulator is not None and emulator.exists():
        with _emulator(node, emulator) as (github, slack):
            made = call(f"{github}/user/repos", _EMULATOR_TOKEN, {"name": _REPOSITORY})["full_name"]
            yield DemoVendors("an emulator of GitHub", _EMULATOR_TOKEN, github, made, slack)
    else:
        with _stand_in() as url:
            what = "a stand-in of GitHub (give --github-token for the real one)"
            yield DemoVendors(what, _STAND_IN_TOKEN, url, f"octocat/{_REPOSITORY}")


def call(url: str, token: str, body: object = None, method: str | None = None) -> Any:
    """What somebody else does at the vendor: a person with the same token."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310  a vendor of the demo's own
    with _opener.open(request, timeout=10) as answer:
        return json.loads(answer.read())


@contextlib.contextmanager
def _emulator(node: str, program: Path) -> Iterator[tuple[str, str]]:
    """The addresses of its GitHub and its Slack."""
    # it gives its services ports in a row
    port = _free_ports()
    process = subprocess.Popen(
        [node, program, "start", "--service", "github,slack", "--port", str(port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        urls = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}"
        for url in urls:
            _wait_until_ready(process, url)
        yield urls
    finally:
        process.terminate()
        process.wait()


def _free_ports() -> int:
    """The first of two free ports in a row."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            with contextlib.suppress(OSError, OverflowError):
                second.bind(("127.0.0.1", port + 1))
                return port


def _wait_until_ready(process: "subprocess.Popen[bytes]", url: str) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with _opener.open(url, timeout=2):
                return
        except urllib.error.HTTPError:
            return  # it answers
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    fail("the emulator of GitHub did not start; try again with --github-token, or without --emulator")


class _FewCalls(http.server.BaseHTTPRequestHandler):
    """GET /user, and issues, with the one token it knows; 401 with any other."""

    issues: ClassVar[dict[str, dict[str, Any]]]
    numbers: ClassVar["itertools.count[int]"]

    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    do_PATCH = do_POST  # noqa: N815  the library's name

    def _answer(self, body: dict[str, Any] | None) -> None:
        known = self.headers.get("Authorization") == f"Bearer {_STAND_IN_TOKEN}"
        status, shown = self._do(body) if known else (401, {"message": "Bad credentials"})
        content = json.dumps(shown).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _do(self, body: dict[str, Any] | None) -> tuple[int, object]:
        if self.path == "/user":
            return 200, {"id": 1, "login": "octocat", "html_url": "https://github.com/octocat"}
        place, _, name = self.path.rpartition("/")
        if name == "issues" and body is not None:
            number = next(self.numbers)
            url = f"https://github.example{self.path}/{number}"
            self.issues[f"{self.path}/{number}"] = {**body, "number": number, "state": "open", "html_url": url}
            return 201, self.issues[f"{self.path}/{number}"]
        if self.path in self.issues:
            self.issues[self.path].update(body or {})
            return 200, self.issues[self.path]
        if place == "/repos/octocat":
            return 200, {"private": False, "archived": False, "has_issues": True}
        return 404, {"message": "Not Found"}

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextlib.contextmanager
def _stand_in() -> Iterator[str]:
    class Handler(_FewCalls):
        issues: ClassVar[dict[str, dict[str, Any]]] = {}
        numbers: ClassVar["itertools.count[int]"] = itertools.count(1)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
