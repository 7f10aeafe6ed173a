"""The vendors' emulator `emulate`, an npm package that imitates GitHub, Slack and Linear over HTTP.

It takes any token that it does not know for one of its first user. What it refuses: as GitHub a token that looks like
an app's own, as Slack the token of a user that is not there, as Linear a token that was revoked.

Each has an application for OAuth, and a page on which a person chooses who they are: a button for each user at GitHub
and Slack, one for the application itself at Linear. Only Linear's tokens end and are refreshed, each refresh token
once; GitHub and Slack look at no PKCE and refresh nothing.
"""

import contextlib
import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
import requests

from support.service import bare_environment, free_port

ROOT = Path(__file__).parent.parent / "emulate"
PROGRAM = ROOT / "node_modules" / "emulate" / "dist" / "index.js"
READY_SECONDS = 30.0

TOKEN = "test_token_admin"
TOKEN_OF_NOBODY = "test_token_of_nobody"
APP_ID = 12345
INSTALLATION_ID = 100
#: of the application at each of the three; what it may ask for is what the providers ask for
CLIENT_ID = "emulated-client-id"
CLIENT_SECRET = "emulated-client-secret-0123456789"
REDIRECT_URI = "https://jackfield.example.com/connect/callback"


@dataclass
class Emulator:
    github: str
    slack: str
    linear: str


@contextlib.contextmanager
def start_emulator(
    directory: Path, private_key: str, redirect_uris: Sequence[str] = (REDIRECT_URI,)
) -> Iterator[Emulator]:
    """Starts it at free ports; nothing of it is left after the block. Skips where it is not installed.

    `private_key` is the one of its GitHub App, `redirect_uris` are those of its applications.
    """
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node.js on this machine (Debian: apt-get install nodejs npm)")
    if not PROGRAM.exists():
        pytest.skip("the emulator is not installed (make node)")
    ports = {name: free_port() for name in ("github", "slack", "linear")}
    seed = directory / "seed.json"
    seed.write_text(json.dumps(_seed(ports, private_key, redirect_uris)), encoding="utf-8")
    log = directory / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [node, PROGRAM, "start", "--service", ",".join(ports), "--seed", seed],
            cwd=directory,
            env=bare_environment(),
            stdout=output,
            stderr=output,
        )
    try:
        emulator = Emulator(**{name: f"http://127.0.0.1:{port}" for name, port in ports.items()})
        for url in (emulator.github, emulator.slack, emulator.linear):
            _wait_until_ready(url, process, log)
        yield emulator
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def approve(page: str, who: str) -> dict[str, str]:
    """Presses the button of that name on a vendor's page, as a person does; returns what comes back to us."""
    shown = requests.get(page, timeout=10)
    assert shown.status_code == 200, shown.text
    buttons = _Buttons()
    buttons.feed(shown.text)
    form = next(form for form in buttons.forms if who in form.words)
    pressed = requests.post(urljoin(page, form.action), data=form.fields, allow_redirects=False, timeout=10)
    assert pressed.status_code == 302, pressed.text
    return dict(parse_qsl(urlsplit(pressed.headers["Location"]).query))


class _Form:
    def __init__(self, action: str) -> None:
        self.action = action
        self.fields: dict[str, str] = {}
        self.words: list[str] = []


class _Buttons(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[_Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(_Form(told["action"]))
        elif tag == "input" and self.forms:
            self.forms[-1].fields[told["name"]] = told["value"]

    def handle_data(self, data: str) -> None:
        if self.forms and data.strip():
            self.forms[-1].words.append(data.strip())


def _seed(ports: dict[str, int], private_key: str, redirect_uris: Sequence[str]) -> dict[str, object]:
    application = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "name": "Jackfield",
        "redirect_uris": list(redirect_uris),
    }
    return {
        "tokens": {
            TOKEN: {"login": "admin", "scopes": ["repo", "user"]},
            TOKEN_OF_NOBODY: {"login": "nobody", "scopes": []},
        },
        "github": {
            "port": ports["github"],
            "users": [{"login": "octocat"}],
            "oauth_apps": [application],
            "apps": [
                {
                    "app_id": APP_ID,
                    "slug": "jackfield",
                    "name": "Jackfield",
                    "private_key": private_key,
                    "permissions": {"issues": "write"},
                    "installations": [{"installation_id": INSTALLATION_ID, "account": "octocat"}],
                }
            ],
        },
        "slack": {"port": ports["slack"], "oauth_apps": [application]},
        "linear": {
            "port": ports["linear"],
            "oauth_apps": [{**application, "scopes": ["read", "write"], "actor": "app"}],
        },
    }


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the emulator stopped: {log.read_text()}"
        with contextlib.suppress(requests.RequestException):
            requests.get(url, timeout=5)
            return
        time.sleep(0.05)
    raise AssertionError(f"the emulator was not ready: {log.read_text()}")
