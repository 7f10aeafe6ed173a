"""`jackfield demo` in an empty directory: what it does, says and does not say."""

import re
import shutil
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path

import pytest
import requests

from support.client import Client
from support.command import Outcome, jackfield
from support.data_directory import DataDirectory
from support.emulator import PROGRAM
from support.service import bare_environment, free_port
from support.vendor_server import VendorServer, taken

KEY = re.compile(r"^Your key:  (jf_\S+)$", re.MULTILINE)
LINK = re.compile(r"^Console:   (http://127\.0\.0\.1:\d+/console/link/jfl_\S+)$", re.MULTILINE)


_WHAT = {"GitHub": "issue 1", "Slack": "1 message"}
TOKENS = ("sntrys_demo_token", "ghp_demo_token", "test_token_admin", "eyJhbGciOiJub25lIn0.e30.broken")


def check_saved_and_read(said: str) -> None:
    assert re.search(r"^Saved through v2:  Production Sentry \([0-9a-f-]{36}\)$", said, re.MULTILINE)
    assert re.search(r"^Read through v1:   Production Sentry, token sntrys_\.\.\.", said, re.MULTILINE)
    assert "Listed through v1: 1 integration(s)\n" in said
    assert re.search(r"^In the database:   01[0-9a-f]{46}\.\.\. \(sealed\)$", said, re.MULTILINE)


def check_broken_and_mended(said: str, account: str) -> None:
    """GitHub is connected, live, refused, live again, and gone."""
    part = said.partition(", through hubs:\n")[2].partition("\nNow an item")[0].partition("\nGive --")[0]
    assert re.search(r"^Connected:         Demo GitHub \([0-9a-f]{24}\), shown \S{5}\.\.\.$", part, re.MULTILINE)
    jobs = re.findall(r"^(Verified|Deleted):  +job [0-9a-f]{24}: (?:.* → )?(\w+)(?:, as (\w+))?$", part, re.MULTILINE)
    assert jobs == [
        ("Verified", "completed", account),
        ("Verified", "error", ""),
        ("Verified", "completed", account),
        ("Deleted", "completed", ""),
    ]
    states = re.findall(r"^ +it is (\w+)(.*)$", part, re.MULTILINE)
    assert [state for state, _ in states] == ["live", "new", "live", "deleted"]
    assert states[1][1].startswith(" because: GitHub refuses the ")
    assert states[3][1] == ", its token erased"


def check_item(said: str, vendors: Sequence[str]) -> None:
    """An item is put, edited, closed at GitHub and read back; what it became is shown each time."""
    part = said.partition("\nNow an item of the product, which its integrations bring to their vendors:\n")[2]
    told = re.findall(r"^(Put|Edited|At GitHub|At Slack|Read back):  +(.*?)(?: \(http\S+\))?$", part, re.MULTILINE)
    worn, replaced = "Brake pads worn", "Brake pads replaced"
    assert told == [
        ("Put", f"{worn} (open), version 1"),
        *((f"At {vendor}", f"{_WHAT[vendor]}: {worn}") for vendor in vendors),
        ("Edited", f"{replaced} (in_progress), version 2"),
        *((f"At {vendor}", f"{_WHAT[vendor]}: {replaced}") for vendor in vendors),
        ("At GitHub", "somebody closes issue 1"),
        ("Read back", "the item is in_progress here, and closed at GitHub"),
    ]
    assert "it found: 1 done, 1 total, 1 changed\n" in part
    assert part.count("\nDeleted: ") == len(vendors)


def check_silence(outcome: Outcome) -> None:
    for token in TOKENS:
        assert token not in outcome.out + outcome.err


def test_the_demo_does_the_main_job_and_can_be_repeated(empty_directory: DataDirectory, vendors: VendorServer) -> None:
    port = free_port()
    environment = empty_directory.environment
    first = jackfield(environment, "demo", "--exit", "--port", str(port))
    assert first.status == 0, first
    check_saved_and_read(first.out)
    assert "\nNow a stand-in of GitHub (give --github-token for the real one), through hubs:\n" in first.out
    check_broken_and_mended(first.out, "octocat")
    check_item(first.out, ["GitHub"])
    check_silence(first)
    assert f"curl http://127.0.0.1:{port}/api/v1/integrations/list" in first.out
    [old_key] = KEY.findall(first.out)
    assert empty_directory.processes == []

    # again, this time with a token for GitHub itself, and it stays
    token = f"ghp_{uuid.uuid4().hex}"
    vendors.answer(token, taken)
    environment["JACKFIELD_DEMO_GITHUB_TOKEN"] = token
    environment["JACKFIELD_PROVIDERS__GITHUB__API_URL"] = vendors.url
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "jackfield", "demo", "--port", str(port)],
        env={**bare_environment(), **environment},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        said = ""
        while "The service is running" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        [key] = KEY.findall(said)
        assert key != old_key
        [link] = LINK.findall(said)
        assert "Sign in with this link" in requests.get(link, timeout=30).text
        assert "\nNow GitHub, through hubs:\n" in said
        check_broken_and_mended(said, "octocat")
        assert "\nGive --github-repository as well, and the demo opens an issue in it.\n" in said
        assert token not in said
        for one in (old_key, key):
            listed = Client(f"http://127.0.0.1:{port}", one).list().json()
            assert [found["name"] for found in listed["integrations"].values()] == ["Production Sentry"]
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert empty_directory.processes == []


def test_the_demo_with_an_emulator_of_github(empty_directory: DataDirectory) -> None:
    if shutil.which("node") is None or not PROGRAM.exists():
        pytest.skip("no Node.js on this machine, or the emulator is not installed (see tests/support/emulator.py)")
    environment = empty_directory.environment
    outcome = jackfield(environment, "demo", "--exit", "--port", str(free_port()), "--emulator", str(PROGRAM))
    assert outcome.status == 0, outcome
    assert "\nNow an emulator of GitHub, through hubs:\n" in outcome.out
    check_saved_and_read(outcome.out)
    check_broken_and_mended(outcome.out, "admin")
    check_item(outcome.out, ["GitHub", "Slack"])
    check_silence(outcome)
    assert empty_directory.processes == []


def test_a_demo_whose_emulator_does_not_start_says_so_and_leaves_nothing(
    empty_directory: DataDirectory, tmp_path: Path
) -> None:
    if shutil.which("node") is None:
        pytest.skip("no Node.js on this machine (Debian: apt-get install nodejs)")
    program = tmp_path / "index.js"
    program.write_text("process.exit(3)")
    environment = empty_directory.environment
    complaint = jackfield(environment, "demo", "--exit", "--emulator", str(program)).complaint
    assert complaint.startswith("the emulator of GitHub did not start")
    assert not empty_directory.path.exists()


def test_a_demo_on_a_busy_port_says_so(empty_directory: DataDirectory) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        outcome = jackfield(empty_directory.environment, "demo", "--exit", "--port", str(busy.getsockname()[1]))
    assert outcome.status == 1
    assert "Choose another with --port" in outcome.err
    assert not empty_directory.path.exists()
