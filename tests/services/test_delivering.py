"""Items on their way to a vendor: each change arrives, in order, once; and what happens when it cannot."""

import json
from typing import Any

import pytest

from jackfield.domain.delivery import DeliveryState
from jackfield.domain.item import ItemStatus, ItemType
from support.repository import Asked, Repository
from support.vendor_server import VendorServer
from support.workbench import Workbench


@pytest.fixture
def repository(vendors: VendorServer) -> Repository:
    return vendors.repository()


def github(bench: Workbench, repository: Repository, **columns: Any) -> int:
    """An integration that work items trigger."""
    return bench.integration(
        "github", "token", {"repository": repository.name}, **{"item_type": "work_item", "state": "live", **columns}
    )


def states(bench: Workbench, integration: int) -> list[DeliveryState]:
    return [one.state for one in bench.deliveries(integration)]


def test_an_item_becomes_an_issue_and_its_changes_change_it(bench: Workbench, repository: Repository) -> None:
    integration = github(bench, repository)
    bench.put(title="Leaking valve", body="It *drips*.", labels=("plant",))
    job = bench.deliver(integration)
    assert json.loads(job["output"]) == {"delivered": "1", "failed": "0"}
    issue = repository.one()
    assert issue["title"] == "Leaking valve"
    assert "It *drips*." in issue["body"]
    assert issue["labels"] == [{"name": "plant"}]
    bench.put(title="Leaking valve", body="It drips no more.", status=ItemStatus.CLOSED)
    bench.deliver(integration)
    issue = repository.one()
    assert "It drips no more." in issue["body"]
    assert issue["state"] == "closed"
    [link] = bench.item().links
    assert (link.vendor_id, link.vendor_url) == ("1", issue["html_url"])
    assert (link.delivered_version, link.status) == (2, ItemStatus.CLOSED)
    assert states(bench, integration) == [DeliveryState.DELIVERED, DeliveryState.DELIVERED]
