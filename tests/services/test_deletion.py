"""Deletion at the vendor: whatever it says, the integration ends deleted, its secrets erased, and the job tells."""

import json
import uuid
from typing import Any

import pytest

from jackfield.domain.job import JobKind
from support.vendor_server import Behaviour, VendorServer, broken, limited, say
from support.workbench import Workbench

revoked = say(200, {"ok": True, "revoked": True})


@pytest.fixture
def token() -> str:
    return f"xoxb-{uuid.uuid4()}"


def slack(bench: Workbench, token: str | None, **columns: Any) -> int:
    return bench.integration("slack", token, **columns)


def deleted(bench: Workbench, integration: int) -> str:
    """Deletes it, and returns what the job tells of the revocation."""
    bench.change(integration, state="deleting")
    job = bench.run_to_its_end(bench.queue(integration, JobKind.DELETE))
    row = bench.row(integration)
    assert (row["state"], row["sealed_secrets"]) == ("deleted", None)
    assert row["deleted_at"] is not None
    assert job["completed_at"] is not None
    # one transaction wrote both
    assert row["written_by"] == job["written_by"]
    told: str = json.loads(job["output"])["revocation"]
    return told


def test_the_vendor_ends_the_credential(bench: Workbench, vendors: VendorServer, token: str) -> None:
    account = vendors.answer(token, revoked)
    assert deleted(bench, slack(bench, token)) == "done"
    assert len(account.asked) == 1


def test_a_credential_that_has_ended_already_is_fine(bench: Workbench, vendors: VendorServer, token: str) -> None:
    vendors.answer(token, say(200, {"ok": False, "error": "token_revoked"}))
    assert deleted(bench, slack(bench, token)) == "done"


def test_a_vendor_that_refuses_is_told_of(bench: Workbench, vendors: VendorServer, token: str) -> None:
    account = vendors.answer(token, say(200, {"ok": False, "error": "not_allowed_token_type"}))
    told = deleted(bench, slack(bench, token))
    assert told.startswith("refused: Slack does not take this type of token here")
    assert len(account.asked) == 1


@pytest.mark.parametrize("answer", [broken, limited(2)], ids=["broken", "limited"])
def test_a_vendor_that_does_not_answer_is_given_up_in_the_end(
    bench: Workbench, vendors: VendorServer, token: str, answer: Behaviour
) -> None:
    account = vendors.answer(token, answer)
    told = deleted(bench, slack(bench, token))
    assert told.startswith("failed: Slack ")
    assert len(account.asked) == 4


def test_a_vendor_that_wants_to_be_left_alone_for_long_is_not_waited_for(
    bench: Workbench, vendors: VendorServer, token: str
) -> None:
    account = vendors.answer(token, limited(600))
    assert deleted(bench, slack(bench, token)).startswith("failed: Slack limits our calls")
    assert len(account.asked) == 1


def test_until_then_the_credential_is_kept(bench: Workbench, vendors: VendorServer, token: str) -> None:
    vendors.answer(token, broken, revoked)
    integration = slack(bench, token, state="deleting")
    job_id = bench.queue(integration, JobKind.DELETE)
    assert bench.run(job_id) is not None
    row = bench.row(integration)
    assert row["state"] == "deleting"
    assert row["sealed_secrets"] is not None
    assert bench.run(job_id) is None
    assert json.loads(bench.job(job_id)["output"]) == {"revocation": "done"}


def test_a_vendor_that_offers_no_revocation(bench: Workbench, vendors: VendorServer, token: str) -> None:
    assert deleted(bench, bench.integration("github", token)) == "not offered by the vendor"
    assert token not in vendors.tokens


def test_a_vendor_whose_package_is_gone(bench: Workbench, token: str) -> None:
    assert deleted(bench, bench.integration("gone", token)) == "not offered by the vendor"


def test_nothing_to_revoke(bench: Workbench) -> None:
    assert deleted(bench, slack(bench, None)) == "not needed: there was no credential"


def test_a_credential_that_another_integration_uses_is_kept_until_the_last(
    bench: Workbench, vendors: VendorServer, token: str
) -> None:
    account = vendors.answer(token, revoked)
    first, second = slack(bench, token), slack(bench, token, state="live")
    told = deleted(bench, first)
    assert told == "not done: 1 other integration(s) of this organisation use the same credential"
    assert account.asked == []
    assert deleted(bench, second) == "done"
    assert len(account.asked) == 1


def test_another_credential_with_the_vendor_keeps_nothing(bench: Workbench, vendors: VendorServer, token: str) -> None:
    vendors.answer(token, revoked)
    other = slack(bench, f"{token}-another")
    # what only describes a credential is no credential
    told = {"scope": "chat:write", "token_type": "Bearer"}
    bench.change(other, sealed_secrets=bench.sealed(other, {"access_token": f"{token}-another", **told}))
    mine = slack(bench, token)
    bench.change(mine, sealed_secrets=bench.sealed(mine, {"access_token": token, **told}))
    assert deleted(bench, mine) == "done"


def test_another_organisations_integration_keeps_nothing(bench: Workbench, vendors: VendorServer, token: str) -> None:
    vendors.answer(token, revoked)
    slack(Workbench(bench.operator), token, state="live")
    assert deleted(bench, slack(bench, token)) == "done"


def test_a_credential_that_does_not_open_stops_no_deletion(bench: Workbench, vendors: VendorServer, token: str) -> None:
    integration, other = slack(bench, token), slack(bench, f"{token}-another")
    bench.change(integration, sealed_secrets=bench.row(other)["sealed_secrets"])
    assert deleted(bench, integration).startswith("failed: The credential of integration ")
    assert token not in vendors.tokens
