"""`jackfield doctor`: fine, or why not."""

from typing import Any

from jackfield.vault import generate_master_key
from support.command import Outcome, jackfield
from support.data_directory import DataDirectory
from support.service import free_port
from support.vendor_server import VendorServer


def doctor(environment: dict[str, str]) -> tuple[int, list[Any]]:
    """The exit status, and the findings as JSON."""
    outcome = jackfield(environment, "doctor", "--json")
    return outcome.status, Outcome(0, outcome.out, outcome.err).json


def reasons(environment: dict[str, str]) -> list[str]:
    """Why it is not fine."""
    status, findings = doctor(environment)
    assert status == 1
    found = [finding["message"] for finding in findings if not finding["ok"]]
    assert found
    return found


def test_all_is_well(data_directory: DataDirectory) -> None:
    status, findings = doctor(data_directory.environment)
    assert status == 0
    assert [(finding["check"], finding["ok"]) for finding in findings] == [
        ("database", True),
        ("keys", True),
        ("egress", True),
        ("clock", True),
    ]
    assert "PostgreSQL 18" in findings[0]["message"]
    assert findings[2]["message"] == "0 vendor(s) placed by you answer; private networks allowed: none"


def test_no_database_yet(empty_directory: DataDirectory) -> None:
    [reason] = reasons(empty_directory.environment)
    assert reason == f"There is none under {empty_directory.path} yet: `jackfield serve` makes it"
    # looking makes nothing
    assert not empty_directory.path.exists()


def test_a_database_that_cannot_be_reached() -> None:
    environment = {
        "JACKFIELD_DATABASE_URL": f"postgresql://user:hunter2@127.0.0.1:{free_port()}/db",
        "JACKFIELD_MASTER_KEYS": generate_master_key(),
    }
    [reason] = reasons(environment)
    assert reason.startswith("Database connection failed")
    assert "hunter2" not in reason


def test_an_external_database_without_master_keys(environment: dict[str, str]) -> None:
    [reason] = reasons({"JACKFIELD_DATABASE_URL": environment["JACKFIELD_DATABASE_URL"]})
    assert "JACKFIELD_MASTER_KEYS is not" in reason
    assert "jackfield vault generate" in reason


def test_a_wrong_key(data_directory: DataDirectory) -> None:
    data_directory.key_file.write_text(generate_master_key())
    [reason] = reasons(data_directory.environment)
    assert "'v1' is not the one that wrapped this database's keys" in reason


def test_a_key_file_that_is_gone(data_directory: DataDirectory) -> None:
    data_directory.key_file.unlink()
    [reason] = reasons(data_directory.environment)
    assert reason.startswith(f"The key file {data_directory.key_file} is gone")
    assert not data_directory.key_file.exists()


def test_a_key_file_that_others_may_read(data_directory: DataDirectory) -> None:
    data_directory.key_file.chmod(0o640)
    outcome = jackfield(data_directory.environment, "doctor")
    assert outcome.status == 1
    # for people: a line for each finding
    reason = f"{data_directory.key_file} can be read by others: chmod 600 it"
    lines = outcome.out.splitlines()
    assert [line[:14].rstrip() for line in lines] == ["ok    database", "FAIL  keys", "ok    egress", "ok    clock"]
    assert lines[1].endswith(reason)


def test_a_vendor_that_was_placed_and_answers(data_directory: DataDirectory, vendors: VendorServer) -> None:
    status, findings = doctor(
        {
            **data_directory.environment,
            "JACKFIELD_PROVIDERS__GITHUB__API_URL": vendors.url,
            "JACKFIELD_PROVIDERS__JIRA__BASE_URL": f"{vendors.url}/jira",
            "JACKFIELD_EGRESS_ALLOW": "10.0.0.0/8",
        }
    )
    assert status == 0
    [egress] = [finding for finding in findings if finding["check"] == "egress"]
    assert egress["message"] == "2 vendor(s) placed by you answer; private networks allowed: 10.0.0.0/8"


def test_a_vendor_that_was_placed_and_does_not_answer(data_directory: DataDirectory, vendors: VendorServer) -> None:
    addresses = {
        "JACKFIELD_PROVIDERS__GITHUB__API_URL": f"http://127.0.0.1:{free_port()}/a-path-of-mine",
        "JACKFIELD_PROVIDERS__SLACK__API_URL": vendors.url,
    }
    [reason] = reasons({**data_directory.environment, **addresses})
    assert reason == "github: 127.0.0.1 cannot be reached"


def test_a_damaged_key_file(data_directory: DataDirectory) -> None:
    damaged = data_directory.key_file.read_text()[:-5]
    data_directory.key_file.write_text(damaged)
    [reason] = reasons(data_directory.environment)
    assert "A master key is written `id:base64`" in reason
    assert damaged not in reason
