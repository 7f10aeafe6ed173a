"""The house itself: its floors, its papers, and that nothing in it belongs to one machine or to nobody else."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import typer
from typer.testing import CliRunner

from jackfield import __version__
from jackfield.cli import app
from jackfield.settings import Settings

ROOT: Final = Path(__file__).parent.parent
BIN: Final = Path(sys.executable).parent

#: environment variables that are documented and are no settings of the service
NOT_SETTINGS: Final = {"JACKFIELD_TEST_DATABASE_URL", "JACKFIELD_TEST_REQUIRE_ALL"}


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)  # noqa: S607
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    names = listed.stdout.decode().split("\0")
    return [path for name in names if name and (path := ROOT / name).is_file()]


def lines_of_tracked_files() -> Iterator[tuple[str, str]]:
    """Every line of text, with where it stands."""
    for path in tracked_files():
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            yield f"{path.relative_to(ROOT)}:{number}", line


def test_the_floors_hold() -> None:
    done = subprocess.run([BIN / "lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# Papers


def documented_settings() -> dict[str, tuple[str, str]]:
    """Default and meaning of each variable in the table of docs/settings.md."""
    rows = re.findall(
        r"^\| *`(JACKFIELD_[A-Z0-9_]+)` *\| *(.*?) *\| *(.*?) *\|$",
        (ROOT / "docs" / "settings.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    return {name: (default, meaning) for name, default, meaning in rows}


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    field = Settings.model_fields[name]
    documented = documented_settings()
    variable = f"JACKFIELD_{name.upper()}"
    assert variable in documented
    default, meaning = documented[variable]
    assert meaning
    assert field.description
    if field.default in (None, "", (), {}):
        assert default.startswith("unset")
    elif isinstance(field.default, bool):
        assert default == f"`{str(field.default).lower()}`"
    else:
        assert default == f"`{field.default}`"


def test_nothing_else_is_documented_as_a_setting() -> None:
    known = {f"JACKFIELD_{name.upper()}" for name in Settings.model_fields}
    assert set(documented_settings()) <= known | NOT_SETTINGS


def test_every_decision_is_linked_and_every_link_leads_to_one() -> None:
    directory = ROOT / "docs" / "adr"
    written = {path.name for path in directory.glob("*.md")} - {"README.md"}
    linked = set(re.findall(r"\]\(([^)#]+\.md)\)", (directory / "README.md").read_text(encoding="utf-8")))
    assert written
    assert written == linked


def test_links_between_the_papers_lead_somewhere() -> None:
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            if "://" not in target and not target.startswith("mailto:"):
                assert (path.parent / target).exists(), f"{path.relative_to(ROOT)} links to {target}"


# Nothing of one machine, nothing secret

# put together here, so that this file does not have what it looks for
REGISTRIES: Final = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("crates", "io"),
        ("anaconda", "org"),
    )
)
MACHINE_PATH: Final = re.compile(r"(?<![\w.~*-])/(?:work|root|home/\w+|Users/\w+)/")
API_KEY: Final = re.compile(r"\bjf_[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")
MASTER_KEY: Final = re.compile(r"[A-Za-z0-9._-]:[A-Za-z0-9+/]{43}=(?!=)")
PRIVATE_KEY: Final = re.compile("-----BEGIN [A-Z ]*" + "PRIVATE KEY-----")


def test_no_file_names_a_package_registry() -> None:
    found = [place for place, line in lines_of_tracked_files() if any(host in line.lower() for host in REGISTRIES)]
    assert found == []


def test_no_requirement_file_says_where_from() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text(encoding="utf-8")
        assert "://" not in text, path.name
        assert not re.search(r"^\s*(-i|-f|--index-url|--extra-index-url|--find-links)\b", text, re.MULTILINE), path.name


def test_every_requirement_is_pinned_and_hashed() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text(encoding="utf-8").replace("\\\n", " ")
        packages = [line for line in text.splitlines() if line and not line.startswith("#")]
        assert packages
        for line in packages:
            assert re.match(r"[\w.\[\]-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line), f"{path.name}: {line[:80]}"


def test_no_file_has_a_path_of_one_machine() -> None:
    assert [place for place, line in lines_of_tracked_files() if MACHINE_PATH.search(line)] == []


def test_no_file_has_a_secret() -> None:
    patterns = (API_KEY, MASTER_KEY, PRIVATE_KEY)
    found = [place for place, line in lines_of_tracked_files() if any(one.search(line) for one in patterns)]
    assert found == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (API_KEY, "'jf_" + "a" * 43 + "'"),
        (MASTER_KEY, "JACKFIELD_MASTER_KEYS=v1:" + "a" * 43 + "="),
        (MACHINE_PATH, '"/' + 'work/main"'),
        (MACHINE_PATH, " /" + "home/somebody/x"),
        (PRIVATE_KEY, "-----BEGIN RSA " + "PRIVATE KEY-----"),
    ],
)
def test_the_search_finds_what_it_looks_for(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)


# The command line's own papers


def commands() -> list[tuple[str, ...]]:
    """Every command and group of commands."""

    def walk(path: tuple[str, ...], command: object) -> Iterator[tuple[str, ...]]:
        yield path
        for name, below in getattr(command, "commands", {}).items():
            yield from walk((*path, name), below)

    return list(walk((), typer.main.get_command(app)))


def test_all_commands_of_the_operators_interface_are_there() -> None:
    found = {" ".join(path) for path in commands()}
    assert found >= {
        "serve",
        "migrate",
        "doctor",
        "demo",
        "organisations create",
        "organisations list",
        "organisations delete",
        "keys create",
        "keys list",
        "keys revoke",
        "vault generate",
        "vault status",
        "vault rotate",
    }


@pytest.mark.parametrize("path", commands(), ids=lambda path: " ".join(path) or "jackfield")
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    answer = CliRunner().invoke(app, [*path, "--help"])
    assert answer.exit_code == 0
    assert "Usage:" in answer.output
    # what it does, in a sentence
    assert re.search(r"[A-Z][a-z]+ [^\n]*\.", answer.output)


def test_the_console_script_is_the_command() -> None:
    for arguments, expected in ((["--help"], "organisations"), (["version"], __version__)):
        done = subprocess.run([BIN / "jackfield", *arguments], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert expected in done.stdout
