"""The GitHub that the demo connects: the real one, an emulator, or a stand-in that answers one call."""

import contextlib
import http.server
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
from typing import Final

import msgspec

from jackfield.cli.console import fail

_READY_SECONDS: Final = 30.0
_STAND_IN_TOKEN: Final = "ghp_demo_token_of_the_stand_in"
_EMULATOR_TOKEN: Final = "test_token_admin"
#: in the form of an app's own token, which no user has; the emulator takes almost everything else
BROKEN_TOKEN: Final = "eyJhbGciOiJub25lIn0.e30.broken"


class DemoGitHub(msgspec.Struct, frozen=True):
    """What to connect with which token; `api_url` None: where GitHub is."""

    what: str
    token: str
    api_url: str | None


@contextlib.contextmanager
def demo_github(token: str | None, emulator: Path | None) -> Iterator[DemoGitHub]:
    """GitHub itself with a token; else the emulator, where Node and it are there; else a stand-in of one call."""
    node = shutil.which("node")
    if token:
        yield DemoGitHub("GitHub", token, None)
    elif node is not None and emulator is not None and emulator.exists():
        with _emulator(node, emulator) as url:
            yield DemoGitHub("an emulator of GitHub", _EMULATOR_TOKEN, url)
    else:
        with _stand_in() as url:
            yield DemoGitHub("a stand-in of GitHub (give --github-token for the real one)", _STAND_IN_TOKEN, url)


@contextlib.contextmanager
def _emulator(node: str, program: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [node, program, "start", "--service", "github", "--port", str(port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(process, url)
        yield url
    finally:
        process.terminate()
        process.wait()


def _wait_until_ready(process: "subprocess.Popen[bytes]", url: str) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with opener.open(url, timeout=2):
                return
        except urllib.error.HTTPError:
            return  # it answers
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    fail("the emulator of GitHub did not start; try again with --github-token, or without --emulator")


class _OneCall(http.server.BaseHTTPRequestHandler):
    """GET /user with the one token it knows; 401 with any other."""

    def do_GET(self) -> None:
        known = self.headers.get("Authorization") == f"Bearer {_STAND_IN_TOKEN}" and self.path == "/user"
        user = {"id": 1, "login": "octocat", "html_url": "https://github.com/octocat"}
        body = json.dumps(user if known else {"message": "Bad credentials"}).encode()
        self.send_response(200 if known else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextlib.contextmanager
def _stand_in() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _OneCall) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
