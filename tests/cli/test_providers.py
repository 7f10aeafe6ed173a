"""`jackfield providers`: what can be connected, without a database."""

from pathlib import Path

from jackfield.providers._registry import provider_classes
from support.command import jackfield


def test_all_that_is_installed_is_listed() -> None:
    outcome = jackfield({}, "providers", "list")
    assert (outcome.status, outcome.err) == (0, "")
    heading, *lines = outcome.out.splitlines()
    assert heading.split() == ["PROVIDER", "NAME", "CATEGORY", "GRADE", "CAN"]
    assert [line.split()[0] for line in lines] == list(provider_classes())
    found = {line.split()[0]: line for line in lines}
    assert found["github"].split()[1:] == [
        "GitHub",
        "source-control",
        "gold",
        "connect,",
        "verify,",
        "deliver,",
        "read_back,",
        "revoke",
    ]
    assert found["slack"].endswith("verify, deliver, revoke")
    # a workflow shows nothing without a message
    assert found["teams"].split()[-2:] == ["gold", "deliver"]


def test_the_list_for_scripts() -> None:
    found = jackfield({}, "providers", "list", "--json").json
    assert [one["slug"] for one in found] == list(provider_classes())
    [github] = [one for one in found if one["slug"] == "github"]
    assert github == {
        "slug": "github",
        "name": "GitHub",
        "category": "source-control",
        "grade": "gold",
        "can": ["connect", "verify", "deliver", "read_back", "revoke"],
        "missing": [],
    }


def test_a_provider_is_shown_with_all_that_it_takes() -> None:
    outcome = jackfield({}, "providers", "show", "github")
    assert (outcome.status, outcome.err) == (0, "")
    manifest = provider_classes()["github"].manifest
    assert outcome.out.startswith(f"GitHub (github, source-control): {manifest.description}\nhttps://github.com\n")
    for secret in manifest.secrets:
        assert f"  {secret.name} (hubs: auth.{secret.auth_key}): {secret.title}." in outcome.out
    for setting in manifest.configuration:
        assert f"  {setting.name}" in outcome.out
    for source in manifest.sources:
        assert f"{source.url} (read {source.checked_at})" in outcome.out


def test_a_provider_for_scripts() -> None:
    shown = jackfield({}, "providers", "show", "github", "--json").json
    assert (shown["slug"], shown["can"]) == ("github", ["connect", "verify", "deliver", "read_back", "revoke"])
    manifest = provider_classes()["github"].manifest
    assert [one["name"] for one in shown["manifest"]["secrets"]] == [one.name for one in manifest.secrets]


def test_an_unknown_one_is_refused_with_what_there_is() -> None:
    complaint = jackfield({}, "providers", "show", "githbu").complaint
    assert complaint == f"there is no provider 'githbu'; there are: {', '.join(provider_classes())}"


def test_a_provider_as_a_page() -> None:
    page = jackfield({}, "providers", "show", "jira", "--markdown").out
    assert page.startswith("# Jira\n")
    assert "## How to get a credential\n\n1. " in page
    assert page == (Path(__file__).parents[2] / "docs" / "providers" / "jira.md").read_text(encoding="utf-8")
