"""What a verification's outcome makes of an integration: its state, its status, its reason."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from jackfield.domain.job import JobKind
from support.vendor_server import Behaviour, Gate, VendorServer, broken, forbidden, refused, taken
from support.workbench import Workbench

LONG_AGO = datetime.now(UTC) - timedelta(days=3)


@pytest.fixture
def token() -> str:
    return f"token-{uuid.uuid4()}"


@pytest.mark.parametrize(
    ("before", "after"),
    [("pending", "active"), ("error", "active"), ("active", "active"), ("inactive", "inactive")],
)
def test_a_proven_credential_makes_it_active_unless_the_client_said_inactive(
    bench: Workbench, vendors: VendorServer, token: str, before: str, after: str
) -> None:
    vendors.answer(token, taken)
    integration = bench.integration("github", token, status=before, error="As it was", error_at=LONG_AGO)
    assert bench.run(bench.queue(integration)) is None
    row = bench.row(integration)
    assert (row["state"], row["status"], row["error"], row["error_at"]) == ("live", after, None, None)
    assert row["verified_at"] > LONG_AGO
    hours = (row["verification_due_at"] - row["verified_at"]).total_seconds() / 3600
    assert 21 < hours < 27


@pytest.mark.parametrize(
    ("before", "after"), [("pending", "error"), ("active", "error"), ("error", "error"), ("inactive", "inactive")]
)
@pytest.mark.parametrize("answer", [refused, forbidden], ids=["credential", "right"])
def test_a_refused_credential_is_an_error_unless_the_client_said_inactive(
    bench: Workbench, vendors: VendorServer, token: str, before: str, after: str, answer: Behaviour
) -> None:
    vendors.answer(token, answer)
    integration = bench.integration(
        "github", token, state="live", status=before, verified_at=LONG_AGO, verification_due_at=LONG_AGO
    )
    job_id = bench.queue(integration)
    assert bench.run(job_id) is None
    row, job = bench.row(integration), bench.job(job_id)
    assert (row["state"], row["status"], row["verified_at"], row["verification_due_at"]) == ("new", after, None, None)
    assert row["error"] == job["error"]
    assert row["error"].startswith("GitHub ")
    assert job["state"] == "error"


@pytest.mark.parametrize("status", ["active", "pending", "inactive", "error"])
def test_without_an_answer_what_was_proven_stays_live_and_no_status_changes(
    bench: Workbench, vendors: VendorServer, token: str, status: str
) -> None:
    vendors.answer(token, broken)
    integration = bench.integration("github", token, state="live", status=status, verified_at=LONG_AGO)
    job = bench.run_to_its_end(bench.queue(integration))
    row = bench.row(integration)
    assert (row["state"], row["status"], row["verified_at"]) == ("live", status, LONG_AGO)
    assert (row["error"], job["state"], job["failures"]) == (job["error"], "error", 3)
    # asked again within the hour or so, not only tomorrow
    assert row["verification_due_at"] < datetime.now(UTC) + timedelta(minutes=70)


def test_without_an_answer_what_was_never_proven_is_new_with_the_reason(
    bench: Workbench, vendors: VendorServer, token: str
) -> None:
    vendors.answer(token, broken)
    integration = bench.integration("github", token, status="pending")
    job = bench.run_to_its_end(bench.queue(integration))
    row = bench.row(integration)
    assert (row["state"], row["status"], row["verification_due_at"]) == ("new", "pending", None)
    assert row["error"] == job["error"] == "GitHub answered with an error of its own (500)"


@pytest.mark.parametrize("first", [taken, refused], ids=["taken", "refused"])
def test_an_answer_about_an_older_credential_is_not_taken_for_the_new_ones(
    bench: Workbench, vendors: VendorServer, token: str, first: Behaviour
) -> None:
    vendors.answer(token, gate := Gate(first))
    newer = f"token-{uuid.uuid4()}"
    vendors.answer(newer, taken)
    integration = bench.integration("github", token)
    job_id = bench.queue(integration)
    running = bench.operator.start(bench.run_once(job_id))
    gate.wait()
    sealed = bench.sealed(integration, {"access_token": newer})
    bench.change(integration, sealed_secrets=sealed, state="new", credential_version=2)
    gate.open()
    assert running.result(30) == 0
    row, job = bench.row(integration), bench.job(job_id)
    assert (row["state"], row["status"], row["verified_at"], row["error"]) == ("new", "active", None, None)
    assert (job["state"], job["failures"]) == ("scheduled", 0)

    # and then it is the new one that is asked about
    assert bench.run(job_id) is None
    assert bench.row(integration)["state"] == "live"
    assert len(vendors.account(newer).asked) == 1


def test_no_credential_is_said_in_words(bench: Workbench) -> None:
    integration = bench.integration("github")
    job_id = bench.queue(integration)
    assert bench.run(job_id) is None
    row, job = bench.row(integration), bench.job(job_id)
    assert job["error"] == row["error"] == "There is no credential yet: set one, and verify again"
    assert (job["state"], row["state"], row["status"]) == ("error", "new", "error")


def test_a_provider_whose_package_is_gone_is_said_in_words(bench: Workbench, token: str) -> None:
    integration = bench.integration("gone", token)
    job_id = bench.queue(integration)
    assert bench.run(job_id) is None
    row, job = bench.row(integration), bench.job(job_id)
    assert "is not installed" in job["error"]
    assert (job["error"], row["state"]) == (row["error"], "new")


@pytest.mark.parametrize("state", ["deleting", "deleted"])
def test_what_was_deleted_meanwhile_is_not_asked_about(
    bench: Workbench, vendors: VendorServer, token: str, state: str
) -> None:
    credential = token if state == "deleting" else None
    job_id = bench.queue(integration := bench.integration("github", credential, state=state))
    assert bench.run(job_id) is None
    assert bench.job(job_id)["error"] == "The integration was deleted before it could be verified"
    assert bench.row(integration)["state"] == state
    assert token not in vendors.tokens


def test_what_is_deleted_during_the_question_stays_deleting(
    bench: Workbench, vendors: VendorServer, token: str
) -> None:
    vendors.answer(token, gate := Gate(taken))
    job_id = bench.queue(integration := bench.integration("github", token))
    running = bench.operator.start(bench.run_once(job_id))
    gate.wait()
    bench.change(integration, state="deleting")
    bench.queue(integration, JobKind.DELETE)
    gate.open()
    assert running.result(30) is None
    assert bench.row(integration)["state"] == "deleting"
    assert bench.job(job_id)["completed_at"] is not None
