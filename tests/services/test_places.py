"""A place stays the same place, whatever it is called: nothing is created again, and nothing of others is touched."""

import json
import uuid
from typing import Any

import msgspec
import pytest

from jackfield.domain.delivery import DeliveryState
from jackfield.domain.integration import JsonObject, NewIntegration, Wanted
from jackfield.domain.job import JobKind
from jackfield.domain.joint_configuration import JointSubmission
from jackfield.domain.submission import Submission
from support.operator import Operator
from support.repository import Asked, Repository, Said
from support.vendor_server import VendorServer, taken
from support.workbench import Workbench


@pytest.fixture
def repository(vendors: VendorServer) -> Repository:
    return vendors.repository()


def connected(bench: Workbench, vendors: VendorServer, repository: Repository, items: int = 3) -> int:
    """An integration of the repository that has brought some items there."""
    token = f"ghp_{uuid.uuid4().hex}"
    vendors.answer(token, taken)
    settings = {"repository": repository.name}
    integration = bench.integration("github", token, settings, item_type="work_item", state="live")
    for key in range(items):
        bench.put(str(key))
    bench.deliver(integration)
    assert len(repository.issues) == items
    return integration


def setting(bench: Workbench, integration: int) -> str:
    name: str = json.loads(bench.row(integration)["configuration"])["repository"]
    return name


def enter(bench: Workbench, integration: int, name: str) -> None:
    """What a person does who changes the setting, by the service's own way."""
    bench.update(integration, Submission(extra={"repository": name}))
    bench.verify(integration)


def new_name() -> str:
    return f"acme/{uuid.uuid4().hex}"


def test_a_renamed_repository_is_the_same_place(
    bench: Workbench, vendors: VendorServer, repository: Repository
) -> None:
    integration = connected(bench, vendors, repository)
    vendors.rename(repository, name := new_name())
    bench.put("0", title="Changed")
    bench.put("new")
    bench.deliver(integration)
    assert sorted(repository.titles()) == ["Changed", "Item 1", "Item 2", "Item new"]
    # the setting followed, and the audit says so
    assert setting(bench, integration) == name
    assert bench.audited(integration)[-1] == ("integration.updated", "service", ["configuration"])
    output = json.loads(bench.sync(integration)["output"])
    assert (output["unchanged"], output["missing"]) == ("4", "0")
    assert len(repository.issues) == 4


def test_who_enters_the_new_name_gets_nothing_again(
    bench: Workbench, vendors: VendorServer, repository: Repository
) -> None:
    integration = connected(bench, vendors, repository)
    vendors.rename(repository, name := new_name())
    enter(bench, integration, name)
    output = json.loads(bench.sync(integration)["output"])
    assert (output["unchanged"], len(repository.issues)) == ("3", 3)


def test_who_entered_the_new_name_before_anybody_had_looked_gets_nothing_again(
    bench: Workbench, vendors: VendorServer, repository: Repository
) -> None:
    """As after an update: an older version kept no ids."""
    integration = connected(bench, vendors, repository)
    bench.operator.fetch("delete from place where integration_id = $1", integration)
    vendors.rename(repository, name := new_name())
    enter(bench, integration, name)
    output = json.loads(bench.sync(integration)["output"])
    assert (output["unchanged"], len(repository.issues)) == ("3", 3)
    assert len(bench.places(integration)) == 1


def test_a_former_place_that_was_another_is_kept_apart(
    bench: Workbench, vendors: VendorServer, repository: Repository
) -> None:
    integration = connected(bench, vendors, repository)
    bench.operator.fetch("delete from place where integration_id = $1", integration)
    other = vendors.repository()
    enter(bench, integration, other.name)
    bench.sync(integration)
    assert (len(repository.issues), len(other.issues)) == (3, 3)
    enter(bench, integration, repository.name)
    output = json.loads(bench.sync(integration)["output"])
    assert (output["unchanged"], len(repository.issues), len(other.issues)) == ("3", 3, 3)


@pytest.mark.parametrize("write", [str.upper, str.title, lambda name: f"  {name} "])
def test_another_way_to_write_the_name_is_the_same_place(
    bench: Workbench, vendors: VendorServer, repository: Repository, write: Any
) -> None:
    integration = connected(bench, vendors, repository)
    written = write(repository.name)
    bench.change(integration, configuration=json.dumps({"repository": written}))
    output = json.loads(bench.sync(integration)["output"])
    assert (output["unchanged"], len(repository.issues)) == ("3", 3)
    # it leads there as it is, so it is left as it was written
    assert setting(bench, integration) == written


def test_one_that_was_created_under_the_old_name_is_never_touched(
    bench: Workbench, vendors: VendorServer, repository: Repository
) -> None:
    integration = connected(bench, vendors, repository)
    old = repository.name
    vendors.rename(repository, name := new_name())
    strangers = vendors.repository(old)
    strangers.answer("POST", f"/repos/{old}/issues", {"title": "Somebody else's", "body": ""})
    bench.put("0", title="Changed")
    bench.deliver(integration)
    assert repository.titles() == ["Changed", "Item 1", "Item 2"]
    assert strangers.titles() == ["Somebody else's"]
    assert setting(bench, integration) == name
    # who wants that one says so, and gets everything there
    enter(bench, integration, old)
    bench.sync(integration)
    assert strangers.titles() == ["Changed", "Item 1", "Item 2", "Somebody else's"]
    assert repository.titles() == ["Changed", "Item 1", "Item 2"]


def test_one_that_was_created_again_after_it_was_deleted_is_another_place(
    bench: Workbench, vendors: VendorServer, repository: Repository
) -> None:
    integration = connected(bench, vendors, repository)
    again = vendors.repository(repository.name)
    again.answer("POST", f"/repos/{again.name}/issues", {"title": "Somebody else's", "body": ""})
    bench.put("0", title="Changed")
    bench.deliver(integration)
    bench.sync(integration)
    assert again.titles() == ["Changed", "Item 1", "Item 2", "Somebody else's"]


def test_what_is_renamed_in_the_middle_of_a_run_gets_the_rest(
    bench: Workbench, vendors: VendorServer, repository: Repository
) -> None:
    integration = connected(bench, vendors, repository)
    name = new_name()

    def rename(asked: Asked) -> Said | None:
        if asked.method == "PATCH" and repository.name != name:
            vendors.rename(repository, name)
        return None

    repository.after = rename
    for key in range(20):
        bench.put(str(key), title=f"Later {key}")
    job = bench.deliver(integration)
    assert (job["state"], bench.row(integration)["status"]) == ("completed", "active")
    assert repository.titles() == sorted(f"Later {key}" for key in range(20))
    assert {one.state for one in bench.deliveries(integration)} == {DeliveryState.DELIVERED}
    assert json.loads(job["output"])["failed"] == "0"


def test_a_new_name_that_cannot_be_followed_is_asked_for(
    bench: Workbench, vendors: VendorServer, repository: Repository
) -> None:
    integration = connected(bench, vendors, repository)
    old = repository.name
    vendors.rename(repository, new_name())
    repository.id = 10**9  # the redirect and the known id lead to nothing that the credential may see
    repository.hidden = True
    repository.fails = lambda _: (404, {"message": "Not Found"})
    bench.put("0", title="Changed")
    bench.deliver(integration)
    row = bench.row(integration)
    assert (row["status"], row["health"]) == ("error", "misconfigured")
    assert "renamed or moved this repository" in row["error"]
    assert setting(bench, integration) == old
    assert len(repository.issues) == 3


def test_a_vendor_that_cannot_be_asked_where_it_is_gets_nothing_that_it_may_have(
    bench: Workbench, vendors: VendorServer, repository: Repository
) -> None:
    integration = connected(bench, vendors, repository)
    repository.hidden = True
    repository.fails = lambda asked: (503, {"message": "Unavailable"}) if asked.method == "GET" else None
    written = len(repository.writes)
    bench.put("0", title="Changed")
    bench.deliver(integration)
    assert len(repository.writes) == written
    repository.hidden = False
    bench.make_due(integration)
    bench.deliver(integration)
    assert repository.titles() == ["Changed", "Item 1", "Item 2"]


def test_two_services_deliver_while_the_repository_is_renamed(
    bench: Workbench, vendors: VendorServer, repository: Repository, second_operator: Operator
) -> None:
    first, other = connected(bench, vendors, repository), vendors.repository()
    second = bench.integration("github", "token", {"repository": other.name}, item_type="work_item", state="live")
    for key in range(12):
        bench.put(f"n{key}")
    vendors.rename(repository, new_name())
    vendors.rename(other, new_name())
    jobs = [bench.delivery_job(first), bench.delivery_job(second)]
    running = [
        operator.start(bench.run_once(job, operator.house.runner))
        for job in jobs
        for operator in (bench.operator, second_operator)
    ]
    for one in running:
        one.result(60)
    for job in jobs:
        bench.run_to_its_end(job)
    assert len(repository.issues) == 15
    assert len(other.issues) == 12
    assert setting(bench, first) == repository.name
    assert setting(bench, second) == other.name


def test_where_it_is_is_asked_once_in_a_run_and_not_for_each_item(
    bench: Workbench, vendors: VendorServer, repository: Repository
) -> None:
    integration = connected(bench, vendors, repository)
    looks = len(repository.looks)
    for key in range(20):
        bench.put(str(key), title=f"Later {key}")
    bench.deliver(integration)
    assert len(repository.issues) == 20
    assert len(repository.looks) == looks + 1


def test_where_it_is_is_not_asked_when_nothing_is_due(
    bench: Workbench, vendors: VendorServer, repository: Repository
) -> None:
    integration = connected(bench, vendors, repository)
    looks, asked = len(repository.looks), len(repository.asked)
    bench.queue(integration, JobKind.DELIVER)
    job = bench.deliver(integration)
    assert (job["state"], job["output"]) == ("completed", '{"delivered": "0"}')
    assert (len(repository.looks), len(repository.asked)) == (looks, asked)


def test_a_synchronisation_that_waits_for_deliveries_does_not_ask_again(
    bench: Workbench, vendors: VendorServer, repository: Repository
) -> None:
    integration = connected(bench, vendors, repository)
    looks = len(repository.looks)
    bench.sync(integration)
    assert len(repository.looks) == looks + 1
    # taken up again after everything was compared
    job_id = bench.queue(integration, JobKind.SYNC)
    last = max(bench.item(str(key)).item.id for key in range(3))
    progress = {"total": 3, "done": 3, "unchanged": 3, "cursor": last}
    bench.change_job(job_id, progress=json.dumps(progress))
    output = json.loads(bench.run_to_its_end(job_id)["output"])
    assert (output["done"], output["unchanged"]) == ("3", "3")
    assert len(repository.looks) == looks + 1


def change_by_organisations(bench: Workbench, integration: int, token: str, name: str) -> None:
    sent = JointSubmission(configuration={"access_token": token, "repository": name})
    services = bench.house.services
    bench.operator.run(services.organisation_integrations.update(bench.caller, Wanted(integration, "test"), sent))


def change_by_save(bench: Workbench, integration: int, _token: str, name: str) -> None:
    """As versions 1 and 2 of the integrations contract replace what is there."""
    wanted = NewIntegration(
        provider="github",
        name="As it was",
        unique_identifier=bench.row(integration)["unique_identifier"],
        secrets=msgspec.UNSET,
        configuration=msgspec.UNSET,
        metadata=JsonObject("{}"),
        created_by="alice",
        settings={"repository": name},
    )
    bench.operator.run(bench.house.services.integrations.save(bench.caller, wanted))


@pytest.mark.parametrize("change", [change_by_organisations, change_by_save])
@pytest.mark.parametrize("is_another", [False, True])
def test_whichever_contract_enters_the_new_name_before_anybody_had_looked(
    bench: Workbench, vendors: VendorServer, repository: Repository, change: Any, is_another: bool
) -> None:
    integration = connected(bench, vendors, repository)
    bench.operator.fetch("delete from place where integration_id = $1", integration)
    other = vendors.repository()
    if not is_another:
        vendors.rename(repository, new_name())
    token = f"ghp_{uuid.uuid4().hex}"
    vendors.answer(token, taken)
    change(bench, integration, token, other.name if is_another else repository.name)
    assert [place["former"] is not None for place in bench.places(integration)] == [True]
    bench.change(integration, state="live", status="active", health="active")
    bench.sync(integration)
    assert (len(repository.issues), len(other.issues)) == (3, 3 if is_another else 0)
    # back again, everything is there
    if is_another:
        enter(bench, integration, repository.name)
        output = json.loads(bench.sync(integration)["output"])
        assert (output["unchanged"], len(repository.issues)) == ("3", 3)
