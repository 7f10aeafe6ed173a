"""What a vendor did only in part is told as that, and done when it can be."""

from jackfield.domain.delivery import DeliveryState
from jackfield.domain.integration import Wanted
from jackfield.domain.item import ItemStatus
from jackfield.domain.job import JobKind
from jackfield.domain.provider import Delivered, Delivery
from support.delivering import Deliverer, runner_of
from support.workbench import Workbench

REASON = "Vendor did not close the issue: its workflow asks for a reason"


class Stubborn(Deliverer):
    """A vendor that closes nothing."""

    def __init__(self) -> None:
        super().__init__(self.half)
        self.closes = False

    def half(self, delivery: Delivery) -> Delivered | None:
        if delivery.item.status is not ItemStatus.CLOSED or self.closes:
            return None
        return Delivered(vendor_id=delivery.item.key, not_done=REASON, status=ItemStatus.OPEN)


def live(bench: Workbench) -> int:
    return bench.integration("github", "token", {"repository": "a/b"}, item_type="work_item", state="live")


def deliver(bench: Workbench, integration: int, vendor: Stubborn) -> None:
    assert bench.run(bench.delivery_job(integration), runner_of(bench, vendor)) is None


def synchronise(bench: Workbench, integration: int, vendor: Stubborn) -> dict[str, object]:
    """The job's row, after it found what is lacking and that was sent."""
    asking = bench.house.services.synchronisation.ask(bench.caller, Wanted(integration, "the test's"))
    job_id = bench.operator.run(asking).id
    running = bench.operator.start(runner_of(bench, vendor).run(bench.organisation.id, job_id))
    while not running.done():
        for job in bench.jobs_of(integration):
            if job["kind"] == JobKind.DELIVER.value and not job["completed_at"]:
                bench.run(job["id"], runner_of(bench, vendor))
    return dict(bench.job(job_id))


def test_what_was_not_done_stands_at_the_delivery_and_at_the_link(bench: Workbench) -> None:
    integration, vendor = live(bench), Stubborn()
    bench.put()
    deliver(bench, integration, vendor)
    bench.put(status=ItemStatus.CLOSED)
    deliver(bench, integration, vendor)
    first, second = bench.deliveries(integration)
    assert (first.state, first.not_done) == (DeliveryState.DELIVERED, None)
    assert (second.state, second.not_done, second.error) == (DeliveryState.DELIVERED, REASON, None)
    linked = bench.item()
    [link] = linked.links
    assert (link.not_done, link.status, link.delivered_version) == (REASON, ItemStatus.OPEN, 2)
    assert not link.is_in_line(linked.item)


def test_it_is_not_tried_again_by_itself(bench: Workbench) -> None:
    integration, vendor = live(bench), Stubborn()
    bench.put(status=ItemStatus.CLOSED)
    deliver(bench, integration, vendor)
    bench.make_due(integration)
    assert [job for job in bench.jobs_of(integration) if not job["completed_at"]] == []
    assert len(vendor.asked) == 1


def test_the_next_change_asks_for_it_again(bench: Workbench) -> None:
    integration, vendor = live(bench), Stubborn()
    bench.put()
    deliver(bench, integration, vendor)
    bench.put(status=ItemStatus.CLOSED)
    deliver(bench, integration, vendor)
    # neither side has changed the status since, and what the product wants is not forgotten for that
    bench.put(status=ItemStatus.CLOSED, title="Renamed")
    deliver(bench, integration, vendor)
    assert [delivery.item.status for delivery in vendor.asked] == [
        ItemStatus.OPEN,
        ItemStatus.CLOSED,
        ItemStatus.CLOSED,
    ]
    vendor.closes = True
    bench.put(status=ItemStatus.CLOSED, title="Renamed again")
    deliver(bench, integration, vendor)
    linked = bench.item()
    [link] = linked.links
    assert (link.not_done, link.status) == (None, ItemStatus.CLOSED)
    assert link.is_in_line(linked.item)


def test_a_synchronisation_asks_for_it_again(bench: Workbench) -> None:
    integration, vendor = live(bench), Stubborn()
    bench.put(status=ItemStatus.CLOSED)
    deliver(bench, integration, vendor)
    job = synchronise(bench, integration, vendor)
    assert '"stale": "1"' in str(job["output"])
    assert bench.item().links[0].not_done == REASON
    vendor.closes = True
    synchronise(bench, integration, vendor)
    assert bench.item().links[0].not_done is None
    job = synchronise(bench, integration, vendor)
    assert '"unchanged": "1"' in str(job["output"])
    assert len(vendor.asked) == 3


def test_what_was_deleted_and_not_closed_there_is_asked_for_by_a_synchronisation(bench: Workbench) -> None:
    integration, vendor = live(bench), Stubborn()
    bench.put()
    deliver(bench, integration, vendor)
    bench.delete()
    deliver(bench, integration, vendor)
    assert bench.deliveries(integration)[-1].not_done == REASON
    vendor.closes = True
    synchronise(bench, integration, vendor)
    assert bench.deliveries(integration)[-1].not_done is None
    synchronise(bench, integration, vendor)
    assert len(vendor.asked) == 3


def test_a_part_that_is_no_status_leaves_the_status_as_it_was_asked_for(bench: Workbench) -> None:
    integration = live(bench)
    vendor = Stubborn()
    vendor.says = lambda one: Delivered(vendor_id=one.item.key, not_done="Vendor does not know the label plant")
    bench.put(status=ItemStatus.CLOSED, labels=("plant",))
    deliver(bench, integration, vendor)
    [link] = bench.item().links
    assert (link.status, link.not_done) == (ItemStatus.CLOSED, "Vendor does not know the label plant")
