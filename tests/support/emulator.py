"""The vendors' emulator `emulate`, an npm package that imitates GitHub, Slack and Linear over HTTP.

It takes any token that it does not know for one of its first user. What it refuses: as GitHub a token that looks like
an app's own, as Slack the token of a user that is not there, as Linear a token that was revoked.
"""

import contextlib
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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


@dataclass
class Emulator:
    github: str
    slack: str
    linear: str


@contextlib.contextmanager
def start_emulator(directory: Path, private_key: str) -> Iterator[Emulator]:
    """Starts it at free ports; nothing of it is left after the block. Skips where it is not installed.

    `private_key` is the one of its GitHub App.
    """
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node.js on this machine (Debian: apt-get install nodejs npm)")
    if not PROGRAM.exists():
        pytest.skip("the emulator is not installed (make node)")
    ports = {name: free_port() for name in ("github", "slack", "linear")}
    seed = directory / "seed.json"
    seed.write_text(json.dumps(_seed(ports, private_key)), encoding="utf-8")
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


def _seed(ports: dict[str, int], private_key: str) -> dict[str, object]:
    return {
        "tokens": {
            TOKEN: {"login": "admin", "scopes": ["repo", "user"]},
            TOKEN_OF_NOBODY: {"login": "nobody", "scopes": []},
        },
        "github": {
            "port": ports["github"],
            "users": [{"login": "octocat"}],
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
        "slack": {"port": ports["slack"]},
        "linear": {"port": ports["linear"]},
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
