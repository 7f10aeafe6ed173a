"""What vendors publish on npm of the bodies that they take (tests/vendor_types), as judges of what is sent."""

import functools
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema_rs import Draft4Validator

_ROOT: Final = Path(__file__).parent.parent / "vendor_types"
_MODULES: Final = _ROOT / "node_modules"


def _node() -> str:
    """Node.js, or skips where there is none."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("no Node.js on this machine (Debian: apt-get install nodejs npm)")
    return found


def published(path: str) -> Path:
    """A file of a package, or skips where the packages are not installed."""
    if not (_MODULES / path).exists():
        pytest.skip(f"the vendors' packages are not installed, or not all: {path} is missing (make node)")
    return _MODULES / path


def compile_(declarations: list[tuple[str, object]], directory: Path) -> str:
    """What the compiler has to say when each value is given to a constant of the type."""
    compiler = published("typescript/bin/tsc")
    (directory / "node_modules").symlink_to(_MODULES)
    source = directory / "sent.ts"
    lines = [
        f"export const sent{number}: {type_} = {json.dumps(value)};"
        for number, (type_, value) in enumerate(declarations)
    ]
    source.write_text("\n".join(lines), encoding="utf-8")
    options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022"]
    done = subprocess.run(
        [_node(), compiler, *options, source], cwd=directory, capture_output=True, text=True, timeout=120, check=False
    )
    return done.stdout + done.stderr


@functools.cache
def _documents() -> Draft4Validator:
    path = published("@atlaskit/adf-schema/dist/json-schema/v1/full.json")
    return Draft4Validator(json.loads(path.read_text(encoding="utf-8")))


def faults_of(document: object) -> list[str]:
    return [f"{fault.instance_path}: {fault.message}" for fault in _documents().iter_errors(document)]


def parsed(cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each card as Microsoft's parser writes it again, and as `told` what it has to say of it."""
    published("adaptivecards/dist/adaptivecards.js")
    done = subprocess.run(
        [_node(), _ROOT / "parse_cards.cjs"],
        input=json.dumps(cards),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def check_cards(messages: list[dict[str, Any]]) -> None:
    """That nothing is told of them, and that nothing gets lost but what is Teams's own."""
    cards = [attachment["content"] for message in messages for attachment in message["attachments"]]
    for card, made in zip(cards, parsed(cards), strict=True):
        assert made["told"] == []
        assert made["card"] == {name: value for name, value in card.items() if name != "msteams"}
