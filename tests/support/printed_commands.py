"""The commands that the reference pages print, run as a reader would run them."""

import html
import json
import re
import shutil
import subprocess
from typing import Any, Final

import pytest
import requests

from jackfield.web.contract import Dialect, Operation
from support.checked_tenant import CheckedTenant
from support.every_call import Ready
from support.service import bare_environment

#: where the page says the service is when the operator has not said
PRINTED: Final = "http://127.0.0.1:8400"


def printed(tenant: CheckedTenant, dialect: Dialect, operation: Operation) -> str:
    """The command that the reference page prints for the operation."""
    page = requests.get(f"{tenant.service.url}/docs/{dialect.name}", timeout=30).text
    section = page.partition(f'<section id="{operation.name}"')[2].partition("</section>")[0]
    found = re.search(r"<code>(curl.*?)</code>", section, re.DOTALL)
    assert found, operation.name
    return html.unescape(found[1])


def run(tenant: CheckedTenant, command: str, made: Ready) -> tuple[int, Any]:
    """Status and body of the answer to a printed command."""
    if shutil.which("curl") is None:
        pytest.skip("no curl on this machine")
    command = command.replace(PRINTED, tenant.service.url)
    for shown, real in made.instead.items():
        command = command.replace(shown, real)
    path = {variable(name): value for name, value in made.path.items()}
    done = subprocess.run(
        ["bash", "-euc", f"{command} -sS -w '\\n%{{http_code}}'"],  # noqa: S607
        env={**bare_environment(), **path, **made.credentials},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body) if body else None


def variable(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()
