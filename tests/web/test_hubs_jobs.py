"""Hubs: verification and deletion as jobs, whatever the vendor does meanwhile."""

import re
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from jackfield.domain.principal import Capability
from support import vendor_server as vendor
from support.checked_tenant import ENDS, CheckedTenant
from support.operator import Operator
from support.service import Service
from support.vendor_server import Account, Behaviour, Gate, VendorServer
from support.waiting import until

NO_TIME = "0001-01-01T00:00:00Z"

Made = tuple[str, str, Account]


@pytest.fixture
def make(tenant: CheckedTenant, vendors: VendorServer) -> Callable[..., Made]:
    """Makes an integration with a token that the vendor answers so: its id, the token, and what the vendor saw."""

    def make(*answers: Behaviour) -> Made:
        token = f"token-{uuid.uuid4()}"
        account = vendors.answer(token, *answers)
        return tenant.hub_integration(token=token)["id"], token, account

    return make


def state(tenant: CheckedTenant, integration_id: str) -> str:
    current: str = tenant.hub_read(integration_id)["state"]["current"]
    return current


def code(answer: requests.Response) -> str:
    told: str = answer.json()["error"]["code"]
    return told


def delete(tenant: CheckedTenant, integration_id: str) -> str:
    answer = tenant.hubs("DELETE", f"/{integration_id}")
    assert answer.status_code == 202, answer.text
    job_id: str = answer.json()["data"]["job"]["id"]
    return job_id


# --- the way to live ---


def test_the_descriptor_tells_of_the_job_that_was_queued(tenant: CheckedTenant, make: Callable[..., Made]) -> None:
    made, _, _ = make(vendor.taken)
    answer = tenant.hubs("POST", f"/{made}/tasks", json={"action": "verify"})
    assert answer.status_code == 202
    described = answer.json()["data"]
    assert described["action"] == "verify"
    job = described["job"]
    assert (job["accepted"], job["queue"], job["schedule"]) == (True, "verify", NO_TIME)
    assert job["parallel"] == {"sub_queue": None, "tasks": False}
    [task] = job["tasks"]
    assert (task["caption"], task["header"]) == ("Verify GitHub", "hub.integration.task.verify")
    assert [step["caption"] for step in task["steps"]] == ["Read", "Ask", "Record"]
    assert task["input"] == {"integration_id": made}
    assert tenant.job(job["id"])["id"] == job["id"]


def test_what_the_vendor_takes_becomes_live(tenant: CheckedTenant, make: Callable[..., Made]) -> None:
    made, _, account = make(vendor.taken)
    job = tenant.finished(tenant.verification(made))
    assert job["state"]["current"] == "completed"
    assert job["state"]["error"] is None
    [task] = job["tasks"]
    assert (task["state"]["current"], task["error"]) == ("completed", None)
    assert task["output"] == {
        "account_id": "583231",
        "account_name": "octocat",
        "account_url": "https://github.com/octocat",
        "scopes": "repo,user",
    }
    for step in task["steps"]:
        assert NO_TIME < step["started"] <= step["completed"]
    assert NO_TIME < job["events"]["queued"] <= job["events"]["started"] <= job["events"]["completed"]
    shown = tenant.hub_read(made)["state"]
    assert shown == {"current": "live", "changed": shown["changed"]}
    assert len(account.asked) == 1


def test_while_the_vendor_thinks_it_is_verifying(tenant: CheckedTenant, make: Callable[..., Made]) -> None:
    gate = Gate(vendor.taken)
    made, _, _ = make(gate)
    job_id = tenant.verification(made)
    assert state(tenant, made) == "verifying"
    gate.wait()
    job = tenant.job(job_id)
    assert job["state"]["current"] == "running"
    [read, ask, record] = job["tasks"][0]["steps"]
    assert read["completed"] > NO_TIME
    assert (ask["started"] > NO_TIME, ask["completed"], record["started"]) == (True, NO_TIME, NO_TIME)
    gate.open()
    assert tenant.finished(job_id)["state"]["current"] == "completed"
    assert state(tenant, made) == "live"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(vendor.refused, "GitHub refuses the credential"), (vendor.forbidden, "lacks the right")],
    ids=["401", "403"],
)
def test_what_the_vendor_refuses_returns_to_new_with_the_reason(
    tenant: CheckedTenant, make: Callable[..., Made], answer: Behaviour, reason: str
) -> None:
    made, token, account = make(answer)
    job = tenant.finished(tenant.verification(made))
    assert job["state"]["current"] == "error"
    assert reason in job["state"]["error"]["message"]
    [task] = job["tasks"]
    assert (task["state"]["current"], task["output"]) == ("error", None)
    assert task["error"] == {"message": job["state"]["error"]["message"]}
    shown = tenant.hub_read(made)["state"]
    assert (shown["current"], shown["error"]["message"]) == ("new", task["error"]["message"])
    assert token not in str(job)
    [other] = tenant.listed().values()
    assert (other["status"], other["active"]) == ("error", True)
    # a person has to do something first, so it is not tried again
    assert len(account.asked) == 1


def test_what_was_refused_and_mended_is_live_and_active(
    tenant: CheckedTenant, make: Callable[..., Made], vendors: VendorServer
) -> None:
    made, token, _ = make(vendor.refused)
    assert tenant.verified(made)["state"]["current"] == "new"
    vendors.answer(token, vendor.taken)
    shown = tenant.verified(made)["state"]
    assert (shown["current"], "error" in shown) == ("live", False)
    assert [one["status"] for one in tenant.listed().values()] == ["active"]


@pytest.mark.parametrize("answer", [vendor.taken, vendor.refused], ids=["taken", "refused"])
def test_a_clients_inactive_stands(tenant: CheckedTenant, vendors: VendorServer, answer: Behaviour) -> None:
    token = f"token-{uuid.uuid4()}"
    vendors.answer(token, answer)
    saved = tenant.saved(integration_type="github", status="inactive", auth_data={"access_token": token})
    [shown] = tenant.hubs("GET", "").json()["data"]
    tenant.verified(shown["id"])
    assert tenant.read(saved["integration_id"])["status"] == "inactive"


@pytest.mark.parametrize("answer", [vendor.taken, vendor.refused], ids=["taken", "refused"])
def test_a_clients_inactive_stands_that_comes_meanwhile(
    tenant: CheckedTenant, vendors: VendorServer, answer: Behaviour
) -> None:
    token, gate = f"token-{uuid.uuid4()}", Gate(answer)
    vendors.answer(token, gate)
    fields = {"integration_type": "github", "unique_identifier": "mine", "auth_data": {"access_token": token}}
    saved = tenant.saved(**fields, status="pending")
    [shown] = tenant.hubs("GET", "").json()["data"]
    job_id = tenant.verification(shown["id"])
    gate.wait()
    tenant.saved(**fields, status="inactive")
    gate.open()
    tenant.finished(job_id)
    assert tenant.read(saved["integration_id"])["status"] == "inactive"


def test_the_log_has_nothing_of_the_credential(tenant: CheckedTenant, make: Callable[..., Made]) -> None:
    for answer in (vendor.taken, vendor.refused):
        made, token, _ = make(answer)
        tenant.verified(made)
        assert token not in tenant.service.read_log()


def test_without_a_credential_it_says_so(tenant: CheckedTenant) -> None:
    tenant.saved(integration_type="github")
    [made] = tenant.hubs("GET", "").json()["data"]
    job = tenant.finished(tenant.verification(made["id"]))
    assert job["state"]["error"]["message"] == "There is no credential yet: set one, and verify again"


# --- failures that may pass ---


@dataclass
class Course:
    """How the verification of one integration went: each state of its job once, with the reason given in it."""

    integration_id: str
    job_id: str
    account: Account
    passed: dict[str, str] = field(default_factory=dict)
    scheduled_for: set[str] = field(default_factory=set)

    def look(self, tenant: CheckedTenant) -> None:
        job = tenant.job(self.job_id)
        self.passed[job["state"]["current"]] = (job["state"]["error"] or {}).get("message", "")
        if job["state"]["current"] == "scheduled":
            self.scheduled_for.add(job["schedule"])

    @property
    def end(self) -> str | None:
        return next((one for one in self.passed if one in ENDS), None)


FAILURES: dict[str, tuple[Behaviour, ...]] = {
    "hang": (vendor.hangs, vendor.taken),
    # the HTTP client asks once more by itself on a connection that it had kept
    "reset": (vendor.resets, vendor.resets, vendor.taken),
    "error": (vendor.broken, vendor.taken),
    "limited": (vendor.limited(3), vendor.taken),
    "page": (vendor.web_page, vendor.taken),
    "flood": (vendor.floods, vendor.taken),
    "down": (vendor.broken,),
    "down later": (vendor.taken, vendor.broken),
}


@pytest.fixture(scope="module")
def failing(operator: Operator, service: Service) -> CheckedTenant:
    return CheckedTenant.create_checked(operator, service)


@pytest.fixture(scope="module")
def courses(failing: CheckedTenant, vendors: VendorServer) -> dict[str, Course]:
    """All failures side by side, watched to their end: together they take as long as the longest."""
    found = {}
    for name, answers in FAILURES.items():
        token = f"token-{uuid.uuid4()}"
        account = vendors.answer(token, *answers)
        made = failing.hub_integration(token=token, name=name)["id"]
        if name == "down later":
            failing.verified(made)
        found[name] = Course(made, failing.verification(made), account)

    def look() -> list[str]:
        for course in found.values():
            if course.end is None:
                course.look(failing)
        return [name for name, course in found.items() if course.end is None]

    until(look, lambda left: not left, 60.0)
    return found


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("hang", "did not answer within 10 s"),
        ("reset", "broke off the connection"),
        ("error", "GitHub answered with an error of its own (500)"),
        ("limited", "GitHub limits our calls: those of this hour are spent"),
        ("page", "GitHub answered in a way we do not know (200)"),
        ("flood", "sent more than 2 MiB"),
    ],
)
def test_a_failure_that_passes_is_a_reason_to_try_again(
    failing: CheckedTenant, courses: dict[str, Course], name: str, reason: str
) -> None:
    course = courses[name]
    assert reason in course.passed["scheduled"]
    assert course.passed["scheduled"].endswith("; trying again")
    assert NO_TIME not in course.scheduled_for
    assert course.end == "completed"
    assert course.passed["completed"] == ""
    assert failing.hub_read(course.integration_id)["state"]["current"] == "live"
    assert len(course.account.asked) == len(FAILURES[name])


def test_it_is_not_asked_again_before_the_time_that_the_vendor_said(courses: dict[str, Course]) -> None:
    first, second = courses["limited"].account.asked
    assert second - first >= 3.0


def test_a_failure_that_does_not_pass_ends_in_error_with_the_reason(
    failing: CheckedTenant, courses: dict[str, Course]
) -> None:
    course = courses["down"]
    assert course.end == "error"
    assert course.passed["error"] == "GitHub answered with an error of its own (500)"
    assert len(course.account.asked) == 4
    shown = failing.hub_read(course.integration_id)["state"]
    assert (shown["current"], shown["error"]["message"]) == ("new", course.passed["error"])
    # nobody refused it
    [status] = [one["status"] for one in failing.listed().values() if one["name"] == "down"]
    assert status == "pending"


def test_what_was_live_before_stays_live_with_the_reason(failing: CheckedTenant, courses: dict[str, Course]) -> None:
    course = courses["down later"]
    assert course.end == "error"
    assert len(course.account.asked) == 5
    shown = failing.hub_read(course.integration_id)["state"]
    assert (shown["current"], shown["error"]["message"]) == ("live", course.passed["error"])
    [status] = [one["status"] for one in failing.listed().values() if one["name"] == "down later"]
    assert status == "active"


# --- at once ---


def test_verifying_twice_at_once_is_one_job_and_one_call(tenant: CheckedTenant, make: Callable[..., Made]) -> None:
    gate = Gate(vendor.taken)
    made, _, account = make(gate)
    with ThreadPoolExecutor(8) as pool:
        jobs = set(pool.map(lambda one: one.verification(made), [tenant.another_key() for _ in range(8)]))
    [job_id] = jobs
    gate.wait()
    assert tenant.verification(made) == job_id
    gate.open()
    tenant.finished(job_id)
    assert (len(account.asked), account.most_at_once) == (1, 1)
    assert tenant.verification(made) != job_id


def test_a_credential_that_changes_meanwhile_decides(
    tenant: CheckedTenant, make: Callable[..., Made], vendors: VendorServer
) -> None:
    gate, newer = Gate(vendor.taken), f"token-{uuid.uuid4()}"
    made, _, older = make(gate)
    account = vendors.answer(newer, vendor.refused)
    job_id = tenant.verification(made)
    gate.wait()
    assert tenant.hubs("PATCH", f"/{made}", json={"auth": {"api_key": newer}}).status_code == 200
    gate.open()
    job = tenant.finished(job_id)
    assert job["state"]["current"] == "error"
    assert state(tenant, made) == "new"
    assert (len(older.asked), len(account.asked)) == (1, 1)


def test_what_is_deleted_meanwhile_stays_deleted(tenant: CheckedTenant, make: Callable[..., Made]) -> None:
    gate = Gate(vendor.taken)
    made, _, _ = make(gate)
    verification = tenant.verification(made)
    gate.wait()
    deletion = tenant.finished(delete(tenant, made))
    assert deletion["state"]["current"] == "completed"
    gate.open()
    tenant.finished(verification)
    assert state(tenant, made) == "deleted"


# --- deletion ---


def test_deletion_hides_at_once_and_leaves_a_tombstone_without_secrets(
    tenant: CheckedTenant, make: Callable[..., Made]
) -> None:
    made, _, _ = make(vendor.taken)
    answer = tenant.hubs("DELETE", f"/{made}")
    assert answer.json()["data"]["action"] == "delete"
    assert tenant.hubs("GET", "").json() == {"data": []}
    job = tenant.finished(answer.json()["data"]["job"]["id"])
    assert job["state"]["current"] == "completed"
    assert job["tasks"][0]["output"]["revocation"]
    shown = tenant.hub_read(made)
    assert shown["state"]["current"] == "deleted"
    assert shown["auth"]["api_key"] is None
    assert shown["events"]["deleted"] > NO_TIME
    found = tenant.operator.fetch(
        "select sealed_secrets from integration where organisation_id = $1", tenant.organisation.id
    )
    assert [record[0] for record in found] == [None]


@pytest.mark.parametrize("wanted", ["deleting", "deleted"])
def test_what_is_going_cannot_be_changed(tenant: CheckedTenant, make: Callable[..., Made], wanted: str) -> None:
    made, _, _ = make(vendor.taken)
    if wanted == "deleted":
        tenant.finished(delete(tenant, made))
    else:
        change = "update integration set state = 'deleting' where organisation_id = $1"
        tenant.operator.fetch(change, tenant.organisation.id)
    before = tenant.hub_read(made)
    assert before["state"]["current"] == wanted
    for answer in (
        tenant.hubs("PATCH", f"/{made}", json={"name": "New"}),
        tenant.hubs("DELETE", f"/{made}"),
        tenant.hubs("POST", f"/{made}/tasks", json={"action": "verify"}),
        tenant.hubs("POST", f"/{made}/tasks", json={"action": "sync"}),
    ):
        assert (answer.status_code, code(answer)) == (403, "403.invalid-state")
    assert tenant.hub_read(made) == before


def test_of_many_deletions_at_once_one_succeeds(tenant: CheckedTenant, make: Callable[..., Made]) -> None:
    made, _, _ = make(vendor.taken)
    answers = tenant.at_once([lambda one: one.hubs("DELETE", f"/{made}")] * 6)
    assert sorted(answer.status_code for answer in answers) == [202] + [403] * 5


# --- what cannot be asked for ---


def test_a_vendor_without_verification_is_not_verified(tenant: CheckedTenant) -> None:
    url = "https://prod-01.westeurope.logic.azure.com:443/workflows/abc/triggers"
    made = tenant.hub_integration("teams", auth={"secret": url})["id"]
    answer = tenant.hubs("POST", f"/{made}/tasks", json={"action": "verify"})
    assert (answer.status_code, code(answer)) == (422, "422.invalid-argument")
    assert state(tenant, made) == "live"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, "422.missing-argument"),
        ({"action": "nonsense"}, "422.invalid-argument"),
        ({"action": None}, "422.invalid-argument"),
        ({"action": "refresh"}, "422.invalid-argument"),
    ],
    ids=str,
)
def test_an_action_that_there_is_not_is_refused(tenant: CheckedTenant, body: dict[str, Any], expected: str) -> None:
    made = tenant.hub_integration()["id"]
    answer = tenant.hubs("POST", f"/{made}/tasks", json=body)
    assert (code(answer), answer.json()["error"]["source"]) == (expected, "/action")


def test_a_task_needs_the_capability_to_manage(tenant: CheckedTenant) -> None:
    made = tenant.hub_integration()["id"]
    answer = tenant.view_only().hubs("POST", f"/{made}/tasks", json={"action": "verify"})
    assert code(answer) == "403.permissions"


# --- looking at jobs ---


@pytest.fixture(scope="module")
def observed(operator: Operator, service: Service) -> CheckedTenant:
    """One completed verification and one refused, and one deletion, in this order; nobody adds to them."""
    return CheckedTenant.create_checked(operator, service)


@pytest.fixture(scope="module")
def ids(observed: CheckedTenant, vendors: VendorServer) -> list[str]:
    found = []
    for name, answer in (("Alpha", vendor.taken), ("Beta", vendor.refused)):
        token = f"token-{uuid.uuid4()}"
        vendors.answer(token, answer)
        made = observed.hub_integration(token=token, name=name)["id"]
        found.append(observed.verification(made))
        observed.finished(found[-1])
    found.append(delete(observed, made))
    observed.finished(found[-1])
    return found


def listed(tenant: CheckedTenant, query: str = "") -> list[str]:
    answer = tenant.call("GET", f"/v1/jobs?{query}")
    assert answer.status_code == 200, answer.text
    return [job["id"] for job in answer.json()["data"]]


def test_a_job_is_found_by_its_id_in_hex_and_in_decimal(observed: CheckedTenant, ids: list[str]) -> None:
    assert observed.job(str(int(ids[0][8:], 16))) == observed.job(ids[0])


def test_jobs_come_newest_first(observed: CheckedTenant, ids: list[str]) -> None:
    assert listed(observed) == ids[::-1]
    assert listed(observed, "page[size]=1&page[number]=2") == [ids[1]]
    assert observed.call("GET", "/v1/jobs").json()["data"][2] == observed.job(ids[0])


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("filter[state]=completed", [2, 0]),
        ("filter[state]=error,expired", [1]),
        ("filter[state]=queued", []),
        ("filter[search]=BETA", [2, 1]),
        ("filter[search]=github", [2, 1, 0]),
        ("filter[search]=delete", [2]),
        ("filter[search]=nothing", []),
        ("filter[search]=beta&filter[state]=error", [1]),
        ("filter[range-start]=2020-01-01T00:00:00Z", [2, 1, 0]),
        ("filter[range-end]=2020-01-01T00:00:00Z", []),
        ("filter[range-start]=2999-01-01T00:00:00%2B01:00", []),
        ("sort=id", [0, 1, 2]),
        ("sort=caption,id", [0, 1, 2]),
        ("sort=-caption,-id", [2, 1, 0]),
        ("sort=queue,id", [2, 0, 1]),
        ("sort=state,id", [0, 2, 1]),
        ("sort=-queued", [2, 1, 0]),
        ("sort=started", [0, 1, 2]),
        ("sort=completed", [0, 1, 2]),
    ],
)
def test_jobs_are_filtered_and_sorted_as_asked_for(
    observed: CheckedTenant, ids: list[str], query: str, places: list[int]
) -> None:
    assert listed(observed, query) == [ids[place] for place in places]


def test_a_range_takes_in_both_its_ends(observed: CheckedTenant, ids: list[str]) -> None:
    queued = observed.job(ids[1])["events"]["queued"]
    assert listed(observed, f"filter[range-start]={queued}&filter[range-end]={queued}") == [ids[1]]


@pytest.mark.parametrize(
    "query",
    [
        "page[size]=101",
        "filter[state]=nonsense",
        "filter[range-start]=x",
        "sort=hash",
        "include=x",
        "filter[search]=%00",
    ],
)
def test_what_jobs_cannot_be_asked_for_is_refused_and_named(tenant: CheckedTenant, query: str) -> None:
    answer = tenant.call("GET", f"/v1/jobs?{query}")
    assert (answer.status_code, answer.json()["error"]["source"]) == (422, query.partition("=")[0])


@pytest.mark.parametrize("path", ["", "/latest", "/{}"])
def test_the_creators_come_when_asked_for(observed: CheckedTenant, ids: list[str], path: str) -> None:
    answer = observed.call("GET", "/v1/jobs" + path.format(ids[0]))
    assert list(answer.json()) == ["data"]
    answer = observed.call("GET", "/v1/jobs" + path.format(ids[0]) + "?include=creators")
    creator = observed.job(ids[0])["creator"]
    assert creator["type"] == "api-key"
    shown = {creator["id"]: {"id": creator["id"], "name": "alice"}}
    assert answer.json()["includes"] == {"creators": {"api_keys": shown, "accounts": {}}}


def test_the_service_is_an_account_among_the_creators(tenant: CheckedTenant, make: Callable[..., Made]) -> None:
    made, _, _ = make(vendor.taken)
    job = tenant.finished(tenant.verification(made))
    change = "update job set creator_key_id = null, creator_user = 'jackfield' where organisation_id = $1"
    tenant.operator.fetch(change, tenant.organisation.id)
    answer = tenant.call("GET", f"/v1/jobs/{job['id']}?include=creators").json()
    creator = answer["data"]["creator"]
    assert creator["type"] == "account"
    shown = {creator["id"]: {"id": creator["id"], "name": "jackfield"}}
    assert answer["includes"] == {"creators": {"api_keys": {}, "accounts": shown}}


def test_the_error_of_a_job_is_always_said(observed: CheckedTenant, ids: list[str]) -> None:
    errors = [observed.job(job_id)["state"]["error"] for job_id in ids]
    assert [error is None for error in errors] == [True, False, True]
    assert set(errors[1]) == {"message", "time"}
    assert all("error" in job["state"] for job in observed.call("GET", "/v1/jobs").json()["data"])


def test_a_task_has_an_id_of_its_own(observed: CheckedTenant, ids: list[str]) -> None:
    tasks = [observed.job(job_id)["tasks"][0]["id"] for job_id in ids]
    assert len({*tasks, *ids}) == 6
    assert tasks == [observed.job(job_id)["tasks"][0]["id"] for job_id in ids]
    assert all(re.fullmatch("[a-f0-9]{24}", task) for task in tasks)
    assert observed.call("GET", f"/v1/jobs/{tasks[0]}").status_code == 404


@pytest.mark.parametrize("job", [0, 1, 2])
@pytest.mark.parametrize("spelling", ["{}", "{:.12}", "{:.8}"])
def test_jobs_are_found_by_their_integration_and_by_themselves(
    observed: CheckedTenant, ids: list[str], job: int, spelling: str
) -> None:
    integration = observed.job(ids[job])["tasks"][0]["input"]["integration_id"]
    of_integration = [one for one in ids if observed.job(one)["tasks"][0]["input"]["integration_id"] == integration]
    found = listed(observed, f"filter[search]={spelling.format(integration)}")
    assert set(of_integration) <= set(found)
    if spelling == "{}":
        assert found == of_integration[::-1]
        assert listed(observed, f"filter[search]={integration.upper()}") == found
        assert listed(observed, f"filter[search]={int(integration[8:], 16)}") == found
        assert listed(observed, f"filter[search]={ids[job]}") == [ids[job]]
        assert listed(observed, f"filter[search]={int(ids[job][8:], 16)}") == [ids[job]]
        assert listed(observed, f"filter[search]={integration}&filter[state]=expired") == []


def test_jobs_are_found_by_what_was_asked_for(tenant: CheckedTenant, make: Callable[..., Made]) -> None:
    made, _, _ = make(vendor.taken)
    job = tenant.verification(made)
    change = "update job set input = $2 where organisation_id = $1"
    tenant.operator.fetch(change, tenant.organisation.id, '{"reason": "Because of Monday"}')
    assert listed(tenant, "filter[search]=monday") == [job]
    assert listed(tenant, "filter[search]=reason") == []


@pytest.mark.parametrize(
    "query", ["filter[foo]=1", "filter[state][]=error", "filter[state=error", "filter[identifier]"]
)
@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/jobs/latest"])
def test_an_unknown_filter_of_jobs_is_refused(observed: CheckedTenant, ids: list[str], path: str, query: str) -> None:
    answer = observed.call("GET", f"{path}?{query}")
    assert (answer.status_code, answer.json()["error"]["source"]) == (422, query.partition("=")[0])


def test_the_latest_are_the_newest_of_each_queue(observed: CheckedTenant, ids: list[str]) -> None:
    answer = observed.call("GET", "/v1/jobs/latest")
    assert [job["id"] for job in answer.json()["data"]] == [ids[2], ids[1]]


def test_a_job_has_a_hash_of_what_it_does_to_what(observed: CheckedTenant, ids: list[str]) -> None:
    hashes = [observed.job(job_id)["hash"] for job_id in ids]
    assert len(set(hashes)) == 3
    assert observed.job(ids[0])["limit_duplicates"] is True
    assert observed.job(ids[0])["expires"] > observed.job(ids[0])["events"]["queued"]


@pytest.mark.parametrize(
    "reference", ["{foreign}", "0", "nonsense", "0" * 24, "+1", "%00", "9" * 30, "{upper}", "0{decimal}"]
)
def test_what_is_no_job_of_the_own_hub_is_not_found(
    tenant: CheckedTenant, observed: CheckedTenant, ids: list[str], reference: str
) -> None:
    whose = observed if reference in {"{upper}", "0{decimal}"} else tenant
    path = reference.format(foreign=ids[0], upper=ids[0][:-1] + "A", decimal=int(ids[0][8:], 16))
    answer = whose.call("GET", f"/v1/jobs/{path}")
    assert (answer.status_code, code(answer)) == (404, "404.job")
    assert listed(tenant) == []


def test_looking_at_jobs_needs_the_capability_to_view(observed: CheckedTenant, ids: list[str]) -> None:
    blind = observed.another_key(Capability.MANAGE)
    for path in ("", "/latest", f"/{ids[0]}"):
        assert code(blind.call("GET", f"/v1/jobs{path}")) == "403.permissions"
